"""Tasks for a humanoid: to walk in given directions, and to go to a target.

After Tirumala et al. (2019), "Exploiting hierarchy for learning and transfer in KL-regularized RL",
appendix A. The paper describes the tasks without numbers; the numbers here are ours. A step lasts
.025 s, as in dm_control's suite, from which the body comes.
"""

import dataclasses
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.bodies.body import TORSO_AXES, Body
from hierax.worlds.mujoco.bodies.humanoid import Humanoid
from hierax.worlds.mujoco.draws import uniform
from hierax.worlds.mujoco.mujoco_world import Array, Data, InitialState, StepResult
from hierax.worlds.mujoco.tasks.arrangement import Arrangement
from hierax.worlds.mujoco.tasks.speed import ComVelocityWorld, HumanoidSpeed

TARGET_SPEED = 1.0
"""m/s."""
_SHARPNESS = 2.0
_LOWEST = HumanoidSpeed.heights[0]
_DIRECTIONS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclasses.dataclass(frozen=True)
class HumanoidWalk(ComVelocityWorld):
    """A humanoid that must walk at 1 m/s in one direction, and in another in the second half.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see `Humanoid` |
    | view ``"direction"`` | (3,): the required direction in the torso's frame |
    | view ``"task"`` | (4,): one-hot code of the direction: x, y, -x or -y of the world |
    | action | (21,) in [-1, 1]: torques, see `Humanoid` |
    | reward | ``exp(-2 |v - d|^2)``, d the direction observed before the step, times 1 m/s |
    | initial state | standing at the origin, heading uniform, at rest; two different directions |
    | termination | torso lower than .8 m; truncated after ``episode_limit`` steps |

    v is the horizontal velocity of the centre of mass (m/s). The reward of standing still is .14.
    There is no success.

    Attributes:
        episode_limit: steps after which an episode is truncated; the direction changes after half
            of them.

    Raises:
        ValueError: if the limit is not an integer of at least 1.
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
        """Views of an observation, see the table."""
        return (
            self.proprioception,
            View("direction", (3,), -1.0, 1.0),
            View("task", (4,), 0.0, 1.0),
        )

    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw the heading and two different directions."""
        qpos = self.walker.standing_qpos(0.0, 0.0, uniform(random, -np.pi, np.pi))
        first, second = np.eye(4)[random.permutation(4)[:2]]
        return InitialState(qpos, np.zeros(self.model.nv), {"first": first, "second": second})

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the views of the table."""
        required = self._required(data)
        axes = data.sensordata[:, self._axis_columns].reshape(-1, 3, 3)
        return {
            "proprioception": self.read_proprioception(data.sensordata),
            "direction": (axes * (required @ _DIRECTIONS)[:, None]).sum(2),
            "task": required,
        }

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the reward of the table, and whether the humanoid fell."""
        xp = data.sensordata.__array_namespace__()
        required = TARGET_SPEED * (self._required(previous) @ _DIRECTIONS)[:, :2]
        error = self.com_velocity(data)[:, :2] - required
        fallen = data.sensordata[:, self.height_column] < _LOWEST
        reward = xp.exp(-_SHARPNESS * (error**2).sum(1))
        return StepResult(reward, fallen, xp.zeros_like(fallen), data.task_state)

    def _required(self, data: Data) -> Array:
        """Return the one-hot code ``(N, 4)`` of the required direction."""
        xp = data.sensordata.__array_namespace__()
        early = (2 * data.steps < self.episode_limit)[:, None]
        return xp.where(early, data.task_state["first"], data.task_state["second"])

    @cached_property
    def _axis_columns(self) -> np.ndarray:
        return self.sensor_columns(*TORSO_AXES)


@dataclasses.dataclass(frozen=True)
class HumanoidGoTo(Arrangement):
    """An `Arrangement` for a humanoid; the episode ends if its torso is lower than .8 m.

    By default there is one target in a square of 8 m, and a limit of 20 s. The reward is 10 on the
    target and 50 one step later.

    Raises:
        ValueError: as `Arrangement`.
    """

    body: str = "humanoid"
    targets: int = 1
    cells: int = 0
    episode_limit: int = 800

    substeps = 5

    def fallen(self, data: Data) -> Array:
        """Return where the torso is lower than .8 m: ``(N,)``."""
        return data.sensordata[:, self.height_column] < _LOWEST
