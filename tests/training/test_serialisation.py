"""Leaves have names, and come back from host memory as what they were."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.training.serialisation import from_host, kind_of, named_leaves, to_host, tree_digest
from refusals import refusal


class Pair(NamedTuple):
    """A tree whose paths have attributes in them."""

    left: object
    right: object


LEAVES = {
    "float32": jnp.arange(6.0).reshape(2, 3),
    "bfloat16": jnp.full(3, 0.1, jnp.bfloat16),
    "bool": jnp.array([True, False]),
    "scalar": jnp.zeros((), jnp.uint8),
    "empty": jnp.zeros((4, 0)),
    "numpy": np.linspace(0, 1, 5),
    "transposed": np.arange(6).reshape(2, 3).T,
    "strided": np.arange(10)[::3],
    "NumPy number": np.float16(0.5),
    "complex": np.array([1 + 2j], np.complex64),
    "whole": -(2**63),
    "real": 0.1,
    "truth": True,
    "raw key": jax.random.PRNGKey(3),
    "key": jax.random.key(3),
    "keys": jax.random.split(jax.random.key(3, impl="rbg"), 2),
    "weak": jnp.asarray(0.1),
}


def bits(leaf):
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


@pytest.mark.parametrize("name", LEAVES)
def test_a_leaf_comes_back_as_what_it_was(name):
    leaf = LEAVES[name]
    back = from_host(to_host(name, leaf), leaf)
    if isinstance(leaf, bool | int | float):
        assert (back, type(back)) == (leaf, type(leaf))
        return
    assert isinstance(back, jax.Array) == isinstance(leaf, jax.Array)
    assert (back.dtype, back.shape) == (leaf.dtype, leaf.shape)
    assert getattr(back, "weak_type", None) == getattr(leaf, "weak_type", None)
    np.testing.assert_array_equal(bits(back), bits(leaf))


def test_what_eval_shape_returns_will_do_to_come_back_to():
    shapes = jax.eval_shape(lambda: {"key": jax.random.key(0), "count": jnp.asarray(0)})
    for name, leaf in (("key", jax.random.key(7)), ("count", jnp.asarray(7))):
        assert kind_of(name, shapes[name]) == kind_of(name, leaf)
        back = from_host(to_host(name, leaf), shapes[name])
        assert back.dtype == leaf.dtype
        assert getattr(back, "weak_type", None) == getattr(leaf, "weak_type", None)
        np.testing.assert_array_equal(bits(back), bits(leaf))


@pytest.mark.parametrize("leaf", [np.arange(6.0), jnp.arange(6.0)])
def test_a_leaf_in_host_memory_is_not_copied(leaf):
    assert np.shares_memory(to_host("leaf", leaf).array, np.asarray(leaf))


def test_leaves_that_were_restored_can_be_written_to():
    array = np.arange(3)
    from_host(to_host("a", array.copy()), array)[0] = 7


def test_names_are_paths_and_none_is_no_leaf():
    tree = Pair({"a": 1.0, "b": None}, [2, (3,)])
    names = [".left['a']", ".right[0]", ".right[1][0]"]
    assert list(named_leaves(tree)) == names


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        (jax.nn.relu, "must be an array or a number"),
        ("word", "x must be an array or a number, got str 'word'"),
        (1j, "x must be an array or a number, got complex"),
        (2**63 + 2**64, "x must have a dtype that a checkpoint can hold, got object"),
        (np.array(["a"]), "x must have a dtype that a checkpoint can hold, got <U1"),
        (np.array([None]), "x must have a dtype that a checkpoint can hold, got object"),
        (np.zeros(1, ">f4"), "x must have a dtype that a checkpoint can hold, got >f4"),
        (np.zeros(1, complex), "x must have a dtype that a checkpoint can hold, got complex128"),
        (
            np.zeros(1, "datetime64[s]"),
            "x must have a dtype that a checkpoint can hold, got datetime64[s]",
        ),
        (
            jnp.zeros(1, jnp.float8_e5m2),
            "x must have a dtype that a checkpoint can hold, got float8_e5m2",
        ),
    ],
)
def test_what_cannot_be_stored_is_named(leaf, words):
    sentence = refusal(kind_of, "x", leaf)
    assert words in sentence
    assert sentence.startswith("x ")


@jax.tree_util.register_pytree_with_keys_class
class Twins:
    """A tree that gives both of its leaves one name."""

    def tree_flatten_with_keys(self):
        key = jax.tree_util.GetAttrKey("twin")
        return ((key, 1), (key, 2)), None

    def tree_unflatten(self, children):
        return self


def test_leaves_that_share_a_name_are_refused():
    assert "two with the same name" in refusal(tree_digest, Twins())


def test_equal_trees_have_one_digest():
    array = np.arange(6.0).reshape(2, 3)
    digest = tree_digest({"a": array, "b": 1})
    assert digest == tree_digest({"b": np.int64(1), "a": array.copy(order="F")})
    single = array.astype(np.float32)
    assert tree_digest(single) == tree_digest(jnp.asarray(single))


@pytest.mark.parametrize(
    "other",
    [
        {"a": np.array([0.0, 1.0])},
        {"a": np.array([-0.0, 2.0])},
        {"a": np.array([[0.0, 2.0]])},
        {"a": np.array([0.0, 2.0]).view(np.int64)},
        {"b": np.array([0.0, 2.0])},
        {"a": np.array([0.0, 2.0]), "b": 1},
        [np.array([0.0, 2.0])],
    ],
)
def test_trees_that_differ_in_a_bit_a_name_a_type_or_a_shape_have_two(other):
    assert tree_digest(other) != tree_digest({"a": np.array([0.0, 2.0])})


def test_keys_of_two_generators_with_the_same_bits_have_two_digests():
    bits = np.arange(4, dtype=np.uint32)
    keys = [jax.random.wrap_key_data(bits, impl=impl) for impl in ("rbg", "unsafe_rbg")]
    assert tree_digest(keys[0]) != tree_digest(keys[1])
