"""`solve_finite_horizon`: the best policy for a given number of steps, by backward induction."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, planning_namespace
from hierax.planning.decision_model import require_finite_value
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.operators import HardMax, Operator, require_operator


class FiniteHorizonSolution(NamedTuple):
    """Values and policies for each number of steps that are left.

    Attributes:
        value: ``(H + 1, S)``; row t is the optimal value before step t, in units of reward, and the
            last row is the terminal value.
        action_value: ``(H, S, A)``; ``-inf`` at unavailable pairs.
        policy: ``(H, S, A)``: row t is the policy of step t.
    """

    value: Array
    action_value: Array
    policy: Array


def solve_finite_horizon(
    mdp: TabularMDP | Sequence[TabularMDP],
    horizon: int | None = None,
    terminal_value: Any = None,
    operator: Operator = HardMax(),  # noqa: B008 (immutable)
) -> FiniteHorizonSolution:
    """Return the optimal values and policies of H steps (Puterman 1994, section 4.5).

        v_H = terminal value
        v_t(s) = Ω_a [ r_t(s, a) + Σ_s' γ_t(s, a, s') P_t(s'|s, a) v_{t+1}(s') ]

    The result is exact up to rounding, of about ``H ε ‖v‖∞`` with ``ε = 2.2e-16``. The discount may
    be 1. Under ``jit``, ``grad`` or ``vmap`` (64-bit types on) the value has derivatives.

    Args:
        mdp: the model, or a sequence of H models with the same states and actions, one for each
            step.
        horizon: H, number of steps; for a sequence its length, and may be left out.
        terminal_value: ``(S,)`` value after the last step; 0 when omitted.
        operator: `HardMax`, `LogSumExp`, `Mellowmax` or `Boltzmann`.

    Returns:
        A `FiniteHorizonSolution`.

    Raises:
        ValueError: if an argument is not allowed, models differ in shape, or a value is beyond
            float64.
    """
    require_operator(operator)
    models = _models(mdp, horizon)
    states, actions = models[0].available.shape
    last = np.zeros(states)
    if terminal_value is not None:
        last = model_checks.state_values("terminal_value", terminal_value, states)
    steps = len(models) if horizon is None else horizon
    if planning_namespace(models, last, operator) is not np:
        return _in_jax(models, steps, last, operator)
    backups = _backups(models if len(models) == steps else models * steps)
    return _on_host(backups, models[0], np.asarray(last), operator, (steps, states, actions))


def _models(mdp: Any, horizon: Any) -> list[TabularMDP]:
    """Return the models; one for a model that all steps have."""
    if not isinstance(mdp, Sequence):
        checks.count("horizon", horizon, 1)
        return [as_model(mdp, discounted=False)]
    models = [as_model(each, discounted=False) for each in mdp]
    if not models:
        raise ValueError("mdp must have a model for each step, got an empty sequence")
    if horizon is not None:
        checks.count("horizon", horizon, 1)
        if horizon != len(models):
            raise ValueError(
                f"horizon must be the number of models, {len(models)}, or be left out, got "
                f"{horizon}"
            )
    for step, model in enumerate(models):
        if model.available.shape != models[0].available.shape:
            raise ValueError(
                f"models of all steps must have {models[0].states} states and "
                f"{models[0].actions} actions as that of step 0, got {model.states} and "
                f"{model.actions} at step {step}"
            )
    return models


def _backups(models: Sequence[TabularMDP]) -> Iterator[tuple[Any, np.ndarray]]:
    """Return table ``Γ∘P (S*A, S)`` and reward ``(S, A)`` of each step, from the last to the first.

    Tables of a model that several steps share are made once.
    """
    made: dict[int, tuple[Any, np.ndarray]] = {}
    for model in reversed(models):
        if id(model) not in made:
            table = model.discounted_transition
            table = table.reshape(-1, model.states) if isinstance(table, np.ndarray) else table
            made = {id(model): (table, np.where(model.available, model.reward, -np.inf))}
        yield made[id(model)]


def _on_host(
    backups: Iterator[tuple[Any, np.ndarray]],
    model: TabularMDP,
    last: np.ndarray,
    operator: Operator,
    shape: tuple[int, int, int],
) -> FiniteHorizonSolution:
    horizon, states, _ = shape
    value, q, policy = np.empty((horizon + 1, states)), np.empty(shape), np.empty(shape)
    value[horizon] = last
    for step, (table, reward) in zip(range(horizon - 1, -1, -1), backups, strict=True):
        np.add(reward, (table @ value[step + 1]).reshape(reward.shape), out=q[step])
        value[step] = operator.value(q[step])
        policy[step] = operator.policy(q[step])
    for row in value:
        require_finite_value(model, row)
    return FiniteHorizonSolution(value, q, policy)


def _in_jax(
    models: Sequence[TabularMDP], steps: int, last: Any, operator: Operator
) -> FiniteHorizonSolution:
    """Return the solution in JAX: a scan for one model, a loop for several."""

    def step(after: Any, model: TabularMDP) -> tuple[Any, tuple[Any, Any, Any]]:
        q = model.backup(after)
        value = operator.value(q)
        return value, (value, q, operator.policy(q))

    last = jnp.asarray(last)
    if len(models) == 1:
        (model,) = models
        backward = jax.lax.scan(lambda after, _: step(after, model), last, length=steps)
        found = [field[::-1] for field in backward[1]]
    else:
        rows, after = [], last
        for model in reversed(models):
            after, row = step(after, model)
            rows.append(row)
        found = [jnp.stack(field[::-1]) for field in zip(*rows, strict=True)]
    value, q, policy = found
    return FiniteHorizonSolution(jnp.concatenate([value, last[None]]), q, policy)
