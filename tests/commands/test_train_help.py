"""The help of training: one screen, and a page with every option and its whole text."""

import dataclasses
import re
from typing import Any

import pytest

from hierax.agents import Level
from hierax.agents.actor_critic import ActorCritic
from hierax.commands.help_pages import Group, screen
from hierax.commands.option_rows import rows
from hierax.commands.train import read
from hierax.commands.train_command import Command
from hierax.commands.train_help import GENERAL, SUBJECTS
from hierax.registry import AGENTS, LEARNING, MUJOCO, PRESETS, worlds_of
from hierax.worlds import make

WORLDS = worlds_of(LEARNING, MUJOCO)
ONE_OF_EACH = sorted({entry.target: name for name, entry in WORLDS.items()}.values())
USUAL = ("--steps", "--seed", "--run", "--environments", "--evaluate-every", "--preset")


@pytest.fixture
def shown(capsys):
    """Runs a command line that asks for help, and returns the page."""

    def run(*words):
        with pytest.raises(SystemExit) as end:
            read(words)
        assert end.value.code == 0
        return capsys.readouterr().out

    return run


def options(kind, *world):
    """The options of the fields of an agent, its learner's in a world included, or of a level."""
    learners = getattr(kind, "learners", ())
    choice = {"learner"} if len(learners) > 1 else set()
    given = [kind.learner_for(make(*world).spec.action)] if learners and world else learners[:1]
    return fields_of(kind) | choice.union(*map(fields_of, given))


def fields_of(kind):
    names = {field.name for field in dataclasses.fields(kind)} - {"spec", "levels", "learner"}
    return {name.replace("_", "-") for name in names}


def own_options(kind):
    return options(kind) - {name for names in SUBJECTS.values() for name in names}


def subjects(kind):
    """The subjects of the shared fields of an agent."""
    return [title for title, names in SUBJECTS.items() if fields_of(kind) & set(names)]


def assert_one_screen(page):
    lines = page.splitlines()
    assert len(lines) <= 40
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("agent", AGENTS)
def test_the_help_of_an_agent_is_one_screen_that_names_its_fields_by_subject(shown, agent):
    kind = AGENTS[agent].load()
    of_presets = [world for name, world in PRESETS if name == agent]
    for world in [(), *((name,) for name in [*ONE_OF_EACH, "FourRooms-v0", *of_presets])]:
        page = shown(agent, *world, "--help")
        assert_one_screen(page)
        titles = [line[:-1] for line in page.splitlines() if re.match(r"\S+:$", line)]
        assert titles[:2] == ["run", agent]
        assert [title for title in titles if title in SUBJECTS] == subjects(kind)
        for name in options(kind, *world) | (options(Level) if agent == "lsp" else set()):
            assert re.search(rf"[ .]{name}[ ,\n]", page), (name, page)
        assert all(f"\n  {option} " in page for option in USUAL)
        assert page.splitlines()[-1].endswith(
            f"hierax train {' '.join([agent, *world])} --help-all"
        )


def default_of(option, page):
    """What stands in brackets beside an option of a complete page."""
    (found,) = re.findall(rf"^  {option} \w+ \[(.*)\]$", page, re.MULTILINE)
    return found


@pytest.mark.parametrize("pair", [pair for pair, preset in PRESETS.items() if preset.options])
def test_the_options_of_a_preset_are_defaults(shown, pair):
    page, plain = shown(*pair, "--help-all"), shown(*pair, "--preset", "none", "--help-all")
    for name, value in PRESETS[pair].options.items():
        assert default_of(f"--{name.replace('_', '-')}", page) == str(value)
    assert default_of("--environments", plain) == "16; 1 on the host"
    assert default_of("--episodes", plain) == "10"


def test_the_help_without_an_agent_is_one_screen(shown):
    page = shown("--help")
    assert_one_screen(page)
    assert all(f"  {name} " in page for name in AGENTS)
    assert page == shown("-h")


