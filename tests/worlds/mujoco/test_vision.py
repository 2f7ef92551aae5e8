"""Images of worlds: from the body's camera for agents, and from outside for people."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds import FunctionalBatch
from hierax.worlds.mujoco import FunctionalMujoco, RenderError, opengl
from hierax.worlds.mujoco.tasks.arrangement import Arrangement
from hierax.worlds.mujoco.tasks.speed import AntSpeed
from hierax.worlds.mujoco.tasks.vision_arrangement import VisionArrangement
from hierax.worlds.mujoco.vision import Marker, Renderer
from refusals import refuses
from worlds.mujoco.acted import teleport
from worlds.mujoco.drawing import skip_without_opengl

GO = VisionArrangement("GoVision", targets=3, cells=0)
PUSH = VisionArrangement("PushVision", boxes=2, targets=2, movers=("boxes",))
FAR = (60.0, 60.0, 0.5)


@pytest.fixture(scope="module")
def needs_opengl():
    skip_without_opengl()


@pytest.fixture(scope="module")
def eye(needs_opengl):
    """Yield a function that renders markers from the ball's camera, at the origin along x."""
    batch = GO.batch(1)
    batch.reset(0)
    teleport(batch, GO.walker.standing_qpos(0.0, 0.0, 0.0))
    renderer = Renderer(GO.model, 64, 64, high_quality=False)
    row = batch.state.mjstate[0]
    yield lambda marks: renderer.render_egocentric(batch.physics.to_mjdata(row), marks).astype(int)
    renderer.close()
    batch.close()


def markers(*places, required):
    """Return the markers of three targets: the first at ``places``, the others far away."""
    task_state = {
        "targets": np.array([*places, *[FAR] * (3 - len(places))]),
        "required": np.zeros((1, 1, 3)),
    }
    task_state["required"][0, 0, required] = 1.0
    return GO.markers(task_state)


def teleport_and_look(batch, qpos):
    teleport(batch, qpos)
    return batch.picture().astype(int)


def black(image):
    return (image < 40).all(-1)


def reddish(image):
    return image[..., 0] > 1.7 * image[..., 2]


def test_the_required_target_is_black(eye):
    image = eye(markers((4.0, 0.0, 0.5), required=0))
    assert black(image).sum() > 100
    assert reddish(image).sum() == 0


def test_other_targets_have_colours(eye):
    image = eye(markers((4.0, 0.0, 0.5), required=1))
    assert black(image).sum() == 0
    assert reddish(image).sum() > 100


def test_orientation_of_images(eye):
    rows, columns = black(eye(markers((4.0, 1.5, 0.5), required=0))).nonzero()
    assert columns.max() < 32
    assert rows.max() > 32  # below the horizon, which is a little above the middle


def test_a_nearer_target_is_larger_and_hides_others(eye):
    far = black(eye(markers((6.0, 0.0, 0.5), required=0))).sum()
    near = black(eye(markers((3.0, 0.0, 0.5), required=0))).sum()
    hidden = black(eye(markers((6.0, 0.0, 0.5), (3.0, 0.0, 0.5), required=0))).sum()
    assert 0 <= hidden < far < near


def test_order_of_colour_channels(eye):
    image = eye([Marker("sphere", (3.0, 0.0, 0.8), (0.4,), (1.0, 0.0, 0.0, 1.0))])
    middle = image[20:44, 20:44].reshape(-1, 3)
    reddest = middle[(middle[:, 0] - middle[:, 1]).argmax()]
    assert reddest[0] > 3 * max(reddest[1:])


def test_vision_replaces_the_coordinates_of_targets():
    assert GO.spec.view_names == ("proprioception", "vision")
    view = GO.spec.view("vision")
    assert (view.shape, view.dtype, view.low, view.high) == ((64, 64, 3), "uint8", 0.0, 255.0)


def test_the_task_has_the_box_and_not_the_target():
    assert PUSH.spec.view_names == ("proprioception", "vision", "boxes", "task")
    for seed in range(20):
        drawn = PUSH.draw_task(np.random.default_rng(seed))
        np.testing.assert_array_equal(drawn["task"], drawn["required"][0, 1:].any(1))


