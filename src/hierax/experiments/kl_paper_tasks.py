"""`kl-paper-tasks`: tasks of the paper that need a cluster, with its networks and batches.

Tirumala et al. (2019), figures 3, 7, 8 and 11. All methods go to targets and push boxes, one of
them from pictures. A high level moves from an ant to a quadruped. A default policy with latents
moves from a humanoid that walks to one that goes to a target. An update of 512 windows and ten
samples of actions takes about two seconds of a core; the paper has millions of them.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hierax.agents.kl import Retrace
from hierax.agents.kl.agent import HIGH, HIGH_DEFAULT
from hierax.agents.kl.architectures import LATENT_DEFAULT, POLICY_DEFAULT
from hierax.experiments.comparisons import Comparison, compare, verdict
from hierax.experiments.goal_study import Arm, Budget, by_world, draw_worlds, study
from hierax.experiments.kl_ball_arms import (
    BODY,
    DEFAULT,
    FLAT,
    HIERARCHIES,
    METHODS,
    agent,
    arm,
    moved,
)
from hierax.experiments.result import Finding, Result
from hierax.worlds import make

LEARNER = Retrace(
    batch_size=512, action_samples=10, learning_rate=1e-4, value_learning_rate=1e-4,
    target_period=100, updates_per_step=1 / 32,
)  # fmt: skip
PRINTED: Mapping[str, Any] = {
    "hidden_sizes": (200, 100), "value_hidden_sizes": (400, 300), "entropy": 1e-4,
}  # fmt: skip
"""Settings of the paper that differ from those of the other experiments."""
BY_VIEW: Mapping[str, Mapping[str, Any]] = {
    "boxes": {"box_sizes": (50,)},
    "vision": {"normalise_observations": False},
}
"""Settings where the world has a view."""
WEIGHTS = {DEFAULT: 1e-2, **dict.fromkeys(HIERARCHIES, 1e-3)}
STEPS = 32_000_000
"""Environment steps of an arm: a million updates."""
TASKS: Mapping[str, tuple[str, ...]] = {
    "AntGoTo3-v0": BODY,
    "AntPushEasy-v0": (*BODY, "boxes"),
    "BallPushHard-v0": (*BODY, "boxes", "targets"),
    "AntGoTo3Vision-v0": BODY,
}
"""Views of low levels and of default policies of actions in each task."""
PUSHES = ("AntPushEasy-v0", "BallPushHard-v0")


class Transfer(NamedTuple):
    """A transfer between two worlds.

    Attributes:
        source: name of the first world.
        target: name of the second.
        method: of both agents.
        changes: fields of both agents.
        parts: what is kept and frozen.
    """

    source: str
    target: str
    method: str
    changes: Mapping[str, Any]
    parts: tuple[str, ...]


TRANSFERS = (
    Transfer(
        "AntGoTo3-v0", "QuadrupedGoTo3-v0", "AR(1)", {"high_views": ("targets", "task")},
        (HIGH, HIGH_DEFAULT),
    ),
    Transfer(
        "HumanoidWalk-v0", "HumanoidGoTo-v0", DEFAULT, {"default": "latent"},
        (POLICY_DEFAULT, LATENT_DEFAULT),
    ),
)  # fmt: skip
MOVED, ANEW, SOURCE = "moved", "from scratch", "before the transfer"
BUDGETS = {
    "smoke": Budget(1e-4, 2, 1),
    "laptop": Budget(0.01, 10, 32),
    "paper": Budget(1.0, 100, 100),
}
TRIED = dataclasses.replace(
    LEARNER, batch_size=4, action_samples=2, learning_starts=1_600, buffer_size=3_200
)
"""The learner at scale smoke."""
TRIED_METHODS = (FLAT, DEFAULT, "AR(1)")


def run(scale: str, seeds: int) -> Result:
    """Train all methods in all tasks, and both transfers, with every seed."""
    budget = BUDGETS[scale]
    learner = TRIED if scale == "smoke" else LEARNER
    methods = TRIED_METHODS if scale == "smoke" else METHODS
    scratch = {
        name: {method: _arm(name, method, learner, seen) for method in methods}
        for name, seen in TASKS.items()
    }
    found = study(scratch, budget, seeds)
    for transfer in TRANSFERS:
        found |= _transferred(transfer, learner, budget, seeds)
    fields = by_world(found, budget)
    return Result(claims=judge_fields(fields), seeds=range(seeds), **fields)


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K4."""
    pairs = [(name, FLAT) for name in (DEFAULT, *HIERARCHIES)]
    pairs += [(name, DEFAULT) for name in HIERARCHIES]
    found = {world: compare(fields, world, pairs) for world in PUSHES}
    easy, hard = (_ahead(each) for each in found.values())
    above = [above for each in found.values() for above in each.above()]
    words = " ".join(f"{world}: {each.words}." for world, each in found.items())
    return [
        Finding(
            "K4",
            verdict([*above, hard > easy]),
            {world: {"last": each.last, "mean": each.mean} for world, each in found.items()},
            f"Success, mean of the last evaluations and of all. {words} The claim holds if agents "
            "with a KL are above SVG(0), and hierarchies above DISTRAL, beyond the interval in "
            "both tasks, and hierarchies are further ahead in the harder one.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps in all tasks."""
    draw_worlds(result, dict.fromkeys(TASKS, METHODS), path)


def _arm(name: str, method: str, learner: Retrace, seen: tuple[str, ...], **changes: Any) -> Arm:
    world = make(name)
    weight = {} if method == FLAT else {"kl_weight": WEIGHTS[method]}
    given = {**PRINTED, **weight, **changes, "learner": learner}
    for view, fields in BY_VIEW.items():
        if view in world.spec.view_names:
            given |= fields
    return arm(world, method, agent(world.spec, method, seen, **given), STEPS)


def _transferred(
    transfer: Transfer, learner: Retrace, budget: Budget, seeds: int
) -> dict[str, dict[str, Any]]:
    """Return the studies of both worlds of a transfer."""

    def made(name: str) -> Arm:
        return _arm(name, transfer.method, learner, BODY, **transfer.changes)

    first, new = made(transfer.source), made(transfer.target)
    label = f"{transfer.source} to {transfer.target}"
    before = study({f"{label}, before": {SOURCE: first}}, budget, seeds)
    states = before[f"{label}, before"]["states"][SOURCE]
    start = moved(first.agent, states, new.agent, keep=transfer.parts, freeze=transfer.parts)
    after = study({label: {MOVED: new._replace(start=start), ANEW: new}}, budget, seeds)
    return {**before, **after}


def _ahead(found: Comparison) -> float:
    """Return by how much hierarchies are above DISTRAL on average."""
    gains = [each["iqm"] for name, each in found.mean.items() if name.endswith(f"less {DEFAULT}")]
    return float(np.mean(gains)) if gains else 0.0
