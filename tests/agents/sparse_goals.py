"""A world in which only reaching a goal is rewarded, for tests of hindsight goals."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.worlds.world import Timestep


class ReachState(NamedTuple):
    """Position and goal, ``(2,)`` each."""

    position: jax.Array
    goal: jax.Array


@dataclasses.dataclass(frozen=True)
class Reach:
    """A point in a square that moves by ``0.1 a``; reward 1 at the goal, where the episode ends."""

    episode_limit: int = 50

    @property
    def spec(self):
        place = View("position", (2,), -1.0, 1.0)
        goal = GoalSpec(achieved="position", desired="goal", radius=0.1, reward="reached")
        views = place, dataclasses.replace(place, name="goal")
        return WorldSpec(
            "Reach-v0", views, Continuous(2), self.episode_limit, has_success=True, goal=goal
        )

    def reset(self, key):
        position, goal = jax.random.uniform(key, (2, 2), minval=-1.0, maxval=1.0)
        state = ReachState(position, goal)
        return state, self._timestep(state)._replace(
            reward=jnp.float32(0.0), terminated=jnp.array(False)
        )

    def step(self, state, action, key):
        position = jnp.clip(state.position + 0.1 * jnp.clip(action, -1.0, 1.0), -1.0, 1.0)
        state = ReachState(position, state.goal)
        return state, self._timestep(state)

    def _timestep(self, state):
        near = self.spec.goal.success_of(state.position, state.goal)
        observation = {"position": state.position, "goal": state.goal}
        return Timestep(observation, near.astype(jnp.float32), terminated=near, success=near)
