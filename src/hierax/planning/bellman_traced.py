"""The JAX backend of `solve_bellman`: Newton's method with an implicit derivative.

With ``J = ∂T/∂v = ∇Ω ∘ Γ∘P`` a Newton step is ``v ← v + (I - J)⁻¹ (T v - v)``. This is soft
policy iteration for a smooth maximum and policy iteration for the hard maximum. At the fixed point
the same step, with ``v`` and ``J`` constant, has the derivative of the implicit function theorem,

    dv*/dθ = (I - J)⁻¹ ∂_θ T(v*, θ),

so one more step implements the derivative for jvp, vjp and vmap, first order only.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.planning.backend import Array
from hierax.planning.decision_model import DecisionModel
from hierax.planning.operators import Operator

Problem: TypeAlias = tuple[DecisionModel, Operator]

METHODS = ("auto", "policy_iteration", "value_iteration")
MOST_NEWTON_STEPS = 200
MOST_BACKUPS = 200_000
UNROLLED_NEWTON_STEPS = 30
"""Steps that are differentiated if ``implicit=False``; Newton's method needs about twelve."""
UNROLLED_BACKUPS = 2_000
"""The same for value iteration: enough for a discount of 0.99."""


def differentiable_value(
    model: DecisionModel,
    operator: Operator,
    method: str,
    tolerance: Any,
    implicit: bool,
    start: Array | None = None,
) -> tuple[Array, Array]:
    """Return the fixed point ``(S,)``, with its derivative, and the number of steps.

    The iteration starts at ``start (S,)``, by default zero. Only the number of steps depends on it.
    """
    checks.one_of("method under jit, grad or vmap", method, METHODS)
    problem = (model, operator)
    start = jnp.zeros(model.states) if start is None else jax.lax.stop_gradient(start)
    # The Boltzmann average is not a contraction: Newton may jump between its fixed points.
    backups = method == "value_iteration" or not operator.contracts
    if not implicit:
        return _unrolled(problem, bellman if backups else _newton, start)
    fixed = jax.lax.stop_gradient(problem)
    advance, most = (bellman, MOST_BACKUPS) if backups else (_newton, MOST_NEWTON_STEPS)
    target = tolerance * (1.0 - fixed[0].contraction)
    value, steps = _iterate(fixed, advance, most, target, start)
    return _implicit_step(problem, fixed, value), steps


def bellman(problem: Problem, value: Array) -> Array:
    """Return one backup ``Ω(r + Γ∘P v)``, ``(S,)``."""
    model, operator = problem
    return jnp.asarray(operator.value(model.backup(value)))


def _system(problem: Problem, value: Array) -> Array:
    """Return ``I - J`` at ``value``, ``(S, S)``."""
    model, operator = problem
    weights = jax.vmap(jax.grad(operator.value))(model.backup(value))
    jacobian = jnp.einsum("sa,sat->st", weights, model.discounted_transition)
    return jnp.eye(model.states) - jacobian


def _newton(problem: Problem, value: Array) -> Array:
    step = jnp.linalg.solve(_system(problem, value), bellman(problem, value) - value)
    return value + step


def _iterate(
    problem: Problem, advance: Callable, most: int, target: Any, start: Array
) -> tuple[Array, Array]:
    """Advance until the Bellman residual is at most ``target`` or the rounding error."""

    def unfinished(loop: tuple[Array, Array, Array]) -> Array:
        value, steps, residual = loop
        rounding = 8.0 * jnp.finfo(value.dtype).eps * jnp.abs(value).max()
        return (steps < most) & (residual > jnp.maximum(target, rounding))

    def body(loop: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        value = advance(problem, loop[0])
        return value, loop[1] + 1, jnp.abs(bellman(problem, value) - value).max()

    value, steps, _ = jax.lax.while_loop(
        unfinished, body, (start, jnp.asarray(0), jnp.asarray(jnp.inf))
    )
    return value, steps


def _implicit_step(problem: Problem, fixed: Problem, value: Array) -> Array:
    value = jax.lax.stop_gradient(value)
    system = jax.lax.stop_gradient(_system(fixed, value))
    return value + jnp.linalg.solve(system, bellman(problem, value) - value)


def _unrolled(problem: Problem, advance: Callable, start: Array) -> tuple[Array, Array]:
    def body(value: Array, _: None) -> tuple[Array, None]:
        return advance(problem, value), None

    steps = UNROLLED_NEWTON_STEPS if advance is _newton else UNROLLED_BACKUPS
    value, _ = jax.lax.scan(body, start, length=steps)
    return value, jnp.asarray(steps)
