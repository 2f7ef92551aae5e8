"""Warnings while a command runs: those of this package look like its other messages."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from hierax.cli import main

CAMERA = '''
import warnings

import gymnasium
import numpy as np
from gymnasium import spaces


class Camera(gymnasium.Env):
    """Shows a picture and a clock, and warns of its own age."""

    observation_space = spaces.Dict(
        {
            "picture": spaces.Box(0, 255, (4, 4, 3), np.uint8),
            "clock": spaces.Box(0, 2**60, (1,), np.int64),
        }
    )
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self):
        warnings.warn("this camera is old")


gymnasium.register("Camera-v0", Camera, max_episode_steps=5)
'''
COMMANDS = [
    "plan auto cube.npz --tolerance 0",
    "train td3 camera:Camera-v0 --steps 5 --run taken",
]
"""Both are refused, but late: after the model is read, and after the agent is made."""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The lines on the error stream of two commands, outside of the hooks of these tests."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "camera.py").write_text(CAMERA)
    (folder / "taken").mkdir()
    (folder / "taken" / "notes.txt").write_text("")
    rows = np.random.default_rng(0).dirichlet(np.ones(3), (3, 3))
    np.savez(folder / "cube.npz", transition=rows, reward=np.zeros((3, 3)), discount=0.9)
    program = (
        "from hierax.cli import main\n"
        f"for command in {COMMANDS}:\n"
        "    try: main(command.split())\n"
        "    except SystemExit as end: assert end.code == 2\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    "words",
    [
        "transition is read as (S, A, S)",
        "observation 'clock' is int64 with bounds beyond 32 bits",
        "view 'picture' of Camera-v0 is a picture",
    ],
)
def test_a_warning_of_this_package_is_one_line(printed, words):
    (line,) = [line for line in printed if words in line]
    assert line.startswith(f"hierax: warning: {words}")
    assert not any("hierax/" in line and ".py" in line for line in printed)


def test_a_warning_from_elsewhere_keeps_its_place(printed):
    (line, *_) = [line for line in printed if "this camera is old" in line]
    assert "camera.py:" in line
    assert not line.startswith("hierax: ")


def test_after_a_command_warnings_look_as_before(capsys):
    usual = warnings.formatwarning
    main(["--version"])
    assert warnings.formatwarning is usual
