"""The cross of corridors of `hierax.worlds.cross`, for an ant.

After the release that goes with Haarnoja, Hartikainen, Abbeel and Levine (2018), "Latent space
policies for hierarchical reinforcement learning", section 6.3.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property

import mujoco
import numpy as np

from hierax.spec import View
from hierax.worlds.world_checks import check_position
from hierax.worlds.cross import is_free
from hierax.worlds.mujoco.arenas import WALL_COLOUR, WALL_HEIGHT, add_box_geom, plane
from hierax.worlds.mujoco.bodies.ant import Ant
from hierax.worlds.mujoco.bodies.body import Body
from hierax.worlds.mujoco.embodied import Embodied
from hierax.worlds.mujoco.tasks.speed import AntSpeed, outside, stirred
from hierax.worlds.mujoco.vision import GOAL_COLOUR, Mark, Outlook
from hierax.worlds.mujoco.world import Array, Beginning, Memory, Readings, Verdict

GOALS = ((6.0, -6.0), (6.0, 6.0), (12.0, 0.0))
"""Where the release puts its goals: at the end of each arm."""
GOAL_RADIUS = 2.0
SCALE = 1.0 / 6.0
"""Of the view ``"position"``."""
WALLS = (
    (-2.5, -1.5, -3, 3), (-1.5, 4, -3, -2), (-1.5, 4, 2, 3),
    (3, 4, -7, -3), (3, 9, -8, -7), (8, 9, -7, -3),
    (3, 4, 3, 7), (3, 9, 7, 8), (8, 9, 3, 7),
    (8, 13, -3, -2), (8, 13, 2, 3), (13, 14, -3, 3),
)  # fmt: skip
"""Least and largest x, least and largest y of each: 1 m of it around what is free.

They do not overlap: what is drawn twice is lit twice.
"""


@dataclasses.dataclass(frozen=True)
class AntCross(Embodied):
    """An ant has to find a goal that pays once.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see `Ant` |
    | view ``"position"`` | (2,): x and y of the torso, divided by 6 m |
    | view ``"heading"`` | (2,): x and y of the torso's first axis |
    | action | (8,) in [-1, 1]: torques, see `Ant` |
    | reward | 1 for the step that comes closer to the goal than 2 m, else 0 |
    | begin | at the origin, looking along x; velocities normal, deviation .1 |
    | end | at the goal; the torso lower than .2 m or higher than 1 m |
    | success | the goal is reached |

    Free are the points with ``-1.5 < x < 13, -2 < y < 2`` or ``4 < x < 8, -7 < y < 7``, between
    walls 2 m high. The goal is the same in every episode and is not observed. The release pays
    1000, so a temperature t there is t / 1000 here. A step lasts .05 s; episodes are cut off after
    ``episode_limit`` of them.

    Attributes:
        goal: x and y of the goal, a free point; the release has those of `GOALS`.
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where the goal is no free point or the limit is no whole number above 0.
    """

    goal: tuple[float, float] = (6.0, 6.0)
    episode_limit: int = 1_000

    outlook = Outlook(19.0, -60.0, at=(5.75, -0.8, 0.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        check_position("goal", self.goal)
        if not is_free(*self.goal):
            raise ValueError(
                f"goal is {self.goal}, but must be a free point: -1.5 < x < 13 and -2 < y < 2, "
                "or 4 < x < 8 and -7 < y < 7"
            )

    @property
    def walker(self) -> Body:
        """`Ant`."""
        return Ant()

    @property
    def views(self) -> tuple[View, ...]:
        """See the table."""
        return self.proprioception, View("position", (2,)), View("heading", (2,), -1.0, 1.0)

    def compose(self) -> mujoco.MjSpec:
        """The ant between walls."""
        spec = plane()
        for number, (west, east, south, north) in enumerate(WALLS):
            centre = ((west + east) / 2.0, (south + north) / 2.0, WALL_HEIGHT / 2.0)
            half = ((east - west) / 2.0, (north - south) / 2.0, WALL_HEIGHT / 2.0)
            add_box_geom(spec.worldbody, f"wall {number}", centre, half, WALL_COLOUR)
        self.walker.add(spec)
        return spec

    def begin(self, random: np.random.Generator) -> Beginning:
        """See `stirred`."""
        return stirred(self, random)

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See `MujocoWorld.observe`."""
        return {
            "proprioception": now.sensors[:, self.felt],
            "position": SCALE * now.sensors[:, self.place],
            "heading": now.sensors[:, self._heading],
        }

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """See `MujocoWorld.judge`."""
        there = self.distance(now) < GOAL_RADIUS
        out = outside(AntSpeed.heights, now.sensors[:, self.height])
        there = there & ~out
        return Verdict(1.0 * there, there | out, there, now.memory)

    def distance(self, now: Readings) -> Array:
        """``(N,)``: how far the torso is from the goal, seen from above (m)."""
        x, y = now.sensors[:, self.place].T
        return ((x - self.goal[0]) ** 2 + (y - self.goal[1]) ** 2) ** 0.5

    def marks(self, memory: Memory) -> Sequence[Mark]:
        """The goal."""
        return [Mark("disc", (*self.goal, 0.01), (GOAL_RADIUS, 0.01), (*GOAL_COLOUR, 0.5))]

    @cached_property
    def _heading(self) -> np.ndarray:
        return self.columns("torso x.x", "torso x.y")
