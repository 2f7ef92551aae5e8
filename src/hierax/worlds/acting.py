"""Tabular worlds to act in: the model that planners are given, drawn from step by step."""

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
from hierax.spec import Discrete, View, WorldSpec
from hierax.worlds.tabular import TabularWorld
from hierax.worlds.world import Key, Timestep

StateNumber: TypeAlias = jax.Array
"""() int32."""

_PAID_ON_LANDING = ("arrival", "terminal")


class StepTables(NamedTuple):
    """What a step draws from: a row for each pair of state s and action a, number ``s * A + a``.

    Attributes:
        successor: ``(S * A, K)`` states that the pair may lead to, filled up with the last one.
        cumulative: ``(S * A, K)`` probability of the first k + 1 successors.
        reward: ``(S * A, K)`` of the step to each successor.
        ends: ``(S * A, K)`` whether the episode ends there for good.
    """

    successor: Int[np.ndarray, "pairs K"]
    cumulative: Float[np.ndarray, "pairs K"]
    reward: Float[np.ndarray, "pairs K"]
    ends: Bool[np.ndarray, "pairs K"]


@dataclasses.dataclass(frozen=True)
class ActingWorld:
    """A tabular world as one to act and to learn in; planning and acting agree exactly.

    | | |
    |---|---|
    | view ``"place"`` | (2,): x and y of the state's drawing, scaled alike into [-1, 1] |
    | view ``"state"`` | () int32: number of the state, from 0 |
    | action | 0 .. A - 1; one that is not available stays put and is paid 0 |
    | reward | the model's; under ``"arrival"`` and ``"terminal"`` 1 on entering the goal itself |
    | begin | drawn from the model's ``initial`` |
    | end | where the model's discount is 0; cut off after ``episode_limit`` steps |
    | success | the state is the goal (at the last step) |

    What is paid on entering the goal has the model's reward as its expectation. A step takes no
    random number where the model is deterministic.

    Attributes:
        tabular: the world as planners know it.
        episode_limit: most steps of an episode.
        made: name and options that `hierax.worlds.make` was given; None for a world of one's own.

    Raises:
        ValueError: where the world is no `TabularWorld`, or the limit is no whole number above 0.
    """

    tabular: TabularWorld
    episode_limit: int = 200
    made: tuple[str, tuple[tuple[str, Any], ...]] | None = None

    def __post_init__(self) -> None:
        checks.instance("tabular", self.tabular, TabularWorld)
        checks.count("episode_limit", self.episode_limit, 1)

    @property
    def name(self) -> str:
        """What the world is called."""
        return self.tabular.name

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of the world."""
        mdp = self.tabular.mdp
        views = (
            View("place", (2,), -1.0, 1.0),
            View("state", (), 0.0, mdp.states - 1.0, "int32"),
        )
        return WorldSpec(self.name, views, Discrete(mdp.actions), self.episode_limit, True)

    @functools.cached_property
    def tables(self) -> StepTables:
        """What steps are drawn from."""
        mdp = self.tabular.mdp
        lands = self.tabular.reward in _PAID_ON_LANDING
        return _tables(mdp, self.tabular.goal if lands else None)

    def reset(self, key: Key) -> tuple[StateNumber, Timestep]:
        """Begins an episode in a state drawn from the model's first."""
        states, cumulative = self._beginnings
        if len(states) == 1:
            state = jnp.array(states[0])
        else:
            drawn = jnp.searchsorted(cumulative[:-1], jax.random.uniform(key), side="right")
            state = jnp.array(states)[drawn]
        return state, self._shown(state, jnp.array(0.0), jnp.array(False))

    def step(self, state: StateNumber, action: jax.Array, key: Key) -> tuple[StateNumber, Timestep]:
        """Draws the next state from the row of the pair of state and action."""
        successor, cumulative, reward, ends = self.tables
        branches = successor.shape[1]
        choice = (state * self.tabular.mdp.actions + action) * branches
        if branches > 1:
            row = choice + jnp.arange(branches - 1)
            choice += jnp.sum(jax.random.uniform(key) >= _entry(cumulative, row))
        moved = _entry(successor, choice)
        return moved, self._shown(moved, _entry(reward, choice), _entry(ends, choice))

    @functools.cached_property
    def _beginnings(self) -> tuple[np.ndarray, np.ndarray]:
        """States in which an episode may begin, and their cumulative probabilities."""
        initial = np.asarray(self.tabular.mdp.initial)
        states = np.flatnonzero(initial).astype(np.int32)
        return states, np.cumsum(initial[states]).astype(np.float32)

    @functools.cached_property
    def _places(self) -> np.ndarray:
        """``(S, 2)`` places of the drawing, moved and scaled into [-1, 1]^2."""
        places = self.tabular.coordinates
        low, high = places.min(axis=0), places.max(axis=0)
        half = max((high - low).max() / 2.0, np.finfo(np.float32).tiny)
        return ((places - (low + high) / 2.0) / half).clip(-1.0, 1.0).astype(np.float32)

    def _shown(self, state: StateNumber, reward: jax.Array, ends: jax.Array) -> Timestep:
        places = jnp.take(self._places, state, axis=0, mode="clip")
        return Timestep({"place": places, "state": state}, reward, ends, state == self.tabular.goal)


def _entry(table: np.ndarray, number: jax.Array) -> jax.Array:
    """Entry of a table that is counted through row by row."""
    return jnp.take(table.ravel(), number, mode="clip")


def _tables(mdp: TabularMDP, paid_goal: int | None) -> StepTables:
    """Tables of a model that pays its expected reward, or 1 on entering ``paid_goal`` if given."""
    available = np.asarray(mdp.available).reshape(-1, 1)
    begin = np.repeat(np.arange(mdp.states), mdp.actions)[:, None]
    successor, probability = _padded(_with_rests(mdp, available, begin))
    if paid_goal is None:
        reward = np.asarray(mdp.reward).reshape(-1, 1)
    else:
        reward = (successor == paid_goal) & (begin != paid_goal) & available
    return StepTables(
        successor.astype(np.int32),
        np.cumsum(probability, axis=1).astype(np.float32),
        np.broadcast_to(reward, successor.shape).astype(np.float32),
        (_discount_to(mdp, successor) == 0.0) & available,
    )


def _with_rests(mdp: TabularMDP, available: np.ndarray, begin: np.ndarray) -> sp.csr_matrix:
    """``(S * A, S)``: transitions of the model, and staying put where a pair is not available."""
    moves = mdp.transition
    if not mdp.is_sparse:
        moves = sp.csr_matrix(np.asarray(moves).reshape(len(available), mdp.states))
    missing = np.flatnonzero(~available)
    parts = (np.ones(len(missing)), (missing, begin[missing, 0]))
    return sp.csr_matrix(moves + sp.csr_matrix(parts, shape=moves.shape))


def _padded(rows: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Columns and entries of each row, filled up with its last column and with 0."""
    filled = np.diff(rows.indptr)[:, None]
    place = np.arange(filled.max())
    entry = rows.indptr[:-1, None] + np.minimum(place, filled - 1)
    return rows.indices[entry], np.where(place < filled, rows.data[entry], 0.0)


def _discount_to(mdp: TabularMDP, successor: np.ndarray) -> np.ndarray:
    """The discount of the step from each pair to each of its successors."""
    discount = np.asarray(mdp.discount)
    if discount.ndim == 3:
        return np.take_along_axis(discount.reshape(-1, mdp.states), successor, axis=1)
    return discount[successor] if discount.ndim == 1 else np.full(successor.shape, discount)
