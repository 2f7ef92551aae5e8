"""Gymnasium environments as a host batch."""

from typing import Any

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from hierax.commands.random_actions import RandomAgent
from hierax.spec import Continuous, Discrete, View
from hierax.training.evaluation import in_both_modes, make_evaluator
from hierax.worlds.gymnasium import GymnasiumBatch, GymnasiumWorld, HieraxEnv
from hierax.worlds.point import VELOCITY_VIEW
from hierax.worlds.speed import PointSpeed
from refusals import refuses


class Clock(gymnasium.Env):
    """Shows and pays its steps; ends after 3 of them, or is cut off after 5 with action 1."""

    observation_space = spaces.Box(0.0, 100.0, (1,))
    action_space = spaces.Discrete(2)

    def __init__(self, tells_success: bool = True):
        self.time, self.tells_success = 0, tells_success

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time, self.patient = 0, True
        return self.observation(), {}

    def step(self, action):
        self.time += 1
        self.patient &= bool(action)
        ends = self.time >= 3 and not self.patient
        info = {"is_success": ends} if self.tells_success else {}
        return self.observation(), float(self.time), ends, self.time >= 5, info

    def observation(self) -> np.ndarray:
        return np.array([self.time], np.float32)


def rows(timesteps: list, field: str) -> list:
    return np.array([getattr(timestep, field) for timestep in timesteps]).T.tolist()


@pytest.fixture(scope="module")
def clocks():
    """Outcomes of 8 steps of two clocks: the first hurries, the second is patient."""
    batch = GymnasiumBatch(Clock, 2, episode_limit=50)
    return [batch.reset(0), *(batch.step(np.array([0, 1])) for _ in range(8))]


def test_after_its_last_step_an_environment_takes_one_that_begins_the_next(clocks):
    seen = np.array([timestep.observation["observation"][:, 0] for timestep in clocks]).T
    assert seen.tolist() == [[0, 1, 2, 3, 0, 1, 2, 3, 0], [0, 1, 2, 3, 4, 5, 0, 1, 2]]
    assert rows(clocks, "episode_length") == seen.tolist()
    assert rows(clocks, "is_step") == (seen > 0).tolist()
    assert rows(clocks, "reward") == seen.tolist()
    assert rows(clocks, "episode_return") == (seen * (seen + 1) / 2).tolist()


def test_ends_and_cuts_are_told_apart(clocks):
    third, fifth = [3, 7], [5]
    assert rows(clocks, "terminated") == [[t in third for t in range(9)], [False] * 9]
    assert rows(clocks, "truncated") == [[False] * 9, [t in fifth for t in range(9)]]
    assert rows(clocks, "success") == rows(clocks, "terminated")


def test_types_are_those_of_an_outcome(clocks):
    timestep = clocks[3]
    assert timestep.observation["observation"].dtype == np.float32
    assert [timestep.reward.dtype, timestep.episode_return.dtype] == [np.float32] * 2
    assert timestep.episode_length.dtype == np.int32
    masks = timestep.terminated, timestep.truncated, timestep.success, timestep.is_step
    assert all(mask.dtype == bool for mask in masks)


def test_a_step_that_ends_and_is_cut_has_ended():
    def both() -> Clock:
        env = Clock()
        env.step = lambda action: (env.observation(), 0.0, True, True, {})
        return env

    batch = GymnasiumBatch(both, 1, episode_limit=1)
    batch.reset(0)
    timestep = batch.step(np.array([0]))
    assert (timestep.terminated.item(), timestep.truncated.item()) == (True, False)


def test_a_limit_of_ones_own_cuts_off():
    batch = GymnasiumBatch(Clock, 1, episode_limit=2)
    batch.reset(0)
    timesteps = [batch.step(np.array([1])) for _ in range(4)]
    assert rows(timesteps, "truncated") == [[False, True, False, False]]
    assert rows(timesteps, "episode_length") == [[1, 2, 0, 1]]


@pytest.mark.parametrize(("name", "count"), [("CartPole-v1", 2), ("Pendulum-v1", 2)])
def test_steps_are_those_of_the_vector_environment_of_gymnasium(name, count):
    batch = GymnasiumBatch(name, count)
    vector = SyncVectorEnv(
        [lambda: gymnasium.make(name)] * count, autoreset_mode=AutoresetMode.NEXT_STEP
    )
    first, rng = batch.reset(7), np.random.default_rng(0)
    seeds = np.random.SeedSequence(7).generate_state(count).tolist()
    np.testing.assert_array_equal(first.observation["observation"], vector.reset(seed=seeds)[0])
    for _ in range(230):
        if name == "CartPole-v1":
            action = given = rng.integers(0, 2, count)
        else:
            given = rng.uniform(-1, 1, (count, 1)).astype(np.float32)
            action = 2 * given
        timestep = batch.step(given)
        observation, reward, terminated, truncated, _ = vector.step(action)
        np.testing.assert_allclose(timestep.observation["observation"], observation, atol=1e-6)
        np.testing.assert_allclose(timestep.reward, reward, rtol=1e-6)
        np.testing.assert_array_equal(timestep.terminated, terminated)
        np.testing.assert_array_equal(timestep.truncated, truncated)
    vector.close()
    batch.close()


def test_specs_of_the_classics():
    cart, pendulum = GymnasiumBatch("CartPole-v1", 1).spec, GymnasiumBatch("Pendulum-v1", 1).spec
    assert (cart.name, cart.action, cart.episode_limit) == ("CartPole-v1", Discrete(2), 500)
    assert (pendulum.action, pendulum.episode_limit) == (Continuous(1), 200)
    assert pendulum.views == (View("observation", (3,), -8.0, 8.0),)
    assert not cart.has_success
    assert GymnasiumBatch("CartPole-v1", 1, episode_limit=900).spec.episode_limit == 900


