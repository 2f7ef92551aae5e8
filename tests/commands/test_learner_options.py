"""The learner of an agent: chosen by its name, by a preset or by the actions of the world."""

import dataclasses

import gymnasium
import numpy as np
import pytest

from hierax.agents import KL, Retrace, VTrace
from hierax.commands import learner_options
from hierax.commands.errors import UsageError
from hierax.commands.train import read
from hierax.worlds import make

DISCRETE, CONTINUOUS = "BodyGrid1-v0", "PointSpeed-v0"


def learner(words):
    return read([*f"kl {words}".split(), "--steps", "5"]).agent_fields["learner"]


def shown(words, capsys):
    with pytest.raises(SystemExit):
        learner(f"{words} --help-all")
    return capsys.readouterr().out


@pytest.mark.parametrize(("world", "kind"), [(DISCRETE, VTrace), (CONTINUOUS, Retrace)])
def test_actions_of_the_world_choose(world, kind):
    assert learner(world) == kind()
    assert KL(make(world).spec).learner == kind()


@pytest.mark.parametrize(("name", "kind"), [("vtrace", VTrace), ("retrace", Retrace)])
def test_a_name_chooses(name, kind):
    assert learner(f"{CONTINUOUS} --agent.learner {name}") == kind()
    assert learner(f"{CONTINUOUS} --agent.learner={name}") == kind()


class Lever(gymnasium.Env):
    """A lever that is pulled, or moved by so much."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

    def __init__(self, steps=2):
        box = gymnasium.spaces.Box(-1.0, 1.0, (1,))
        self.action_space = gymnasium.spaces.Discrete(steps) if steps else box

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), 0.0, False, False, {}


@pytest.mark.parametrize(("words", "kind"), [("", VTrace), ("--world.steps 0", Retrace)])
def test_fields_of_the_world_may_choose_its_actions(words, kind):
    assert learner(f"{__name__}:Lever --world.episode-limit 5 {words}") == kind()


def test_fields_of_the_learner_are_options():
    found = learner(f"{CONTINUOUS} --agent.learner.batch-size 8 --agent.learner.trace_decay 0.5")
    assert found == Retrace(batch_size=8, trace_decay=0.5)
    found = learner(f"{CONTINUOUS} --agent.learner vtrace --agent.learner.rollout-length 4")
    assert found == VTrace(rollout_length=4)


def test_help_has_the_fields_of_the_chosen_learner(capsys):
    for words, kind, other in (
        (DISCRETE, VTrace, Retrace),
        (CONTINUOUS, Retrace, VTrace),
        (f"{CONTINUOUS} --agent.learner vtrace", VTrace, Retrace),
    ):
        text = shown(words, capsys)
        own = {field.name for field in dataclasses.fields(kind)}
        for name in own:
            assert f"--agent.learner.{name.replace('_', '-')} " in text
        for field in dataclasses.fields(other):
            assert field.name in own or f"learner.{field.name.replace('_', '-')}" not in text
        assert f"--agent.learner retrace|vtrace [{kind.__name__.lower()}]" in text


def test_the_learner_of_a_preset_stays_unless_another_is_named():
    fields, place = {"learner": Retrace(batch_size=8)}, (DISCRETE, {})

    def chosen(*words):
        return learner_options.default(KL, fields, place, words)["learner"]

    assert chosen() == chosen("--agent.learner", "retrace") == Retrace(batch_size=8)
    assert chosen("--agent.learner", "vtrace") == VTrace()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (f"{DISCRETE} --agent.learner sarsa", ["must be retrace or vtrace", "'sarsa'"]),
        (f"{DISCRETE} --agent.learner", ["--agent.learner must have a value"]),
        (
            f"{DISCRETE} --agent.learner.batch-size 8",
            [
                "batch-size is an option of retrace",
                "learner is vtrace",
                "--agent.learner retrace",
                "for continuous actions",
            ],
        ),
        (f"{CONTINUOUS} --agent.learner.rollout_length 8", ["option of vtrace"]),
        (f"{CONTINUOUS} --agent.learner.learning-rat 8", ["did you mean", "learning-rate"]),
        ("NoWorld-v0 --agent.learner.batch-size 0.5", ["must be an integer", "'0.5'"]),
        # what is wrong comes first: neither the world nor the learner is known
        (f"{DISCRETE} --world.size x --agent.learner.rollout-length 8", ["--world.size", "'x'"]),
        (
            f"{CONTINUOUS} --agent.learner retrac --agent.learner.rollout-length 8",
            ["--agent.learner must be retrace or vtrace", "'retrac'"],
        ),
    ],
)
def test_refusals(words, parts):
    with pytest.raises(UsageError) as error:
        learner(words)
    for part in parts:
        assert part in str(error.value)


def test_agents_with_one_learner_have_no_choice(capsys):
    with pytest.raises(SystemExit):
        read(["svg0", CONTINUOUS, "--help-all"])
    text = capsys.readouterr().out
    assert "--agent.learner.batch-size" in text
    assert "--agent.learner " not in text
