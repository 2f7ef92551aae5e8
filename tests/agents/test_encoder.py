"""Observation encoders: the order of views, their normalisation, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents import Encoder
from hierax.agents.encoder import flatten_views
from hierax.agents.normalisation import BOUND
from hierax.spec import Continuous, View, WorldSpec
from refusals import refuses

VIEWS = (
    View("task", (2,)),
    View("empty", (0,)),
    View("pixels", (2, 2), 0, 255, "uint8"),
    View("speed", ()),
)
SPEC = WorldSpec("Somewhere-v0", VIEWS, Continuous(1), 9)
ORDER = ("speed", "empty", "pixels", "task")
ROWS = 40


def observation(seed=0, count=ROWS):
    rng = np.random.default_rng(seed)
    return {
        "task": np.float32(rng.normal(3, 2, (count, 2))),
        "empty": np.zeros((count, 0), np.float32),
        "pixels": rng.integers(0, 256, (count, 2, 2)).astype(np.uint8),
        "speed": np.float32(rng.normal(size=count)),
    }


def side_by_side(shown):
    pixels = shown["pixels"].reshape(len(shown["speed"]), 4)
    return np.concatenate([shown["speed"][:, None], pixels, shown["task"]], axis=1)


def test_views_stand_side_by_side_in_the_order_that_they_are_named():
    encoder, shown = Encoder.of(SPEC, list(ORDER)), observation()
    assert encoder.views == ORDER
    found = encoder(shown)
    assert found.dtype == jnp.float32
    np.testing.assert_array_equal(found, side_by_side(shown))
    np.testing.assert_array_equal(encoder(dict(reversed(shown.items()))), found)
    for nothing in (("empty",), ()):
        assert flatten_views(shown, nothing).shape == (ROWS, 0)


def test_normalisation_is_by_the_statistics_of_the_steps_so_far():
    encoder, rows = Encoder.of(SPEC, ORDER, normalise=True), []
    # Before the first step there is nothing to divide by.
    shown = observation()
    np.testing.assert_array_equal(encoder(shown), np.clip(side_by_side(shown), -BOUND, BOUND))
    for seed in range(3):
        shown = observation(seed)
        is_step = np.random.default_rng(seed).random(ROWS) < 0.7
        rows.append(side_by_side(shown)[is_step])
        encoder = encoder.updated(shown, jnp.asarray(is_step))
    flat = np.concatenate(rows)
    assert int(encoder.statistics.count) == len(flat)
    shown = observation(9)
    expected = (side_by_side(shown) - flat.mean(axis=0)) / flat.std(axis=0)
    np.testing.assert_allclose(encoder(shown), expected, rtol=1e-3, atol=1e-4)


def test_without_normalisation_there_are_no_statistics():
    encoder = Encoder.of(SPEC, ORDER)
    assert encoder.statistics is None
    assert encoder.updated(observation(), jnp.ones(ROWS, bool)) is encoder
    assert not jax.tree.leaves(encoder)


def test_an_encoder_is_a_value():
    """An update gives another one, and the names are part of the structure."""
    before = Encoder.of(SPEC, ORDER, normalise=True)
    after = before.updated(observation(), jnp.ones(ROWS, bool))
    assert int(before.statistics.count) == 0
    assert jax.tree.structure(before) == jax.tree.structure(after)
    assert jax.tree.structure(before) != jax.tree.structure(Encoder.of(SPEC, ORDER[::-1]))


def test_an_unknown_view_is_refused():
    refuses(lambda: Encoder.of(SPEC, ("smell",)), "view", "'smell'", "'task'")
    encoder = Encoder.of(SPEC, ("task",))
    refuses(lambda: encoder({"speed": np.zeros(2)}), "view", "'speed'", "'task'")
