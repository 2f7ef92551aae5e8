"""A trained lower level below a sparse-reward task, compared with baselines at equal budget.

Every arm has the same number of environment steps in all. The steps of the lower level's training
count.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hierax.agents import LatentSpacePolicy
from hierax.agents.off_policy import OffPolicy
from hierax.experiments.learning_runs import OVER_SEEDS, Runs, first_step, learn
from hierax.statistics import UNIT, interval
from hierax.training.config import AnyWorld, describe_agent, describe_world

METRICS = ("sampled/success", "deterministic/success", "sampled/length")
METRIC = METRICS[0]
REACHED = 0.8
"""Success rate whose first step is tabulated."""


class Budget(NamedTuple):
    """Steps and evaluations of a scale.

    Attributes:
        lower_steps: environment steps of the lower level.
        upper_steps: environment steps of the upper level; flat arms have the sum of both.
        evaluate_every: steps between evaluations.
        episodes: episodes of an evaluation.
        only: names of the arms to train; None for all.
    """

    lower_steps: int
    upper_steps: int
    evaluate_every: int
    episodes: int
    only: tuple[str, ...] | None = None


class Arm(NamedTuple):
    """An agent in a comparison.

    Attributes:
        agent: the agent, made for ``world``.
        world: the task, possibly with another reward.
        with_skill: whether the lower level of ``agent`` is the trained one.
    """

    agent: OffPolicy
    world: AnyWorld
    with_skill: bool = False


class Skill(NamedTuple):
    """A lower level and the world in which it is trained.

    Attributes:
        agent: an agent with that level alone.
        world: a world whose reward is for the skill.
    """

    agent: LatentSpacePolicy
    world: AnyWorld


def study(skill: Skill, arms: Mapping[str, Arm], budget: Budget, seeds: int) -> dict[str, Any]:
    """Train the lower level and all arms; return curves, tables and settings by name."""
    trained = _train_skill(skill, budget, seeds)
    chosen = {name: arm for name, arm in arms.items() if budget.only is None or name in budget.only}
    runs = {name: _train(arm, skill, trained, budget, seeds) for name, arm in chosen.items()}
    return {
        "curves": {name: each.curve(METRIC) for name, each in runs.items()},
        "tables": {
            "arms": {name: _row(each) for name, each in runs.items()},
            "skill": {"lower level": _skill_row(trained)},
        },
        "settings": {
            **budget._asdict(),
            "worlds": {name: describe_world(arm.world) for name, arm in chosen.items()},
            "agents": {name: describe_agent(arm.agent) for name, arm in chosen.items()},
            "skill": {
                "world": describe_world(skill.world),
                "agent": describe_agent(skill.agent),
            },
            "interval": OVER_SEEDS,
        },
    }


def _train_skill(skill: Skill, budget: Budget, seeds: int) -> Runs:
    return learn(
        skill.agent,
        skill.world,
        budget.lower_steps,
        seeds,
        evaluate_every=budget.lower_steps,
        episodes=budget.episodes,
        metrics=("sampled/return", "level_0/kl"),
    )


def _train(arm: Arm, skill: Skill, trained: Runs, budget: Budget, seeds: int) -> Runs:
    """Train an arm; its steps count from the start of the lower level's training."""
    offset, start = 0, "untrained"
    if arm.with_skill:
        upper = arm.agent.levels[1]  # type: ignore[attr-defined]
        spec = arm.world.spec
        offset = budget.lower_steps
        start = [skill.agent.add_level(state, upper, spec)[1] for state in trained.states]
    runs = learn(
        arm.agent,
        arm.world,
        budget.lower_steps + budget.upper_steps - offset,
        seeds,
        evaluate_every=budget.evaluate_every,
        episodes=budget.episodes,
        metrics=METRICS,
        start=start,
    )
    return runs._replace(steps=runs.steps + offset)


def _row(runs: Runs) -> dict[str, Any]:
    sampled, deterministic, length = (runs.measured[metric] for metric in METRICS)
    return {
        "success_at_the_end": interval(sampled[:, -1], UNIT),
        "by_seed": sampled[:, -1],
        "zero_noise_by_seed": deterministic[:, -1],
        "length_by_seed": length[:, -1],
        f"first_at_{REACHED:g}_by_seed": [
            first_step(runs.steps, rates, REACHED) for rates in sampled
        ],
        "cpu_seconds_a_seed": runs.cpu_seconds / len(sampled),
    }


def _skill_row(runs: Runs) -> dict[str, Any]:
    measured = {name.partition("/")[2]: table[:, -1] for name, table in runs.measured.items()}
    return {**measured, "cpu_seconds_a_seed": runs.cpu_seconds / len(runs.states)}
