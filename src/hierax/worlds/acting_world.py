"""Tabular worlds as functional worlds: steps are sampled from the model that planners use."""

import dataclasses
import functools
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from hierax import checks
from hierax.planning.mdp import TabularMDP
from hierax.spec import Discrete, GoalSpec, View, WorldSpec
from hierax.worlds.tabular import TabularWorld
from hierax.worlds.world import Key, Timestep

StateNumber: TypeAlias = jax.Array
"""() int32."""

_REWARDED_ON_ENTRY = ("arrival", "terminal")


class StepTables(NamedTuple):
    """Tables from which steps are sampled; state s and action a have row ``s * A + a``.

    Attributes:
        successor: ``(S * A, K)`` possible next states; the last one is repeated up to K.
        cumulative: ``(S * A, K)`` probability of the first k + 1 successors.
        reward: ``(S * A, K)`` reward of the step to each successor.
        ends: ``(S * A, K)`` whether each successor is terminal.
    """

    successor: Int[np.ndarray, "pairs K"]
    cumulative: Float[np.ndarray, "pairs K"]
    reward: Float[np.ndarray, "pairs K"]
    ends: Bool[np.ndarray, "pairs K"]


@dataclasses.dataclass(frozen=True)
class ActingWorld:
    """A tabular world as a functional world, sampled from the model that planners use.

    | | |
    |---|---|
    | view ``"position"`` | (2,): coordinates of the state, scaled into [-1, 1] by one factor |
    | view ``"state"`` | () int32: index of the state, from 0 |
    | action | 0, ..., A - 1; an unavailable action does not move and has reward 0 |
    | reward | of the model; with ``"arrival"`` and ``"terminal"``, 1 for entering the goal |
    | initial state | sampled from the model's ``initial`` |
    | termination | where the model's discount is 0; truncated after ``episode_limit`` steps |
    | success | the state is the goal (at the last step) |

    The expected reward of every state and action is the model's reward. In a deterministic model
    a step uses no random number.

    Attributes:
        tabular: the tabular world.
        episode_limit: steps after which an episode is truncated.
        made: name and options that `hierax.worlds.make` was called with; None for other worlds.

    Raises:
        ValueError: if ``tabular`` is not a `TabularWorld`, or the limit is not a whole number
            above 0.
    """

    tabular: TabularWorld
    episode_limit: int = 200
    made: tuple[str, tuple[tuple[str, Any], ...]] | None = None

    def __post_init__(self) -> None:
        checks.instance("tabular", self.tabular, TabularWorld)
        checks.count("episode_limit", self.episode_limit, 1)

    @property
    def name(self) -> str:
        """Name of the tabular world."""
        return self.tabular.name

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        mdp = self.tabular.mdp
        views = (
            View("position", (2,), -1.0, 1.0),
            View("state", (), 0.0, mdp.states - 1.0, "int32"),
        )
        return WorldSpec(
            self.name, views, Discrete(mdp.actions), self.episode_limit, True, goal=self._goal_spec
        )

    @functools.cached_property
    def tables(self) -> StepTables:
        """Tables from which steps are sampled."""
        mdp = self.tabular.mdp
        on_entry = self.tabular.reward in _REWARDED_ON_ENTRY
        return _tables(mdp, self.tabular.goal if on_entry else None)

    def reset(self, key: Key) -> tuple[StateNumber, Timestep]:
        """Begin an episode in a state sampled from the model's initial distribution."""
        states, cumulative = self._initial
        if len(states) == 1:
            state = jnp.array(states[0])
        else:
            sampled = jnp.searchsorted(cumulative[:-1], jax.random.uniform(key), side="right")
            state = jnp.array(states)[sampled]
        return state, self._timestep(state, jnp.array(0.0), jnp.array(False))

    def step(self, state: StateNumber, action: jax.Array, key: Key) -> tuple[StateNumber, Timestep]:
        """Sample the next state from the row of the state and the action."""
        successor, cumulative, reward, ends = self.tables
        branches = successor.shape[1]
        choice = (state * self.tabular.mdp.actions + action) * branches
        if branches > 1:
            row = choice + jnp.arange(branches - 1)
            choice += jnp.sum(jax.random.uniform(key) >= _entry(cumulative, row))
        moved = _entry(successor, choice)
        return moved, self._timestep(moved, _entry(reward, choice), _entry(ends, choice))

    @functools.cached_property
    def _initial(self) -> tuple[np.ndarray, np.ndarray]:
        """Possible initial states and their cumulative probabilities."""
        initial = np.asarray(self.tabular.mdp.initial)
        states = np.flatnonzero(initial).astype(np.int32)
        return states, np.cumsum(initial[states]).astype(np.float32)

    @functools.cached_property
    def _positions(self) -> np.ndarray:
        """``(S, 2)`` coordinates of the states, shifted and scaled into [-1, 1]^2."""
        positions = self.tabular.coordinates
        low, high = positions.min(axis=0), positions.max(axis=0)
        half = max((high - low).max() / 2.0, np.finfo(np.float32).tiny)
        return ((positions - (low + high) / 2.0) / half).clip(-1.0, 1.0).astype(np.float32)

    @functools.cached_property
    def _goal_spec(self) -> GoalSpec | None:
        """The goal, by its position; None if another state has the same one."""
        tabular, goal = self.tabular, self._positions[self.tabular.goal]
        distances = np.linalg.norm(self._positions - goal, axis=1)
        distances[tabular.goal] = np.inf
        if not 0.0 < distances.min() < np.inf:
            return None
        ends_there = tabular.reward == "terminal" and not tabular.mdp.initial[tabular.goal]
        return GoalSpec(
            achieved="position",
            radius=float(distances.min()) / 2.0,
            fixed=(float(goal[0]), float(goal[1])),
            reward="reached" if ends_there else None,
        )

    def _timestep(self, state: StateNumber, reward: jax.Array, ends: jax.Array) -> Timestep:
        position = jnp.take(self._positions, state, axis=0, mode="clip")
        observation = {"position": position, "state": state}
        return Timestep(observation, reward, terminated=ends, success=state == self.tabular.goal)


