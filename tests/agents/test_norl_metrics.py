"""How much of what is known a goal space holds, against an ordinary least-squares fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents.goal_conditioned.space_metrics import (
    Factors,
    factor_metrics,
    factors_of,
    linear_fit,
)
from hierax.spec import Continuous, GoalSpec, View, WorldSpec

M = 500
_fit = jax.jit(linear_fit)


def fit(x, y):
    """Slopes and R²."""
    return _fit(jnp.float32(x), jnp.float32(y))


def explained(x, y):
    """Slopes and adjusted R² of a fit with an intercept, in NumPy."""
    design = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    slope, *_ = np.linalg.lstsq(design, y, rcond=None)
    missed = ((y - design @ slope) ** 2).sum(axis=0)
    share = missed / ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    return slope[:-1], 1 - share * (len(x) - 1) / (len(x) - x.shape[1] - 1)


def drawn(seed=0):
    """Places in two dimensions; of what is known: a map of them, half a map, and noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(M, 2)) * [1.0, 2.0] + [3.0, -8.0]
    mixed = x @ np.array([[2.0, 1.0], [-1.0, 0.5]]) + [100.0, -7.0]
    noisy = mixed[:, :1] + 3 * rng.normal(size=(M, 1))
    return x, np.concatenate([mixed, noisy, rng.normal(size=(M, 1))], axis=1)


def test_the_fit_is_that_of_least_squares():
    x, y = drawn()
    slope, share = fit(x, y)
    expected, shares = explained(x, y)
    np.testing.assert_allclose(slope, expected, atol=1e-3)
    np.testing.assert_allclose(share, shares, atol=1e-4)
    np.testing.assert_allclose(share[:2], 1, atol=1e-5)
    assert 0.2 < shares[2] < 0.8
    assert shares[3] < 0.02


def test_noise_is_not_explained_on_average():
    """In few rows, a fit on four numbers explains a share of 4 / 19 by chance."""
    rng = np.random.default_rng(3)
    y = rng.normal(size=(20, 10_000))
    share = fit(rng.normal(size=(20, 4)), y)[1]
    assert abs(share.mean()) < 0.01


def test_the_fit_does_not_change_with_an_affine_map_of_the_places():
    x, y = drawn()
    moved = x @ np.array([[0.1, 5.0], [3.0, 0.2]]) - [2.0, 40.0]
    first, second = (fit(each, y)[1] for each in (x, moved))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_places_that_do_not_vary_explain_nothing():
    _, y = drawn()
    share = fit(np.ones((M, 2)), y)[1]
    np.testing.assert_allclose(share, 0, atol=5e-3)


def test_collinear_places_explain_what_one_of_them_does():
    x, y = drawn()
    share = fit(x[:, [0, 0]], y)[1]
    np.testing.assert_allclose(share, explained(x[:, :1], y)[1], atol=5e-3)


def test_a_factor_that_does_not_vary_is_not_explained():
    x, _ = drawn()
    np.testing.assert_allclose(fit(x, np.full((M, 1), 3.0))[1], 0, atol=1e-3)


def test_the_worst_of_the_goal_and_the_best_of_the_nuisance_are_reported():
    x, y = drawn()
    known = {"goal": jnp.float32(y[:, [0, 2]]), "nuisance": jnp.float32(y[:, [3, 2]])}
    factors = Factors(jnp.zeros((M, 1)), known)
    metrics = factor_metrics(factors, jnp.float32(x), (1.5, 0.5))
    slope, shares = explained(x, y)
    assert metrics["goal_fit"] == pytest.approx(shares[2], abs=1e-3)
    assert metrics["nuisance_fit"] == pytest.approx(shares[2], abs=1e-3)
    box = np.abs(slope[:, [0, 2]]) * np.array([[1.5], [0.5]])
    assert metrics["box"] == pytest.approx(box.sum(axis=0).mean(), rel=1e-3)
    same = factor_metrics(factors, jnp.float32(x), (1.5,))["box"]
    assert same == pytest.approx(1.5 * np.abs(slope[:, [0, 2]]).sum(axis=0).mean(), rel=1e-3)


def test_known_factors_are_those_of_the_world():
    views = View("place", (3,)), View("lamp", (2, 2)), View("wind", (1,))
    goal = GoalSpec(achieved="place", entries=(0, 2), fixed=(0.0, 0.0), radius=1.0)
    spec = WorldSpec("Lamps-v0", views, Continuous(1), 5, goal=goal, nuisance=("lamp", "wind"))
    rng = np.random.default_rng(1)
    shown = {view.name: jnp.float32(rng.normal(size=(4, 6, *view.shape))) for view in views}
    features = jnp.float32(rng.normal(size=(4, 6, 7)))
    found = factors_of(spec, shown, features)
    assert set(found.known) == {"goal", "nuisance"}
    for k in range(4):
        for b in range(6):
            row = 6 * k + b
            np.testing.assert_array_equal(found.features[row], features[k, b])
            np.testing.assert_array_equal(found.known["goal"][row], shown["place"][k, b, :2])
            lamp = np.append(shown["lamp"][k, b], shown["wind"][k, b])
            np.testing.assert_array_equal(found.known["nuisance"][row], lamp)
    plain = WorldSpec("Plain-v0", views, Continuous(1), 5)
    unknown = factors_of(plain, shown, features)
    assert unknown.known == {}
    assert factor_metrics(unknown, features[:, 0], (1.0,)) == {}
