"""An old replay, told anew as experience of a level that was put on top.

Whatever a level put out, x_k, the level above could have asked for: by the latent
f_k^{-1}(x_k; s). So what the lower level stored is experience of the upper one as well, under other
actions and, where the task is another, other rewards.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents.agent import TrainState
from hierax.agents.latent_space import LatentSpacePolicy
from hierax.agents.replay import Memory

ROWS_AT_ONCE = 4_096
Reward = Callable[[Mapping[str, Any], jax.Array, Mapping[str, Any]], jax.Array]
"""(observation, action of the environment, next observation) of M steps → rewards ``(M,)``."""


def relabelled(agent: LatentSpacePolicy, state: TrainState, reward: Reward | None = None) -> Memory:
    """The replay of ``agent`` as the level above would have filled it.

    Args:
        agent: whose top level stored it, deciding in every step.
        state: with replay and the flow that is about to be frozen.
        reward: of the task of the level above; None where it is the same.

    Returns:
        The replay for the agent that `LatentSpacePolicy.add_level` makes, in the same world.

    Raises:
        ValueError: where the level decides less often than every step.
    """
    if agent.top.control_interval != 1:
        raise ValueError(
            f"control_interval is {agent.top.control_interval}, but must be 1: a held decision "
            "is no output of the policy in the steps that follow"
        )
    memory = state.replay
    rows, environments = memory.step.reward.shape

    def flat(leaf: jax.Array) -> jax.Array:
        return leaf.reshape(rows * environments, *leaf.shape[2:])

    def latent(row: tuple[Mapping[str, jax.Array], jax.Array]) -> jax.Array:
        observation, output = jax.tree.map(lambda leaf: leaf[None], row)
        flow = state.learner.top.actor
        return flow.inverse(output, agent.see(state, observation))[0][0]

    seen = jax.tree.map(flat, memory.observation)
    outputs = flat(memory.step.action)
    latents = jax.lax.map(latent, (seen, outputs), batch_size=ROWS_AT_ONCE)
    step = memory.step._replace(action=latents.reshape(memory.step.action.shape))
    if reward is not None:
        following = jax.tree.map(lambda leaf: flat(jnp.roll(leaf, -1, axis=0)), memory.observation)
        paid = reward(seen, agent.executed(state, seen, outputs), following)
        step = step._replace(reward=paid.reshape(rows, environments))
    return memory._replace(step=step)
