"""Tasks with targets that are seen, not told (`hierax.worlds.mujoco.tasks.arrangement`)."""

import dataclasses

import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.tasks.arrangement import COLOURS, Arrangement
from hierax.worlds.mujoco.vision import VISION

_BLACK = (0.02, 0.02, 0.02)


@dataclasses.dataclass(frozen=True)
class SeenArrangement(Arrangement):
    """An `Arrangement` whose targets are cubes of different colours; the one asked for is black.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see its class |
    | view ``"vision"`` | (64, 64, 3) uint8: red, green and blue, as the body's own camera sees |
    | view ``"boxes"`` | (24 N,): the eight corners of each box from the torso, in its axes (m) |
    | view ``"task"`` | a 1 for who is asked for, where that could be another |

    All else is as it is there. Pictures are the same wherever the same OpenGL draws them, so a run
    repeats to the bit on one machine and not on every other.

    Raises:
        ValueError: where `Arrangement` raises one, where there are more than 4 targets, and with
            ``together``: one black cube for the body and one for the box look the same.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.targets > len(COLOURS):
            raise ValueError(
                f"targets is {self.targets}, but must be at most {len(COLOURS)}, so that each has "
                "a colour of its own: take fewer, or an Arrangement"
            )
        if self.together:
            raise ValueError(
                "together is True, but the eye cannot tell whose black target is whose: leave it "
                "False, or take an Arrangement"
            )

    @property
    def views(self) -> tuple[View, ...]:
        """The parts of an observation that have something to tell."""
        return tuple(VISION if view.name == "targets" else view for view in super().views)

    def colour(self, target: int, asked: bool) -> tuple[float, ...]:
        """See `Arrangement.colour`."""
        return (*(_BLACK if asked else COLOURS[target]), 1.0)

    def told(self, asked: np.ndarray) -> np.ndarray:
        """Who, and nothing of where."""
        return super().told(np.any(asked, 2, keepdims=True))
