"""Draws the pictures of the worlds of MuJoCo that the pages show.

    python docs/gallery.py            those that are missing
    python docs/gallery.py NAME ...   these anew

There is one for each task, with one of the bodies that it is there for.
"""

import re
import sys
from itertools import count
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from hierax.registry import MUJOCO, worlds_of
from hierax.worlds import make
from hierax.worlds.mujoco.batch import MujocoBatch
from hierax.worlds.mujoco.vision import VISION, Renderer

FOLDER = Path(__file__).parent / "images" / "worlds"
WIDTH, HEIGHT = 480, 360
_FINE = 2  # pixels are drawn for each that is kept, along each side
_STEPS = 12
_EYE, _FRAME = 2, 3  # enlargement and frame of what the body's eye sees
_BODY = re.compile(r"Ball|Ant|Quadruped|Point")
_DARK, _ENOUGH = 40, 60  # pixels of a black target that the eye should see
_SAME_SIGHT = ("Multi", "Images")  # worlds that look as others do


def chosen() -> list[str]:
    """Names of the worlds that have a picture: one for each task, bodies in turn."""
    tasks: dict[str, list[str]] = {}
    for name in worlds_of(MUJOCO):
        if not any(word in name for word in _SAME_SIGHT):
            tasks.setdefault(_BODY.sub("", name, count=1), []).append(name)
    return [names[number % len(names)] for number, names in enumerate(tasks.values())]


def picture(name: str) -> np.ndarray:
    """A world soon after an episode began, with what its eye sees in a corner."""
    world = make(name)
    batch = world.batch(1)
    first = chosen().index(name) if name in chosen() else 0
    eye = next(eye for eye in (_played(batch, seed) for seed in count(first)) if _tells(eye))
    renderer = Renderer(world.model, _FINE * WIDTH, _FINE * HEIGHT, high_quality=True)
    data = batch.physics.to_mjdata(batch.state.mjstate[0])
    markers = world.markers({key: values[0] for key, values in batch.state.task_state.items()})
    fine = renderer.render(data, world.camera, markers)
    renderer.close()
    batch.close()
    image = fine.reshape(HEIGHT, _FINE, WIDTH, _FINE, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    return _with_eye(image, eye)


def _played(batch: MujocoBatch, seed: int) -> np.ndarray | None:
    """What the eye sees, if there is one, after some steps."""
    shown, random = batch.reset(seed), np.random.default_rng(seed)
    for _ in range(_STEPS):
        shown = batch.step(random.uniform(-1.0, 1.0, (1, *batch.spec.action.shape)))
    return shown.observation[VISION.name][0] if VISION in batch.spec.views else None


def _tells(eye: np.ndarray | None) -> bool:
    """Whether there is something black to see."""
    return eye is None or (eye < _DARK).all(axis=2).sum() >= _ENOUGH


def _with_eye(image: np.ndarray, seen: np.ndarray | None) -> np.ndarray:
    if seen is not None:
        eye = np.kron(seen, np.ones((_EYE, _EYE, 1), np.uint8))
        framed = np.pad(eye, ((_FRAME,) * 2, (_FRAME,) * 2, (0, 0)), constant_values=255)
        image[-framed.shape[0] :, -framed.shape[1] :] = framed
    return image


def main(names: list[str]) -> None:
    """Draws the worlds called ``names``, or those that have no picture yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or chosen():
        path = FOLDER / f"{name}.webp"
        if names or not path.exists():
            iio.imwrite(path, picture(name), quality=88)
            print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
