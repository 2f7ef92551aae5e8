"""Tasks with targets that only the body's camera shows."""

import dataclasses

import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.tasks.arrangement import COLOURS, Arrangement
from hierax.worlds.mujoco.vision import VISION

_BLACK = (0.02, 0.02, 0.02)


@dataclasses.dataclass(frozen=True)
class VisionArrangement(Arrangement):
    """An `Arrangement` without coordinates of targets; in images the required target is black.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see its class |
    | view ``"vision"`` | (64, 64, 3) uint8: red, green and blue, from the body's camera |
    | view ``"boxes"`` | (24 N,): the eight corners of each box in the torso's frame (m) |
    | view ``"task"`` | a one-hot code of the mover, if it can vary |

    Everything else is as in `Arrangement`. Images depend on the OpenGL library, so a run repeats
    bit for bit on one machine, and not necessarily on another.

    Raises:
        ValueError: as `Arrangement`; with more than 4 targets; with ``together``, because the
            black targets of the body and of the box would look the same.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.targets > len(COLOURS):
            raise ValueError(
                f"targets must be at most {len(COLOURS)}, one for each colour, got {self.targets}; "
                "use fewer, or an Arrangement"
            )
        if self.together:
            raise ValueError(
                "together must be False with vision, because both required targets are black, got "
                "True; use an Arrangement"
            )

    @property
    def views(self) -> tuple[View, ...]:
        """Views of an observation, with vision instead of targets."""
        return tuple(VISION if view.name == "targets" else view for view in super().views)

    def colour(self, target: int, required: bool) -> tuple[float, ...]:
        """Return colour and opacity of a target."""
        return (*(_BLACK if required else COLOURS[target]), 1.0)

    def task_view(self, required: np.ndarray) -> np.ndarray:
        """Return the view ``"task"``: a code of the mover only."""
        return super().task_view(np.any(required, 2, keepdims=True))
