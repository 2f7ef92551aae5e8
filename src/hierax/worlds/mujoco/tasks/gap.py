"""A corridor with a gap in its floor.

After Tirumala et al. (2019), "Exploiting hierarchy for learning and transfer in KL-regularized RL",
section 5: one gap of random length in the middle, and a reward for forward motion. The paper gives
no sizes; length, width and thickness equal those of dm_control's ``GapsCorridor``.
"""

import dataclasses
from collections.abc import Mapping

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import View
from hierax.worlds.mujoco.arenas import WALL_COLOUR, add_box_geom, plane
from hierax.worlds.mujoco.bodies.body import yaw_quaternion
from hierax.worlds.mujoco.draws import uniform
from hierax.worlds.mujoco.mujoco_world import Array, Data, InitialState, StepResult
from hierax.worlds.mujoco.tasks.any_body import AnyBody
from hierax.worlds.mujoco.vision import Camera

LENGTH, WIDTH = 40.0, 4.0
"""Length and width of the corridor (m)."""
MARGIN = 2.0
"""Distance of the initial position from the start, and of the goal from the end (m)."""
SHORTEST, LONGEST = 0.3, 2.5
"""Least and largest length of the gap (m)."""
_THICKNESS, _WALL, _DEPTH = 0.32, 4.0, 4.0  # of platforms; height of walls; of the floor below
_PLATFORMS = ("near", "far")
_PLATFORM_COLOUR = (0.87, 0.86, 0.83, 1.0)


@dataclasses.dataclass(frozen=True)
class Gap(AnyBody):
    """A corridor with a gap in the middle and a reward for forward motion.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see its class |
    | view ``"gap"`` | (2,): distance along the corridor to the start of the gap, its length (m) |
    | action | one number in [-1, 1] for each actuator of the body |
    | reward | forward motion of the torso (m): .05 s times its mean velocity |
    | initial state | 2 m into the corridor, facing along it, at rest; gap .3 to ``longest`` m |
    | termination | torso below the floor or upside down; 2 m before the end of the corridor |
    | success | 2 m before the end of the corridor |

    The corridor is 40 m long and 4 m wide, between walls. The middle of the gap is the middle of
    the corridor. The return of a successful episode is 36. Episodes are truncated after
    ``episode_limit`` steps.

    The field ``body`` is that of `hierax.worlds.mujoco.tasks.any_body.AnyBody`.

    Attributes:
        longest: largest length of the gap (m), .3 to 2.5. In ``BallGap-v1`` it is .8: the ball at
            its top speed crosses at most .89 m, so it cannot cross most gaps of ``BallGap-v0``.
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if there is no such body, the length is out of range, or the limit is not an
            integer of at least 1.
    """

    longest: float = LONGEST
    episode_limit: int = 400

    camera = Camera(7.0, -28.0, azimuth=0.0)  # from behind, between the walls

    def __post_init__(self) -> None:
        super().__post_init__()
        length = checks.positive("longest", self.longest)
        if not SHORTEST <= length <= LONGEST:
            raise ValueError(f"longest must be in [{SHORTEST}, {LONGEST}], got {self.longest!r}")

    @property
    def views(self) -> tuple[View, ...]:
        """Views of an observation, see the table."""
        return self.proprioception, View("gap", (2,))

    def compose(self) -> mujoco.MjSpec:
        """Return the model: the body, two movable platforms, walls, and a floor far below."""
        spec = plane()
        spec.geom("floor").pos = [0, 0, -_DEPTH]
        self.walker.add(spec)
        for name, x in zip(_PLATFORMS, _middles((LENGTH - LONGEST) / 2.0, LONGEST), strict=True):
            body = spec.worldbody.add_body(name=name, mocap=True, pos=[x, 0, 0])
            half = (LENGTH / 2, WIDTH / 2, _THICKNESS / 2)
            add_box_geom(body, name, (0, 0, -_THICKNESS / 2), half, _PLATFORM_COLOUR)
        for name, side in (("left", 1), ("right", -1)):
            centre = (LENGTH / 2, side * (WIDTH + _THICKNESS) / 2, (_WALL - _DEPTH) / 2)
            half = (LENGTH, _THICKNESS / 2, (_WALL + _DEPTH) / 2)
            add_box_geom(spec.worldbody, name, centre, half, (*WALL_COLOUR[:3], 0.3))
        return spec

    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw the length of the gap; the body stands at rest at its initial position."""
        length = uniform(random, SHORTEST, self.longest)
        start = (LENGTH - length) / 2.0
        return InitialState(
            self.walker.standing_qpos(MARGIN, 0.0, 0.0),
            np.zeros(self.model.nv),
            task_state={"gap": np.array([start, length])},
            mocap={
                name: (np.array([x, 0.0, 0.0]), yaw_quaternion(0.0))
                for name, x in zip(_PLATFORMS, _middles(start, length), strict=True)
            },
        )

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the views of the table."""
        xp, gap = data.sensordata.__array_namespace__(), data.task_state["gap"]
        distance = gap[:, 0] - data.sensordata[:, self.xy_columns[0]]
        return {
            "proprioception": self.read_proprioception(data.sensordata),
            "gap": xp.stack([distance, gap[:, 1]], axis=1),
        }

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the forward motion, and whether the body fell or arrived."""
        columns = self.xy_columns[0], self.height_column, self.upright_column
        x, height, upright = (data.sensordata[:, column] for column in columns)
        fallen = (height < 0.0) | (upright < 0.0)
        arrived = (x >= LENGTH - MARGIN) & ~fallen
        forward = x - previous.sensordata[:, self.xy_columns[0]]
        return StepResult(forward, fallen | arrived, arrived, data.task_state)


def _middles(start: float, length: float) -> tuple[float, float]:
    """Return x of the middles of both platforms for a gap that begins at ``start``.

    Each platform is twice as long as necessary and extends beyond the corridor.
    """
    return start - LENGTH / 2.0, start + length + LENGTH / 2.0
