"""Five tiny worlds whose action values are known, each of which catches another mistake.

| world | an episode | Q |
|---|---|---|
| `ONE_STEP` | one step, paid for its action | the reward itself |
| `TWO_STEPS` | the second step is paid for the action of the first | γ times that |
| `DELAYED` | four steps, of which only the last is paid 1 | γ^3, γ^2, γ, 1 |
| `CUT_OFF` | paid 1 each step, without end, cut off after five | 1 / (1 - γ) |
| `TERMINAL` | paid 1 each step, over for good after five | 1 + γ + ... to the end |

All are one class whose fields are arrays, so that a learner is compiled once for all of them.
"""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp

from hierax.agents.agent import Transition
from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds.functional_batch import FunctionalBatch
from hierax.worlds.world import Timestep

LIMIT = 5
ENVIRONMENTS = 8
SPEC = WorldSpec(
    "Diagnostic", (View("clock", (LIMIT + 1,)), View("first", (1,))), Continuous(1), LIMIT
)


class Diagnostic(eqx.Module):
    """Reward of step t = ``pay[t] - weight[t] (first action - best)²``.

    Attributes:
        length: steps until it is over for good.
        pay: ``(LIMIT,)``.
        weight: ``(LIMIT,)``, how much the first action matters.
        best: the best first action.
        shows_clock: 1 where the step is seen, 0 where it is not.
    """

    length: jax.Array
    pay: jax.Array
    weight: jax.Array
    best: jax.Array
    shows_clock: jax.Array

    @property
    def spec(self):
        return SPEC

    def reset(self, key):
        state = jnp.int32(0), jnp.zeros(1)
        return state, self._shown(state, jnp.float32(0))

    def step(self, state, action, key):
        clock, first = state
        first = jnp.where(clock == 0, jnp.clip(action, -1.0, 1.0), first)
        reward = self.pay[clock] - self.weight[clock] * (first[0] - self.best) ** 2
        moved = clock + 1, first
        return moved, self._shown(moved, reward)

    def _shown(self, state, reward):
        clock, first = state
        seen = self.observation(clock, first)
        return Timestep(seen, reward, clock >= self.length, jnp.array(False))

    def observation(self, clock, first):
        """What is seen before step ``clock``."""
        return {"clock": self.shows_clock * jax.nn.one_hot(clock, LIMIT + 1), "first": first}


def _world(length, pay, weight=(0, 0, 0, 0, 0), best=0.0, shows_clock=1.0):
    numbers = (jnp.asarray(each, jnp.float32) for each in (pay, weight, best, shows_clock))
    return Diagnostic(jnp.int32(length), *numbers)


ONE_STEP = _world(1, (1, 0, 0, 0, 0), (1, 0, 0, 0, 0), 0.5)
TWO_STEPS = _world(2, (0, 1, 0, 0, 0), (0, 1, 0, 0, 0), -0.4)
DELAYED = _world(4, (0, 0, 0, 1, 0))
CUT_OFF = _world(100, (1, 1, 1, 1, 1), shows_clock=0.0)
TERMINAL = _world(LIMIT, (1, 1, 1, 1, 1))
WORTHLESS = _world(100, (0, 0, 0, 0, 0), shows_clock=0.0)


@functools.partial(jax.jit, static_argnums=(0, 3))
def trained(agent, world, seed, updates, log_temperature=None):
    """The state of ``agent`` after that many updates, each after one step of 8 environments.

    Where ``log_temperature`` is given, it is that of the learner at the beginning.
    """
    batch = FunctionalBatch(world, ENVIRONMENTS)
    # Keys of a kind that is quickly compiled.
    agent_key, world_key, key = jax.random.split(jax.random.key(seed, impl="unsafe_rbg"), 3)
    state = agent.init(agent_key, ENVIRONMENTS)
    if log_temperature is not None:
        learner = state.learner._replace(log_temperature=log_temperature)
        state = state._replace(learner=learner)

    def step(at, key):
        state, worlds = at
        act_key, step_key = jax.random.split(key)
        before = worlds.timestep
        _, action, extras = agent.act(state, (), before.observation, act_key, explore=True)
        worlds = batch.step(worlds, action, step_key)
        after = worlds.timestep
        kinds = after.reward, after.terminated, after.truncated, after.observation, after.is_step
        state = agent.observe(state, Transition(before.observation, action, extras, *kinds))
        return (agent.learn(state)[0], worlds), None

    first = state, batch.reset(world_key)
    (state, _), _ = jax.lax.scan(step, first, jax.random.split(key, updates))
    return state


def seen(world, clock, first=0.0):
    """The observation before step ``clock``, as of one environment."""
    shown = world.observation(jnp.int32(clock), jnp.full(1, first))
    return jax.tree.map(lambda leaf: leaf[None], shown)
