"""`norl-low-reward`: which reward teaches the low level to reach goals of a learned space?

The published reward has weights w_k and takes off an estimate of the mutual information; the
released code charges the distance alone. Both are tried beside progress, which is the default here.
Scales are such that a step through the box is worth about as much in each.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hierax.experiments.goal_study import Budget, by_world, draw_world, rates
from hierax.experiments.norl_arms import WORLDS, gain, study_worlds, told
from hierax.experiments.result import Finding, Result

PROGRESS, WEIGHTED, INFORMATION = "progress", "huber, weighted", "huber, weighted, information"
PUBLISHED = "published: weights of γ = 0.99, φ with actions"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    PROGRESS: {},
    "distance (released)": {"low_reward": "distance", "low_reward_scale": 0.2},
    "huber": {"low_reward": "huber", "low_reward_scale": 0.02},
    WEIGHTED: {"low_reward": "huber_weighted", "low_reward_scale": 0.02, "low_sees_step": True},
    INFORMATION: {
        "low_reward": "mutual_information", "low_reward_scale": 0.02, "low_sees_step": True,
    },
    PUBLISHED: {
        "low_reward": "mutual_information", "low_reward_scale": 0.002, "low_sees_step": True,
        "offset_discount": 0.99, "representation_actions": True,
    },
}  # fmt: skip
BUDGETS = {
    "smoke": Budget(0.02, 3, 4, (PROGRESS, WEIGHTED, INFORMATION)),
    "laptop": Budget(1.0, 20, 20),
    "paper": Budget(2.0, 40, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train NORL with each reward and every seed in both worlds."""
    budget = BUDGETS[scale]
    fields = by_world(study_worlds(SETTINGS, budget, seeds, WORLDS), budget)
    return Result(claims=judge(fields["tables"]), seeds=range(seeds), **fields)


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge N5."""
    gains = {
        name.removesuffix(": arms"): gain(rows[INFORMATION], rows[WEIGHTED])
        for name, rows in tables.items()
    }
    helps = [found["low"] > 0.0 for found in gains.values()]
    seeds = len(next(iter(tables.values()))[INFORMATION]["by_seed"])
    told_of = "; ".join(
        f"{name.removesuffix(': arms')}: {rates(rows)}; with less without information "
        f"{told(gains[name.removesuffix(': arms')])}"
        for name, rows in tables.items()
    )
    return [
        Finding(
            "N5",
            True if all(helps) else (None if any(helps) else False),
            gains,
            f"{told_of}. {seeds} seeds, differences seed by seed. The claim holds if the term of "
            "mutual information raises the success in both worlds, beyond the interval, all else "
            "equal. Two small mazes were tested.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates in RowerU-v0 by environment steps."""
    draw_world(result, "RowerU-v0", path, tuple(SETTINGS))
