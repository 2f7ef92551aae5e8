"""Checkpoints that are whole or not there, and that say so when a single bit has changed.

    checkpoints/000000012000/arrays.safetensors    every leaf of the tree, named by its path
                             manifest.json         what they are, and SHA-256 of all of it

A checkpoint is written aside, brought onto the disk and renamed, so a process that is killed at any
moment leaves the ones that were there before. Nothing is unpickled anywhere.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from hierax import atomic_files, checks
from hierax.training.checkpoint_files import CheckpointError, read, verified, write
from hierax.training.serialisation import from_host, kind_of, named_leaves, to_host

_NAME = re.compile(r"\d{12,}")
_ASIDE = re.compile(r"\.\d{12,}\.(part|old)")


def save(
    folder: Path, tree: Any, step: int, *, keep: int = 3, meta: Mapping[str, Any] = {}
) -> Path:
    """Writes the checkpoint of a step, and removes those that it makes superfluous.

    Whoever saves step t has come from before it. So checkpoints of later steps, which a run left
    behind that was resumed from an earlier one, are removed as well.

    Args:
        folder: where the checkpoints of one run are.
        tree: arrays of JAX and NumPy, keys of random numbers, and Python's numbers.
        step: of the run, not below 0; a checkpoint of the same step is replaced.
        keep: how many checkpoints to keep, at least 1.
        meta: what else to remember, in terms of JSON.

    Returns:
        The folder of the checkpoint.

    Raises:
        ValueError: where an argument cannot be stored.
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
    write(aside, leaves, int(step), noted)
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
    """Reads a checkpoint after every byte of it was verified.

    Args:
        folder: where the checkpoints of one run are.
        like: a tree with the leaves of the one to read; what `jax.eval_shape` returns will do.
        step: which to read; None is the latest.

    Returns:
        The tree, its step, and what was given as ``meta``.

    Raises:
        CheckpointError: where there is no such checkpoint or it is damaged; says which earlier
            step is whole.
        ValueError: where the arrays are not those of ``like``; names the first that differs.
    """
    chosen = _choose(folder, step)
    path = _path(folder, chosen)
    try:
        manifest = verified(path)
        _require_fit(path, manifest["arrays"], like)
        leaves = read(path, manifest["arrays"])
    except CheckpointError as error:
        whole = latest_whole(folder, before=chosen)
        offer = f"step {whole} is whole and can be resumed from"
        nothing = "no earlier step is whole"
        raise CheckpointError(f"{error}; {nothing if whole is None else offer}", whole) from None
    named = named_leaves(like)
    restored = [from_host(leaves.pop(name), leaf) for name, leaf in named.items()]
    tree = jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(like), restored)
    return tree, chosen, manifest["meta"]


def steps(folder: Path) -> list[int]:
    """The steps of which there are checkpoints, in order."""
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _NAME.fullmatch(path.name))


def latest(folder: Path) -> int | None:
    """The last step of which there is a checkpoint, whole or not; None where there is none."""
    return max(steps(folder), default=None)


def latest_whole(folder: Path, before: int | None = None) -> int | None:
    """The last step, below ``before`` where it is given, whose checkpoint is whole, or None."""
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
    """Takes a checkpoint's name away first, so that what is half deleted never looks whole."""
    path.rename(path.with_name(f".{path.name}.old"))


def _clean(folder: Path) -> None:
    for path in folder.iterdir():
        if _ASIDE.fullmatch(path.name):
            shutil.rmtree(path)


def _as_json(meta: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(dict(meta), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"meta must be in terms of JSON, but: {error}") from None


def _require_fit(path: Path, records: Mapping[str, Mapping[str, Any]], like: Any) -> None:
    kinds = {name: kind_of(name, leaf) for name, leaf in named_leaves(like).items()}
    for name, (dtype, shape) in kinds.items():
        if name not in records:
            raise ValueError(f"{path} has no array {name}, but {dtype} {shape} is asked for")
        record = records[name]
        stored = record["dtype"], tuple(record["shape"])
        if stored != (dtype, shape):
            raise ValueError(
                f"{name} in {path} is {stored[0]} {stored[1]}, but {dtype} {shape} is asked for"
            )
    for name in records:
        if name not in kinds:
            raise ValueError(f"{path} has an array {name}, which is not asked for")
