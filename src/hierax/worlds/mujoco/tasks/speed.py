"""Open floors with a reward for speed, to train the lowest level of a hierarchy.

Rewards and terminations follow the code released with Haarnoja, Hartikainen, Abbeel and Levine
(2018), "Latent space policies for hierarchical reinforcement learning". The ant and the humanoid
are those of `hierax.worlds.mujoco.bodies`, not rllab's; the swimmer equals rllab's.
"""

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping
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
from hierax.worlds.mujoco.body_world import BodyWorld
from hierax.worlds.mujoco.mujoco_world import Array, Data, InitialState, StepResult

COM_VELOCITY = "com velocity"
"""Sensor of the velocity of the body's centre of mass, in world coordinates (m/s)."""
_VELOCITY_NOISE = 0.1
_FORCE = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE)
_SUM, _ONE = 3, 1  # contact sensor: the net force of all contacts of a body


class RewardWeights(NamedTuple):
    """The weights of reward terms other than speed; costs are subtracted.

    Attributes:
        alive: constant reward of each step.
        control_cost: of the sum of squared actions.
        contact_cost: of the sum of squared contact forces (N) on all parts, each in [-1, 1].
        vertical_cost: of the squared vertical velocity.
    """

    alive: float = 0.0
    control_cost: float = 0.0
    contact_cost: float = 0.0
    vertical_cost: float = 0.0


class ComVelocityWorld(BodyWorld):
    """A body on an open floor, with a sensor of the velocity of its centre of mass."""

    def compose(self) -> mujoco.MjSpec:
        """Return the model: the body on a floor."""
        spec = plane()
        self.walker.add(spec)
        add_com_velocity_sensor(spec, self.walker.torso)
        return spec

    def com_velocity(self, data: Data) -> Array:
        """Return the velocity of the centre of mass: ``(N, 3)`` (m/s)."""
        return self._read_com_velocity(data.sensordata)

    @cached_property
    def _read_com_velocity(self) -> Callable[[Array], Array]:
        return self.sensor_columns.reader(COM_VELOCITY)


