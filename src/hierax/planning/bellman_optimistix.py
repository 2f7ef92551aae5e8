"""A fixed point by any solver of optimistix, differentiated by any of its adjoints.

For what hierax's own Newton method does not offer: damped or accelerated iterations, matrix-free
linear solves, checkpointed unrolling, derivatives of second order.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from hierax.planning.backend import Array, is_traced
from hierax.planning.bellman_traced import MOST_BACKUPS, Problem, bellman

ROUNDING = 1e-14
"""Tolerance of Newton's method where only an adjoint is given: as exact as float64 allows."""


def is_solver(method: Any) -> bool:
    """Whether ``method`` is something that ``optimistix.fixed_point`` takes."""
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
            f"implicit is {implicit!r}, but must be True, False or an adjoint of optimistix"
        )


def value_by_solver(
    problem: Problem, solver: Any, adjoint: Any, start: Array | None = None
) -> tuple[Array, Any]:
    """The fixed point ``(S,)`` that ``solver`` finds, and its number of steps.

    Args:
        problem: model and operator.
        solver: what ``optimistix.fixed_point`` takes; None is its Newton method.
        adjoint: an optimistix adjoint, True for the implicit one, False for checkpointed unrolling.
        start: ``(S,)`` first value, zero by default.
    """
    import optimistix

    if sp.issparse(problem[0].transition):
        raise ValueError(
            "the transition is sparse, but a solver of optimistix takes a dense (S, A, S) array"
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
            throw=False,  # the certificate tells
        )
        return solution.value, solution.stats["num_steps"]

    if is_traced(problem):
        return search(problem)
    with jax.enable_x64(True):
        value, steps = search(jax.tree.map(jnp.asarray, problem))
        return np.asarray(value), int(steps)