def _entry(table: np.ndarray, number: jax.Array) -> jax.Array:
    """Return the entry of a table at a flat index, row by row."""
    return jnp.take(table.ravel(), number, mode="clip")


def _tables(mdp: TabularMDP, entered: int | None) -> StepTables:
    """Return tables with the model's reward, or reward 1 for entering ``entered``."""
    available = np.asarray(mdp.available).reshape(-1, 1)
    state = np.repeat(np.arange(mdp.states), mdp.actions)[:, None]
    successor, probability = _padded(_with_self_loops(mdp, available, state))
    if entered is None:
        reward = np.asarray(mdp.reward).reshape(-1, 1)
    else:
        reward = (successor == entered) & (state != entered) & available
    return StepTables(
        successor.astype(np.int32),
        np.cumsum(probability, axis=1).astype(np.float32),
        np.broadcast_to(reward, successor.shape).astype(np.float32),
        (_discount_to(mdp, successor) == 0.0) & available,
    )


def _with_self_loops(mdp: TabularMDP, available: np.ndarray, state: np.ndarray) -> sp.csr_matrix:
    """Return transitions ``(S * A, S)``; unavailable pairs lead from a state to itself."""
    moves = mdp.transition
    if not mdp.is_sparse:
        moves = sp.csr_matrix(np.asarray(moves).reshape(len(available), mdp.states))
    missing = np.flatnonzero(~available)
    parts = (np.ones(len(missing)), (missing, state[missing, 0]))
    return sp.csr_matrix(moves + sp.csr_matrix(parts, shape=moves.shape))


def _padded(rows: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and entries of each row, padded with the last column and with 0."""
    length = np.diff(rows.indptr)[:, None]
    column = np.arange(length.max())
    entry = rows.indptr[:-1, None] + np.minimum(column, length - 1)
    return rows.indices[entry], np.where(column < length, rows.data[entry], 0.0)


def _discount_to(mdp: TabularMDP, successor: np.ndarray) -> np.ndarray:
    """Return the discount of the step from each pair to each of its successors."""
    discount = np.asarray(mdp.discount)
    if discount.ndim == 3:
        return np.take_along_axis(discount.reshape(-1, mdp.states), successor, axis=1)
    return discount[successor] if discount.ndim == 1 else np.full(successor.shape, discount)
