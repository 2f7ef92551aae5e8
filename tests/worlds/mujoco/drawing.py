"""Helper for tests that render: they are skipped without OpenGL."""

import mujoco
import pytest

from hierax.worlds.mujoco.opengl import RenderError
from hierax.worlds.mujoco.vision import Renderer


def skip_without_opengl():
    """Skip the test on a machine that cannot render."""
    try:
        Renderer(mujoco.MjSpec().compile(), 8, 8, high_quality=False).close()
    except RenderError as error:
        pytest.skip(str(error))
