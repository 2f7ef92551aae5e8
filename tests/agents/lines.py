"""A line with a goal far away: the smallest world in which two levels have something to do."""

import dataclasses

import jax
import jax.numpy as jnp

from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.worlds.world import Timestep

SPEED, END = 0.25, 6.0


@dataclasses.dataclass(frozen=True)
class Line:
    """A point on a line from -6 to 6 that moves 0.25 a step; it starts near 0.

    Attributes:
        goal: where it should be; the reward is minus the distance.
        episode_limit: steps of an episode.
    """

    goal: float = 4.0
    episode_limit: int = 40

    @property
    def spec(self):
        goal = GoalSpec(achieved="position", fixed=(self.goal,), radius=0.5)
        views = (View("position", (1,), -END, END),)
        return WorldSpec("Line-v0", views, Continuous(1), self.episode_limit, True, goal=goal)

    def reset(self, key):
        position = jax.random.uniform(key, (1,), minval=-0.5, maxval=0.5)
        return position, self._shown(position)._replace(reward=jnp.float32(0))

    def step(self, state, action, key):
        del key
        position = jnp.clip(state + SPEED * jnp.clip(action, -1, 1), -END, END)
        return position, self._shown(position)

    def _shown(self, position):
        distance = jnp.sqrt(jnp.square(position[0] - self.goal) + 1e-10)
        return Timestep({"position": position}, -distance, jnp.array(False), distance < 0.5)
