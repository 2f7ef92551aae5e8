"""Settings of NORL that are not allowed: each is refused with its name, rule and value."""

import math

import pytest

from agents.goal_walks import PLANE
from agents.norl_walks import agent_of
from hierax.agents import NORL
from hierax.agents.goal_conditioned.goals import Entries
from hierax.spec import Discrete, View, WorldSpec
from refusals import refuses

REPRESENTATIONS = ("norl", "vae", "e2c", "slow", "random", "observation", "goal")
LOW_REWARDS = ("progress", "distance", "huber", "huber_weighted", "mutual_information")


def refused(name, value, *rule):
    refuses(lambda: agent_of(**{name: value}), name, *rule)


@pytest.mark.parametrize(
    ("name", "least"),
    [("representation_size", 1), ("representation_updates", 1), ("levels_start", 0)],
)
def test_counts(name, least):
    for value in (least - 1, 2.5, "3", True):
        refused(name, value, "must be an integer >=", str(least), repr(value))


@pytest.mark.parametrize(
    ("name", "words"),
    [("representation", REPRESENTATIONS), ("low_reward", LOW_REWARDS)],
)
def test_words(name, words):
    for value in ("other", 1):
        refused(name, value, "must be one of", *map(repr, words), f"got {value!r}")


def test_weights_of_offsets():
    # With "norl" the annotations of `Predictive` are checked first, while tests run.
    given = {"representation": "random", "offsets": "other"}
    refuses(
        lambda: agent_of(**given), "offsets must be one of", "'published', 'uniform'", "'other'"
    )


def test_numbers():
    for value in (0.0, -1.0, math.nan, math.inf):
        name = "representation_learning_rate"
        refused(name, value, "must be a finite number > 0", "got", repr(value))
    for value in (1.0, -0.1, math.nan):
        refused("offset_discount", value, "must be in [0, 1)", "got", repr(value))


def test_layers():
    refused("hidden_sizes", (), "at least one layer")
    for value, rule in (((), "at least one layer"), ((8, 0), "integer >= 1"), (8, "type tuple")):
        given = {"representation_hidden_sizes": value}
        refuses(lambda given=given: agent_of(**given), "representation_hidden_sizes", rule)


def test_views():
    unknown = {"representation_views": ("legs",)}
    refuses(lambda: agent_of(**unknown), "unknown view 'legs'", "'position'")
    for value, rule in (
        ((), "representation_views must hold at least one number"),
        (("position", "position"), "representation_views must name each view once"),
        ("position", "representation_views must be of type tuple"),
    ):
        refuses(lambda value=value: agent_of(representation_views=value), rule)


@pytest.mark.parametrize("name", ["representation_actions", "low_sees_step"])
def test_switches(name):
    refuses(lambda: agent_of(**{name: 1}), f"{name} must be of type bool")


@pytest.mark.parametrize("representation", REPRESENTATIONS[1:])
def test_the_information_needs_the_representation_that_it_is_about(representation):
    given = {"representation": representation, "goal_range": (1.0,)}
    agent_of(**given)
    given["low_reward"] = "mutual_information"
    refuses(
        lambda: agent_of(**given),
        "low_reward 'mutual_information' needs representation 'norl'",
        f"got {representation!r}",
        "choose that, or low_reward='huber_weighted'",
    )
    agent_of(**{**given, "low_reward": "huber_weighted"})


@pytest.mark.parametrize("representation", REPRESENTATIONS[:-1])
def test_a_goal_space_is_given_for_the_goal_alone(representation):
    given = {"goal_space": Entries("body"), "goal_range": (1.0,)}
    assert agent_of(**given, representation="goal").goal_size == 1
    refuses(
        lambda: agent_of(**given, representation=representation),
        "goal_space is used with representation 'goal' alone",
        f"got {representation!r}",
        "choose that, or leave goal_space out",
    )


def test_goal_boxes():
    refused("goal_range", (1.0, 2.0, 3.0), "one for each of the 2 dimensions")
    given = {"representation_size": 3, "goal_range": (1.0, 2.0)}
    refuses(lambda: agent_of(**given), "goal_range", "each of the 3 dimensions", "got (1.0, 2.0)")
    given = {"representation": "observation", "goal_range": (1.0, 2.0)}
    refuses(lambda: agent_of(**given), "goal_range", "each of the 5 dimensions")


def test_what_hiro_refuses():
    refused("control_interval", 0, "must be an integer >= 1")
    refused("hindsight", 1.5, "must be in [0, 1]")
    spec = WorldSpec("Buttons-v0", (View("body", (1,)),), Discrete(3), 50)
    refuses(lambda: NORL(spec), "NORL needs continuous actions", "Buttons-v0", "3 discrete actions")
    plain = WorldSpec("Plain-v0", (View("body", (1,)),), PLANE.action, 50)
    refuses(lambda: NORL(plain, representation="goal"), "goal_space must be given", "Plain-v0")
