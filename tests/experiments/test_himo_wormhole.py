"""The claim about the wormhole agrees with known ranks."""

import numpy as np
import pytest

from hierax.experiments.himo_wormhole import (
    ENTRANCE,
    EXIT,
    _ends_before_doors,
    _ends_instead_of_doors,
    _measure,
)
from hierax.experiments.staged_flow import StagedFlow
from hierax.worlds import wormhole_rooms

WORLD = wormhole_rooms()


def test_ranks_are_those_of_the_specification():
    row = _measure(0.99, "stay", "smoke")
    assert row["path_states"] == 17
    assert (row["entrance_rank_on_path"], row["exit_rank_on_path"]) == (1, 7)
    assert row["entrance_rank_by_height"] == 1
    assert row["entrance_first_on_path"]
    assert row["entrance_highest"]
    assert not row["ends_first_two_on_path"]
    times = [row["times"][mark] for mark in ("east door", "south door", ENTRANCE)]
    np.testing.assert_allclose(times, [0.76, 0.78, 0.88], atol=0.02)
    assert not row["ends_before_doors"]
    assert row["doors_avoided"]
    assert row["door_visits_gained_without_wormhole"]["east door"] > 0


def flow(times=None, visits=None):
    zeros = np.zeros(104)
    time = zeros if times is None else times
    rows = np.zeros((3, 104)) if visits is None else visits
    return StagedFlow(np.arange(3.0), rows, rows, np.zeros(3), time, zeros, 1.0)


@pytest.mark.parametrize(("late", "before"), [(None, True), (ENTRANCE, False), (EXIT, False)])
def test_both_ends_must_come_before_both_doors(late, before):
    times = np.full(104, 2.0)
    times[[WORLD.marks[ENTRANCE], WORLD.marks[EXIT]]] = 1.0
    if late is not None:
        times[WORLD.marks[late]] = 2.0
    assert _ends_before_doors(WORLD, flow(times)) is before


@pytest.mark.parametrize(
    ("held", "verdict"), [((True, True), True), ((True, False), False), ((False, False), False)]
)
def test_the_verdict_asks_for_every_foresight(held, verdict):
    others = ("entrance_first_on_path", "entrance_highest", "ends_first_two_on_path")
    rows = [
        {
            **dict.fromkeys((*others, "doors_avoided"), True),
            "reward": "stay",
            "foresight": foresight,
            "ends_before_doors": before,
            "entrance_rank_on_path": 1,
            "exit_rank_on_path": 7,
            "ranks": {},
        }
        for foresight, before in zip((0.9, 0.97), held, strict=True)
    ]
    judged = _ends_instead_of_doors(rows, "smoke")
    assert (judged.claim, judged.holds) == ("H7", verdict)
    assert judged.numbers["entrance_ranks_on_path"] == {0.9: 1, 0.97: 1}
    assert len(judged.numbers["foresights_where_it_holds"]["ends_before_doors"]) == sum(held)
