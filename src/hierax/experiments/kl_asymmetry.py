"""`kl-asymmetry`: which views must a low level have to be of use in another task?

Tirumala et al. (2019), section 5.3 and figure 10, where the body is an ant. In the first task the
ball goes to a target, or pushes a box onto it. In the second it must do both. Low levels move and
stay as they are. They see the body and the box, or the body alone. High levels are new, with a KL
and without it. DISTRAL moves its default policy, which sees body and box.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hierax.agents.kl.agent import HIGH_DEFAULT, LOW
from hierax.agents.kl.architectures import POLICY_DEFAULT
from hierax.experiments.comparisons import compare, verdict
from hierax.experiments.goal_study import Arm, Budget, by_world, draw_world, study
from hierax.experiments.kl_ball_arms import (
    BODY,
    DEFAULT,
    WEIGHT_FIELDS,
    WEIGHTS,
    agent,
    arm,
    moved,
)
from hierax.experiments.result import Finding, Result
from hierax.worlds import make

EITHER, BOTH = "BallOr-v1", "BallAnd-v1"
STEPS = 200_000
"""Environment steps in each world."""
AR1 = "AR(1)"
BOX = (*BODY, "boxes")


class Move(NamedTuple):
    """An arm of the second task.

    Attributes:
        source: name of the arm of the first task that parts come from; None for a new agent.
        method: of both.
        seen: views of what moves.
        has_kl: whether the new agent has a KL.
    """

    source: str | None
    method: str
    seen: tuple[str, ...]
    has_kl: bool = True


SOURCES = {"body and box": (AR1, BOX), "body alone": (AR1, BODY), DEFAULT: (DEFAULT, BOX)}
"""Method, and views of what moves, in the first task."""
RIGHT = "body and box, KL"
MOVES: Mapping[str, Move] = {
    RIGHT: Move("body and box", AR1, BOX),
    "body and box, no KL": Move("body and box", AR1, BOX, has_kl=False),
    "body alone, KL": Move("body alone", AR1, BODY),
    "body alone, no KL": Move("body alone", AR1, BODY, has_kl=False),
    "DISTRAL, moved": Move(DEFAULT, DEFAULT, BOX),
    "from scratch": Move(None, AR1, BOX),
}
PARTS = {AR1: (LOW, HIGH_DEFAULT), DEFAULT: (POLICY_DEFAULT,)}
"""Parts that each method keeps and freezes."""
WRONG = ("body and box, no KL", "body alone, KL", "body alone, no KL")
BUDGETS = {
    "smoke": Budget(0.08, 3, 2, ("body and box", RIGHT, WRONG[0])),
    "laptop": Budget(1.0, 10, 16),
    "paper": Budget(5.0, 40, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train in the first task, then all arms of the second with every seed."""
    budget = BUDGETS[scale]
    sources = {name: _arm(EITHER, *given) for name, given in SOURCES.items()}
    before = study({EITHER: sources}, budget, seeds)
    after = study({BOTH: arms(sources, before[EITHER]["states"])}, budget, seeds)
    fields = by_world({**before, **after}, budget)
    return Result(claims=judge_fields(fields), seeds=range(seeds), **fields)


def arms(sources: Mapping[str, Arm], states: Mapping[str, Sequence[Any]]) -> dict[str, Arm]:
    """Return the arms of the second task whose sources have states."""
    found = {}
    for name, move in MOVES.items():
        new = _arm(BOTH, move.method, move.seen, has_kl=move.has_kl)
        if move.source is None:
            found[name] = new
        elif move.source in states:
            parts = PARTS[move.method]
            before = sources[move.source].agent, states[move.source]
            start = moved(*before, new.agent, keep=parts, freeze=parts)
            found[name] = new._replace(start=start)
    return found


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K12."""
    found = compare(fields, BOTH, [(RIGHT, other) for other in WRONG])
    above = [max(found.last[name]["low"], found.mean[name]["low"]) > 0.0 for name in found.last]
    return [
        Finding(
            "K12",
            verdict(above),
            {"last": found.last, "mean": found.mean},
            f"Success in {BOTH}, mean of the last evaluations and of all: {found.words}. The claim "
            "holds for this body if body and box with a KL is above all three others beyond an "
            "interval, and depends if it is above some. The body of the paper is an ant.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates in the second task by environment steps."""
    draw_world(result, BOTH, path, tuple(MOVES))


def _arm(name: str, method: str, seen: tuple[str, ...], *, has_kl: bool = True) -> Arm:
    world = make(name)
    given = {WEIGHT_FIELDS[method]: WEIGHTS[method] if has_kl else 0.0}
    return arm(world, method, agent(world.spec, method, seen, **given), STEPS)
