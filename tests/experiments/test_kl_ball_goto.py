"""The study of a ball that goes to one of three targets: its arms, and verdicts on made-up rows."""

import dataclasses

import numpy as np
import pytest

from hierax.agents.kl import SVG0, Distral
from hierax.experiments.kl_ball_arms import (
    BODY,
    DEFAULT,
    FLAT,
    HIERARCHIES,
    METHODS,
    SHARED,
    WEIGHT_FIELDS,
)
from hierax.experiments.kl_ball_goto import LARGE, TRIED, TUNING_SEEDS, VARIANTS, arm, judge_fields
from hierax.registry import EXPERIMENTS

CHOSEN = {name: weights[-1] for name, weights in TRIED.items()}
EVERY = (*METHODS, *VARIANTS)
SEEDS = 10


def fields(**given):
    """Rows and curves of seeds around a success rate, which is 0.9 where none is given."""
    rates = {name: given.get(name, 0.9) for name in METHODS}
    spread = np.linspace(0.0, 0.04, SEEDS)
    rows = {
        name: {"by_seed": rate + spread, "seeds_at_0.9": int((rate + spread >= 0.9).sum())}
        for name, rate in rates.items()
    }
    curves = {
        f"BallGoTo3-v0: {name}": {"values": np.repeat(row["by_seed"][:, None], 10, axis=1)}
        for name, row in rows.items()
    }
    return {"tables": {"BallGoTo3-v0: arms": rows}, "curves": curves}


def verdicts(**given):
    return {finding.claim: finding.holds for finding in judge_fields(fields(**given))}


@pytest.mark.parametrize("name", EVERY)
def test_all_arms_have_the_same_critic_learner_bounds_and_steps(name):
    agent = arm(name, CHOSEN).agent
    apart = {"hidden_sizes", WEIGHT_FIELDS[VARIANTS.get(name, (name,))[0]]}
    for field, value in {**SHARED, **LARGE}.items():
        assert field in apart or getattr(agent, field) == value, field
    assert (arm(name, CHOSEN).steps, arm(name, CHOSEN).environments) == (400_000, 32)


@pytest.mark.parametrize("name", EVERY)
def test_an_arm_has_the_weight_of_its_method(name):
    method = VARIANTS.get(name, (name,))[0]
    assert getattr(arm(name, CHOSEN).agent, WEIGHT_FIELDS[method]) == CHOSEN[method]


def test_what_knows_no_task_sees_the_body_alone():
    for name in HIERARCHIES:
        assert arm(name, CHOSEN).agent.views["low"] == BODY
    for name in (DEFAULT, "DISTRAL, two columns"):
        assert arm(name, CHOSEN).agent.views["policy_default"] == BODY


def test_hierarchies_differ_by_their_default_policies_alone():
    agents = [dataclasses.replace(arm(n, CHOSEN).agent, default="ar1") for n in HIERARCHIES]
    assert agents[0] == agents[1] == agents[2]
    assert isinstance(arm(FLAT, CHOSEN).agent, SVG0)
    assert isinstance(arm(DEFAULT, CHOSEN).agent, Distral)


def test_each_method_has_as_many_weights_and_they_are_chosen_on_other_seeds():
    assert {len(weights) for weights in TRIED.values()} == {3}
    assert TUNING_SEEDS[0] >= EXPERIMENTS["kl-ball-goto"].seeds


def test_the_order_is_judged():
    assert verdicts(**{FLAT: 0.3})["K3"] is True
    assert verdicts(**{FLAT: 0.3, DEFAULT: 0.95})["K3"] is None  # hierarchies are below it
    assert verdicts(**{FLAT: 0.95, DEFAULT: 0.94})["K3"] is False


def test_default_policies_work_if_four_of_five_seeds_do():
    assert verdicts()["K14"] is True
    assert verdicts(learned=0.89)["K14"] is None
    assert verdicts(**dict.fromkeys(HIERARCHIES, 0.5))["K14"] is False