class Late(Clock):
    """Tells success in the last step of an episode, and in no other."""

    def step(self, action):
        *step, info = super().step(action)
        return *step, info if step[2] else {}


gymnasium.register("hierax-tests/Late-v0", Late)


def test_no_step_is_taken_to_read_a_spec():
    class Machine(Clock):
        def step(self, action):
            raise AssertionError("the machine moved")

    batch = GymnasiumBatch(Machine, 1, episode_limit=9)
    assert batch.spec.has_success is None
    assert not batch.tells_success


def test_success_may_be_told_by_the_last_step_alone():
    batch = GymnasiumBatch(Late, 1, episode_limit=9)
    batch.reset(0)
    seen = [(batch.step(np.array([0])).success.item(), batch.tells_success) for _ in range(4)]
    assert seen == [(False, False), (False, False), (True, True), (False, True)]
    silent = GymnasiumBatch(Clock, 1, episode_limit=9, tells_success=False)
    silent.reset(0)
    assert not silent.step(np.array([0])).success.any()
    assert not silent.tells_success


class Random(RandomAgent):
    """Random actions, for an evaluator."""

    def init(self, key, environments=1):
        return self.acting_state(key)


def test_evaluations_report_success_where_a_step_told_it():
    def found(environment, **options):
        world = GymnasiumWorld(environment, episode_limit=9)
        agent: Any = Random(world.spec)
        state = agent.init(jax.random.key(0))
        return in_both_modes(make_evaluator(agent, world, 4), [state], [0])

    assert 0.0 <= found("hierax-tests/Late-v0")["success_rate"] <= 1.0
    assert "success_rate" not in found("CartPole-v1")


def test_one_seed_gives_the_same_episodes_and_each_environment_its_own():
    batch = GymnasiumBatch("Pendulum-v1", 2)
    first, second, third = (batch.reset(seed).observation["observation"] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)
    assert not np.array_equal(first[0], first[1])


def test_a_world_there_and_back_keeps_its_views():
    batch = GymnasiumBatch(lambda: HieraxEnv(PointSpeed(episode_limit=4)), 1)
    assert batch.spec.views == (VELOCITY_VIEW,)
    assert batch.spec.episode_limit == 4
    batch.reset(0)
    timesteps = [batch.step(np.ones((1, 2))) for _ in range(5)]
    assert rows(timesteps, "truncated") == [[False, False, False, True, False]]
    np.testing.assert_allclose(timesteps[0].observation["velocity"], [[0.1, 0.1]], rtol=1e-6)


def test_outcomes_are_never_written_to():
    batch = GymnasiumBatch(Clock, 1, episode_limit=9)
    first = batch.reset(0)
    batch.step(np.array([1]))
    assert (first.observation["observation"].item(), first.episode_length.item()) == (0.0, 0)


def test_there_is_nothing_to_save():
    batch = GymnasiumBatch(Clock, 1, episode_limit=9)
    batch.reset(0)
    assert batch.save() is None
    batch.restore(None)
    assert batch.reset(0).episode_length.item() == 0


def test_what_is_no_action_is_refused():
    batch = GymnasiumBatch("Pendulum-v1", 2)
    batch.reset(0)
    given = np.array([[0.0], [np.nan]])
    refuses(lambda: batch.step(given), "action", "finite", "nan", "environment 1, entry 0")
    assert np.isfinite(batch.step(np.zeros((2, 1))).reward).all()
    clocks = GymnasiumBatch(Clock, 2, episode_limit=5)
    clocks.reset(0)
    refuses(lambda: clocks.step(np.array([2, 0])), "action", "from 0 to 1", "2", "environment 0")


def test_where_an_episode_begins_any_action_will_do():
    batch = GymnasiumBatch(Clock, 2, episode_limit=50)
    batch.reset(0)
    for _ in range(3):
        batch.step(np.array([0, 1]))
    timestep = batch.step(np.array([-1, 1]))
    assert timestep.is_step.tolist() == [False, True]


@pytest.mark.parametrize("seed", [None, -1, 1.5, "x"])
def test_what_is_no_seed_is_refused(seed):
    batch = GymnasiumBatch(Clock, 1, episode_limit=9)
    refuses(lambda: batch.reset(seed), "seed", ">= 0", repr(seed))


def test_what_makes_no_environment_is_refused():
    refuses(lambda: GymnasiumBatch(5, 1), "environment", "gymnasium.make", "5")
    refuses(lambda: GymnasiumBatch(lambda: 3, 1), "environment()", "Env", "3")


@pytest.mark.filterwarnings("ignore:.*without specifying any render mode")  # Gymnasium's own
@pytest.mark.parametrize("mode", [None, "ansi"])
def test_what_draws_no_image_is_refused(mode):
    batch = GymnasiumBatch("FrozenLake-v1", 1, render_mode=mode)
    batch.reset(0)
    given = "NoneType" if mode is None else "str"
    refuses(batch.picture, "FrozenLake-v1", "an image", given, "render_mode='rgb_array'")


def test_what_cannot_be_stepped_is_refused():
    refuses(lambda: GymnasiumBatch(Clock, 1), "episode_limit", "must be set", "Clock")
    refuses(lambda: GymnasiumBatch(Clock, 1, episode_limit=0), "episode_limit", ">= 1", "0")
    refuses(lambda: GymnasiumBatch(Clock, 0), "count", ">= 1", "0")
    batch = GymnasiumBatch(Clock, 2, episode_limit=5)
    with pytest.raises(RuntimeError, match="no episode has begun: call reset first"):
        batch.step(np.array([0, 0]))
    batch.reset(0)
    refuses(lambda: batch.step(np.zeros((2, 1))), "action", "shape (2,)", "(2, 1)")
