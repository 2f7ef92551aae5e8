"""`kl-body-grid`: a high level of one body moves to others. When is a KL reward needed?

Tirumala et al. (2019), section 5.4 and figure 12. A high level is trained on a body of one step,
once with each kind of default policy. Then it is frozen, and a new low level is trained on a body
that needs more steps for a cell: with the KL reward of the high level and without it, beside
agents that begin anew, and controls. Settings differ in body, grid, rewards, entropy and initial
weights, from that of the paper to some where random actions find next to nothing.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hierax.experiments.jobs import do_jobs
from hierax.experiments.kl_body_arms import (
    DEFAULTS,
    ENVIRONMENTS,
    KL_WEIGHT,
    LAST,
    REACHED,
    SAMPLED,
    Arm,
    Setting,
    high_level,
    row,
    run_arm,
    trained,
)
from hierax.experiments.kl_body_field import rewards, summary
from hierax.experiments.learning_runs import OVER_SEEDS, Runs
from hierax.experiments.result import Finding, Result
from hierax.statistics import interval
from hierax.training.config import describe_agent

PAPER = Setting()
HARD = (
    Setting(16, 8, "goal", 1e-2, 1.0),
    Setting(8, 16, "goal", 1e-2, 1.0),
    Setting(16, 16, "paper", 1e-2, 1.0),
    Setting(16, 16, "paper", 1e-2),
    Setting(16, 16, "goal", 1e-4, 1.0),
    Setting(16, 16, "goal", 1e-4),
)
"""Settings in which random actions find next to nothing."""
SMALLER = (Setting(2), Setting(4))
SWEPT = (PAPER, HARD[1])
"""Settings in which all weights are tried, and all default policies from scratch."""
SHOWN = HARD[0]
"""The setting of the figure."""
WEIGHTS = (0.01, 0.03, 0.3, 1.0)
"""Further weights of the KL, beside that of all other arms."""
LEARNED = "learned"
ONE_STEP = "body of one step"
GOOD_RETURN = 0.4
"""Return of a body of one step that has learned; the optimum is 0.47."""
TOWARDS = 0.5
"""Mean cosine of a field that leads to the goal."""


class Budget(NamedTuple):
    """Steps and evaluations of a scale.

    Attributes:
        first: environment steps on the body of one step.
        steps: environment steps of an arm.
        hard: likewise, in hard settings.
        parts: evaluations of an arm.
        episodes: of an evaluation.
        is_whole: whether all settings and arms are run.
    """

    first: int
    steps: int
    hard: int
    parts: int
    episodes: int
    is_whole: bool


BUDGETS = {
    "smoke": Budget(60_000, 40_000, 40_000, 4, 16, is_whole=False),
    "laptop": Budget(1_500_000, 1_500_000, 2_000_000, 30, 64, is_whole=True),
    "paper": Budget(5_000_000, 10_000_000, 10_000_000, 100, 256, is_whole=True),
}


def run(scale: str, seeds: int) -> Result:
    """Train high levels, then all arms with every seed."""
    budget = BUDGETS[scale]
    chosen = arms(budget)
    pairs = list(dict.fromkeys((arm.setting.size, arm.default) for arm in chosen))
    workers = (os.cpu_count() or 1) if budget.is_whole else 1
    sources = dict(zip(pairs, _high_levels(pairs, budget, seeds, workers), strict=True))
    jobs = [(run_arm, _arguments(arm, sources, budget, seeds)) for arm in chosen]
    runs = dict(zip(chosen, do_jobs(jobs, workers, "arms"), strict=True))
    tables = {
        ONE_STEP: {_source_name(*pair): row(found) for pair, found in sources.items()},
        **_tables(runs),
        "field": {_source_name(*pair): _field(*pair, found) for pair, found in sources.items()},
    }
    return Result(
        settings={
            **budget._asdict(),
            "environments": ENVIRONMENTS,
            "learner_steps": "as environment steps: each step is learned from once",
            "weights_where_all_is_new": DEFAULTS,
            "weight_in_transfers": KL_WEIGHT,
            "agents": {_source_name(*pair): describe_agent(high_level(*pair)[0]) for pair in pairs},
            "success": f"{SAMPLED}, mean of the last {LAST} evaluations",
            "interval": OVER_SEEDS,
        },
        claims=judge(tables),
        tables=tables,
        curves={
            f"{setting.name}: {label(arm)}": found.curve(SAMPLED)
            for setting in dict.fromkeys(arm.setting for arm in runs)
            for arm, found in runs.items()
            if arm.setting == setting
        },
        seeds=range(seeds),
    )


def arms(budget: Budget) -> list[Arm]:
    """Return all arms of a scale."""
    if not budget.is_whole:
        return [Arm(kind, PAPER) for kind in ("kl", "flat")]
    each = [
        Arm(kind, setting, default)
        for setting in (PAPER, *HARD)
        for default in DEFAULTS
        for kind in ("kl", "none")
    ]
    each += [
        Arm(kind, setting)
        for setting in (PAPER, *HARD)
        for kind in ("scratch", "flat", "constant", "kl alone")
    ]
    each += [
        Arm("scratch", setting, default)
        for setting in SWEPT
        for default in DEFAULTS
        if default != LEARNED
    ]
    each += [Arm(kind, setting) for setting in SMALLER for kind in ("kl", "none", "scratch")]
    each += [Arm("kl", setting, LEARNED, weight) for setting in SWEPT for weight in WEIGHTS]
    return each


def label(arm: Arm) -> str:
    """Return the name of an arm in tables."""
    names = {"none": "no KL", "kl": "KL", "scratch": "from scratch", "flat": "flat (IMPALA)"}
    kind = names.get(arm.kind, arm.kind)
    if arm.kind == "flat":
        return kind
    weight = "" if arm.weight == Arm("kl", PAPER).weight else f" {arm.weight:g}"
    return f"{kind}{weight}, {arm.default}"


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge K9, K10 and K14."""
    settings = {
        setting.name: tables[setting.name] for setting in (PAPER, *HARD) if setting.name in tables
    }
    return [_only_with_kl(settings), _towards(tables["field"]), _all_defaults(tables)]


