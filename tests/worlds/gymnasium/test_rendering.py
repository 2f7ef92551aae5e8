"""Pictures of worlds of MuJoCo through Gymnasium."""

import gymnasium
import numpy as np
import pytest

from hierax.worlds import FunctionalHostWorld, PointCross
from hierax.worlds.gymnasium import HieraxVectorEnv, registration
from refusals import refuses
from worlds.mujoco.drawing import skip_without_opengl

GO = "hierax/BallGoTo3-v0"


def make(name=GO, **options):
    return gymnasium.make(name, disable_env_checker=True, **options)


def test_a_world_of_mujoco_draws_what_a_person_sees():
    skip_without_opengl()
    environment = make(render_mode="rgb_array")
    environment.reset(seed=0)
    image = environment.render()
    assert (image.shape, image.dtype) == ((360, 480, 3), np.uint8)
    again = environment.unwrapped.batch.picture()
    np.testing.assert_allclose(image.astype(int), again, atol=1)  # shadows are not exact
    environment.close()


def test_without_a_render_mode_nothing_is_drawn():
    environment = make().unwrapped
    environment.reset(seed=0)
    assert environment.render() is None


def test_a_vector_of_environments_draws_each():
    skip_without_opengl()
    vector = gymnasium.make_vec(GO, num_envs=2, render_mode="rgb_array")
    vector.reset(seed=0)
    first, second = vector.render()
    assert (first.shape, first.dtype) == ((360, 480, 3), np.uint8)
    assert (first != second).any()
    np.testing.assert_allclose(second.astype(int), vector.batch.picture(1), atol=1)
    vector.close()
    assert gymnasium.make_vec(GO, num_envs=2).render() is None


@pytest.mark.parametrize(
    ("name", "rate"), [("BallGoTo3-v0", 20), ("HumanoidWalk-v0", 40), ("AntMaze-v0", 10)]
)
def test_pictures_pass_as_fast_as_physics_does(name, rate):
    expected = {"render_modes": ["rgb_array"], "render_fps": rate}
    assert make(f"hierax/{name}").metadata == expected
    assert expected.items() <= gymnasium.make_vec(f"hierax/{name}", num_envs=1).metadata.items()


@pytest.mark.parametrize("name", ["PointCross-v0", "FourRooms-v0"])
def test_functional_worlds_are_drawn_from_above(name):
    env = gymnasium.make(f"hierax/{name}", render_mode="rgb_array")
    assert env.metadata["render_modes"] == ["rgb_array"]
    env.reset(seed=0)
    images = [env.render()]
    env.step(env.action_space.sample())
    images.append(env.render())
    assert [(image.shape, image.dtype) for image in images] == [((432, 432, 3), np.uint8)] * 2
    assert (images[0] != images[1]).any()
    assert gymnasium.make(f"hierax/{name}").unwrapped.render() is None
    with pytest.raises(gymnasium.error.ResetNeeded):
        gymnasium.make(f"hierax/{name}", render_mode="rgb_array").unwrapped.render()


def test_what_has_no_pictures_has_no_mode():
    env = HieraxVectorEnv(FunctionalHostWorld(PointCross()), 1)
    assert env.metadata["render_modes"] == []
    assert "render_fps" not in env.metadata


@pytest.mark.parametrize(("name", "mode"), [(GO, "human"), ("hierax/PointCross-v0", "human")])
def test_a_mode_that_is_not_there_is_refused(name, mode):
    parts = "render_mode", "must be None", repr(mode)
    refuses(lambda: registration.make_environment(name.split("/")[1], mode), *parts)
    refuses(lambda: gymnasium.make_vec(name, num_envs=2, render_mode=mode), *parts)
