"""Checkpoints that are either complete or absent, and that detect every changed bit.

    checkpoints/000000012000/arrays.safetensors    every leaf of the tree, named by its path
                             manifest.json         types, shapes, and SHA-256 of everything

A checkpoint is written under another name, brought onto the disk and renamed. A process that is
killed at any moment leaves the earlier checkpoints intact. Nothing is pickled.
"""

import contextlib
import enum
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax

from hierax import atomic_files, checks
from hierax.training.checkpoint_files import (
    CheckpointError,
    NotSavedError,
    read,
    verified,
    write,
)
from hierax.training.serialisation import (
    Leaf,
    from_host,
    kind_of,
    named_arrays,
    named_leaves,
    to_host,
)

_NAME = re.compile(r"\d{12,}")
_ASIDE = re.compile(r"\.\d{12,}\.(part|old)")


class _Sentinel(enum.Enum):
    AS_STORED = "as stored"


AS_STORED = _Sentinel.AS_STORED
"""A place in ``like`` of `load` whose shapes are not known.

What was saved there must be a dictionary of arrays by name, or None. `load` returns that dictionary
with NumPy arrays, or None if nothing is stored there.
"""


def save(
    folder: Path, tree: Any, step: int, *, keep: int = 3, meta: Mapping[str, Any] = {}
) -> Path:
    """Write the checkpoint of a step, and remove those that are no longer kept.

    A run that saves step t was resumed from a step before t. So checkpoints of steps after t are
    removed as well.

    Args:
        folder: of the checkpoints of one run.
        tree: arrays of JAX and NumPy, typed random keys, and Python's numbers.
        step: of the run, at least 0; a checkpoint of the same step is replaced.
        keep: number of checkpoints to keep, at least 1.
        meta: further values to store, as JSON.

    Returns:
        The folder of the checkpoint.

    Raises:
        ValueError: if an argument cannot be stored.
        OSError: if it cannot be written; the earlier checkpoints are as they were.
    """
    checks.count("step", step, 0)
    checks.count("keep", keep, 1)
    leaves = {name: to_host(name, leaf) for name, leaf in named_leaves(tree).items()}
    noted = _as_json(meta)
    path = _path(folder, step)
    folder.mkdir(parents=True, exist_ok=True)
    _clean(folder)
    aside = atomic_files.part_of(path)
    aside.mkdir()
    try:
        write(aside, leaves, int(step), noted)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)  # so that a full disk has room again
        raise
    if path.exists():
        _set_aside(path)
    aside.rename(path)
    atomic_files.sync(folder)
    earlier = [known for known in steps(folder) if known < step]
    superfluous = {*steps(folder)} - {step, *earlier[len(earlier) - keep + 1 :]}
    for other in superfluous:
        _set_aside(_path(folder, other))
    atomic_files.sync(folder)
    _clean(folder)
    return path


def load(folder: Path, like: Any, step: int | None = None) -> tuple[Any, int, dict[str, Any]]:
    """Read a checkpoint after verifying every byte of it.

    Args:
        folder: of the checkpoints of one run.
        like: a tree with the leaves of the stored one; shapes from `jax.eval_shape` are enough.
            `AS_STORED` takes the place of a part whose shapes are not known.
        step: to read; None is the latest.

    Returns:
        The tree, its step, and the ``meta`` of `save`.

    Raises:
        CheckpointError: if the checkpoint does not exist or is damaged; names an earlier step that
            is complete.
        ValueError: if the arrays are not those of ``like``; names the first that differs.
    """
    chosen = _choose(folder, step)
    path = _path(folder, chosen)
    try:
        manifest = verified(path)
        known, open_places = _split(like)
        _require_fit(path, manifest["arrays"], known, open_places)
        leaves = read(path, manifest["arrays"])
    except CheckpointError as error:
        whole = latest_whole(folder, before=chosen)
        offer = f"step {whole} is whole and can be resumed from"
        nothing = "no earlier step is whole"
        raise CheckpointError(f"{error}; {nothing if whole is None else offer}", whole) from None
    return _restored(like, leaves), chosen, manifest["meta"]


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the errors of the system into `NotSavedError`, inside a ``with`` statement.

    Args:
        folder: of the checkpoints of one run.
    """
    try:
        yield
    except OSError as error:
        whole = latest_whole(folder)
        kept = "begins anew" if whole is None else f"continues from step {whole}, which is whole"
        place = error.filename or folder.parent
        raise NotSavedError(
            f"cannot write {place}: {error.strerror}; the same run {kept}", whole
        ) from None


def steps(folder: Path) -> list[int]:
    """Return the steps that have a checkpoint, in order."""
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _NAME.fullmatch(path.name))


def latest(folder: Path) -> int | None:
    """Return the last step that has a checkpoint, damaged or not; None if there is none."""
    return max(steps(folder), default=None)


def latest_whole(folder: Path, before: int | None = None) -> int | None:
    """Return the last step, below ``before`` if given, with an undamaged checkpoint, or None."""
    for step in reversed(steps(folder)):
        if before is None or step < before:
            try:
                verified(_path(folder, step))
            except CheckpointError:
                continue
            return step
    return None


def _path(folder: Path, step: int) -> Path:
    return folder / f"{step:012d}"


def _choose(folder: Path, step: int | None) -> int:
    known = steps(folder)
    if not known:
        raise CheckpointError(f"{folder} holds no checkpoint")
    if step is not None and step not in known:
        raise CheckpointError(
            f"{folder} holds no checkpoint of step {step}, but of {', '.join(map(str, known))}"
        )
    return known[-1] if step is None else step


def _set_aside(path: Path) -> None:
    """Renames a checkpoint before it is deleted, so that a half-deleted one is never read."""
    path.rename(path.with_name(f".{path.name}.old"))


def _clean(folder: Path) -> None:
    for path in folder.iterdir():
        if _ASIDE.fullmatch(path.name):
            shutil.rmtree(path)


def _as_json(meta: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(dict(meta), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"meta must be JSON, but: {error}") from None


def _split(like: Any) -> tuple[dict[str, Any], list[str]]:
    """The leaves of ``like`` by name, and the names of its places `AS_STORED`."""
    leaves = named_leaves(like)
    open_places = [name for name, leaf in leaves.items() if leaf is AS_STORED]
    return {name: leaf for name, leaf in leaves.items() if leaf is not AS_STORED}, open_places


def _require_fit(
    path: Path,
    records: Mapping[str, Mapping[str, Any]],
    known: Mapping[str, Any],
    open_places: list[str],
) -> None:
    for name, (dtype, shape) in ((name, kind_of(name, leaf)) for name, leaf in known.items()):
        if name not in records:
            raise ValueError(f"{path} has no array {name}, but {dtype} {shape} is asked for")
        record = records[name]
        stored = record["dtype"], tuple(record["shape"])
        if stored != (dtype, shape):
            raise ValueError(
                f"{name} in {path} is {stored[0]} {stored[1]}, but {dtype} {shape} is asked for"
            )
    expected = {*known, *(name for place in open_places for name in named_arrays(place, records))}
    for name in records:
        if name not in expected:
            raise ValueError(f"{path} has an array {name}, which is not asked for")


def _restored(like: Any, leaves: dict[str, Leaf]) -> Any:
    """The tree ``like`` with the arrays that were read."""

    def restored(name: str, leaf: Any) -> Any:
        if leaf is not AS_STORED:
            return from_host(leaves[name], leaf)
        found = named_arrays(name, leaves)
        return {key: leaves[full].array for full, key in found.items()} or None

    values = [restored(name, leaf) for name, leaf in named_leaves(like).items()]
    return jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(like), values)
