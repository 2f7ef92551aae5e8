"""Fixed points by a solver of optimistix, with derivatives by one of its adjoints.

optimistix offers what the Newton method of hierax does not: damped or accelerated iterations,
matrix-free linear solves, checkpointed unrolling, second-order derivatives.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from hierax.planning.backend import Array, is_traced
from hierax.planning.bellman_traced import MOST_BACKUPS, Problem, bellman

ROUNDING = 1e-14
"""Tolerance of Newton's method if only an adjoint is given: close to the limit of float64."""


def is_solver(method: Any) -> bool:
    """Return whether ``method`` is a solver that ``optimistix.fixed_point`` takes."""
    if isinstance(method, str):
        return False
    import optimistix

    return isinstance(
        method,
        optimistix.AbstractFixedPointSolver
        | optimistix.AbstractRootFinder
        | optimistix.AbstractLeastSquaresSolver
        | optimistix.AbstractMinimiser,
    )


def require_adjoint(implicit: Any) -> None:
    """Raise unless ``implicit`` is True, False or an adjoint of optimistix."""
    if isinstance(implicit, bool):
        return
    import optimistix

    if not isinstance(implicit, optimistix.AbstractAdjoint):
        raise ValueError(
            f"implicit must be True, False or an adjoint of optimistix, got {implicit!r}"
        )


def value_by_solver(
    problem: Problem, solver: Any, adjoint: Any, start: Array | None = None
) -> tuple[Array, Any]:
    """Return the fixed point ``(S,)`` that ``solver`` finds, and its number of steps.

    Args:
        problem: model and operator.
        solver: a solver that ``optimistix.fixed_point`` takes; None for its Newton method.
        adjoint: an optimistix adjoint, True for the implicit one, False for checkpointed unrolling.
        start: ``(S,)`` initial value, zero by default.
    """
    import optimistix

    if sp.issparse(problem[0].transition):
        raise ValueError(
            "transition must be a dense (S, A, S) array for a solver of optimistix, got a sparse "
            "matrix"
        )
    if adjoint is True:
        adjoint = optimistix.ImplicitAdjoint()
    elif adjoint is False:
        adjoint = optimistix.RecursiveCheckpointAdjoint()
    if solver is None:
        solver = optimistix.Newton(rtol=ROUNDING, atol=ROUNDING)

    def search(problem: Problem) -> tuple[Array, Array]:
        solution = optimistix.fixed_point(
            lambda value, problem: bellman(problem, value),
            solver,
            jnp.zeros(problem[0].states) if start is None else start,
            args=problem,
            adjoint=adjoint,
            max_steps=MOST_BACKUPS,
            throw=False,  # solve_bellman reports convergence
        )
        return solution.value, solution.stats["num_steps"]

    if is_traced(problem):
        return search(problem)
    with jax.enable_x64(True):
        value, steps = search(jax.tree.map(jnp.asarray, problem))
        return np.asarray(value), int(steps)
