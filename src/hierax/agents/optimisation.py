"""Adam with its options, a gradient step, and the Polyak update of target parameters."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import optax

Parameters = TypeVar("Parameters")


def adam(
    learning_rate: float,
    end: float | None = None,
    updates: int = 1,
    max_gradient_norm: float | None = None,
) -> optax.GradientTransformation:
    """Return Adam, with a learning rate that falls linearly and with gradient clipping.

    Args:
        learning_rate: at the first update.
        end: learning rate after ``updates`` updates; None keeps it constant.
        updates: number of updates over which it falls.
        max_gradient_norm: largest Euclidean norm of the gradient of one network; longer gradients
            are scaled down to it. None does not clip.
    """
    constant = end is None
    optimiser = optax.adam(
        learning_rate if constant else optax.linear_schedule(learning_rate, end, updates)
    )
    if max_gradient_norm is None:
        return optimiser
    return optax.chain(optax.clip_by_global_norm(max_gradient_norm), optimiser)


class GradientStep(NamedTuple):
    """The result of one gradient step.

    Attributes:
        parameters: after the step.
        optimiser: state of the optimiser after the step.
        loss: () before the step.
        aux: the auxiliary output of the loss.
        gradient_norm: () Euclidean norm of the whole gradient, before it is clipped.
    """

    parameters: Any
    optimiser: Any
    loss: jax.Array
    aux: Any
    gradient_norm: jax.Array


def gradient_step(
    optimiser: optax.GradientTransformation,
    loss: Callable[[Any], tuple[jax.Array, Any]],
    parameters: Any,
    state: Any,
) -> GradientStep:
    """Make one step of ``optimiser`` on ``loss``, which returns a scalar and auxiliary output."""
    (value, aux), gradient = jax.value_and_grad(loss, has_aux=True)(parameters)
    change, state = optimiser.update(gradient, state, parameters)
    norm = optax.tree.norm(gradient)
    return GradientStep(optax.apply_updates(parameters, change), state, value, aux, norm)


def polyak_update(targets: Parameters, online: Parameters, tau: float) -> Parameters:
    """Return target parameters after one Polyak update: θ' + τ (θ − θ').

    `optax.incremental_update` computes τ θ + (1 − τ) θ'. This form leaves targets that equal the
    online parameters exactly as they are.
    """
    return jax.tree.map(lambda old, new: old + tau * (new - old), targets, online)
