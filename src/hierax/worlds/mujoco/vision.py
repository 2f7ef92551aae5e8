"""Images of worlds: from a free camera for people, and from a body's own camera for agents."""

import weakref
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import mujoco
import numpy as np
from jaxtyping import UInt8

from hierax.spec import View
from hierax.worlds.mujoco.opengl import close_context, open_context, render_thread

Image: TypeAlias = UInt8[np.ndarray, "height width 3"]

EGOCENTRIC = "egocentric"
"""Name of a body's camera."""
VISION = View("vision", (64, 64, 3), 0.0, 255.0, "uint8")
"""View with the image of the body's camera; batches render it."""

GOAL_COLOUR = (0.22, 0.60, 0.42)
MAX_MARKERS = 100
"""Largest number of markers in an image."""
_TYPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
}


class Marker(NamedTuple):
    """A shape that is rendered but has no physics, such as a target.

    Attributes:
        type: a box along the axes, a sphere, or an upright cylinder.
        pos: ``(3,)`` its centre (m).
        size: half edges; radius; or radius and half height (m).
        rgba: red, green, blue and opacity, from 0 to 1.
    """

    type: Literal["box", "sphere", "cylinder"]
    pos: Sequence[float]
    size: Sequence[float]
    rgba: Sequence[float]


class Camera(NamedTuple):
    """A free camera, with the parameters of MuJoCo's ``MjvCamera``.

    Attributes:
        distance: from the point that it looks at (m).
        elevation: of the line of sight (degrees), negative for a camera that looks down.
        azimuth: direction of the line of sight from above (degrees), 90 along y.
        lookat: the point that it looks at (m); None follows the body's torso.
    """

    distance: float
    elevation: float = -40.0
    azimuth: float = 90.0
    lookat: tuple[float, float, float] | None = None


class Renderer:
    """A renderer of one model with images of one size. It can be used from any thread.

    Args:
        model: compiled model.
        width: of the images (pixels).
        height: of the images (pixels).
        high_quality: render shadows and smooth edges, which takes several times as long.

    Raises:
        RenderError: if there is no OpenGL library or the image is too large.
    """

    def __init__(self, model: mujoco.MjModel, width: int, height: int, *, high_quality: bool):
        self._model, self._rectangle = model, mujoco.MjrRect(0, 0, width, height)
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + model.nsite + MAX_MARKERS)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = high_quality
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        self._options = mujoco.MjvOption()
        self._window, self._context = render_thread(
            open_context, model, width, height, high_quality
        )
        self.close = weakref.finalize(
            self, render_thread.call_later, close_context, id(self._context)
        )
        self.close.atexit = False  # `opengl` closes all contexts at exit

    def render_egocentric(self, data: mujoco.MjData, markers: Sequence[Marker] = ()) -> Image:
        """Return the image of the body's camera."""
        camera = mujoco.MjvCamera()
        camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        camera.fixedcamid = self._model.camera(EGOCENTRIC).id
        return render_thread(self._render, data, camera, markers)

    def render(self, data: mujoco.MjData, camera: Camera, markers: Sequence[Marker] = ()) -> Image:
        """Return the image of a free camera."""
        free = mujoco.MjvCamera()
        free.lookat = _torso(data) if camera.lookat is None else camera.lookat
        data.light_xpos[:] += free.lookat  # so that the shadows cover the visible region
        free.distance, free.azimuth, free.elevation = (
            camera.distance,
            camera.azimuth,
            camera.elevation,
        )
        return render_thread(self._render, data, free, markers)

    def _render(
        self, data: mujoco.MjData, camera: mujoco.MjvCamera, markers: Sequence[Marker]
    ) -> Image:
        scene = self._scene
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self._model, data, self._options, None, camera, everything, scene)
        for marker in markers:
            _add(scene, marker)
        self._window.make_current()
        mujoco.mjr_render(self._rectangle, scene, self._context)
        image = np.empty((self._rectangle.height, self._rectangle.width, 3), np.uint8)
        mujoco.mjr_readPixels(image, None, self._rectangle, self._context)
        return image[::-1].copy()  # OpenGL's first row is the lowest


def _add(scene: mujoco.MjvScene, marker: Marker) -> None:
    size = np.zeros(3)
    size[: len(marker.size)] = marker.size
    geom = scene.geoms[scene.ngeom]
    mujoco.mjv_initGeom(
        geom, _TYPES[marker.type], size, np.asarray(marker.pos, float),
        np.eye(3).ravel(), np.asarray(marker.rgba, np.float32),
    )  # fmt: skip
    geom.category = mujoco.mjtCatBit.mjCAT_DECOR  # casts no shadow
    scene.ngeom += 1


def _torso(data: mujoco.MjData) -> np.ndarray:
    """Return the torso's position, or the centre of mass if there is no sensor ``torso``."""
    if mujoco.mj_name2id(data.model, mujoco.mjtObj.mjOBJ_SENSOR, "torso") < 0:
        return data.subtree_com[0]
    return data.sensor("torso").data
