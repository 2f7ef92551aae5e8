"""`norl-low-reward`: which reward teaches the low level to reach goals of a learned space?

The published reward has weights w_k and takes off an estimate of the mutual information; the
released code charges the distance alone. Both are tried beside progress, which is the default here.
The two pairs with and without information differ in nothing else: φ sees the actions, and the low
level sees the step.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.goal_study import budgets, by_world, draw_world, gain, rates, told
from hierax.experiments.norl_arms import WORLDS, study_worlds
from hierax.experiments.result import Finding, Result

PROGRESS, WEIGHTED, INFORMATION = "progress", "huber, weighted", "huber, weighted, information"
FAR_WEIGHTED, FAR_INFORMATION = "γ 0.99: huber, weighted", "γ 0.99: huber, weighted, information"
_TOLD: Mapping[str, Any] = {"representation_actions": True, "low_sees_step": True}
_NEAR: Mapping[str, Any] = {**_TOLD, "low_reward_scale": 0.02}
_FAR: Mapping[str, Any] = {**_TOLD, "low_reward_scale": 0.002, "offset_discount": 0.99}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    PROGRESS: {},
    "distance (released)": {"low_reward": "distance", "low_reward_scale": 0.2},
    "huber": {"low_reward": "huber", "low_reward_scale": 0.02},
    WEIGHTED: {"low_reward": "huber_weighted", **_NEAR},
    INFORMATION: {"low_reward": "mutual_information", **_NEAR},
    FAR_WEIGHTED: {"low_reward": "huber_weighted", **_FAR},
    FAR_INFORMATION: {"low_reward": "mutual_information", **_FAR},
}
PAIRS = ((WEIGHTED, INFORMATION), (FAR_WEIGHTED, FAR_INFORMATION))
"""Without and with information; the second pair has the weights of the paper."""
SOLVED = 0.95
"""Mean success that leaves no room to improve."""
BUDGETS = budgets(0.02, (PROGRESS, WEIGHTED, INFORMATION))


def run(scale: str, seeds: int) -> Result:
    """Train NORL with each reward and every seed in both worlds."""
    budget = BUDGETS[scale]
    fields = by_world(study_worlds(SETTINGS, budget, seeds, WORLDS), budget)
    return Result(claims=judge(fields["tables"]), seeds=range(seeds), **fields)


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge N5."""
    pairs = {
        f"{name.removesuffix(': arms')}: {informed}": (rows[plain], rows[informed])
        for name, rows in tables.items()
        for plain, informed in PAIRS
        if informed in rows
    }
    gains = {name: gain(informed, plain) for name, (plain, informed) in pairs.items()}
    helps = [
        found["low"] > 0.0
        for name, found in gains.items()
        if np.mean(pairs[name][0]["by_seed"]) < SOLVED or found["high"] < 0.0
    ]
    seeds = len(next(iter(tables.values()))[INFORMATION]["by_seed"])
    successes = "; ".join(
        f"{name.removesuffix(': arms')}: {rates(rows)}" for name, rows in tables.items()
    )
    changes = ", ".join(f"{name} {told(found)}" for name, found in gains.items())
    return [
        Finding(
            "N5",
            None if not helps or any(helps) > all(helps) else all(helps),
            gains if helps else {**gains, "tested_as_written": False},
            f"{successes}. What the information adds: {changes}. {seeds} seeds, differences seed "
            "by seed. The claim holds if the term of mutual information raises the success in all "
            "pairs, beyond the interval, all else equal. Pairs that succeed in "
            f"{SOLVED:g} without it, and not less with it, cannot show that and do not count"
            f"{'' if helps else ': none of them is left, so the claim is not tested'}. Two small "
            "mazes were tried.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates in RowerU-v0 by environment steps."""
    draw_world(result, "RowerU-v0", path, tuple(SETTINGS))
