"""Who finds the goal of a cross that pays once? Two levels, and everything that might do as well.

Two levels: the lower one learns to be fast on an open plane, then is frozen; the upper one learns
the task with the lower one's latent as its action. The controls take apart what that gives them:

    flat                  the same soft actor-critic without levels, at several temperatures
    flow                  without levels, but with an invertible policy
    held n                actions held for n steps: is it that a level acts more slowly?
    idle lower level      two levels, of which the lower one learned nothing: is it the stack?
    paid for speed too    without levels, with the lower level's reward beside the task's
    dense                 without levels, paid for coming closer: no competitor, but a proof that
                          the networks can represent and learn the task

Everybody has the same networks, temperature (unless it is what differs), batches, updates for each
step, and environment steps in all (`hierax.experiments.skill_study`).
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.experiments.skill_study import Arm, Budget, Skill, study
from hierax.worlds import PointCross, Rewarded, make

SETTINGS = {
    "hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "tau": 0.01,
    "learning_starts": 2_000, "updates_per_step": 0.25, "buffer_size": 200_000,
}  # fmt: skip
TEMPERATURE = 0.01
SPEED_TEMPERATURE = 1.0
POSITION_UNIT, VELOCITY_UNIT, ACTION_COST = 6.0, 2.0, 0.05
TWO_LEVELS = "two levels"
FLAT = "flat, temperature 0.01"
DENSE = "dense reward"
SPEED_WEIGHTS = (0.01, 0.001)
PAID_FOR_SPEED = tuple(f"flat, {weight:g} of speed too" for weight in SPEED_WEIGHTS)
Seen: TypeAlias = Mapping[str, jax.Array]

BUDGETS = {
    "smoke": Budget(3_200, 3_200, 3_200, 8, (TWO_LEVELS, FLAT, "held 3", DENSE)),
    "laptop": Budget(24_000, 80_000, 8_000, 128),
    "paper": Budget(24_000, 400_000, 8_000, 1_000),
}


def cross(world: PointCross, speed: str, views: tuple[str, ...], **given: Any) -> dict[str, Any]:
    """Trains them all; curves, tables and settings by name.

    Args:
        world: the cross.
        speed: name of the world where the lower level learns.
        views: of the lower level.
        **given: ``budget``, ``seeds`` and ``held``.
    """
    where = make(speed)
    lower = Level(views=views, temperature=SPEED_TEMPERATURE)
    skill = Skill(LatentSpacePolicy(where.spec, levels=(lower,), **SETTINGS), where)
    return study(skill, arms(world, lower, given["held"]), given["budget"], given["seeds"])


def two_levels(world: PointCross, lower: Level, **changes: Any) -> LatentSpacePolicy:
    """The agent whose upper level learns the task."""
    upper = Level(**{"temperature": TEMPERATURE, **changes})
    return LatentSpacePolicy(world.spec, levels=(lower, upper), **SETTINGS)


def arms(world: PointCross, lower: Level, held: tuple[int, ...]) -> dict[str, Arm]:
    """All of them by name; ``lower`` is the lower level, ``held`` for how long actions are."""
    flat = partial(SAC, world.spec, prior="uniform", **SETTINGS)
    one = partial(LatentSpacePolicy, world.spec, **SETTINGS)
    found = {TWO_LEVELS: Arm(two_levels(world, lower), world, with_skill=True)}
    for steps in (3, 10):
        agent = two_levels(world, lower, control_interval=steps)
        found[f"{TWO_LEVELS}, deciding every {steps}"] = Arm(agent, world, with_skill=True)
    for temperature in (0.003, 0.01, 0.03, 0.1):
        found[f"flat, temperature {temperature:g}"] = Arm(flat(temperature=temperature), world)
    found["flow"] = Arm(one(levels=(Level(temperature=TEMPERATURE),)), world)
    for steps in held:
        level = Level(temperature=TEMPERATURE, policy="gaussian", control_interval=steps)
        found[f"held {steps}"] = Arm(one(levels=(level,)), world)
    idle = {"identity": True, "random": False}
    for name, identity in idle.items():
        level = Level(views=lower.views, identity=identity)
        found[f"{name} lower level"] = Arm(two_levels(world, level), world)
    slow = two_levels(world, Level(views=lower.views), control_interval=10)
    found["identity lower level, held 10"] = Arm(slow, world)
    for name, weight in zip(PAID_FOR_SPEED, SPEED_WEIGHTS, strict=True):
        paid = Rewarded(world, AndSpeed(weight))
        found[name] = Arm(flat(temperature=TEMPERATURE), paid)
    closer = Rewarded(world, AndProgress(world.goal))
    found[DENSE] = Arm(flat(temperature=TEMPERATURE), closer)
    return found


@dataclasses.dataclass(frozen=True)
class AndSpeed:
    """The task's reward and, weighed, that of the lower level."""

    weight: float

    def __call__(
        self, before: Seen, action: jax.Array, after: Seen, reward: jax.Array
    ) -> jax.Array:
        """The reward of a step, see `Rewarded`."""
        del before
        speed = VELOCITY_UNIT * jnp.sqrt(jnp.sum(after["velocity"] ** 2))
        return reward + self.weight * (speed - ACTION_COST * jnp.sum(action**2))


@dataclasses.dataclass(frozen=True)
class AndProgress:
    """The task's reward, and a tenth of how much closer the step came to the goal."""

    goal: tuple[float, float]

    def __call__(
        self, before: Seen, action: jax.Array, after: Seen, reward: jax.Array
    ) -> jax.Array:
        """The reward of a step, see `Rewarded`."""
        del action
        return reward + 0.1 * (self._distance(before) - self._distance(after))

    def _distance(self, seen: Seen) -> jax.Array:
        return jnp.linalg.norm(POSITION_UNIT * seen["position"] - jnp.asarray(self.goal))