@dataclasses.dataclass(frozen=True)
class Speed(ComVelocityWorld):
    """The base class of worlds with a reward for speed."""

    episode_limit: int = 1_000

    weights: ClassVar[RewardWeights]
    heights: ClassVar[tuple[float, float]]
    """Lowest and highest allowed height of the torso (m)."""
    has_success = False

    @abc.abstractmethod
    def speed_reward(self, velocity: Array) -> Array:
        """Return the reward ``(N,)`` of a velocity ``(N, 3)``."""

    @property
    def views(self) -> tuple[View, ...]:
        """The view ``"proprioception"``, without position or heading."""
        return (self.proprioception,)

    def compose(self) -> mujoco.MjSpec:
        """Return the model, with sensors of contact forces if their weight is not 0."""
        spec = super().compose()
        parts = [body.name for body in spec.bodies[1:] if body.geoms]
        for name in parts if self.weights.contact_cost else ():
            spec.add_sensor(
                name=f"{name} force", type=mujoco.mjtSensor.mjSENS_CONTACT,
                objtype=mujoco.mjtObj.mjOBJ_BODY, objname=name, intprm=[_FORCE, _SUM, _ONE],
            )  # fmt: skip
        return spec

    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw velocities; the body stands at the origin and faces along x."""
        return perturbed_start(self, random)

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the view ``"proprioception"``."""
        return {"proprioception": self.read_proprioception(data.sensordata)}

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the sum of the reward terms, and whether the height is not allowed."""
        xp, weights = data.sensordata.__array_namespace__(), self.weights
        velocity = self.com_velocity(data)
        control = (data.action**2).sum(1)
        reward = self.speed_reward(velocity) + weights.alive - weights.control_cost * control
        if weights.contact_cost:
            forces = xp.minimum(xp.maximum(self._read_forces(data.sensordata), -1.0), 1.0)
            reward = reward - weights.contact_cost * (forces**2).sum(1)
        if weights.vertical_cost:
            reward = reward - weights.vertical_cost * velocity[:, 2] ** 2
        ended = outside(self.heights, data.sensordata[:, self.height_column])
        return StepResult(reward, ended, xp.zeros(len(ended), bool), data.task_state)

    @cached_property
    def _read_forces(self) -> Callable[[Array], Array]:
        names = [self.model.sensor(number).name for number in range(self.model.nsensor)]
        return self.sensor_columns.reader(*(name for name in names if name.endswith(" force")))


@dataclasses.dataclass(frozen=True)
class AntSpeed(Speed):
    """An ant with a reward for speed in any direction.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see `Ant` |
    | action | (8,) in [-1, 1]: torques, see `Ant` |
    | reward | ``|v_xy| + .05 - .005 |a|^2 - .0005 c`` |
    | initial state | at the origin, facing along x; velocities N(0, .1^2) |
    | termination | torso lower than .2 m or higher than 1 m |

    v is the velocity of the centre of mass (m/s). c is the sum of squared contact forces (N) over
    the parts of the body and three axes, each clipped to [-1, 1]; the released code adds torques.
    A step lasts .05 s. Episodes are truncated after ``episode_limit`` steps. There is no success.

    Attributes:
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if the limit is not an integer of at least 1.
    """

    weights: ClassVar[RewardWeights] = RewardWeights(
        alive=0.05, control_cost=0.005, contact_cost=0.0005
    )
    heights: ClassVar[tuple[float, float]] = (0.2, 1.0)

    @property
    def walker(self) -> Body:
        """`Ant`."""
        return Ant()

    def speed_reward(self, velocity: Array) -> Array:
        """Return the horizontal speed."""
        return _horizontal_speed(velocity)


@dataclasses.dataclass(frozen=True)
class SwimmerSpeed(Speed):
    """A swimmer with a reward for speed, negative if it moves backward along x.

    | | |
    |---|---|
    | view ``"proprioception"`` | (7,): see `Swimmer` |
    | action | (2,) in [-1, 1]: torques of 50 N m, see `Swimmer` |
    | reward | ``|v_xy| sign(v_x) - .005 |a|^2`` |
    | initial state | at the origin, straight along x; velocities N(0, .1^2) |
    | termination | never; truncated after ``episode_limit`` steps |

    v is the velocity of the centre of mass (m/s). A step lasts .05 s. There is no success.

    Attributes:
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if the limit is not an integer of at least 1.
    """

    weights: ClassVar[RewardWeights] = RewardWeights(control_cost=0.005)
    heights: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    @property
    def walker(self) -> Body:
        """`Swimmer`."""
        return Swimmer()

    def speed_reward(self, velocity: Array) -> Array:
        """Return the horizontal speed with the sign of the velocity along x."""
        xp = velocity.__array_namespace__()
        return _horizontal_speed(velocity) * xp.sign(velocity[:, 0])


@dataclasses.dataclass(frozen=True)
class HumanoidSpeed(Speed):
    """A humanoid with a reward for speed in any direction.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see `Humanoid` |
    | action | (21,) in [-1, 1]: torques, see `Humanoid` |
    | reward | ``|v_xy| + .2 - .0005 |a|^2 - .000005 c - .005 v_z^2`` |
    | initial state | standing at the origin, facing along x; velocities N(0, .1^2) |
    | termination | torso lower than .8 m or higher than 2 m |

    v and c are as in `AntSpeed`. A step lasts .025 s. Episodes are truncated after
    ``episode_limit`` steps. There is no success.

    Attributes:
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if the limit is not an integer of at least 1.
    """

    weights: ClassVar[RewardWeights] = RewardWeights(
        alive=0.2, control_cost=0.0005, contact_cost=0.000005, vertical_cost=0.005
    )
    heights: ClassVar[tuple[float, float]] = (0.8, 2.0)

    substeps = 5

    @property
    def walker(self) -> Body:
        """`Humanoid`."""
        return Humanoid()

    def speed_reward(self, velocity: Array) -> Array:
        """Return the horizontal speed."""
        return _horizontal_speed(velocity)


def add_com_velocity_sensor(spec: mujoco.MjSpec, torso: str) -> None:
    """Add the sensor `COM_VELOCITY`."""
    spec.add_sensor(
        name=COM_VELOCITY, type=mujoco.mjtSensor.mjSENS_SUBTREELINVEL,
        objtype=mujoco.mjtObj.mjOBJ_BODY, objname=torso,
    )  # fmt: skip


def perturbed_start(world: BodyWorld, random: np.random.Generator) -> InitialState:
    """Return an initial state at the origin, facing along x, with velocities N(0, .1^2)."""
    qvel = _VELOCITY_NOISE * random.standard_normal(world.model.nv)
    return InitialState(world.qpos_at_origin, qvel)


def outside(heights: tuple[float, float], height: Array) -> Array:
    """Return where ``height (N,)`` is below the lowest or above the highest allowed one."""
    low, high = heights
    return (height < low) | (height > high)


def _horizontal_speed(velocity: Array) -> Array:
    return (velocity[:, :2] ** 2).sum(1) ** 0.5
