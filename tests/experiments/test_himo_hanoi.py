"""Claims about the Tower of Hanoi agree with known numbers."""

import pytest

from hierax.experiments import himo_hanoi

# The states of the shortest path from 000 to 222, in the orders of the specification.
NEAR = "222 012 022 110 112 210 200 000"
FAR = "222 110 012 022 200 210 112 000"


@pytest.mark.parametrize(
    ("foresight", "order", "red", "blue", "humps"), [(0.9, NEAR, 4, 5, 3), (0.97, FAR, 2, 7, 8)]
)
def test_the_order_of_times_to_peak(foresight, order, red, blue, humps, smoke):
    table = smoke("himo-hanoi")[0]["tables"]["claims"]
    (row,) = [row for row in table if row["foresight"] == foresight]
    assert row["order_on_path"] == order
    assert list(row["times_on_path"]) == order.split()
    assert (row["red_exit_rank_on_path"], row["blue_entrance_rank_on_path"]) == (red, blue)
    assert row["bottleneck_second"] is (red == 2)
    assert row["goal_cluster_humps"] == humps
    assert row["all_goal_cluster_humps"] is (humps == 8)
    assert row["goal_first"]
    assert row["start_last_on_path"]
    assert 18 <= row["start_rank"] <= 20
    assert 0.999 < row["value_ratio"] <= 1


def rows(**columns):
    """Two rows, at the foresights of the smallest scale; a column has a value for each."""
    shared = {"reward": "stay", "red_exit_rank_on_path": 2, "blue_entrance_rank_on_path": 7}
    shared |= {"start_rank": 20, "goal_cluster_humps": 8}
    both = zip(*columns.values(), strict=True)
    settings = zip((0.9, 0.97), both, strict=True)
    return [
        {**shared, "foresight": foresight, **dict(zip(columns, values, strict=True))}
        for foresight, values in settings
    ]


@pytest.mark.parametrize(
    ("judge", "claim", "column"),
    [
        ("_goal_first", "H2", "goal_first"),
        ("_bottleneck_second", "H3", "bottleneck_second"),
        ("_start_last", "H4", "start_last_on_path"),
        ("_cluster_as_one", "H5", "all_goal_cluster_humps"),
    ],
)
@pytest.mark.parametrize(
    ("held", "verdict"), [((True, True), True), ((False, True), None), ((False, False), False)]
)
def test_a_verdict_is_that_of_its_column(judge, claim, column, held, verdict):
    judged = getattr(himo_hanoi, judge)(rows(**{column: held}), "smoke")
    assert (judged.claim, judged.holds) == (claim, verdict)
    foresights = judged.numbers["foresights_where_it_holds"]
    stay = foresights["stay"] if isinstance(foresights, dict) else foresights
    assert stay == [at for at, true in zip((0.9, 0.97), held, strict=True) if true]


@pytest.mark.parametrize(("lowest", "holds"), [(0.995, True), (0.98, False)])
def test_convergence_is_that_of_the_worst_run(lowest, holds):
    judged = himo_hanoi._converges(rows(value_ratio=(1.0, lowest)), "smoke")
    assert judged.holds is holds
    assert judged.numbers["least_value_ratio"] == lowest
    assert judged.numbers["literal_minus_closed_divergence"] < 1e-12


def test_two_forms_that_part_are_no_convergence(monkeypatch):
    def parted(mdp, *, form, **options):
        return himo(
            mdp, form="closed", **{**options, "step_size": 0.01 + 0.01 * (form == "closed")}
        )

    himo = himo_hanoi.himo
    monkeypatch.setattr(himo_hanoi, "himo", parted)
    assert himo_hanoi._converges(rows(value_ratio=(1.0, 1.0)), "smoke").holds is False
