"""The planner `option-gradient`: which goals it holds out, and what it refuses."""

import numpy as np
import pytest

from hierax.commands import option_planner
from hierax.commands.errors import UsageError
from hierax.commands.planners import make_plan
from hierax.commands.problems import Problem
from hierax.planning import TabularMDP
from hierax.worlds import GridWorld


def problem(text, **options):
    world = GridWorld.from_text(text, **options)
    return Problem("a map", world.mdp, world)


def test_a_fifth_of_the_goals_is_held_out_and_at_least_one():
    for states, held_out in ((5, 1), (6, 1), (10, 2), (104, 21)):
        train, test = option_planner._split(states, 0)
        assert len(test) == held_out
        assert sorted([*train, *test]) == list(range(states))


def test_a_goal_of_the_world_does_not_end_the_tasks_of_others():
    given = problem("S...G", reward="terminal", discount=0.9)
    assert np.ndim(given.mdp.discount) == 1
    assert option_planner._without_goal(given).discount == 0.9


def test_bottlenecks_are_compared_with_where_there_are_any():
    plan = make_plan(problem("..#..\n.....\n.G#.."), "option-gradient", {"steps": 1, "options": 1})
    assert set(plan.curves) == {"primitives", "learned", "learned_hardened", "hallways"}
    assert plan.time_to_peak is None
    assert plan.draw().get_suptitle() == "Option gradient: a map"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (problem("S.G"), "3 states, but option-gradient needs at least 5"),
        (problem("S....G", sparse=True), "fewer than 2000 states"),
        (
            Problem("two halves", TabularMDP(np.eye(6)[:, None], np.zeros((6, 1)), 0.9)),
            "must be reachable",
        ),
    ],
)
def test_what_cannot_be_learned_in_is_refused(given, words):
    with pytest.raises(UsageError, match=words):
        make_plan(given, "option-gradient", {"steps": 1})


@pytest.mark.parametrize("option", ["options", "steps", "restarts"])
def test_nonsense_is_named(option):
    with pytest.raises(UsageError, match=f"{option} must be an integer >= 1, got 0"):
        make_plan(problem("S....G"), "option-gradient", {option: 0})
