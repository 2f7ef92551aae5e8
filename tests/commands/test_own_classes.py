"""Agents, worlds and environments of a module in the current folder, by ``module:Class``."""

import json
import sys

import gymnasium
import numpy as np
import pytest

import hierax
from hierax.cli import main
from hierax.registry import AGENTS, WORLDS
from refusals import assert_names

MODULE = '''
"""Classes of a user."""

import dataclasses

import gymnasium
import numpy as np
from gymnasium import spaces

from hierax.agents import TD3
from hierax.worlds import PointSpeed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mine(TD3):
    """An agent of mine.

    Attributes:
        bonus: a field of its own.
    """

    bonus: float = 1.0


@dataclasses.dataclass(frozen=True)
class Plane(PointSpeed):
    """A world of mine."""


class Cart(gymnasium.Env):
    """An environment of mine, whose actions are in [-2, 2]."""

    metadata = {"render_modes": ["rgb_array"]}
    observation_space = spaces.Box(-10.0, 10.0, (1,))
    action_space = spaces.Box(-2.0, 2.0, (1,))

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._place = np.zeros(1, np.float32)
        return self._place, {}

    def step(self, action):
        self._place = self._place + action
        return self._place, float(action[0]), False, False, {}

    def render(self):
        return np.zeros((16, 16, 3), np.uint8)


class Broken(Cart):
    """An environment that raises an error of its own."""

    closed = False

    def step(self, action):
        if len(self.made) == 20:
            raise ValueError("the wheel came off")
        self.made.append(action)
        return super().step(action)

    def close(self):
        type(self).closed = True

    made = []


gymnasium.register("LineCart-v0", Cart, max_episode_steps=5)
gymnasium.register("BrokenCart-v0", Broken, max_episode_steps=5)
'''
TINY = ["--agent.hidden-sizes", "8", "--agent.batch-size", "8", "--agent.learning-starts", "16"]
TINY += ["--steps", "32", "--episodes", "2", "--log-every", "32", "--evaluate-every", "32"]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """A folder with the module ``my_classes``, the current folder of every test."""
    path = tmp_path_factory.mktemp("user")
    (path / "my_classes.py").write_text(MODULE)
    tables = (AGENTS, WORLDS, gymnasium.registry)
    before = [set(table) for table in tables]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr("hierax.commands.compilation_cache.enable", lambda: None)
        yield path
    sys.modules.pop("my_classes", None)
    for table, names in zip(tables, before, strict=True):
        for name in set(table) - names:
            del table[name]


def test_an_environment_of_the_current_folder_is_trained_evaluated_and_filmed(folder, capsys):
    main(["train", "my_classes:Mine", "my_classes:LineCart-v0", *TINY, "--agent.bonus", "2"])
    run = folder / "runs" / "my_classes-Mine-my_classes-LineCart-v0-seed-0"
    config = json.loads((run / "config.json").read_text())
    assert (config["agent"]["name"], config["agent"]["bonus"]) == ("my_classes:Mine", 2.0)
    assert config["world"]["name"] == "my_classes:LineCart-v0"
    main(["evaluate", str(run), "--episodes", "2"])
    main(["watch", str(run)])
    assert (run / "episode.gif").is_file()
    record = json.loads((run / "evaluation.json").read_text())
    found = hierax.evaluate(run, episodes=2)
    assert found["mean"] == pytest.approx(record["mean"])
    player = hierax.load(run)
    assert hierax.evaluate(player, episodes=2)["mean"] == pytest.approx(record["mean"])
    assert hierax.film(player, folder / "film.gif", episodes=2).stat().st_size > 0
    # Five steps of the constant action: what is evaluated is what a user gets by hand.
    observation = np.zeros(1, np.float32)
    total = 0.0
    for _ in range(5):
        action, _ = player.predict(observation)
        total += float(action[0])
        observation = observation + action
    assert total == pytest.approx(record["mean"], rel=1e-4, abs=1e-5)
    capsys.readouterr()


def test_an_error_of_an_environment_keeps_its_traceback(folder):
    words = [*TINY, "--checkpoint-every", "16", "--run", "broken"]
    words[words.index("--log-every") + 1] = words[words.index("--evaluate-every") + 1] = "16"
    with pytest.raises(ValueError, match="the wheel came off") as caught:
        main(["train", "td3", "my_classes:BrokenCart-v0", *words])
    assert type(caught.value) is ValueError  # and not the error of one line of a command
    assert caught.traceback[-1].path.name == "my_classes.py"
    (note,) = caught.value.__notes__
    assert_names(note, "training stood at step", "of 32", "checkpoint")
    assert sys.modules["my_classes"].Broken.closed


def test_classes_of_worlds_and_environments_have_their_names(folder):
    plane = hierax.worlds.make("my_classes:Plane", episode_limit=7)
    assert type(plane).__name__ == "Plane"
    assert plane.spec.episode_limit == 7
    described = hierax.training.config.describe_world(plane)
    assert described["name"] == "my_classes:Plane"
    assert hierax.training.config.remake_world(described) == plane
    assert hierax.worlds.make("my_classes:Cart", episode_limit=3).spec.episode_limit == 3


def test_what_a_module_lacks_is_refused(refusal, tmp_path):
    words = ("PointSpeed-v0", "--steps", 5)
    assert "unknown agent 'my_classes:Yours'" in refusal("train", "my_classes:Yours", *words)
    message = refusal("train", "your_classes:Yours", *words)
    assert_names(message, "your_classes", "ModuleNotFoundError")
    with pytest.raises(ValueError, match="out must be given for a player"):
        hierax.film(hierax.training.Player(None, None, None, 0))
