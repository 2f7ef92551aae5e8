"""The problem of a planner: a world by name, a map in a text file, or a saved model."""

import dataclasses
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax import registry
from hierax.commands.errors import UsageError, unknown
from hierax.planning import TabularMDP
from hierax.plotting import Canvas, model_canvas, world_canvas
from hierax.worlds import GridWorld, TabularWorld, make_tabular, tabular_names
from hierax.worlds.map_text import is_mostly_map

MAP_OPTIONS = ("slip", "stay", "no_stay", "bump")
ARRAYS = ("transition", "reward", "discount")
MORE_ARRAYS = ("initial", "available", "layout", "pair_states", "pair_actions")
GYMNASIUM = "gymnasium:"
"""Beginning of the names of Gymnasium's environments."""


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """A model to plan in, and its world, which names and draws its states.

    Attributes:
        name: title of the drawing.
        mdp: the model.
        world: the world of the model; None for a model without a world.
    """

    name: str
    mdp: TabularMDP
    world: TabularWorld | None = None

    @property
    def canvas(self) -> Canvas:
        """The canvas that plans are drawn on."""
        return model_canvas(self.mdp) if self.world is None else world_canvas(self.world)

    def state_name(self, state: int) -> str:
        """Return the name of a state, or its index if it has no name."""
        if self.world is not None:
            return self.world.state_names[state]
        return str(state) if self.mdp.names is None else str(self.mdp.names.states[state])

    def remark(self, state: int) -> str:
        """Return the role of a state: start, goal, bottleneck, or a mark."""
        if self.world is None:
            return ""
        world = self.world
        marks = [name for name, marked in world.marks.items() if marked == state]
        remarks = {
            "start": state == world.start,
            "goal": state == world.goal,
            ", ".join(marks): bool(marks),
            "bottleneck": state in world.bottlenecks and not marks,
        }
        return ", ".join(text for text, is_true in remarks.items() if is_true)


def read_problem(name: str, options: Mapping[str, Any]) -> Problem:
    """Return the problem called ``name``: an environment, a saved model, a map, or a known world.

    Args:
        name: as on the command line.
        options: the given options of the world, by name.

    Raises:
        UsageError: if there is no such world or file, the file cannot be read, or an option does
            not apply or is not allowed.
    """
    if name.startswith(GYMNASIUM):
        return _read_environment(name, options)
    if name.endswith(".npz"):
        return _read_model(Path(name), options)
    if "." in name or "/" in name or Path(name).is_file():
        return _read_map(Path(name), options)
    return _named_world(name, options)


def _named_world(name: str, options: Mapping[str, Any]) -> Problem:
    try:
        world = make_tabular(name)
    except ValueError as error:
        if re.fullmatch(r"Hanoi\d+-v0", name):
            raise UsageError(f"{name}: {error}") from None
        raise unknown("world or file", name, (*tabular_names(), "Hanoi{n}-v0")) from None
    if not isinstance(world, GridWorld):
        _refuse(options, MAP_OPTIONS, f"maps and rooms, but {name} is neither")
    if options:
        try:
            world = make_tabular(name, **_arguments(options))
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from None
    return Problem(name, world.mdp, world)


def _read_map(path: Path, options: Mapping[str, Any]) -> Problem:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the map {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        text = ""
    if not is_mostly_map(text):
        raise UsageError(
            f"{path} is not a map or a model that hierax can read: a map is a text of '#', '.', "
            "'S' and 'G', a model is an .npz file"
        )
    if "G" not in text:
        raise UsageError(f"{path}: the map must have a goal, a cell 'G'")
    try:
        world = GridWorld.from_text(text, name=path.stem, **_arguments(options))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    return Problem(path.name, world.mdp, world)


def _arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a world's constructor; ``stay`` and ``no_stay`` are one of them."""
    if "stay" in options and "no_stay" in options:
        raise UsageError("--stay and --no-stay exclude each other")
    arguments = {name: value for name, value in options.items() if name != "no_stay"}
    return {**arguments, "stay": False} if "no_stay" in options else arguments


def _read_model(path: Path, options: Mapping[str, Any]) -> Problem:
    _refuse(options, (*MAP_OPTIONS, "reward"), f"worlds and maps, but {path} is a model")
    saved = _read_arrays(path)
    _refuse_unknown(path, saved)
    arrays = {**saved, **options}
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        raise UsageError(
            f"{path} must have the arrays {', '.join(ARRAYS)}, and may have "
            f"{', '.join(MORE_ARRAYS)}; {missing[0]!r} is missing"
        )
    try:
        return Problem(path.name, _model(**arrays))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _read_environment(name: str, options: Mapping[str, Any]) -> Problem:
    _refuse(options, (*MAP_OPTIONS, "reward"), f"worlds and maps, but {name} is an environment")
    try:
        return Problem(name, TabularMDP.from_gymnasium(name.removeprefix(GYMNASIUM), **options))
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


def _model(layout: np.ndarray | None = None, **arrays: Any) -> TabularMDP:
    found = [arrays.pop(name) for name in ("pair_states", "pair_actions") if name in arrays]
    pairs = tuple(found) or None
    if layout is None and pairs is None:
        return TabularMDP(**arrays)
    stated = "pairs" if layout is None else str(layout)
    return TabularMDP.from_arrays(**arrays, layout=stated, pairs=pairs)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a model in a file."""
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            return dict(archive)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        raise UsageError(
            f"cannot read the model {path}: it is not an archive of arrays written by numpy.savez"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read the model {path}: {error.strerror or error}") from None


def _refuse_unknown(path: Path, names: Iterable[str]) -> None:
    for name in names:
        if name not in (*ARRAYS, *MORE_ARRAYS):
            raise UsageError(f"{path}: {registry.unknown('array', name, (*ARRAYS, *MORE_ARRAYS))}")


def _refuse(options: Mapping[str, Any], names: tuple[str, ...], rule: str) -> None:
    for name in names:
        if name in options:
            raise UsageError(f"--{name.replace('_', '-')} is for {rule}")
