"""Criteria of claims."""

import numpy as np
import pytest

from hierax.experiments.himo_claims import (
    everywhere_or_depends,
    foresights_in_words,
    ranks_on_path,
    rises_then_falls,
    sweep,
    times_on_path,
    where,
)
from hierax.worlds import tower_of_hanoi


def test_rising_then_falling():
    visits = np.array([[0, 0, 0, 0], [1, 1, -1, 1e-9], [2, 0.5, -2, 0], [3, -1, -1, -5]], float)
    np.testing.assert_array_equal(rises_then_falls(visits), [False, True, False, False])


@pytest.mark.parametrize(("held", "verdict"), [([], False), ([0.9], None), ([0.9, 0.99], True)])
def test_a_verdict_over_foresights(held, verdict):
    assert everywhere_or_depends(held, (0.9, 0.99)) is verdict


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ([], "at none of the 2 tested foresights"),
        ([0.9], "at 1 of 2 foresights (0.9)"),
        ([0.9, 0.99], "at all 2 tested foresights"),
    ],
)
def test_foresights_in_words(held, words):
    assert foresights_in_words(held, (0.9, 0.99)) == words


def test_rows_are_selected_by_setting():
    rows = [
        {"foresight": 0.9, "reward": "stay", "first": True},
        {"foresight": 0.9, "reward": "goal", "first": True},
        {"foresight": 0.99, "reward": "stay", "first": False},
    ]
    assert where(rows, "first", reward="stay") == [0.9]
    assert where(rows, "first") == [0.9, 0.9]


def test_a_sweep_visits_every_setting_of_its_scale():
    rows = sweep("smoke", lambda foresight, reward, scale: {"at": (foresight, reward, scale)})
    assert [row["at"] for row in rows] == [(0.9, "stay", "smoke"), (0.97, "stay", "smoke")]


def test_only_states_on_the_path_are_ranked():
    world = tower_of_hanoi(2)
    times = np.arange(9.0)[::-1]
    names = list(times_on_path(world, times))
    assert len(names) == 4
    rank = ranks_on_path(world, times)
    assert sorted(rank[rank > 0]) == [1, 2, 3, 4]
    assert [world.state_names[s] for s in np.argsort(rank)[-4:]] == names
