"""Open floors that pay for speed: where the lowest level of a hierarchy learns to move.

After the release that goes with Haarnoja, Hartikainen, Abbeel and Levine (2018), "Latent space
policies for hierarchical reinforcement learning": the rewards, and where an episode ends. Bodies
are not theirs (rllab's), but those of `hierax.worlds.mujoco.bodies`; the swimmer is as theirs.
"""

import abc
import dataclasses
import math
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, NamedTuple

import mujoco
import numpy as np

from hierax.spec import View
from hierax.worlds.mujoco.arenas import plane
from hierax.worlds.mujoco.bodies.ant import Ant
from hierax.worlds.mujoco.bodies.body import Body
from hierax.worlds.mujoco.bodies.humanoid import Humanoid
from hierax.worlds.mujoco.bodies.swimmer import Swimmer
from hierax.worlds.mujoco.embodied import Embodied
from hierax.worlds.mujoco.world import Array, Beginning, Readings, Verdict

PACE = "pace"
"""Sensor of the velocity of the whole body's centre of mass, in the world's axes (m/s)."""
_STIR = 0.1
_FORCE = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE)
_SUM, _ONE = 3, 1  # of a contact sensor: all contacts of a body, in one force


class Weights(NamedTuple):
    """What is paid beside speed.

    Attributes:
        alive: for each step.
        effort: times the sum of squared actions, taken away.
        contact: times the sum of squared forces (N) on all parts, each in [-1, 1], taken away.
        bounce: times the squared velocity upward, taken away.
    """

    alive: float = 0.0
    effort: float = 0.0
    contact: float = 0.0
    bounce: float = 0.0


class Paced(Embodied):
    """A body on an open floor, and the velocity of its centre of mass."""

    def compose(self) -> mujoco.MjSpec:
        """The body on a floor."""
        spec = plane()
        self.walker.add(spec)
        feel_pace(spec, self.walker.torso)
        return spec

    def pace(self, now: Readings) -> Array:
        """``(N, 3)``: what `PACE` says."""
        return now.sensors[:, self._pace]

    @cached_property
    def _pace(self) -> np.ndarray:
        return self.columns(PACE)


