"""Options of an agent that may have one of several learners.

``--agent.learner NAME`` chooses the learner; without it, the preset or the actions of the world do.
The fields of the chosen one are ``--agent.learner.FIELD``.
"""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from tyro.conf import arg

from hierax.commands.errors import UsageError
from hierax.commands.parsing import normal, values_of
from hierax.commands.train_options import values_without_type

LEARNER = "learner"
"""Name of the field."""
_OPTION = f"--agent.{LEARNER}"
_CHOICE = "learner_name"
"""Name of the option in the dataclass of options."""
_TEXT = "how the modules are updated; further options of the learner are those of this one"


def default(
    kind: Any,
    fields: Mapping[str, Any],
    place: tuple[str | None, Mapping[str, Any]],
    words: Sequence[str],
) -> dict[str, Any]:
    """Return the learner by the name of its field; nothing where an agent has no choice.

    Args:
        kind: class of the agent.
        fields: of the agent, by its preset.
        place: name and fields of the world, as far as they are known.
        words: of the command line.

    Raises:
        UsageError: if there is no such learner, or an option is one of another learner.
    """
    if len(getattr(kind, "learners", ())) < 2:
        return {}
    by_name = {_name_of(each): each for each in kind.learners}
    named, known = values_of(_OPTION, words), fields.get(LEARNER)
    if named and " ".join(named) not in by_name:
        raise UsageError(f"{_OPTION} must be {' or '.join(by_name)}, got {' '.join(named)!r}")
    chosen = by_name[named[0]] if named else _implied(kind, known, place, words)
    if chosen is None:  # the world is refused later
        return {LEARNER: kind.learners[0]()}
    _refuse_others(kind.learners, chosen, words)
    return {LEARNER: known if isinstance(known, chosen) else chosen()}


def with_choice(options: type, kind: Any, learner: Mapping[str, Any]) -> type:
    """Return options with the name of the learner as a further one."""
    names = tuple(map(_name_of, kind.learners))
    hint = Annotated[Literal[names], arg(name=LEARNER, help=_TEXT)]
    chosen = dataclasses.field(default=_name_of(type(learner[LEARNER])))
    return dataclasses.make_dataclass(
        options.__name__, [(_CHOICE, hint, chosen)], bases=(options,), kw_only=True
    )


def without_choice(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an agent without the name of its learner."""
    return {name: value for name, value in fields.items() if name != _CHOICE}


def _refuse_others(learners: Sequence[Any], chosen: type, words: Sequence[str]) -> None:
    """Raise UsageError if an option is a field of another learner alone."""
    for option in (normal(word) for word in words if normal(word).startswith(f"{_OPTION}.")):
        name = option.removeprefix(f"{_OPTION}.").replace("-", "_")
        owners = [each for each in learners if name in _fields(each)]
        if owners and chosen not in owners:
            other = _name_of(owners[0])
            needs = ", for continuous actions" if owners[0].judges_actions else ""
            raise UsageError(
                f"{option} is an option of {other}, but the learner is {_name_of(chosen)}; "
                f"{_OPTION} {other} chooses the other{needs}"
            )


def _fields(learner: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(learner)]


def _name_of(learner: type) -> str:
    return learner.__name__.lower()


def _implied(
    kind: Any, known: Any, place: tuple[str | None, Mapping[str, Any]], words: Sequence[str]
) -> type | None:
    """Return the kind of the learner of a preset, or that for the actions of a world."""
    from hierax.worlds.registry import make

    if known is not None:
        return type(known)
    name, fields = place
    given, _ = values_without_type(words, "world")
    for options in ({**fields, **given}, {}):  # what is wrong with a field is said later
        with contextlib.suppress(ValueError, TypeError):
            return kind.learner_for(make(name or "", **options).spec.action)
    return None
