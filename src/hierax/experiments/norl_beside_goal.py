"""Trained agents of NORL beside the goal of a maze, each level by itself.

The high level is watched: how large are its goals there, and do they point back and forth? The low
level is asked for small displacements: by how much does it miss them?
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from hierax.agents import NORL
from hierax.agents.agent import Key, TrainState
from hierax.agents.goal_conditioned.batches import GOAL
from hierax.agents.goal_conditioned.goals import distance
from hierax.experiments.ranges import range_of
from hierax.statistics import interval
from hierax.worlds import BatchState, FunctionalBatch, World

EPISODES = 16
WALK, WATCHED = 400, 200
"""Steps of an episode, and how many of them, the last ones, are looked at."""
ASKED = (0.1, 0.3)
"""Lengths of the displacements that the low level is asked for, in units of the box."""


def beside_goal(world: World, agent: NORL, states: Sequence[TrainState]) -> dict[str, Any]:
    """Return the behaviour of each state of an agent, without exploration.

    Returns:
        Averages over states: ``"distance"`` from the goal of the world, in its units;
        ``"goal_size"``, mean length of the goals of the high level, in units of the box;
        ``"turns"``, share of goals at more than a right angle to the one before; ``"missed_0.1"``
        and ``"missed_0.3"``, what the low level leaves of displacements of that length, as a share
        of them.
    """
    measure = jax.jit(partial(_measured, world, agent))
    found = [jax.device_get(measure(state, jax.random.key(n))) for n, state in enumerate(states)]
    return {name: interval([each[name] for each in found], range_of(name)) for name in found[0]}


def _measured(world: World, agent: NORL, state: TrainState, key: Key) -> dict[str, jax.Array]:
    batch = FunctionalBatch(world, EPISODES)
    keys = jax.random.split(key, 3)
    walk = partial(_walk, batch, agent, state)
    at, (shown, goals) = walk((batch.reset(keys[0]), agent.initial_carry(EPISODES)), keys[1], WALK)
    assert world.spec.goal is not None
    apart = distance(world.spec.goal.achieved_goal(shown), jnp.array(world.spec.goal.fixed))
    set_late = goals[-WATCHED :: agent.control_interval]
    turns = (set_late[1:] * set_late[:-1]).sum(axis=-1) < 0.0
    return {
        "distance": apart[-WATCHED:].mean(),
        "goal_size": jnp.linalg.norm(set_late, axis=-1).mean(),
        "turns": turns.mean(),
        **{f"missed_{size:g}": _missed(agent, state, walk, at, keys[2], size) for size in ASKED},
    }


def _walk(
    batch: FunctionalBatch, agent: NORL, state: TrainState, at: Any, key: Key, steps: int
) -> tuple[Any, Any]:
    """Return where so many steps lead to, and the observations and goals before each step."""

    def step(at: tuple[BatchState, Any], key: Key) -> tuple[Any, Any]:
        worlds, carry = at
        shown = worlds.timestep.observation
        carry, action, extras = agent.act(state, carry, shown, key, explore=False)
        return (batch.step(worlds, action, key), carry), (shown, extras[GOAL])

    return jax.lax.scan(step, at, jax.random.split(key, steps))


def _missed(agent: NORL, state: TrainState, walk: Any, at: Any, key: Key, size: float) -> jax.Array:
    """Return what is left of displacements of a length in all directions, as a share of it."""
    worlds, carry = at

    def place(worlds: BatchState) -> jax.Array:
        shown = worlds.timestep.observation
        return agent.places(state.learner, agent.features(state.encoders, shown))

    direction = jax.random.normal(key, carry.target.shape)
    asked = size * direction / jnp.linalg.norm(direction, axis=-1, keepdims=True)
    target = agent.box.target(asked, place(worlds))
    # From the second step of a decision on, the low level pursues what was set at the first.
    carry = carry._replace(age=jnp.ones_like(carry.age), target=target)
    (after, _), _ = walk((worlds, carry), key, agent.control_interval - 1)
    left = distance(place(after), target) / distance(place(worlds), target)
    return left.mean()
