"""Stops are the same from wherever a run goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierax.training.iteration import Iteration
from hierax.training.schedule import Schedule
from refusals import refusal

intervals = st.none() | st.integers(1, 5000)
schedules = st.builds(
    lambda n, steps, learning_starts, total, log, evaluate, save: Schedule.of(
        Iteration(n, steps, 1, learning_starts),
        total,
        log_every=log,
        evaluate_every=evaluate,
        checkpoint_every=save,
    ),
    st.integers(1, 16),
    st.integers(1, 8),
    st.integers(0, 300),
    st.integers(1, 3000),
    intervals,
    intervals,
    intervals,
)


def stops(schedule, done=0):
    found = []
    while done < schedule.end:
        done = schedule.next_stop(done)
        found.append(done)
    return found


@given(schedules, st.data())
def test_every_iteration_leads_to_the_same_stops(schedule, data):
    known = stops(schedule)
    assert known == sorted(set(known))
    assert known[-1] == schedule.end
    done = data.draw(st.integers(0, schedule.end - 1))
    assert stops(schedule, done) == [stop for stop in known if stop > done]


@given(schedules)
def test_nothing_is_passed_over(schedule):
    known = set(stops(schedule))
    for done in range(1, schedule.end + 1):
        if schedule.logs(done):
            assert done in known
        # What is evaluated or saved is logged too, so a checkpoint owes no line of metrics.
        assert schedule.logs(done) >= max(schedule.evaluates(done), schedule.saves(done))
    assert schedule.learning_starts in known or not 0 < schedule.learning_starts <= schedule.end
    assert schedule.evaluate % schedule.log == schedule.checkpoint % schedule.log == 0
    for does in (schedule.logs, schedule.evaluates, schedule.saves):
        assert does(schedule.end)


@given(schedules)
def test_learning_begins_at_a_stop(schedule):
    """So that no call of a driver is half with updates and half without."""
    done = 0
    while done < schedule.end:
        stop = schedule.next_stop(done)
        assert not done < schedule.learning_starts < stop
        done = stop


def test_a_run_that_is_told_nothing():
    schedule = Schedule.of(Iteration(16, 1, 16, 63), 100_000)
    assert schedule == Schedule(learning_starts=63, log=63, evaluate=315, checkpoint=315, end=6250)
    assert sum(map(schedule.logs, range(1, schedule.end + 1))) == 100
    assert sum(map(schedule.evaluates, range(1, schedule.end + 1))) == 20


def test_intervals_are_in_environment_steps():
    schedule = Schedule.of(
        Iteration(2, 5, 1, 0), 1000, log_every=30, evaluate_every=100, checkpoint_every=61
    )
    assert schedule == Schedule(learning_starts=0, log=3, evaluate=12, checkpoint=9, end=100)


@pytest.mark.parametrize("name", ["steps", "log_every", "evaluate_every", "checkpoint_every"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "many"])
def test_refusals(name, value):
    given = {"steps": 10, name: value}
    sentence = refusal(lambda: Schedule.of(Iteration(1, 1, 1, 0), **given))
    assert sentence == f"{name} must be an integer >= 1, got {value!r}"


@pytest.mark.parametrize(
    ("steps", "evaluation_steps", "evaluations"),
    [
        (100_000, 1_000, 20),  # a fifth of the steps of the run
        (100_000, 1_600, 15),  # a quarter allows 15.6
        (100_000, 20_000, 10),  # a quarter allows one, but there are at least ten
        (6_000, 20_000, 10),
    ],
)
def test_evaluations_are_ten_to_twenty_and_a_quarter_of_the_run_if_that_allows_ten(
    steps, evaluation_steps, evaluations
):
    iteration = Iteration(1, 8, 1, 0)
    schedule = Schedule.of(iteration, steps, evaluation_steps=evaluation_steps)
    found = sum(schedule.evaluates(done) for done in range(1, schedule.end + 1))
    assert found >= 10
    assert evaluations - 1 <= found <= evaluations + 1
    assert found * evaluation_steps <= 0.25 * steps or found <= 11
    asked = Schedule.of(iteration, steps, evaluate_every=40, evaluation_steps=evaluation_steps)
    assert asked.evaluate * iteration.size <= max(40, asked.log * iteration.size)


@given(st.integers(1, 16), st.integers(1, 8), st.integers(1, 100_000), st.integers(1, 50_000))
def test_a_run_of_ten_iterations_is_evaluated_ten_times(n, length, steps, evaluation_steps):
    schedule = Schedule.of(Iteration(n, length, 1, 0), steps, evaluation_steps=evaluation_steps)
    found = -(-schedule.end // schedule.evaluate)
    assert found >= min(10, schedule.end)


def test_a_run_that_ends_before_its_first_update_learns_nothing():
    assert Schedule.of(Iteration(1, 8, 1, 10), 80).learns_nothing
    assert not Schedule.of(Iteration(1, 8, 1, 10), 81).learns_nothing
