"""Pictures of worlds of MuJoCo through Gymnasium."""

import gymnasium
import numpy as np
import pytest

import hierax.worlds.gymnasium
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


@pytest.mark.parametrize(("name", "mode"), [(GO, "human"), ("hierax/PointCross-v0", "rgb_array")])
def test_a_mode_that_is_not_there_is_refused(name, mode):
    with pytest.raises(ValueError, match=f"render_mode is '{mode}', but must be None"):
        hierax.worlds.gymnasium.registration.make_environment(name.split("/")[1], mode)
