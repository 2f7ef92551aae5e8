"""The ant in the mazes of HIRO and NORL."""

import dataclasses

import mujoco
import numpy as np

from hierax.worlds.mujoco.bodies.maze_ant import MazeAnt
from hierax.worlds.mujoco.mazes.world import MazeWorld
from hierax.worlds.mujoco.world import Array, Readings

_POSE, _MOTION = 15, 14
_NOISE = 0.1


@dataclasses.dataclass(frozen=True)
class AntInMaze(MazeWorld):
    """An ant of .911 kg in a maze whose cells are 8 m long, see `MazeWorld`.

    | | |
    |---|---|
    | view ``"proprioception"`` | (26,): quaternion (w, x, y, z), eight angles (rad), velocities |
    | action | (8,) in [-1, 1]: torques of 30 N m, in the order of `MazeAnt`; a step lasts .1 s |
    | begin | about (0, 0), .75 m high; positions off by U(-.1, .1), velocities by .1 N(0, 1) |
    | end | never, not even upside down |

    Velocities are three of the torso along the world's axes (m/s), three of its turning about its
    own axes (rad/s), and those of the angles. Side by side the views before ``"goal"`` are the
    numbers of the release in its order: 30, or 33 with a block, or 105 with an image.
    """

    cell = 8.0
    success_distance = 5.0
    feelings = _POSE - 3 + _MOTION

    def add_body(self, spec: mujoco.MjSpec) -> None:
        """See `MazeWorld.add_body`."""
        MazeAnt(stiff=self.has_block).add(spec)

    def take_stance(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Not quite standing, not quite at rest."""
        pose = MazeAnt().standing(0.0, 0.0, 0.0) + random.uniform(-_NOISE, _NOISE, _POSE)
        pose[3:7] /= np.linalg.norm(pose[3:7])
        return pose, _NOISE * random.standard_normal(_MOTION)

    def feel(self, now: Readings) -> Array:
        """All but its place."""
        xp = now.qpos.__array_namespace__()
        return xp.concat([now.qpos[:, 3:_POSE], now.qvel[:, :_MOTION]], axis=1)
