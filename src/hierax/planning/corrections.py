"""Solvers for the corrections of iterative refinement: a few digits of ``(I - T)⁻¹ b`` are enough.

Next to discount 1 the matrix ``I - T`` is almost singular: each set of states that is hardly ever
left has an eigenvalue near 0. Direct factors are best wherever they are cheap. Other models are
solved by Krylov iterations, preconditioned by the factors of their strong transitions if those are
cheap, and else by symmetric Gauss-Seidel.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from scipy.sparse import csgraph

from hierax.planning.chain import residual_of, solve_lower, solve_upper
from hierax.planning.krylov import apply, bicgstab
from hierax.planning.linear import DENSE, DenseSystem, SparseSystem, chain_of_transition

WIDEST = 2e10
"""Largest sum of squared widths of a banded matrix that is cheap to factorise."""
HUB, MOST_HUBS = 200, 50
"""A state with more predecessors is a hub; a few hubs are eliminated last and cost little."""
MOST_CYCLES = 1_500
"""A graph with fewer independent cycles is almost a tree, whose factors are cheap."""
STRONG = 0.05
"""Smallest discounted probability of a strong transition."""
FEW_DIGITS = 1e-3
"""Relative residual at which a Krylov solve ends."""
GOOD_ENOUGH = 0.1
"""Relative residual above which BiCGSTAB has failed."""
MOST_ITERATIONS = 400
MOST_VECTORS = 150
"""Iterations of GMRES, which holds a vector for each."""

Solve: TypeAlias = Callable[[np.ndarray], Any]


def correction_solver(transition: sp.csr_matrix) -> Solve:
    """Return a function that solves ``(I - T) x = b`` to a few digits, chosen by structure.

    Raises:
        RuntimeError: if a factor is singular in float64.
    """
    states = transition.shape[0]
    if states <= SparseSystem.largest and transition.nnz > DENSE * states**2:
        return DenseSystem(transition.toarray()).solve
    if states <= SparseSystem.largest or is_narrow(transition):
        return SparseSystem(transition, 0.0).solve
    strong = transition.multiply(transition >= STRONG).tocsr()
    if is_narrow(strong):
        return _by_strong_transitions(transition, SparseSystem(strong, 0.0).solve)
    return _by_sweeps(transition)


def is_narrow(transition: sp.csr_matrix) -> bool:
    """Return whether sparse factors of ``I - T`` are cheap at any size.

    They are if states can be numbered such that successors are near: in chains, trees and grids,
    but not in random graphs. A few hubs do no harm.
    """
    hub = np.bincount(transition.indices, minlength=transition.shape[0]) > HUB
    if np.count_nonzero(hub) > MOST_HUBS:
        return False
    pattern = transition[~hub][:, ~hub]
    pattern = sp.csr_matrix(pattern + pattern.T)
    if pattern.nnz // 2 - pattern.shape[0] <= MOST_CYCLES:
        return True
    order = csgraph.reverse_cuthill_mckee(pattern, symmetric_mode=True)
    places = np.arange(order.size)
    rank = np.empty_like(places)
    rank[order] = places
    first = places.copy()
    np.minimum.at(first, np.repeat(rank, np.diff(pattern.indptr)), rank[pattern.indices])
    return bool(np.square(places - first, dtype=np.float64).sum() <= WIDEST)


def _by_strong_transitions(transition: sp.csr_matrix, strong: Solve) -> Solve:
    def solve(right: np.ndarray) -> np.ndarray:
        return _gmres(lambda x: strong(x - transition @ x), strong(right))

    return solve


def _by_sweeps(transition: sp.csr_matrix) -> Solve:
    """Return BiCGSTAB, followed by GMRES where it fails."""
    chain, scale = chain_of_transition(transition)

    def multiply(x: np.ndarray) -> np.ndarray:
        result = np.empty_like(x)
        apply(chain, x, np.empty_like(x), result)
        return result

    def solve(right: np.ndarray) -> np.ndarray:
        right = scale * right
        x, size = np.zeros_like(right), np.abs(right).max()
        bicgstab(chain, right, x, FEW_DIGITS * size, MOST_ITERATIONS)
        if residual_of(chain, x, right, np.empty_like(x)) <= GOOD_ENOUGH * size:
            return x
        solve_lower(chain, right)
        x = _gmres(multiply, right)
        solve_upper(chain, x)
        return x

    return solve


def _gmres(multiply: Solve, right: np.ndarray) -> np.ndarray:
    matrix = spla.LinearOperator(2 * (right.size,), matvec=multiply, dtype=np.float64)
    return spla.gmres(matrix, right, rtol=FEW_DIGITS, restart=MOST_VECTORS, maxiter=1)[0]
