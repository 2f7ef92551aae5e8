"""Pairs of critics, and a step of gradient descent: what every off-policy learner is made of."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import optax

from hierax.agents.agent import Key
from hierax.agents.networks import MLP, stack

Parameters = TypeVar("Parameters")


def twin_critics(
    key: Key, observation_size: int, action_size: int, hidden_sizes: tuple[int, ...]
) -> MLP:
    """Two networks (observation, action) → value, stacked on a leading axis of length 2."""
    size = observation_size + action_size
    return stack(key, 2, lambda each: MLP(each, size, hidden_sizes, 1))


def action_values(critics: MLP, observation: jax.Array, action: jax.Array) -> jax.Array:
    """``(2, B)``: what each of two critics holds of actions ``(B, A)`` at ``(B, D)``.

    There may be another number of critics than two.
    """
    pair = jnp.concatenate([observation, action], axis=-1)
    # A copy for each critic: shared between them, their first products would be one, whose result
    # then has to be transposed, and so has its gradient.
    pairs = jnp.broadcast_to(pair, (len(critics.layers[0].bias), *pair.shape))
    return jax.vmap(lambda critic, own: critic(own)[..., 0])(critics, pairs)


def follow(targets: Parameters, online: Parameters, rate: float) -> Parameters:
    """Target parameters one step nearer to the online ones: (1 − τ) θ' + τ θ."""
    return jax.tree.map(lambda old, new: old + rate * (new - old), targets, online)


class Descended(NamedTuple):
    """What a step of gradient descent gives.

    Attributes:
        parameters: after the step.
        optimiser: state of the optimiser after the step.
        loss: () before the step.
        aux: what the loss returned beside.
        gradient_norm: () Euclidean norm of the whole gradient.
    """

    parameters: Any
    optimiser: Any
    loss: jax.Array
    aux: Any
    gradient_norm: jax.Array


def descend(
    optimiser: optax.GradientTransformation,
    loss: Callable[[Any], tuple[jax.Array, Any]],
    parameters: Any,
    state: Any,
) -> Descended:
    """One step of ``optimiser`` on ``loss``, which returns a value and something beside it."""
    (value, aux), gradient = jax.value_and_grad(loss, has_aux=True)(parameters)
    change, state = optimiser.update(gradient, state, parameters)
    norm = optax.tree.norm(gradient)
    return Descended(optax.apply_updates(parameters, change), state, value, aux, norm)
