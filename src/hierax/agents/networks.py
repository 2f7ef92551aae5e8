"""Networks: multi-layer perceptrons, torsos for boxes and for images, and stacks of networks.

All networks take batches, without `vmap`. An MLP maps the last axis; all axes before it are batch
axes. A torso has one batch axis.

Initial weights are uniform in ±1/√(fan-in), initial biases are 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, UInt8

from hierax import checks

Key: TypeAlias = Array
Network = TypeVar("Network")

ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu,
    "elu": jax.nn.elu,
    "tanh": jnp.tanh,
}
BOX_SIZE = 24
"""Numbers that describe a box: eight corners in three dimensions."""
IMAGE_SHAPE = (64, 64, 3)


class Linear(eqx.Module):
    """A linear layer, x W + b."""

    weight: Float[Array, "inputs outputs"]
    bias: Float[Array, "outputs"]

    def __init__(self, key: Key, in_size: int, out_size: int, scale: float = 1.0):
        self.weight = _uniform(key, (in_size, out_size), fan_in=in_size) * scale
        self.bias = jnp.zeros(out_size)

    def __call__(self, x: Float[Array, "... inputs"]) -> Float[Array, "... outputs"]:
        """Return ``(..., out_size)`` for ``(..., in_size)``."""
        return x @ self.weight + self.bias


class LayerNorm(eqx.Module):
    """A layer normalisation over the last axis (Ba et al. 2016).

    It returns (x - mean) / standard deviation, scaled and shifted by learned vectors.
    """

    scale: Float[Array, "size"]
    shift: Float[Array, "size"]

    def __init__(self, size: int):
        self.scale, self.shift = jnp.ones(size), jnp.zeros(size)

    def __call__(self, x: Float[Array, "... size"]) -> Float[Array, "... size"]:
        """Return the normalised rows, of the same shape."""
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        variance = jnp.mean(centred**2, axis=-1, keepdims=True)
        return centred * jax.lax.rsqrt(variance + 1e-5) * self.scale + self.shift


class MLP(eqx.Module):
    """A multi-layer perceptron: linear layers with an activation between them.

    Args:
        key: of the weights.
        in_size: numbers in a row.
        hidden_sizes: width of each hidden layer; none for a linear map.
        out_size: numbers in a row of the output.
        activation: ``"relu"``, ``"elu"`` or ``"tanh"``, after each hidden layer.
        layer_norm: whether the first hidden layer has layer normalisation and tanh instead of the
            activation, as in the agents of Acme. Then the scale of observations does not matter.
        final_scale: factor of the initial weights of the last layer. With 0 the initial output is 0
            for every input.

    Raises:
        ValueError: if a size is below 1, the activation is unknown, ``final_scale`` is negative,
            or there is no hidden layer to normalise.
    """

    layers: tuple[Linear, ...]
    norm: LayerNorm | None
    activation: str = eqx.field(static=True)

    def __init__(
        self,
        key: Key,
        in_size: int,
        hidden_sizes: Sequence[int],
        out_size: int,
        *,
        activation: str = "relu",
        layer_norm: bool = False,
        final_scale: float = 1.0,
    ):
        sizes = (in_size, *hidden_sizes, out_size)
        for size in sizes:
            checks.count("size of a layer", size, 1)
        checks.one_of("activation", activation, tuple(ACTIVATIONS))
        checks.not_negative("final_scale", final_scale)
        if layer_norm and not hidden_sizes:
            raise ValueError(
                "hidden_sizes must name at least one layer if layer_norm is True, got ()"
            )
        scales = (1.0,) * len(hidden_sizes) + (final_scale,)
        keys = jax.random.split(key, len(scales))
        self.layers = tuple(map(Linear, keys, sizes[:-1], sizes[1:], scales))
        self.norm = LayerNorm(hidden_sizes[0]) if layer_norm else None
        self.activation = activation

    def __call__(self, x: Float[Array, "... inputs"]) -> Float[Array, "... outputs"]:
        """Return ``(..., out_size)`` for ``(..., in_size)``."""
        hidden = self.layers[:-1]
        if self.norm is not None:
            x = jnp.tanh(self.norm(hidden[0](x)))
            hidden = hidden[1:]
        for layer in hidden:
            x = ACTIVATIONS[self.activation](layer(x))
        return self.layers[-1](x)


class BoxTorso(eqx.Module):
    """A torso for boxes that applies the same small network to each box.

    Args:
        key: of the weights.
        widths: units of its layers; an ELU follows each of them. Tirumala et al. (2019) use (50,)
            for one box and (100, 20) for two.

    Raises:
        ValueError: if there is no layer or a width is below 1.
    """

    network: MLP

    def __init__(self, key: Key, widths: Sequence[int] = (50,)):
        if not widths:
            raise ValueError("widths must name the units of at least one layer, got ()")
        self.network = MLP(key, BOX_SIZE, widths[:-1], widths[-1], activation="elu")

    def __call__(self, boxes: Float[Array, "N ..."]) -> Float[Array, "N features"]:
        """Return features ``(N, K widths[-1])`` of K boxes.

        Args:
            boxes: their corners, ``(N, K, 24)`` or ``(N, K 24)``.

        Raises:
            ValueError: if a row does not hold a whole number of boxes.
        """
        rows, size = len(boxes), math.prod(boxes.shape[1:])
        if size % BOX_SIZE:
            raise ValueError(
                f"boxes must have {BOX_SIZE} numbers for each box in a row, got {size}"
            )
        features = jax.nn.elu(self.network(boxes.reshape(rows, size // BOX_SIZE, BOX_SIZE)))
        return features.reshape(rows, math.prod(features.shape[1:]))


class Convolution(eqx.Module):
    """A 3 × 3 convolution of ``(N, height, width, channels)`` that keeps height and width."""

    weight: Float[Array, "3 3 inputs outputs"]
    bias: Float[Array, "outputs"]

    def __init__(self, key: Key, in_channels: int, out_channels: int):
        self.weight = _uniform(key, (3, 3, in_channels, out_channels), fan_in=9 * in_channels)
        self.bias = jnp.zeros(out_channels)

    def __call__(self, x: Float[Array, "N h w inputs"]) -> Float[Array, "N h w outputs"]:
        """Return images with ``out_channels`` channels."""
        layout = ("NHWC", "HWIO", "NHWC")
        product = jax.lax.conv_general_dilated(
            x, self.weight, window_strides=(1, 1), padding="SAME", dimension_numbers=layout
        )
        return product + self.bias


class VisionTorso(eqx.Module):
    """A torso for images: the residual network of IMPALA (Espeholt et al. 2018, figure 3).

    Images have 64 × 64 pixels. The network has three sections of 16, 32 and 32 channels. Each is a
    3 × 3 convolution, a maximum over 3 × 3 with stride 2, and two residual blocks
    x + conv(elu(conv(elu(x)))). An ELU, a linear layer of ``size`` units and another ELU follow.
    The paper uses ReLU; Tirumala et al. (2019) use ELU throughout.

    Args:
        key: of the weights.
        size: number of features of an image.

    Raises:
        ValueError: if ``size`` is below 1.
    """

    sections: tuple[tuple[Convolution, ...], ...]
    head: Linear

    def __init__(self, key: Key, size: int = 256):
        checks.count("size", size, 1)
        channels = (IMAGE_SHAPE[-1], 16, 32, 32)
        *keys, head_key = jax.random.split(key, 4)
        self.sections = tuple(map(_section, keys, channels[:-1], channels[1:]))
        cells = math.prod(-(-length // 2 ** len(keys)) for length in IMAGE_SHAPE[:2])
        self.head = Linear(head_key, cells * channels[-1], size)

    def __call__(self, images: UInt8[Array, "N 64 64 3"]) -> Float[Array, "N features"]:
        """Return features ``(N, size)`` of images of bytes.

        Raises:
            ValueError: if the images have another dtype or shape.
        """
        if images.dtype != jnp.uint8 or images.shape[1:] != IMAGE_SHAPE:
            raise ValueError(
                f"images must be uint8 of shape (N, {', '.join(map(str, IMAGE_SHAPE))}), "
                f"got {images.dtype} of shape {images.shape}"
            )
        x = images.astype(jnp.float32) / 255
        for first, *blocks in self.sections:
            x = _pool(first(x))
            for inner, outer in zip(blocks[::2], blocks[1::2], strict=True):
                x = x + outer(jax.nn.elu(inner(jax.nn.elu(x))))
        return jax.nn.elu(self.head(jax.nn.elu(x).reshape(len(x), -1)))


def stack(key: Key, count: int, build: Callable[[Key], Network]) -> Network:
    """Return ``count`` networks as one, whose parameters have a leading axis of that length.

    ``jax.vmap(lambda one: one(x))(networks)`` evaluates all of them at once.

    Args:
        key: split into one for each network.
        count: number of networks.
        build: returns one network, from its key.

    Raises:
        ValueError: if ``count`` is below 1.
    """
    checks.count("count", count, 1)
    return eqx.filter_vmap(build)(jax.random.split(key, count))


def _section(key: Key, in_channels: int, channels: int) -> tuple[Convolution, ...]:
    """Return a convolution that changes the channels, and those of two residual blocks."""
    inputs = (in_channels, channels, channels, channels, channels)
    keys = jax.random.split(key, len(inputs))
    return tuple(Convolution(k, size, channels) for k, size in zip(keys, inputs, strict=True))


def _pool(x: Array) -> Array:
    """Return the maximum over 3 × 3 with stride 2."""
    window, strides = (1, 3, 3, 1), (1, 2, 2, 1)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, "SAME")


def _uniform(key: Key, shape: tuple[int, ...], fan_in: int) -> Array:
    bound = 1 / math.sqrt(fan_in)
    return jax.random.uniform(key, shape, minval=-bound, maxval=bound)
