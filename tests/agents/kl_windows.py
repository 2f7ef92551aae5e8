"""Windows of steps that agents make in small worlds, while their parameters change."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from agents import kl_numpy
from agents.kl_rollouts import modules_of
from agents.lines import Line
from hierax.agents import Transition
from hierax.training import acting
from hierax.worlds import BodyGrid
from hierax.worlds.functional_batch import FunctionalBatch

N = 64
GRID = BodyGrid(2, size=3, episode_limit=7)
LINE = Line(episode_limit=6)


class Window(NamedTuple):
    """The steps of a window and the parameters that they were made with."""

    parameters: dict
    rollout: Transition


@functools.partial(jax.jit, static_argnums=(0, 1))
def _begin(agent, batch, key):
    return agent.init(key, N), acting.Acting(batch.reset(key), agent.initial_carry(N), key)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def trained(agent, world, updates):
    """The state of an agent after so many windows and updates, and the last window."""
    batch = FunctionalBatch(world, N)

    def one(at, _):
        state, now, _ = _advance(agent, batch, *at[:2])
        rollout = agent.store.read(state.replay)
        return (agent.learn(state)[0], now, rollout), None

    first = _begin(agent, batch, jax.random.key(0))
    return jax.lax.scan(one, (*first, agent.store.read(first[0].replay)), length=updates)[0]


@functools.partial(jax.jit, static_argnums=(0, 1))
def _advance(agent, batch, state, now):
    behaviour = acting.Behaviour(agent, explore=True)

    def one(at, _):
        state, now = at
        before = now.worlds.timestep.observation
        now, action, extras = acting.step(behaviour, batch, state, now)
        made = acting.transition(before, action, extras, now.worlds.timestep)
        return (agent.observe(state, made), now), None

    at, _ = jax.lax.scan(one, (state, now), length=agent.rollout_length)
    return *at, agent.next_batch(at[0])


def windows(agent, world, count, change=lambda parameters: parameters):
    """So many windows, one after the other; the parameters of each are other ones.

    Args:
        agent: the agent.
        world: its world.
        count: number of windows.
        change: from parameters to those that are used.
    """
    batch, made = FunctionalBatch(world, N), []
    state, now = _begin(agent, batch, jax.random.key(0))
    for number in range(count):
        parameters = change(modules_of(agent, seed=number).parameters)
        state = state._replace(learner=state.learner._replace(parameters=parameters))
        state, now, rollout = _advance(agent, batch, state, now)
        made.append(Window(parameters, jax.device_get(rollout)))
    return made


@functools.partial(jax.jit, static_argnums=0)
def _log_prob(agent, parameters, rollout, key):
    policy = agent.unrolled(parameters, {}, rollout, key).policy
    return jax.tree.map(lambda leaf: leaf[:-1], policy).log_prob(rollout.action)


def ratios(agent, window, key):
    """π / μ of each step as updates see it, with the parameters of acting."""
    rollout = jax.tree.map(jnp.asarray, window.rollout)
    found = _log_prob(agent, window.parameters, rollout, key)
    return np.exp(np.asarray(found) - window.rollout.extras["log_prob"])


def high_level(window):
    """Mean and standard deviation of latents at the observations of steps, in NumPy."""
    layers = kl_numpy.arrays(window.parameters)["high"]
    return kl_numpy.gaussian(kl_numpy.network(layers, window.rollout.observation["high"][:-1]))
