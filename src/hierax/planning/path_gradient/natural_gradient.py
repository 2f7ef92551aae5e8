"""The natural path gradient, literally as in the paper and in closed form.

Algorithm 1 of McNamee (2019) solves ``I x = g`` with the Fisher information of paths. Scores of
different states are martingale differences: the expected products across time are zero. Therefore
``I`` is block diagonal, ``I_i⁻¹ = (diag(1/p) - 1 1ᵀ) / d_i``, ``g_ij = d_i π_ij (Q_ij - Q_iω)``,
and

    x_ij = Q_ij - V_i.

This is the advantage, as in the tabular natural policy gradient (Kakade 2001; Bagnell & Schneider
2003). It needs a solve of ``S`` equations instead of ``S*A``. The metric of state-action visits
couples states; see `occupancy_gradient`.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.csgraph as csgraph
import scipy.sparse.linalg as spla

from hierax import checks
from hierax.planning.backend import Array, is_traced, namespace
from hierax.planning.evaluation import PolicyChain
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.path_gradient.counters import Moments

FORMS = ("closed", "literal")


def natural_path_gradient(
    mdp: TabularMDP, policy: Any, form: str = "closed", dependent: Any = None
) -> Array:
    """Return the direction of steepest ascent of the start value in the metric of paths.

    This is ``x = I⁻¹ g`` on action preferences ``log π``. The two forms are equal in exact
    arithmetic. The literal form is for tests of the closed form; it costs ``O((S A)³)`` and is less
    accurate for tiny probabilities. Its step at the dependent action is
    ``-Σ π_ij x_ij / π_iω``, which keeps the sum of probabilities at 1 to first order.

    Args:
        mdp: the model.
        policy: ``(S, A)`` probabilities; for the literal form positive at every available pair.
        form: ``"closed"`` (the advantage ``Q - V``) or ``"literal"`` (Algorithm 1 with the discount
            in ``E``).
        dependent: ``(S,)`` dependent actions of the literal form; greedy by default. The result
            does not depend on them.

    Returns:
        ``(S, A)`` step, in units of reward; 0 at unavailable pairs. In a state that the policy does
        not reach from ``mdp.initial`` the closed form is the advantage. The literal form is 0
        there, because its Fisher information is singular.

    Raises:
        ValueError: if an argument is not allowed, or the literal Fisher information is singular.
    """
    checks.one_of("form", form, FORMS)
    mdp = as_model(mdp)
    if form == "closed" and dependent is not None:
        raise ValueError("dependent must be None if form='closed', got " + type(dependent).__name__)
    if form == "literal":
        return _literal(mdp, policy, dependent)
    chain = PolicyChain(mdp, policy)
    return advantage(mdp, chain.value())


def advantage(mdp: TabularMDP, value: Array) -> Array:
    """Return ``Q - V (S, A)`` for the value ``(S,)`` of a policy; 0 at unavailable pairs."""
    xp = namespace(mdp, value)
    gain = mdp.reward + mdp.expected_value(value) - value[:, None]
    return xp.where(mdp.available, gain, 0.0)


def _literal(mdp: TabularMDP, policy: Any, dependent: Any) -> np.ndarray:
    moments = Moments.of(mdp, policy, dependent)
    reached = reachable(mdp)[moments.pairs // mdp.actions]
    rows = np.flatnonzero(reached[moments.independent])
    fisher = moments.fisher_information()[np.ix_(rows, rows)]
    try:
        solution = np.linalg.solve(fisher, moments.gradient()[rows])
    except np.linalg.LinAlgError:
        raise ValueError(
            f"the path Fisher information is singular in float64 (smallest probability "
            f"{np.asarray(policy)[mdp.available].min():.1e}): use form='closed'"
        ) from None
    step = np.zeros(mdp.states * mdp.actions)
    step[moments.pairs[moments.independent & reached]] = solution
    step = step.reshape(mdp.states, mdp.actions)
    return _with_dependent(step, np.asarray(policy), mdp, moments)


def _with_dependent(
    step: np.ndarray, policy: np.ndarray, mdp: TabularMDP, moments: Moments
) -> np.ndarray:
    dependent = moments.pairs[~moments.independent]
    rest = (policy * step).sum(axis=1)
    step.flat[dependent] = -rest[dependent // mdp.actions] / policy.flat[dependent]
    return step


def reachable(mdp: TabularMDP) -> np.ndarray:
    """Return ``(S,)`` bool: the states that an interior policy visits from ``mdp.initial``."""
    edges = sp.csr_matrix(_states_of_pairs(mdp).T @ _pair_rows(mdp))
    edges.eliminate_zeros()  # a goal entered with discount 0 has stored zeros
    start = sp.csr_matrix(mdp.initial[None] > 0)
    graph = sp.block_array([[None, start], [sp.csr_matrix((mdp.states, 1)), edges]], format="csr")
    found = csgraph.breadth_first_order(graph, 0, return_predecessors=False)
    reached = np.zeros(mdp.states, dtype=bool)
    reached[found[1:] - 1] = True
    return reached


def occupancy_gradient(mdp: TabularMDP, policy: Any) -> np.ndarray:
    """Return the direction of steepest ascent in the metric of visits (Morimura et al. 2009).

    With state-action visits ``μ = d π`` and ``J = ∂μ/∂(log π)`` the metric is
    ``G = J diag(1/μ) Jᵀ``. Unlike the metric of paths it couples states. Its natural gradient does
    not need ``G``: among flows that keep the visits consistent, ``μ δ`` with

        δ = r + Γ∘P y - y,   y = argmin_y Σ μ (r + Γ∘P y - y)²,

    is the projection of ``μ r``: ``y`` minimises the visit-weighted squared Bellman residual. The
    step on preferences is ``δ - Σ_a π δ``. It depends on ``mdp.initial``, and equals the advantage
    if ``y = V``.

    Args:
        mdp: the model.
        policy: ``(S, A)`` probabilities.

    Returns:
        ``(S, A)`` step, in units of reward; 0 at unavailable pairs and unvisited states.

    Raises:
        ValueError: if the policy does not fit the model.
    """
    if is_traced(mdp, policy):
        raise ValueError(
            "occupancy_gradient must be called on concrete arrays, got a call under jit, grad or "
            "vmap"
        )
    mdp = as_model(mdp)
    chain = PolicyChain(mdp, policy)
    visits = np.maximum(chain.occupancy(mdp.initial), 0.0)[:, None] * chain.policy
    value = _projected_value(mdp, visits)
    residual = np.where(visits.sum(axis=1, keepdims=True) > 0, advantage(mdp, value), 0.0)
    centred = residual - (chain.policy * residual).sum(axis=1, keepdims=True)
    return np.where(mdp.available, centred, 0.0)


def _projected_value(mdp: TabularMDP, visits: np.ndarray) -> np.ndarray:
    """Return ``argmin_y Σ μ (r + Γ∘P y - y)²``, 0 at unvisited states."""
    root = np.sqrt(visits.ravel())
    system = sp.diags_array(root) @ (_states_of_pairs(mdp) - _pair_rows(mdp))
    scale = spla.norm(system, axis=0)
    visited = np.flatnonzero(scale > 0)
    system = sp.csc_matrix(system)[:, visited] @ sp.diags_array(1.0 / scale[visited])
    value = np.zeros(mdp.states)
    value[visited] = _least_squares(system, root * mdp.reward.ravel()) / scale[visited]
    return value


def _least_squares(system: sp.csc_matrix, right: np.ndarray) -> np.ndarray:
    """Return ``argmin ‖system y - right‖₂``, by normal equations for more than 1,000 columns."""
    if system.shape[1] <= 1_000:
        return np.linalg.lstsq(system.toarray(), right, rcond=None)[0]
    return spla.spsolve(sp.csc_matrix(system.T @ system), system.T @ right)


def _pair_rows(mdp: TabularMDP) -> sp.csr_matrix:
    """Return ``Γ∘P`` as a sparse matrix ``(S*A, S)``."""
    table = mdp.discounted_transition
    return table if sp.issparse(table) else sp.csr_matrix(table.reshape(-1, mdp.states))


def _states_of_pairs(mdp: TabularMDP) -> sp.csr_matrix:
    """Return the matrix ``(S*A, S)`` that is 1 where a pair belongs to a state."""
    rows = np.arange(mdp.states * mdp.actions)
    return sp.csr_matrix((np.ones(rows.size), (rows, rows // mdp.actions)))
