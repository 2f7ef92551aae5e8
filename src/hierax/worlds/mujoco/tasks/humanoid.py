"""Tasks for a humanoid: walking where it is told to, and going to a target.

After Tirumala et al. (2019), "Exploiting hierarchy for learning and transfer in KL-regularized RL",
appendix A, which says what is asked for and gives no numbers: those here are ours. As in
dm_control's suite, whose body this is, a step lasts .025 s.
"""

import dataclasses
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.bodies.body import TORSO_AXES, Body
from hierax.worlds.mujoco.bodies.humanoid import Humanoid
from hierax.worlds.mujoco.tasks.arrangement import Arrangement
from hierax.worlds.mujoco.tasks.speed import HumanoidSpeed, Paced
from hierax.worlds.mujoco.world import Array, Beginning, Readings, Verdict

PACE_ASKED = 1.0
"""m/s."""
_STRICT = 2.0
_LOWEST = HumanoidSpeed.heights[0]
_DIRECTIONS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclasses.dataclass(frozen=True)
class HumanoidWalk(Paced):
    """A humanoid has to walk at 1 m/s in a direction, and after half of the time in another.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see `Humanoid` |
    | view ``"direction"`` | (3,): the direction asked for, in the torso's axes |
    | view ``"task"`` | (4,): a 1 for it, of x, y, -x and -y in the world |
    | action | (21,) in [-1, 1]: torques, see `Humanoid` |
    | reward | ``exp(-2 |v - d|^2)``, d the direction seen before the step, times 1 m/s |
    | begin | standing at the origin, looking anywhere, at rest; two different directions drawn |
    | end | the torso lower than .8 m; cut off after ``episode_limit`` steps |

    v is the velocity of the centre of mass along the floor (m/s); one who stands still is paid .14.
    There is no success.

    Attributes:
        episode_limit: most steps of an episode; after half of them the direction changes.

    Raises:
        ValueError: where the limit is no whole number above 0.
    """

    episode_limit: int = 1_000

    substeps = 5
    has_success = False

    @property
    def walker(self) -> Body:
        """`Humanoid`."""
        return Humanoid()

    @property
    def views(self) -> tuple[View, ...]:
        """See the table."""
        return (
            self.proprioception,
            View("direction", (3,), -1.0, 1.0),
            View("task", (4,), 0.0, 1.0),
        )

    def begin(self, random: np.random.Generator) -> Beginning:
        """See `MujocoWorld.begin`."""
        pose = self.walker.standing(0.0, 0.0, random.uniform(-np.pi, np.pi))
        asked = np.eye(4)[random.permutation(4)[:2]]
        return Beginning(pose, np.zeros(self.model.nv), {"first": asked[0], "second": asked[1]})

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See `MujocoWorld.observe`."""
        asked = self._asked(now)
        axes = now.sensors[:, self._axes].reshape(-1, 3, 3)
        return {
            "proprioception": now.sensors[:, self.felt],
            "direction": (axes * (asked @ _DIRECTIONS)[:, None]).sum(2),
            "task": asked,
        }

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """See `MujocoWorld.judge`."""
        xp = now.sensors.__array_namespace__()
        wanted = PACE_ASKED * (self._asked(before) @ _DIRECTIONS)[:, :2]
        missed = self.pace(now)[:, :2] - wanted
        fallen = now.sensors[:, self.height] < _LOWEST
        reward = xp.exp(-_STRICT * (missed**2).sum(1))
        return Verdict(reward, fallen, xp.zeros_like(fallen), now.memory)

    def _asked(self, now: Readings) -> Array:
        """``(N, 4)``: a 1 for the direction that counts."""
        xp = now.sensors.__array_namespace__()
        early = (2 * now.steps < self.episode_limit)[:, None]
        return xp.where(early, now.memory["first"], now.memory["second"])

    @cached_property
    def _axes(self) -> np.ndarray:
        return self.columns(*TORSO_AXES)


@dataclasses.dataclass(frozen=True)
class HumanoidGoTo(Arrangement):
    """An `Arrangement` for a humanoid, which has fallen where its torso is lower than .8 m.

    By default there is one target somewhere in an 8 m square, and 20 s to get there: reward 10 for
    being on it and 50 a step later.

    Raises:
        ValueError: as `Arrangement`.
    """

    body: str = "humanoid"
    targets: int = 1
    cells: int = 0
    episode_limit: int = 800

    substeps = 5

    def fallen(self, now: Readings) -> Array:
        """``(N,)``: who lies."""
        return now.sensors[:, self.height] < _LOWEST
