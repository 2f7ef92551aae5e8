"""Networks against NumPy, their symmetries and what they refuse."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents.networks import MLP, BoxTorso, VisionTorso, stack
from refusals import refuses

KEY = jax.random.key(0)
SIZES = (5, (8, 7), 3)  # the same nearly everywhere: JAX compiles for each shape anew
run = eqx.filter_jit(lambda network, x: network(x))
PLAIN = {
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "tanh": np.tanh,
}


def rows(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def by_hand(network, x, activation, layer_norm=False):
    *hidden, last = [(np.asarray(layer.weight), np.asarray(layer.bias)) for layer in network.layers]
    for depth, (weight, bias) in enumerate(hidden):
        x = x @ weight + bias
        if layer_norm and depth == 0:
            x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
            x = np.tanh(x * network.norm.scale + network.norm.shift)
        else:
            x = PLAIN[activation](x)
    return x @ last[0] + last[1]


def parameter_count(network):
    return sum(leaf.size for leaf in jax.tree.leaves(network))


def shaken(network):
    """The network with biases that are not 0, so that a test can see them."""
    leaves, structure = jax.tree.flatten(network)
    return structure.unflatten(
        [jnp.asarray(leaf + 0.1 * np.asarray(rows(*leaf.shape, seed=3))) for leaf in leaves]
    )


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("activation", ["relu", "elu", "tanh"])
def test_forward_pass_is_that_of_numpy(activation, layer_norm):
    network = shaken(MLP(KEY, *SIZES, activation=activation, layer_norm=layer_norm))
    x = rows(4, 5)
    expected = by_hand(network, np.asarray(x, np.float64), activation, layer_norm)
    np.testing.assert_allclose(run(network, x), expected, atol=1e-6)
    # Any number of batch axes, none too.
    np.testing.assert_allclose(run(network, x.reshape(2, 2, 5)).reshape(4, 3), expected, atol=1e-6)
    np.testing.assert_allclose(run(network, x[0]), expected[0], atol=1e-6)


def test_without_hidden_layers_it_is_linear():
    network = MLP(KEY, 7, (), 3)
    x = rows(4, 7)
    np.testing.assert_allclose(run(network, x), x @ network.layers[0].weight, atol=1e-6)


def test_weights_start_uniform_within_the_root_of_fan_in():
    network = MLP(KEY, 100, (400,), 50)
    for layer, fan_in in zip(network.layers, (100, 400), strict=True):
        bound = fan_in**-0.5
        assert np.abs(layer.weight).max() <= bound
        # Variance of a uniform distribution; 20 000 and more numbers.
        assert np.std(layer.weight) == pytest.approx(bound / 3**0.5, rel=0.02)
        np.testing.assert_array_equal(layer.bias, 0.0)


def test_final_scale_multiplies_the_last_layer_alone():
    full, small, none = (MLP(KEY, *SIZES, final_scale=scale) for scale in (1.0, 0.01, 0.0))
    np.testing.assert_array_equal(full.layers[0].weight, small.layers[0].weight)
    np.testing.assert_allclose(run(small, rows(4, 5)), 0.01 * run(full, rows(4, 5)), rtol=1e-5)
    np.testing.assert_array_equal(run(none, 1e6 * rows(4, 5)), 0.0)


def test_layer_norm_makes_the_scale_of_observations_immaterial():
    network = MLP(KEY, *SIZES, layer_norm=True)
    np.testing.assert_allclose(
        run(network, 1e3 * rows(4, 5)), run(network, 1e5 * rows(4, 5)), atol=1e-4
    )


def test_a_stack_is_its_networks_side_by_side():
    twins = stack(KEY, 2, lambda key: MLP(key, 5, (8,), 7, layer_norm=True))
    x = rows(4, 5)
    together = jax.jit(jax.vmap(lambda critic: critic(x)))(twins)
    assert together.shape == (2, 4, 7)
    for place, key in enumerate(jax.random.split(KEY, 2)):
        alone = MLP(key, 5, (8,), 7, layer_norm=True)
        np.testing.assert_allclose(together[place], run(alone, x), atol=1e-6)
    assert np.abs(together[0] - together[1]).max() > 0.1


def test_boxes_are_seen_by_the_same_network_one_by_one():
    torso, boxes = shaken(BoxTorso(KEY, (100, 20))), rows(4, 3, 24)
    found = run(torso, boxes)
    assert found.shape == (4, 60)
    alone = [run(torso, boxes[:, k]) for k in range(3)]
    np.testing.assert_allclose(found, np.concatenate(alone, axis=1), atol=1e-6)
    expected = PLAIN["elu"](by_hand(torso.network, np.asarray(boxes[:, 0]), "elu"))
    np.testing.assert_allclose(alone[0], expected, atol=1e-6)
    np.testing.assert_array_equal(run(torso, boxes.reshape(4, 72)), found)


def test_permuting_boxes_permutes_features():
    torso, boxes, order = BoxTorso(KEY, (100, 20)), rows(4, 3, 24), np.array([2, 0, 1])
    found = run(torso, boxes).reshape(4, 3, 20)
    np.testing.assert_allclose(
        run(torso, boxes[:, order]).reshape(4, 3, 20), found[:, order], atol=1e-6
    )


def test_no_boxes_give_no_features():
    assert BoxTorso(KEY)(jnp.zeros((4, 0))).shape == (4, 0)
    assert parameter_count(BoxTorso(KEY)) == 24 * 50 + 50


@pytest.fixture(scope="module")
def vision():
    torso = VisionTorso(KEY)
    return torso, jnp.asarray(np.random.default_rng(0).integers(256, size=(2, 64, 64, 3)), "uint8")


def convolved(layer, x):
    """3 × 3 convolution with zeros around, spelled out."""
    padded, (height, width) = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), x.shape[1:3]
    weight, total = np.asarray(layer.weight), np.asarray(layer.bias)
    for i in range(3):
        for j in range(3):
            total = total + padded[:, i : i + height, j : j + width] @ weight[i, j]
    return total


def pooled(x):
    """Maximum of 3 × 3 at every other place; of an even length the far end alone is padded."""
    padded = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=-np.inf)
    places = [
        padded[:, i : i + x.shape[1] : 2, j : j + x.shape[2] : 2]
        for i in range(3)
        for j in range(3)
    ]
    return np.max(places, axis=0)


def test_vision_is_the_residual_network_by_hand(vision):
    torso, images = vision
    x, elu = np.asarray(images) / 255, PLAIN["elu"]
    for first, *blocks in torso.sections:
        x = pooled(convolved(first, x))
        for k in (0, 2):
            x = x + convolved(blocks[k + 1], elu(convolved(blocks[k], elu(x))))
    assert x.shape == (2, 8, 8, 32)
    expected = elu(elu(x).reshape(2, 2048) @ np.asarray(torso.head.weight) + torso.head.bias)
    np.testing.assert_allclose(run(torso, images), expected, atol=1e-5)


def test_vision_has_the_sizes_of_the_paper(vision):
    torso, _ = vision
    convolution = lambda inputs, outputs: 9 * inputs * outputs + outputs  # noqa: E731
    sections = ((3, 16), (16, 32), (32, 32))
    count = sum(convolution(i, o) + 4 * convolution(o, o) for i, o in sections)
    assert parameter_count(torso) == count + 8 * 8 * 32 * 256 + 256 == 622_144


def test_gradients_reach_every_parameter(vision):
    torso, images = vision
    pairs = (
        (torso, images),
        (BoxTorso(KEY, (100, 20)), rows(4, 3, 24)),
        (MLP(KEY, *SIZES, activation="tanh", layer_norm=True), rows(4, 5)),
    )
    for network, x in pairs:
        slopes = eqx.filter_jit(eqx.filter_grad(lambda network, x: jnp.sum(network(x) ** 2)))
        for slope in jax.tree.leaves(slopes(network, x)):
            assert np.isfinite(slope).all()
            assert np.abs(slope).max() > 0


def test_what_does_not_fit_is_refused(vision):
    torso, images = vision
    names = ("activation", "'relu', 'elu', 'tanh'", "'swish'")
    refuses(lambda: MLP(KEY, 2, (3,), 1, activation="swish"), *names)
    refuses(lambda: MLP(KEY, 2, (), 1, layer_norm=True), "hidden_sizes", "layer_norm", "()")
    refuses(lambda: MLP(KEY, 2, (3,), 1, final_scale=-1), "final_scale", ">= 0", "got -1")
    for sizes in ((0, (3,), 1), (2, (0,), 1), (2, (3,), 0), (2, (3.5,), 1)):
        refuses(lambda sizes=sizes: MLP(KEY, *sizes), "size of a layer", ">= 1")
    refuses(lambda: stack(KEY, 0, lambda key: MLP(key, 2, (), 1)), "count", ">= 1", "got 0")
    refuses(lambda: BoxTorso(KEY, ()), "widths", "at least one layer", "()")
    refuses(lambda: BoxTorso(KEY)(jnp.zeros((4, 25))), "boxes", "24", "got 25")
    refuses(lambda: VisionTorso(KEY, 0), "size", ">= 1", "got 0")
    wrong = ((images.astype(jnp.float32), "float32"), (images[0], "(64, 64, 3)"))
    for given, shown in wrong:
        refuses(lambda given=given: torso(given), "images", "uint8", "(N, 64, 64, 3)", shown)
