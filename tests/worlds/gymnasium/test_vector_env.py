"""Batches as vector environments of Gymnasium."""

import functools

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from hierax.worlds import ActingWorld, FunctionalHostWorld, make, world_names
from hierax.worlds.gymnasium import HieraxVectorEnv, HostEnv
from hierax.worlds.mujoco.mujoco_world import MujocoWorld
from hierax.worlds.registry import world_class
from refusals import refuses
from worlds.mujoco.toys import Slider


def stepped(env, steps, seed=0):
    """What a vector environment shows of random actions from a seed on."""
    env.action_space.seed(seed)
    shown = [(env.reset(seed=seed)[0],)]
    return [*shown, *(env.step(env.action_space.sample()) for _ in range(steps))]


@pytest.mark.parametrize("name", ["BallGoTo3-v0", "AntMaze-v0", "PointMaze-v0", "FourRooms-v0"])
def test_worlds_are_made_by_name_and_their_values_are_in_their_spaces(name):
    env = gymnasium.make_vec(f"hierax/{name}", num_envs=4, max_episode_steps=6)
    assert isinstance(env, HieraxVectorEnv)
    assert (env.num_envs, env.world.spec.episode_limit) == (4, 6)
    single = gymnasium.make(f"hierax/{name}", max_episode_steps=6)
    assert env.single_observation_space == single.observation_space
    assert env.single_action_space == single.action_space
    for observation, *rest in stepped(env, 14):
        assert observation in env.observation_space
        assert [len(array) for array in rest[:3]] in ([], [4, 4, 4])
    env.close()
    assert env.closed


def test_an_episode_begins_in_the_step_after_the_last_one():
    env = HieraxVectorEnv(Slider(), 3)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    before, ends = np.zeros(3, bool), 0
    for _, reward, terminated, truncated, infos in stepped(env, 40)[1:]:
        np.testing.assert_array_equal(infos["_is_success"], ~before)
        np.testing.assert_array_equal(infos["is_success"], terminated)
        assert not reward[before].any()
        before = terminated | truncated
        ends += before.sum()
    assert ends > 6


def test_gymnasium_counts_the_same_episodes():
    env = RecordEpisodeStatistics(HieraxVectorEnv(Slider(), 3))
    batch, ends = env.unwrapped.batch, 0
    env.action_space.seed(1)
    env.reset(seed=1)
    for _ in range(40):
        *_, infos = env.step(env.action_space.sample())
        timestep = batch.timestep
        over = infos.get("_episode", np.zeros(3, bool))
        np.testing.assert_array_equal(over, timestep.ended)
        if over.any():
            told = infos["episode"]
            np.testing.assert_array_equal(told["l"][over], timestep.episode_length[over])
            np.testing.assert_allclose(told["r"][over], timestep.episode_return[over], rtol=1e-5)
        ends += over.sum()
    assert ends > 6


def test_the_first_of_them_is_the_environment_alone():
    many, alone = HieraxVectorEnv(make("AntPushMid-v0"), 3), HostEnv(make("AntPushMid-v0"))
    many.action_space.seed(0)
    one, _ = alone.reset(seed=5)
    several, _ = many.reset(seed=5)
    for _ in range(20):
        for name, value in one.items():
            np.testing.assert_array_equal(several[name][0], value)
        actions = many.action_space.sample()
        one, reward, *_ = alone.step(actions[0])
        several, rewards, *_ = many.step(actions)
        assert rewards[0] == reward


