"""`kl-latent-prior`: default policies with a network, an LSTM or latents, in two tasks of a ball.

Tirumala et al. (2019), appendix A and figure 8, where a humanoid walks, then goes to a target. Here
a ball goes to one of three targets. Each kind of default policy is learned beside the policy. Then
it stays as it is while a new policy learns: the same task again, and to go to one far target.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hierax.agents.kl.architectures import LATENT_DEFAULT, POLICY_DEFAULT
from hierax.experiments.comparisons import Comparison, compare, verdict
from hierax.experiments.goal_study import Arm, Budget, by_world, draw_worlds, study
from hierax.experiments.kl_ball_arms import (
    DEFAULT,
    FLAT,
    WEIGHT_FIELDS,
    WEIGHTS,
    agent,
    arm,
    moved,
)
from hierax.experiments.result import Finding, Result
from hierax.training.config import AnyWorld
from hierax.worlds import make

FIRST, AGAIN, FAR = "BallGoTo3-v0", "BallGoTo3-v0, again", "BallGoTo3-v0, one far target"
ROOM: Mapping[str, int] = {"targets": 1, "cells": 7}
"""Fields of the world with one target in a room of 18 m."""
STEPS = 200_000
"""Environment steps in each task."""
KINDS = {"network": "own", "LSTM": "lstm", "latents": "latent"}
"""Kinds of default policies by name."""
PARTS = {
    name: (POLICY_DEFAULT, LATENT_DEFAULT) if kind == "latent" else (POLICY_DEFAULT,)
    for name, kind in KINDS.items()
}
"""Parts that each kind keeps and freezes."""
BUDGETS = {
    "smoke": Budget(0.08, 3, 2, ("network", "latents")),
    "laptop": Budget(1.0, 10, 16),
    "paper": Budget(5.0, 40, 100),
}


def run(scale: str, seeds: int) -> Result:
    """Train all kinds of default policies, then with each of them, with every seed."""
    budget = BUDGETS[scale]
    first = make(FIRST)
    new = {name: _arm(first, name) for name in (*KINDS, FLAT)}
    before = study({FIRST: new}, budget, seeds)
    states = before[FIRST]["states"]
    far = make(FIRST, **ROOM)
    begun = {name: _arm(far, name) for name in (FLAT, "network")}
    scratch = {f"{name}, from scratch": each for name, each in begun.items()}
    after = study(
        {AGAIN: _moved(first, new, states), FAR: {**_moved(far, new, states), **scratch}},
        budget,
        seeds,
    )
    fields = by_world({**before, **after}, budget)
    return Result(claims=judge_fields(fields), seeds=range(seeds), **fields)


def judge_fields(fields: Mapping[str, Any]) -> list[Finding]:
    """Judge K13."""
    found = {
        FIRST: compare(fields, FIRST, [(name, FLAT) for name in KINDS]),
        FAR: compare(
            fields,
            FAR,
            [(name, f"{other}, from scratch") for name in KINDS for other in (FLAT, "network")],
        ),
    }
    again = compare(fields, AGAIN, [])
    words = f"{_told(FIRST, found[FIRST])} {_told(AGAIN, again)} {_told(FAR, found[FAR])}"
    return [
        Finding(
            "K13",
            verdict([above for each in found.values() for above in each.above()]),
            {world: {"last": each.last, "mean": each.mean} for world, each in found.items()},
            f"Success, mean of the last evaluations and of all. {words} The claim holds for this "
            "body if the mean of all evaluations with each kind is above that of SVG(0) in the "
            "first task, and above that of agents from scratch with a far target, beyond the "
            "interval. It depends if some are. The body of the paper is a humanoid.",
        )
    ]


def draw(result: Result, path: Path) -> None:
    """Draw success rates by environment steps, in the first task and with a far target."""
    scratch = tuple(f"{name}, from scratch" for name in (FLAT, "network"))
    draw_worlds(result, {FIRST: (*KINDS, FLAT), FAR: (*KINDS, *scratch)}, path)


def _arm(world: AnyWorld, name: str) -> Arm:
    method = FLAT if name == FLAT else DEFAULT
    kind = {} if name == FLAT else {"default": KINDS[name]}
    given = {WEIGHT_FIELDS[method]: WEIGHTS[method], **kind}
    return arm(world, method, agent(world.spec, method, **given), STEPS)


def _moved(
    world: AnyWorld, sources: Mapping[str, Arm], states: Mapping[str, Sequence[Any]]
) -> dict[str, Arm]:
    """Return new policies in a world, with the default policies of these states."""
    found = {}
    for name in KINDS:
        if name in states:
            new = _arm(world, name)
            parts = {"keep": PARTS[name], "freeze": PARTS[name]}
            start = moved(sources[name].agent, states[name], new.agent, **parts)
            found[name] = new._replace(start=start)
    return found


def _told(world: str, found: Comparison) -> str:
    return f"{world}: {found.words}."
