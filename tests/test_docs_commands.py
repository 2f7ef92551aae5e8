"""Every command on every page: it is read and set up, and it runs at a smoke budget."""

import re
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hierax.cli import main
from hierax.commands.train import read
from hierax.planning import TabularMDP
from hierax.registry import AGENTS, WORLDS, import_plugin
from worlds.mujoco.drawing import skip_without_opengl

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```(?:bash|sh|shell|console)\n(.*?)```", re.DOTALL)
OTHERS = ("my_module", "mine-Mine-v0", "AGENT")
"""Words of commands for a module that a reader has to write, and of a general form."""
SMOKE = {
    "--steps": ["64"],
    "--seeds": ["1"],
    "--episodes": ["1"],
    "--environments": ["2"],
    "--log-every": ["32"],
    "--evaluate-every": ["32"],
}
SMALL = {
    "--agent.learning-starts": ["32"],
    "--agent.batch-size": ["8"],
    "--agent.hidden-sizes": ["8"],
    "--agent.updates-per-step": ["0.25"],
    "--world.episode-limit": ["20"],
}
"""Options for the agents of hierax."""


def commands(page):
    """Return the words of each command on a page."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if line.startswith("hierax ")]
    return [each[1:] for each in words if not any(word in " ".join(each) for word in OTHERS)]


COMMANDS = {page: commands(page) for page in PAGES if commands(page)}
TRAININGS = sorted({tuple(x) for found in COMMANDS.values() for x in found if x[0] == "train"})


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty current folder with the files that pages name, and the modules of the examples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "docs" / "examples")
    monkeypatch.setattr("hierax.commands.compilation_cache.enable", lambda: None)
    registered = [(table, dict(table)) for table in (AGENTS, WORLDS)]
    (tmp_path / "my_rooms.txt").write_text("#######\n#S.#..#\n#.....#\n#..#.G#\n#######\n")
    model = TabularMDP(np.full((3, 2, 3), 1 / 3), np.ones((3, 2)), 0.9)
    for name in ("my_model.npz", "circle.npz"):
        np.savez(tmp_path / name, transition=model.transition, reward=model.reward, discount=0.9)
    # The page on own agents asks its reader to add its line to the module.
    (line,) = re.findall(
        r"^hierax.register_agent\(.*\)$", (ROOT / "docs/own-agent.md").read_text("utf-8"), re.M
    )
    source = (ROOT / "docs/examples/own_agent.py").read_text("utf-8")
    (tmp_path / "own_agent.py").write_text(f"{source}\n\nimport hierax\n\n{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("own_agent", "own_world", "own_goals", "my_worlds"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    yield tmp_path
    for table, before in registered:  # forget what an example registered
        table.clear()
        table.update(before)


def with_options(words, options):
    """Return a command with the values of some options in place of its own."""
    kept, skips = [], False
    for word in words:
        if word.startswith("--"):
            skips = word.partition("=")[0] in options
        kept += [] if skips else [word]
    return [*kept, *(part for name, values in options.items() for part in (name, *values))]


def at_smoke_budget(words):
    """Return a command that does the same in seconds."""
    if words[0] == "train":
        options = {**SMOKE, **(SMALL if words[1] in ("sac", "td3", "lsp", "hiro", "norl") else {})}
        stages = [stage.steps for stage in read(words[1:]).curriculum]
        options |= {f"--curriculum.{number}.steps": ["64"] for number in range(len(stages))}
        return with_options(words, options)
    if words[0] == "reproduce":
        return with_options(words, {"--scale": ["smoke"], "--seeds": ["2"], "--out": ["out"]})
    if words[:2] == ["plan", "option-gradient"]:
        return with_options(words, {"--steps": ["2"]})
    if words[0] in ("evaluate", "watch"):
        words = with_options(words, {"--episodes": ["1"]})
        at = words.index("--step") if "--step" in words else len(words)
        words = [*words[:at], *words[at + 2 :]]
        if find_spec("imageio_ffmpeg") is None:
            words = [word.replace(".mp4", ".gif") for word in words]
    return [word.replace("cross-*", "cross") for word in words]  # as a shell would


def can_render():
    """Return whether MuJoCo can draw on this machine."""
    try:
        skip_without_opengl()
    except pytest.skip.Exception:
        return False
    return True


def imported(words):
    """Return a command without ``--import``, after importing the module."""
    if "--import" not in words:
        return list(words)
    at = words.index("--import")
    import_plugin(words[at + 1])
    return [*words[:at], *words[at + 2 :]]


@pytest.mark.parametrize("words", TRAININGS, ids=" ".join)
def test_every_training_on_a_page_can_be_set_up(words):
    setup = read(imported(words)[1:])._setup()
    assert setup.agent.spec == setup.world.spec


@pytest.mark.slow
@pytest.mark.parametrize("page", COMMANDS, ids=lambda page: page.stem)
def test_every_command_on_a_page_runs(page, here, capsys):
    skips_films = not can_render()
    for words in COMMANDS[page]:
        if words[0] == "watch" and "--random" in words and skips_films:
            continue
        own = imported(words)
        if words[0] == "train":  # pages show other settings with the folder of the default name
            shutil.rmtree(read(own[1:]).command.folder, ignore_errors=True)
        main(at_smoke_budget(own))
    capsys.readouterr()
