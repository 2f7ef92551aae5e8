"""An agent of two levels on a plane that exists on paper, and its steps there.

Compilation is most of the time of these tests. So the steps of one agent are made once, and are
then stored by agents with other settings.
"""

import functools
from typing import NamedTuple

import jax
import numpy as np

from hierax.agents import Transition
from hierax.agents.goal_conditioned import HIRO
from hierax.agents.transfer import transferred
from hierax.spec import Continuous, GoalSpec, View, WorldSpec

N, A = 3, 2
"""Environments, and numbers of an action and of a position."""
VIEWS = (View("position", (A,)), View("goal", (A,)), View("body", (1,)))
GOAL = GoalSpec(achieved="position", desired="goal", radius=0.5)
PLANE = WorldSpec("Plane-v0", VIEWS, Continuous(A), 50, goal=GOAL)
RANGE = np.array([2.0, 3.0])
"""Half ranges of the goal box."""
INTERVAL = 4
SMALL = {
    "control_interval": INTERVAL,
    "goal_range": tuple(RANGE),
    "normalise_observations": False,
    "hidden_sizes": (8,),
    "batch_size": 200,
    "high_batch_size": 64,
    "buffer_size": 300,
    "random_actions": 0,
    "discount": 0.6,
    "low_discount": 0.9,
    "high_reward_scale": 0.1,
    "low_reward": "distance",
    "low_reward_scale": 0.5,
}
ENDS = (((6, False), (9, True), (4, False)), ((7, True), (4, True)), ((5, False), (11, True)))
"""Length of each episode of each environment, over and over, and whether it terminates."""
KEY = jax.random.key(3)
LEARNING = {
    "normalise_observations": True,
    "relabel": "achieved",
    "correction": 0.5,
    "target_policy_noise": 0.0,
    "policy_delay": 1,
    "batch_size": 64,
}
"""Settings of one agent for all tests of updates. Without noise the keys do not matter. Batches of
both levels have the same shapes."""

act = jax.jit(
    lambda agent, explore, *given: agent.act(*given, explore=explore), static_argnums=(0, 1)
)
update = jax.jit(lambda agent, *given: agent.update(*given), static_argnums=0)


class Walked(NamedTuple):
    """A step of all environments.

    Attributes:
        row: the step.
        age: ``(N,)``, steps before it in its episode.
    """

    row: Transition
    age: np.ndarray


def agent_of(**changes):
    """An agent with these settings."""
    return HIRO(PLANE, **{**SMALL, **changes})


@functools.cache
def new(agent):
    """The state of an agent before the first step."""
    shapes = jax.eval_shape(lambda: agent.init(jax.random.key(0), N)).replay
    empty = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
    return agent.acting_state(jax.random.key(0))._replace(replay=empty)


def over_low_level(agent, trained, seed=0, source=None):
    """A new state over the low level of a trained one, of an agent like it or of ``source``."""
    key, taken = jax.random.key(seed), ("low",)
    return transferred(source or agent, trained, agent, key, keep=taken, freeze=taken)


@functools.partial(jax.jit, static_argnums=0)
def _stored(agent, state, rows):
    def observed(state, row):
        return agent.observe(state, row), None

    state = jax.lax.scan(observed, state, rows)[0]
    return state, agent.next_batch(state)


def stored(agent, rows, state=None):
    """The state of an agent that made these steps, and a batch of it."""
    state = new(agent) if state is None else state
    steps = jax.tree.map(lambda *leaves: np.stack(leaves), *(row for row, _ in rows))
    state, batch = _stored(agent, state, steps)
    return state, jax.device_get(batch)


@functools.partial(jax.jit, static_argnums=0)
def _transitions(agent, learner, low):
    return jax.vmap(lambda steps: agent.low_transitions(learner, steps))(low)


def low_transitions(agent, state, batch):
    """The batches of the low level as transitions, ``(k, B, ...)``."""
    return jax.device_get(_transitions(agent, state.learner, batch.low))


def seen(rng, count=N, views=VIEWS):
    """Any observation."""
    return {view.name: np.float32(rng.normal(size=(count, *view.shape))) for view in views}


@functools.cache
def walked(agent, steps, ends=ENDS):
    """So many steps of an untrained agent."""
    rng, rows, state = np.random.default_rng(0), [], new(agent)
    beginning = jax.device_get(agent.initial_carry(N))
    carry, shown = beginning, seen(rng, views=agent.spec.views)
    age, episode, ended = np.zeros(N, int), np.zeros(N, int), np.zeros(N, bool)
    for t in range(steps):
        given = state._replace(replay=None), carry, shown, jax.random.fold_in(KEY, t)
        carry, action, extras = jax.device_get(act(agent, True, *given))
        is_step = ~ended
        now = [own[number % len(own)] for own, number in zip(ends, episode, strict=True)]
        length, final = np.array(now).T
        ended = is_step & (age + 1 == length)
        after = seen(rng, views=agent.spec.views)
        moved = shown["position"] + np.float32(0.5 * action + 0.2 * rng.normal(size=(N, A)))
        after["position"] = np.where(is_step[:, None], moved, after["position"])
        reward = np.float32(rng.normal(size=N))
        over, cut = ended & (final == 1), ended & (final == 0)
        row = Transition(shown, action, extras, reward, over, cut, after, is_step)
        rows.append(Walked(row, age))
        carry = _begun_anew(beginning, carry, is_step)
        age, episode, shown = np.where(is_step, age + 1, 0), episode + ended, after
    return rows


def _begun_anew(beginning, carry, is_step):
    def one(first, later):
        return np.where(is_step.reshape(-1, *(1,) * (later.ndim - 1)), later, first)

    return jax.tree.map(one, beginning, carry)


def by_position(rows):
    """Number and environment of each step, by the position before it."""
    return {
        tuple(row.observation["position"][n]): (t, n)
        for t, (row, _) in enumerate(rows)
        for n in range(N)
        if row.is_step[n]
    }


def target_of(row, n):
    """The point that the goal of a step stands for, with 64 bits."""
    return row.observation["position"][n].astype(float) + RANGE * row.extras["goal"][n]
