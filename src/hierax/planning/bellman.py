"""`solve_bellman`: the optimal value of a decision model, for every operator and backend.

It finds the fixed point of ``(T v)(s) = Ω_a [r(s, a) + Σₜ γ(s, a, t) P(t|s, a) v(t)]``. Every
result has the bound ``‖v - v*‖∞ ≤ ‖T v - v‖∞ / (1 - c)``, where ``c`` is the largest row sum of
``Γ∘P``. Concrete models are solved on the host, models under a JAX transformation in JAX. The model
may have actions, options, or both. A family of goals is solved goal by goal.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax import checks
from hierax.planning import full_tables
from hierax.planning.backend import Array, is_traced, planning_namespace
from hierax.planning.bellman_host import METHODS, Backup, Interrupted, search
from hierax.planning.bellman_optimistix import is_solver, require_adjoint, value_by_solver
from hierax.planning.bellman_traced import differentiable_value
from hierax.planning.decision_model import (
    DecisionModel,
    as_decision_model,
    require_a_choice,
    require_finite_value,
)
from hierax.planning.mdp import TabularMDP
from hierax.planning.operators import HardMax, Operator, require_operator
from hierax.planning.options.goals import GoalOptionModels
from hierax.planning.options.model import OptionModel
from hierax.planning.undiscounted.pairs import is_undiscounted, require_concrete
from hierax.planning.undiscounted.solve import solve_undiscounted

EXACT = ("auto", "policy_iteration")
"""Methods that take models with discount 1."""


class BellmanSolution(NamedTuple):
    """A solution of the Bellman optimality equation with a bound on its error.

    For `GoalOptionModels` the three tables have a leading axis of goals. The other fields are those
    of the worst goal.

    Attributes:
        value: ``(S,)`` optimal value, in units of reward.
        action_value: ``(S, A)`` one backup of ``value``; ``-inf`` at unavailable pairs.
        policy: ``(S, A)`` the operator's policy for ``action_value``.
        residual: ``‖T v - v‖∞``.
        error_bound: bound on ``‖v - v*‖∞``, ``residual / (1 - c)``; infinite for an operator that
            is not a contraction. A residual below half a digit of the largest value counts as that
            half digit. Rounding of the residual and of the model's tables may still add a few times
            ``ε ‖v‖∞ / (1 - c)``, ``ε = 2.2e-16``.
        steps: number of improvement steps (sweeps or backups with a choice of actions).
        converged: ``error_bound <= tolerance``.
    """

    value: Array
    action_value: Array
    policy: Array
    residual: Any
    error_bound: Any
    steps: Any
    converged: Any


class SolveInterrupted(KeyboardInterrupt):
    """An interruption of `solve_bellman` by Ctrl-C, with what it has in ``solution``."""

    def __init__(self, solution: BellmanSolution):
        super().__init__(
            f"after {solution.steps:,} steps the value is within {solution.error_bound:.3g} of the "
            "optimum"
        )
        self.solution = solution


def solve_bellman(
    model: DecisionModel | GoalOptionModels,
    operator: Operator = HardMax(),  # noqa: B008 (immutable)
    method: Any = "auto",
    tolerance: float | Array = 1e-8,
    implicit: Any = True,
) -> BellmanSolution:
    """Solve the Bellman optimality equation ``v = Ω(r + Γ∘P v)`` with a bound on the error.

    Methods (for concrete models; Puterman 1994, chapter 6):

    - ``"value_iteration"``: Jacobi backups.
    - ``"policy_iteration"``: exact evaluation of the current policy; Newton's method for a smooth
      operator. It stops by the error bound, so ties between actions cannot make it cycle.
    - ``"modified_policy_iteration"``: a Gauss-Seidel improvement sweep, then Gauss-Seidel sweeps
      that evaluate the chosen policy.
    - ``"gauss_seidel"``: improvement sweeps only; self loops are eliminated under the hard maximum.
    - ``"auto"``: modified policy iteration with a sweep order computed from the model. It switches
      to a Krylov solve of the evaluation where sweeps are slow. Large dense models of mostly full
      rows are solved with MacQueen's bounds. For options under a smooth operator
      it is Newton's method.
    - any solver that ``optimistix.fixed_point`` takes, run in JAX to its own tolerances.

    With discount 1 the value is the expected sum of rewards. Every state must have a policy that
    ends with probability 1: it enters a state with discount 0, or states that can be kept for ever
    without reward. All policies that never end must lose for ever, as in a shortest path. Methods
    are ``"auto"`` and ``"policy_iteration"``, under the hard maximum. The error bound comes from
    the expected number of steps, see `hierax.planning.undiscounted.bounds`.

    Under ``jit``, ``grad`` or ``vmap`` (64-bit types on) ``"auto"`` and ``"policy_iteration"`` are
    Newton's method, ``"value_iteration"`` is available, and the other two raise. The value has
    derivatives by reward, transition, discount and temperature.

    Args:
        model: a `TabularMDP`, an `OptionModel`, or `GoalOptionModels`.
        operator: `HardMax`, `LogSumExp`, `Mellowmax` or `Boltzmann`.
        method: one of the above.
        tolerance: largest allowed ``error_bound``, absolute, in units of reward.
        implicit: the way to differentiate under a JAX transformation. True: by the implicit
            function theorem (one transposed solve for any number of steps; first order only).
            False: through the steps. Or an adjoint of optimistix (``ImplicitAdjoint`` has
            derivatives of every order).

    Returns:
        A `BellmanSolution`. Failure to converge does not raise: check ``converged``.

    Raises:
        ValueError: if an argument is not allowed, a state has no choice, or a value is beyond
            float64; under a JAX transformation also if 64-bit types are off or the model is sparse;
            with discount 1 if a value is not finite, naming a state.
        SolveInterrupted: if Ctrl-C ends value iteration, Gauss-Seidel or modified policy
            iteration; its ``solution`` is the value so far, with its error bound.
    """
    tolerance = _checked(operator, method, tolerance, implicit)
    if isinstance(model, GoalOptionModels):
        return _solve_goals(model, operator, method, tolerance, implicit)
    model = as_decision_model("model", model)
    if isinstance(model, OptionModel):
        require_a_choice("model", model.available)
    if isinstance(model, TabularMDP) and is_undiscounted(model):
        return _without_discount(model, operator, method, tolerance)
    is_interrupted = False
    if planning_namespace(model, operator, tolerance) is np and isinstance(method, str):
        try:
            found = _on_host(model, operator, method, float(tolerance))
        except Interrupted as interruption:
            found, is_interrupted = interruption.found, True
        if not math.isfinite(found.residual):
            require_finite_value(model, found.value)
    else:
        value, steps = _in_jax(model, operator, method, tolerance, implicit)
        found = _backup(model, operator, value, steps)
    contraction = found.contraction if operator.contracts else 1.0
    bound = _error_bound(found.size, found.residual, contraction)
    solution = BellmanSolution(
        value=found.value,
        action_value=found.action_value,
        policy=found.policy,
        residual=found.residual,
        error_bound=bound,
        steps=found.steps,
        converged=bound <= tolerance,
    )
    if is_interrupted:
        raise SolveInterrupted(solution)
    return solution


def _without_discount(
    mdp: TabularMDP, operator: Operator, method: Any, tolerance: Any
) -> BellmanSolution:
    """Return the solution of a model with discount 1, whose bound comes from numbers of steps."""
    require_concrete(mdp, operator, tolerance)
    if not isinstance(operator, HardMax):
        raise ValueError(
            f"operator must be HardMax() with discount 1, got {type(operator).__name__}: use "
            "with_discount"
        )
    if method not in EXACT:
        raise ValueError(
            f"method must be {checks.either(map(repr, EXACT))} with discount 1, got {method!r}"
        )
    found = solve_undiscounted(mdp)
    require_finite_value(mdp, found.value)
    q = mdp.backup(found.value)
    return BellmanSolution(
        value=found.value,
        action_value=q,
        policy=found.policy,
        residual=np.abs(q.max(axis=1) - found.value).max(),
        error_bound=found.error_bound,
        steps=found.rounds,
        converged=found.error_bound <= tolerance,
    )


def _on_host(model: DecisionModel, operator: Operator, method: str, tolerance: float) -> Backup:
    """Return the solution of a concrete model by a method for its kind."""
    is_search = method == "auto" and isinstance(operator, HardMax)
    if is_search and isinstance(model, TabularMDP) and full_tables.is_full(model):
        found = full_tables.search(model, tolerance)
        if found is not None:
            return Backup(*found)
    return search(model, operator, _host_method(model, operator, method), tolerance)


def _host_method(model: DecisionModel, operator: Operator, method: str) -> str:
    """Return ``method``, with ``"auto"`` replaced for options under a smooth operator.

    Rows of options are full, so a sweep costs as much as a solve.
    """
    if method != "auto" or not isinstance(model, OptionModel) or isinstance(operator, HardMax):
        return method
    return "policy_iteration" if operator.contracts else method


def _in_jax(
    model: DecisionModel, operator: Operator, method: Any, tolerance: Any, implicit: Any
) -> tuple[Array, Any]:
    if isinstance(method, str) and isinstance(implicit, bool):
        return differentiable_value(model, operator, method, tolerance, implicit)
    solver = None if isinstance(method, str) else method
    return value_by_solver((model, operator), solver, implicit)


def _solve_goals(
    family: GoalOptionModels, operator: Operator, method: Any, tolerance: Any, implicit: Any
) -> BellmanSolution:
    """Solve goal by goal, to hold the tables of only one goal at a time."""
    is_in_jax = is_traced(family, operator, tolerance)
    if is_in_jax:
        family = jax.tree.map(jnp.asarray, family)

    def solve(index: Any) -> BellmanSolution:
        return solve_bellman(family.model(index), operator, method, tolerance, implicit)

    if is_in_jax:
        # Keep only the values for the derivative; tables and factors are computed again.
        stack = jax.lax.map(jax.checkpoint(solve), jnp.arange(len(family)))
    else:
        solutions = [solve(index) for index in range(len(family))]
        stack = BellmanSolution(*(np.stack(field) for field in zip(*solutions, strict=True)))
    return stack._replace(
        residual=stack.residual.max(),
        error_bound=stack.error_bound.max(),
        steps=stack.steps.max(),
        converged=stack.converged.all(),
    )


def _checked(operator: Any, method: Any, tolerance: Any, implicit: Any) -> Any:
    require_operator(operator)
    if not is_solver(method):
        checks.one_of("method", method, METHODS)
    require_adjoint(implicit)
    return checks.positive("tolerance", tolerance)


def _backup(model: DecisionModel, operator: Operator, value: Array, steps: Any) -> Backup:
    q = model.backup(value)
    residual = abs(operator.value(q) - value).max()
    return Backup(
        value, q, operator.policy(q), residual, abs(value).max(), model.contraction, steps
    )


def _error_bound(size: Any, residual: Any, contraction: Any) -> Any:
    """Return ``residual / (1 - c)``; infinite for ``c >= 1``, where there is no bound.

    A residual of 0 by luck is no evidence: rounding alone leaves half a digit of the largest value,
    whose magnitude is ``size``.
    """
    if not is_traced(size, residual, contraction):
        residual = max(residual, 0.5 * math.ulp(size))
        return residual / (1.0 - contraction) if contraction < 1.0 else np.inf
    largest = jax.lax.stop_gradient(size)
    half_digit = jnp.where(largest > 0.0, jnp.ldexp(1.0, jnp.frexp(largest)[1] - 54), 0.0)
    residual, margin = jnp.maximum(residual, half_digit), 1.0 - jnp.asarray(contraction)
    return jnp.where(margin > 0.0, residual / jnp.where(margin > 0.0, margin, 1.0), jnp.inf)
