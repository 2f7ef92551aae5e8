"""The clock of decisions against walks in plain Python."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents.kl import clock as clocks

T, N, Z, ROWS = 7, 4, 2, 64
"""Steps of a window, environments, numbers of a latent, and least observations of a walk."""
periods = pytest.mark.parametrize("period", [1, 2, 3, 5])


@functools.cache
def walk():
    """Ages of observations, and whether each step between them belongs to an episode.

    The step from the last observation of an episode begins the next one.
    """
    rng, age, last = np.random.default_rng(0), [], []
    for _ in range(N):
        ages, ends = [], []
        while len(ages) < ROWS:
            length = int(rng.integers(1, 12))
            ages += range(length + 1)
            ends += [False] * length + [True]
        begun = int(rng.integers(0, 4))
        age.append(ages[begun : begun + ROWS - 4])
        last.append(ends[begun : begun + ROWS - 4])
    age, last = np.array(age).T, np.array(last).T
    return age.astype(np.int32), ~last[:-1]


def windows():
    """The first observation of each window."""
    return range(len(walk()[0]) - T)


@functools.cache
def latents(period):
    """Draws at each observation, z and z', of one environment after the other."""
    age = walk()[0]
    drawn = np.random.default_rng(period).normal(size=(*age.shape, Z)).astype(np.float32)
    held, previous = np.zeros_like(drawn), np.zeros_like(drawn)
    for n in range(N):
        z = before = np.zeros(Z)
        for t in range(len(age)):
            if age[t, n] == 0:
                z = before = np.zeros(Z)
            if age[t, n] % period == 0:
                before, z = z, drawn[t, n]
            held[t, n], previous[t, n] = z, before
    return drawn, held, previous


def made(period, start):
    """The decisions of a window."""
    age, is_step = walk()
    return found_clock(period, age[start], is_step[start : start + T])


found_clock = jax.jit(lambda p, age, steps: clocks.clock(age, steps, p), static_argnums=0)
found_latents = jax.jit(clocks.held)


def given(period, start):
    """Arguments of `held` for a window: draws, clock, and what was stored of its beginning."""
    drawn, held, previous = latents(period)
    return drawn[start : start + T + 1], made(period, start), held[start], previous[start]


@periods
def test_decisions_are_counted_from_the_beginning_of_the_episode(period):
    """Not of the window. With p = 1 every observation has one."""
    age, midway = walk()[0], 0
    for start in windows():
        found = made(period, start)
        phase, begins, decides = map(np.asarray, (found.phase, found.begins, found.decides))
        for t, n in np.ndindex(T + 1, N):
            steps = int(age[start + t, n])
            assert phase[t, n] == steps % period
            assert decides[t, n] == (steps in range(0, 20, period))
            assert begins[t, n] == (steps == 0)
        midway += int((age[start] % period > 0).sum())
    assert (midway > 50) == (period > 1)
    assert (~walk()[1]).sum() > 20


@periods
def test_latents_of_a_window_are_those_of_the_walk(period):
    """Constant between two decisions; those before the first one are the stored ones."""
    _, held, previous = latents(period)
    for start in windows():
        found = found_latents(*given(period, start))
        np.testing.assert_array_equal(found.held, held[start : start + T + 1])
        np.testing.assert_array_equal(found.previous, previous[start : start + T + 1])


@periods
def test_last_latents_are_those_of_the_same_episode(period):
    """z' is 0 until the second decision of an episode, and then the latent of the one before."""
    age, (drawn, *_) = walk()[0], latents(period)
    followed = 0
    for start in windows():
        found = np.asarray(found_latents(*given(period, start)).previous)
        for t, n in np.ndindex(T + 1, N):
            decided = start + t - age[start + t, n] % period
            if age[start + t, n] < period:
                np.testing.assert_array_equal(found[t, n], 0)
            elif decided - period >= 0:
                np.testing.assert_array_equal(found[t, n], drawn[decided - period, n])
                followed += 1
    assert followed > 50


@jax.jit
def pulled(drawn, clock, first, previous, weights):
    """The gradient of weighted latents for draws, first latents and first last latents."""
    _, pull = jax.vjp(
        lambda *given: clocks.held(given[0], clock, *given[1:]), drawn, first, previous
    )
    return pull(clocks.Latents(*weights))


@periods
def test_gradients_reach_the_latents_that_were_drawn_in_the_window(period):
    """Each once for every observation that it is held at, and for every one that it precedes."""
    age, rng = walk()[0], np.random.default_rng(1)
    for start in list(windows())[::5]:
        weights = rng.normal(size=(2, T + 1, N, Z)).astype(np.float32)
        expected = np.zeros((T + 1, N, Z))
        for t, n in np.ndindex(T + 1, N):
            decided = t - age[start + t, n] % period
            if decided >= 0:
                expected[decided, n] += weights[0, t, n]
            if decided > 0 and age[start + t, n] >= period and decided - period >= 0:
                expected[decided - period, n] += weights[1, t, n]
        found = pulled(*given(period, start), weights)[0]
        np.testing.assert_allclose(found, expected, atol=1e-5)
        decides = np.asarray(made(period, start).decides)
        assert not np.asarray(found)[~decides].any()


def test_a_clock_by_hand():
    """p = 3. The second environment begins an episode with its second step."""
    age = jnp.array([4, 2], jnp.int32)
    is_step = jnp.array([[True, True], [True, False], [True, True], [True, True]])
    found = clocks.clock(age, is_step, 3)
    np.testing.assert_array_equal(found.phase.T, [[1, 2, 0, 1, 2], [2, 0, 0, 1, 2]])
    np.testing.assert_array_equal(found.begins.T, [[0] * 5, [0, 0, 1, 0, 0]])
