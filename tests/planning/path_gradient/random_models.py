"""Random ragged models with an interior policy."""

from collections.abc import Iterator

import numpy as np

from hierax.planning import TabularMDP


def random_model(
    seed: int, shape: tuple[int, int] | None = None, discount: float | None = None
) -> tuple[TabularMDP, np.ndarray, np.random.Generator]:
    """A ragged model of ``shape (S, A)``, or of up to 11 states and 5 actions; half sparse-ish.

    Probabilities of the policy are at least 1e-3; every state is visited.
    """
    random = np.random.default_rng(seed)
    states, actions = shape or (int(random.integers(1, 12)), int(random.integers(1, 6)))
    available = random.random((states, actions)) < 0.7
    available[np.arange(states), random.integers(0, actions, states)] = True
    weights = random.random((states, actions, states)) + 1e-2
    if seed % 2:
        weights *= random.random(weights.shape) < 0.4
        weights[..., 0] += 1e-2
    transition = weights / weights.sum(axis=-1, keepdims=True)
    reward = random.normal(size=(states, actions, states))
    discount = random.uniform(0.1, 0.99) if discount is None else discount
    initial = random.dirichlet(np.ones(states))
    model = TabularMDP(transition, reward, discount, initial, available)
    policy = np.where(available, random.random((states, actions)) + 1e-2, 0.0)
    return model, policy / policy.sum(axis=1, keepdims=True), random


def random_models(number: int) -> Iterator[tuple[TabularMDP, np.ndarray, np.random.Generator]]:
    """The first ``number`` random models."""
    return (random_model(seed) for seed in range(number))
