"""Functional worlds stepped from the host: the same numbers, and resuming to the bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import (
    ActingWorld,
    FunctionalHostBatch,
    FunctionalHostWorld,
    PointCross,
    PointMaze,
    stepped_from_host,
)
from hierax.worlds import make_tabular as tabular
from hierax.worlds.named_arrays import from_named_arrays, to_named_arrays
from refusals import refuses

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


def test_timesteps_are_arrays_of_numpy_with_one_row_for_each_environment(batch):
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
    assert all(type(name) is str and type(array) is np.ndarray for name, array in saved.items())
    expected = [host.step(action) for action in chosen[8:]]
    fresh = FunctionalHostBatch(world, COUNT)
    fresh.restore(saved)
    assert_same([fresh.step(action) for action in chosen[8:]], expected)


def test_timesteps_and_what_was_saved_are_never_written_to(batch):
    host, world = batch
    timestep = host.reset(3)
    saved = host.save()
    before = jax.tree.map(np.copy, (timestep, saved))
    for action in actions(world, 9):
        host.step(action)
    assert_same((timestep, saved), before)


def test_states_of_other_batches_are_refused_and_change_nothing():
    host, same, other = (FunctionalHostBatch(MAZE, count) for count in (COUNT, COUNT, 2))
    for batch in (host, same, other):
        batch.reset(0)
    saved = host.save()
    key = "batch/timestep/observation/position"
    fewer = {name: array for name, array in saved.items() if name != key}
    refuses(lambda: host.restore(None), "dictionary of arrays", "NoneType")
    refuses(lambda: host.restore(fewer), "arrays", repr(key))
    refuses(lambda: host.restore({**saved, "more": saved["key"]}), "arrays", "'more'")
    refuses(lambda: host.restore(other.save()), "shape (3,", "(2,")
    action = actions(MAZE, 1)[0]
    assert_same(host.step(action), same.step(action))


def test_random_keys_in_a_state_are_saved():
    tree = {"a": (jax.random.key(3), jnp.arange(2)), "b": jax.random.split(jax.random.key(4), 3)}
    saved = to_named_arrays(tree)
    assert {name: array.shape for name, array in saved.items()} == {
        "a/0": (2,), "a/1": (2,), "b": (3, 2)
    }  # fmt: skip
    again = from_named_arrays(saved, jax.eval_shape(lambda: tree))
    assert jnp.array_equal(again["b"], tree["b"])
    assert jnp.array_equal(again["a"][0], tree["a"][0])


def test_leaves_with_one_name_are_refused():
    tree = {"a": {"b": np.zeros(1)}, "a/b": np.zeros(1)}
    refuses(lambda: to_named_arrays(tree), "a name of its own")


def test_a_spec_says_how_a_world_is_stepped():
    host = FunctionalHostWorld(MAZE)
    assert (MAZE.spec.stepped, host.spec.stepped, host.batch(1).spec.stepped) == (
        "jit", "host", "host"
    )  # fmt: skip
    assert host.spec == MAZE.spec
    assert not stepped_from_host(MAZE)
    assert stepped_from_host(host)


def test_a_world_without_the_methods_of_its_kind_is_refused():
    class Bare:
        spec = FunctionalHostWorld(MAZE).spec

    refuses(lambda: stepped_from_host(Bare()), "PointMaze-v0", "'host'", "Bare", "batch")
    Bare.spec = MAZE.spec
    refuses(lambda: stepped_from_host(Bare()), "PointMaze-v0", "'jit'", "Bare", "reset, step")


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
    refuses(lambda: host.step(np.zeros(2)), "action", "shape (3, 2)", "(2,)")
    refuses(lambda: FunctionalHostBatch(MAZE, 0), "count", ">= 1", "0")
    host.close()
