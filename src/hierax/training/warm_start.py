"""Runs that start with the parameters, encoder statistics and replay of other runs.

Counters and random numbers are new, as in a run from the beginning. So is the replay where a state
has none.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Agent, TrainState
from hierax.agents.latent_space import LatentSpacePolicy
from hierax.agents.replay import Replay, ReplayState, rows
from hierax.training.serialisation import tree_digest


def given(agent: Agent, start: Sequence[TrainState] | str | None) -> Sequence[TrainState] | None:
    """Return the states to start with; raise ValueError if lower levels would be untrained."""
    if isinstance(start, str):
        checks.one_of("start", start, ("untrained",))
        return None
    if start is None and isinstance(agent, LatentSpacePolicy) and len(agent.levels) > 1:
        raise ValueError(
            "start must hold the trained levels below the top, got None: train all "
            f"{len(agent.levels)} levels with hierax.train_levels, pass the state that add_level "
            "returned, or start='untrained'"
        )
    return start


def used(agent: Agent, start: Sequence[TrainState]) -> list[TrainState]:
    """Return the states, without replays where the agent's ``store`` is no `Replay`."""
    if _store(agent) is not None:
        return list(start)
    return [state._replace(replay=None) for state in start]


def warm_started(
    fresh: TrainState, learned: TrainState, agent: Agent | None = None, replay: Any = None
) -> TrainState:
    """Return ``fresh`` with copies of what was learned; drivers overwrite their arrays.

    Args:
        fresh: a new state.
        learned: a state of `used`.
        agent: that is trained.
        replay: of ``fresh``, or its shapes.
    """
    learner, encoders, frozen = jax.tree.map(jnp.copy, _learned(learned))
    state = fresh._replace(learner=learner, encoders=encoders, frozen=frozen)
    store = _store(agent)
    if store is None or learned.replay is None:
        return state
    moved = rows.unpacked(rows.packed(learned.replay), replay)
    return state._replace(replay=store.break_off(moved))


def rows_held(start: Sequence[TrainState] | None) -> int:
    """Return the most rows that a replay in ``start`` fills, one to break it off included."""
    states = start or ()
    held = [rows.written(state.replay) + 1 for state in states if _has_replay(state)]
    return max(held, default=0)


def require_states(start: Sequence[TrainState], seeds: int) -> None:
    """Raise ValueError unless there is one state for each seed."""
    checks.instance("start", start, list, tuple)
    if len(start) != seeds:
        raise ValueError(
            f"start must have one state for each seed, got {len(start)} states for {seeds} seeds"
        )
    for state in start:
        checks.instance("state in start", state, TrainState)


def require_fitting(start: Sequence[TrainState], fresh: TrainState) -> None:
    """Raise ValueError unless all states have the shapes of ``fresh``, a new state of a run."""
    for state in start:
        if _shapes(_learned(state)) != _shapes(_learned(fresh)):
            raise ValueError(
                "start must hold states of this agent, or those that its add_level returned, got "
                "states of another agent"
            )
        if _has_replay(state):
            _require_fitting_replay(state.replay, fresh.replay)


def digest(start: Sequence[TrainState]) -> str:
    """Return a digest of what is taken of ``start``."""
    return tree_digest(
        [
            (*_learned(state), rows.packed(state.replay)) if _has_replay(state) else _learned(state)
            for state in start
        ]
    )


def _require_fitting_replay(given: ReplayState, fresh: ReplayState) -> None:
    (size, before), (most, now) = (state.ring.step.reward.shape for state in (given, fresh))
    if before != now:
        raise ValueError(
            f"the replay in start must be of {now} environments as the run, got one of {before}: "
            f"train with environments={before}, or drop it with state._replace(replay=None)"
        )
    if rows.written(given) > most:
        raise ValueError(
            f"buffer_size must be at least {(size - 2) * now} to hold the replay in start, got "
            f"{(most - 2) * now}"
        )
    if _shapes(rows.cut(given, 1)) != _shapes(rows.cut(fresh, 1)):
        raise ValueError(
            "the replay in start must hold steps of this agent, got steps of another agent: drop "
            "it with state._replace(replay=None)"
        )


def _store(agent: Agent | None) -> Replay | None:
    store = getattr(agent, "store", None)
    return store if isinstance(store, Replay) else None


def _has_replay(state: TrainState) -> bool:
    return isinstance(state.replay, ReplayState)


def _learned(state: TrainState) -> tuple[Any, Any, Any]:
    return state.learner, state.encoders, state.frozen


def _shapes(tree: Any) -> Any:
    leaves, structure = jax.tree.flatten(tree)
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]
