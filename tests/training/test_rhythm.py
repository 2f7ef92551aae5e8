"""The ratio that an agent asks for is kept to the last update."""

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierax.training.rhythm import LARGEST_DENOMINATOR, Rhythm
from planning.refusals import refusal


@dataclasses.dataclass
class Asked:
    updates_per_step: float
    learning_starts: int = 0


ratios = st.fractions(Fraction(1, 500), 20, max_denominator=500)


@given(ratios, st.integers(1, 40), st.integers(1, 20), st.integers(0, 10**6))
def test_the_ratio_is_exact(ratio, environments, least, learning_starts):
    found = Rhythm.of(Asked(float(ratio), learning_starts), environments, least)
    assert Fraction(found.updates, found.size) == ratio
    assert found.size == found.steps * environments
    assert found.steps >= least
    assert found.updates >= 1
    # The warm-up is over with the beat in which it ends.
    assert (
        found.learning_starts * found.size
        >= learning_starts
        > (found.learning_starts - 1) * found.size
    )


@given(ratios, st.integers(1, 40))
def test_a_beat_is_as_short_as_it_can_be(ratio, environments):
    found = Rhythm.of(Asked(float(ratio)), environments)
    for steps in range(1, found.steps):
        assert (ratio * environments * steps).denominator > 1


@given(st.integers(1, 10**6), st.integers(1, 40), st.integers(1, 9))
def test_beats_hold_the_steps_and_no_beat_more(steps, environments, least):
    found = Rhythm.of(Asked(1.0), environments, least)
    assert found.beats(steps) * found.size >= steps > (found.beats(steps) - 1) * found.size


@pytest.mark.parametrize(
    ("ratio", "environments", "least", "expected"),
    [
        (1.0, 1, 1, Rhythm(1, 1, 1, 0)),
        (1.0, 16, 1, Rhythm(16, 1, 16, 0)),
        (0.25, 1, 1, Rhythm(1, 4, 1, 0)),
        (0.3, 16, 1, Rhythm(16, 5, 24, 0)),
        (1.0, 1, 8, Rhythm(1, 8, 8, 0)),
        (1 / 3, 1, 8, Rhythm(1, 9, 3, 0)),
        (0.1 + 0.2, 1, 1, Rhythm(1, 10, 3, 0)),
    ],
)
def test_examples(ratio, environments, least, expected):
    assert Rhythm.of(Asked(ratio), environments, least) == expected


def test_refusals():
    sentence = refusal(Rhythm.of, Asked(1e-6), 1)
    assert sentence == f"updates_per_step is 1e-06, but must be at least {1 / LARGEST_DENOMINATOR}"
    sentence = refusal(Rhythm.of, Asked(1.0), 0)
    assert sentence == "environments is 0, but must be a whole number not below 1"
