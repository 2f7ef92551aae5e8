"""A skill below and a task above, beside all that might do as well: trained, counted, tabled.

Everybody has as many environment steps in all, those of the skill's training included.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from hierax.agents import LatentSpacePolicy
from hierax.agents.off_policy import OffPolicy
from hierax.experiments.learning_runs import Runs, learn
from hierax.statistics import interval, iqm_curve
from hierax.training.config import AnyWorld, describe_agent, describe_world

METRICS = ("sampled/success", "deterministic/success", "sampled/length")
METRIC = METRICS[0]


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


class Arm(NamedTuple):
    """Somebody who tries.

    Attributes:
        agent: made for the world.
        world: the task, maybe with another reward.
        with_skill: whether its lower level is the one that learned the skill.
    """

    agent: OffPolicy
    world: AnyWorld
    with_skill: bool = False


class Skill(NamedTuple):
    """A lower level before it learned, and where it is to.

    Attributes:
        agent: with that level alone.
        world: pays for the skill.
    """

    agent: LatentSpacePolicy
    world: AnyWorld


def study(skill: Skill, arms: Mapping[str, Arm], budget: Budget, seeds: int) -> dict[str, Any]:
    """Trains them all; curves, tables and settings by name."""
    learned = _learn_skill(skill, budget, seeds)
    tried = {name: arm for name, arm in arms.items() if budget.only is None or name in budget.only}
    runs = {name: _run(arm, skill, learned, budget, seeds) for name, arm in tried.items()}
    rates = {name: each.measured[METRIC] for name, each in runs.items()}
    return {
        "curves": {
            name: {"steps": each.steps, "seeds": list(range(seeds)), **iqm_curve(rates[name])}
            for name, each in runs.items()
        },
        "tables": {"arms": dict(_rows(runs)), "skill": {"lower level": _told_of_skill(learned)}},
        "settings": {
            **budget._asdict(),
            "worlds": {name: describe_world(arm.world) for name, arm in tried.items()},
            "agents": {name: describe_agent(arm.agent) for name, arm in tried.items()},
            "skill": {
                "world": describe_world(skill.world),
                "agent": describe_agent(skill.agent),
            },
            "interval": "95 % percentile bootstrap over seeds: of the mean in tables, of the "
            "interquartile mean in curves",
        },
    }


def _learn_skill(skill: Skill, budget: Budget, seeds: int) -> Runs:
    return learn(
        skill.agent,
        skill.world,
        budget.below,
        seeds,
        evaluate_every=budget.below,
        episodes=budget.episodes,
        metrics=("sampled/return", "level_0/kl"),
    )


def _run(arm: Arm, skill: Skill, learned: Runs, budget: Budget, seeds: int) -> Runs:
    """One arm, with steps counted from the beginning of the lower level's training."""
    steps = budget.above if arm.with_skill else budget.below + budget.above
    start = None
    if arm.with_skill:
        upper = arm.agent.levels[1]  # type: ignore[attr-defined]
        spec = arm.world.spec
        start = [skill.agent.add_level(state, upper, spec)[1] for state in learned.states]
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


def _told_of_skill(learned: Runs) -> dict[str, Any]:
    measured = {name.partition("/")[2]: table[:, -1] for name, table in learned.measured.items()}
    return {**measured, "cpu_seconds_a_seed": learned.cpu_seconds / len(learned.states)}
