"""Worlds that are stepped from the host as Gymnasium environments."""

import subprocess
import sys
import textwrap

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from hierax.registry import MUJOCO, worlds_of
from hierax.worlds import make
from hierax.worlds.gymnasium import GymnasiumBatch, HostEnv
from hierax.worlds.mujoco import MujocoBatch
from refusals import refuses
from worlds.mujoco.drawing import skip_without_opengl
from worlds.mujoco.toys import Slider

ENTRIES = worlds_of(MUJOCO)
ONE_OF_EACH = sorted({entry.target: name for name, entry in ENTRIES.items()}.values())
OTHERS = [name for name in ENTRIES if name not in ONE_OF_EACH]


# Distances and velocities have no bounds, as in Gymnasium's own environments of MuJoCo.
@pytest.mark.filterwarnings("ignore:.*A Box observation space (min|max)imum value is")
@pytest.mark.filterwarnings("ignore:.*BallGap-v0 is out of date")
@pytest.mark.parametrize(
    "name", [*ONE_OF_EACH, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_every_world_passes_the_checker_of_gymnasium(name):
    if "Vision" in name:
        skip_without_opengl()
    env = gymnasium.make(f"hierax/{name}")
    assert isinstance(env.unwrapped, HostEnv)
    assert env.unwrapped.world == make(name)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_an_environment_steps_as_a_batch_of_one_does():
    env = HostEnv(Slider())
    observation, info = env.reset(seed=3)
    assert info == {}
    seed = int(np.random.default_rng(np.random.SeedSequence(3)).integers(2**32))
    batch = MujocoBatch(Slider(), 1)
    shown = batch.reset(seed)
    ends = {}
    while not ends:
        for name, value in shown.observation.items():
            np.testing.assert_array_equal(observation[name], value[0])
        observation, reward, terminated, truncated, info = env.step(np.ones(1, np.float32))
        shown = batch.step(np.ones((1, 1)))
        assert reward == shown.reward[0]
        assert (terminated, truncated) == (shown.terminated[0], shown.truncated[0])
        assert info == {"is_success": shown.success[0]}
        ends = {"terminated": terminated} if terminated or truncated else {}
    assert ends == {"terminated": True}


def test_without_a_seed_random_numbers_go_on():
    env = gymnasium.make("hierax/BallGoTo3-v0")
    one, two, again = (env.reset(seed=seed)[0]["targets"] for seed in (0, None, 0))
    assert (one != two).any()
    np.testing.assert_array_equal(one, again)


def test_the_limit_of_the_world_truncates():
    env = HostEnv(make("BallGoTo3-v0", targets=1, episode_limit=4))
    env.reset(seed=0)
    assert [env.step(np.zeros(2, np.float32))[3] for _ in range(4)] == [False] * 3 + [True]
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset first"):
        env.step(np.zeros(2, np.float32))


def test_a_step_needs_a_beginning():
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset first"):
        HostEnv(Slider()).step(np.zeros(1))


@pytest.mark.parametrize(
    ("action", "parts"),
    [
        (np.zeros(3), ("action", "shape (2,)", "(3,)")),
        (0.0, ("action", "shape (2,)", "()")),
        ("left", ("action", "real numbers", "'left'")),
        ([np.nan, 0.0], ("action", "finite", "nan")),
    ],
)
def test_what_is_no_action_is_refused(action, parts):
    env = HostEnv(make("BallGoTo3-v0"))
    env.reset(seed=0)
    refuses(lambda: env.step(action), *parts)


def test_observations_may_be_written_to():
    env = HostEnv(Slider())
    observation, _ = env.reset(seed=0)
    flag = observation["flag"].copy()
    observation["flag"][:] = 9.0
    np.testing.assert_array_equal(env.step(np.zeros(1))[0]["flag"], flag)


def test_a_host_batch_of_it_knows_its_limit_and_success():
    batch = GymnasiumBatch("hierax/BallGoTo3-v0", 2, targets=2)
    assert (batch.spec.episode_limit, batch.spec.has_success) == (400, True)
    assert batch.spec.views == make("BallGoTo3-v0", targets=2).spec.views


@pytest.mark.slow
def test_sac_of_stable_baselines3_trains_through_plain_gymnasium():
    pytest.importorskip("stable_baselines3")
    program = """
        import gymnasium, numpy
        from stable_baselines3 import SAC

        env = gymnasium.make("hierax.worlds.gymnasium:hierax/BallGoTo3-v0")
        sac = SAC("MultiInputPolicy", env, seed=0, learning_starts=200, verbose=0)
        before = [parameter.detach().clone() for parameter in sac.policy.parameters()]
        sac.learn(2_000)
        changed = [bool((a != b).any()) for a, b in zip(before, sac.policy.parameters())]
        assert all(bool(parameter.isfinite().all()) for parameter in sac.policy.parameters())
        action, _ = sac.predict(env.reset(seed=1)[0], deterministic=True)
        print(sac.num_timesteps, all(changed), action in env.action_space)
    """
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout.split() == ["2000", "True", "True"], finished.stderr
