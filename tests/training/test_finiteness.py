"""Which array was not finite, and the file that shows it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import TransitionBatch
from hierax.training import finiteness

GOOD = jnp.ones(3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_the_first_is_found(wrong):
    bad = GOOD.at[1].set(wrong)
    first = jax.jit(finiteness.first_fault)
    assert first([GOOD, GOOD]) == 0
    assert first([GOOD, bad]) == 2
    assert first([bad, bad]) == 1
    assert first([{"a": GOOD, "b": bad}, GOOD]) == 1
    assert finiteness.first_fault([GOOD, bad], offset=3) == 5
    assert first([GOOD]).dtype == jnp.int32


def test_whole_numbers_are_finite_and_numbers_of_python_are_looked_at():
    assert finiteness.first_fault([jnp.arange(3), np.array([True]), {}, 1.0]) == 0
    assert finiteness.first_fault([jnp.arange(3), float("nan")]) == 2


def test_metrics_come_after_the_arrays_of_a_step():
    assert finiteness.names(("b", "a")) == ("observation", "action", "reward", "b", "a")
    assert finiteness.metrics_fault(("b", "a"), {"a": jnp.nan, "b": 1.0}) == 5
    assert finiteness.names(("b", "a"))[5 - 1] == "a"


def test_evidence_can_be_read_without_unpickling(tmp_path):
    batch = TransitionBatch(*(np.full((2, k + 1), float(k)) for k in range(5)))
    path = finiteness.save_evidence(tmp_path / "run" / "fault.npz", batch)
    finiteness.save_evidence(path, batch)
    assert [entry.name for entry in path.parent.iterdir()] == ["fault.npz"]
    with np.load(path, allow_pickle=False) as found:
        assert set(found) == {f".{name}" for name in TransitionBatch._fields}
        np.testing.assert_array_equal(found[".reward"], batch.reward)
    step = {"observation": {"eye": np.ones(2)}, "action": jnp.zeros(1)}
    with np.load(finiteness.save_evidence(path, step), allow_pickle=False) as found:
        assert set(found) == {"['observation']['eye']", "['action']"}
