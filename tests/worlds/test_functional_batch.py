"""Batches of worlds against the same episodes simulated one environment at a time."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds.functional_batch import FunctionalBatch
from hierax.worlds.world import Timestep

COUNT, STEPS = 3, 40


class Walk(NamedTuple):
    length: jax.Array
    clock: jax.Array
    place: jax.Array


@dataclasses.dataclass(frozen=True)
class Stroll:
    """A random walk that an action shifts; it terminates after 1 to 7 steps."""

    episode_limit: int = 4

    @property
    def spec(self):
        return WorldSpec("Stroll", (View("place", (1,)),), Continuous(1), self.episode_limit, True)

    def reset(self, key):
        length_key, place_key = jax.random.split(key)
        length = jax.random.randint(length_key, (), 1, 8)
        state = Walk(length, jnp.int32(0), jax.random.normal(place_key))
        return state, self._shown(state, jnp.float32(0))

    def step(self, state, action, key):
        place = state.place + action[0] + jax.random.normal(key)
        moved = Walk(state.length, state.clock + 1, place)
        return moved, self._shown(moved, place * state.clock)

    def _shown(self, state, reward):
        over = state.clock >= state.length
        return Timestep({"place": state.place[None]}, reward, over, state.place > 0)


def simulated(world, count, key, actions):
    """Each step's (place, reward, ...), simulated environment by environment."""
    keys = list(jax.random.split(key, len(actions) + 1))
    reset, step = jax.jit(world.reset), jax.jit(world.step)
    begun = [reset(k) for k in jax.random.split(keys[0], count)]
    states, shown = map(list, zip(*begun, strict=True))
    length, total = [0] * count, [np.float32(0)] * count
    rows = [[(s, 0.0, False, 0, np.float32(0)) for s in shown]]
    for key, action in zip(keys[1:], actions, strict=True):
        step_key, reset_key = jax.random.split(key)
        step_keys, reset_keys = (jax.random.split(k, count) for k in (step_key, reset_key))
        row = []
        for n in range(count):
            _, _, cut, steps, _ = rows[-1][n]
            if shown[n].terminated or cut:
                states[n], shown[n] = reset(reset_keys[n])
                length[n], total[n], steps = 0, np.float32(0), 0
            else:
                states[n], shown[n] = step(states[n], action[n], step_keys[n])
                steps, length[n] = steps + 1, length[n] + 1
                total[n] = np.float32(total[n] + np.asarray(shown[n].reward))
            cut = length[n] >= world.episode_limit and not shown[n].terminated
            row.append((shown[n], float(shown[n].reward), cut, length[n], total[n]))
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def played():
    world = Stroll()
    batch = FunctionalBatch(world, COUNT)
    actions = np.random.default_rng(0).uniform(-1, 1, (STEPS, COUNT, 1)).astype(np.float32)
    key = jax.random.key(4)
    keys = jax.random.split(key, STEPS + 1)
    step = jax.jit(batch.step)
    timesteps = [jax.jit(batch.reset)(keys[0])]
    for k, action in zip(keys[1:], actions, strict=True):
        timesteps.append(step(timesteps[-1], action, k))
    found = jax.tree.map(lambda *leaves: np.stack(leaves), *(o.timestep for o in timesteps))
    world = dataclasses.replace(world)
    return found, simulated(world, COUNT, key, actions)


def test_every_environment_goes_as_it_would_alone(played):
    found, expected = played
    for t, row in enumerate(expected):
        for n, (shown, reward, cut, length, total) in enumerate(row):
            at = (t, n)
            # Alone and side by side the compiler may contract a * b + c otherwise.
            np.testing.assert_allclose(
                found.observation["place"][at], shown.observation["place"], rtol=1e-5, atol=1e-6
            )
            assert found.reward[at] == pytest.approx(reward, rel=1e-5, abs=1e-6)
            assert found.terminated[at] == bool(shown.terminated)
            assert found.success[at] == bool(shown.success)
            assert found.truncated[at] == cut
            assert found.episode_length[at] == length
            assert found.is_step[at] == (length > 0)
            assert found.episode_return[at] == pytest.approx(total, rel=1e-4, abs=1e-5)


def test_the_step_after_an_end_begins_an_episode(played):
    found, _ = played
    np.testing.assert_array_equal(~found.is_step[1:], found.ended[:-1])
    assert (found.reward[~found.is_step] == 0).all()
    assert not found.ended[~found.is_step].any()


def test_an_end_is_of_one_kind_and_no_episode_is_longer_than_its_limit(played):
    found, _ = played
    assert found.terminated.sum() > 5
    assert found.truncated.sum() > 5
    assert not (found.terminated & found.truncated).any()
    assert found.episode_length.max() == 4
    assert (found.episode_length[found.truncated] == 4).all()
    at_the_limit = found.terminated & (found.episode_length == 4)
    assert at_the_limit.any()  # both would be true: it is over for good


def test_a_limit_of_one_step():
    batch = FunctionalBatch(Stroll(episode_limit=1), 2)
    state, step = jax.jit(batch.reset)(jax.random.key(0)), jax.jit(batch.step)
    for t in range(4):
        state = step(state, jnp.zeros((2, 1)), jax.random.key(t))
        assert (state.timestep.is_step == (t % 2 == 0)).all()
        assert (state.timestep.ended == (t % 2 == 0)).all()


def test_types_do_not_change_from_step_to_step():
    batch = FunctionalBatch(Stroll(), 2)
    first = jax.eval_shape(batch.reset, jax.random.key(0))
    step = jax.eval_shape(batch.step, first, jnp.zeros((2, 1)), jax.random.key(0))
    kinds = [jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree) for tree in (first, step)]
    assert kinds[0] == kinds[1]
    timestep = first.timestep
    assert (timestep.reward.dtype, timestep.episode_length.dtype) == (jnp.float32, jnp.int32)
