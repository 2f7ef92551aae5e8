"""Levels are trained one after the other, each as a run of its own that goes on where it was."""

import dataclasses
import shutil

import numpy as np
import pytest

import hierax
from hierax.agents import LatentSpacePolicy, Level
from hierax.training import Stage, train_levels
from hierax.training.run_folder import load_config
from hierax.training.serialisation import tree_digest
from hierax.worlds import make

WORLD = make("PointCross-v0", episode_limit=20)
SMALL = {
    "hidden_sizes": (8, 8),
    "batch_size": 8,
    "buffer_size": 600,
    "learning_starts": 64,
    "updates_per_step": 0.25,
}
SKILL = Level(views=("velocity",), temperature=1.0)
CURRICULUM = (Stage("PointSpeed-v0", 320),)
AGENT = LatentSpacePolicy(WORLD.spec, levels=(SKILL, Level(temperature=0.1)), **SMALL)
OPTIONS = {"curriculum": CURRICULUM, "seeds": 2, "episodes": 2, "progress": False}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("levels") / "run"
    return train_levels(AGENT, WORLD, 320, run=folder, **OPTIONS), folder


def test_the_top_holds_what_the_level_below_learned(finished):
    trained, folder = finished
    assert trained.agent == AGENT
    for seed, state in enumerate(trained.states):
        below = hierax.load(folder / "levels" / "0", seed=seed)
        assert below.world.spec.name == "PointSpeed-v0"
        frozen = state.learner.below[0].flow
        assert tree_digest(frozen) == tree_digest(below.state.learner.top.actor)
    first, second = (state.learner.below[0].flow for state in trained.states)
    assert tree_digest(first) != tree_digest(second)


def test_a_run_is_loaded_with_all_its_levels(finished):
    trained, folder = finished
    player = hierax.load(folder, seed=1)
    assert player.agent == AGENT
    assert tree_digest(player.state.learner) == tree_digest(trained.states[1].learner)
    seen = {view.name: np.zeros((3, *view.shape), np.float32) for view in WORLD.spec.views}
    _, action = player.act(player.initial_carry(3), seen)
    assert action.shape == (3, 2)


def test_levels_are_fields_of_the_configuration(finished):
    _, folder = finished
    agent = load_config(folder)["agent"]
    assert agent["name"] == "lsp"
    below = load_config(folder / "levels" / "0")
    assert (below["world"]["name"], below["steps"]) == ("PointSpeed-v0", 320)
    assert agent["levels"]["1"]["temperature"] == 0.1
    assert "start" not in load_config(folder / "levels" / "0")
    assert len(load_config(folder)["start"]) == 64


@pytest.mark.parametrize("lost", [("summary.json",), ("levels/0/summary.json", "config.json")])
def test_the_same_call_goes_on_wherever_it_was_left(finished, tmp_path, lost):
    trained, folder = finished
    copy = shutil.copytree(folder, tmp_path / "run")
    if "config.json" in lost:  # killed in the lower level: the upper one had not begun
        for entry in copy.iterdir():
            if entry.name != "levels":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        place = copy / "levels" / "0"
    else:
        place = copy
    (place / "summary.json").unlink()
    for kind in ("checkpoints", "policies"):
        shutil.rmtree(max((place / kind).iterdir()))
    again = train_levels(AGENT, WORLD, 320, run=copy, **OPTIONS)
    assert tree_digest(again.states) == tree_digest(trained.states)
    assert (copy / "metrics.jsonl").read_bytes() == (folder / "metrics.jsonl").read_bytes()


def test_other_levels_are_another_run(finished):
    _, folder = finished
    lower = dataclasses.replace(SKILL, temperature=0.5)
    other = dataclasses.replace(AGENT, levels=(lower, AGENT.levels[1]))
    before = tree_digest({path.name: path.stat().st_mtime for path in folder.rglob("*")})
    with pytest.raises(ValueError, match=r"temperature is 1\.0, yours is 0\.5"):
        train_levels(other, WORLD, 320, run=folder, **OPTIONS)
    assert tree_digest({p.name: p.stat().st_mtime for p in folder.rglob("*")}) == before


def test_another_stage_is_another_run(finished):
    _, folder = finished
    options = {**OPTIONS, "curriculum": (Stage("PointSpeed-v0", 640),)}
    before = tree_digest({path.name: path.stat().st_mtime for path in folder.rglob("*")})
    with pytest.raises(ValueError, match=r"steps.*640.*levels/0.*320|steps.*320.*640"):
        train_levels(AGENT, WORLD, 320, run=folder, **options)
    assert tree_digest({p.name: p.stat().st_mtime for p in folder.rglob("*")}) == before


@pytest.mark.parametrize("curriculum", [(), 2 * CURRICULUM])
def test_there_is_one_stage_for_each_level_below_the_top(curriculum):
    with pytest.raises(ValueError, match=rf"curriculum must have one stage.*1.*{len(curriculum)}"):
        train_levels(AGENT, WORLD, 320, curriculum=curriculum)
