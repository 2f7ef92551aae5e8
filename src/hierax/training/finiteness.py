"""Numbers that are not finite stop a run: which array it was, and what it came from.

A fault is a whole number inside `jit`: 0 while all is well, else the place of the first array that
was not finite in a list of names. Loops of a driver end where it is no longer 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax import atomic_files
from hierax.agents.agent import Agent, TrainState
from hierax.training.serialisation import named_leaves

ACTING = ("observation", "action", "reward")
"""Arrays of a step, in the order in which they are looked at."""


class NotFiniteError(Exception):
    """A number of a run is NaN or infinite; the message says which and where the data are."""


def names(metrics: Iterable[str]) -> tuple[str, ...]:
    """What a fault may be called: the arrays of a step, then the metrics of an update."""
    return (*ACTING, *metrics)


def metric_names(agent: Agent, state: TrainState) -> tuple[str, ...]:
    """What `Agent.learn` measures, in its own order, from causes to what follows from them.

    Args:
        agent: who learns.
        state: of the agent; shapes will do.
    """
    found: list[str] = []
    # The keys of a dictionary that comes out of JAX are sorted: so they are read inside.
    jax.eval_shape(lambda state: found.extend(agent.learn(state)[1]), state)
    return tuple(found)


def metrics_fault(names: Sequence[str], metrics: Mapping[str, Any]) -> jax.Array:
    """`first_fault` of an update whose metrics have these ``names``."""
    return first_fault([metrics[name] for name in names], len(ACTING))


def first_fault(arrays: Sequence[Any], offset: int = 0) -> jax.Array:
    """() int32: 1 + ``offset`` + the place of the first of ``arrays`` that is not finite, or 0."""
    wrong = jnp.stack([~_is_finite(array) for array in arrays])
    return jnp.where(wrong.any(), 1 + offset + jnp.argmax(wrong), 0).astype(jnp.int32)


def origin(agent: Any, run: Any, timestep: Any) -> Any:
    """What the fault of a run came from: arrays of its last step, or the batch of its last update.

    Args:
        agent: whose `next_batch` gives the batch of an update.
        run: with ``fault``, ``agent``, ``action`` and ``update_key``.
        timestep: of its last step.
    """
    if int(run.fault) > len(ACTING):
        # To the host with all of it: a replay may be there already.
        state = jax.device_put(run.agent._replace(key=run.update_key), jax.devices("cpu")[0])
        return agent.next_batch(state)
    return dict(zip(ACTING, (timestep.observation, run.action, timestep.reward), strict=True))


def _is_finite(tree: Any) -> jax.Array:
    arrays = map(jnp.asarray, jax.tree.leaves(tree))
    leaves = [leaf for leaf in arrays if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    return (
        jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]).all()
        if leaves
        else jnp.array(True)
    )


def save_evidence(path: Path, tree: Any) -> Path:
    """Writes the arrays of ``tree`` into an ``.npz`` file, named by where they stand in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = atomic_files.part_of(path).with_suffix(".npz")
    arrays: dict[str, Any] = {name: np.asarray(leaf) for name, leaf in named_leaves(tree).items()}
    np.savez(part, **arrays)
    part.replace(path)
    return path
