"""Plans made from problems: tables and summaries on models small enough to solve by hand."""

import numpy as np
import pytest
import scipy.sparse as sp

from hierax.commands.planners import make_plan
from hierax.commands.problems import Problem
from hierax.planning import TabularMDP
from hierax.worlds import GridWorld

LEFT = np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 0]])
RIGHT = np.array([[0.0, 0.9, 0.1], [0, 0, 1], [0, 0, 1]])
PAY = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])


def of_map(text, **options):
    world = GridWorld.from_text(text, **options)
    return Problem("a map", world.mdp, world)


@pytest.mark.parametrize(
    "transition",
    [np.stack([LEFT, RIGHT], axis=1), [sp.csr_matrix(LEFT), sp.csr_matrix(RIGHT)]],
    ids=["dense", "sparse"],
)
def test_a_plan_says_where_its_choice_most_likely_leads(transition):
    plan = make_plan(Problem("chain", TabularMDP(transition, PAY, 0.5, 0)), "auto", {})
    np.testing.assert_array_equal(plan.tables.choice, [1, 1, 1])
    np.testing.assert_array_equal(plan.tables.successor, [1, 2, 2])
    np.testing.assert_allclose(plan.tables.value, [0.9 * 0.5 + 0.1, 1.0, 2.0], atol=1e-8)
    np.testing.assert_allclose(plan.tables.occupancy, [1.0, 0.45, 0.55])
    assert plan.summary["value_at_start"] == pytest.approx(0.55)
    assert plan.summary["states"] == 3
    assert plan.summary["available_pairs"] == 6
    assert plan.summary["discount"] == 0.5
    assert "steps_to_goal" not in plan.summary  # no goal is known of a bare model
    assert plan.tables.time_to_peak is None


@pytest.mark.parametrize(("text", "steps"), [("S..G", 3), ("S.#G", None), ("SG", 1)])
def test_the_way_to_the_goal_is_counted(text, steps):
    assert make_plan(of_map(text), "auto", {}).summary["steps_to_goal"] == steps


def test_equal_actions_are_told_apart_by_their_order_and_not_by_rounding():
    mdp = TabularMDP(np.ones((1, 3, 1)), np.array([[0.0, 0.3, 0.1 + 0.2]]), 0.5)
    assert make_plan(Problem("tie", mdp), "policy-iteration", {}).tables.choice == [1]


def test_himo_tells_how_far_it_came():
    plan = make_plan(of_map("S.G", discount=0.5), "himo", {"iterations": 50, "step_size": 0.1})
    summary = plan.summary
    start, optimum = summary["value_at_start"], summary["optimal_value_at_start"]
    assert optimum == pytest.approx(0.5)
    assert summary["first_value_at_start"] < start < optimum <= start + summary["error_bound"]
    assert summary["steps"] == 50
    assert plan.tables.time_to_peak.shape == (3,)
    np.testing.assert_allclose(plan.policy.sum(axis=1), 1)
