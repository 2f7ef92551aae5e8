"""Twin critics Q(s, a)."""

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.networks import MLP, stack


def twin_critics(
    key: Key,
    observation_size: int,
    action_size: int,
    hidden_sizes: tuple[int, ...],
    final_scale: float = 1.0,
) -> MLP:
    """Return two networks (observation, action) → value, stacked on a leading axis of length 2."""
    size = observation_size + action_size
    return stack(key, 2, lambda each: MLP(each, size, hidden_sizes, 1, final_scale=final_scale))


def action_values(critics: MLP, observation: jax.Array, action: jax.Array) -> jax.Array:
    """Return ``(C, B)``: the values of C critics for actions ``(B, A)`` at ``(B, D)``."""
    pair = jnp.concatenate([observation, action], axis=-1)
    # One copy for each critic. With a shared input XLA merges the first products of all critics,
    # and then has to transpose the result and its gradient.
    pairs = jnp.broadcast_to(pair, (len(critics.layers[0].bias), *pair.shape))
    return jax.vmap(lambda critic, own: critic(own)[..., 0])(critics, pairs)
