"""Planning curves against backups and returns computed by loops in the tests."""

import numpy as np
import pytest

from hierax.planning import (
    Option,
    PlanningCurve,
    TabularMDP,
    condition_on_goals,
    greedy_return,
    planning_curve,
    primitive_model,
    solve_bellman,
)
from planning.models import random_tables
from planning.options.random_options import (
    actions_as_options,
    call_and_return,
    joined,
    random_options,
)
from refusals import assert_names, refusal

TABLES = random_tables(9, states=6, ragged=False)
MDP = TABLES.dense()
OPTIONS = random_options(MDP.available, number=2, seed=5)
GOALS = np.array([5, 1, 3])
FAMILY = condition_on_goals(MDP, OPTIONS, GOALS, primitives=True)


def task(given, goal):
    """Discounted transitions and rewards of reaching ``goal``."""
    elsewhere = np.arange(len(given.available)) != goal
    return given.discounted_transition() * elsewhere, given.transition[:, :, goal]


def optimum(given, goals):
    """``v*`` of every goal by plain iteration over actions."""
    values = np.zeros((len(goals), len(given.available)))
    for value, goal in zip(values, goals, strict=True):
        table, reward = task(given, goal)
        for _ in range(1_000):
            value[:] = (reward + table @ value).max(axis=1)
    return values


BEST = optimum(TABLES, GOALS)


def test_a_curve_is_value_iteration_from_zero():
    curve = planning_curve(FAMILY, BEST, 6)
    values = np.zeros_like(BEST)
    away = np.arange(6) != GOALS[:, None]
    for sweep in range(6):
        for index, model in enumerate(FAMILY.models()):
            q = model.reward.T + np.moveaxis(model.transition, 0, 1) @ values[index]
            values[index] = q.max(axis=1)
        ratio = np.mean([
            values[goal, state] / BEST[goal, state] for goal, state in np.argwhere(away)
        ])  # fmt: skip
        error = max(BEST[goal, state] - values[goal, state] for goal, state in np.argwhere(away))
        assert curve.relative_value[sweep] == pytest.approx(ratio, abs=1e-13)
        assert curve.largest_error[sweep] == pytest.approx(error, abs=1e-13)
    assert curve.choices == 2 + 3


def test_values_rise_with_every_backup_and_stay_below_the_optimum():
    value, best = np.zeros_like(BEST), solve_bellman(FAMILY, tolerance=1e-13).value
    np.testing.assert_allclose(best, BEST, atol=1e-12)
    for _ in range(40):
        new = FAMILY.backup(value).max(axis=-1)
        # I15, second half: 1e-12.
        assert (new >= value - 1e-12).all()
        assert (new <= best + 1e-12).all()
        value = new
    curve = planning_curve(FAMILY, BEST, 300)
    assert (np.diff(curve.relative_value) >= -1e-12).all()
    assert (np.diff(curve.largest_error) <= 1e-12).all()
    assert curve.relative_value[-1] == pytest.approx(1.0, abs=1e-12)
    assert curve.largest_error[-1] <= 1e-12


def test_options_make_planning_faster_and_without_actions_may_fall_short():
    actions = planning_curve(condition_on_goals(MDP, None, GOALS, primitives=True), BEST, 60)
    both = planning_curve(FAMILY, BEST, 60)
    alone = planning_curve(condition_on_goals(MDP, OPTIONS, GOALS), BEST, 60)
    assert (both.relative_value >= actions.relative_value - 1e-14).all()
    assert both.relative_value[0] > actions.relative_value[0] + 1e-3
    assert alone.relative_value[-1] < 1 - 1e-3
    assert (actions.choices, alone.choices) == (3, 2)


def test_sweeps_are_counted_from_one_and_none_means_never():
    curve = PlanningCurve(np.array([0.2, 0.9, 0.95]), np.array([0.5, 0.1, 0.01]), 4)
    assert [curve.sweeps_to(f) for f in (0.1, 0.2, 0.9, 0.91, 0.99)] == [1, 1, 2, 3, None]
    assert [curve.sweeps_to_error(e) for e in (0.5, 0.2, 0.01, 1e-3)] == [1, 2, 3, None]
    assert type(curve.sweeps_to(0.9)) is int


CELLS = 7
EAST, WEST = np.eye(CELLS)[[1, 2, 3, 4, 5, 6, 6]], np.eye(CELLS)[[0, 0, 1, 2, 3, 4, 5]]
CORRIDOR = TabularMDP(np.stack([EAST, WEST], axis=1), np.zeros((CELLS, 2)), 0.5)
TO_THE_END = 0.5 ** np.maximum(np.arange(CELLS)[::-1] - 1, 0)  # v* of the goal 6; staying enters it


