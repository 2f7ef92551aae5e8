"""`kl-gap`: skills of a ball move to a corridor with a gap. Must the low level be able to change?

Tirumala et al. (2019), section 5.2 and figure 6, where the body is an ant that must learn to jump.
A hierarchy with an AR(1) default policy learns to roll to one of three targets. Then its low level
moves to a corridor with a gap: as it is, or as the default policy of a new low level, which begins
anew or with its weights. The high level is new. A ball crosses the gap if it is fast.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.agents.kl.agent import HIGH_DEFAULT, LOW, LOW_DEFAULT
from hierax.experiments.comparisons import compare, verdict
from hierax.experiments.goal_study import RETURN, Arm, Budget, by_world, draw_world, study
from hierax.experiments.kl_ball_arms import WEIGHTS, agent, arm, moved
from hierax.experiments.result import Finding, Result
from hierax.worlds import make

SOURCE, TARGET = "BallGoTo3-v0", "BallGap-v1"
METHOD = "AR(1)"
STEPS = 200_000
"""Environment steps in each world."""
SHARED, WEIGHED, ANEW, LOOSE, SCRATCH = (
    "shared", "separate, with its weights", "separate, new", "its weights alone", "from scratch",
)  # fmt: skip
MOVES: Mapping[str, Mapping[str, Any]] = {
    SHARED: {"keep": (LOW, HIGH_DEFAULT), "freeze": (LOW,)},
    WEIGHED: {
        "keep": (HIGH_DEFAULT,),
        "initialise": {LOW: LOW, LOW_DEFAULT: LOW},
        "freeze": (LOW_DEFAULT,),
    },
    ANEW: {"keep": (HIGH_DEFAULT,), "initialise": {LOW_DEFAULT: LOW}, "freeze": (LOW_DEFAULT,)},
    LOOSE: {"keep": (HIGH_DEFAULT,), "initialise": (LOW,)},
    SCRATCH: {},
}
"""Parts of the source that each arm takes."""
SEPARATE = (WEIGHED, ANEW)
LONGEST = 36.0
"""Return of an episode that reaches the end of the corridor."""
BUDGETS = {
    "smoke": Budget(0.08, 3, 2, (METHOD, SHARED, WEIGHED)),
    "laptop": Budget(1.0, 10, 16),
    "paper": Budget(5.0, 40, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train the source, then all arms with every seed."""
    budget = BUDGETS[scale]
    source = _source()
    before = study({SOURCE: {METHOD: source}}, budget, seeds)
    states = before[SOURCE]["states"][METHOD]
    after = study({TARGET: arms(source, states)}, budget, seeds, metric=RETURN)
    fields = by_world({**before, **after}, budget)
    return Result(claims=judge_fields(fields), seeds=range(seeds), **fields)


def arms(source: Arm, states: Any) -> dict[str, Arm]:
    """Return the arms in the corridor, which start with parts of these states."""
    world = make(TARGET)
    found = {}
    for name, parts in MOVES.items():
        level = "separate" if name in SEPARATE else "shared"
        each = agent(world.spec, METHOD, kl_weight=WEIGHTS[METHOD], low_level=level)
        start = moved(source.agent, states, each, **parts) if parts else None
        found[name] = arm(world, METHOD, each, STEPS, start=start)
    return found


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K7."""
    pairs = [(name, other) for other in (SHARED, SCRATCH) for name in SEPARATE]
    found = compare(fields, TARGET, pairs, "return_by_seed", (-LONGEST, LONGEST))
    above = [
        max(found.last[name]["low"], found.mean[name]["low"]) > 0.0
        for name in found.last
        if name.endswith(SHARED)
    ]
    rows = fields["tables"][f"{TARGET}: arms"]
    reached = max(float(np.mean(row["by_seed"])) for row in rows.values())
    return [
        Finding(
            "K7",
            verdict(above),
            {"last": found.last, "mean": found.mean},
            f"Return (m, at most 36), mean of the last evaluations and of all: {found.words}. The "
            "claim holds for this body if both separate low levels are above the shared one beyond "
            f"an interval. The best arm reaches the end of the corridor in {reached:.0%} of its "
            "last episodes: where that is little, the task is not learned, and only beginnings are "
            "compared. A ball needs speed to cross the gap, where the ant of the paper must jump.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw returns in the corridor by environment steps."""
    draw_world(result, TARGET, path, tuple(MOVES), RETURN)


def _source() -> Arm:
    world = make(SOURCE)
    return arm(world, METHOD, agent(world.spec, METHOD, kl_weight=WEIGHTS[METHOD]), STEPS)
