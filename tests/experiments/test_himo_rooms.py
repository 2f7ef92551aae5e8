"""The claim about doors agrees with known ranks in four rooms."""

import numpy as np
import pytest

from hierax.experiments.himo_rooms import (
    FIRST,
    INTO_GOAL_ROOM,
    OUT_OF_START_ROOM,
    _doors_first,
    _measure,
    prioritised,
)
from hierax.worlds import four_rooms

WORLD = four_rooms()


def test_ranks_are_those_of_the_specification():
    row = _measure(0.99, "stay", "smoke")
    doors = ("east door", "south door", "north door", "west door")
    assert [row["door_ranks"][door] for door in doors] == [1, 2, 4, 6]
    assert (row["goal_rank"], row["start_rank"]) == (5, 104)
    assert row["door_ranks_by_height"]["east door"] == 69
    times = [row["door_times"][door] for door in doors]
    np.testing.assert_allclose(times, [0.74, 0.76, 0.92, 0.96], atol=0.02)
    assert row["goal_room_doors_first"]
    assert 0.999 < row["value_ratio"] <= 1


@pytest.mark.parametrize(("ranks", "first"), [((10, 1), True), ((11, 1), False), ((1, 11), False)])
def test_both_doors_must_be_among_the_first_tenth(ranks, first):
    assert FIRST == 0.1
    rank = np.full(104, 50)
    rank[[WORLD.marks[door] for door in INTO_GOAL_ROOM]] = ranks
    assert prioritised(WORLD, rank, INTO_GOAL_ROOM) is first
    assert prioritised(WORLD, rank, OUT_OF_START_ROOM) is False


@pytest.mark.parametrize(
    ("held", "verdict"), [((True, True), True), ((True, False), None), ((False, False), False)]
)
def test_the_verdict_on_doors(held, verdict):
    rows = [
        {
            "reward": "stay",
            "foresight": foresight,
            "door_ranks": {},
            "goal_room_doors_first": first,
            "start_room_doors_first": not first,
        }
        for foresight, first in zip((0.9, 0.97), held, strict=True)
    ]
    judged = _doors_first(rows, "smoke")
    assert (judged.claim, judged.holds) == ("H6", verdict)
    of_goal = judged.numbers["foresights_where_it_holds"]
    of_start = judged.numbers["foresights_where_start_room_doors_are_first"]
    assert sorted(of_goal + of_start) == [0.9, 0.97]
    assert len(of_goal) == sum(held)
