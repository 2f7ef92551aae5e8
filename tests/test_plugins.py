"""Agents and worlds of a user's module: by ``--import`` and by an entry point of a package."""

import json
import os
import subprocess
import sys

import pytest

MODULE = '''
"""An agent and a world from outside of hierax."""

import dataclasses

import hierax
from hierax.agents import SAC
from hierax.worlds import PointSpeed


@dataclasses.dataclass(frozen=True)
class Bonus:
    """A nested field.

    Attributes:
        size: how large it is.
    """

    size: float = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mine(SAC):
    """An agent.

    Attributes:
        bonus: a field of its own.
    """

    bonus: Bonus = Bonus()


@dataclasses.dataclass(frozen=True)
class Mire(PointSpeed):
    """A world.

    Attributes:
        depth: a field of its own.
    """

    depth: float = 1.0

    @property
    def spec(self):
        return dataclasses.replace(super().spec, name="Mire-v0")


hierax.register_agent("mine", Mine, "an agent of mine", hidden_sizes=(8,), batch_size=8)
hierax.register_world("Mire-v0", Mire, "a world of mine", episode_limit=10)
'''
TINY = [
    "--steps",
    "64",
    "--environments",
    "4",
    "--episodes",
    "1",
    "--log-every",
    "32",
    "--evaluate-every",
    "64",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the module, and a function that runs `hierax` there."""
    path = tmp_path_factory.mktemp("user")
    (path / "my_module.py").write_text(MODULE)
    return path


def hierax_in(folder, *words, **environment):
    finished = subprocess.run(
        [sys.executable, "-m", "hierax.cli", *map(str, words)],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def trained(folder):
    words = ["--import", "my_module", *TINY, "--run", "run"]
    own = ["--agent.bonus.size", "2", "--agent.learning-starts", "32", "--world.depth", "3"]
    hierax_in(folder, "train", "mine", "Mire-v0", *own, *words)
    return folder / "run"


def test_both_are_listed_and_are_in_the_help(folder):
    program = (
        "from hierax.cli import main\n"
        "main(['list', 'agents', '--import', 'my_module'])\n"
        "main(['list', 'worlds', '--import=my_module'])\n"
        "for words in (['--help'], ['mine', 'Mire-v0', '--help']):\n"
        "    try: main(['train', '--import', 'my_module', *words])\n"
        "    except SystemExit as end: assert not end.code\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    listed, shown = finished.stdout.split("usage: hierax train", 1)
    for text in (listed, shown):
        assert "an agent of mine" in text
        assert "a world of mine" in text
    assert "views velocity 2; actions [-1, 1]^2; 10 steps" in listed
    for option in ("--agent.bonus.size", "--world.depth"):
        assert option in shown
    assert "how large it is" in shown


def test_they_are_trained_with_their_fields(trained):
    config = json.loads((trained / "config.json").read_text())
    agent, world = config["agent"], config["world"]
    assert (agent["name"], agent["module"]) == ("mine", "my_module")
    assert (agent["bonus"]["size"], agent["hidden_sizes"]) == (2.0, [8])
    fields = {"name": "Mire-v0", "module": "my_module", "depth": 3.0, "episode_limit": 10}
    assert world == fields


def test_their_run_is_evaluated_and_loaded_without_naming_the_module(trained, folder):
    assert "deterministic" in hierax_in(folder, "evaluate", trained, "--episodes", 1)
    program = "import hierax; p = hierax.load('run'); print(p.agent.bonus.size, p.world.depth)"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert finished.stdout.split() == ["2.0", "3.0"], finished.stderr


def test_an_entry_point_needs_no_option(folder, tmp_path):
    package = tmp_path / "my_package-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[hierax.plugins]\nmine = my_module\n")
    (tmp_path / "my_module.py").write_text(MODULE)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "an agent of mine" in hierax_in(elsewhere, "list", "agents", PYTHONPATH=str(tmp_path))
