"""The cross of corridors of `hierax.worlds.cross`, for an ant.

After the code released with Haarnoja, Hartikainen, Abbeel and Levine (2018), "Latent space policies
for hierarchical reinforcement learning", section 6.3.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property

import mujoco
import numpy as np

from hierax.spec import GoalSpec, View
from hierax.worlds.cross import cross_goal, is_free
from hierax.worlds.mujoco.arenas import WALL_COLOUR, WALL_HEIGHT, add_box_geom, plane
from hierax.worlds.mujoco.bodies.ant import Ant
from hierax.worlds.mujoco.bodies.body import Body
from hierax.worlds.mujoco.body_world import BodyWorld
from hierax.worlds.mujoco.mujoco_world import Array, Data, InitialState, StepResult, TaskState
from hierax.worlds.mujoco.tasks.speed import AntSpeed, outside, perturbed_start
from hierax.worlds.mujoco.vision import GOAL_COLOUR, Camera, Marker
from hierax.worlds.world_checks import check_position

GOALS = ((6.0, -6.0), (6.0, 6.0), (12.0, 0.0))
"""Goals of the released code: one at the end of each arm."""
GOAL_RADIUS = 2.0
SCALE = 1.0 / 6.0
"""Scale of the view ``"position"``."""
WALLS = (
    (-2.5, -1.5, -3, 3), (-1.5, 4, -3, -2), (-1.5, 4, 2, 3),
    (3, 4, -7, -3), (3, 9, -8, -7), (8, 9, -7, -3),
    (3, 4, 3, 7), (3, 9, 7, 8), (8, 9, 3, 7),
    (8, 13, -3, -2), (8, 13, 2, 3), (13, 14, -3, 3),
)  # fmt: skip
"""Walls as (least x, largest x, least y, largest y): 1 m around the free region.

They do not overlap, because overlapping surfaces would be lit twice.
"""


@dataclasses.dataclass(frozen=True)
class AntCross(BodyWorld):
    """An ant in a cross of corridors, with a sparse reward at a goal that is not observed.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see `Ant` |
    | view ``"position"`` | (2,): x and y of the torso, divided by 6 m |
    | view ``"heading"`` | (2,): x and y of the torso's first axis |
    | action | (8,) in [-1, 1]: torques, see `Ant` |
    | reward | 1 when the torso comes closer to the goal than 2 m, else 0 |
    | initial state | at the origin, facing along x; velocities N(0, .1^2) |
    | termination | at the goal; torso lower than .2 m or higher than 1 m |
    | success | the goal is reached |

    The free region is ``-1.5 < x < 13, -2 < y < 2`` or ``4 < x < 8, -7 < y < 7``, between walls 2 m
    high. The goal is the same in every episode. The reward of the released code is 1000, so a
    temperature t there is t / 1000 here. A step lasts .05 s. Episodes are truncated after
    ``episode_limit`` steps.

    Attributes:
        goal: x and y of the goal (m) in the free region; the released code has those of `GOALS`.
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if the goal is not in the free region, or the limit is not an integer of at
            least 1.
    """

    goal: tuple[float, float] = (6.0, 6.0)
    episode_limit: int = 1_000

    camera = Camera(19.0, -60.0, lookat=(5.75, -0.8, 0.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        check_position("goal", self.goal)
        if not is_free(*self.goal):
            raise ValueError(
                "goal must be a free point: -1.5 < x < 13 and -2 < y < 2, or 4 < x < 8 and "
                f"-7 < y < 7, got {self.goal}"
            )

    @property
    def walker(self) -> Body:
        """`Ant`."""
        return Ant()

    @property
    def views(self) -> tuple[View, ...]:
        """Views of an observation, see the table."""
        return self.proprioception, View("position", (2,)), View("heading", (2,), -1.0, 1.0)

    @property
    def goal_spec(self) -> GoalSpec:
        """Goal of the world; a step in which the ant falls at the goal has no reward."""
        return cross_goal(self.goal, GOAL_RADIUS, SCALE)

    def compose(self) -> mujoco.MjSpec:
        """Return the model: the ant between walls."""
        spec = plane()
        for number, (west, east, south, north) in enumerate(WALLS):
            centre = ((west + east) / 2.0, (south + north) / 2.0, WALL_HEIGHT / 2.0)
            half = ((east - west) / 2.0, (north - south) / 2.0, WALL_HEIGHT / 2.0)
            add_box_geom(spec.worldbody, f"wall {number}", centre, half, WALL_COLOUR)
        self.walker.add(spec)
        return spec

    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw velocities; the ant stands at the origin and faces along x."""
        return perturbed_start(self, random)

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the views of the table."""
        return {
            "proprioception": self.read_proprioception(data.sensordata),
            "position": SCALE * data.sensordata[:, self.xy_columns],
            "heading": data.sensordata[:, self._heading_columns],
        }

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the reward at the goal, and whether the episode ends."""
        fallen = outside(AntSpeed.heights, data.sensordata[:, self.height_column])
        reached = (self.distance(data) < GOAL_RADIUS) & ~fallen
        return StepResult(1.0 * reached, reached | fallen, reached, data.task_state)

    def distance(self, data: Data) -> Array:
        """Return the horizontal distance ``(N,)`` of the torso from the goal (m)."""
        x, y = data.sensordata[:, self.xy_columns].T
        return ((x - self.goal[0]) ** 2 + (y - self.goal[1]) ** 2) ** 0.5

    def markers(self, task_state: TaskState) -> Sequence[Marker]:
        """Return a disc at the goal."""
        size, rgba = (GOAL_RADIUS, 0.01), (*GOAL_COLOUR, 0.5)
        return [Marker("cylinder", (*self.goal, 0.01), size, rgba)]

    @cached_property
    def _heading_columns(self) -> np.ndarray:
        return self.sensor_columns("torso x.x", "torso x.y")
