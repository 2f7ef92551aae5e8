"""Two levels and baselines on the sparse-reward crosses, with the same budget of steps.

Two levels: the lower level is trained for speed on an open plane and then frozen. The upper level
is trained on the task; its action is the latent of the lower level. The baselines are

    flat                      soft actor-critic with the sparse reward, at several temperatures
    flow                      the same without levels, with an invertible policy
    held n                    actions repeated for n steps
    identity, random          two levels with an untrained lower level
    flat, with speed reward   soft actor-critic with the lower level's reward added to the task's
    dense reward              soft actor-critic with a reward for progress towards the goal. It
                              shows that the networks can represent and learn the task.

All arms have the same networks, batches, updates per step and environment steps in all. They have
the same temperature where the name gives no other (`hierax.experiments.skill_study`).
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.experiments.skill_study import Arm, Budget, Skill, study
from hierax.registry import PRESETS
from hierax.worlds import PointCross, Rewarded, make

SETTINGS = PRESETS["lsp", "SpinCross-v0"].settings
SKILLS = {"PointSpeed-v0": ("velocity",), "SpinSpeed-v0": ("velocity", "phase")}
"""Worlds in which lower levels are trained, with the views of these levels."""
TEMPERATURE = 0.01
SPEED_TEMPERATURE = 1.0
POSITION_UNIT, VELOCITY_UNIT, ACTION_COST = 6.0, 2.0, 0.05
TWO_LEVELS = "two levels"
FLAT = "flat, temperature 0.01"
DENSE = "dense reward"
SPEED_WEIGHTS = (0.01, 0.001)
SPEED_REWARD = tuple(f"flat, with {weight:g} × speed reward" for weight in SPEED_WEIGHTS)
Observation: TypeAlias = Mapping[str, jax.Array]

BUDGETS = {
    "smoke": Budget(3_200, 3_200, 3_200, 8, (TWO_LEVELS, FLAT, "held 3", DENSE)),
    "laptop": Budget(24_000, 80_000, 8_000, 128),
    "paper": Budget(24_000, 400_000, 8_000, 1_000),
}


def cross(
    world: PointCross, speed: str, budget: Budget, seeds: int, held: tuple[int, ...]
) -> dict[str, Any]:
    """Train all arms on a cross and return curves, tables and settings by name.

    Args:
        world: the cross.
        speed: name of the world in which the lower level is trained.
        budget: steps and evaluations.
        seeds: number of seeds.
        held: action repeats of the baselines with held actions.
    """
    lower = skill(speed)
    return study(lower, arms(world, lower.agent.top, held), budget, seeds)


def skill(name: str) -> Skill:
    """Return the untrained lower level for a world of `SKILLS`."""
    world = make(name)
    level = Level(views=SKILLS[name], temperature=SPEED_TEMPERATURE)
    return Skill(LatentSpacePolicy(world.spec, levels=(level,), **SETTINGS), world)


def two_levels(world: PointCross, lower: Level, **changes: Any) -> LatentSpacePolicy:
    """Return the agent whose upper level is trained on the task."""
    upper = Level(**{"temperature": TEMPERATURE, **changes})
    return LatentSpacePolicy(world.spec, levels=(lower, upper), **SETTINGS)


def arms(world: PointCross, lower: Level, held: tuple[int, ...]) -> dict[str, Arm]:
    """Return all arms by name, for a lower level and for action repeats ``held``."""
    flat = partial(SAC, world.spec, prior="uniform", **SETTINGS)
    one = partial(LatentSpacePolicy, world.spec, **SETTINGS)
    found = {TWO_LEVELS: Arm(two_levels(world, lower), world, with_skill=True)}
    for steps in (3, 10):
        agent = two_levels(world, lower, control_interval=steps)
        found[f"{TWO_LEVELS}, interval {steps}"] = Arm(agent, world, with_skill=True)
    for temperature in (0.003, 0.01, 0.03, 0.1):
        found[f"flat, temperature {temperature:g}"] = Arm(flat(temperature=temperature), world)
    found["flow"] = Arm(one(levels=(Level(temperature=TEMPERATURE),)), world)
    for steps in held:
        level = Level(temperature=TEMPERATURE, policy="gaussian", control_interval=steps)
        found[f"held {steps}"] = Arm(one(levels=(level,)), world)
    for name, identity in (("identity", True), ("random", False)):
        untrained = Level(views=lower.views, identity=identity)
        found[f"{name} lower level"] = Arm(two_levels(world, untrained), world)
    slow = two_levels(world, Level(views=lower.views), control_interval=10)
    found["identity lower level, held 10"] = Arm(slow, world)
    for name, weight in zip(SPEED_REWARD, SPEED_WEIGHTS, strict=True):
        rewarded = Rewarded(world, AndSpeed(weight))
        found[name] = Arm(flat(temperature=TEMPERATURE), rewarded)
    closer = Rewarded(world, AndProgress(world.goal))
    found[DENSE] = Arm(flat(temperature=TEMPERATURE), closer)
    return found


@dataclasses.dataclass(frozen=True)
class AndSpeed:
    """The task's reward plus a multiple of the lower level's reward."""

    weight: float

    def __call__(
        self, before: Observation, action: jax.Array, after: Observation, reward: jax.Array
    ) -> jax.Array:
        """Return the reward of a step; the arguments are those of `Rewarded`."""
        del before
        speed = VELOCITY_UNIT * jnp.sqrt(jnp.sum(after["velocity"] ** 2))
        return reward + self.weight * (speed - ACTION_COST * jnp.sum(action**2))


@dataclasses.dataclass(frozen=True)
class AndProgress:
    """The task's reward plus 0.1 for each unit of distance gained towards the goal."""

    goal: tuple[float, float]

    def __call__(
        self, before: Observation, action: jax.Array, after: Observation, reward: jax.Array
    ) -> jax.Array:
        """Return the reward of a step; the arguments are those of `Rewarded`."""
        del action
        return reward + 0.1 * (self._distance(before) - self._distance(after))

    def _distance(self, observation: Observation) -> jax.Array:
        return jnp.linalg.norm(POSITION_UNIT * observation["position"] - jnp.asarray(self.goal))
