"""For tests that draw: they are skipped where there is no OpenGL."""

import mujoco
import pytest

from hierax.worlds.mujoco.vision import DrawingError, Painter


def skip_without_opengl():
    """Skips a test on a machine that cannot draw."""
    try:
        Painter(mujoco.MjSpec().compile(), 8, 8, fine=False).close()
    except DrawingError as error:
        pytest.skip(str(error))
