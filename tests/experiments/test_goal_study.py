"""Studies of goals: which arms are trained, in which world each belongs, and how many at once."""

import jax
import numpy as np
import pytest

from hierax.agents import TD3
from hierax.experiments import goal_study
from hierax.experiments.goal_study import Arm, Budget, budgets, study
from hierax.experiments.learning_runs import Runs
from hierax.worlds import make

WORLDS = ("PointU-v0", "RowerU-v0")
LAPTOP = Budget(1.0, 4, 5)


def arms(*steps):
    """In each world an arm for each number of steps, called by that number."""
    return {
        name: {str(each): Arm(TD3((world := make(name)).spec), world, each) for each in steps}
        for name in WORLDS
    }


@pytest.fixture
def asked(monkeypatch):
    """Numbers of workers; an arm's success is its steps in thousandths, and 0.5 more of a rower."""
    workers = []

    def do_jobs(jobs, number, _):
        workers.append(number)
        return [_made_up(*arguments) for _, arguments in jobs]

    monkeypatch.setattr(goal_study, "do_jobs", do_jobs)
    monkeypatch.setattr(goal_study.os, "cpu_count", lambda: 3)
    return workers


def _made_up(arm, budget, seeds, first):
    success = arm.steps / 1_000 + 0.5 * (arm.world.name == "RowerU-v0")
    values = np.full((seeds, budget.evaluations), success)
    names = (goal_study.METRIC, goal_study.RETURN, *arm.also)
    return Runs(np.arange(budget.evaluations), dict.fromkeys(names, values), [], 1.0)


def test_each_arm_has_its_own_row(asked):
    found = study(arms(100, 200), LAPTOP, seeds=2)
    rates = {
        world: {name: row["by_seed"].round(6).tolist() for name, row in each["table"].items()}
        for world, each in found.items()
    }
    assert rates == {
        "PointU-v0": {"100": [0.1, 0.1], "200": [0.2, 0.2]},
        "RowerU-v0": {"100": [0.6, 0.6], "200": [0.7, 0.7]},
    }
    assert found["RowerU-v0"]["settings"]["steps"] == {"100": 100, "200": 200}


def test_as_many_arms_at_once_as_there_are_cores_or_arms(asked):
    study(arms(100, 200), LAPTOP, seeds=1)
    study(arms(100), LAPTOP, seeds=1)
    assert asked == [3, 2]


def test_a_smoke_run_trains_a_few_arms_in_this_process(asked):
    found = study(arms(100, 200), budgets(0.1, ("200",))["smoke"], seeds=1)
    assert [list(each["table"]) for each in found.values()] == [["200"], ["200"]]
    assert asked == [1]


@pytest.mark.slow
def test_numbers_do_not_depend_on_the_number_of_processes(monkeypatch):
    real = goal_study.do_jobs

    def found(workers):
        monkeypatch.setattr(goal_study, "do_jobs", lambda jobs, _, told: real(jobs, workers, told))
        given = {"PointU-v0": arms(2_000, 3_000)["PointU-v0"]}
        return study(given, LAPTOP._replace(evaluations=2), seeds=1)["PointU-v0"]

    once, twice = found(1), found(2)
    for name in once["table"]:
        for field in ("by_seed", "return_by_seed"):
            np.testing.assert_array_equal(once["table"][name][field], twice["table"][name][field])
    states = zip(jax.tree.leaves(once["states"]), jax.tree.leaves(twice["states"]), strict=True)
    for one, other in states:
        np.testing.assert_array_equal(one, other)
