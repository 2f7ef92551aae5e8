"""Networks that see views: torsos make features of images and boxes, and an MLP sees the rest."""

from collections.abc import Sequence
from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hierax.agents.networks import BOX_SIZE, IMAGE_SHAPE, MLP, BoxTorso, Key, VisionTorso
from hierax.spec import View

BOXES = "boxes"
"""Name of the view with the corners of boxes."""


class Torso(eqx.Module):
    """A network for one view, and where this view is in a row of views side by side.

    Attributes:
        network: of a `BoxTorso` or a `VisionTorso`.
        start: first number of the view in the row.
        stop: the one behind its last.
        size: number of features.
    """

    network: BoxTorso | VisionTorso
    start: int = eqx.field(static=True)
    stop: int = eqx.field(static=True)
    size: int = eqx.field(static=True)

    def __call__(self, rows: Float[Array, "N D"]) -> Float[Array, "N features"]:
        """Return the features of the view in each row."""
        view = rows[:, self.start : self.stop]
        if isinstance(self.network, BoxTorso):
            return self.network(view)
        return self.network(view.reshape(-1, *IMAGE_SHAPE).astype(jnp.uint8))


class TorsoNetwork(eqx.Module):
    """An MLP that sees features of some views in place of their numbers.

    Attributes:
        torsos: in the order of their views; at least one.
        mlp: sees the numbers that no torso sees, and features where a view was.
    """

    torsos: tuple[Torso, ...]
    mlp: MLP

    def __call__(self, x: Float[Array, "... D"]) -> Float[Array, "... outputs"]:
        """Return ``(..., out_size)`` for rows ``(..., D)``."""
        rows = x.reshape(-1, x.shape[-1])
        parts, at = [], 0
        for torso in self.torsos:
            parts += [rows[:, at : torso.start], torso(rows)]
            at = torso.stop
        found = self.mlp(jnp.concatenate([*parts, rows[:, at:]], axis=-1))
        return found.reshape(*x.shape[:-1], found.shape[-1])


Network: TypeAlias = MLP | TorsoNetwork


def is_image(view: View) -> bool:
    """Return whether a view is an image that a `VisionTorso` can see."""
    return view.shape == IMAGE_SHAPE and view.dtype == "uint8"


def is_boxes(view: View) -> bool:
    """Return whether a view has the corners of boxes that a `BoxTorso` can see."""
    return view.name == BOXES and view.size > 0 and view.size % BOX_SIZE == 0


def torsos_of(
    key: Key, views: Sequence[View], box_sizes: tuple[int, ...], image_size: int
) -> tuple[Torso, ...]:
    """Return the torsos of views that stand side by side.

    Args:
        key: of their weights.
        views: in their order.
        box_sizes: units of the layers that see each box of the view ``"boxes"``; none for no torso.
        image_size: features of an image of 64 × 64 pixels.
    """
    found, stop = [], 0
    for each, view in zip(jax.random.split(key, max(len(views), 1)), views, strict=False):
        start, stop = stop, stop + view.size
        if is_image(view):
            found.append(Torso(VisionTorso(each, image_size), start, stop, image_size))
        elif box_sizes and is_boxes(view):
            size = view.size // BOX_SIZE * box_sizes[-1]
            found.append(Torso(BoxTorso(each, box_sizes), start, stop, size))
    return tuple(found)
