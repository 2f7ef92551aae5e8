"""A point with mass in the mazes of HIRO and NORL that have a block."""

import dataclasses

import mujoco
import numpy as np

from hierax.worlds.mujoco.bodies.maze_point import MazePoint
from hierax.worlds.mujoco.mazes.maze_world import MazeWorld
from hierax.worlds.mujoco.mujoco_world import Array, Data

_NV = 4  # of the body
_NOISE = 0.1


@dataclasses.dataclass(frozen=True)
class PointInMaze(MazeWorld):
    """A point in a maze with cells of 4 m, see `MazeWorld`; all lengths there are halved.

    | | |
    |---|---|
    | view ``"proprioception"`` | (6,): cosine and sine of the heading, velocities |
    | action | (2,) in [-1, 1]: push forward, turn; see `MazePoint`; a step lasts .1 s |
    | initial state | near (0, 0): x, y and heading U(-.1, .1); at rest |

    The velocities are three in world axes (m/s) and that of the heading (rad/s). The success
    distance is halved as well: pushing the block straight ahead ends 4 m from the goal of Push.
    """

    cell = 4.0
    proprioception_size = 2 + _NV

    def add_body(self, spec: mujoco.MjSpec) -> None:
        """Add the point."""
        MazePoint().add(spec)

    def initial_body_state(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw position and heading near the centre of the cell; the point is at rest."""
        x, y, heading = random.uniform(-_NOISE, _NOISE, 3).tolist()
        return MazePoint().standing_qpos(x, y, heading), np.zeros(_NV)

    def proprioception(self, data: Data) -> Array:
        """Return cosine and sine of the heading, and the velocities."""
        xp, heading = data.qpos.__array_namespace__(), data.qpos[:, 3:4]
        return xp.concat([xp.cos(heading), xp.sin(heading), data.qvel[:, :_NV]], axis=1)
