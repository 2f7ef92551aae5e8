"""Stops are the same from wherever a run goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierax.training.rhythm import Rhythm
from hierax.training.schedule import Schedule
from planning.refusals import refusal

intervals = st.none() | st.integers(1, 5000)
schedules = st.builds(
    lambda n, steps, learning_starts, total, log, evaluate, save: Schedule.of(
        Rhythm(n, steps, 1, learning_starts),
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


def stops(schedule, beat=0):
    found = []
    while beat < schedule.end:
        beat = schedule.next_stop(beat)
        found.append(beat)
    return found


@given(schedules, st.data())
def test_every_beat_leads_to_the_same_stops(schedule, data):
    known = stops(schedule)
    assert known == sorted(set(known))
    assert known[-1] == schedule.end
    beat = data.draw(st.integers(0, schedule.end - 1))
    assert stops(schedule, beat) == [stop for stop in known if stop > beat]


@given(schedules)
def test_nothing_is_passed_over(schedule):
    known = set(stops(schedule))
    for beat in range(1, schedule.end + 1):
        if schedule.logs(beat):
            assert beat in known
        # What is evaluated or saved is logged too, so a checkpoint owes no line of metrics.
        assert schedule.logs(beat) >= max(schedule.evaluates(beat), schedule.saves(beat))
    assert schedule.learning_starts in known or not 0 < schedule.learning_starts <= schedule.end
    assert schedule.evaluate % schedule.log == schedule.checkpoint % schedule.log == 0
    for does in (schedule.logs, schedule.evaluates, schedule.saves):
        assert does(schedule.end)


@given(schedules)
def test_learning_begins_at_a_stop(schedule):
    """So that no call of a driver is half with updates and half without."""
    beat = 0
    while beat < schedule.end:
        stop = schedule.next_stop(beat)
        assert not beat < schedule.learning_starts < stop
        beat = stop


def test_a_run_that_is_told_nothing():
    schedule = Schedule.of(Rhythm(16, 1, 16, 63), 100_000)
    assert schedule == Schedule(learning_starts=63, log=63, evaluate=315, checkpoint=315, end=6250)
    assert sum(map(schedule.logs, range(1, schedule.end + 1))) == 100
    assert sum(map(schedule.evaluates, range(1, schedule.end + 1))) == 20


def test_intervals_are_in_environment_steps():
    schedule = Schedule.of(
        Rhythm(2, 5, 1, 0), 1000, log_every=30, evaluate_every=100, checkpoint_every=61
    )
    assert schedule == Schedule(learning_starts=0, log=3, evaluate=12, checkpoint=9, end=100)


@pytest.mark.parametrize("name", ["steps", "log_every", "evaluate_every", "checkpoint_every"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "many"])
def test_refusals(name, value):
    given = {"steps": 10, name: value}
    sentence = refusal(lambda: Schedule.of(Rhythm(1, 1, 1, 0), **given))
    assert sentence == f"{name} must be an integer >= 1, got {value!r}"
