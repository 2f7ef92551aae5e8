"""Modules see features of boxes and images: what torsos see, learn, and refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.kl_rollouts import gradients_of
from hierax.agents import KL, SVG0, Retrace, Transition
from hierax.agents.networks import MLP, BoxTorso, VisionTorso
from hierax.agents.torsos import TorsoNetwork, torsos_of
from hierax.spec import Continuous, View, WorldSpec
from refusals import refuses

BOXES, IMAGE = View("boxes", (48,)), View("vision", (64, 64, 3), 0, 255, "uint8")
BODY, TASK = View("body", (3,)), View("task", (2,))
PUSH = WorldSpec("Push-v0", (BODY, BOXES, TASK), Continuous(2), 50)
SEEING = WorldSpec("Seeing-v0", (BODY, IMAGE), Continuous(2), 50)
KEY = jax.random.key(0)
SMALL = {"hidden_sizes": (4,), "value_hidden_sizes": (4,)}


def test_a_network_sees_features_where_a_view_was():
    torsos = torsos_of(KEY, (BODY, BOXES, TASK), (5, 4), 7)
    assert [(torso.start, torso.stop, torso.size) for torso in torsos] == [(3, 51, 8)]
    assert isinstance(torsos[0].network, BoxTorso)
    network = TorsoNetwork(torsos, MLP(KEY, 3 + 8 + 2 + 1, (6,), 2))
    rows = jax.random.normal(KEY, (2, 3, 54))  # one number more than the views hold
    features = torsos[0].network(rows.reshape(6, 54)[:, 3:51]).reshape(2, 3, 8)
    expected = network.mlp(jnp.concatenate([rows[..., :3], features, rows[..., 51:]], axis=-1))
    np.testing.assert_allclose(network(rows), expected, rtol=1e-6)


def test_images_are_seen_as_bytes():
    (torso,) = torsos_of(KEY, (BODY, IMAGE), (), 6)
    assert isinstance(torso.network, VisionTorso)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    rows = np.concatenate([np.ones((2, 3)), images.reshape(2, -1)], axis=1, dtype=np.float32)
    np.testing.assert_array_equal(torso(jnp.asarray(rows)), torso.network(jnp.asarray(images)))


@pytest.mark.parametrize(
    ("view", "sizes"),
    [
        (BOXES, ()),  # no torso is asked for
        (View("boxes", (0,)), (5,)),  # a world without boxes
        (View("boxes", (7,)), (5,)),  # not the corners of boxes
        (View("other", (48,)), (5,)),
        (View("vision", (64, 64, 3)), (5,)),  # numbers, not bytes
        (View("vision", (32, 32, 3), 0, 255, "uint8"), (5,)),
    ],
)
def test_other_views_are_seen_as_they_are(view, sizes):
    assert torsos_of(KEY, (BODY, view), sizes, 6) == ()


@pytest.mark.parametrize("learner", ["retrace", "vtrace"])
def test_modules_with_boxes_have_torsos_of_their_own(learner):
    kind = {kind.__name__.lower(): kind for kind in KL.learners}[learner]
    agent = KL(PUSH, low_views=("body", "boxes"), box_sizes=(5,), learner=kind(), **SMALL)
    parameters = agent.build(KEY).parameters
    seen = {"high": 3 + 10 + 2, "low": 3 + 10 + 4, "value": 3 + 10 + 2 + 4}
    seen["value"] += 2 if learner == "retrace" else 0
    for name, inputs in seen.items():
        assert parameters[name].mlp.layers[0].weight.shape[0] == inputs, name
    first, second = (parameters[name].torsos[0].network.network for name in ("high", "low"))
    assert np.any(first.layers[0].weight != second.layers[0].weight)


def window(agent, rng, steps=2, count=2):
    """Steps as `sample` gives them, at random observations."""
    seen = {
        name: jnp.asarray(rng.integers(0, 256, (steps + 1, count, agent.spec.size(views))), "f4")
        for name, views in agent.views.items()
    }
    action = jnp.asarray(rng.normal(size=(steps, count, 2)), "f4")
    over = jnp.zeros((steps, count), bool)
    extras = {"log_prob": jnp.zeros((steps, count))}
    reward = jnp.ones((steps, count))
    return Transition(seen, action, extras, reward, over, over, None, ~over)


def test_an_update_reaches_the_torso_of_every_module():
    learner = Retrace(window_length=2, batch_size=2)
    agent = SVG0(SEEING, image_size=3, layer_norm=True, learner=learner, **SMALL)
    modules = jax.jit(agent.build)(KEY)
    update = jax.jit(agent.update)
    after, metrics = update(modules, window(agent, np.random.default_rng(0)), KEY)
    found = gradients_of(after)
    assert np.isfinite(metrics["value/loss"])
    for name in ("policy", "value"):
        convolutions = jax.tree.leaves(modules.parameters[name].torsos)
        moved = [np.any(leaf) for leaf in found[name][: len(convolutions)]]
        assert len(moved) > 20
        assert all(moved), name


def test_images_are_not_normalised():
    refuses(
        lambda: SVG0(SEEING, normalise_observations=True),
        "normalise_observations must be False ... policy sees 'vision' of Seeing-v0; "
        "layer_norm=True",
    )
    blind = {"policy_views": ("body",), "value_views": ("body",)}
    SVG0(SEEING, normalise_observations=True, **blind)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("box_sizes", 50, "box_sizes must be of type tuple, got 50"),
        ("box_sizes", (0,), "box_sizes must be an integer >= 1, got 0"),
        ("image_size", 0, "image_size must be an integer >= 1, got 0"),
        ("layer_norm", 1, "layer_norm must be of type bool, got 1"),
    ],
)
def test_refusals(field, value, told):
    refuses(lambda: KL(PUSH, **{field: value}), told)


@pytest.mark.parametrize("kind", [KL, SVG0])
def test_a_picture_of_another_size_reaches_an_mlp_with_a_warning(kind):
    small = View("vision", (32, 32, 3), 0, 255, "uint8")
    spec = WorldSpec("Cinema-v0", (BODY, small, TASK), Continuous(2), 50)
    with pytest.warns(UserWarning, match=r"'vision' of Cinema-v0 .* \(32, 32, 3\).* 3072 ") as told:
        kind(spec)
    assert len(told) == 1
