"""Planning curves: the value, and the return of the greedy policy, after each backup."""

from typing import NamedTuple

import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, on_host
from hierax.planning.decision_model import require_a_choice
from hierax.planning.evaluation import evaluate_policy
from hierax.planning.operators import uniform_over_best
from hierax.planning.options.goals import GoalOptionModels

EXCESS = 1e-3
"""Relative excess of a value over the optimum that is allowed, for optima of a loose tolerance."""


class PlanningCurve(NamedTuple):
    """A curve of value iteration under the hard maximum from ``v₀ = 0``, one entry per backup.

    Averages are over goals and over all states but the goal. The value of the goal state itself is
    that of leaving and returning, and is left out.

    Attributes:
        relative_value: ``(n,)`` mean of ``v_k / v*`` after ``k = 1 … n`` backups.
        largest_error: ``(n,)`` largest ``v* - v_k``.
        choices: number of options including actions. A backup of one state of one goal costs this
            many elementary operations.
    """

    relative_value: np.ndarray
    largest_error: np.ndarray
    choices: int

    def sweeps_to(self, fraction: float) -> int | None:
        """Return the number of backups until ``relative_value >= fraction``; None for never."""
        return _first(self.relative_value >= fraction)

    def sweeps_to_error(self, error: float) -> int | None:
        """Return the number of backups until ``largest_error <= error``; None for never."""
        return _first(self.largest_error <= error)


def planning_curve(models: GoalOptionModels, optimal_value: Array, sweeps: int) -> PlanningCurve:
    """Plan for all goals from ``v₀ = 0`` and compare with the optimum after every backup.

    Args:
        models: the options as choices in the task of each goal.
        optimal_value: ``(G, S)`` optimal value of each task, positive.
        sweeps: number of backups ``n``.

    Raises:
        ValueError: if ``models`` is of another type or has a state without a choice, or if
            ``optimal_value`` has the wrong shape, is not positive, or is below a planned value.
    """
    optimum, counted = _reference(models, optimal_value)
    models = on_host(models)
    checks.count("sweeps", sweeps, 1)
    value = np.zeros_like(optimum)
    relative, error = np.empty(sweeps), np.empty(sweeps)
    for sweep in range(sweeps):
        value = models.backup(value).max(axis=-1)
        relative[sweep] = (value / optimum)[counted].mean()
        error[sweep] = (optimum - value)[counted].max()
    if relative.max() > 1.0 + EXCESS:
        raise ValueError(
            "optimal_value must be at least the value of planning, got one that is too small by "
            f"{relative.max() - 1.0:.1e} of it: solve for it with a smaller tolerance"
        )
    return PlanningCurve(relative, error, models.options)


def greedy_return(models: GoalOptionModels, optimal_value: Array, sweeps: int) -> np.ndarray:
    """Return the mean return of the greedy policy after each backup, relative to the optimum.

    After ``k`` backups from 0 the policy is uniform over the best choices of ``q_k``. A chosen
    option is followed to its end. The return is exact, by a linear solve for each goal.

    Args:
        models: the options as choices in the task of each goal.
        optimal_value: ``(G, S)`` optimal value of each task, positive.
        sweeps: number of backups ``n``.

    Returns:
        ``(n,)`` ratios to the optimum, averaged as in `PlanningCurve`.

    Raises:
        ValueError: in the same cases as `planning_curve`.
    """
    optimum, counted = _reference(models, optimal_value)
    models = on_host(models)
    checks.count("sweeps", sweeps, 1)
    value, returned = np.zeros_like(optimum), np.zeros((sweeps, *optimum.shape))
    policies = []
    for _ in range(sweeps):
        q = models.backup(value)
        policies.append(uniform_over_best(q))
        value = q.max(axis=-1)
    for index, model in enumerate(models.models()):
        for sweep, policy in enumerate(policies):
            returned[sweep, index] = evaluate_policy(model, policy[index])
    return (returned / optimum)[:, counted].mean(axis=1)


def _reference(models: GoalOptionModels, optimal_value: Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the optimum, and a mask ``(G, S)`` of the pairs in the averages."""
    checks.instance("models", models, GoalOptionModels)
    require_a_choice("models", models.available)
    optimum = np.asarray(model_checks.numeric("optimal_value", optimal_value))
    checks.require_shape("optimal_value", optimum, (len(models), models.states))
    is_value = (optimum > 0) & np.isfinite(optimum)
    if not is_value.all():
        index = model_checks.first(~is_value)
        raise ValueError(
            f"optimal_value must be positive and finite, got {optimum[index]} at "
            f"{model_checks.place(('goal', 'state'), index)}: a goal that cannot be reached has no "
            "relative value"
        )
    if models.states == 1:
        raise ValueError("models must have a state that is not the goal, got one state")
    return optimum, np.arange(models.states) != np.asarray(models.goals)[:, None]


def _first(reached: np.ndarray) -> int | None:
    return int(np.argmax(reached)) + 1 if reached.any() else None
