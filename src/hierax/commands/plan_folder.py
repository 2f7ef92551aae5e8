"""The folder that a plan is written to, and the promise to leave the folders of others alone."""

import contextlib
import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax import __version__
from hierax.commands.errors import UsageError
from hierax.commands.planners import Plan

RECORD = "plan.json"


@dataclasses.dataclass(frozen=True)
class PlanFolder:
    """The folder of one plan; the same request finds it again.

    Attributes:
        path: where it is.
        request: planner, world and the options that were given.
    """

    path: Path
    request: Mapping[str, Any]

    @classmethod
    def claim(cls, out: str, planner: str, world: str, options: Mapping[str, Any]) -> "PlanFolder":
        """Makes the folder ``OUT/NAME`` of a plan, or finds that of an earlier run of it.

        Raises:
            UsageError: where something else is there, or the folder cannot be made.
        """
        world = os.path.normpath(world)
        request = {"planner": planner, "world": world, "options": dict(options)}
        path = Path(out) / _name(planner, Path(world).stem, options)
        try:
            path.mkdir(parents=True, exist_ok=True)
            is_free = not any(path.iterdir())
        except OSError as error:
            raise UsageError(f"cannot write to {path}: {error.strerror}") from None
        if not is_free and _request_of(path) != request:
            raise UsageError(f"{path} holds something else: choose another folder with --out")
        return cls(path, request)

    def leave(self) -> None:
        """Removes the folder if nothing was written to it."""
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def write(self, plan: Plan) -> None:
        """Writes ``plan.json``, ``plan.npz`` and ``plan.png``.

        Raises:
            UsageError: where they cannot be written.
        """
        figure = plan.draw()
        record = {**self.request, "summary": _plain(plan.summary), "hierax": __version__}
        text = json.dumps(record, indent=2)
        try:
            (self.path / RECORD).write_text(text + "\n", encoding="utf-8")
            np.savez(self.path / "plan.npz", **plan.arrays())
            figure.savefig(self.path / "plan.png")
        except OSError as error:
            raise UsageError(f"cannot write to {self.path}: {error.strerror}") from None


def _plain(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary in terms of JSON, which knows no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in summary.items()
    }


def _name(planner: str, world: str, options: Mapping[str, Any]) -> str:
    """A name that tells plans with different options apart."""
    parts = [planner, world]
    for option, value in options.items():
        flag = option.replace("_", "-")
        parts.append(flag if value is True else f"{flag}-{value}")
    return "-".join(parts)


def _request_of(path: Path) -> Any:
    """What was asked for when the folder was written; None where it is no plan's folder."""
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        return {name: record[name] for name in ("planner", "world", "options")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
