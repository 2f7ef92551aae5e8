"""Films of episodes, seen from above.

Each frame shows the world, the path so far, the agent and a line of text.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from hierax.plotting.canvas import EDGE, GOAL, INK, START, WALL
from hierax.plotting.film import Frame, film
from hierax.worlds.scene import Scene

SIZE = 432
"""Pixels of each side; a multiple of 16, which video codecs need."""
_DPI = 72
_MARGIN = 0.06
"""Margin as a fraction of the larger side."""
_SMALLEST = 2.0
"""Smallest side of a picture, in units of length."""


def draw_frames(
    scene: Scene, path: Float[np.ndarray, "T 2"], titles: Sequence[str]
) -> Iterator[Frame]:
    """Draw a frame for each position of a path.

    Args:
        scene: the world.
        path: x and y at each step.
        titles: a line of text for each step.
    """
    figure, moving, show = _drawing(scene, path, titles)
    return film(figure, moving, show, len(titles))


def draw_picture(scene: Scene, path: Float[np.ndarray, "T 2"], title: str) -> Frame:
    """Return a picture of a path and of its last position."""
    figure, moving, show = _drawing(scene, path, [title] * len(path))
    return next(film(figure, moving, lambda _: show(len(path) - 1), 1))


def _drawing(
    scene: Scene, path: np.ndarray, titles: Sequence[str]
) -> tuple[Figure, Sequence[Artist], Callable[[int], None]]:
    """Return a figure, the artists that move, and the function that moves them to a step."""
    figure = Figure(figsize=(SIZE / _DPI, SIZE / _DPI), dpi=_DPI)
    axes = figure.add_axes((0.0, 0.0, 1.0, 0.94))
    _show(axes, scene, path)
    moving = (
        axes.plot([], [], color=START, linewidth=1.6, solid_capstyle="round", animated=True)[0],
        axes.plot([], [], "o", color=INK, markersize=7, animated=True)[0],
        figure.text(0.5, 0.97, "", ha="center", va="center", color=INK, size=11, animated=True),
    )
    line, point, text = moving

    def show(time: int) -> None:
        line.set_data(*path[: time + 1].T)
        point.set_data(*path[time : time + 1].T)
        text.set_text(titles[time])

    return figure, moving, show


def _show(axes: Axes, scene: Scene, path: np.ndarray) -> None:
    """Draw everything that does not move."""
    low, high = _limits(scene, path)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.set_axis_off()
    if scene.free:
        ground = Rectangle((low[0], low[1]), *(high - low), facecolor=WALL, zorder=0)
        axes.add_patch(ground)
        rooms = [Rectangle((a, b), c - a, d - b) for a, b, c, d in scene.free]
        # Edges of the same colour hide the gaps between neighbours from rounding.
        axes.add_collection(PatchCollection(rooms, color="white", linewidth=1.0, zorder=1))
    if scene.links is not None:
        axes.add_collection(LineCollection(list(scene.links), colors=EDGE, linewidths=1.0))
    if scene.goal is not None:
        axes.add_patch(Circle(scene.goal, scene.goal_radius, color=GOAL, alpha=0.3, zorder=2))
        axes.plot(*scene.goal, "+", color=GOAL, markersize=9, zorder=2)
    axes.plot(*path[0], "o", color=START, markersize=5, fillstyle="none", zorder=2)


def _limits(scene: Scene, path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two corners of the square that contains the whole scene."""
    corners = np.array(scene.free).reshape(-1, 2)
    links = np.zeros((0, 2)) if scene.links is None else scene.links.reshape(-1, 2)
    goal = np.array([] if scene.goal is None else [scene.goal]).reshape(-1, 2)
    places = np.concatenate([corners, links, goal, path])
    low, high = places.min(axis=0), places.max(axis=0)
    half = (0.5 + _MARGIN) * max((high - low).max(), _SMALLEST)
    middle = (low + high) / 2.0
    return middle - half, middle + half
