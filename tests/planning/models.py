"""Random decision models for the tests of planning, and an oracle that shares no code with it."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from hierax.planning import Boltzmann, TabularMDP

EPSILON = np.finfo(np.float64).eps

# option_gradient.md, I9: value iteration with this Boltzmann average cycles for ever.
CYCLING = TabularMDP(
    [[[0.0016, 0.9984], [1.0, 0.0]], [[0.0466, 0.9534], [0.9631, 0.0369]]],
    [[0.9341, -0.7622], [-1.4929, -0.0722]],
    0.98,
)
CYCLING_OPERATOR = Boltzmann(0.58129)


@dataclass(frozen=True)
class Tables:
    """Arguments of `TabularMDP`; entries of unavailable pairs are arbitrary."""

    transition: np.ndarray
    reward: np.ndarray
    discount: Any
    initial: Any
    available: np.ndarray

    @property
    def rest(self) -> tuple[Any, Any, Any, Any]:
        return self.reward, self.discount, self.initial, self.available

    def dense(self) -> TabularMDP:
        return TabularMDP(self.transition, *self.rest)

    def sparse(self) -> TabularMDP:
        return TabularMDP([sp.csr_array(matrix) for matrix in self.by_action()], *self.rest)

    def by_action(self) -> np.ndarray:
        return np.moveaxis(self.transition, 1, 0)

    def discounts(self) -> np.ndarray:
        """The discount of each transition ``(S, A, S)``; arbitrary at unavailable pairs."""
        return np.broadcast_to(self.discount, self.transition.shape)

    def discounted_transition(self) -> np.ndarray:
        """``Γ∘P``, zero at unavailable pairs."""
        offered = self.available[:, :, None]
        return np.where(offered, self.discounts(), 0.0) * np.where(offered, self.transition, 0.0)

    def expected_reward(self) -> np.ndarray:
        """``(S, A)``, zero at unavailable pairs."""
        if self.reward.ndim == 2:
            return np.where(self.available, self.reward, 0.0)
        offered = self.available[:, :, None]
        chances, rewards = (np.where(offered, x, 0.0) for x in (self.transition, self.reward))
        return np.einsum("sat,sat->sa", chances, rewards)


def random_tables(
    seed: int,
    states: int = 5,
    actions: int = 3,
    *,
    kind: str = "stochastic",
    ragged: bool = True,
    discount_kind: str = "number",
    discount: float = 0.9,
    reward_axes: int = 2,
    garbage: float = 0.0,
) -> Tables:
    """A model from a seed.

    ``kind`` is "stochastic" (all states follow all), "sparse" (few do), "deterministic",
    "absorbing" (state 0 is) or "disconnected" (two halves). ``discount_kind`` is "number", "state"
    (some are goals, with discount 0) or "transition". ``garbage`` stands in unavailable pairs.
    """
    rng = np.random.default_rng(seed)
    shape = (states, actions, states)
    transition = _transition(rng, shape, kind)
    available = rng.random((states, actions)) < 0.7 if ragged else np.ones((states, actions), bool)
    available[np.arange(states), rng.integers(actions, size=states)] = True
    reward = rng.normal(size=shape[:reward_axes])
    discounts: Any = discount
    if discount_kind == "state":
        discounts = discount * rng.integers(2, size=states)
    elif discount_kind == "transition":
        discounts = discount * rng.random(shape)
        discounts[~available] = garbage
    transition[~available], reward[~available] = garbage, garbage
    return Tables(transition, reward, discounts, rng.dirichlet(np.ones(states)), available)


def _transition(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    states = shape[-1]
    if kind == "deterministic":
        return np.eye(states)[rng.integers(states, size=shape[:2])]
    weights = rng.exponential(size=shape)
    if kind == "sparse":
        kept = rng.random(shape) < 1.5 / states
        kept[..., 0] |= ~kept.any(axis=-1)
        weights *= kept
    elif kind == "disconnected":
        half = np.arange(states) < states // 2
        weights *= (half[:, None] == half)[:, None, :]
    elif kind == "absorbing":
        weights[0] = np.eye(states)[0]
    return weights / weights.sum(axis=-1, keepdims=True)


def tables(discounts: tuple[float, ...] = (0.0, 0.5, 0.9, 0.99, 0.9999)) -> st.SearchStrategy:
    """Models of 1 to 5 states with 1 to 3 actions, of every kind of `random_tables`."""
    return st.builds(
        random_tables,
        seed=st.integers(0, 2**32 - 1),
        states=st.integers(1, 5),
        actions=st.integers(1, 3),
        kind=st.sampled_from(
            ["stochastic", "sparse", "deterministic", "absorbing", "disconnected"]
        ),
        ragged=st.booleans(),
        discount_kind=st.sampled_from(["number", "state", "transition"]),
        discount=st.sampled_from(discounts),
        reward_axes=st.sampled_from([2, 3]),
        garbage=st.sampled_from([0.0, -1.0, 7.0, np.nan, np.inf, -np.inf]),
    )


def random_policy(available: np.ndarray, seed: int = 0, least: float = 0.0) -> np.ndarray:
    """A stochastic policy over available actions, each at least about ``least``."""
    weights = available * (least + np.random.default_rng(seed).exponential(size=available.shape))
    return weights / weights.sum(axis=1, keepdims=True)


def optimal_value(given: Tables) -> np.ndarray:
    """``v*`` as the best over all deterministic policies, each evaluated by a dense solve."""
    choices = [np.flatnonzero(row) for row in given.available]
    policies = np.array(list(itertools.product(*choices)))
    states = np.arange(len(choices))
    systems = np.eye(states.size) - given.discounted_transition()[states, policies]
    rewards = given.expected_reward()[states, policies]
    return np.linalg.solve(systems, rewards[..., None])[..., 0].max(axis=0)


def rounding(given: Tables, value: np.ndarray) -> float:
    """Return the effect of rounding of a backup on a fixed point, ``8 ε (‖v‖ + ‖r‖) / (1 - c)``."""
    size = np.abs(value).max() + np.abs(given.expected_reward()).max()
    return 8.0 * EPSILON * size / (1.0 - given.discounted_transition().sum(axis=-1).max())
