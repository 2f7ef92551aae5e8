"""`solve_bellman`: the optimal value of a decision model, one face for every operator and engine.

The fixed point of ``(T v)(s) = Ω_a [r(s, a) + Σₜ γ(s, a, t) P(t|s, a) v(t)]`` is sought; whatever
found it, the answer carries the same certificate: ``‖v - v*‖∞ ≤ ‖T v - v‖∞ / (1 - c)`` with ``c``
the largest row sum of ``Γ∘P``. Concrete models are solved on the host, models under a JAX
transformation in JAX.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from hierax.planning import checks
from hierax.planning.bellman_host import METHODS, Backup, search
from hierax.planning.bellman_traced import differentiable_value
from hierax.planning.engine import Array, is_traced, planning_namespace
from hierax.planning.evaluation import action_values
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.operators import HardMax, Operator
from hierax.planning.sweeps import CODES


class BellmanSolution(NamedTuple):
    """What `solve_bellman` found, and how good it is.

    Attributes:
        value: ``(S,)`` optimal value, in units of reward.
        action_value: ``(S, A)`` one backup of ``value``; ``-inf`` at unavailable pairs.
        policy: ``(S, A)`` the operator's policy of ``action_value``.
        residual: ``‖T v - v‖∞``.
        error_bound: bound on ``‖v - v*‖∞``, ``residual / (1 - c)``; infinite for an operator that
            is not a contraction. It counts no rounding of the residual itself, which may add about
            ``ε ‖v‖∞ / (1 - c)``, ``ε = 2.2e-16``.
        steps: improvement steps made (sweeps or backups with a choice of actions).
        converged: ``error_bound <= tolerance``.
    """

    value: Array
    action_value: Array
    policy: Array
    residual: Any
    error_bound: Any
    steps: Any
    converged: Any


def solve_bellman(
    mdp: TabularMDP,
    operator: Operator = HardMax(),  # noqa: B008 (immutable)
    method: str = "auto",
    tolerance: float | Array = 1e-8,
    implicit: bool = True,
) -> BellmanSolution:
    """Solve the Bellman optimality equation ``v = Ω(r + Γ∘P v)`` to a certified accuracy.

    Methods (for concrete models; Puterman 1994, chapter 6):

    - ``"value_iteration"``: Jacobi backups.
    - ``"policy_iteration"``: exact evaluation of the current policy; Newton's method for a smooth
      operator. It stops by the certificate, so ties between actions cannot make it cycle.
    - ``"modified_policy_iteration"``: a Gauss-Seidel improvement sweep, then Gauss-Seidel sweeps
      that evaluate the chosen policy.
    - ``"gauss_seidel"``: improvement sweeps alone, self loops eliminated under the hard maximum.
    - ``"auto"``: modified policy iteration in a sweeping order found from the model, turning to a
      Krylov solve of the evaluation where sweeps are slow.

    Under ``jit``, ``grad`` or ``vmap`` (64-bit types on) ``"auto"`` and ``"policy_iteration"`` are
    Newton's method and ``"value_iteration"`` is itself; the compiled sweeps are refused.

    Args:
        mdp: the model.
        operator: `HardMax`, `LogSumExp`, `Mellowmax` or `Boltzmann`.
        method: one of the above.
        tolerance: wanted ``error_bound``, absolute, in units of reward.
        implicit: under a JAX transformation, differentiate by the implicit function theorem (one
            transposed solve, whatever the number of steps); otherwise through the steps.

    Returns:
        A `BellmanSolution`. Failure to converge is no exception: read ``converged``.

    Raises:
        ValueError: where an argument is not allowed; under a JAX transformation also where 64-bit
            types are off or the model is sparse.
    """
    tolerance = _checked(operator, method, tolerance)
    mdp = as_model(mdp)
    if planning_namespace(mdp, operator, tolerance) is np:
        found = search(mdp, operator, method, float(tolerance))
    else:
        value, steps = differentiable_value(mdp, operator, method, tolerance, implicit)
        found = _backup(mdp, operator, value, steps)
    bound = _error_bound(found.residual, found.contraction if operator.contracts else 1.0)
    return BellmanSolution(
        value=found.value,
        action_value=found.action_value,
        policy=found.policy,
        residual=found.residual,
        error_bound=bound,
        steps=found.steps,
        converged=bound <= tolerance,
    )


def _checked(operator: Any, method: Any, tolerance: Any) -> Any:
    if type(operator) not in CODES:
        names = ", ".join(kind.__name__ for kind in CODES)
        raise ValueError(f"operator is {operator!r}, but must be an instance of {names}")
    checks.one_of("method", method, METHODS)
    return checks.positive("tolerance", tolerance)


def _backup(mdp: TabularMDP, operator: Operator, value: Array, steps: Any) -> Backup:
    q = action_values(mdp, value)
    residual = abs(operator.value(q) - value).max()
    return Backup(value, q, operator.policy(q), residual, mdp.contraction, steps)


def _error_bound(residual: Any, contraction: Any) -> Any:
    """``residual / (1 - c)``; infinite for ``c >= 1``, where nothing is known."""
    if not is_traced(residual, contraction):
        return residual / (1.0 - contraction) if contraction < 1.0 else np.inf
    margin = 1.0 - jnp.asarray(contraction)
    return jnp.where(margin > 0.0, residual / jnp.where(margin > 0.0, margin, 1.0), jnp.inf)
