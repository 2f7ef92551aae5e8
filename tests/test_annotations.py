"""The checker that stands around every function must not go blind when jaxtyping changes."""

import numpy as np
import pytest
from jaxtyping import Float, TypeCheckError, jaxtyped

import hierax.planning.mdp
from annotations import check_on_return

type_checked = jaxtyped(typechecker=check_on_return)


@type_checked
def double(row: Float[np.ndarray, "S"], times: float = 2.0) -> Float[np.ndarray, "S"]:
    if row.ndim != 1:
        raise ValueError("row must have one axis")
    return row * times if times < 100 else row[:1]


@pytest.mark.parametrize("times", [3.0, 3, np.int64(3), np.float32(3)])
def test_accepts_what_is_annotated_and_numbers_of_other_kinds(times):
    np.testing.assert_array_equal(double(np.ones(3), times), [3.0, 3.0, 3.0])


def test_refuses_a_result_of_the_wrong_shape():
    with pytest.raises(TypeCheckError, match="return value"):
        double(np.ones(3), 1000.0)


def test_refuses_a_parameter_that_the_function_let_through():
    with pytest.raises(TypeCheckError):
        double(np.ones(3, dtype=int))


def test_lets_the_function_refuse_first():
    with pytest.raises(ValueError, match="one axis"):
        double(np.ones((3, 3)))


def test_stands_around_the_package():
    assert hasattr(hierax.planning.mdp.TabularMDP.with_reward, "__wrapped__")
