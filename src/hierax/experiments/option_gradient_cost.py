"""`option-gradient-cost`: cost of implicit and of unrolled gradients through a planner.

A soft planner maximises an intrinsic reward in Sutton's four rooms. The extrinsic return of its
policy is differentiated with respect to the intrinsic reward (a) through ``n`` sweeps of value
iteration, (b) by the implicit function theorem at the value after ``n`` sweeps, (c) by Newton's
method with one implicit step, and (d) by solvers and adjoints of optimistix. Errors are relative to
the hand-derived adjoint (`intrinsic_reward_gradient`), which is compared with central differences.
A second table has the time of a training step of options.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import lineax
import numpy as np
import optimistix

from hierax.experiments.option_training_step import (
    median_seconds,
    temporary_bytes,
    time_training_step,
)
from hierax.experiments.result import Finding, Result
from hierax.planning import LogSumExp, TabularMDP, evaluate_policy, solve_bellman
from hierax.planning.backend import Array
from hierax.planning.bellman_traced import bellman
from hierax.planning.option_gradient import intrinsic_reward_gradient
from hierax.worlds import four_rooms

TEMPERATURE, DISCOUNT = 0.1, 0.95
SWEEPS = {"smoke": (25, 200), "laptop": (25, 50, 100, 200, 400, 800)}
SIZES = {"smoke": (13,), "laptop": (13, 20, 35)}
"""Sizes of four rooms for the time of a training step: 104, 293 and 1028 states."""
DIRECTIONS, DIFFERENCE = 5, 1e-4
REPEATS = 7
TOLERANCE = 1e-12
EXACT = 1e-6
SEED = 0

Value = Callable[[TabularMDP], Array]
"""A planner: it maps a model with an intrinsic reward to its soft value ``(S,)``."""


def run(scale: str, _seeds: int) -> Result:
    """Measure all methods, and judge O1."""
    finest = "smoke" if scale == "smoke" else "laptop"
    mdp = four_rooms(
        slip=1 / 3, stay=False, bump=True, reward="arrival", discount=DISCOUNT, start=None
    ).mdp
    intrinsic = np.random.default_rng(SEED).normal(size=mdp.reward.shape)
    reference = intrinsic_reward_gradient(mdp, intrinsic, TEMPERATURE).gradient
    with jax.enable_x64(True):
        rows = [
            {"method": name, "sweeps": sweeps, **_measure(planner, mdp, intrinsic, reference)}
            for name, sweeps, planner in _planners(SWEEPS[finest])
        ]
        steps = [time_training_step(size, DISCOUNT, REPEATS) for size in SIZES[finest]]
    difference = _difference_error(mdp, intrinsic, np.asarray(reference))
    return Result(
        settings={
            "world": "FourRooms-v0",
            "slip": "1/3",
            "discount": DISCOUNT,
            "temperature": TEMPERATURE,
            "objective": "extrinsic return from a uniform start, of the softly optimal policy",
            "memory": "temporary buffers of the compiled gradient",
            "time": f"median of {REPEATS} on this machine",
            "seed": SEED,
        },
        claims=[_exact(rows, difference)],
        tables={"gradients": rows, "training_step": steps},
    )


def draw(result: Result, path: Path) -> None:
    """Draw memory, error and time by number of sweeps."""
    from hierax.plotting.option_gradient import draw_costs

    draw_costs(result.tables["gradients"], path)


def _planners(sweeps: tuple[int, ...]) -> Iterator[tuple[str, int | None, Value]]:
    """Yield name, number of sweeps if it is fixed, and planner of each method."""
    for number in sweeps:
        yield "unrolled", number, lambda mdp, n=number: _swept(mdp, n)
    for number in sweeps:
        yield "implicit at n sweeps", number, lambda mdp, n=number: _implicit_at(mdp, n)
    operator = LogSumExp(TEMPERATURE)
    iteration = optimistix.FixedPointIteration(rtol=TOLERANCE, atol=TOLERANCE)
    newton = optimistix.Newton(rtol=TOLERANCE, atol=TOLERANCE)
    gmres = optimistix.ImplicitAdjoint(lineax.GMRES(rtol=TOLERANCE, atol=TOLERANCE))
    solvers: dict[str, tuple[Any, Any]] = {
        "Newton, implicit step": ("auto", True),
        "Newton, unrolled": ("auto", False),
        "optimistix Newton, implicit": (newton, True),
        "optimistix iteration, implicit": (iteration, True),
        "optimistix iteration, implicit by GMRES": (iteration, gmres),
        "optimistix iteration, checkpointed": (iteration, False),
    }
    for name, (method, implicit) in solvers.items():
        yield (
            name,
            None,
            lambda mdp, m=method, i=implicit: solve_bellman(mdp, operator, m, TOLERANCE, i).value,
        )


def _swept(mdp: TabularMDP, sweeps: int) -> Array:
    """Return the value after ``sweeps`` sweeps of value iteration from zero."""
    problem = (mdp, LogSumExp(TEMPERATURE))

    def body(value: Array, _: None) -> tuple[Array, None]:
        return bellman(problem, value), None

    return jax.lax.scan(body, jnp.zeros(mdp.states), length=sweeps)[0]


def _implicit_at(mdp: TabularMDP, sweeps: int) -> Array:
    """Return the same value with the derivative of a fixed point."""
    value = jax.lax.stop_gradient(_swept(mdp, sweeps))
    operator = LogSumExp(TEMPERATURE)
    policy = operator.policy(mdp.backup(value))
    system = jnp.eye(mdp.states) - jnp.einsum("sa,sat->st", policy, mdp.discounted_transition)
    moved = jnp.linalg.solve(jax.lax.stop_gradient(system), bellman((mdp, operator), value))
    return value + moved - jax.lax.stop_gradient(moved)


def _measure(
    planner: Value, mdp: TabularMDP, intrinsic: np.ndarray, reference: Array
) -> dict[str, float]:
    def extrinsic(reward: Array, mdp: TabularMDP) -> Array:
        task = mdp.with_reward(reward)
        policy = LogSumExp(TEMPERATURE).policy(task.backup(planner(task)))
        return mdp.initial @ evaluate_policy(mdp, policy)

    arguments = (jnp.asarray(intrinsic), jax.tree.map(jnp.asarray, mdp))
    compiled = jax.jit(jax.grad(extrinsic)).lower(*arguments).compile()
    gradient = np.asarray(compiled(*arguments))
    error = np.linalg.norm(gradient - reference) / np.linalg.norm(np.asarray(reference))
    return {
        "kibibytes": temporary_bytes(compiled) / 1024,
        "relative_error": float(error),
        "milliseconds": 1e3 * median_seconds(compiled, arguments, REPEATS),
    }


def _difference_error(mdp: TabularMDP, intrinsic: np.ndarray, gradient: np.ndarray) -> float:
    """Return the largest relative error against fourth-order central differences."""
    rng = np.random.default_rng(SEED + 1)

    def value(step: float, direction: np.ndarray) -> float:
        return intrinsic_reward_gradient(mdp, intrinsic + step * direction, TEMPERATURE).value

    errors = []
    for _ in range(DIRECTIONS):
        direction = rng.normal(size=intrinsic.shape)
        direction /= np.linalg.norm(direction)
        near, far = (
            value(h, direction) - value(-h, direction) for h in (DIFFERENCE, 2 * DIFFERENCE)
        )
        slope = (8 * near - far) / (12 * DIFFERENCE)
        errors.append(abs(slope - (gradient * direction).sum()) / np.abs(slope))
    return float(max(errors))


def _exact(rows: list[dict[str, Any]], difference: float) -> Finding:
    newton = next(row for row in rows if row["method"] == "Newton, implicit step")
    unrolled = [row for row in rows if row["method"] == "unrolled"]
    implicit = [row for row in rows if row["method"] == "implicit at n sweeps"]
    is_constant = len({row["kibibytes"] for row in implicit}) == 1
    return Finding(
        "O1",
        bool(newton["relative_error"] < EXACT and difference < EXACT and is_constant),
        {
            "error_against_central_differences": difference,
            "implicit_against_hand_adjoint": newton["relative_error"],
            "unrolled_against_hand_adjoint": unrolled[-1]["relative_error"],
            "kibibytes_implicit": [row["kibibytes"] for row in implicit],
            "kibibytes_unrolled": [row["kibibytes"] for row in unrolled],
        },
        f"The implicit gradient differs from central differences by at most {difference:.0e} and "
        f"from the hand-derived adjoint by {newton['relative_error']:.0e}, relatively. It needs "
        f"{_memory(implicit)}; the unrolled gradient needs {_memory(unrolled)}. The claim holds if "
        f"both errors are below {EXACT:.0e} and the memory does not depend on the number of "
        "sweeps. The residual must be that of soft optimality: the note's residual, policy "
        "evaluation, is zero for every policy. Before convergence, implicit and unrolled gradients "
        "have about the same error.",
    )


def _memory(rows: list[dict[str, Any]]) -> str:
    first, last = rows[0], rows[-1]
    return (
        f"{first['kibibytes']:.0f} KiB for {first['sweeps']} sweeps and "
        f"{last['kibibytes']:.0f} KiB for {last['sweeps']}"
    )
