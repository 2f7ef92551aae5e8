"""Models and representations on which the bounds of NORL are checked (`norl_bounds`).

Random ones, and two families on which a bound is reached in a limit. In the chain a drift of
probability δ is lost in every interval. The bound of theorem 3 is reached as δ → 0, for every γ
and c. In the coin two sequences lie on both sides of the model K of the only goal. The bounds of
theorem 3 and of claim 4 are reached as δ → 0 and γ^c → 0.
"""

import numpy as np
from jaxtyping import Float

from hierax.experiments.norl_bounds import (
    Model,
    Representation,
    offset_weights,
    outcomes,
    tabular,
)

ACTIONS = 3
LEAST_STATES, MOST_STATES = 3, 6
LEAST_GOALS, MOST_GOALS = 2, 11
CONCENTRATIONS = (0.2, 1.0)
"""Parameters of the Dirichlet distributions of s': sparse and dense."""
LEAST_DIFFERENCE = 0.01
"""Half of the models have actions alike, with a part of at least this size of their own."""
FLOOR = 1e-3
"""Share of ρ in the models K of learned goals."""
ROUNDS = 10
"""Rounds of the learning of goals."""


def random_model(rng: np.random.Generator, interval: int) -> Model:
    """Return a random model of any size, sparse or dense, with actions alike or not."""
    states = int(rng.integers(LEAST_STATES, MOST_STATES + 1))
    difference = rng.choice((1.0, LEAST_DIFFERENCE ** rng.random()))
    return _model(rng, interval, states, rng.choice(CONCENTRATIONS), difference)


def informative_model(rng: np.random.Generator, interval: int, states: int) -> Model:
    """Return a random model with sparse transitions and unlike actions."""
    return _model(rng, interval, states, CONCENTRATIONS[0], 1.0)


def _model(
    rng: np.random.Generator, interval: int, states: int, concentration: float, difference: float
) -> Model:
    """Return a model; rewards are uniform in [-1, 1], γ in [.3, .95]."""
    alpha = np.full(states, concentration)
    shared = rng.dirichlet(alpha, size=(states, 1))
    own = rng.dirichlet(alpha, size=(states, ACTIONS))
    transition = (1.0 - difference) * shared + difference * own
    transition /= transition.sum(axis=2, keepdims=True)
    return Model(transition, rng.uniform(-1.0, 1.0, states), rng.uniform(0.3, 0.95), interval)


def random_prior(rng: np.random.Generator, states: int) -> Float[np.ndarray, " S"]:
    """Return ρ."""
    return 0.9 * rng.dirichlet(np.ones(states)) + 0.1 / states


def random_representation(rng: np.random.Generator, states: int, size: int = 2) -> Representation:
    """Return normal f and goals in ``size`` dimensions, with a random scale."""
    scale = 10.0 ** rng.uniform(-0.5, 0.5)
    count = int(rng.integers(LEAST_GOALS, MOST_GOALS + 1))
    place, goals = (scale * rng.normal(size=(number, size)) for number in (states, count))
    return Representation(place, goals, random_prior(rng, states))


def learned_representation(rng: np.random.Generator, model: Model) -> Representation:
    """Return goals in S dimensions that minimise the mean of KL(π ‖ φ(s, π)) over s and π.

    By alternation: φ(s, π) is the nearest goal, and K_g the mean distribution of those that chose
    g. The minimum is a local one.
    """
    prior = random_prior(rng, len(model.reward))
    count = int(rng.integers(LEAST_GOALS, MOST_GOALS + 1))
    weights = offset_weights(model.interval, model.discount)
    mixture = np.tensordot(weights / weights.sum(), outcomes(model), axes=1)
    mixture = mixture.reshape(-1, len(prior))
    centre = mixture[rng.integers(len(mixture), size=count)]
    for _ in range(ROUNDS):
        nearest = (mixture @ np.log((1 - FLOOR) * centre + FLOOR * prior).T).argmax(axis=1)
        members = np.equal(nearest, np.arange(count)[:, None])
        sizes = members.sum(axis=1, keepdims=True)
        centre = np.where(sizes, members @ mixture / np.maximum(sizes, 1), centre)
    return tabular(np.log((1 - FLOOR) * centre + FLOOR * prior) - np.log(prior), prior)


def chain(drift: float, discount: float, interval: int) -> tuple[Model, Representation]:
    """Return the chain, and a goal for which Ψ never drifts.

    Rewards are -1 and 1. An action leads from the first state to the second with probability δ, the
    other stays. The second state is absorbing. For c = 1, SubOpt / bound = (1 - γ) / (1 - γ + γ δ).
    """
    transition = np.zeros((2, 2, 2))
    transition[0] = [[1.0, 0.0], [1.0 - drift, drift]]
    transition[1, :, 1] = 1.0
    likely = np.array([[1.0 - drift / 10.0, drift / 10.0]])
    return _two_states(transition, likely, discount, interval)


def coin(
    bias: float, discount: float, interval: int, nearer: float = 1e-3
) -> tuple[Model, Representation]:
    """Return the coin, and a goal for which Ψ chooses the worse action.

    Rewards are -1 and 1. The actions lead to the second state with probabilities ½ + δ and
    ½ - δ (1 - ``nearer``), from both states. The goal's K is ½. SubOpt / bound of theorem 3 is
    1 - γ^c.
    """
    up = np.array([0.5 + bias, 0.5 - bias * (1.0 - nearer)])
    transition = np.broadcast_to(np.stack([1.0 - up, up], axis=1), (2, 2, 2))
    return _two_states(transition, np.full((1, 2), 0.5), discount, interval)


def _two_states(
    transition: np.ndarray, likely: np.ndarray, discount: float, interval: int
) -> tuple[Model, Representation]:
    prior = np.full(2, 0.5)
    model = Model(transition, np.array([-1.0, 1.0]), discount, interval)
    return model, tabular(np.log(likely) - np.log(prior), prior)
