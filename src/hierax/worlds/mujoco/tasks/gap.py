"""A corridor with a gap in its floor.

After Tirumala et al. (2019), "Exploiting hierarchy for learning and transfer in KL-regularized RL",
section 5: one gap of random length half-way, and a reward for going forward. The corridor, of which
the paper gives no measures, is as long, wide and thick as dm_control's ``GapsCorridor``.
"""

import dataclasses
from collections.abc import Mapping

import mujoco
import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.arenas import WALL_COLOUR, add_cuboid, plane
from hierax.worlds.mujoco.bodies.body import turned
from hierax.worlds.mujoco.tasks.any_body import AnyBody
from hierax.worlds.mujoco.vision import Outlook
from hierax.worlds.mujoco.world import Array, Beginning, Readings, Verdict

LENGTH, WIDTH = 40.0, 4.0
"""Of the corridor (m)."""
MARGIN = 2.0
"""From the corridor's beginning to where an episode begins, and from the goal to its end (m)."""
SHORTEST, LONGEST = 0.3, 2.5
"""Of gaps (m)."""
_THICK, _WALL, _DEPTH = 0.32, 4.0, 4.0  # of platforms, of walls, and down to the floor below
_PLATFORMS = ("near", "far")
_PLATFORM_COLOUR = (0.87, 0.86, 0.83, 1.0)


@dataclasses.dataclass(frozen=True)
class Gap(AnyBody):
    """A body is paid for going forward, and has to get across a gap half-way.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see its class |
    | view ``"gap"`` | (2,): how far ahead along the corridor the gap begins, and its length (m) |
    | action | one number in [-1, 1] for each actuator of the body |
    | reward | how far the torso came along the corridor (m): .05 s times its mean velocity |
    | begin | 2 m into the corridor, looking along it, at rest; the gap .3 to 2.5 m long |
    | end | the torso below the floor, or upside down; 2 m before the corridor ends |
    | success | that far |

    The corridor is 40 m long and 4 m wide, between walls; the middle of the gap is the middle of
    the corridor. So one who gets there has a return of 36. Episodes are cut off after
    ``episode_limit`` steps.

    The field ``body`` is that of `hierax.worlds.mujoco.tasks.any_body.AnyBody`.

    Attributes:
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where there is no such body, or the limit is no whole number above 0.
    """

    episode_limit: int = 400

    outlook = Outlook(7.0, -28.0, azimuth=0.0)  # from behind, between the walls

    @property
    def views(self) -> tuple[View, ...]:
        """See the table."""
        return self.proprioception, View("gap", (2,))

    def compose(self) -> mujoco.MjSpec:
        """The body, two platforms that episodes move, walls, and a floor far below."""
        spec = plane()
        spec.geom("floor").pos = [0, 0, -_DEPTH]
        self.walker.add(spec)
        for name, x in zip(_PLATFORMS, _middles((LENGTH - LONGEST) / 2.0, LONGEST), strict=True):
            body = spec.worldbody.add_body(name=name, mocap=True, pos=[x, 0, 0])
            half = (LENGTH / 2, WIDTH / 2, _THICK / 2)
            add_cuboid(body, name, (0, 0, -_THICK / 2), half, _PLATFORM_COLOUR)
        for name, side in (("left", 1), ("right", -1)):
            place = (LENGTH / 2, side * (WIDTH + _THICK) / 2, (_WALL - _DEPTH) / 2)
            half = (LENGTH, _THICK / 2, (_WALL + _DEPTH) / 2)
            add_cuboid(spec.worldbody, name, place, half, (*WALL_COLOUR[:3], 0.3))
        return spec

    def begin(self, random: np.random.Generator) -> Beginning:
        """See `MujocoWorld.begin`."""
        length = random.uniform(SHORTEST, LONGEST)
        first = (LENGTH - length) / 2.0
        return Beginning(
            self.walker.standing(MARGIN, 0.0, 0.0),
            np.zeros(self.model.nv),
            memory={"gap": np.array([first, length])},
            mocap={
                name: (np.array([x, 0.0, 0.0]), turned(0.0))
                for name, x in zip(_PLATFORMS, _middles(first, length), strict=True)
            },
        )

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See `MujocoWorld.observe`."""
        xp, gap = now.sensors.__array_namespace__(), now.memory["gap"]
        ahead = gap[:, 0] - now.sensors[:, self.place[0]]
        return {
            "proprioception": now.sensors[:, self.felt],
            "gap": xp.stack([ahead, gap[:, 1]], axis=1),
        }

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """See `MujocoWorld.judge`."""
        x, height, up = (now.sensors[:, at] for at in (self.place[0], self.height, self.up))
        fallen = (height < 0.0) | (up < 0.0)
        arrived = (x >= LENGTH - MARGIN) & ~fallen
        forward = x - before.sensors[:, self.place[0]]
        return Verdict(forward, fallen | arrived, arrived, now.memory)


def _middles(first: float, length: float) -> tuple[float, float]:
    """Where the platforms' middles are so that a gap begins at ``first``.

    Each is twice as long as it need be, and sticks out at an end of the corridor.
    """
    return first - LENGTH / 2.0, first + length + LENGTH / 2.0