def draw(result: Result, path: Path) -> None:
    """Draw success of all arms, and by steps in a setting where random actions get nowhere."""
    from hierax.plotting.kl import draw_transfers

    settings = [setting.name for setting in (PAPER, *HARD)]
    kinds = ("KL,", "kl alone,", "constant,", "no KL,", "from scratch,", "flat")
    success = {
        name: {
            arm: float(np.mean(rows[arm]["by_seed"]))
            for kind in kinds
            for arm in rows
            if arm.startswith(kind)
        }
        for name, rows in result.tables.items()
        if name in settings
    }
    shown = SHOWN.name if SHOWN.name in success else PAPER.name
    names = ("KL, learned", "no KL, learned", "from scratch, learned", "flat (IMPALA)")
    curves = [
        {"label": name, **result.curves[f"{shown}: {name}"]}
        for name in names
        if f"{shown}: {name}" in result.curves
    ]
    draw_transfers(success, curves, SAMPLED, shown).savefig(path)


def _high_levels(
    pairs: Sequence[tuple[int, str]], budget: Budget, seeds: int, workers: int
) -> list[Runs]:
    jobs = [
        (trained, (*high_level(*pair), budget.first, budget.parts, budget.episodes, seeds))
        for pair in pairs
    ]
    return do_jobs(jobs, workers, "high levels")


def _arguments(
    arm: Arm, sources: Mapping[tuple[int, str], Runs], budget: Budget, seeds: int
) -> tuple[Any, ...]:
    steps = budget.hard if arm.setting in HARD else budget.steps
    source = sources[arm.setting.size, arm.default] if arm.is_transfer else None
    return arm, source, steps, budget.parts, budget.episodes, seeds


def _source_name(size: int, default: str) -> str:
    return f"{size} × {size}, {default}"


def _tables(runs: Mapping[Arm, Runs]) -> dict[str, Any]:
    """Return the table of each setting."""
    found: dict[str, Any] = {}
    for arm, each in runs.items():
        found.setdefault(arm.setting.name, {})[label(arm)] = row(each)
    return found


