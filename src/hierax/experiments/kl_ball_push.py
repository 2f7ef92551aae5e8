"""`kl-ball-push`: skills of pushing a box onto a target move to a choice of three targets.

Tirumala et al. (2019), section 5.1 and figure 5, where the body is an ant. A hierarchy and DISTRAL
learn to push a box onto the only target. Then the low level of the hierarchy, or the default policy
of DISTRAL, stays as it is in a task with three targets, and all else is new. Both see the body and
the box, and no target. Agents that begin anew are beside them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hierax.agents.kl.agent import HIGH_DEFAULT, LOW
from hierax.agents.kl.architectures import POLICY_DEFAULT
from hierax.experiments.comparisons import compare, verdict
from hierax.experiments.goal_study import Arm, Budget, by_world, draw_world, study, told
from hierax.experiments.kl_ball_arms import (
    DEFAULT,
    FLAT,
    NATS,
    WEIGHT_FIELDS,
    WEIGHTS,
    agent,
    arm,
    moved,
)
from hierax.experiments.learning_runs import first_step
from hierax.experiments.result import Finding, Result
from hierax.statistics import POSITIVE, interval
from hierax.worlds import make

EASY, MID = "BallPushEasy-v1", "BallPushMid-v1"
SEEN = ("proprioception", "boxes")
"""Views of what moves."""
STEPS = 200_000
"""Environment steps in each world."""
ISOTROPIC, AR1 = "isotropic", "AR(1)"
PARTS: Mapping[str, tuple[str, ...]] = {AR1: (LOW, HIGH_DEFAULT), DEFAULT: (POLICY_DEFAULT,)}
"""Parts that each method keeps and freezes in the second task."""
SCRATCH = (AR1, DEFAULT, FLAT)
"""Methods that begin anew in the second task."""
PRINTED: Mapping[str, tuple[str, float]] = {
    "isotropic, α 0.001": (ISOTROPIC, 1e-3),
    "DISTRAL, α 0.01": (DEFAULT, 1e-2),
}
"""Arms with the weights of the paper, whose divergences are compared."""
BUDGETS = {
    "smoke": Budget(0.08, 3, 2, (AR1, DEFAULT, f"{AR1}, moved", f"{DEFAULT}, moved")),
    "laptop": Budget(1.0, 10, 16),
    "paper": Budget(5.0, 40, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train in the first task, then all arms of the second with every seed."""
    budget = BUDGETS[scale]
    sources = {name: _arm(EASY, name) for name in PARTS}
    before = study({EASY: sources}, budget, seeds)
    after = study({MID: arms(sources, before[EASY]["states"])}, budget, seeds)
    fields = by_world({**before, **after}, budget)
    fields["tables"][f"{MID}: first at the end of agents from scratch"] = _sooner(fields)
    return Result(claims=judge_fields(fields), seeds=range(seeds), **fields)


def arms(sources: Mapping[str, Arm], states: Mapping[str, Sequence[Any]]) -> dict[str, Arm]:
    """Return the arms of the second task, some with parts of these states."""
    found = {}
    for name, parts in PARTS.items():
        new = _arm(MID, name)
        start = moved(sources[name].agent, states[name], new.agent, keep=parts, freeze=parts)
        found[f"{name}, moved"] = new._replace(start=start)
    return {
        **found,
        **{name: _arm(MID, name) for name in SCRATCH},
        **{name: _arm(MID, method, weight) for name, (method, weight) in PRINTED.items()},
    }


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K5 and K6."""
    return [_transfer(fields), _divergence(fields["tables"][f"{MID}: arms"])]


def draw(result: Result, path: Path) -> None:
    """Draw success rates in the second task by environment steps."""
    draw_world(result, MID, path, (*(f"{name}, moved" for name in PARTS), *SCRATCH))


def _arm(name: str, method: str, weight: float | None = None) -> Arm:
    """Return a new agent of a method, with the weight that was chosen where none is given."""
    world = make(name)
    given = {WEIGHT_FIELDS[method]: WEIGHTS[method] if weight is None else weight}
    return arm(world, method, agent(world.spec, method, SEEN, **given), STEPS)


def _sooner(fields: Mapping[str, Any]) -> dict[str, list[int | None]]:
    """Return when each seed of a transfer reaches the last success of the same method anew."""
    curves = {name: fields["curves"].get(f"{MID}: {name}") for name in PARTS}
    ends = {name: row["by_seed"] for name, row in fields["tables"][f"{MID}: arms"].items()}
    found = {}
    for name, whole in curves.items():
        if whole is not None:
            curve = fields["curves"][f"{MID}: {name}, moved"]
            found[f"{name}, moved"] = [
                first_step(curve["steps"], rates, end)
                for rates, end in zip(curve["values"], ends[name], strict=True)
            ]
    return found


def _transfer(fields: Mapping[str, Any]) -> Finding:
    """Judge whether a hierarchy that moves is above one that begins anew, and above DISTRAL."""
    moves = f"{AR1}, moved"
    found = compare(fields, MID, [(moves, other) for other in (AR1, f"{DEFAULT}, moved")])
    return Finding(
        "K5",
        verdict(found.above()),
        {"last": found.last, "mean": found.mean},
        f"Success in {MID}, mean of the last evaluations and of all: {found.words}. The claim "
        "holds for this body if the mean of all evaluations of the hierarchy that moved is above "
        "both others beyond the interval. The body of the paper is an ant.",
    )


def _divergence(rows: Mapping[str, Any]) -> Finding:
    """Judge whether the divergence from the default policy is smaller with latents."""
    found = {
        name: interval(rows[name][f"{NATS[method][0]}_by_seed"], POSITIVE)
        for name, (method, _) in PRINTED.items()
        if name in rows
    }
    nats = ", ".join(f"{name}: {told(each)}" for name, each in found.items())
    ends = list(found.values())
    smaller = len(ends) == len(PRINTED) and ends[0]["high"] < ends[1]["low"]
    larger = len(ends) == len(PRINTED) and ends[0]["low"] > ends[1]["high"]
    return Finding(
        "K6",
        True if smaller else (False if larger else None),
        found,
        f"Divergence from the default policy at the end in {MID}, nats for each decision, with the "
        f"weights of the paper: {nats}. The claim holds if that of latents is smaller beyond the "
        "intervals. It is 2.64 and 11.35 in the paper, with an ant. A divergence depends on its "
        "weight, and that of latents bounds that of actions from above.",
    )
