"""Objectives of option training: a high value after little planning.

A planner without a budget finds the optimal value with or without options, and options then have no
gradient. Each objective therefore limits the planner. All are means over goals and states of the
value relative to the optimum, so near and far goals have equal weight and one temperature suffices:

    v_k = V* Ω_τ(q_k / V*),   q_k = r° + P° v_{k-1},   v_0 = 0,   u_k = mean(v_k / V*)

| kind | definition | limit |
|---|---|---|
| ``"area"`` | ``(1/H) Σ_{k≤H} u_k`` | H backups |
| ``"log_gap"`` | ``-(1/H) Σ_{k≤H} log(1 + ε - u_k)`` | H backups |
| ``"final"`` | ``u_H`` | H backups |
| ``"decision_discount"`` | mean fixed point of ``V* Ω_τ((r° + η P° v) / V*)`` | η per decision |
| ``"options_only"`` | the same with η = 1 and without actions | the options |
| ``"return"`` | mean return of ``softmax(q_H / τ)`` | H backups |

Fixed points and the return are differentiated implicitly, the backups through their steps. Ω is
`Mellowmax`: its smoothing lowers the value by up to ``τ log n`` per decision, which favours long
options. Log-sum-exp raises it by as much, which would favour short options.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from hierax import checks
from hierax.planning.backend import Array, planning_namespace
from hierax.planning.bellman import solve_bellman
from hierax.planning.evaluation import evaluate_policy
from hierax.planning.operators import Mellowmax
from hierax.planning.options.goals import GoalOptionModels
from hierax.planning.options.model import OptionModel

KINDS = ("area", "log_gap", "final", "decision_discount", "options_only", "return")
SMALLEST_GAP = 5e-3
"""ε of ``"log_gap"``: gaps below half a percent count as closed."""
TOLERANCE = 1e-10


class PlanningObjective(eqx.Module):
    """An objective to maximise: the quality of planning with given option models.

    Args:
        kind: a kind of the table in the module.
        budget: ``H``, the number of backups; not used by the two fixed points.
        decision_discount: η in (0, 1] of ``"decision_discount"``.

    Raises:
        ValueError: if an argument is not allowed.
    """

    kind: str = eqx.field(static=True)
    budget: int = eqx.field(static=True)
    decision_discount: float = eqx.field(static=True)

    def __init__(self, kind: str = "area", budget: int = 10, decision_discount: float = 0.7):
        checks.one_of("kind", kind, KINDS)
        checks.count("budget", budget, 1)
        if not 0.0 < checks.positive("decision_discount", decision_discount) <= 1.0:
            raise ValueError(f"decision_discount must be in (0, 1], got {decision_discount}")
        self.kind = kind
        self.budget = int(budget)
        self.decision_discount = 1.0 if kind == "options_only" else float(decision_discount)

    @property
    def uses_primitives(self) -> bool:
        """Whether actions are choices in addition to the options."""
        return self.kind != "options_only"

    def __call__(self, models: GoalOptionModels, optimal_value: Array, temperature: Any) -> Array:
        """Return the objective ``()``; differentiable under a JAX transformation.

        Args:
            models: the options as choices in the task of each goal, with actions if
                ``uses_primitives``.
            optimal_value: ``V* (G, S)``, positive.
            temperature: τ > 0, relative to the optimal value.

        Raises:
            ValueError: under a JAX transformation, if 64-bit types are off.
        """
        if planning_namespace(models, optimal_value, temperature) is not np:
            return self._score(models, optimal_value, temperature)
        with jax.enable_x64(True):
            return np.asarray(self._score(models, optimal_value, temperature))

    def _score(self, models: GoalOptionModels, optimal_value: Array, temperature: Any) -> Array:
        models, optimal_value = jax.tree.map(jnp.asarray, (models, optimal_value))
        counted = jnp.arange(models.states) != models.goals[:, None]

        def mean(value: Array) -> Array:
            return jnp.mean(value / optimal_value, where=counted, axis=(-2, -1))

        if self.kind in ("decision_discount", "options_only"):
            return mean(self._fixed_points(models, optimal_value, temperature))
        values, q = _backups(models, optimal_value, Mellowmax(temperature), self.budget)
        if self.kind == "return":
            policy = Mellowmax(temperature).policy(q / optimal_value[:, :, None])
            return mean(_returns(models, jnp.asarray(policy)))
        curve = mean(values)
        if self.kind == "log_gap":
            return -jnp.mean(jnp.log(1.0 + SMALLEST_GAP - curve))
        return curve[-1] if self.kind == "final" else curve.mean()

    def _fixed_points(self, models: GoalOptionModels, optimum: Array, temperature: Any) -> Array:
        """Return ``(G, S)`` by one implicit solve per goal, in units relative to the optimum."""

        def solve(index: Array) -> Array:
            model = _relative(models.model(index), optimum[index], self.decision_discount)
            found = solve_bellman(model, Mellowmax(temperature), tolerance=TOLERANCE)
            return optimum[index] * found.value

        return jax.lax.map(jax.checkpoint(solve), jnp.arange(len(models)))


def _backups(
    models: GoalOptionModels, optimum: Array, operator: Mellowmax, budget: int
) -> tuple[Array, Array]:
    """Return ``v_1 … v_H`` ``(H, G, S)`` and ``q_H (G, S, K)``."""

    def backup(value: Array, _: None) -> tuple[Array, Array]:
        q = models.backup(value) / optimum[:, :, None]
        value = optimum * jnp.asarray(operator.value(q))
        return value, value

    before, values = jax.lax.scan(backup, jnp.zeros(optimum.shape), length=budget - 1)
    q = models.backup(before)
    last = optimum * jnp.asarray(operator.value(q / optimum[:, :, None]))
    return jnp.concatenate([values, last[None]]), q


def _returns(models: GoalOptionModels, policy: Array) -> Array:
    """Return the exact returns ``(G, S)`` of policies ``(G, S, K)`` over the options."""

    def evaluate(index: Array) -> Array:
        return evaluate_policy(models.model(index), policy[index])

    return jax.lax.map(jax.checkpoint(evaluate), jnp.arange(len(models)))


def _relative(model: OptionModel, optimum: Array, discount: float) -> OptionModel:
    """Return the model of ``v / V*``: ``r° / V*(s)`` and ``P° η V*(t) / V*(s)``."""
    scale = optimum[None, :, None]
    return eqx.tree_at(
        lambda model: (model.reward, model.transition),
        model,
        (model.reward / optimum, discount * model.transition * optimum / scale),
    )
