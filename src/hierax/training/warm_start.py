"""Runs that start with the parameters and encoder statistics of another run.

Replay, counters and random numbers are new, as in a run from the beginning.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import TrainState
from hierax.training.serialisation import tree_digest


def warm_started(fresh: TrainState, learned: TrainState) -> TrainState:
    """Return ``fresh`` with copies of what was learned; drivers overwrite their arrays."""
    learner, encoders = jax.tree.map(jnp.copy, _learned(learned))
    return fresh._replace(learner=learner, encoders=encoders)


def require_fitting(start: Sequence[TrainState], seeds: int, fresh: TrainState) -> None:
    """Raise ValueError unless there is one state for each seed, with the shapes of ``fresh``."""
    checks.instance("start", start, list, tuple)
    if len(start) != seeds:
        raise ValueError(
            f"start must have one state for each seed, got {len(start)} states for {seeds} seeds"
        )
    wanted = _shapes(fresh)
    for state in start:
        checks.instance("state in start", state, TrainState)
        if _shapes(state) != wanted:
            raise ValueError(
                "start must hold states of this agent, or those that its add_level returned, got "
                "states of another agent"
            )


def digest(start: Sequence[TrainState]) -> str:
    """Return a digest of the parameters and encoder statistics of ``start``."""
    return tree_digest([_learned(state) for state in start])


def _learned(state: TrainState) -> tuple[Any, Any]:
    return state.learner, state.encoders


def _shapes(state: TrainState) -> Any:
    leaves, structure = jax.tree.flatten(_learned(state))
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]
