"""Functional worlds stepped from the host: the same numbers, and resuming to the bit."""

import re

import jax
import numpy as np
import pytest

from hierax.worlds import ActingWorld, FunctionalHostBatch, PointCross, PointMaze
from hierax.worlds import make_tabular as tabular

COUNT = 3
MAZE = PointMaze(episode_limit=7)
SLIPPERY = ActingWorld(tabular("FourRooms-v0", slip=0.2, start=None), episode_limit=5)


def actions(world: object, steps: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    if world is SLIPPERY:
        return list(rng.integers(0, 5, (steps, COUNT)))
    return list(rng.uniform(-1, 1, (steps, COUNT, 2)).astype(np.float32))


def assert_same(first: object, second: object) -> None:
    assert jax.tree.structure(first) == jax.tree.structure(second)
    jax.tree.map(np.testing.assert_array_equal, first, second)


@pytest.fixture(scope="module", params=[MAZE, SLIPPERY], ids=lambda world: world.name)
def batch(request):
    return FunctionalHostBatch(request.param, COUNT), request.param


def test_outcomes_are_arrays_of_numpy_with_one_row_for_each_environment(batch):
    host, world = batch
    assert (host.spec, host.count) == (world.spec, COUNT)
    for timestep in (host.reset(0), host.step(actions(world, 1)[0])):
        leaves = jax.tree.leaves(timestep)
        assert all(isinstance(leaf, np.ndarray) and len(leaf) == COUNT for leaf in leaves)
        assert timestep.reward.dtype == np.float32
        assert timestep.episode_length.dtype == np.int32


def test_episodes_are_cut_off_at_the_limit_and_begin_anew(batch):
    host, world = batch
    host.reset(1)
    limit, steps = world.episode_limit, 0
    for action in actions(world, 2 * limit + 2):
        timestep, steps = host.step(action), steps + 1
        # After the last step of an episode comes one that begins the next.
        within = steps % (limit + 1)
        assert (timestep.episode_length == within).all()
        assert (timestep.truncated == (within == limit)).all()
        assert (timestep.is_step == (within > 0)).all()


def test_one_seed_gives_the_same_episodes_and_another_gives_others(batch):
    host, world = batch
    chosen = actions(world, 9)
    first, second, third = (
        [host.reset(seed), *(host.step(action) for action in chosen)] for seed in (5, 5, 6)
    )
    assert_same(first, second)
    with pytest.raises(AssertionError):
        assert_same(first, third)


def test_a_restored_batch_goes_on_to_the_bit(batch):
    host, world = batch
    chosen = actions(world, 20)
    host.reset(2)
    for action in chosen[:8]:
        host.step(action)
    saved = host.save()
    assert all(type(leaf) is np.ndarray for leaf in jax.tree.leaves(saved))
    expected = [host.step(action) for action in chosen[8:]]
    fresh = FunctionalHostBatch(world, COUNT)
    fresh.restore(saved)
    assert_same([fresh.step(action) for action in chosen[8:]], expected)


def test_outcomes_and_what_was_saved_are_never_written_to(batch):
    host, world = batch
    timestep = host.reset(3)
    saved = host.save()
    before = jax.tree.map(np.copy, (timestep, saved))
    for action in actions(world, 9):
        host.step(action)
    assert_same((timestep, saved), before)


def test_a_goal_ends_an_episode_before_its_limit_does():
    world = PointCross(goal=(0.5, 0.0), goal_radius=0.3, episode_limit=30)
    host = FunctionalHostBatch(world, 2)
    first = host.reset(0)
    push = np.array([[1.0, 0.0], [0.0, 0.3]], np.float32)
    timesteps = [first, *(host.step(push) for _ in range(40))]
    ended = np.array([timestep.terminated for timestep in timesteps])
    cut = np.array([timestep.truncated for timestep in timesteps])
    assert ended[:, 0].sum() >= 2  # the first one runs into the goal again and again
    assert not ended[:, 1].any()
    assert list(np.flatnonzero(cut[:, 1])) == [30]
    begins = np.array([not timestep.is_step[0] for timestep in timesteps])
    np.testing.assert_array_equal(begins[1:], ended[:-1, 0])
    returns = np.array([timestep.episode_return[0] for timestep in timesteps])
    np.testing.assert_array_equal(returns, ended[:, 0])


def test_what_cannot_be_stepped_is_refused():
    host = FunctionalHostBatch(MAZE, COUNT)
    with pytest.raises(RuntimeError, match="no episode has begun: call reset or restore first"):
        host.step(np.zeros((COUNT, 2)))
    with pytest.raises(RuntimeError, match="no episode has begun"):
        host.save()
    sentence = "action must have shape (3, 2), got (2,)"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        host.step(np.zeros(2))
    with pytest.raises(ValueError, match="count must be an integer >= 1, got 0"):
        FunctionalHostBatch(MAZE, 0)
    host.close()
