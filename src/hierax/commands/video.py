"""Films of frames, as GIF and MP4 files."""

import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from hierax.commands.errors import UsageError, one_line
from hierax.plotting.film import write_gif

FORMATS = (".gif", ".mp4")
FRAMES_PER_SECOND = 25


def check_format(path: Path) -> None:
    """Raise UsageError if a film of this name cannot be written."""
    if path.suffix not in FORMATS:
        raise UsageError(f"--out must end in {' or '.join(FORMATS)}, got {str(path)!r}")
    if path.suffix == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise UsageError(
            "an .mp4 file needs imageio-ffmpeg, which is not installed: run "
            "pip install 'hierax[video]', or let --out end in .gif"
        )


def write_video(path: Path, frames: Iterable[np.ndarray]) -> None:
    """Write frames ``(height, width, 3)`` of bytes, all of one size, to a GIF or MP4 file.

    Raises:
        UsageError: if the file cannot be written.
    """
    frames = list(frames)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gif":
            write_gif(path, frames, FRAMES_PER_SECOND)
        else:
            _write_mp4(path, frames)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def _write_mp4(path: Path, frames: list[np.ndarray]) -> None:
    """Write frames with the ffmpeg of imageio-ffmpeg."""
    import imageio_ffmpeg

    height, width = (side // 2 * 2 for side in frames[0].shape[:2])  # the codec wants even sides
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
        "-r", str(FRAMES_PER_SECOND), "-i", "-", "-pix_fmt", "yuv420p", str(path),
    ]  # fmt: skip
    pixels = b"".join(frame[:height, :width].tobytes() for frame in frames)
    done = subprocess.run(command, input=pixels, capture_output=True, check=False)
    if done.returncode:
        reason = one_line(done.stderr.decode(errors="replace"))
        raise UsageError(f"cannot write {path}: {reason}")
