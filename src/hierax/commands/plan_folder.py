"""The folder of a plan. A folder that holds anything else is never written to."""

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
        request: planner, world and the given options.
    """

    path: Path
    request: Mapping[str, Any]

    @classmethod
    def claim(cls, out: str, planner: str, world: str, options: Mapping[str, Any]) -> "PlanFolder":
        """Return the folder ``OUT/NAME`` of a plan; make it, or reuse that of the same request.

        Raises:
            UsageError: if the folder holds anything else, or cannot be made.
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
            raise UsageError(f"{path} holds other files: choose another folder with --out")
        return cls(path, request)

    def leave(self) -> None:
        """Remove the folder if it is empty."""
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def write(self, plan: Plan, picture_format: str = "png") -> Path:
        """Write ``plan.json``, ``plan.npz`` and the picture; return the path of the picture.

        Raises:
            UsageError: if they cannot be written.
        """
        figure, picture = plan.draw(), self.path / f"plan.{picture_format}"
        record = {**self.request, "summary": _plain(plan.summary), "hierax": __version__}
        text = json.dumps(record, indent=2)
        try:
            (self.path / RECORD).write_text(text + "\n", encoding="utf-8")
            np.savez(self.path / "plan.npz", **plan.arrays())
            figure.savefig(picture)
        except OSError as error:
            raise UsageError(f"cannot write to {self.path}: {error.strerror}") from None
        return picture


def _plain(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary in terms of JSON, which has no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in summary.items()
    }


def _name(planner: str, world: str, options: Mapping[str, Any]) -> str:
    """Return a name that is different for different options."""
    parts = [planner, world.replace(":", "-")]
    for option, value in options.items():
        flag = option.replace("_", "-")
        parts.append(flag if value is True else f"{flag}-{value}")
    return "-".join(parts)


def _request_of(path: Path) -> Any:
    """Return the request that a folder was written for; None if it is not the folder of a plan."""
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        return {name: record[name] for name in ("planner", "world", "options")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
