"""Verdicts and result file of `option-gradient-rooms`."""

import pytest

from hierax.experiments.option_gradient_rooms import VARIANTS, _cost, _generalises

LIBRARIES = (
    "primitives", "hallways", "subgoals", "eigenoptions", "random", "learned", "learned_hardened",
)  # fmt: skip


def point(value):
    return {"mean": value, "iqm": value, "low": value, "high": value}


@pytest.fixture(scope="module")
def record(smoke):
    return smoke("option-gradient-rooms")[0]


def test_every_library_has_every_measurement_with_its_interval(record):
    names = ["k90", "k95", "k99", *(f"v{k}" for k in range(1, 11)), "operations"]
    for library in LIBRARIES:
        row = record["tables"]["held_out"][library]
        for name in names:
            assert row[name]["low"] <= row[name]["mean"] <= row[name]["high"]
    assert record["settings"]["splits"] == 2
    assert record["settings"]["restarts"] == 1
    assert len(record["settings"]["held_out"]) == 2


def test_options_trained_for_a_moment_already_help(record):
    held_out = record["tables"]["held_out"]
    assert held_out["primitives"]["k90"]["mean"] == 27
    assert held_out["learned"]["k90"]["mean"] < 20


def test_two_splits_are_too_few_for_a_verdict_by_intervals(record):
    holds = {claim["claim"]: claim["holds"] for claim in record["claims"]}
    assert holds["O3"]
    assert not holds["O5"]  # O4 depends on whether both splits agree to the last sweep


def test_options_alone_lose_value_and_actions_restore_it(record):
    (claim,) = [claim for claim in record["claims"] if claim["claim"] == "O3"]
    for row in claim["numbers"].values():
        assert row["options_alone"] < row["with_actions"] == pytest.approx(1.0, abs=1e-9)


def test_models_are_paid_back_only_where_sweeps_are_saved():
    primitives = {"operations": point(100.0), "multiplications": point(1000.0)}
    row = {"model_operations": point(300.0)}
    cheap = {**row, "operations": point(70.0), "multiplications": point(5000.0)}
    dear = {**row, "operations": point(120.0), "multiplications": point(900.0)}
    assert _cost(cheap, primitives, 2)["goals_to_pay_back"] == 10.0
    assert _cost(cheap, primitives, 2)["goals_to_pay_back_sparse"] is None
    assert _cost(dear, primitives, 2)["goals_to_pay_back"] is None
    assert _cost(dear, primitives, 2)["goals_to_pay_back_sparse"] == 12.0


@pytest.mark.parametrize(
    ("sweeps", "multiplications", "holds"),
    [(9.5, 1.0, True), (9.5, 90.0, None), (10.0, 90.0, False)],
)
def test_the_claim_rests_on_every_axis_and_on_intervals_that_do_not_touch(
    sweeps, multiplications, holds
):
    def row(value, cost):
        spread = {"mean": value, "low": value, "high": value}
        return dict.fromkeys(("k90", "k95", "k99", "v4", "operations"), spread) | {
            "multiplications": {"mean": cost, "low": cost, "high": cost}
        }

    tables = {
        "held_out": {
            "primitives": row(10.0, 50.0),
            "learned_hardened": row(sweeps, multiplications),
        }
    }
    assert _generalises(tables).holds is holds


def test_variants_differ_from_each_other():
    assert len({repr(sorted(v.items(), key=str)) for v in VARIANTS.values()}) == len(VARIANTS)
