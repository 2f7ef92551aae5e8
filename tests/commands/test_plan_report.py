"""What is printed of a plan: rows of its summary, the order of decision, warnings."""

import numpy as np
import pytest

from hierax.commands.plan_report import report
from hierax.commands.planners import PolicyPlan
from hierax.commands.problems import Problem
from hierax.plotting import PlanTables
from hierax.worlds import tower_of_hanoi

WORLD = tower_of_hanoi(2)


@pytest.fixture
def rows(capsys, tmp_path):
    """Prints a plan with a given summary and order; returns its lines, tables cut into cells."""

    def printed(summary, times=None):
        zeros, index = np.zeros(9), np.zeros(9, dtype=int)
        tables = PlanTables(zeros, index, index, zeros, times)
        problem = Problem("two discs", WORLD.mdp, WORLD)
        report(PolicyPlan(problem, "himo", np.ones((9, 1)), tables, summary), tmp_path / "plan.png")
        lines = capsys.readouterr().out.splitlines()
        return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]

    return printed


@pytest.mark.parametrize(
    ("name", "value", "row"),
    [
        ("steps_to_goal", None, ["steps to goal", "not reached"]),
        ("converged", True, ["converged", "yes"]),
        ("converged", False, ["converged", "no"]),
        ("states", 1234567, ["states", "1,234,567"]),
        ("value_at_start", 98.0149999, ["value at start", "98.015"]),
    ],
)
def test_a_row_of_the_summary(rows, name, value, row):
    assert row in rows({name: value, "error_bound": 1e-9})


def test_states_are_listed_by_rank_and_ties_by_index(rows):
    times = np.full(9, np.nan)
    times[[1, 4, 6, WORLD.goal]] = [2.0, 2.0 - 1e-9, 3.0, 1.0]
    lines = rows({}, times)
    ranked = [line for line in lines if line[0].isdigit()]
    order = [int(WORLD.goal), 1, 4, 6]
    assert [line[0] for line in ranked] == ["1", "2", "2", "4"]
    assert [line[1] for line in ranked] == [WORLD.state_names[state] for state in order]
    assert [line[2] for line in ranked] == ["1", "2", "2", "3"]
    assert ranked[0][3] == "goal"


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ({"converged": False, "error_bound": np.inf}, "not a contraction"),
        ({"converged": False, "error_bound": 1e-3}, "tolerance is not met"),
        ({"converged": False, "error_bound": 7e8, "interrupted": True}, "within 7e+08 of the"),
        ({"undecided_states": 4}, "4 states are not decided"),
    ],
)
def test_a_warning(rows, summary, words):
    assert any(words in line[0] for line in rows(summary))
    calm = {"converged": True, "error_bound": 0.0, "undecided_states": 0}
    assert not any(words in line[0] for line in rows(calm))


def test_the_last_lines_say_where_the_files_are(rows, tmp_path):
    *_, picture, tables = rows({})
    assert picture == [f"picture: {tmp_path / 'plan.png'}"]
    assert tables == [f"tables:  {tmp_path / 'plan.npz'}, {tmp_path / 'plan.json'}"]
