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


def relabelled(
    agent: LatentSpacePolicy,
    state: TrainState,
    above: LatentSpacePolicy,
    reward: Reward | None = None,
) -> Memory:
    """The replay of ``agent`` as the level above would have filled it.

    Args:
        agent: whose top level stored it.
        state: with its replay, and the flow that is about to be frozen.
        above: what `LatentSpacePolicy.add_level` made of it, in the same world.
        reward: of the task of the level above; None where it is the same.

    Returns:
        The replay for ``above``.

    Raises:
        ValueError: where one of the two levels decides less often than in every step, or ``above``
            is another world's or another agent's.
    """
    if (above.spec, above.levels[:-1]) != (agent.spec, agent.levels):
        raise ValueError(
            "above is another agent, but must be what add_level made of this one in its own world"
        )
    for level in (agent.top, above.top):
        if level.control_interval != 1:
            raise ValueError(
                f"control_interval is {level.control_interval}, but must be 1 in both levels: a "
                "held decision is no output of the policy in the steps that follow"
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
        paid = paid.reshape(rows, environments).astype(step.reward.dtype)
        step = step._replace(reward=paid)
    return memory._replace(step=step)
