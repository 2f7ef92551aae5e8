"""The bodies of the other tasks, such as a ball or a quadruped, in mazes."""

import dataclasses
from collections.abc import Mapping
from functools import cached_property

import mujoco
import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.arenas import set_solver
from hierax.worlds.mujoco.bodies import body_named
from hierax.worlds.mujoco.bodies.body import Body
from hierax.worlds.mujoco.draws import uniform
from hierax.worlds.mujoco.mazes.maze_world import MazeWorld
from hierax.worlds.mujoco.mujoco_world import Array, Data

_NOISE = 0.1


@dataclasses.dataclass(frozen=True)
class BodyInMaze(MazeWorld):
    """A body in a maze with cells of 4 m, see `MazeWorld`; all lengths there are halved.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see its class |
    | view ``"heading"`` | (2,): x and y of the torso's first axis |
    | action | one number in [-1, 1] for each actuator of the body; a step lasts .05 s |
    | initial state | near (0, 0): x and y U(-.1, .1), direction uniform; at rest |

    Only maze ``"maze"``, also with a map: the blocks of the others are too light for these bodies.

    Attributes:
        body: name of the body, one of `hierax.worlds.mujoco.bodies.BODIES`.

    Raises:
        ValueError: if there is no such body, the maze has a block, and as in `MazeWorld`.
    """

    body: str = "ball"

    timestep = 0.005
    substeps = 10
    cell = 4.0

    def __post_init__(self) -> None:
        body_named(self.body)
        super().__post_init__()
        if self.maze != "maze":
            raise ValueError(f"maze must be 'maze' for body {self.body!r}, got {self.maze!r}")

    @property
    def walker(self) -> Body:
        """The body that the field names."""
        return body_named(self.body)

    @property
    def proprioception_size(self) -> int:  # type: ignore[override]
        """Size of the view ``"proprioception"``."""
        return len(self._proprioception_columns)

    @property
    def views(self) -> tuple[View, ...]:
        """Views of an observation: those of `MazeWorld`, and the heading."""
        *others, goal = super().views
        return (*others, View("heading", (2,), -1.0, 1.0), goal)

    def add_body(self, spec: mujoco.MjSpec) -> None:
        """Add the body, with the solver of its other tasks."""
        set_solver(spec)
        self.walker.add(spec)

    def initial_body_state(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw position and direction; the body is at rest."""
        x, y = random.uniform(-_NOISE, _NOISE, 2).tolist()
        qpos = self.walker.standing_qpos(x, y, uniform(random, -np.pi, np.pi))
        return qpos, np.zeros(0)

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the views of the table."""
        return {**super().observe(data), "heading": data.sensordata[:, self._heading_columns]}

    def torso_position(self, data: Data) -> Array:
        """Return x, y and z of the torso, ``(N, 3)`` (m)."""
        return data.sensordata[:, self._torso_columns]

    def proprioception(self, data: Data) -> Array:
        """Return the body's sensors of itself."""
        return data.sensordata[:, self._proprioception_columns]

    @cached_property
    def _proprioception_columns(self) -> np.ndarray:
        return self.sensor_columns(*self.walker.proprioception)

    @cached_property
    def _torso_columns(self) -> np.ndarray:
        return self.sensor_columns("torso")

    @cached_property
    def _heading_columns(self) -> np.ndarray:
        return self.sensor_columns("torso x.x", "torso x.y")
