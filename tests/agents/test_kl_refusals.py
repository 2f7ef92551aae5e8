"""Settings of KL, IMPALA and their learner that are not allowed: each is refused by its name."""

import math
from typing import Any

import jax
import pytest

from agents.kl_rollouts import BUTTONS
from hierax.agents.kl import IMPALA, KL, VTrace
from refusals import refuses

AGENTS = [KL, IMPALA]
both = pytest.mark.parametrize("agent", AGENTS)


def refused(agent, name, value, *rule):
    refuses(lambda: agent(BUTTONS, **{name: value}), name, *rule)


def refused_by_learner(name, value, *rule):
    settings: Any = {name: value}
    refuses(lambda: VTrace(**settings), name, *rule)


@pytest.mark.parametrize(
    ("agent", "name"),
    [(KL, "period"), (KL, "latent_size"), (KL, "entropy_steps"), (IMPALA, "entropy_steps")],
)
def test_counts(agent, name):
    for value in (0, 2.5, "3", True):
        refused(agent, name, value, "must be an integer >= 1, got", repr(value))


@pytest.mark.parametrize(
    ("agent", "name"),
    [(KL, "kl_weight"), *((each, name) for each in AGENTS for name in ("entropy", "entropy_end"))],
)
def test_weights(agent, name):
    for value in (-0.1, math.nan, math.inf, "1"):
        refused(agent, name, value, "must be a finite number >= 0, got", repr(value))


@pytest.mark.parametrize(
    ("agent", "name"), [(KL, "default_correlation"), (KL, "discount"), (IMPALA, "discount")]
)
def test_correlation_and_discount(agent, name):
    for value in (1.0, -0.1, math.nan):
        refused(agent, name, value, "must be in [0, 1), got", repr(value))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("default", ("isotropic", "ar1", "learned")),
        ("low_level", ("shared", "separate")),
        ("latents", ("stored", "resample")),
    ],
)
def test_words(name, words):
    for value in ("other", 1, None):
        refused(KL, name, value, "must be one of", *map(repr, words), f"got {value!r}")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (KL, "default_hidden_sizes"),
        *((each, name) for each in AGENTS for name in ("hidden_sizes", "value_hidden_sizes")),
    ],
)
def test_layers(agent, name):
    for value, rule in (((), "at least one layer"), ((8, 0), "integer >= 1"), (8, "type tuple")):
        refused(agent, name, value, rule)


@both
def test_switches(agent):
    refused(agent, "normalise_observations", 1, "must be of type bool, got 1")


@both
@pytest.mark.parametrize(
    "scales", [(0.0, 1.0), (-0.1, 1.0), (0.5, 0.4), (0.1, math.inf), (math.nan, 1.0)]
)
def test_standard_deviations_of_actions(agent, scales):
    refused(agent, "action_scales", scales, "two positive numbers", f"got {scales}")


@both
@pytest.mark.parametrize("scales", [(0.1,), (0.1, 0.5, 1.0), 0.5, ("0.1", "1.0")])
def test_standard_deviations_of_actions_are_two_numbers(agent, scales):
    refused(agent, "action_scales", scales, "two positive numbers", "got", str(scales))


@both
def test_the_learner(agent):
    refused(agent, "learner", "vtrace", "must be of type", "VTrace, got 'vtrace'")


@pytest.mark.parametrize(("name", "least"), [("rollout_length", 1), ("target_period", 0)])
def test_counts_of_the_learner(name, least):
    for value in (least - 1, 2.5, "3", True):
        refused_by_learner(name, value, f">= {least}, got {value!r}")


@pytest.mark.parametrize("name", ["learning_rate", "max_gradient_norm", "clip_ratio", "clip_trace"])
def test_positive_numbers_of_the_learner(name):
    for value in (0.0, -1.0, math.nan, math.inf, "1"):
        refused_by_learner(name, value, f"must be a finite number > 0, got {value!r}")


FIELDS = [
    *((KL, name) for name in ("high_views", "low_views", "value_views")),
    *((IMPALA, name) for name in ("policy_views", "value_views")),
]


@pytest.mark.parametrize(("agent", "name"), FIELDS)
def test_views(agent, name):
    refuses(
        lambda: agent(BUTTONS, **{name: ("body", "legs")}),
        "unknown view 'legs' of Buttons-v0",
        "'task', 'body'",
    )


@pytest.mark.parametrize(("agent", "name"), FIELDS)
def test_views_are_a_tuple_without_repetition(agent, name):
    refused(agent, name, "task", "must be of type tuple, got 'task'")
    refused(agent, name, ("body", "body"), "must name each view once")


@pytest.mark.parametrize(
    ("agent", "name"), [(KL, "high_views"), (IMPALA, "policy_views"), (IMPALA, "value_views")]
)
def test_modules_that_see_no_latent_must_see_something(agent, name):
    refused(agent, name, (), "must hold at least one number together, got ()")


def test_a_low_level_may_see_the_latent_alone():
    agent = KL(BUTTONS, low_views=(), value_views=())
    assert agent.init(jax.random.key(0), 1).learner.parameters["low"].layers[0].weight.shape[0] == 4


def test_views_of_the_low_default_policy():
    refuses(lambda: KL(BUTTONS, low_level="separate", low_default_views=("legs",)), "'legs'")
    refuses(
        lambda: KL(BUTTONS, low_default_views=("body",)),
        "low_default_views must be None with low_level='shared'",
    )
