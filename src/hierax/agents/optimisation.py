"""A gradient step, and the Polyak update of target parameters."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import optax

Parameters = TypeVar("Parameters")


class GradientStep(NamedTuple):
    """The result of one gradient step.

    Attributes:
        parameters: after the step.
        optimiser: state of the optimiser after the step.
        loss: () before the step.
        aux: the auxiliary output of the loss.
        gradient_norm: () Euclidean norm of the whole gradient.
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
