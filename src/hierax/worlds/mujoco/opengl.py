"""Offscreen OpenGL contexts for MuJoCo, opened when the first image is rendered.

MuJoCo itself chooses an OpenGL library on import. Here the choice is made at the first image, so
that everything except rendering works on a machine without OpenGL. A context belongs to the thread
that opened it; therefore one thread renders for all others.
"""

import atexit
import importlib
import os
import sys
import threading
from typing import Any, TypeAlias

import mujoco

from hierax.worlds.mujoco.worker_thread import WorkerThread

Context: TypeAlias = tuple[Any, mujoco.MjrContext]
"""An offscreen window, and MuJoCo's context for it."""

_SAMPLES = 4  # per pixel
_OFFSCREEN = ("egl", "osmesa")
_KNOWN = (
    "", *_OFFSCREEN, "glfw", "glx", "wgl", "cgl", "enable", "enabled", "on", "true", "1",
    "disable", "disabled", "off", "false", "0",
)  # fmt: skip
"""Values of ``MUJOCO_GL`` that MuJoCo accepts."""

render_thread = WorkerThread("rendering")
"""The thread of all rendering. Reading a state and rendering it must be one call."""
_open_contexts: dict[int, Context] = {}
_failures: dict[tuple[str, str], str] = {}
_has_opened = threading.Event()


class RenderError(RuntimeError):
    """No OpenGL context is available."""


def open_context(model: mujoco.MjModel, width: int, height: int, high_quality: bool) -> Context:
    """Open a context for images of this size. To be called in the `render_thread`.

    Raises:
        RenderError: if there is no OpenGL library or the image is too large.
    """
    requested = os.environ.get("MUJOCO_GL", "").lower().strip()
    module = module_for(requested)
    if (requested, module) in _failures:
        raise RenderError(_failures[requested, module])
    model.vis.quality.offsamples = _SAMPLES if high_quality else 0
    buffer = model.vis.global_
    buffer.offwidth, buffer.offheight = max(buffer.offwidth, width), max(buffer.offheight, height)
    window: Any = None
    try:
        window = importlib.import_module(module).GLContext(width, height)
        window.make_current()
        context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    except Exception as error:  # the OpenGL libraries raise many types
        if window is not None and _has_opened.is_set():
            window.free()
        raise RenderError(_failure(requested, module, error)) from error
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    if not _has_opened.is_set():
        atexit.register(_close_all)  # registered after EGL's own handler, so it runs before it
        _has_opened.set()
    _open_contexts[id(context)] = window, context
    return window, context


def close_context(number: int) -> None:
    """Free a context and its window, given the ``id`` of MuJoCo's context."""
    window, context = _open_contexts.pop(number)
    window.make_current()  # MuJoCo's context must be freed while its window is current
    context.free()
    window.free()


def module_for(requested: str) -> str:
    """Return MuJoCo's module with the ``GLContext`` for a value of ``MUJOCO_GL``.

    Without a value, MuJoCo would choose a window on a screen; on Linux without a screen this is
    EGL.

    Raises:
        RenderError: for an unknown value.
    """
    if requested not in _KNOWN:
        raise RenderError(f"MUJOCO_GL must be egl, osmesa, glfw or not set, got {requested!r}")
    screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if requested in _OFFSCREEN:
        return f"mujoco.{requested}"
    if not requested and not screen and sys.platform == "linux":
        return "mujoco.egl"
    return "mujoco.gl_context"


def _failure(requested: str, module: str, error: Exception) -> str:
    """Return the error message, and keep it if no context was ever opened.

    GLFW ends the process at a second attempt, so the kept message is raised instead.
    """
    message = (
        f"no OpenGL context with MUJOCO_GL={requested or '(not set)'} "
        f"({' '.join(str(error).split()) or type(error).__name__}): set MUJOCO_GL=egl (system "
        "packages libegl1 and libgl1-mesa-dri, or a graphics driver) or MUJOCO_GL=osmesa "
        "(libosmesa6)"
    )
    if not _has_opened.is_set():
        _failures[requested, module] = message
    return message


def _close_all() -> None:
    if not render_thread.is_lost:
        render_thread(lambda: [close_context(number) for number in list(_open_contexts)])
