"""Pictures of worlds: from outside for people, and through a body's own eye for agents.

MuJoCo draws by OpenGL, and needs no screen for it. Which OpenGL is asked for when the first picture
is drawn, not when MuJoCo is imported: a machine without any can do all but draw. OpenGL answers
only the thread that it was opened in, so one thread draws for all others.
"""

import atexit
import importlib
import os
import sys
import threading
import weakref
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import mujoco
import numpy as np
from jaxtyping import UInt8

from hierax.spec import View
from hierax.worlds.mujoco.one_thread import OneThread

Image: TypeAlias = UInt8[np.ndarray, "height width 3"]

EYE = "egocentric"
"""The camera of a body."""
VISION = View("vision", (64, 64, 3), 0.0, 255.0, "uint8")
"""The view of a world in which agents see by their body's eye; batches draw it."""

GOAL_COLOUR = (0.22, 0.60, 0.42)
MOST_MARKS = 100
"""In a picture."""
_SMOOTH = 4  # samples for a pixel
_WITHOUT_SCREEN = ("egl", "osmesa")
_WORDS = (
    "", *_WITHOUT_SCREEN, "glfw", "glx", "wgl", "cgl", "enable", "enabled", "on", "true", "1",
    "disable", "disabled", "off", "false", "0",
)  # fmt: skip
"""What MuJoCo knows as ``MUJOCO_GL``."""
_SHAPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "disc": mujoco.mjtGeom.mjGEOM_CYLINDER,
}

drawing = OneThread("drawing")
"""Where all is drawn; what reads a state and draws it belongs into one call."""
_open_windows: dict[int, tuple[Any, mujoco.MjrContext]] = {}
_refusals: dict[tuple[str, str], str] = {}
_has_drawn = threading.Event()


class DrawingError(RuntimeError):
    """There is no OpenGL to draw with."""


class Mark(NamedTuple):
    """Something that is seen and cannot be touched: a place that counts in an episode.

    Attributes:
        shape: a box along the axes, a ball, or an upright cylinder.
        place: of its centre.
        size: half of the edges; radius; or radius and half of the height.
        colour: red, green, blue and opacity, from 0 to 1.
    """

    shape: Literal["box", "sphere", "disc"]
    place: Sequence[float]
    size: Sequence[float]
    colour: Sequence[float]


class Outlook(NamedTuple):
    """From where people see a world.

    Attributes:
        distance: from what is looked at (m).
        elevation: of the gaze, below 0 where it goes down (degrees).
        azimuth: direction of the gaze from above, 90 along y (degrees).
        at: what is looked at; None follows the body's torso.
    """

    distance: float
    elevation: float = -40.0
    azimuth: float = 90.0
    at: tuple[float, float, float] | None = None


class Painter:
    """Draws the environments of one model, in pictures of one size; any thread may ask for them.

    Args:
        model: what is drawn.
        width: of pictures, in pixels.
        height: of pictures, in pixels.
        fine: whether things throw shadows and have smooth edges; without, it takes a fraction of
            the time.

    Raises:
        DrawingError: where there is no OpenGL.
    """

    def __init__(self, model: mujoco.MjModel, width: int, height: int, *, fine: bool):
        self._model, self._rectangle = model, mujoco.MjrRect(0, 0, width, height)
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + model.nsite + MOST_MARKS)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = fine
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        self._options = mujoco.MjvOption()
        self._window, self._canvas = drawing(_open, model, width, height, fine)
        self.close = weakref.finalize(self, drawing.later, _shut, id(self._canvas))
        self.close.atexit = False  # `_shut_all` is

    def through_eye(self, data: mujoco.MjData, marks: Sequence[Mark] = ()) -> Image:
        """What the body sees."""
        camera = mujoco.MjvCamera()
        camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        camera.fixedcamid = self._model.camera(EYE).id
        return drawing(self._draw, data, camera, marks)

    def from_outside(
        self, data: mujoco.MjData, outlook: Outlook, marks: Sequence[Mark] = ()
    ) -> Image:
        """What a person sees."""
        camera = mujoco.MjvCamera()
        camera.lookat = _torso(data) if outlook.at is None else outlook.at
        data.light_xpos[:] += camera.lookat  # so that shadows are thrown where one looks
        camera.distance, camera.azimuth = outlook.distance, outlook.azimuth
        camera.elevation = outlook.elevation
        return drawing(self._draw, data, camera, marks)

    def _draw(self, data: mujoco.MjData, camera: mujoco.MjvCamera, marks: Sequence[Mark]) -> Image:
        scene = self._scene
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self._model, data, self._options, None, camera, everything, scene)
        for mark in marks:
            _add(scene, mark)
        self._window.make_current()
        mujoco.mjr_render(self._rectangle, scene, self._canvas)
        image = np.empty((self._rectangle.height, self._rectangle.width, 3), np.uint8)
        mujoco.mjr_readPixels(image, None, self._rectangle, self._canvas)
        return image[::-1].copy()  # OpenGL counts rows from below


