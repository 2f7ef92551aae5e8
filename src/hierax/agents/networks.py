"""Networks: multi-layer perceptrons, torsos for boxes and for images, and stacks of networks.

All of them take a batch as it is, without `vmap`: in an MLP the last axis holds the numbers of a
row and those before it are the batch; torsos have one axis of rows in front.

Weights start uniform in ±1/√(fan-in), biases at 0.
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
    """x W + b."""

    weight: Float[Array, "inputs outputs"]
    bias: Float[Array, "outputs"]

    def __init__(self, key: Key, in_size: int, out_size: int, scale: float = 1.0):
        self.weight = _uniform(key, (in_size, out_size), fan_in=in_size) * scale
        self.bias = jnp.zeros(out_size)

    def __call__(self, x: Float[Array, "... inputs"]) -> Float[Array, "... outputs"]:
        """``(..., in_size)`` to ``(..., out_size)``."""
        return x @ self.weight + self.bias


class LayerNorm(eqx.Module):
    """(x - mean) / standard deviation over the last axis, scaled and shifted (Ba et al. 2016)."""

    scale: Float[Array, "size"]
    shift: Float[Array, "size"]

    def __init__(self, size: int):
        self.scale, self.shift = jnp.ones(size), jnp.zeros(size)

    def __call__(self, x: Float[Array, "... size"]) -> Float[Array, "... size"]:
        """Rows of the same shape."""
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        variance = jnp.mean(centred**2, axis=-1, keepdims=True)
        return centred * jax.lax.rsqrt(variance + 1e-5) * self.scale + self.shift


class MLP(eqx.Module):
    """Linear layers with an activation between them.

    Args:
        key: of the weights.
        in_size: numbers in a row.
        hidden_sizes: width of each hidden layer; none for a linear map.
        out_size: numbers that come out.
        activation: ``"relu"``, ``"elu"`` or ``"tanh"``, after each hidden layer.
        layer_norm: whether the first hidden layer is normalised and goes through tanh instead, so
            that the scale of observations does not matter. The Acme agents do so.
        final_scale: what the weights of the last layer are multiplied by. With 0 the output is 0
            whatever the input, so that what is added to something leaves it as it was at first.

    Raises:
        ValueError: where a size is below 1, the activation is unknown, ``final_scale`` is negative,
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
                "hidden_sizes is empty, but layer_norm is True and needs a hidden layer"
            )
        scales = (1.0,) * len(hidden_sizes) + (final_scale,)
        keys = jax.random.split(key, len(scales))
        self.layers = tuple(map(Linear, keys, sizes[:-1], sizes[1:], scales))
        self.norm = LayerNorm(hidden_sizes[0]) if layer_norm else None
        self.activation = activation

    def __call__(self, x: Float[Array, "... inputs"]) -> Float[Array, "... outputs"]:
        """``(..., in_size)`` to ``(..., out_size)``."""
        hidden_sizes = self.layers[:-1]
        if self.norm is not None:
            x = jnp.tanh(self.norm(hidden_sizes[0](x)))
            hidden_sizes = hidden_sizes[1:]
        for layer in hidden_sizes:
            x = ACTIVATIONS[self.activation](layer(x))
        return self.layers[-1](x)


