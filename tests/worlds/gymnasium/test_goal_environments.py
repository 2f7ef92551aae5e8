"""Observations with goals, as hindsight of other libraries expects them."""

import functools
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import hierax.worlds.gymnasium  # noqa: F401 (registers the worlds)
from hierax.worlds import PointU
from hierax.worlds.gymnasium import HieraxGoalEnv, HieraxGoalVectorEnv, HostGoalEnv, environment
from refusals import refuses

KEYS = ("observation", "achieved_goal", "desired_goal")
WORLDS = {
    "PointU-v0": {},
    "RowerU-v0": {"goal": "multi", "nuisance": 2},
    "PointMaze-v0": {},
    "SpinCross-v0": {"goal": (0.4, 0.3), "goal_radius": 0.3},
    "FourRooms-v0": {"reward": "terminal"},
    "AntCross-v0": {},
    "AntMaze-v0": {},
    "AntBlock-v0": {},
    "PointFallImages-v0": {},
}
make = functools.partial(gymnasium.make, goal_observations=True)
make_vec = functools.partial(gymnasium.make_vec, goal_observations=True)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.filterwarnings("ignore:.*A Box observation space m")  # unbounded views
def test_checkers_of_gymnasium_and_of_stable_baselines3_agree(name):
    env = make(f"hierax/{name}", **WORLDS[name])
    assert isinstance(env.unwrapped, HieraxGoalEnv | HostGoalEnv)
    assert tuple(env.observation_space.spaces) == KEYS
    check_env(env.unwrapped, skip_render_check=True)
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # advice on spaces
        checker.check_env(env.unwrapped)


@pytest.mark.parametrize("name", ["RowerU-v0", "SpinCross-v0", "AntBlock-v0"])
def test_observations_are_those_of_the_world(name):
    """Everything is in the flat observation, in the order of the views."""
    plain = gymnasium.make(f"hierax/{name}", **WORLDS[name])
    goals = make(f"hierax/{name}", **WORLDS[name])
    spec = goals.unwrapped.world.spec
    goals.action_space.seed(0)
    views, (seen, _) = plain.reset(seed=3)[0], goals.reset(seed=3)
    for _ in range(12):
        flat = [views[each] for each in spec.view_names if each != spec.goal.desired]
        np.testing.assert_array_equal(seen["observation"], np.concatenate(flat))
        np.testing.assert_array_equal(seen["achieved_goal"], spec.goal.achieved_goal(views))
        np.testing.assert_array_equal(seen["desired_goal"], spec.goal.desired_goal(views))
        assert all(seen[key].dtype == np.float32 for key in KEYS)
        seen["desired_goal"][:] = 9.0  # a copy, as the others
        action = goals.action_space.sample()
        views, expected, *ends, info = plain.step(action)
        seen, reward, *also = goals.step(action)
        assert (also, reward) == ([*ends, info], pytest.approx(expected, rel=1e-6, abs=1e-6))
        if any(ends):
            break


def test_rewards_are_vectorised():
    for name, radius in (("PointMaze-v0", None), ("PointCross-v0", 1 / 6)):
        env = make(f"hierax/{name}").unwrapped
        random = np.random.default_rng(0)
        achieved, desired = random.normal(0.0, 0.2, (2, 7, 5, 2)).astype(np.float32)
        reward = env.compute_reward(achieved, desired, {})
        distance = np.linalg.norm(achieved - desired, axis=-1)
        expected = -distance if radius is None else distance < radius
        np.testing.assert_allclose(reward, expected, rtol=1e-5)


def test_many_environments_show_the_same_as_one():
    many, alone = make_vec("hierax/AntMaze-v0", num_envs=3), make("hierax/AntMaze-v0")
    assert isinstance(many, HieraxGoalVectorEnv)
    assert many.single_observation_space == alone.observation_space
    many.action_space.seed(0)
    seen, _ = many.reset(seed=1)
    for _ in range(3):
        assert seen in many.observation_space
        seen, reward, *_ = many.step(many.action_space.sample())
        computed = many.compute_reward(seen["achieved_goal"], seen["desired_goal"], {})
        np.testing.assert_array_equal(reward, computed)


def test_episodes_of_many_begin_without_a_reward_and_masks_are_honoured():
    env = make_vec("hierax/PointMaze-v0", num_envs=3, max_episode_steps=4)
    env.reset(seed=0)
    mask = np.array([True, False, True])
    for _ in range(2):
        before = env.step(np.ones((3, 2), np.float32))[0]
    after, _ = env.reset(options={"reset_mask": mask})
    assert after in env.observation_space
    for key in KEYS:
        np.testing.assert_array_equal(after[key][~mask], before[key][~mask])
        assert not np.array_equal(after[key][mask], before[key][mask])
    rewards, ends = zip(
        *((step[1], step[3]) for step in (env.step(np.ones((3, 2))) for _ in range(4))), strict=True
    )
    begins = np.roll(ends, 1, axis=0)
    begins[0] = False
    assert begins.sum() == 1
    np.testing.assert_array_equal(np.array(rewards) == 0.0, begins)


