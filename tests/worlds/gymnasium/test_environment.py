"""Every world as a Gymnasium environment."""

import functools
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import hierax.worlds.gymnasium as adapters
from hierax.registry import MUJOCO, worlds_of
from hierax.worlds import PointCross, make, world_names
from hierax.worlds.gymnasium import HieraxEnv
from refusals import refuses


def episode(env: gymnasium.Env, seed: int, steps: int) -> list:
    """Everything that an episode of seeded actions shows, and one that goes on without a seed."""
    env.action_space.seed(0)
    shown = [env.reset(seed=seed)[0]]
    for _ in range(steps):
        observation, reward, *_ = env.step(env.action_space.sample())
        shown += [observation, reward]
    return [*shown, env.reset()[0]]


@pytest.mark.parametrize("name", [name for name in world_names() if name not in worlds_of(MUJOCO)])
@pytest.mark.filterwarnings("ignore:.*A Box observation space maximum value is")  # of a time
def test_every_functional_world_passes_the_checker_of_gymnasium(name):
    # Warnings are errors here. No world draws itself yet.
    env = gymnasium.make(f"hierax/{name}")
    check_env(env.unwrapped, skip_render_check=True)
    assert isinstance(env.unwrapped, HieraxEnv)
    assert env.unwrapped.world.spec.name == name


@pytest.mark.parametrize("name", ["SpinCross-v0", "PointMaze-v0", "FourRooms-v0"])
def test_spaces_are_those_of_the_spec(name):
    env, spec = HieraxEnv(make(name)), make(name).spec
    assert set(env.observation_space.spaces) == set(spec.view_names)
    observation, _ = env.reset(seed=0)
    for view in spec.views:
        space = env.observation_space[view.name]
        assert observation[view.name] in space
        if view.dtype == "float32":
            assert (space.shape, space.dtype) == (view.shape, np.float32)
            assert space.low.min() == np.float32(view.low)
        else:
            assert (space.start, space.n) == (view.low, view.high - view.low + 1)
    assert env.action_space.shape == spec.action.shape


@pytest.mark.parametrize("world", [make("SpinCross-v0"), make("FourRooms-v0", start=None)])
def test_a_seed_decides_everything(world):
    first, second, third = (episode(HieraxEnv(world), seed, 5) for seed in (1, 1, 2))
    np.testing.assert_equal(first, second)
    with pytest.raises(AssertionError):
        np.testing.assert_equal(first, third)


def test_the_limit_of_the_world_truncates_and_the_goal_terminates():
    env = gymnasium.make(
        "hierax/PointCross-v0", goal=(0.5, 0.0), goal_radius=0.2, max_episode_steps=12
    )
    env.reset(seed=0)
    for step in range(12):
        *_, terminated, truncated, info = env.step(np.array([0.0, 1.0], np.float32))
        assert (terminated, truncated, info) == (False, step == 11, {"is_success": False})
    env.reset()
    while not terminated:
        _, reward, terminated, truncated, info = env.step(np.array([1.0, 0.0], np.float32))
        assert not truncated
    assert (reward, info) == (1.0, {"is_success": True})


def test_worlds_without_success_say_nothing_of_it():
    env = HieraxEnv(make("PointSpeed-v0"))
    env.reset(seed=0)
    *_, info = env.step(env.action_space.sample())
    assert info == {}


def test_observations_may_be_written_to():
    env = HieraxEnv(PointCross())
    observation, _ = env.reset(seed=0)
    observation["position"][:] = 7.0
    after, *_ = env.step(np.zeros(2))
    assert np.abs(after["position"]).max() < 1


def test_a_step_needs_an_episode_that_goes_on():
    needed = pytest.raises(gymnasium.error.ResetNeeded, match="call reset first")
    env = HieraxEnv(make("FourRooms-v0", episode_limit=2))
    with needed:
        env.step(0)
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(2)] == [False, True]
    with needed:
        env.step(0)
    env.reset()
    env.step(0)
    env = HieraxEnv(PointCross(goal=(0.1, 0.0), goal_radius=5.0))
    env.reset(seed=0)
    assert env.step(np.zeros(2))[2]
    with needed:
        env.step(np.zeros(2))


def test_what_is_no_action_is_refused_and_changes_nothing():
    env = HieraxEnv(make("PointCross-v0"))
    before, _ = env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action .*finite.*nan at entry 0"):
        env.step([np.nan, 0.0])
    with pytest.raises(ValueError, match=r"action .*shape \(2,\).*\(3,\)"):
        env.step(np.zeros(3))
    after, *_ = env.step(np.zeros(2))
    np.testing.assert_allclose(after["position"], before["position"], atol=0.1)


@pytest.mark.parametrize("name", ["PointMaze-v0", "AntMaze-v0"])
def test_flat_observations_are_the_views_in_the_order_of_the_spec(name):
    env = gymnasium.make(f"hierax/{name}")
    flat = gymnasium.wrappers.FlattenObservation(env)
    views, _ = env.reset(seed=0)
    expected = np.concatenate([views[each] for each in make(name).spec.view_names], axis=None)
    np.testing.assert_array_equal(flat.reset(seed=0)[0], expected)
    many = gymnasium.make_vec(f"hierax/{name}", num_envs=2)
    for space in (env.observation_space, many.single_observation_space, many.observation_space):
        assert tuple(space.spaces) == make(name).spec.view_names


def test_registering_twice_is_registering_once():
    before = dict(gymnasium.registry)
    adapters.register()
    gymnasium.register_envs(adapters)
    assert dict(gymnasium.registry) == before
    assert {f"hierax/{name}" for name in world_names()} <= set(before)


def test_the_module_in_front_of_the_id_is_import_enough():
    program = (
        "import gymnasium\n"
        "name = 'hierax.worlds.gymnasium:hierax/PointSpeed-v0'\n"
        "env = gymnasium.make(name, max_episode_steps=3)\n"
        "env.reset(seed=0)\n"
        "print([env.step(env.action_space.sample())[3] for _ in range(3)])\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.stdout.strip() == "[False, False, True]", finished.stderr


def test_options_that_a_world_lacks_are_refused():
    refuses(
        lambda: gymnasium.make("hierax/PointSpeed-v0", goal=(0.0, 0.0)),
        "PointSpeed-v0",
        "'goal'",
        "episode_limit",
    )


@pytest.mark.parametrize("name", ["PointSpeed-v0", "BallGoTo3-v0", "FourRooms-v0"])
@pytest.mark.parametrize("option", ["world", "name"])
def test_no_option_makes_another_world_than_that_of_the_id(name, option):
    options = {option: "AntMaze-v0"}
    for build in (gymnasium.make, functools.partial(gymnasium.make_vec, num_envs=2)):
        refuses(
            lambda build=build: build(f"hierax/{name}", **options), name, repr(option), "the id"
        )
