"""`kl-ball-to-ant`: the high level of a ball moves to an ant. Does its KL help the ant to learn?

Tirumala et al. (2019), section 5.4 and figure 11, left. A hierarchy learns to roll a ball to one of
three targets. Its high level sees the targets and the task, and nothing of the body. It moves to an
ant and stays as it is; a new low level learns to walk, with the KL of the high level as a reward
and without it. A hierarchy and SVG(0) that begin anew are beside it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hierax.agents.kl.agent import HIGH, HIGH_DEFAULT
from hierax.experiments.comparisons import compare, verdict
from hierax.experiments.goal_study import Arm, Budget, by_world, draw_world, study
from hierax.experiments.kl_ball_arms import BODY, FLAT, WEIGHTS, agent, arm, moved
from hierax.experiments.result import Finding, Result
from hierax.worlds import make

BALL, ANT = "BallGoTo3-v0", "AntGoTo3-v0"
METHOD = "AR(1)"
TASK = ("targets", "task")
"""Views of the high level: none of the body."""
STEPS: Mapping[str, int] = {BALL: 200_000, ANT: 400_000}
"""Environment steps with each body."""
PARTS = (HIGH, HIGH_DEFAULT)
ENTROPY = 1e-4
"""Weight of the entropy of the ant, that of the paper."""
KL_REWARD, NO_KL, SCRATCH = "KL", "no KL", "from scratch"
BUDGETS = {
    "smoke": Budget(0.055, 3, 2, (METHOD, KL_REWARD, NO_KL)),
    "laptop": Budget(1.0, 10, 16),
    "paper": Budget(25.0, 100, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train the ball, then all arms with the ant, with every seed."""
    budget = BUDGETS[scale]
    source = _hierarchy(BALL)
    before = study({BALL: {METHOD: source}}, budget, seeds)
    after = study({ANT: arms(source, before[BALL]["states"][METHOD])}, budget, seeds)
    fields = by_world({**before, **after}, budget)
    return Result(claims=judge_fields(fields), seeds=range(seeds), **fields)


def arms(source: Arm, states: Sequence[Any]) -> dict[str, Arm]:
    """Return the arms with the ant, of which two start with the high levels of these states."""
    found = {
        KL_REWARD: _hierarchy(ANT, entropy=ENTROPY),
        NO_KL: _hierarchy(ANT, entropy=ENTROPY, kl_weight=0.0),
    }
    for name, each in found.items():
        start = moved(source.agent, states, each.agent, keep=PARTS, freeze=PARTS)
        found[name] = each._replace(start=start)
    world = make(ANT)
    flat = agent(world.spec, FLAT, entropy=WEIGHTS[FLAT])
    found[SCRATCH] = _hierarchy(ANT, entropy=ENTROPY)
    found[FLAT] = arm(world, FLAT, flat, STEPS[ANT])
    return found


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K8."""
    found = compare(fields, ANT, [(KL_REWARD, other) for other in (NO_KL, SCRATCH, FLAT)])
    return [
        Finding(
            "K8",
            verdict(found.above()),
            {"last": found.last, "mean": found.mean},
            f"Success in {ANT}, mean of the last evaluations and of all: {found.words}. The claim "
            "holds if the mean of all evaluations of the transfer with a KL is above all others "
            "beyond the interval, and depends if it is above some.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates of the ant by environment steps."""
    draw_world(result, ANT, path, (KL_REWARD, NO_KL, SCRATCH, FLAT))


def _hierarchy(name: str, **changes: Any) -> Arm:
    world = make(name)
    given = {"kl_weight": WEIGHTS[METHOD], "high_views": TASK, **changes}
    return arm(world, METHOD, agent(world.spec, METHOD, BODY, **given), STEPS[name])