@dataclasses.dataclass(frozen=True)
class Speed(Paced):
    """What these worlds share."""

    episode_limit: int = 1_000

    weights: ClassVar[Weights]
    heights: ClassVar[tuple[float, float]]
    has_success = False

    @abc.abstractmethod
    def paid(self, pace: Array) -> Array:
        """What a velocity ``(N, 3)`` is worth."""

    @property
    def views(self) -> tuple[View, ...]:
        """What the body feels, and nothing of where it is."""
        return (self.proprioception,)

    def compose(self) -> mujoco.MjSpec:
        """The body on a floor, and forces on its parts if they count."""
        spec = super().compose()
        for name in self._parts(spec) if self.weights.contact else ():
            spec.add_sensor(
                name=f"{name} force", type=mujoco.mjtSensor.mjSENS_CONTACT,
                objtype=mujoco.mjtObj.mjOBJ_BODY, objname=name, intprm=[_FORCE, _SUM, _ONE],
            )  # fmt: skip
        return spec

    def begin(self, random: np.random.Generator) -> Beginning:
        """See `stirred`."""
        return stirred(self, random)

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See `MujocoWorld.observe`."""
        return {"proprioception": now.sensors[:, self.felt]}

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """See `MujocoWorld.judge`."""
        xp, weights = now.sensors.__array_namespace__(), self.weights
        pace = self.pace(now)
        reward = self.paid(pace) + weights.alive - weights.effort * (now.action**2).sum(1)
        if weights.contact:
            forces = xp.clip(now.sensors[:, self._forces], -1.0, 1.0)
            reward = reward - weights.contact * (forces**2).sum(1)
        if weights.bounce:
            reward = reward - weights.bounce * pace[:, 2] ** 2
        ended = outside(self.heights, now.sensors[:, self.height])
        return Verdict(reward, ended, xp.zeros_like(ended), now.memory)

    @cached_property
    def _forces(self) -> np.ndarray:
        names = [self.model.sensor(number).name for number in range(self.model.nsensor)]
        return self.columns(*(name for name in names if name.endswith(" force")))

    def _parts(self, spec: mujoco.MjSpec) -> list[str]:
        """Bodies that can be touched."""
        return [body.name for body in spec.bodies[1:] if body.geoms]


@dataclasses.dataclass(frozen=True)
class AntSpeed(Speed):
    """An ant is paid for its speed in any direction.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see `Ant` |
    | action | (8,) in [-1, 1]: torques, see `Ant` |
    | reward | ``|v_xy| + .05 - .005 |a|^2 - .0005 c`` |
    | begin | at the origin, looking along x; velocities normal, deviation .1 |
    | end | the torso lower than .2 m or higher than 1 m; cut off after ``episode_limit`` steps |

    v is the velocity of the centre of mass (m/s); c the sum over the parts of the body and three
    axes of squared contact forces (N), each cut to [-1, 1]. (The release adds torques to it.) A
    step lasts .05 s. There is no success.

    Attributes:
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where the limit is no whole number above 0.
    """

    weights: ClassVar[Weights] = Weights(alive=0.05, effort=0.005, contact=0.0005)
    heights: ClassVar[tuple[float, float]] = (0.2, 1.0)

    @property
    def walker(self) -> Body:
        """`Ant`."""
        return Ant()

    def paid(self, pace: Array) -> Array:
        """Speed in any direction."""
        return _level(pace)


@dataclasses.dataclass(frozen=True)
class SwimmerSpeed(Speed):
    """A swimmer is paid for its speed, if it goes forward along x.

    | | |
    |---|---|
    | view ``"proprioception"`` | (7,): see `Swimmer` |
    | action | (2,) in [-1, 1]: torques of 50 N m, see `Swimmer` |
    | reward | ``|v_xy| sign(v_x) - .005 |a|^2`` |
    | begin | at the origin, straight along x; velocities normal, deviation .1 |
    | end | never; cut off after ``episode_limit`` steps |

    v is the velocity of the centre of mass (m/s). A step lasts .05 s. There is no success.

    Attributes:
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where the limit is no whole number above 0.
    """

    weights: ClassVar[Weights] = Weights(effort=0.005)
    heights: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    @property
    def walker(self) -> Body:
        """`Swimmer`."""
        return Swimmer()

    def paid(self, pace: Array) -> Array:
        """Speed, taken away where it leads backward."""
        xp = pace.__array_namespace__()
        return _level(pace) * xp.sign(pace[:, 0])


@dataclasses.dataclass(frozen=True)
class HumanoidSpeed(Speed):
    """A humanoid is paid for its speed in any direction.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see `Humanoid` |
    | action | (21,) in [-1, 1]: torques, see `Humanoid` |
    | reward | ``|v_xy| + .2 - .0005 |a|^2 - .000005 c - .005 v_z^2`` |
    | begin | standing at the origin, looking along x; velocities normal, deviation .1 |
    | end | the torso lower than .8 m or higher than 2 m; cut off after ``episode_limit`` steps |

    v and c are as in `AntSpeed`. A step lasts .025 s. There is no success.

    Attributes:
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where the limit is no whole number above 0.
    """

    weights: ClassVar[Weights] = Weights(alive=0.2, effort=0.0005, contact=0.000005, bounce=0.005)
    heights: ClassVar[tuple[float, float]] = (0.8, 2.0)

    substeps = 5

    @property
    def walker(self) -> Body:
        """`Humanoid`."""
        return Humanoid()

    def paid(self, pace: Array) -> Array:
        """Speed in any direction."""
        return _level(pace)


def feel_pace(spec: mujoco.MjSpec, torso: str) -> None:
    """The sensor `PACE`."""
    spec.add_sensor(
        name=PACE, type=mujoco.mjtSensor.mjSENS_SUBTREELINVEL,
        objtype=mujoco.mjtObj.mjOBJ_BODY, objname=torso,
    )  # fmt: skip


def stirred(world: Embodied, random: np.random.Generator) -> Beginning:
    """At the origin, looking along x, with velocities that are normal, deviation .1."""
    speeds = _STIR * random.standard_normal(world.model.nv)
    return Beginning(world.walker.standing(0.0, 0.0, 0.0), speeds)


def outside(heights: tuple[float, float], height: Array) -> Array:
    """``(N,)``: whose torso is lower than the first or higher than the second."""
    low, high = heights
    return (height < low) | (height > high)


def _level(pace: Array) -> Array:
    """Speed along the floor."""
    return (pace[:, :2] ** 2).sum(1) ** 0.5
