"""Fields of agents and worlds become options, and options become fields."""

import dataclasses

import pytest

from hierax.agents import LatentSpacePolicy, Level
from hierax.commands.errors import UsageError
from hierax.commands.train import read
from hierax.commands.train_options import options_class, values_without_type
from hierax.registry import AGENTS, LEARNING, MUJOCO, PRESETS, Stage, worlds_of
from hierax.worlds.registry import world_class

WORLDS = worlds_of(LEARNING, MUJOCO)
ONE_OF_EACH = sorted({entry.target: name for name, entry in WORLDS.items()}.values())


def asked(words):
    return read([*words.split(), "--steps", "5"])


@pytest.mark.parametrize("name", AGENTS)
def test_every_field_of_an_agent_but_its_world_is_an_option(name):
    kind = AGENTS[name].load()
    found = options_class(kind, {}, [], "agent")()
    fields = {field.name: field for field in dataclasses.fields(kind) if field.name != "spec"}
    assert {field.name for field in dataclasses.fields(found)} == set(fields)
    for field in fields.values():
        is_made = field.default is dataclasses.MISSING
        default = field.default_factory() if is_made else field.default
        assert getattr(found, field.name) == default


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_every_field_of_a_world_but_its_name_is_an_option(name, capsys):
    with pytest.raises(SystemExit):
        asked(f"sac {name} --help-all")
    shown = capsys.readouterr().out
    fields = {field.name for field in dataclasses.fields(world_class(name))} - {"name"}
    assert fields
    for field in fields:
        assert f"--world.{field.replace('_', '-')}" in shown


@pytest.mark.parametrize("kind", [*(entry.load() for entry in AGENTS.values()), Level])
def test_every_option_has_a_text(kind):
    for field in dataclasses.fields(options_class(kind, {}, [], "agent")):
        (mark,) = [each for each in field.type.__metadata__ if hasattr(each, "help")]
        assert mark.help, field.name


def test_options_set_fields():
    words = "--agent.discount 0.9 --agent.hidden-sizes 8 9 --agent.prior=uniform"
    words += " --agent.normalise_observations --agent.target_entropy -1.5 --agent.views velocity"
    fields = dict(asked(f"sac PointSpeed-v0 {words}").agent_fields)
    expected = {
        "discount": 0.9,
        "hidden_sizes": (8, 9),
        "prior": "uniform",
        "normalise_observations": True,
        "target_entropy": -1.5,
        "views": ("velocity",),
    }
    assert {name: fields[name] for name in expected} == expected
    assert fields["batch_size"] == 256


def test_options_set_fields_of_a_world():
    training = asked("sac SpinCross-v0 --world.goal 12 0 --world.period=4")
    fields = {"goal": (12.0, 0.0), "period": 4.0, "goal_radius": 1.0, "episode_limit": 200}
    assert training.world_fields == fields
    assert asked("sac SpinCross-v0").world_fields == {}
    assert asked("sac PointMaze-v0 --world.goal multi").world_fields["goal"] == "multi"


def test_a_name_sets_the_defaults_of_a_mujoco_world():
    fields = asked("sac QuadrupedOr-v0 --world.targets 5").world_fields
    assert (fields["body"], fields["boxes"], fields["targets"]) == ("quadruped", 1, 5)
    assert fields["movers"] == ("body", "boxes")


def test_where_no_type_is_known_a_value_is_what_it_looks_like():
    words = [
        "--world.g",
        "9.5",
        "--steps",
        "3",
        "--world.render_mode=human",
        "--world.at",
        "1",
        "-2",
    ]
    found, rest = values_without_type([*words, "--world.on", "--world.off", "none"], "world")
    expected = {"g": 9.5, "render_mode": "human", "at": (1, -2), "on": True, "off": None}
    assert (found, rest) == (expected, ["--steps", "3"])
    assert asked("sac Pendulum-v1 --world.g 9 --world.episode-limit 50").world_fields == {
        "g": 9, "episode_limit": 50
    }  # fmt: skip


def test_levels_are_those_of_the_preset_and_are_changed_one_by_one():
    training = asked("lsp SpinCross-v0 --agent.levels.1.temperature 0.05")
    levels = training.agent_fields["levels"]
    assert levels[0] == Level(views=("velocity", "phase"), temperature=1.0)
    assert levels[1] == Level(temperature=0.05, control_interval=3)
    assert training.curriculum == (Stage("SpinSpeed-v0", 24_000),)


