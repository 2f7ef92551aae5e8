"""Running statistics against those of the whole stream in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents.normalisation import (
    BOUND,
    COUNT_LIMIT,
    RunningStatistics,
    empty,
    normalise,
    update,
)
from refusals import refuses

update_once = jax.jit(update)


@jax.jit
def update_all(statistics, rows, masks):
    """Of `rows` (K, N, D), one batch after the other."""
    step = lambda statistics, batch: (update(statistics, *batch), None)  # noqa: E731
    return jax.lax.scan(step, statistics, (rows, masks))[0]


def everything(rows):
    return jnp.ones(rows.shape[:-1], bool)


def stream(seed, batches, rows, offset, scale):
    rng = np.random.default_rng(seed)
    shape = (batches, rows, np.size(offset))
    return jnp.asarray(rng.normal(size=shape) * scale + offset, jnp.float32)


@pytest.mark.parametrize("rows", [1, 16])
def test_long_streams_with_large_offsets(rows):
    offset, scale = np.array([0.0, 1e3, -1e4, 1e-3, 5.0]), np.array([1.0, 0.5, 2.0, 1e-4, 0.0])
    x = stream(0, 1_000_000 // rows, rows, offset, scale)
    found = update_all(empty(5), x, everything(x))
    exact = np.asarray(x, np.float64).reshape(-1, 5)
    assert found.count == len(exact)
    # A few last digits of the mean, and of the standard deviation 1e-4 relative.
    np.testing.assert_allclose(found.mean, exact.mean(0), rtol=3e-7, atol=1e-6)
    np.testing.assert_allclose(np.sqrt(found.variance), exact.std(0), rtol=1e-4)


def test_a_mean_still_moves_after_a_million_rows():
    # Added plainly, a step of 1e-6 standard deviations is below the last digit of a mean of 100.
    known = RunningStatistics(
        jnp.int32(1_000_000), jnp.full(1, 100.0), jnp.ones(1), jnp.zeros(1), jnp.zeros(1)
    )
    x = jnp.full((100_000, 1, 1), 103.0)
    found = update_all(known, x, everything(x))
    assert found.mean[0] == pytest.approx(100 + 3 / 11, abs=2e-5)
    assert found.variance[0] == pytest.approx((1 * 10 + 9 * 10 / 11) / 11, rel=1e-4)


def test_first_rows_far_from_zero():
    x = stream(1, 1, 1000, 1e6, 3.0)
    found, exact = update_once(empty(1), x[0], everything(x[0])), np.asarray(x[0], np.float64)
    assert found.mean[0] == pytest.approx(exact.mean(), rel=1e-7)
    assert found.variance[0] == pytest.approx(exact.var(), rel=1e-3)


def test_order_and_size_of_batches_do_not_matter():
    x = stream(2, 40, 12, np.array([2.0, -30.0]), np.array([1.0, 4.0]))
    ordered = update_all(empty(2), x, everything(x))
    for other in (x[::-1], x.reshape(8, 60, 2)):
        found = update_all(empty(2), other, everything(other))
        np.testing.assert_allclose(found.mean, ordered.mean, rtol=1e-6)
        np.testing.assert_allclose(found.variance, ordered.variance, rtol=1e-5)


def test_masked_rows_leave_no_trace_whatever_they_hold():
    x, rng = stream(3, 30, 8, np.array([1.0, 2.0, 3.0]), 1.0), np.random.default_rng(4)
    masks = jnp.asarray(rng.random((30, 8)) < 0.4)
    poisoned = jnp.where(masks[..., None], x, jnp.nan)
    found, exact = update_all(empty(3), poisoned, masks), np.asarray(x)[np.asarray(masks)]
    assert found.count == len(exact)
    np.testing.assert_allclose(found.mean, exact.mean(0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(found.variance, exact.var(0, dtype=np.float64), rtol=1e-5)


def test_rows_that_are_all_masked_change_nothing():
    x, nothing = jnp.full((4, 2), jnp.nan), jnp.zeros(4, bool)
    for before in (empty(2), update_once(empty(2), jnp.arange(8.0).reshape(4, 2), ~nothing)):
        after = update_once(before, x, nothing)
        for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
            np.testing.assert_array_equal(old, new)


def test_compiled_is_plain():
    x = stream(5, 1, 6, np.array([7.0, 0.1]), 2.0)[0]
    plain, compiled = update(empty(2), x, everything(x)), update_once(empty(2), x, everything(x))
    for one, other in zip(jax.tree.leaves(plain), jax.tree.leaves(compiled), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_seeds_side_by_side_are_seeds_one_by_one():
    x = stream(6, 3, 6, np.array([7.0, 0.1]), 2.0)
    together = jax.vmap(update)(jax.vmap(lambda _: empty(2))(jnp.arange(3)), x, everything(x))
    for i, rows in enumerate(x):
        alone = update_once(empty(2), rows, everything(rows))
        np.testing.assert_allclose(together.mean[i], alone.mean, rtol=1e-6)


def test_counting_stops_before_it_overflows():
    zeros = jnp.zeros(1)
    full = RunningStatistics(jnp.int32(COUNT_LIMIT - 3), zeros, jnp.ones(1), zeros, zeros)
    x = jnp.ones((8, 1))
    for _ in range(3):
        full = update_once(full, x, everything(x))
        assert full.count == COUNT_LIMIT
    # Each batch of 8 ones weighs 8 / 2^30.
    assert full.mean[0] == pytest.approx(3 * 8 / COUNT_LIMIT, rel=1e-6)


def test_before_the_first_row_numbers_pass_unchanged():
    x = jnp.array([[0.0, -3.25, 1e-30], [10.0, 1e9, -11.0]])
    np.testing.assert_array_equal(normalise(empty(3), x), np.clip(x, -10, 10))


def test_normalised_rows_have_mean_zero_and_variance_one():
    x = stream(7, 1, 500, np.array([100.0, -3.0]), np.array([5.0, 0.01]))[0]
    found = normalise(update_once(empty(2), x, everything(x)), x)
    np.testing.assert_allclose(found.mean(0), 0.0, atol=1e-3)
    np.testing.assert_allclose(found.std(0), 1.0, rtol=1e-4)


def test_what_is_far_off_is_clipped_and_what_never_varied_is_zero():
    x = jnp.tile(jnp.array([[0.1, 0.0]]), (50, 1)).at[::2, 1].set(1.0)
    known = update_once(empty(2), x, everything(x))
    np.testing.assert_allclose(normalise(known, x)[:, 0], 0.0, atol=1e-3)
    np.testing.assert_array_equal(
        normalise(known, jnp.array([[1.0, 1e6], [-1.0, -1e6]])), [[BOUND] * 2, [-BOUND] * 2]
    )


def test_frozen_statistics_never_change_what_a_level_sees():
    x = stream(8, 20, 10, np.array([1.0, 2.0]), 1.0)
    frozen = running = update_all(empty(2), x, everything(x))
    seen = np.asarray(normalise(frozen, x[0]))
    for rows in x * 3 + 7:
        running = update_once(running, rows, everything(rows))
        np.testing.assert_array_equal(normalise(frozen, x[0]), seen)
    assert np.abs(normalise(running, x[0]) - seen).max() > 0.5


def test_what_does_not_fit_is_refused():
    for x, mask, names in (
        (jnp.zeros((4, 3)), jnp.ones(4, bool), ("x", "(N, 2)", "got (4, 3)")),
        (jnp.zeros(2), jnp.ones(2, bool), ("x", "(N, 2)", "got (2,)")),
        (jnp.zeros((4, 2)), jnp.ones(3, bool), ("mask", "(4,)", "got (3,)")),
    ):
        refuses(lambda x=x, mask=mask: update(empty(2), x, mask), *names)