@pytest.mark.parametrize("junk", [1e-6, 1e6])
def test_trap_17_the_goal_itself_does_not_count(junk):
    family = condition_on_goals(CORRIDOR, None, [6], primitives=True)
    best = TO_THE_END[None].copy()
    wanted = planning_curve(family, best, 3), greedy_return(family, best, 3)
    best[0, 6] = junk
    for found, expected in zip(planning_curve(family, best, 3), wanted[0], strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(greedy_return(family, best, 3), wanted[1])
    # After one backup the neighbour of the goal alone is right: one of six.
    np.testing.assert_allclose(wanted[0].relative_value, [1 / 6, 2 / 6, 3 / 6], rtol=1e-14)


def test_trap_18_a_plan_is_not_helped_by_running_through_its_goal():
    run = Option(np.eye(2)[np.zeros(CELLS, int)], np.eye(CELLS)[6])
    family = condition_on_goals(CORRIDOR, run, [3])
    distance = np.abs(np.arange(CELLS) - 3.0)
    best = 0.5 ** np.abs(distance - 1.0)  # at the goal: leave it and come back
    curve = planning_curve(family, best[None], 2)
    # From the west one option is there in one backup; from the east it never comes.
    np.testing.assert_allclose(curve.relative_value, 0.5, rtol=1e-14)


def test_trap_20_ties_are_shared_and_not_won_by_the_first():
    # East is the first action, and the goal is the westernmost cell.
    family = condition_on_goals(CORRIDOR, None, [0], primitives=True)
    best = 0.5 ** np.maximum(np.arange(CELLS) - 1.0, 0.0)
    table = 0.5 * np.stack([EAST, WEST], axis=1) * (np.arange(CELLS) != 0)
    reward = np.stack([EAST, WEST], axis=1)[:, :, 0]
    found = greedy_return(family, best[None], 3)
    for known in (1, 2, 3):  # after so many backups; in the cells beyond both actions are worth 0
        east = np.where(np.arange(CELLS) <= known, 0.0, 0.5)
        policy = np.stack([east, 1 - east], axis=1)
        step = np.einsum("sa,sat->st", policy, table)
        value = np.linalg.solve(np.eye(CELLS) - step, (policy * reward).sum(axis=1))
        assert found[known - 1] == pytest.approx((value / best)[1:].mean(), abs=1e-13)
        # Going east from all these they would never arrive.
        assert found[known - 1] > known / 6 + 0.1


@pytest.mark.parametrize("primitives", [False, True])
def test_the_greedy_return_is_that_of_the_flat_chain(primitives):
    family = condition_on_goals(MDP, OPTIONS, GOALS, primitives)
    library = joined(OPTIONS, actions_as_options(MDP)) if primitives else OPTIONS
    found = greedy_return(family, BEST, 3)
    returned = np.zeros((3, *BEST.shape))
    for index, goal in enumerate(GOALS):
        table, reward = task(TABLES, goal)
        model = family.model(index)
        value = np.zeros(6)
        for sweep in range(3):
            q = model.reward.T + np.moveaxis(model.transition, 0, 1) @ value
            value = q.max(axis=1)
            greedy = q >= value[:, None] - 1e-13
            choosing = greedy / greedy.sum(axis=1, keepdims=True)
            returned[sweep, index] = call_and_return(table, reward, library, choosing)
    away = np.arange(6) != GOALS[:, None]
    np.testing.assert_allclose(found, (returned / BEST)[:, away].mean(axis=1), atol=1e-12)


def test_the_greedy_return_becomes_one_and_is_at_least_the_value_planned():
    curve, returned = planning_curve(FAMILY, BEST, 60), greedy_return(FAMILY, BEST, 60)
    # From v₀ = 0 ≤ T v₀ the return of a greedy policy is at least the value it was chosen for.
    assert (returned >= curve.relative_value - 1e-12).all()
    assert (returned <= 1 + 1e-12).all()
    assert returned[-1] == pytest.approx(1.0, abs=1e-12)


BOTH = pytest.mark.parametrize("function", [planning_curve, greedy_return])


@BOTH
@pytest.mark.parametrize(
    ("best", "words"),
    [
        (BEST[0], "shape (3, 6) ... (6,)"), (BEST.T, "(6, 3)"),
        (None, "NoneType"), ("best", "str 'best'"), (0 * BEST, "0.0 at goal 0, state 0"),
        (BEST - 2 * np.eye(3, 6, 1), "positive ... -1 ... at goal 0, state 1"),
        (np.nan * BEST, "nan at goal 0, state 0"),
    ],
)  # fmt: skip
def test_bad_optimal_values_are_refused(function, best, words):
    sentence = refusal(function, FAMILY, best, 3)
    assert sentence.startswith("optimal_value")
    assert_names(sentence, words)


@BOTH
@pytest.mark.parametrize("sweeps", [0, -1, 2.0, None, True, "3"])
def test_bad_numbers_of_sweeps_are_refused(function, sweeps):
    assert_names(
        refusal(function, FAMILY, BEST, sweeps),
        f"sweeps must be an integer >= 1 ... got {sweeps!r}",
    )


@BOTH
def test_an_infinite_optimal_value_is_refused(function):
    assert_names(refusal(function, FAMILY, np.inf * BEST, 3), "inf at goal 0, state 0")


@BOTH
@pytest.mark.parametrize("models", [None, MDP, primitive_model(MDP)], ids=["None", "mdp", "model"])
def test_what_is_no_family_of_goals_is_refused(function, models):
    sentence = refusal(function, models, BEST, 3)
    shown = "None" if models is None else type(models).__name__
    assert_names(sentence, f"models must be of type GoalOptionModels ... {shown}")
    assert_names(sentence, "GoalOptionModels")


@BOTH
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_state_without_a_choice_is_refused(function):
    nowhere = Option(OPTIONS.policy, OPTIONS.termination, np.arange(12).reshape(2, 6) % 6 != 4)
    family = condition_on_goals(MDP, nowhere, GOALS)
    assert_names(
        refusal(function, family, BEST, 3), "models must offer a choice ... none at state 4"
    )
