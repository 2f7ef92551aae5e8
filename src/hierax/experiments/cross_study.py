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
step, and environment steps in all, those of the lower level's training included.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.agents.off_policy import OffPolicy
from hierax.experiments.learning_runs import Runs, learn
from hierax.statistics import interval, iqm_curve
from hierax.training.config import describe_agent, describe_world
from hierax.worlds import PointCross, Rewarded, make

SETTINGS = {
    "hidden": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "target_rate": 0.01,
    "warmup": 2_000, "updates_per_step": 0.25, "capacity": 200_000,
}  # fmt: skip
TEMPERATURE = 0.01
SPEED_TEMPERATURE = 1.0
POSITION_UNIT, VELOCITY_UNIT, ACTION_COST = 6.0, 2.0, 0.05
METRICS = ("sampled/success", "deterministic/success", "sampled/length")
METRIC = METRICS[0]
TWO_LEVELS = "two levels"
FLAT = "flat, temperature 0.01"
DENSE = "dense reward"
SPEED_WEIGHTS = (0.01, 0.001)
PAID_FOR_SPEED = tuple(f"flat, {weight:g} of speed too" for weight in SPEED_WEIGHTS)
Seen: TypeAlias = Mapping[str, jax.Array]


class Budget(NamedTuple):
    """What a scale allows.

    Attributes:
        below: environment steps of the lower level.
        above: of the upper level; others have the sum of both.
        evaluate_every: steps between evaluations.
        episodes: of an evaluation.
        only: names of those that try; all for None.
    """

    below: int
    above: int
    evaluate_every: int
    episodes: int
    only: tuple[str, ...] | None = None


BUDGETS = {
    "smoke": Budget(3_200, 3_200, 3_200, 8, (TWO_LEVELS, FLAT, "held 3", DENSE)),
    "laptop": Budget(24_000, 80_000, 8_000, 128),
    "paper": Budget(24_000, 400_000, 8_000, 1_000),
}


class Arm(NamedTuple):
    """Somebody who tries.

    Attributes:
        agent: made for the world.
        world: the cross, maybe with another reward.
        with_skill: whether the lower level is the one that learned to be fast.
    """

    agent: OffPolicy
    world: Any
    with_skill: bool = False


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


def study(world: PointCross, speed: str, views: tuple[str, ...], **given: Any) -> dict[str, Any]:
    """Trains them all; curves, tables and settings by name.

    Args:
        world: the cross.
        speed: name of the world where the lower level learns.
        views: of the lower level.
        **given: ``budget``, ``seeds`` and ``held``.
    """
    budget, seeds = given["budget"], given["seeds"]
    lower = Level(views=views, temperature=SPEED_TEMPERATURE)
    skill = _skill(make(speed), lower, budget, seeds)
    tried = {
        name: arm
        for name, arm in arms(world, lower, given["held"]).items()
        if budget.only is None or name in budget.only
    }
    runs = {name: _run(arm, skill, budget, seeds) for name, arm in tried.items()}
    rates = {name: each.measured[METRIC] for name, each in runs.items()}
    return {
        "curves": {
            name: {"steps": each.steps, "seeds": list(range(seeds)), **iqm_curve(rates[name])}
            for name, each in runs.items()
        },
        "tables": {"arms": dict(_rows(runs)), "skill": _told_of_skill(skill)},
        "settings": {
            **budget._asdict(),
            "worlds": {name: describe_world(arm.world) for name, arm in tried.items()},
            "agents": {name: describe_agent(arm.agent) for name, arm in tried.items()},
            "interval": "95 % percentile bootstrap over seeds: of the mean in tables, of the "
            "interquartile mean in curves",
        },
    }


def _skill(world: Any, level: Level, budget: Budget, seeds: int) -> tuple[LatentSpacePolicy, Runs]:
    """The lower level, trained."""
    agent = LatentSpacePolicy(world.spec, levels=(level,), **SETTINGS)
    runs = learn(
        agent,
        world,
        budget.below,
        seeds,
        evaluate_every=budget.below,
        episodes=budget.episodes,
        metrics=("sampled/return", "level_0/kl"),
    )
    return agent, runs


def _run(arm: Arm, skill: tuple[LatentSpacePolicy, Runs], budget: Budget, seeds: int) -> Runs:
    """One arm, with steps counted from the beginning of the lower level's training."""
    steps = budget.above if arm.with_skill else budget.below + budget.above
    start = None
    if arm.with_skill:
        lower, learned = skill
        upper = arm.agent.levels[1]  # type: ignore[attr-defined]
        spec = arm.world.spec
        start = [lower.add_level(state, upper, spec)[1] for state in learned.states]
    runs = learn(
        arm.agent,
        arm.world,
        steps,
        seeds,
        evaluate_every=budget.evaluate_every,
        episodes=budget.episodes,
        metrics=METRICS,
        start=start,
    )
    return runs._replace(steps=runs.steps + budget.below * arm.with_skill)


def _rows(runs: Mapping[str, Runs]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in runs.items():
        final = each.measured[METRIC][:, -1]
        yield (
            name,
            {
                "success_at_the_end": interval(final),
                "by_seed": final,
                "zero_noise_by_seed": each.measured[METRICS[1]][:, -1],
                "length_by_seed": each.measured[METRICS[2]][:, -1],
                "first_at_0.8_by_seed": [_first(each.steps, row) for row in each.measured[METRIC]],
                "cpu_seconds_a_seed": each.cpu_seconds / len(final),
            },
        )


def _first(steps: np.ndarray, rates: np.ndarray) -> int | None:
    """The first step at which eight episodes of ten succeeded."""
    reached = np.flatnonzero(rates >= 0.8)
    return int(steps[reached[0]]) if reached.size else None


def _told_of_skill(skill: tuple[LatentSpacePolicy, Runs]) -> dict[str, Any]:
    _, runs = skill
    measured = {name.partition("/")[2]: table[:, -1] for name, table in runs.measured.items()}
    return {"lower level": {**measured, "cpu_seconds_a_seed": runs.cpu_seconds / len(runs.states)}}


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
