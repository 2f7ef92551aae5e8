"""Entries of the registry, and the error for a name that is not in it."""

import dataclasses
import difflib
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any


@dataclasses.dataclass(frozen=True)
class Entry:
    """Something that has a name.

    Attributes:
        name: on the command line and in configurations.
        target: the object itself, or ``"module:attribute"``, or ``"module"``.
        summary: one line.
        fields: values that the name sets.
        group: worlds are listed by group.
        module: module that registered it; None if no import is needed to find it again.
    """

    name: str
    target: Any
    summary: str
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    group: str = ""
    module: str | None = None

    def load(self) -> Any:
        """Return the object, after importing its module."""
        if not isinstance(self.target, str):
            return self.target
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute) if attribute else import_module(module)

    def is_target(self, kind: type) -> bool:
        """Return whether the entry stands for a class. Nothing is imported."""
        if not isinstance(self.target, str):
            return self.target is kind
        module, _, attribute = self.target.partition(":")
        return getattr(sys.modules.get(module), attribute, None) is kind


@dataclasses.dataclass(frozen=True)
class Experiment(Entry):
    """An experiment: its name, such as ``himo-hanoi``, and the module that runs it.

    The module has ``run(scale, seeds) -> Result`` and ``draw(result, path) -> None``, which draws
    the figure from the result alone. It may have ``animate(result, path) -> None``, and
    ``judge(tables)``, which returns the findings that rest on the tables alone.

    Attributes:
        claims: ids of the claims that it judges.
        seeds: number of seeds by default; 0 if the computation is exact.
    """

    claims: tuple[str, ...] = ()
    seeds: int = 0


def unknown(kind: str, name: Any, known: Iterable[str]) -> str:
    """Return the message for a name that is not known: with the nearest one, or with all."""
    names = list(known)
    closest = nearest(name, names)
    if closest is not None:
        return f"unknown {kind} {name!r}; did you mean {closest!r}?"
    return f"unknown {kind} {name!r}; known: {', '.join(names)}"


def nearest(name: Any, known: Iterable[str]) -> str | None:
    """Return the known name that is most like ``name``, or None if none is similar."""
    plain = {candidate.lower().lstrip("-"): candidate for candidate in known}
    found = difflib.get_close_matches(str(name).lower().lstrip("-"), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None