@pytest.mark.parametrize("agent", AGENTS)
def test_the_complete_help_of_an_agent_has_all_of_its_fields_and_no_others(shown, agent):
    page, kind = shown(agent, "PointSpeed-v0", "--help-all"), AGENTS[agent].load()
    assert [line for line in page.splitlines() if len(line) > 80] == []
    listed = set(re.findall(r"^  --agent\.(?:levels\.\d\.|learner\.)?([\w-]+)", page, re.MULTILINE))
    own = options(kind, "PointSpeed-v0")
    assert listed == own | (options(Level) if agent == "lsp" else set())
    for other in set(AGENTS) - {agent}:
        alien = own_options(AGENTS[other].load())
        assert not any(f"--agent.{name} " in page for name in alien - own)
    general = set(re.findall(r"^  (--[\w-]+)(?![\w.-])", page, re.MULTILINE))
    fields = {field.name for field in dataclasses.fields(Command)} - {"agent", "world"}
    assert general == {f"--{name.removesuffix('_folder').replace('_', '-')}" for name in fields}
    assert general == {name for names in GENERAL.values() for name in names}
    assert {"run", "evaluation", "records", agent, *subjects(kind)} <= {
        line[:-1] for line in page.splitlines() if re.match(r"\S+:$", line)
    }


def test_every_field_that_agents_share_has_a_subject():
    named = [name for names in SUBJECTS.values() for name in names]
    assert len(set(named)) == len(named)
    known = [options(entry.load()) for entry in AGENTS.values()]
    assert options(ActorCritic) <= set(named) <= set.union(*known)


@pytest.mark.parametrize(("agent", "world"), [("td3", "PointMaze-v0"), ("lsp", "SpinCross-v0")])
def test_the_defaults_that_the_complete_help_shows_are_what_the_command_takes(shown, agent, world):
    page = shown(agent, world, "--help-all")
    defaults = re.findall(
        r"^  (--(?:agent|world|curriculum)\S+) \S.* \[(.*)\]$", page, re.MULTILINE
    )
    typed = [(name, value) for name, value in defaults if not name.endswith(",")]
    assert len(typed) > 15
    words = [agent, world, "--steps", "5"]
    given = read([*words, *(word for name, value in typed for word in (name, *value.split()))])
    plain = read(words)
    assert given.agent_fields == plain.agent_fields
    assert given.curriculum == plain.curriculum


def test_texts_are_whole_in_the_complete_help(shown):
    page = " ".join(shown("sac", "--help-all").split())
    assert "τ in (0, 1], share of the online parameters in a Polyak update of the targets." in page
    assert "--agent.normalise-observations, --agent.no-normalise-observations [False]" in page
    assert "--steps N (required)" in page


@dataclasses.dataclass(frozen=True, slots=True)
class Nested:
    """A field with fields of its own.

    Attributes:
        size: how large it is.
    """

    size: int
    rate: float | None = 0.5


LONG = "longest" * 12
MANY = dataclasses.make_dataclass("Many", [(f"field_{n}", int, n) for n in range(60)])
NESTED = dataclasses.make_dataclass(
    "Outer", [(LONG, int), ("given", Nested), ("own", Any, Nested(3))]
)


def test_fields_of_fields_are_options_with_their_defaults():
    found = {row.name: (row.values, row.text, row.default) for row in rows(NESTED, "--agent.")}
    assert found == {
        f"--agent.{LONG}": ("INT", "", "(required)"),
        "--agent.given.size": ("INT", "how large it is.", "(required)"),
        "--agent.given.rate": ("FLOAT|None", "", "[0.5]"),
        "--agent.own.size": ("INT", "how large it is.", "[3]"),
        "--agent.own.rate": ("FLOAT|None", "", "[0.5]"),
    }


def test_a_screen_names_what_it_has_no_lines_for():
    first, *others = (Group(name, rows(kind)) for name, kind in [("a", NESTED), ("b", MANY)])
    page = screen("above", first, others, "below")
    assert len(page.splitlines()) <= 40
    assert f"--{LONG} INT" in page
    assert all(re.search(rf"[ -]field-{n}[ ,\n]", page) for n in range(60))
