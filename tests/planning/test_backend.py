"""The choice of backend: NumPy in float64 on concrete arrays, JAX under a transformation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning.backend import (
    as_array,
    is_traced,
    namespace,
    on_host,
    planning_namespace,
    require_dense,
)


def under_jit(function, *arguments):
    """Return the result of `function`, called with traced arguments."""
    seen = []
    jax.eval_shape(lambda *traced: seen.append(function(*traced)), *arguments)
    return seen[0]


def test_concrete_arrays_are_planned_with_on_the_host():
    for concrete in (1.0, np.ones(3), jnp.ones(3), sp.identity(3), [1, 2], None):
        assert not is_traced(concrete)
        assert namespace(concrete) is planning_namespace(concrete) is np


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("transform", [jax.jit, jax.vmap, jax.grad], ids=["jit", "vmap", "grad"])
def test_a_tracer_anywhere_means_jax(transform):
    def function(x):
        assert is_traced({"nested": [np.ones(2), x]})
        assert namespace(np.ones(2), x) is planning_namespace(np.ones(2), x) is jnp
        return jnp.sum(x)

    transform(function)(np.ones(3) if transform is jax.vmap else 1.0)


def test_planning_under_a_transformation_says_how_to_turn_64_bit_types_on():
    with pytest.raises(ValueError, match="jax_enable_x64"):
        jax.jit(planning_namespace)(1.0)


@pytest.mark.usefixtures("x64")
def test_a_sparse_matrix_meets_no_transformation():
    require_dense(sp.identity(3), np.ones(3))
    with pytest.raises(ValueError, match="sparse"):
        under_jit(lambda x: planning_namespace(sp.identity(3), x), 1.0)


@pytest.mark.parametrize("given", [[1, 2], np.float32([1, 2]), jnp.array([1, 2]), (True, False)])
def test_as_array_gives_float64(given):
    array = as_array(given)
    assert type(array) is np.ndarray
    assert array.dtype == np.float64


def test_as_array_reads_jax_bfloat16():
    np.testing.assert_array_equal(as_array(jnp.ones(2, jnp.bfloat16)), np.ones(2))


@pytest.mark.parametrize(
    "given", ["0.9", None, 1j, [1, None], np.array(["1"]), np.datetime64(1, "s")]
)
def test_as_array_invents_no_numbers(given):
    with pytest.raises(TypeError, match="must hold real numbers"):
        as_array(given)


def test_as_array_keeps_tracers():
    assert under_jit(lambda x: as_array([x, 2.0]).shape, 1.0) == (2,)


def test_on_host_turns_device_arrays_into_float64_and_leaves_the_rest():
    matrix = sp.identity(2, format="csr")
    tree = on_host({"a": jnp.ones(2), "b": jnp.array([True]), "c": matrix, "d": "word"})
    assert tree["a"].dtype == np.float64
    assert tree["b"].dtype == bool
    assert type(tree["a"]) is type(tree["b"]) is np.ndarray
    assert tree["c"] is matrix
    assert tree["d"] == "word"


def test_on_host_copies_nothing_that_is_there():
    tree = [np.ones(2), 1.0]
    assert on_host(tree) is tree