class BoxTorso(eqx.Module):
    """What a level makes of the boxes that it sees: the same small network for each of them.

    Args:
        key: of the weights.
        widths: of its layers; each is followed by an ELU. (50,) for a single box and (100, 20) for
            two in Tirumala et al. (2019).

    Raises:
        ValueError: where there is no layer or a width is below 1.
    """

    network: MLP

    def __init__(self, key: Key, widths: Sequence[int] = (50,)):
        if not widths:
            raise ValueError("widths is empty, but must hold the width of at least one layer")
        self.network = MLP(key, BOX_SIZE, widths[:-1], widths[-1], activation="elu")

    def __call__(self, boxes: Float[Array, "N ..."]) -> Float[Array, "N features"]:
        """``(N, K, 24)`` or ``(N, K 24)`` corners of K boxes to ``(N, K widths[-1])``.

        Raises:
            ValueError: where a row is not a whole number of boxes.
        """
        rows, size = len(boxes), math.prod(boxes.shape[1:])
        if size % BOX_SIZE:
            raise ValueError(
                f"boxes have {size} numbers in a row, but must have {BOX_SIZE} for each box"
            )
        features = jax.nn.elu(self.network(boxes.reshape(rows, size // BOX_SIZE, BOX_SIZE)))
        return features.reshape(rows, math.prod(features.shape[1:]))


class Convolution(eqx.Module):
    """3 × 3 convolution of ``(N, height, width, channels)`` that keeps height and width."""

    weight: Float[Array, "3 3 inputs outputs"]
    bias: Float[Array, "outputs"]

    def __init__(self, key: Key, in_channels: int, out_channels: int):
        self.weight = _uniform(key, (3, 3, in_channels, out_channels), fan_in=9 * in_channels)
        self.bias = jnp.zeros(out_channels)

    def __call__(self, x: Float[Array, "N h w inputs"]) -> Float[Array, "N h w outputs"]:
        """Images of as many channels as there are outputs."""
        layout = ("NHWC", "HWIO", "NHWC")
        product = jax.lax.conv_general_dilated(
            x, self.weight, window_strides=(1, 1), padding="SAME", dimension_numbers=layout
        )
        return product + self.bias


class VisionTorso(eqx.Module):
    """The residual network of IMPALA for images of 64 × 64 pixels (Espeholt et al. 2018, figure 3).

    Three sections of 16, 32 and 32 channels: a 3 × 3 convolution, a maximum over 3 × 3 with stride
    2, and two residual blocks, x + conv(elu(conv(elu(x)))). Then ELU, and a layer of ``size`` with
    ELU. (The paper has ReLU; ELU is what Tirumala et al. 2019 use throughout.)

    Args:
        key: of the weights.
        size: numbers that come out of an image.
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
        """Images of bytes to ``(N, size)``.

        Raises:
            ValueError: where they are no bytes or of another shape.
        """
        if images.dtype != jnp.uint8 or images.shape[1:] != IMAGE_SHAPE:
            raise ValueError(
                f"images are {images.dtype} of shape {images.shape}, but must be uint8 of shape "
                f"(N, {', '.join(map(str, IMAGE_SHAPE))})"
            )
        x = images.astype(jnp.float32) / 255
        for first, *blocks in self.sections:
            x = _pool(first(x))
            for inner, outer in zip(blocks[::2], blocks[1::2], strict=True):
                x = x + outer(jax.nn.elu(inner(jax.nn.elu(x))))
        return jax.nn.elu(self.head(jax.nn.elu(x).reshape(len(x), -1)))


def stack(key: Key, count: int, build: Callable[[Key], Network]) -> Network:
    """``count`` networks as one, whose parameters have a leading axis; twin critics are two.

    All of them are evaluated at once by ``jax.vmap(lambda one: one(x))(networks)``.

    Args:
        key: split into one for each network.
        count: how many.
        build: makes one network from its key.

    Raises:
        ValueError: where ``count`` is below 1.
    """
    checks.count("count", count, 1)
    return eqx.filter_vmap(build)(jax.random.split(key, count))


def _section(key: Key, in_channels: int, channels: int) -> tuple[Convolution, ...]:
    """A convolution that changes the channels, then two residual blocks of two convolutions."""
    inputs = (in_channels, channels, channels, channels, channels)
    keys = jax.random.split(key, len(inputs))
    return tuple(Convolution(k, size, channels) for k, size in zip(keys, inputs, strict=True))


def _pool(x: Array) -> Array:
    """Maximum over 3 × 3 with stride 2."""
    window, strides = (1, 3, 3, 1), (1, 2, 2, 1)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, "SAME")


def _uniform(key: Key, shape: tuple[int, ...], fan_in: int) -> Array:
    bound = 1 / math.sqrt(fan_in)
    return jax.random.uniform(key, shape, minval=-bound, maxval=bound)
