"""`solve_constrained`: the largest return with bounds on expected discounted costs."""

from typing import Any, NamedTuple

import numpy as np
import scipy.optimize
import scipy.sparse as sp

from hierax.checks import require_shape
from hierax.planning import model_checks
from hierax.planning.backend import is_traced
from hierax.planning.bellman import solve_bellman
from hierax.planning.evaluation import PolicyChain
from hierax.planning.mdp import TabularMDP, as_model

INFEASIBLE = 2
"""Status of linprog."""
TOLERANCE = 1e-10
"""Feasibility that HiGHS is asked for."""


class ConstrainedSolution(NamedTuple):
    """The best policy that keeps the bounds.

    Attributes:
        value: expected return from ``initial``, in units of reward.
        policy: ``(S, A)``; random in at most as many states as there are bounds that are reached.
            States that it does not visit have the action that is best with the costs at their
            prices.
        costs: ``(M,)`` expected discounted costs of the policy from ``initial``.
        shadow_prices: ``(M,)`` by how much the value rises for each unit of a bound, at least 0.
        occupancy: ``(S, A)`` expected discounted visits of pairs from ``initial``.
        error_bound: bound on the shortfall of ``value``: the value with the costs at their prices,
            which is at least the optimum, less it. Costs may exceed their bounds by rounding.
    """

    value: float
    policy: np.ndarray
    costs: np.ndarray
    shadow_prices: np.ndarray
    occupancy: np.ndarray
    error_bound: float


def solve_constrained(mdp: TabularMDP, costs: Any, bounds: Any) -> ConstrainedSolution:
    """Return the policy with the largest return whose expected costs keep their bounds.

    The linear program over occupancies (Altman 1999, "Constrained Markov decision processes",
    chapter 3), solved by HiGHS:

        max Σ x(s, a) r(s, a)    with    Σ x(s, a) c_m(s, a) ≤ b_m,    x ≥ 0,
        Σ_a x(t, a) - Σ_{s, a} γ P(t|s, a) x(s, a) = initial(t)    for all t

    Args:
        mdp: the model, with a discount below 1.
        costs: ``(M, S, A)`` expected cost of each pair; entries of unavailable pairs are ignored.
        bounds: ``(M,)`` largest expected discounted costs from ``initial``.

    Returns:
        A `ConstrainedSolution`.

    Raises:
        ValueError: if a shape is wrong, a number is not finite, no policy keeps the bounds, or
            under a JAX transformation.
    """
    mdp = as_model(mdp)
    if is_traced(mdp, costs, bounds):
        raise ValueError(
            "constrained policies must be computed on concrete arrays, got a call under jit, grad "
            "or vmap"
        )
    given, most = _read(mdp, costs, bounds)
    pairs = np.flatnonzero(mdp.available.ravel())
    table = mdp.discounted_transition
    table = table if sp.issparse(table) else sp.csr_matrix(table.reshape(-1, mdp.states))
    leaving = sp.csr_matrix(
        (np.ones(pairs.size), (pairs // mdp.actions, np.arange(pairs.size))),
        shape=(mdp.states, pairs.size),
    )
    program = scipy.optimize.linprog(
        -mdp.reward.ravel()[pairs],
        A_ub=given.reshape(len(given), -1)[:, pairs] if len(given) else None,
        b_ub=most if len(given) else None,
        A_eq=leaving - table[pairs].T,
        b_eq=mdp.initial,
        method="highs",
        options=dict.fromkeys(
            ("primal_feasibility_tolerance", "dual_feasibility_tolerance"), TOLERANCE
        ),
    )
    if program.status == INFEASIBLE:
        raise ValueError(
            f"bounds must be kept by some policy, got {most.tolist()}: {_least(mdp, given)}"
        )
    if not program.success:
        raise ValueError(f"the linear program must have a solution, got {program.message}")
    visits = np.zeros(mdp.available.size)
    visits[pairs] = np.maximum(program.x, 0.0)
    prices = np.maximum(-program.ineqlin.marginals, 0.0) if len(given) else np.zeros(0)
    return _solution(mdp, given, most, visits.reshape(mdp.available.shape), prices)


def _read(mdp: TabularMDP, costs: Any, bounds: Any) -> tuple[np.ndarray, np.ndarray]:
    given = np.asarray(model_checks.numeric("costs", costs))
    if given.ndim != 3:
        raise ValueError(f"costs must have shape (M, S, A), got {given.shape}")
    require_shape("costs", given, (len(given), *mdp.available.shape))
    most = np.asarray(model_checks.numeric("bounds", bounds))
    require_shape("bounds", most, (len(given),))
    given = np.where(mdp.available, given, 0.0)
    model_checks.require_finite("costs", given, ("cost", "state", "action"))
    model_checks.require_finite("bounds", most, ("cost",))
    return given, most


def _least(mdp: TabularMDP, costs: np.ndarray) -> str:
    """Return the least value of each cost by itself, in words."""
    least = [-float(mdp.initial @ solve_bellman(mdp.with_reward(-cost)).value) for cost in costs]
    numbers = ", ".join(f"{number:.6g}" for number in least)
    return f"the least cost of each by itself is {numbers}"


def _solution(
    mdp: TabularMDP, costs: np.ndarray, bounds: np.ndarray, visits: np.ndarray, prices: np.ndarray
) -> ConstrainedSolution:
    """Return policy and exact values from the visits and prices of the program."""
    priced = solve_bellman(mdp.with_reward(mdp.reward - np.tensordot(prices, costs, 1)))
    total = visits.sum(axis=1, keepdims=True)
    seen = total > 1e-12 * total.max()
    policy = np.where(seen, visits / np.where(seen, total, 1.0), priced.policy)
    chain = PolicyChain(mdp, policy)
    occupancy = np.asarray(chain.occupancy(mdp.initial))[:, None] * policy
    value = float((occupancy * mdp.reward).sum())
    most = float(mdp.initial @ np.asarray(priced.value) + prices @ bounds) + float(
        priced.error_bound
    )
    return ConstrainedSolution(
        value,
        policy,
        np.tensordot(costs, occupancy, 2),
        prices,
        occupancy,
        max(most - value, 0.0),
    )
