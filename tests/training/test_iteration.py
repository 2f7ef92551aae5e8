"""The ratio that an agent asks for is kept to the last update."""

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierax.training.iteration import LARGEST_DENOMINATOR, Iteration
from refusals import refusal


@dataclasses.dataclass
class Asked:
    updates_per_step: float
    learning_starts: int = 0
    rollout_length: int | None = None


ratios = st.fractions(Fraction(1, 500), 20, max_denominator=500)


@given(ratios, st.integers(1, 40), st.integers(1, 20), st.integers(0, 10**6))
def test_the_ratio_is_exact(ratio, environments, least, learning_starts):
    found = Iteration.of(Asked(float(ratio), learning_starts), environments, least)
    assert Fraction(found.updates, found.size) == ratio
    assert found.size == found.steps * environments
    assert found.steps >= least
    assert found.updates >= 1
    # Updates start after the iteration in which the last of these steps is made.
    assert (
        found.learning_starts * found.size
        >= learning_starts
        > (found.learning_starts - 1) * found.size
    )


@given(ratios, st.integers(1, 40))
def test_an_iteration_is_as_short_as_possible(ratio, environments):
    found = Iteration.of(Asked(float(ratio)), environments)
    for steps in range(1, found.steps):
        assert (ratio * environments * steps).denominator > 1


@given(st.integers(1, 10**6), st.integers(1, 40), st.integers(1, 9))
def test_the_count_is_the_least_that_makes_the_steps(steps, environments, least):
    found = Iteration.of(Asked(1.0), environments, least)
    assert found.count(steps) * found.size >= steps > (found.count(steps) - 1) * found.size


@pytest.mark.parametrize(
    ("ratio", "environments", "least", "expected"),
    [
        (1.0, 1, 1, Iteration(1, 1, 1, 0)),
        (1.0, 16, 1, Iteration(16, 1, 16, 0)),
        (0.25, 1, 1, Iteration(1, 4, 1, 0)),
        (0.3, 16, 1, Iteration(16, 5, 24, 0)),
        (1.0, 1, 8, Iteration(1, 8, 8, 0)),
        (1 / 3, 1, 8, Iteration(1, 9, 3, 0)),
        (0.1 + 0.2, 1, 1, Iteration(1, 10, 3, 0)),
    ],
)
def test_examples(ratio, environments, least, expected):
    assert Iteration.of(Asked(ratio), environments, least) == expected


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 20), st.integers(0, 1000))
def test_a_rollout_is_one_update_for_exactly_its_steps(length, environments, least, starts):
    found = Iteration.of(Asked(1 / length, starts, length), environments, least)
    assert (found.steps, found.updates) == (length, 1)
    assert found.learning_starts == -(-starts // (length * environments))


def test_refusals():
    sentence = refusal(Iteration.of, Asked(1e-6), 1)
    for word in ("updates_per_step", f"at least {1 / LARGEST_DENOMINATOR}", "1e-06"):
        assert word in sentence
    sentence = refusal(Iteration.of, Asked(1.0), 0)
    assert sentence == "environments must be an integer >= 1, got 0"
