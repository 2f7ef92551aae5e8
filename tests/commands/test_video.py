"""Files of frames."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from hierax.commands import video
from hierax.commands.errors import UsageError
from hierax.commands.video import check_format, write_video

FRAMES = [np.full((33, 47, 3), shade, np.uint8) for shade in (0, 128, 255)]


def test_a_gif_has_the_frames(tmp_path):
    path = tmp_path / "folder" / "film.gif"
    write_video(path, iter(FRAMES))
    found = iio.imread(path)
    assert found.shape == (3, 33, 47, 3)
    np.testing.assert_allclose(found[:, 0, 0, 0], [0, 128, 255], atol=4)


@pytest.mark.skipif(find_spec("imageio_ffmpeg") is None, reason="the extra video is not installed")
def test_an_mp4_has_the_frames_with_even_sides(tmp_path):
    import imageio_ffmpeg

    path = tmp_path / "film.mp4"
    write_video(path, FRAMES)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path)]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = subprocess.run([*command, *raw], capture_output=True, check=True).stdout
    found = np.frombuffer(pixels, np.uint8).reshape(3, 32, 46, 3)
    np.testing.assert_allclose(found[:, 16, 16, 0].astype(int), [0, 128, 255], atol=8)


def test_without_ffmpeg_there_is_no_mp4(monkeypatch):
    monkeypatch.setattr(video, "find_spec", lambda _: None)
    check_format(Path("film.gif"))
    with pytest.raises(UsageError, match=r"pip install 'hierax\[video\]'"):
        check_format(Path("film.mp4"))


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_video(tmp_path / "taken" / "film.gif", FRAMES)
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(UsageError, match=r"cannot write .*folder\.mp4"):
        write_video(tmp_path / "folder.mp4", FRAMES)
