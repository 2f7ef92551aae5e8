"""Dotted options are taken out of a command line and become fields."""

import pytest

from hierax.commands.dotted import fields_of, separate
from hierax.commands.errors import UsageError


def test_dotted_options_are_separated_from_the_rest():
    words = (
        "sac W --agent.hidden-sizes 64 32 --steps 5 --world.goal=6,-6 --agent.learning-rate 1e-3"
    )
    rest, dotted = separate(words.split())
    assert rest == ["sac", "W", "--steps", "5"]
    assert dotted == {
        "agent.hidden_sizes": ("64", "32"),
        "world.goal": ("6,-6",),
        "agent.learning_rate": ("1e-3",),
    }


def test_paths_with_dots_are_no_dotted_options():
    assert separate(["--run", "./runs/a.b", "x.y"]) == (["--run", "./runs/a.b", "x.y"], {})


def test_fields_have_the_types_of_their_owner():
    _, dotted = separate(
        ["--agent.hidden-sizes", "64", "--agent.target-entropy", "-2", "--world.goal", "8", "0"]
    )
    assert fields_of("agent", "sac", dotted) == {"hidden_sizes": (64,), "target_entropy": -2.0}
    assert fields_of("world", "PointMaze-v0", dotted) == {"goal": (8.0, 0.0)}


def test_fields_of_other_worlds_are_taken_as_they_look():
    _, dotted = separate(["--world.slip", "0.1", "--world.reward", "goal", "--world.stay", "false"])
    found = fields_of("world", "FourRooms-v0", dotted)
    assert found == {"slip": 0.1, "reward": "goal", "stay": False}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--agent.x 1 --agent.x 2", "--agent.x is given twice"),
        ("--agents.x 1", "there is no option '--agents.x', but --agent.FIELD"),
    ],
)
def test_options_that_make_no_sense_are_refused(words, message):
    with pytest.raises(UsageError, match=message):
        separate(words.split())


def test_an_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(
        UsageError, match=r"no field of td3 'policy_delays'.*; did you mean policy_delay\?"
    ):
        fields_of("agent", "td3", {"agent.policy-delays": ("2",)})
