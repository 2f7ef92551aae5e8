"""MuJoCo worlds as functional worlds: the same numbers as their batches, inside `jit`."""

import jax
import jax.numpy as jnp
import numpy as np

from hierax.worlds import FunctionalBatch, FunctionalHostBatch, Rewarded, make
from hierax.worlds.mujoco import FunctionalMujoco, MujocoBatch
from refusals import refuses
from worlds.mujoco.toys import AlwaysTheSame, Slider

COUNT, STEPS = 3, 40


def test_steps_equal_those_of_batches_bit_for_bit():
    world = AlwaysTheSame()
    host = MujocoBatch(world, COUNT)
    functional = FunctionalHostBatch(FunctionalMujoco(world), COUNT)
    shown = [host.reset(0)]
    found = [functional.reset(0)]
    for action in np.random.default_rng(0).uniform(0.4, 1, (STEPS, COUNT, 1)).astype(np.float32):
        shown.append(host.step(action))
        found.append(functional.step(action))
    jax.tree.map(np.testing.assert_array_equal, found, shown)
    ends = [np.array([getattr(each, kind) for each in shown]) for kind in ("terminated", "ended")]
    assert 0 < ends[0].sum() < ends[1].sum()  # episodes ended in both ways, and others began


def test_only_resets_depend_on_keys():
    world = FunctionalMujoco(make("AntPushMid-v0"), threads=2)
    first, second = jax.random.split(jax.random.key(0))
    one, shown = jax.jit(world.reset)(first)
    again, other = (
        jax.jit(jax.vmap(world.reset))(jnp.stack([first, second]))[0][k] for k in (0, 1)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert not shown.terminated
    action = jnp.full(8, 0.3)
    moved, late = (world.step(one, action, key)[0] for key in (first, second))
    np.testing.assert_array_equal(moved, late)


def test_vmaps_can_be_nested():
    world = FunctionalMujoco(Slider())
    keys = jax.random.split(jax.random.key(1), (2, 3))
    states, _ = jax.vmap(jax.vmap(world.reset))(keys)
    actions = jnp.linspace(-1, 1, 6).reshape(2, 3, 1)
    moved, shown = jax.vmap(jax.vmap(world.step))(states, actions, keys)
    for k in np.ndindex(2, 3):
        alone, told = world.step(states[k], actions[k], keys[k])
        np.testing.assert_array_equal(alone, moved[k])
        np.testing.assert_array_equal(told.reward, shown.reward[k])
        for name, value in told.observation.items():
            np.testing.assert_array_equal(value, shown.observation[name][k])


def test_the_reward_can_be_replaced():
    world = Rewarded(FunctionalMujoco(Slider()), lambda before, action, after, reward: 2.0 * reward)
    batch, plain = FunctionalBatch(world, 2), FunctionalBatch(world.world, 2)
    key, action = jax.random.key(0), jnp.ones((2, 1))
    paid = batch.step(batch.reset(key), action, key).timestep.reward
    np.testing.assert_array_equal(
        paid, 2.0 * plain.step(plain.reset(key), action, key).timestep.reward
    )
    assert (paid != 0.0).all()


def test_threads_must_be_positive():
    refuses(lambda: FunctionalMujoco(Slider(), threads=0), "threads", ">= 1", "0")