def _field(size: int, default: str, runs: Runs) -> dict[str, Any]:
    """Return the field of the KL reward, with its interval over seeds."""
    agent, world = high_level(size, default)
    each = [summary(rewards(agent, state, world), size) for state in runs.states]
    values = {name: np.array([one[name] for one in each]) for name in each[0]}
    return {
        "cosine": interval(values["cosine"], (-1.0, 1.0)),
        **{f"{name}_by_seed": found for name, found in values.items()},
    }


def _only_with_kl(settings: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Judge whether transfers with a KL reward alone solve the larger body."""
    separates = {name: _separates(rows) for name, rows in settings.items()}
    told = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{arm} {np.mean(found['by_seed']):.2f} (least {np.min(found['by_seed']):.2f})"
            for arm, found in rows.items()
        )
        for name, rows in settings.items()
    )
    found = list(separates.values())
    seeds = len(next(iter(next(iter(settings.values())).values()))["by_seed"])
    return Finding(
        "K9",
        True if all(found) else (None if any(found) else False),
        {"separates": separates},
        f"Sampled success, mean of the last {LAST} evaluations, {seeds} seeds. {told}. A setting "
        f"separates if all seeds of a transfer with KL reach {REACHED:g}, and no seed of any arm "
        "without it does. The claim holds if all settings separate, and depends on the setting if "
        f"some do. The paper's setting is {PAPER.name}.",
    )


def _separates(rows: Mapping[str, Any]) -> bool:
    with_kl = [found for arm, found in rows.items() if arm.startswith("KL")]
    without = [found for arm, found in rows.items() if not arm.lower().startswith("kl")]
    solved = any(np.min(found["by_seed"]) >= REACHED for found in with_kl)
    return bool(solved and all(np.max(found["by_seed"]) < REACHED for found in without))


def _towards(fields: Mapping[str, Any]) -> Finding:
    """Judge whether the KL reward leads to the goal."""
    cosines = {name: found["cosine"] for name, found in fields.items()}
    good = [found["low"] > TOWARDS for found in cosines.values()]
    told = "; ".join(
        f"{name}: cosine {found['cosine']['iqm']:.2f}, "
        f"nats towards {np.mean(found['nats_towards_by_seed']):.1f}, staying "
        f"{np.mean(found['nats_staying_by_seed']):.1f}, away "
        f"{np.mean(found['nats_away_by_seed']):.1f}"
        for name, found in fields.items()
    )
    return Finding(
        "K10",
        True if all(good) else (None if any(good) else False),
        cosines,
        f"The field of the KL reward against that of the shortest paths, over all goals and cells: "
        f"{told}. The claim holds if the interval of the mean cosine is above {TOWARDS:g} for all "
        "default policies and grids, and depends on them if it is for some.",
    )


def _all_defaults(tables: Mapping[str, Any]) -> Finding:
    """Judge whether all default policies work."""
    first = {name: found["return_by_seed"] for name, found in tables[ONE_STEP].items()}
    moved = {
        name: found["by_seed"]
        for name, found in tables[PAPER.name].items()
        if name in {f"KL, {default}" for default in DEFAULTS}
    }
    paper_size = {name: found for name, found in first.items() if name.startswith("8 ")}
    works = {
        **{name: bool(np.min(found) >= GOOD_RETURN) for name, found in paper_size.items()},
        **{name: bool(np.min(found) >= REACHED) for name, found in moved.items()},
    }
    told = ", ".join(f"{name} {np.min(found):.2f}" for name, found in paper_size.items())
    then = ", ".join(f"{name} {np.min(found):.2f}" for name, found in moved.items())
    return Finding(
        "K14",
        True if all(works.values()) else (None if any(works.values()) else False),
        works,
        f"Least return over seeds on a body of one step: {told}; least success on one of 8 steps "
        f"with a KL reward: {then}. The claim holds for this world if the first are at least "
        f"{GOOD_RETURN:g} and the second at least {REACHED:g}, with each default policy.",
    )