def test_everything_except_vision_is_as_in_the_world_without_it(needs_opengl):
    told = Arrangement("Push", boxes=2, targets=2, movers=("boxes",)).batch(2)
    seeing = PUSH.batch(2)
    told.reset(5), seeing.reset(5)
    action = np.random.default_rng(0).uniform(-1, 1, (4, 2, 2))
    for each in action:
        one, other = told.step(each), seeing.step(each)
        np.testing.assert_array_equal(one.reward, other.reward)
        for name in ("proprioception", "boxes"):
            np.testing.assert_array_equal(one.observation[name], other.observation[name])
    seeing.close()


def test_each_environment_has_its_own_image(needs_opengl):
    both, first = GO.batch(2), GO.batch(1)
    images = both.reset(0).observation["vision"]
    assert images.shape == (2, 64, 64, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(first.reset(0).observation["vision"][0], images[0])
    assert (images[0] != images[1]).any()
    both.close(), first.close()


def test_together_is_refused_with_vision():
    fields = {"boxes": 1, "targets": 2, "movers": ("body", "boxes"), "together": True}
    refuses(lambda: VisionArrangement("AndVision", **fields), "together", "False", "True")


def test_rendering_does_not_change_the_state(needs_opengl):
    looked, blind = (Arrangement("Go", cells=0).batch(2) for _ in range(2))
    looked.reset(1), blind.reset(1)
    action = np.full((2, 2), 0.3)
    for _ in range(3):
        before = looked.state.mjstate.copy()
        assert looked.picture(1).shape == (360, 480, 3)
        np.testing.assert_array_equal(looked.state.mjstate, before)
        one, other = looked.step(action), blind.step(action)
        np.testing.assert_array_equal(looked.state.mjstate, blind.state.mjstate)
        np.testing.assert_array_equal(
            one.observation["proprioception"], other.observation["proprioception"]
        )
    looked.close()
    assert looked.picture().std() > 0  # whoever closes may look again
    looked.close()


def test_any_thread_can_render_and_close(needs_opengl):
    batch = GO.batch(1)
    seen = batch.reset(0).observation["vision"]
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            again = pool.submit(batch.reset, 0).result().observation["vision"]
            np.testing.assert_array_equal(again, seen)
            assert pool.submit(batch.picture).result().std() > 0
        pool.submit(batch.close).result()


def test_a_functional_world_renders_each_environment(needs_opengl):
    state, functional = jax.random.key(0), FunctionalBatch(FunctionalMujoco(GO), 2)
    state = jax.jit(functional.reset)(state)
    first, step = state.timestep.observation["vision"], jax.jit(functional.step)
    for number in range(3):
        state = step(state, jnp.ones((2, 2)), jax.random.key(number))
    images = np.asarray(state.timestep.observation["vision"])
    assert images.shape == (2, 64, 64, 3)
    assert (images != first).any(axis=(1, 2, 3)).all()
    assert (images[0] != images[1]).any()


def test_picture_renders_the_given_environment(needs_opengl):
    batch = Arrangement("Go", cells=0).batch(2)
    batch.reset(0)
    first, second, again = (batch.picture(number).astype(int) for number in (0, 1, 0))
    assert abs(first - second).max() > 50
    np.testing.assert_allclose(first, again, atol=1)  # shadows are not exact
    batch.close()


def test_the_camera_follows_the_body_on_an_open_floor(needs_opengl):
    world = AntSpeed("AntSpeed")
    batch = world.batch(1)
    batch.reset(0)
    teleport(batch, world.walker.standing_qpos(300.0, -200.0, 0.0))
    orange = reddish(batch.picture().astype(int))[150:210, 200:280]
    assert orange.sum() > 200
    batch.close()


@pytest.mark.parametrize(("x", "y"), [(-4.5, -4.5), (-4.5, 4.5), (4.5, -4.5), (4.5, 4.5)])
def test_the_camera_shows_the_corners_of_a_room(needs_opengl, x, y):
    world = Arrangement("Go", targets=1)
    batch = world.batch(1)
    batch.reset(0)
    away = teleport_and_look(batch, world.walker.standing_qpos(0.0, 0.0, 0.0))
    there = teleport_and_look(batch, world.walker.standing_qpos(x, y, 0.0))
    rows, columns = (abs(there - away).sum(-1) > 60).nonzero()
    seen = rows[(rows - 180) * y < 0], columns[(columns - 240) * x > 0]
    assert all(len(places) > 10 for places in seen)
    batch.close()


@pytest.mark.parametrize(
    ("asked", "screen", "module"),
    [
        ("", False, "mujoco.egl"),
        ("", True, "mujoco.gl_context"),
        ("EGL", True, "mujoco.egl"),
        ("osmesa", False, "mujoco.osmesa"),
        ("glfw", False, "mujoco.gl_context"),
        ("disabled", False, "mujoco.gl_context"),
        ("1", False, "mujoco.gl_context"),
    ],
)
def test_choice_of_the_opengl_library(monkeypatch, asked, screen, module):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if screen:
        monkeypatch.setenv("DISPLAY", ":0")
    assert opengl.module_for(asked.lower()) == module


@pytest.mark.parametrize(("asked", "told"), [("", r"\(not set\)"), ("osmesa", "osmesa")])
def test_without_opengl_the_error_says_what_to_do(monkeypatch, asked, told):
    def absent(name):
        raise ImportError(f"no library\nfor {name}")

    monkeypatch.setenv("MUJOCO_GL", asked)
    monkeypatch.setattr(opengl, "_failures", {})
    monkeypatch.setattr(opengl.importlib, "import_module", absent)
    message = rf"MUJOCO_GL={told} \(no library for mujoco.*MUJOCO_GL=egl.*libegl1.*libosmesa6"
    with pytest.raises(RenderError, match=message) as refused:
        Renderer(GO.model, 64, 64, high_quality=False)
    assert "\n" not in str(refused.value)


def test_images_do_not_depend_on_other_threads(needs_opengl):
    def look(batch):
        seen = batch.reset(0).observation["vision"]
        batch.picture()
        batch.close()
        return seen

    expected = look(GO.batch(1))
    with ThreadPoolExecutor(4) as pool:
        for seen in pool.map(look, [GO.batch(1) for _ in range(4)]):
            np.testing.assert_array_equal(seen, expected)


UNUSABLE = """
import numpy as np
from hierax.worlds import make
from hierax.worlds.mujoco import RenderError
batch = make("BallGoTo3-v0").batch(1)
batch.reset(0)
assert np.isfinite(batch.step(np.ones((1, 2))).reward).all()
for _ in range(2):
    try:
        batch.picture()
    except RenderError as error:
        print(error)
"""


def test_everything_except_rendering_works_without_opengl():
    done = subprocess.run(
        [sys.executable, "-c", UNUSABLE],
        capture_output=True, text=True, check=True, env={**os.environ, "MUJOCO_GL": "nonsense"},
    )  # fmt: skip
    told = "MUJOCO_GL must be egl, osmesa, glfw or not set, got 'nonsense'"
    assert done.stdout.splitlines() == [told, told]


def test_rendering_works_after_an_image_that_was_too_large(needs_opengl):
    with pytest.raises(RenderError, match="no OpenGL context"):
        Renderer(GO.model, 200_000, 200_000, high_quality=False)
    size = GO.model.vis.global_
    size.offwidth, size.offheight = 640, 480
    batch = GO.batch(1)
    assert batch.reset(0).observation["vision"].std() > 0
    batch.close()


@pytest.mark.slow
def test_a_program_that_rendered_exits_without_output(needs_opengl):
    lines = [
        "from hierax.worlds import make",
        "batch = make('BallGoTo3Vision-v0').batch(2)",
        "batch.reset(0)",
        "batch.picture()",
        "other = make('BallPushEasyVision-v0').batch(1)",
        "other.reset(0)",
        "del other",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
