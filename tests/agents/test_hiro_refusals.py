"""Settings that are not allowed: each is refused with its name, its rule and what was given."""

import math

import pytest

from agents.goal_walks import PLANE, VIEWS, agent_of
from hierax.agents import HIRO
from hierax.agents.goal_conditioned import Entries
from hierax.spec import Continuous, Discrete, WorldSpec
from refusals import refuses

COUNTS = {
    "control_interval": 1, "policy_delay": 1, "low_updates": 1, "high_batch_size": 1,
    "correction_every": 1, "correction_candidates": 0, "random_goals": 0, "random_actions": 0,
    "batch_size": 1, "buffer_size": 1, "learning_starts": 0,
}  # fmt: skip
SHARES = ("random_goal_probability", "correction", "hindsight", "stop_low_when")
NOT_NEGATIVE = (
    "high_noise", "low_noise", "target_policy_noise", "target_noise_clip", "pretanh_penalty"
)  # fmt: skip
POSITIVE = (
    "learning_rate", "actor_learning_rate", "updates_per_step", "low_reward_scale",
    "high_reward_scale",
)  # fmt: skip
WORDS = {
    "goals": ("relative", "absolute"),
    "low_reward": ("progress", "distance"),
    "random_action_kind": ("uniform", "corners"),
    "critic_loss": ("squared", "huber"),
    "relabel": ("likely", "achieved"),
}


CHECKED_TYPES = (
    "policy_delay", "tau", "target_policy_noise", "target_noise_clip", "pretanh_penalty",
    "critic_loss", "hidden_sizes", "actor_learning_rate",
)  # fmt: skip
"""Fields of `LevelTraining`: there the annotations are checked first, while tests run."""


def refused(name, value, *rule):
    refuses(lambda: agent_of(**{name: value}), name, *rule)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    least = COUNTS[name]
    for value in (least - 1, *(() if name in CHECKED_TYPES else (2.5, "3", True))):
        refused(name, value, "must be an integer >=", str(least), repr(value))


@pytest.mark.parametrize("name", SHARES)
def test_shares(name):
    for value in (1.5, *(() if name in CHECKED_TYPES else (math.nan, "all"))):
        refused(name, value, "must be in [0, 1]")


def test_the_share_of_a_polyak_update():
    for value in (1.5, 0.0, -1.0, math.nan, math.inf):
        refused("tau", value, "must be in (0, 1]", "got", repr(value))


@pytest.mark.parametrize("name", NOT_NEGATIVE)
def test_numbers_that_are_not_negative(name):
    for value in (-0.1, math.inf, *(() if name in CHECKED_TYPES else (None,))):
        refused(name, value, "must be a finite number >= 0", "got", repr(value))


@pytest.mark.parametrize("name", POSITIVE)
def test_positive_numbers(name):
    for value in (0.0, -1.0, math.nan, math.inf):
        refused(name, value, "must be a finite number > 0", "got", repr(value))


@pytest.mark.parametrize("name", [name for name in WORDS if name not in CHECKED_TYPES])
def test_words(name):
    refused(name, "other", "must be one of", *map(repr, WORDS[name]), "got 'other'")


@pytest.mark.parametrize("name", ["discount", "low_discount"])
def test_discounts(name):
    for value in (1.0, -0.1):
        refused(name, value, "must be in [0, 1)", f"got {value}")


def test_layers():
    refused("hidden_sizes", (), "at least one layer")
    refused("hidden_sizes", (8, 0), "must be an integer >= 1")


def test_times_of_random_actions():
    for value, rule in (((), "integer >= 1"), ((2, 0), "integer >= 1"), (3, "of type tuple")):
        refused("random_action_steps", value, rule)


def test_goal_boxes():
    for name in ("goal_range", "goal_centre"):
        refused(name, (1.0, 2.0, 3.0), "one number, or one for each of the 2 dimensions")
        refused(name, (), "one number, or one for each of the 2 dimensions")
        refused(name, 4.0, "must be of type tuple")
    refused("goal_range", (1.0, 0.0), "must be a finite number > 0", "got 0")
    refused("goal_centre", (0.0, 1.0), "must be 0 with relative goals", "goals='absolute'")
    for value in (math.nan, math.inf, "here"):
        refuses(
            lambda value=value: agent_of(goals="absolute", goal_centre=(0.0, value)),
            "goal_centre", "finite number", "got", repr(value),
        )  # fmt: skip


def test_views():
    for level in ("high_views", "low_views"):
        unknown = {level: ("legs",)}
        refuses(lambda given=unknown: agent_of(**given), "unknown view 'legs'", "'position'")
        refused(level, (), "at least one number")


def test_goal_spaces():
    for space in (Entries("legs"), Entries("position", 1, 4)):
        refuses(lambda space=space: agent_of(goal_space=space), "view")
    plain = WorldSpec("Plain-v0", VIEWS, Continuous(1), 50)
    refuses(lambda: HIRO(plain), "goal_space must be given", "Plain-v0", "Entries('position')")
    assert HIRO(plain, goal_space=Entries("body")).goal_size == 1


def test_discrete_actions():
    spec = WorldSpec("Buttons-v0", VIEWS, Discrete(3), 50, goal=PLANE.goal)
    refuses(lambda: HIRO(spec), "HIRO needs continuous actions", "Buttons-v0", "3 discrete actions")