def test_a_number_after_the_last_is_a_new_level():
    words = "--agent.levels.2.control-interval 3 --agent.levels.2.noise episode"
    training = asked(f"lsp SpinCross-v0 {words} --curriculum.0.steps=9000 --curriculum.1.steps 7")
    levels = training.agent_fields["levels"]
    assert len(levels) == 3
    assert levels[2] == Level(control_interval=3, noise="episode")
    assert training.curriculum == (Stage("SpinSpeed-v0", 9_000), Stage(None, 7))


def test_without_a_preset_there_is_one_level():
    for words in ("lsp PointMaze-v0", "lsp SpinCross-v0 --preset none"):
        training = asked(words)
        assert training.agent_fields["levels"] == (Level(),)
        assert (training.curriculum, training.preset) == ((), None)


def test_a_preset_sets_what_no_option_sets():
    training = asked("lsp SpinCross-v0 --agent.batch-size 32")
    assert training.preset is PRESETS["lsp", "SpinCross-v0"]
    assert training.agent_fields["batch_size"] == 32
    assert training.agent_fields["hidden_sizes"] == (64, 64)
    plain = asked("lsp SpinCross-v0 --preset=none").agent_fields
    assert plain == {
        field.name: field.default
        for field in dataclasses.fields(LatentSpacePolicy)
        if field.name != "spec"
    }


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("lsp SpinCross-v0 --agent.levels.3.couplings 2", ("--agent.levels", "without gaps", "2")),
        ("lsp SpinCross-v0 --agent.levels.2.couplings 2", ("--curriculum.1.steps", ">= 1", "None")),
        ("lsp SpinCross-v0 --curriculum.0.steps 0", ("--curriculum.0.steps", ">= 1", "got 0")),
        ("lsp SpinCross-v0 --agent.levels.0.couplings 0", ("levels.0: couplings", ">= 1", "got 0")),
        ("lsp SpinCross-v0 --agent.levels.0.coupling 3", ("--agent.levels.0.couplings'?",)),
        ("lsp SpinCross-v0 --agent.levels.0.noise never", ("step or episode", "'never'")),
        ("lsp SpinCross-v0 --curriculum.1.steps 3", ("--curriculum.1.steps", "--curriculum.0.ste")),
        ("sac SpinCross-v0 --curriculum.0.steps 3", ("unknown option '--curriculum.0.steps'",)),
        ("lsp SpinCross-v0 --level.0.steps 3", ("unknown option '--level.0.steps'",)),
        ("sac SpinCross-v0 --agent.spec 3", ("unknown option '--agent.spec'",)),
        ("sac AntMaze-v0 --world.gaol 3", ("unknown option '--world.gaol'", "'--world.goal'?")),
        ("sac BallGoTo3-v0 --world.targets two", ("--world.targets", "an integer", "'two'")),
        (
            "td3 PointMaze-v0 --agent.tau x",
            ("a number", "see hierax train td3 PointMaze-v0 --help"),
        ),
    ],
)
def test_a_refusal_names_the_option_and_the_rule(words, parts):
    with pytest.raises(UsageError) as error:
        asked(words)
    assert all(part in str(error.value) for part in parts), error.value


def test_whole_numbers_may_have_an_exponent():
    training = read(["sac", "PointSpeed-v0", "--steps", "1e5", "--seed=2"])
    assert (training.command.steps, training.command.seed) == (100_000, 2)
    assert isinstance(training.command.steps, int)


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--learning-rate", "--agent.learning-rate"),
        ("--total-timesteps", "--steps"),
        ("--level.0.views", "--agent.views"),
    ],
)
def test_a_near_miss_is_named(option, meant):
    with pytest.raises(UsageError, match=f"did you mean '{meant}'"):
        asked(f"sac PointSpeed-v0 {option} 3")


def test_options_may_come_before_the_names():
    training = read(["--steps", "5", "--tensorboard", "--seed=3", "sac", "PointSpeed-v0"])
    command = training.command
    assert (command.agent, command.world, command.seed) == ("sac", "PointSpeed-v0", 3)
    assert training.agent_fields["discount"] == 0.99
