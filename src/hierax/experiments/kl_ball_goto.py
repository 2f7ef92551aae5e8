"""`kl-ball-goto`: hierarchies, DISTRAL and SVG(0), where a ball rolls to one of three targets.

Tirumala et al. (2019), section 5.1 and the left of figure 3, where the body is an ant. All arms
have the same critic, bounds of the standard deviation of actions, learner and steps. Each method
has one weight, of the KL or of the entropy. It is the best of three, chosen on other seeds with
half of the steps. Variants of methods have their weight, and half of the seeds.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments import kl_ball_arms
from hierax.experiments.comparisons import compare, verdict
from hierax.experiments.goal_study import (
    LAST,
    REACHED,
    Arm,
    Budget,
    by_world,
    draw_world,
    study,
)
from hierax.experiments.kl_ball_arms import (
    DEFAULT,
    FLAT,
    HIERARCHIES,
    METHODS,
    WEIGHT_FIELDS,
    learner_steps,
)
from hierax.experiments.result import Finding, Result
from hierax.statistics import interval
from hierax.worlds import make

WORLD = "BallGoTo3-v0"
LARGE: Mapping[str, Any] = {"hidden_sizes": (200, 100), "value_hidden_sizes": (128, 128)}
"""Networks of all arms."""
TRIED: Mapping[str, tuple[float, ...]] = {
    FLAT: (1e-4, 1e-3, 1e-2),
    DEFAULT: (1e-3, 1e-2, 1e-1),
    **dict.fromkeys(HIERARCHIES, (1e-4, 1e-3, 1e-2)),
}
"""The values of the weight of each method that are tried."""
VARIANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "SVG(0), as many layers": (FLAT, {"hidden_sizes": (200, 100, 200, 100)}),
    "DISTRAL, shared": (DEFAULT, {"default": "shared", "policy_default_views": None}),
    "DISTRAL, two columns": (DEFAULT, {"default": "two_columns"}),
}
"""Variants: the method whose weight they have, and changes of its settings."""
TUNING = "choice of weights"
TUNING_SHARE = 0.5
"""Share of the steps in which weights are compared."""
TUNING_SEEDS = (100, 2)
"""First seed of these runs, and their number."""
WORKS = 0.8
"""Share of the seeds that solve the task with a default policy that works."""
BUDGETS = {
    "smoke": Budget(0.07, 3, 2, (FLAT, "isotropic")),
    "laptop": Budget(1.0, 10, 32),
    "paper": Budget(4.0, 40, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Choose the weights, then train all arms with every seed."""
    budget = BUDGETS[scale]
    chosen, tuning = _tuned(budget)
    methods = {WORLD: {name: arm(name, chosen) for name in METHODS}}
    fields = by_world(study(methods, budget, seeds), budget)
    variants = {f"{WORLD}, variants": {name: arm(name, chosen) for name in VARIANTS}}
    others = by_world(study(variants, budget, -(-seeds // 2)), budget)
    tables = {f"{WORLD}: {TUNING}": tuning} | fields["tables"] | others["tables"]
    more = {"weights": chosen, "learner_steps_for_each_environment_step": learner_steps()}
    return Result(
        claims=judge_fields(fields),
        seeds=range(seeds),
        tables=tables,
        curves=fields["curves"] | others["curves"],
        settings=fields["settings"] | others["settings"] | more,
    )


def arm(name: str, weights: Mapping[str, float]) -> Arm:
    """Return a method, or a variant of one, with these weights of the methods."""
    method, changes = VARIANTS.get(name, (name, {}))
    return _arm(method, {WEIGHT_FIELDS[method]: weights[method], **changes})


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K3 and K14."""
    return [_order(fields), _defaults(fields["tables"][f"{WORLD}: arms"])]


def draw(result: Result, path: Path) -> None:
    """Draw success rates of all methods by environment steps."""
    draw_world(result, WORLD, path, METHODS)


def _arm(method: str, changes: Mapping[str, Any]) -> Arm:
    world = make(WORLD)
    return kl_ball_arms.arm(
        world, method, kl_ball_arms.agent(world.spec, method, **{**LARGE, **changes})
    )


def _tuned(budget: Budget) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the best weight of each method, and the rows of all that were tried."""
    methods = [name for name in METHODS if budget.only is None or name in budget.only]
    tried = {
        f"{name}, {WEIGHT_FIELDS[name]} {weight:g}": (name, weight)
        for name in methods
        for weight in (TRIED[name] if budget.only is None else TRIED[name][:1])
    }
    arms = {
        label: _arm(name, {WEIGHT_FIELDS[name]: weight}) for label, (name, weight) in tried.items()
    }
    short = budget._replace(share=TUNING_SHARE * budget.share, only=None)
    first, seeds = TUNING_SEEDS
    rows = study({WORLD: arms}, short, seeds, first)[WORLD]["table"]
    chosen = {}
    for method in METHODS:
        found = [label for label, (name, _) in tried.items() if name == method]
        best = max(found, key=lambda label: float(np.mean(rows[label]["by_seed"])), default=None)
        chosen[method] = TRIED[method][1] if best is None else tried[best][1]
    return chosen, rows


def _order(fields: Mapping[str, Any]) -> Finding:
    """Judge whether agents with a KL are above SVG(0), and hierarchies not below DISTRAL."""
    flat = [(name, FLAT) for name in (DEFAULT, *HIERARCHIES)]
    found = compare(fields, WORLD, [*flat, *((name, DEFAULT) for name in HIERARCHIES)])
    good = [
        gain["low"] > 0.0 if name.endswith(FLAT) else gain["iqm"] >= 0.0
        for name, gain in found.mean.items()
    ]
    rows = fields["tables"][f"{WORLD}: arms"]
    reached = ", ".join(f"{name} {row['seeds_at_0.9']}" for name, row in rows.items())
    seeds = len(next(iter(rows.values()))["by_seed"])
    return Finding(
        "K3",
        verdict(good),
        {"last": found.last, "mean": found.mean},
        f"Success, mean of the last {LAST} evaluations and of all, {seeds} seeds: {found.words}. "
        f"Seeds at {REACHED:g}: {reached}. The claim holds for this body if the mean of "
        "all evaluations of each agent with a KL is above that of SVG(0) beyond the interval, and "
        "that of no hierarchy is below that of DISTRAL. It depends on the default policy if some "
        "of this is so. The body of the paper is an ant.",
    )


def _defaults(rows: Mapping[str, Any]) -> Finding:
    """Judge whether hierarchies work with all default policies."""
    found = {name: rows[name] for name in HIERARCHIES if name in rows}
    share = {name: row["seeds_at_0.9"] / len(row["by_seed"]) for name, row in found.items()}
    works = {name: each >= WORKS for name, each in share.items()}
    return Finding(
        "K14",
        verdict(list(works.values())),
        {name: interval(row["by_seed"], (0.0, 1.0)) for name, row in found.items()},
        ", ".join(f"{name} {row['seeds_at_0.9']} seeds" for name, row in found.items())
        + f" with success {REACHED:g}, mean of the last {LAST} evaluations. The claim holds for "
        f"this world if {WORKS:.0%} of the seeds reach it with each default policy.",
    )
