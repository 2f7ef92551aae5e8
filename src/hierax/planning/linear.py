"""Linear systems ``(I - T) x = b`` of a Markov chain and their transposed systems.

A dense chain uses dense LU, a small sparse chain sparse LU, and a large sparse chain Krylov
iterations. The sparse systems measure ``residual``, the largest relative residual
``‖b - A x‖∞ / (‖b‖∞ + ‖x‖∞)`` of the solves so far.
"""

import warnings
from types import ModuleType
from typing import Any, Protocol

import jax.scipy.linalg
import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from hierax.planning.backend import Array, namespace
from hierax.planning.chain import Chain
from hierax.planning.krylov import solve
from hierax.planning.sweeps import chain_of_policy, compress

ACCURACY = 1e-13
"""Target of the relative residual: a few units of rounding on a million states."""

DENSE = 0.2
"""Fraction of non-zeros above which dense factors are faster than sparse ones."""


class LinearSystem(Protocol):
    """A factorised system ``A = I - T_π`` and its transpose."""

    @property
    def residual(self) -> float | None:
        """Largest relative residual of the solves so far, where it is measured."""
        ...

    def solve(self, right: Any) -> Array:
        """Return ``x`` with ``A x = right``."""
        ...

    def solve_transposed(self, right: Any) -> Array:
        """Return ``x`` with ``Aᵀ x = right``."""
        ...


class DenseSystem:
    """Dense LU of ``I - T``, on the host or in JAX."""

    residual: float | None = None

    def __init__(self, transition: Array):
        matrix = namespace(transition).eye(transition.shape[0]) - transition
        self._factors = _linalg(transition).lu_factor(matrix)

    def solve(self, right: Array) -> Array:
        """Return ``x`` with ``A x = right``."""
        return _linalg(self._factors, right).lu_solve(self._factors, right)

    def solve_transposed(self, right: Array) -> Array:
        """Return ``x`` with ``Aᵀ x = right``."""
        return _linalg(self._factors, right).lu_solve(self._factors, right, trans=1)


def _linalg(*arrays: Any) -> ModuleType:
    """Return the linear algebra module of the backend of ``arrays``."""
    return scipy.linalg if namespace(*arrays) is np else jax.scipy.linalg


def factorise(transition: Any) -> LinearSystem:
    """Return ``I - T`` factorised by a method for its kind and size."""
    if not sp.issparse(transition):
        return DenseSystem(transition)
    if transition.nnz > DENSE * transition.shape[0] ** 2:
        return DenseSystem(transition.toarray())
    if transition.shape[0] <= SparseSystem.largest:
        return SparseSystem(transition)
    return KrylovSystem(transition)


class SparseSystem:
    """Sparse LU of ``I - T`` (SuperLU).

    With ``pivot_threshold`` 0 all pivots are on the diagonal, which dominates its row. This keeps
    the order of least fill, and a large grid is factorised up to forty times as fast.
    """

    largest = 1_000
    """Number of states above which Krylov iterations are faster for any fill-in."""

    def __init__(self, transition: sp.csr_matrix, pivot_threshold: float = 1.0):
        self.residual = 0.0
        self._matrix = sp.csc_matrix(_minus(transition))
        # Navigation tasks have a nearly symmetric pattern: minimum degree on A + Aᵀ fills least.
        self._factors = spla.splu(
            self._matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=pivot_threshold,
            options={"SymmetricMode": True},
        )

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return ``x`` with ``A x = right``."""
        return self._measured(self._matrix, right, self._factors.solve(right))

    def solve_transposed(self, right: np.ndarray) -> np.ndarray:
        """Return ``x`` with ``Aᵀ x = right``."""
        return self._measured(self._matrix.T, right, self._factors.solve(right, trans="T"))

    def _measured(self, matrix: sp.spmatrix, right: np.ndarray, x: np.ndarray) -> np.ndarray:
        self.residual = _worse(self.residual, relative_residual(matrix, right, x))
        return x


class KrylovSystem:
    """BiCGSTAB on ``I - T``, preconditioned by symmetric Gauss-Seidel, refined to `ACCURACY`.

    A matrix of right-hand sides is solved by sparse LU, with one factorisation for all columns.
    """

    def __init__(self, transition: sp.csr_matrix):
        self.residual = 0.0
        self._transition = transition

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return ``x`` with ``A x = right``."""
        if right.ndim == 2:
            return self._by_factors("solve", right)
        return self._iterated(self._transition, right)

    def solve_transposed(self, right: np.ndarray) -> np.ndarray:
        """Return ``x`` with ``Aᵀ x = right``."""
        if right.ndim == 2:
            return self._by_factors("solve_transposed", right)
        return self._iterated(self._transition.T.tocsr(), right)

    def _by_factors(self, verb: str, right: np.ndarray) -> np.ndarray:
        system = SparseSystem(self._transition)
        x = getattr(system, verb)(right)
        self.residual = _worse(self.residual, system.residual)
        return x

    def _iterated(self, transition: sp.csr_matrix, right: np.ndarray) -> np.ndarray:
        chain, scale = chain_of_transition(transition)
        x = np.zeros_like(scale)
        reached = solve(chain, scale * right, x, ACCURACY)
        self.residual = _worse(self.residual, reached)
        if not reached <= 1e3 * ACCURACY:
            warnings.warn(
                f"Krylov solve of {right.size} states stopped at relative residual {reached:.1e}",
                RuntimeWarning,
                stacklevel=4,
            )
        return x


def chain_of_transition(transition: sp.csr_matrix) -> tuple[Chain, np.ndarray]:
    """Return ``T`` without self loops, its rows times ``1 / (1 - T(s, s))``, and those factors."""
    states = transition.shape[0]
    scale = 1.0 / (1.0 - transition.diagonal())
    rows = compress(transition, np.zeros((states, 1)), np.ones((states, 1), bool))
    return chain_of_policy(rows, np.ones((states, 1)), np.zeros(states)), scale


def transition_of_chain(chain: Chain) -> sp.csr_matrix:
    """Return ``W (S, S)`` of a chain."""
    states, first = chain.reward.size, chain.first.astype(np.int64)
    lengths = chain.stop - first
    starts = np.concatenate([[0], np.cumsum(lengths)])
    # There may be gaps between the rows of a chain: shift each entry with its row.
    kept = np.arange(starts[-1]) + np.repeat(first - starts[:-1], lengths)
    entries = (chain.weights[kept], chain.columns[kept], starts)
    return sp.csr_matrix(entries, shape=(states, states))


def relative_residual(matrix: sp.spmatrix, right: np.ndarray, x: np.ndarray) -> float:
    """Return ``‖b - A x‖∞ / (‖b‖∞ + ‖x‖∞)``; 0 for the zero system."""
    size = np.abs(right).max(initial=0.0) + np.abs(x).max(initial=0.0)
    return float(np.abs(right - matrix @ x).max(initial=0.0) / size) if size else 0.0


def _worse(one: float, other: float) -> float:
    """Return the larger of two residuals, or NaN if one is NaN."""
    return float(np.maximum(one, other))


def _minus(transition: sp.csr_matrix) -> sp.csr_matrix:
    """``I - T``."""
    return sp.csr_matrix(sp.identity(transition.shape[0], format="csr") - transition)