def _add(scene: mujoco.MjvScene, mark: Mark) -> None:
    size = np.zeros(3)
    size[: len(mark.size)] = mark.size
    geom = scene.geoms[scene.ngeom]
    mujoco.mjv_initGeom(
        geom, _SHAPES[mark.shape], size, np.asarray(mark.place, float),
        np.eye(3).ravel(), np.asarray(mark.colour, np.float32),
    )  # fmt: skip
    geom.category = mujoco.mjtCatBit.mjCAT_DECOR  # which throws no shadow
    scene.ngeom += 1


def _torso(data: mujoco.MjData) -> np.ndarray:
    """Where the body is; the middle of all that moves where the model has no such sensor."""
    if mujoco.mj_name2id(data.model, mujoco.mjtObj.mjOBJ_SENSOR, "torso") < 0:
        return data.subtree_com[0]
    return data.sensor("torso").data


def _open(
    model: mujoco.MjModel, width: int, height: int, fine: bool
) -> tuple[Any, mujoco.MjrContext]:
    """A window that is nowhere on a screen, and what MuJoCo draws into there."""
    asked = os.environ.get("MUJOCO_GL", "").lower().strip()
    module = _module(asked)
    if (asked, module) in _refusals:
        raise DrawingError(_refusals[asked, module])
    model.vis.quality.offsamples = _SMOOTH if fine else 0
    most = model.vis.global_
    most.offwidth, most.offheight = max(most.offwidth, width), max(most.offheight, height)
    window: Any = None
    try:
        window = importlib.import_module(module).GLContext(width, height)
        window.make_current()
        canvas = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    except Exception as error:  # whatever the libraries beneath raise
        if window is not None and _has_drawn.is_set():
            window.free()
        raise DrawingError(_refused(asked, module, error)) from error
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, canvas)
    if not _has_drawn.is_set():
        atexit.register(_shut_all)  # now that EGL is open, as windows have to go before it does
        _has_drawn.set()
    _open_windows[id(canvas)] = window, canvas
    return window, canvas


def _refused(asked: str, module: str, error: Exception) -> str:
    """The sentence; kept where nothing was ever drawn, as GLFW ends a process that asks again."""
    sentence = (
        f"nothing can be drawn with MUJOCO_GL={asked or '(not set)'}, since "
        f"{' '.join(str(error).split()) or type(error).__name__}: set MUJOCO_GL=egl (system "
        "packages libegl1 and libgl1-mesa-dri, or the driver of a graphics card) or "
        "MUJOCO_GL=osmesa (libosmesa6)"
    )
    if not _has_drawn.is_set():
        _refusals[asked, module] = sentence
    return sentence


def _module(asked: str) -> str:
    """The module of MuJoCo whose windows are to be drawn in.

    MuJoCo itself chooses when it is imported, and without a word it chooses a screen.
    """
    if asked not in _WORDS:
        raise DrawingError(f"MUJOCO_GL is {asked!r}, but must be egl, osmesa, glfw or not set")
    screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if asked in _WITHOUT_SCREEN:
        return f"mujoco.{asked}"
    if not asked and not screen and sys.platform == "linux":
        return "mujoco.egl"
    return "mujoco.gl_context"


def _shut(canvas: int) -> None:
    """Lets go of a window and its canvas, which has to go while its window is the current one."""
    window, held = _open_windows.pop(canvas)
    window.make_current()
    held.free()
    window.free()


def _shut_all() -> None:
    if not drawing.left_behind:
        drawing(lambda: [_shut(canvas) for canvas in list(_open_windows)])
