"""The ant in the mazes of HIRO and NORL."""

import dataclasses
import math

import mujoco
import numpy as np

from hierax.worlds.mujoco.bodies.maze_ant import MazeAnt
from hierax.worlds.mujoco.mazes.maze_world import MazeWorld
from hierax.worlds.mujoco.mujoco_world import Array, Data

_NQ, _NV = 15, 14  # of the body
_NOISE = 0.1
_STANDING = MazeAnt().standing_qpos(0.0, 0.0, 0.0)


@dataclasses.dataclass(frozen=True)
class AntInMaze(MazeWorld):
    """An ant of .911 kg in a maze with cells of 8 m, see `MazeWorld`.

    | | |
    |---|---|
    | view ``"proprioception"`` | (26,): quaternion (w, x, y, z), eight angles (rad), velocities |
    | action | (8,) in [-1, 1]: torques of 30 N m, in the order of `MazeAnt`; a step lasts .1 s |
    | initial state | near (0, 0, .75 m): positions + U(-.1, .1), velocities .1 N(0, 1) |
    | termination | never, not even upside down |

    The velocities are those of the torso in world axes (3, m/s), its angular velocity in its own
    axes (3, rad/s), and those of the angles. The views before ``"goal"``, concatenated, are the
    observation of the released code: 30 numbers, 33 with a block, or 105 with an image.
    """

    cell = 8.0
    proprioception_size = _NQ - 3 + _NV

    def add_body(self, spec: mujoco.MjSpec) -> None:
        """Add the ant, with stiff contacts if the maze has a block."""
        MazeAnt(stiff=self.has_block).add(spec)

    def initial_body_state(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw a state near the standing ant at rest."""
        qpos = _STANDING + random.uniform(-_NOISE, _NOISE, _NQ)
        quaternion = qpos[3:7]
        quaternion /= math.sqrt(quaternion.dot(quaternion))
        return qpos, _NOISE * random.standard_normal(_NV)

    def proprioception(self, data: Data) -> Array:
        """Return all positions except x, y and z, and all velocities."""
        xp = data.qpos.__array_namespace__()
        return xp.concat([data.qpos[:, 3:_NQ], data.qvel[:, :_NV]], axis=1)
