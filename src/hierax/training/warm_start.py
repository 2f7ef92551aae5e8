"""Runs that begin with what others learned: parameters and statistics, and nothing else.

Replay, counters and random numbers are new, as for a run from the beginning.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import TrainState
from hierax.training.serialisation import tree_digest


def warm_started(fresh: TrainState, learned: TrainState) -> TrainState:
    """``fresh`` with what was learned; copies, since drivers use up their arrays."""
    learner, known = jax.tree.map(jnp.copy, _learned(learned))
    return fresh._replace(learner=learner, encoders=known)


def require_fitting(start: Sequence[TrainState], seeds: int, fresh: TrainState) -> None:
    """Raises ValueError unless there is one state for each seed, of the shapes of ``fresh``."""
    checks.instance("start", start, list, tuple)
    if len(start) != seeds:
        raise ValueError(f"start has {len(start)} states, but must have one for each of {seeds}")
    wanted = _shapes(fresh)
    for state in start:
        checks.instance("state in start", state, TrainState)
        if _shapes(state) != wanted:
            raise ValueError(
                "start is of another agent, but must be what this one learned, or what its "
                "add_level gave"
            )


def digest(start: Sequence[TrainState]) -> str:
    """What tells one start from another."""
    return tree_digest([_learned(state) for state in start])


def _learned(state: TrainState) -> tuple[Any, Any]:
    return state.learner, state.encoders


def _shapes(state: TrainState) -> Any:
    leaves, structure = jax.tree.flatten(_learned(state))
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]
