"""Checks of finiteness: the first NaN or infinite number stops a run, and its source is saved.

Inside `jit` a fault is a whole number: 0 while everything is finite, otherwise 1 + the index of the
first array that is not finite in a list of names. The loops of a driver end when it is not 0.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax import atomic_files
from hierax.agents.agent import Agent, TrainState
from hierax.training.serialisation import named_leaves
from hierax.worlds.world import Timestep

ACTING = ("observation", "action", "reward")
"""Arrays of a step, in the order in which they are checked."""


class NotFiniteError(Exception):
    """A number of a run is NaN or infinite; the message names it and the file with its source.

    Attributes:
        evidence: the arrays that it came from; None where they were saved.
    """

    def __init__(self, message: str, evidence: Any = None):
        super().__init__(message)
        self.evidence = evidence


@contextlib.contextmanager
def evidence_saved(folder: Path | None) -> Iterator[None]:
    """Save the arrays of a `NotFiniteError` in ``folder``, and name the file in its message."""
    try:
        yield
    except NotFiniteError as error:
        where = "give the run a folder to save the arrays that it came from"
        if folder is not None:
            where = _saved(folder / "fault.npz", error.evidence)
        raise NotFiniteError(f"{error}; {where}") from None


def _saved(path: Path, evidence: Any) -> str:
    """Save the evidence, and return where it is."""
    try:
        return f"the arrays that it came from are in {save_evidence(path, evidence)}"
    except OSError as error:
        return f"the arrays that it came from cannot be saved: {error.strerror}"


def names(metrics: Iterable[str]) -> tuple[str, ...]:
    """Return the names of all faults: arrays of a step, then metrics of an update."""
    return (*ACTING, *metrics)


def metric_names(agent: Agent, state: TrainState) -> tuple[str, ...]:
    """Return the names of the metrics of `Agent.learn`, in the agent's own order.

    Agents list causes before their consequences.

    Args:
        agent: the agent.
        state: of the agent; shapes are enough.
    """
    found: list[str] = []
    # JAX sorts the keys of dictionaries that leave a transformation: the order is read inside.
    jax.eval_shape(lambda state: found.extend(agent.learn(state)[1]), state)
    return tuple(found)


def metrics_fault(names: Sequence[str], metrics: Mapping[str, Any]) -> jax.Array:
    """Return `first_fault` of an update whose metrics have these ``names``."""
    return first_fault([metrics[name] for name in names], len(ACTING))


def first_fault(arrays: Sequence[Any], offset: int = 0) -> jax.Array:
    """Return 1 + ``offset`` + index of the first array that is not finite, or 0; () int32."""
    wrong = jnp.stack([~_is_finite(array) for array in arrays])
    return jnp.where(wrong.any(), 1 + offset + jnp.argmax(wrong), 0).astype(jnp.int32)


def step_fault(timestep: Timestep, action_is_finite: bool) -> np.int32:
    """Return `first_fault` of a step on the host, in NumPy."""
    for view in timestep.observation.values():
        if not is_finite(view):
            return np.int32(1)
    if not action_is_finite:
        return np.int32(2)
    return np.int32(0 if is_finite(timestep.reward) else 3)


def is_finite(array: np.ndarray) -> bool:
    """Return whether all numbers of an array on the host are finite."""
    # `count_nonzero` takes a tenth of the time of `all` for few numbers.
    return bool(np.count_nonzero(np.isfinite(array)) == array.size)


def step_evidence(timestep: Timestep, action: Any) -> dict[str, Any]:
    """Return the arrays of the step that a fault came from."""
    return dict(zip(ACTING, (timestep.observation, action, timestep.reward), strict=True))


def batch_evidence(agent: Agent, state: TrainState, update_key: Any) -> Any:
    """Return the batch of the update that a fault came from.

    Args:
        agent: the agent.
        state: after the update.
        update_key: the key of the state before the update.
    """
    # All of it on the host, where the replay may be already.
    on_host = jax.device_put(state._replace(key=update_key), jax.devices("cpu")[0])
    return agent.next_batch(on_host)


def save_evidence(path: Path, tree: Any) -> Path:
    """Write the arrays of ``tree`` into an ``.npz`` file, named by their paths in the tree."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = atomic_files.part_of(path).with_suffix(".npz")
    arrays: dict[str, Any] = {name: np.asarray(leaf) for name, leaf in named_leaves(tree).items()}
    np.savez(part, **arrays)
    part.replace(path)
    return path


def _is_finite(tree: Any) -> jax.Array:
    arrays = map(jnp.asarray, jax.tree.leaves(tree))
    leaves = [leaf for leaf in arrays if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return (
        jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]).all()
        if leaves
        else jnp.array(True)
    )