@pytest.mark.parametrize(
    "make_one",
    [
        lambda: make("hierax/PointU-v0"),
        lambda: make("hierax/RowerU-v0", goal="multi"),
        lambda: make("hierax/PointMaze-v0"),
        lambda: make("hierax/SpinCross-v0"),
        lambda: make("hierax/AntMaze-v0"),
        lambda: make_vec("hierax/PointU-v0", num_envs=2),
        lambda: make_vec("hierax/AntMaze-v0", num_envs=2),
    ],
)
def test_goals_are_set_for_an_episode(make_one):
    env = make_one()
    scale = 6.0 if "Cross" in env.unwrapped.world.spec.name else 1.0
    usual = env.reset(seed=0)[0]["desired_goal"]
    seen, _ = env.reset(seed=0, options={"goal": (7.0, 1.0)})
    for _ in range(2):
        desired = np.atleast_2d(scale * seen["desired_goal"])
        np.testing.assert_allclose(desired, np.tile([7.0, 1.0], (len(desired), 1)), rtol=1e-6)
        seen, reward, *_ = env.step(env.action_space.sample())
    computed = env.unwrapped.compute_reward(seen["achieved_goal"], seen["desired_goal"], {})
    np.testing.assert_array_equal(reward, computed)
    np.testing.assert_array_equal(env.reset(seed=0)[0]["desired_goal"], usual)


@pytest.mark.parametrize("name", ["PointU-v0", "PointMaze-v0"])
def test_a_new_goal_compiles_nothing(name):
    env, compiled = make(f"hierax/{name}").unwrapped, environment._begin._cache_size
    for x in range(6):
        env.reset(seed=x, options={"goal": (0.5 * x, 1.0)})
        env.step(np.zeros(2))
        sizes = compiled(), environment._advance._cache_size()
        if x == 0:
            first = sizes
    assert sizes == first
    refuses(lambda: env.reset(options={"goal": (0.0, 20.0)}), "goal", "[-2, 10]^2", "20")


def test_goals_of_tabular_worlds_are_set_too():
    env = make("hierax/FourRooms-v0", reward="terminal", start=(1, 1))
    tabular = env.unwrapped.world.tabular
    seen, _ = env.reset(seed=0, options={"goal": (1, 2)})
    assert not np.array_equal(seen["desired_goal"], env.reset(seed=0)[0]["desired_goal"])
    env.reset(seed=0, options={"goal": (1, 2)})
    *_, info = env.step(list(tabular.action_names).index("right"))
    assert info["is_success"]
    refuses(lambda: env.reset(options={"goal": [1, 2]}), "options", "hashable", "tuples")
    refuses(lambda: env.reset(options={"gaol": (1, 2)}), "'gaol'", "'goal'")
    refuses(lambda: env.reset(options={"size": 9}), "options", "spaces", "9")


def test_worlds_whose_goal_says_too_little_are_refused():
    refuses(lambda: make("hierax/PointSpeed-v0"), "goal_observations", "PointSpeed-v0")
    refuses(lambda: make("hierax/BallGoTo3-v0"), "goal_observations", "BallGoTo3-v0")
    refuses(lambda: make_vec("hierax/AntSpeed-v0", num_envs=2), "goal_observations", "AntSpeed-v0")
    refuses(lambda: make("hierax/FourRooms-v0"), "goal_observations", "FourRooms", "'terminal'")
    assert not hasattr(gymnasium.make("hierax/PointMaze-v0").unwrapped, "compute_reward")


@pytest.mark.slow
def test_hindsight_of_stable_baselines3_trains():
    """Soft actor-critic with hindsight goals approaches goals within a few thousand steps."""
    pytest.importorskip("stable_baselines3")
    from stable_baselines3 import SAC, HerReplayBuffer

    env = HieraxGoalEnv(PointU(goal="multi", episode_limit=50))
    model = SAC(
        "MultiInputPolicy",
        env,
        replay_buffer_class=HerReplayBuffer,
        learning_starts=1_000,
        batch_size=128,
        learning_rate=1e-3,
        gamma=0.95,
        policy_kwargs={"net_arch": [64, 64]},
        seed=0,
    )
    before = distances(env, model)
    model.learn(6_000)
    assert distances(env, model) < before - 1.0


def distances(env, model):
    """Return the mean distance from goals of the first row at the end of episodes."""
    ends = []
    for x in (2.0, 4.0, 6.0):
        seen, _ = env.reset(seed=0, options={"goal": (x, 0.0)})
        over = False
        while not over:
            seen, reward, _, over, _ = env.step(model.predict(seen, deterministic=True)[0])
        ends.append(-reward)
    return np.mean(ends)