@pytest.mark.parametrize("world", [Slider(), FunctionalHostWorld(make("SpinSpeed-v0"))])
def test_a_seed_decides_everything_and_without_one_numbers_go_on(world):
    env = HieraxVectorEnv(world, 2)
    first, second, third = (stepped(env, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_equal(first, second)
    with pytest.raises(AssertionError):
        np.testing.assert_equal(first, third)
    one, two = env.reset()[0], env.reset()[0]
    with pytest.raises(AssertionError):
        np.testing.assert_equal(one, two)


def test_where_an_episode_begins_any_action_will_do():
    env = HieraxVectorEnv(Slider(episode_limit=1), 2)
    env.reset(seed=0)
    refuses(lambda: env.step([[np.nan], [0.0]]), "action", "finite", "nan", "environment 0")
    env.step(np.zeros((2, 1)))
    *_, infos = env.step([[np.nan], [np.inf]])
    assert infos["_is_success"].tolist() == [False, False]


def test_what_lies_beyond_is_clipped():
    shown = []
    for size in (1.0, 1e300):
        env = HieraxVectorEnv(Slider(), 2)
        env.reset(seed=0)
        shown.append(env.step([[size], [-size]])[0])
    np.testing.assert_equal(*shown)


def test_threads_step_the_physics_and_change_no_number(monkeypatch):
    given, batch = [], MujocoWorld.batch
    monkeypatch.setattr(
        MujocoWorld,
        "batch",
        lambda self, *args, **kw: (given.append(kw), batch(self, *args, **kw))[1],
    )
    made = [gymnasium.make_vec("hierax/BallGoTo3-v0", num_envs=4, threads=n) for n in (1, 2)]
    assert given == [{"threads": 1}, {"threads": 2}]
    np.testing.assert_equal(stepped(made[0], 3), stepped(made[1], 3))
    vector = functools.partial(gymnasium.make_vec, num_envs=4)
    refuses(lambda: vector("hierax/BallGoTo3-v0", threads=0), "threads", ">= 1", "0")
    refuses(lambda: vector("hierax/FourRooms-v0", threads=2), "threads of FourRooms", "None", "2")


@pytest.mark.parametrize("name", ["BallGoTo3-v0", "PointMaze-v0"])
def test_the_limit_is_that_of_gymnasium_beyond_that_of_the_world_too(name):
    longer = make(name).spec.episode_limit + 3
    many = gymnasium.make_vec(f"hierax/{name}", num_envs=2, max_episode_steps=longer)
    alone = gymnasium.make(f"hierax/{name}", max_episode_steps=longer)
    assert many.spec.kwargs["max_episode_steps"] == alone.spec.max_episode_steps == longer
    many.reset(seed=0)
    alone.reset(seed=0)
    action = np.zeros((2, 2), np.float32)
    cut = [(many.step(action)[3][0], alone.step(action[0])[3]) for _ in range(longer)]
    assert cut == [(False, False)] * (longer - 1) + [(True, True)]
    refuses(
        lambda: gymnasium.make_vec(f"hierax/{name}", num_envs=2, episode_limit=5),
        "'episode_limit'",
        "max_episode_steps",
    )


def test_specs_of_gymnasium_have_the_limits_of_the_worlds():
    for name in world_names():
        kind = world_class(name) or ActingWorld
        assert gymnasium.spec(f"hierax/{name}").max_episode_steps == kind.episode_limit


@pytest.mark.parametrize(
    "world", [make("BallGoTo3-v0"), FunctionalHostWorld(make("PointMaze-v0"))], ids=["host", "jit"]
)
def test_a_mask_resets_some_environments(world):
    env, whole = HieraxVectorEnv(world, 3), HieraxVectorEnv(world, 3)
    mask = np.array([True, False, True])
    with pytest.raises(gymnasium.error.ResetNeeded, match="without a mask"):
        env.reset(options={"reset_mask": mask})
    stepped(env, 4)
    before = env.step(np.zeros((3, 2)))[0]
    after, _ = env.reset(seed=7, options={"reset_mask": mask})
    fresh, _ = whole.reset(seed=7)
    for name, array in after.items():
        np.testing.assert_array_equal(array[mask], fresh[name][mask])
        np.testing.assert_array_equal(array[~mask], before[name][~mask])
    env.step(np.zeros((3, 2)))
    assert env.batch.step(np.zeros((3, 2))).episode_length.tolist() == [2, 7, 2]
    for wrong in ([True] * 3, np.ones(2, bool), np.ones(3), np.zeros(3, bool)):
        refuses(lambda wrong=wrong: env.reset(options={"reset_mask": wrong}), "reset_mask", "(3,)")
    refuses(lambda: env.reset(options={"reset_mask": mask, "goal": 1}), "options", "'goal'")


def test_options_of_a_reset_are_fields_of_the_world():
    far, near = {"goal": (8.0, 8.0)}, {"goal": (8.0, 0.0)}
    for env in (
        gymnasium.make("hierax/PointMaze-v0"),
        gymnasium.make("hierax/AntMaze-v0"),
        gymnasium.make_vec("hierax/PointMaze-v0", num_envs=2),
    ):
        goals = [np.ravel(env.reset(options=goal)[0]["goal"])[:2] for goal in (far, near, None)]
        np.testing.assert_array_equal(goals[:2], [far["goal"], near["goal"]])
        assert not np.array_equal(goals[2], near["goal"])
        refuses(lambda env=env: env.reset(options={"gaol": (8.0, 8.0)}), "'gaol'", "'goal'")
    boxes = gymnasium.make("hierax/BallGoTo3-v0")
    refuses(lambda: boxes.reset(options={"targets": 5}), "options", "spaces", "5")


def test_whole_numbers_of_numpy_are_seeds():
    env = HieraxVectorEnv(Slider(), 2)
    np.testing.assert_equal(env.reset(seed=np.int64(4)), env.reset(seed=4))


def test_worlds_without_success_say_nothing_of_it():
    assert stepped(gymnasium.make_vec("hierax/AntSpeed-v0", num_envs=2), 1)[1][-1] == {}


def test_values_may_be_written_to():
    env = HieraxVectorEnv(Slider(), 2)
    observation, _ = env.reset(seed=0)
    flag = observation["flag"].copy()
    observation["flag"][:] = 9.0
    shown, *arrays = env.step(np.zeros((2, 1)))[:4]
    np.testing.assert_array_equal(shown["flag"], flag)
    for array in arrays:
        array[:] = 1
    *_, terminated, truncated, _ = env.step(np.zeros((2, 1)))
    assert not (terminated | truncated).any()


def test_what_cannot_be_done_is_refused():
    env = HieraxVectorEnv(Slider(), 2)
    with pytest.raises(gymnasium.error.ResetNeeded, match="no episode has begun: call reset first"):
        env.step(np.zeros((2, 1)))
    refuses(lambda: env.reset(seed=[1, 2]), "seed", ">= 0", "[1, 2]")
    env.reset(seed=0)
    for action, *parts in (
        (np.zeros((3, 1)), "action", "shape (2, 1)", "(3, 1)"),
        ([["a"], ["b"]], "action", "real numbers"),
        ([[np.nan], [0.0]], "action", "finite", "nan", "environment 0, entry 0"),
    ):
        refuses(lambda action=action: env.step(action), *parts)
    refuses(lambda: HieraxVectorEnv(Slider(), 0), "num_envs", ">= 1", "0")
    refuses(
        lambda: gymnasium.make_vec("hierax/BallGoTo3-v0", num_envs=2, colour="red"),
        "BallGoTo3-v0",
        "'colour'",
        "episode_limit",
    )
