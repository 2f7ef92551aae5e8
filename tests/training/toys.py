"""A world that counts steps and an agent that counts updates, so that drivers can be observed."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import TrainState, Transition
from hierax.agents.replay import Replay
from hierax.agents.transitions import TransitionBatch
from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds.world import Timestep

NAN = float("nan")


@dataclasses.dataclass(frozen=True)
class Clock:
    """Shows how many steps its episode has, and pays the action.

    Attributes:
        length: steps until it is over for good.
        episode_limit: steps until it is cut off.
        poison: ``"observation"`` or ``"reward"``, which is NaN after ``at`` steps of an episode.
        at: see there.
    """

    length: int = 3
    episode_limit: int = 5
    poison: str | None = None
    at: int = 0

    @property
    def spec(self):
        return WorldSpec("Clock", (View("clock", (1,)),), Continuous(1), self.episode_limit, True)

    def reset(self, key):
        return jnp.int32(0), self._shown(jnp.int32(0), jnp.float32(0))

    def step(self, state, action, key):
        return state + 1, self._shown(state + 1, action[0])

    def _shown(self, state, reward):
        def perhaps(name, value):
            return jnp.where((self.poison == name) & (state == self.at), NAN, value)

        shown = perhaps("observation", state.astype(jnp.float32)[None])
        over = state >= self.length
        return Timestep({"clock": shown}, perhaps("reward", reward), over, over)


@dataclasses.dataclass(frozen=True)
class Counter:
    """Acts with the number of its updates; carries how many steps its episode has.

    Attributes:
        spec: of the world.
        learning_starts: as in `hierax.agents.agent.Agent`.
        updates_per_step: likewise.
        poison: ``"action"``, or a metric, which is NaN once there were ``at`` updates.
        at: see there.
        buffer_size: of its replay.
    """

    spec: WorldSpec
    learning_starts: int = 0
    updates_per_step: float = 1.0
    poison: str | None = None
    at: int = 0
    buffer_size: int = 200

    @property
    def rollout_length(self):
        return None

    @property
    def replay(self):
        return Replay(self.buffer_size)

    def init(self, key, environments=1):
        zeros = jnp.zeros(environments)
        no = zeros.astype(bool)
        seen = {"clock": zeros[:, None]}
        extras = {"phase": zeros.astype(jnp.int32)}
        row = Transition(seen, zeros[:, None], extras, zeros, no, no, seen, no)
        memory = self.replay.init(row)
        # The batch of the last update is kept, to be compared with what a fault says of it.
        shapes = jax.eval_shape(lambda held: self._batch(self.replay.sample(held, key, 4)), memory)
        batch = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        learner = {"count": jnp.zeros(()), "batch": batch}
        none = jnp.zeros((), jnp.int32)
        return TrainState(learner, memory, None, none, none, key)

    def initial_carry(self, count):
        return jnp.zeros(count, jnp.int32)

    def act(self, state, carry, observation, key, *, explore):
        count = state.learner["count"]
        action = jnp.broadcast_to(count, (*carry.shape, 1)) + 0.0 * observation["clock"]
        action = jnp.where((self.poison == "action") & (count >= self.at), NAN, action)
        return carry + 1, action if explore else -action, {"phase": carry}

    def observe(self, state, transition):
        steps = state.steps + transition.is_step.size
        return state._replace(replay=self.replay.add(state.replay, transition), steps=steps)

    def next_batch(self, state):
        return self._batch(self.replay.sample(state.replay, state.key, 4))

    def learn(self, state) -> tuple[Any, Any]:
        batch, updates = self.next_batch(state), state.updates + 1

        def measured(name, value):
            return jnp.where((self.poison == name) & (updates >= self.at), NAN, value)

        # In this order, which is not that of the alphabet.
        metrics = {
            "z_loss": measured("z_loss", batch.reward.mean()),
            "m_gradient": measured("m_gradient", updates.astype(jnp.float32)),
            "a_loss": measured("a_loss", jnp.zeros(())),
        }
        learner = {"count": updates.astype(jnp.float32), "batch": batch}
        (key,) = jax.random.split(state.key, 1)
        return state._replace(learner=learner, updates=updates, key=key), metrics

    def _batch(self, drawn):
        first, second = drawn.observation["clock"]
        discount = 1.0 - drawn.terminated[0]
        return TransitionBatch(first, drawn.action[0], drawn.reward[0], discount, second)


def everything(state):
    """All that a replay holds, each step once: clock before, clock after, action, reward, phase."""
    replay = jax.device_get(state.replay)  # in NumPy, which compiles nothing
    ring, index = replay.ring, replay.indices["transitions"]
    places = (index.first + np.arange(index.held)) % len(index.starts)
    rows, environments = ring.step.reward.shape
    row, n = index.starts[places] // environments, index.starts[places] % environments
    clock = ring.observation["clock"][..., 0]
    return {
        "clock": clock[row, n],
        "next": clock[(row + 1) % rows, n],
        "action": ring.step.action[row, n, 0],
        "reward": ring.step.reward[row, n],
        "phase": ring.step.extras["phase"][row, n],
        "terminated": ring.step.terminated[row, n],
    }
