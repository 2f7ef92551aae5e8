"""A point with weight in those mazes of HIRO and NORL where there is a block to push."""

import dataclasses

import mujoco
import numpy as np

from hierax.worlds.mujoco.bodies.maze_point import MazePoint
from hierax.worlds.mujoco.mazes.world import MazeWorld
from hierax.worlds.mujoco.world import Array, Readings

_MOTION = 4
_NOISE = 0.1


@dataclasses.dataclass(frozen=True)
class PointInMaze(MazeWorld):
    """A point in a maze whose cells are 4 m long, see `MazeWorld`: half of all lengths there.

    | | |
    |---|---|
    | view ``"proprioception"`` | (6,): cosine and sine of the heading, velocities |
    | action | (2,) in [-1, 1]: push forward, turn; see `MazePoint`; a step lasts .1 s |
    | begin | about (0, 0): x, y and heading uniform in (-0.1, 0.1); at rest |

    Velocities are three along the world's axes (m/s) and that of the heading (rad/s). Success is
    half as far from the goal, too: pushing the block ahead leads to 4 m from the goal of Push.
    """

    cell = 4.0
    success_distance = 2.5
    feelings = 2 + _MOTION

    def add_body(self, spec: mujoco.MjSpec) -> None:
        """See `MazeWorld.add_body`."""
        MazePoint().add(spec)

    def take_stance(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """On the ground, about the middle of the cell."""
        x, y, heading = random.uniform(-_NOISE, _NOISE, 3).tolist()
        return MazePoint().standing(x, y, heading), np.zeros(_MOTION)

    def feel(self, now: Readings) -> Array:
        """Heading and velocities."""
        xp, heading = now.qpos.__array_namespace__(), now.qpos[:, 3:4]
        return xp.concat([xp.cos(heading), xp.sin(heading), now.qvel[:, :_MOTION]], axis=1)
