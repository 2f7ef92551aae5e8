"""`option-gradient-cost`: memory and error agree with theory."""

import numpy as np
import pytest

from hierax.experiments.option_training_step import median_seconds


@pytest.fixture(scope="module")
def rows(smoke):
    record, _ = smoke("option-gradient-cost")
    assert record["claims"][0]["holds"] is True
    return record["tables"]["gradients"]


def of(rows, method, key):
    return [row[key] for row in rows if row["method"] == method]


def test_implicit_gradients_take_the_same_memory_for_any_number_of_sweeps(rows):
    fewer, more = of(rows, "implicit at n sweeps", "kibibytes")
    assert fewer == more
    fewer, more = of(rows, "unrolled", "kibibytes")
    assert more > fewer + 175 * 104 * 8 / 1024  # a value a sweep at the least


def test_before_convergence_both_gradients_have_about_the_same_error(rows):
    implicit, unrolled = (
        of(rows, method, "relative_error") for method in ("implicit at n sweeps", "unrolled")
    )
    assert implicit[0] > 0.01
    np.testing.assert_allclose(np.log10(implicit), np.log10(unrolled), atol=0.7)


def test_solvers_that_converge_agree(rows):
    for method in ("Newton, implicit step", "Newton, unrolled", "optimistix Newton, implicit"):
        assert of(rows, method, "relative_error")[0] < 1e-10
    for method in ("implicit", "implicit by GMRES", "checkpointed"):
        assert of(rows, f"optimistix iteration, {method}", "relative_error")[0] < 1e-8


def test_the_median_counts_repeated_calls():
    calls = []
    assert median_seconds(lambda x: calls.append(x) or x, (1.0,), 5) >= 0.0
    assert calls == [1.0] * 5
