"""Figures that move, frame by frame, and the GIF files that they become."""

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
    """Frames of a figure; what stays the same is drawn once.

    Args:
        figure: what is filmed.
        moving: the artists that are not the same in each frame, made with ``animated=True``; the
            last is in front.
        show: changes them into what they are at the time 0, 1, ...
        count: how many frames there are.
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
    """Writes frames of one size to a GIF file that begins anew when it is over.

    Args:
        path: of the file.
        frames: what is shown.
        frames_per_second: how fast.
        rest: seconds for which the last frame stays longer than the others.
        shades: of red, green and blue each. With six of them the 256 colours of a frame are always
            enough, what is still stays exactly the same, and the file is a fraction as large.
    """
    step = 255.0 / (shades - 1)
    shown = [(np.rint(frame / step) * step).astype(np.uint8) for frame in frames]
    durations = [1000.0 / frames_per_second] * len(shown)
    durations[-1] += 1000.0 * rest
    iio.imwrite(path, shown, duration=durations, loop=0)
