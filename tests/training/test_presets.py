"""Presets are backed by results, and train the same from Python as from the command line."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import hierax
from hierax.agents import LatentSpacePolicy, Level
from hierax.cli import main
from hierax.experiments.kl_body_arms import Arm, agent_of
from hierax.experiments.kl_body_grid import PAPER
from hierax.registry import AGENTS, PRESETS, Preset, Stage
from hierax.training import Trained
from hierax.training.config import describe_agent, make_world
from hierax.training.records import METRICS
from hierax.training.serialisation import tree_digest

RESULTS = Path(__file__).parents[2] / "results"


def result(preset):
    return json.loads((RESULTS / preset.result / "laptop" / "result.json").read_text())


@pytest.mark.parametrize("pair", PRESETS)
def test_a_preset_is_backed_by_its_result(pair):
    preset = PRESETS[pair]
    record = result(preset)
    row = record["tables"]
    for key in preset.row:
        row = row[key]
    found = row[preset.column]["mean"]
    np.testing.assert_allclose(found, preset.reached, rtol=1e-6)
    assert len(record["seeds"]) == preset.seeds
    assert f"{preset.reached:.4g}" in preset.evidence
    assert preset.result in preset.evidence


ELSEWHERE = ("HalfCheetah-v5", "BodyGrid8-v0")
"""Worlds whose results name the settings under another key; tests of their own follow."""


@pytest.mark.parametrize("pair", [pair for pair in PRESETS if pair[1] not in ELSEWHERE])
def test_a_preset_has_the_settings_of_its_result(pair):
    preset = PRESETS[pair]
    settings = result(preset)["settings"]
    table = preset.row[0].removesuffix("arms") + "agents"
    agents = settings.get(table) or settings["agents"]
    recorded = agents[preset.row[-1]]
    built = hierax.preset(*pair).agent
    agent = describe_agent(built)
    defaults = {field.name: field.default for field in dataclasses.fields(built)}
    for name, value in agent.items():
        if name not in (
            "levels",
            "name",
        ):  # younger fields have their defaults
            assert recorded.get(name, defaults.get(name)) == json.loads(json.dumps(value)), name
    for number, level in agent.get("levels", {}).items():
        assert {name: recorded["levels"][number][name] for name in level} == level


def test_a_cheetah_is_trained_with_half_of_the_temperature():
    preset = PRESETS["lsp", "HalfCheetah-v5"]
    recorded = result(preset)["settings"]["agents"]["HalfCheetah-v5"]["half the temperature"]
    agent = describe_agent(hierax.preset("lsp", "HalfCheetah-v5").agent)
    for name in ("batch_size", "learning_rate", "updates_per_step"):
        assert recorded[name] == agent[name]
    assert recorded["levels"]["0"]["temperature"] == agent["levels"]["0"]["temperature"] == 0.1


def test_a_larger_body_is_trained_as_the_arm_of_its_result():
    arm = agent_of(Arm("kl", PAPER, "learned"))
    assert hierax.preset("kl", "BodyGrid8-v0").agent == arm
    settings = result(PRESETS["kl", "BodyGrid8-v0"])["settings"]
    assert settings["weight_in_transfers"] == arm.kl_weight
    for name, value in PRESETS["kl", "BodyGrid8-v0"].options.items():
        assert settings[name] == value


@pytest.mark.parametrize("pair", PRESETS)
def test_a_preset_fits_its_agent_and_its_world(pair):
    preset = PRESETS[pair]
    assert (preset.agent, preset.world) == pair
    setup = hierax.preset(*pair)
    assert isinstance(setup.agent, AGENTS[pair[0]].load())
    assert setup.agent.spec == setup.world.spec
    levels = getattr(setup.agent, "levels", (None,))
    assert len(setup.curriculum) == len(levels) - 1
    for number, stage in enumerate(setup.curriculum):
        spec = make_world(stage.world).spec
        assert setup.agent.up_to(number, spec).observation_size == spec.size()


def test_a_preset_takes_a_world_and_fields():
    world = make_world("SpinCross-v0", episode_limit=20)
    setup = hierax.preset("lsp", world, batch_size=8)
    assert setup.world is world
    assert setup.agent.batch_size == 8
    assert setup.curriculum == (Stage("SpinSpeed-v0", 24_000),)
    assert setup.evidence == PRESETS["lsp", "SpinCross-v0"].evidence


def test_a_preset_may_set_the_world_and_arguments_of_training(monkeypatch):
    preset = Preset(
        "lsp", "SpinCross-v0", "none", (), "", "success", 1.0, 1, 1, {"batch_size": 8},
        levels=({},), world_fields={"period": 4.0}, options={"environments": 2},
    )  # fmt: skip
    monkeypatch.setitem(PRESETS, ("lsp", "SpinCross-v0"), preset)
    setup = hierax.preset("lsp", "SpinCross-v0")
    assert (setup.world.period, setup.options) == (4.0, {"environments": 2})
    asked = {}
    monkeypatch.setattr(
        "hierax.training.presets.train_levels",
        lambda agent, *_, **given: asked.update(given) or Trained(agent, [], {}),
    )
    setup.train(5)
    assert asked["environments"] == 2
    setup.train(5, environments=3)
    assert asked["environments"] == 3


@pytest.mark.parametrize(
    ("agent", "world", "parts"),
    [
        ("lsq", "SpinCross-v0", ("unknown agent 'lsq'", "'lsp'")),
        ("td3", "SpinCross-v0", ("'td3'", "'SpinCross-v0'", "lsp in SpinCross-v0")),
    ],
)
def test_a_pair_without_a_preset_is_refused(agent, world, parts):
    with pytest.raises(ValueError, match=r"unknown agent|no preset") as error:
        hierax.preset(agent, world)
    assert all(part in str(error.value) for part in parts)


def test_python_and_the_command_line_give_the_same_numbers(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("hierax.commands.compilation_cache.enable", lambda: None)
    small = {"hidden_sizes": (8, 8), "batch_size": 8, "learning_starts": 64}
    words = "--agent.hidden-sizes 8 8 --agent.batch-size 8 --agent.learning-starts 64"
    words += " --curriculum.0.steps 320 --episodes 2 --seed 4"
    main(
        ["train", "lsp", "SpinCross-v0", "--steps", "320", "--run", f"{tmp_path}/a", *words.split()]
    )
    printed = capsys.readouterr().out
    assert f"preset: {PRESETS['lsp', 'SpinCross-v0'].evidence}" in printed
    setup = hierax.preset("lsp", "SpinCross-v0", **small)
    options = {"run": tmp_path / "b", "episodes": 2, "progress": False}
    curriculum = (Stage("SpinSpeed-v0", 320),)
    trained = hierax.train_levels(
        setup.agent, setup.world, 320, 4, curriculum=curriculum, **options
    )
    other = hierax.load(tmp_path / "a")
    assert tree_digest(other.state.learner) == tree_digest(trained.states[0].learner)
    first, second = ((tmp_path / run / METRICS).read_bytes() for run in ("a", "b"))
    assert first == second


def test_without_a_preset_nothing_is_said_of_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("hierax.commands.compilation_cache.enable", lambda: None)
    asked = {}
    monkeypatch.setattr("hierax.commands.train_report.report", lambda *_: None)

    def stand_in(agent, world, steps, seed, **options):
        asked.update(options, agent=agent)
        return Trained(agent, [], {})

    monkeypatch.setattr("hierax.training.presets.train_levels", stand_in)
    main(["train", "lsp", "SpinCross-v0", "--steps", "5", "--preset", "none"])
    assert "preset" not in capsys.readouterr().out
    plain = LatentSpacePolicy(make_world("SpinCross-v0").spec, levels=(Level(),))
    assert (asked["agent"], asked["curriculum"]) == (plain, ())
