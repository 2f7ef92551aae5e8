"""Stacks of levels in worlds that exist on paper, and what they do when something is shown."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents import LatentSpacePolicy, Level, Transition
from hierax.agents.latent_space.stack import StackCarry
from hierax.spec import Continuous, View, WorldSpec

N, D = 5, 2
"""Environments, and numbers in an action."""
BODY, TASK = View("body", (3,)), View("task", (2,))
PLAIN = WorldSpec("Plain-v0", (BODY,), Continuous(D), 50)
RICH = WorldSpec("Rich-v0", (TASK, BODY), Continuous(D), 50)  # what is new stands in front
SMALL = {"hidden_sizes": (8, 8), "batch_size": 16, "buffer_size": 200, "learning_starts": 10}
RANDOM = Level(identity=False, coupling_units=6)
NEW = Level(coupling_units=6)
KEY = jax.random.key(7)
RESETS = {5: (1, 2), 7: (0, 3)}
"""Environments that begin an episode, by the step that does so."""

act = jax.jit(
    lambda agent, explore, *given: agent.act(*given, explore=explore), static_argnums=(0, 1)
)
executed = jax.jit(lambda agent, *given: jnp.tanh(agent.bottom_output(*given)), static_argnums=0)
observe = jax.jit(lambda agent, *given: agent.observe(*given), static_argnums=0)
next_batch = jax.jit(lambda agent, state: agent.next_batch(state), static_argnums=0)
learn = jax.jit(lambda agent, state: agent.learn(state), static_argnums=0)
update = jax.jit(lambda agent, *given: agent.update(*given), static_argnums=0)


class Played(NamedTuple):
    """A step, and what is held after it."""

    row: Transition
    held: StackCarry


def stacked(*levels, spec=RICH, **changes):
    """An agent whose lowest level sees the body alone, and its state when the warm-up is over."""
    agent = LatentSpacePolicy(PLAIN, levels=levels[:1], **{**SMALL, **changes})
    state = agent.acting_state(jax.random.key(0))
    for level in levels[1:]:
        agent, state = agent.add_level(state, level, spec)
    return agent, with_replay(agent, state)._replace(steps=jnp.int32(agent.learning_starts))


@functools.cache
def known(*levels, **changes):
    """As `stacked`, made once and with 32 bits."""
    with jax.enable_x64(False):
        return stacked(*levels, **changes)


def in_64_bits(*levels, **changes):
    """As `known`, with 64 bits. Made from it, since JAX compiles drawing and building anew."""

    def widened(leaf):
        is_float = jnp.issubdtype(leaf.dtype, jnp.floating)
        return jnp.asarray(np.asarray(leaf, np.float64)) if is_float else leaf

    agent, state = known(*levels, **changes)
    return agent, jax.tree.map(widened, state)


def with_replay(agent, state):
    """A state as a run has it: with an empty replay."""
    shapes = jax.eval_shape(lambda: agent.init(jax.random.key(0), N)).replay
    empty = jax.tree.map(lambda leaf: jnp.asarray(np.zeros(leaf.shape, leaf.dtype)), shapes)
    return state._replace(replay=empty)


def seen(seed, count=N):
    """Any observations; ``seed`` may be a generator."""
    rng = np.random.default_rng(seed)
    return {view.name: np.float32(rng.normal(size=(count, *view.shape))) for view in RICH.views}


def played(agent, state, steps, resets=None, *, explore=True):
    """So many steps and the state after them. Episodes of even environments end for good."""
    rng, resets = np.random.default_rng(0), resets or {}
    held, observation, rows = agent.initial_carry(N), _of(agent, seen(rng)), []
    for t in range(steps):
        is_step, over = ~_among(resets.get(t, ())), _among(resets.get(t + 1, ()))
        even = np.arange(N) % 2 == 0
        key = jax.random.fold_in(KEY, t)
        held, action, extras = act(agent, explore, state, held, observation, key)
        following, reward = _of(agent, seen(rng)), np.float32(rng.normal(size=N))
        row = Transition(
            observation, action, extras, reward, over & even, over & ~even, following, is_step
        )
        state = observe(agent, state, row)
        rows.append(Played(row, held))
        held, observation = begun_anew(agent, held, ~is_step), following
    return rows, state


def begun_anew(agent, held, begins):
    """What is held, but its beginning where an episode begins."""
    return jax.tree.map(
        lambda first, later: np.where(begins.reshape(-1, *(1,) * (later.ndim - 1)), first, later),
        *jax.device_get((agent.initial_carry(N), held)),
    )


def flows(state):
    """The flow of each level, the bottom first."""
    return [*(frozen.flow for frozen in state.learner.below), state.learner.top.actor]


def forward(flow, given, shown):
    """What a flow makes of NumPy's arrays."""
    return np.asarray(flow.forward(jnp.asarray(given), jnp.asarray(shown))[0])


def _of(agent, observation):
    return {name: observation[name] for name in agent.spec.view_names}


def _among(numbers):
    return np.isin(np.arange(N), numbers)
