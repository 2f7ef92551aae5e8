"""Replay transfer: the replay of a level as experience of the level put on top of it.

Any output x_k of the lower level can be reached by the upper level, with the latent
f_k^{-1}(x_k; s). So what the lower level stored is experience of the upper level too, under other
actions and, for another task, other rewards.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents.agent import TrainState
from hierax.agents.latent_space.agent import OUTPUT, LatentSpacePolicy
from hierax.agents.replay import ReplayState

ROWS_AT_ONCE = 4_096
Reward = Callable[[Mapping[str, Any], jax.Array, Mapping[str, Any]], jax.Array]
"""(observation, action of the environment, next observation) of M steps → rewards ``(M,)``."""


def transfer_replay(
    agent: LatentSpacePolicy,
    state: TrainState,
    above: LatentSpacePolicy,
    reward: Reward | None = None,
) -> ReplayState:
    """Return the replay of ``agent`` as the level above would have filled it.

    Args:
        agent: the agent whose top level filled the replay.
        state: of ``agent``, with its replay.
        above: the agent that `LatentSpacePolicy.add_level` made of it, in the same world.
        reward: of the task of the level above; None if it is the same.

    Returns:
        The replay for ``above``.

    Raises:
        ValueError: if one of the two levels does not decide in every step, or ``above`` is not the
            agent that ``add_level`` made of ``agent`` in its own world.
    """
    if (above.spec, above.levels[:-1]) != (agent.spec, agent.levels):
        raise ValueError(
            "above must be the agent that add_level made of this one in its own world, got another"
        )
    for level in (agent.top, above.top):
        if level.control_interval != 1:
            raise ValueError(
                f"control_interval must be 1 in both levels, got {level.control_interval}: a held "
                "decision is not an output of the policy in the steps that follow"
            )
    ring = state.replay.ring
    rows, environments = ring.step.reward.shape

    def flat(leaf: jax.Array) -> jax.Array:
        return leaf.reshape(rows * environments, *leaf.shape[2:])

    def latent(row: tuple[Mapping[str, jax.Array], jax.Array]) -> jax.Array:
        observation, output = jax.tree.map(lambda leaf: leaf[None], row)
        flow = state.learner.top.actor
        return flow.inverse(output, agent.preprocess(state, observation))[0][0]

    observations = jax.tree.map(flat, ring.observation)
    outputs = ring.step.extras[OUTPUT]
    latents = jax.lax.map(latent, (observations, flat(outputs)), batch_size=ROWS_AT_ONCE)
    step = ring.step._replace(extras={OUTPUT: latents.reshape(outputs.shape)})
    if reward is not None:
        following = jax.tree.map(lambda leaf: flat(jnp.roll(leaf, -1, axis=0)), ring.observation)
        rewards = reward(observations, flat(ring.step.action), following)
        step = step._replace(reward=rewards.reshape(rows, environments).astype(step.reward.dtype))
    return state.replay._replace(ring=ring._replace(step=step))
