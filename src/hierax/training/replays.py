"""The replay of a run: no larger than the run fills it, and as checkpoints hold it.

This concerns agents whose state holds a `hierax.agents.replay.ReplayState`. Other stores are left
as they are.
"""

from typing import Any

from hierax.agents.agent import Agent, TrainState
from hierax.agents.replay import Replay, ReplayState, rows
from hierax.training.checkpoint import AS_STORED
from hierax.training.iteration import Iteration


def rows_of_run(agent: Agent, iteration: Iteration, iterations: int, before: int = 0) -> int | None:
    """Return the rows that the ring of the agent's ``store`` needs; None if it has no `Replay`.

    Args:
        agent: the agent.
        iteration: size of an iteration.
        iterations: of the run.
        before: rows that the replay holds when the run begins.
    """
    store = getattr(agent, "store", None)
    if not isinstance(store, Replay):
        return None
    return store.rows_for(iteration.environments, before + iterations * iteration.steps)


def fitted(state: TrainState, most_rows: int | None) -> TrainState:
    """Return a new state of an agent with at most so many rows in its empty replay."""
    if most_rows is None or not isinstance(state.replay, ReplayState):
        return state
    return state._replace(replay=rows.cut(state.replay, most_rows))


def packed(state: TrainState) -> TrainState:
    """Return the state as a checkpoint holds it: of the replay, the rows that were written."""
    if not isinstance(state.replay, ReplayState):
        return state
    return state._replace(replay=rows.packed(state.replay))


def packed_like(state: TrainState) -> TrainState:
    """Return the shapes of `packed`, for ``hierax.training.checkpoint.load``."""
    return state._replace(replay=AS_STORED) if isinstance(state.replay, ReplayState) else state


def unpacked(state: TrainState, replay: Any) -> TrainState:
    """Return the state of a checkpoint with its replay in arrays of the shapes of ``replay``."""
    if not isinstance(replay, ReplayState):
        return state
    return state._replace(replay=rows.unpacked(state.replay, replay))
