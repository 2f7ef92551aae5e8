"""Animated figures as frames, and GIF files from frames."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from jaxtyping import UInt8
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Frame = UInt8[np.ndarray, "height width 3"]


def film(
    figure: Figure, moving: Sequence[Artist], show: Callable[[int], None], count: int
) -> Iterator[Frame]:
    """Return the frames of a figure; its static part is drawn once.

    Args:
        figure: the figure.
        moving: the artists that change between frames, made with ``animated=True``; the last is in
            front.
        show: updates these artists for frame 0, 1, ...
        count: number of frames.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    for time in range(count):
        canvas.restore_region(still)
        show(time)
        for artist in moving:
            figure.draw_artist(artist)
        yield np.array(canvas.buffer_rgba())[..., :3].copy()


def write_gif(
    path: Path,
    frames: Iterable[Frame],
    frames_per_second: float,
    *,
    rest: float = 0.0,
    shades: int = 256,
) -> None:
    """Write frames of one size to a GIF file that repeats for ever.

    Args:
        path: path of the file.
        frames: the frames.
        frames_per_second: speed.
        rest: additional seconds for the last frame.
        shades: number of shades of red, green and blue each. With six shades 256 colours are enough
            for every frame, static parts stay identical, and the file is much smaller.
    """
    step = 255.0 / (shades - 1)
    shown = [(np.rint(frame / step) * step).astype(np.uint8) for frame in frames]
    durations = [1000.0 / frames_per_second] * len(shown)
    durations[-1] += 1000.0 * rest
    iio.imwrite(path, shown, duration=durations, loop=0)
