"""Names of agents, worlds, planners, experiments and presets, each registered once."""

import subprocess
import sys

import pytest

import hierax
from hierax import registry
from hierax.agents import HIRO, IMPALA, KL, NORL, SAC, SVG0, TD3, Distral, LatentSpacePolicy
from hierax.commands.option_planner import learn_options
from hierax.commands.planners import follow_himo, solve
from hierax.planning.bellman_host import METHODS
from hierax.registry import AGENTS, EXPERIMENTS, PLANNERS, WORLDS, Entry, Stage
from hierax.worlds import PointSpeed, make, tabular_names, world_names


@pytest.fixture
def own():
    """Removes what a test registers."""
    before = [dict(table) for table in (AGENTS, WORLDS)]
    yield
    for table, entries in zip((AGENTS, WORLDS), before, strict=True):
        table.clear()
        table.update(entries)


def test_naming_everything_imports_nothing_heavy():
    program = (
        "import sys, hierax.registry as registry\n"
        "assert registry.AGENTS and registry.WORLDS and registry.PRESETS\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'jax', 'numpy', 'mujoco'}))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.stdout.strip() == "[]", finished.stderr


def test_agents_are_classes():
    classes = {
        "sac": SAC,
        "td3": TD3,
        "lsp": LatentSpacePolicy,
        "hiro": HIRO,
        "norl": NORL,
        "kl": KL,
        "impala": IMPALA,
        "svg0": SVG0,
        "distral": Distral,
    }
    assert {name: entry.load() for name, entry in AGENTS.items()} == classes
    assert all(AGENTS[name].is_target(kind) for name, kind in classes.items())
    assert not AGENTS["sac"].is_target(TD3)


def test_planners_are_functions():
    exact = {method.replace("_", "-"): solve for method in METHODS}
    special = {"himo": follow_himo, "option-gradient": learn_options}
    assert {name: entry.load() for name, entry in PLANNERS.items()} == {**exact, **special}


def test_worlds_are_all_there():
    assert set(world_names()) == set(WORLDS)
    assert tuple(registry.worlds_of(registry.PLANNING)) == tabular_names()


@pytest.mark.parametrize("table", [AGENTS, PLANNERS, WORLDS, EXPERIMENTS])
def test_every_entry_has_its_name_and_a_summary_of_one_line(table):
    for name, entry in table.items():
        assert entry.name == name
        assert entry.summary
        assert "\n" not in entry.summary
        assert entry.module is None


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiments_are_modules(name):
    module = EXPERIMENTS[name].load()
    assert callable(module.run)
    assert callable(module.draw)


def test_what_is_registered_is_made_with_its_fields(own):
    hierax.register_agent("mine", SAC, "mine", batch_size=8)
    hierax.register_world("PointSpeed-v9", _Renamed, "a copy", episode_limit=7)
    world = make("PointSpeed-v9")
    assert world.spec.episode_limit == 7
    assert make("PointSpeed-v9", episode_limit=9).spec.episode_limit == 9
    assert AGENTS["mine"].load() is SAC
    assert AGENTS["mine"].fields == {"batch_size": 8}
    assert "PointSpeed-v9" in world_names()


class _Renamed(PointSpeed):
    @property
    def spec(self):
        import dataclasses

        return dataclasses.replace(super().spec, name="PointSpeed-v9")


def test_a_world_must_have_the_name_that_it_is_registered_by(own):
    hierax.register_world("Other-v0", PointSpeed, "a wrong name")
    with pytest.raises(ValueError, match=r"spec\.name of world 'Other-v0' must be.*PointSpeed-v0"):
        make("Other-v0")


def test_a_name_cannot_be_taken_twice(own):
    for register, name in ((hierax.register_agent, "sac"), (hierax.register_world, "Hanoi3-v0")):
        with pytest.raises(ValueError, match=f"{name!r} is registered already"):
            register(name, SAC, "another")
    AGENTS["mine"] = Entry("mine", "elsewhere:Mine", "of another module", module="elsewhere")
    with pytest.raises(ValueError, match="'mine' is registered already"):
        hierax.register_agent("mine", SAC, "mine")


def test_a_module_that_is_loaded_again_may_register_again(own):
    hierax.register_agent("mine", SAC, "mine")
    hierax.register_agent("mine", TD3, "mine, changed")
    assert AGENTS["mine"].load() is TD3


def test_a_module_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no')\n")
    with pytest.raises(ValueError, match="module 'broken_plugin': RuntimeError: no"):
        registry.import_plugin("broken_plugin")
    with pytest.raises(ValueError, match="module 'no_such_plugin': ModuleNotFoundError"):
        registry.import_plugin("no_such_plugin")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hanio", "unknown world 'hanio'; did you mean 'hanoi'?"),
        ("HANOI", "unknown world 'HANOI'; did you mean 'hanoi'?"),
        ("xyz", "unknown world 'xyz'; known: rooms, hanoi, hall"),
        (3, "unknown world 3; known: rooms, hanoi, hall"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest_or_with_all(name, message):
    assert registry.unknown("world", name, iter(["rooms", "hanoi", "hall"])) == message


def test_find_refuses_an_unknown_name():
    assert registry.find("agent", AGENTS, "td3").name == "td3"
    with pytest.raises(ValueError, match="unknown agent 'tdd3'; did you mean 'td3'"):
        registry.find("agent", AGENTS, "tdd3")


@pytest.mark.parametrize("steps", [0, -1, 1.5, True, None])
def test_a_stage_has_steps(steps):
    with pytest.raises(ValueError, match=r"steps of a stage must be an integer >= 1, got"):
        Stage("SpinSpeed-v0", steps)


def test_a_stage_has_the_name_of_a_world():
    assert Stage(None, 3).world is None
    with pytest.raises(ValueError, match=r"world of a stage must be a name or None, got 3"):
        Stage(3, 3)
