"""A world of your own with a goal: a boat that must sail round a pier. HIRO solves it."""

import dataclasses
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import hierax
from hierax.agents import HIRO
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.worlds import Timestep
from hierax.worlds.scene import Scene, position_of, scene_of


class BoatState(NamedTuple):
    """The state of the world: arrays of shape (2,)."""

    position: jax.Array
    velocity: jax.Array
    berth: jax.Array


@dataclasses.dataclass(frozen=True)
class Harbour:
    """A boat must sail round a pier to its berth; the way straight to it ends at the pier.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y |
    | view ``"velocity"`` | (2,): per step |
    | view ``"berth"`` | (2,): x and y of the goal |
    | action | (2,) in [-1, 1]: thrust along x and y |
    | reward | minus the distance to the berth |
    | initial state | at rest, x and y uniform in (1, 3) |
    | berth | x uniform in (7, 9), y uniform in (1, 3), in each episode |
    | termination | never; truncated after ``episode_limit`` steps |
    | success | distance below 1.5 at the last step |

    The basin is [0, 10]^2. The pier takes 4.5 < x < 5.5 up to y = 5. A move into it is cancelled.
    """

    episode_limit: int = 200

    name: ClassVar[str] = "Harbour-v0"
    goal: ClassVar[GoalSpec] = GoalSpec(achieved="position", desired="berth", radius=1.5)

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        views = (
            View("position", (2,), 0.0, 10.0),
            View("velocity", (2,), -0.5, 0.5),
            View("berth", (2,), 0.0, 10.0),
        )
        return WorldSpec(
            self.name, views, Continuous(2), self.episode_limit, has_success=True, goal=self.goal
        )

    def reset(self, key: jax.Array) -> tuple[BoatState, Timestep]:
        """Begin an episode."""
        position, berth = jax.random.uniform(key, (2, 2), minval=1.0, maxval=3.0)
        state = BoatState(position, jnp.zeros(2), berth + jnp.array([6.0, 0.0]))
        return state, self._timestep(state)._replace(reward=jnp.array(0.0))

    def step(
        self, state: BoatState, action: jax.Array, key: jax.Array
    ) -> tuple[BoatState, Timestep]:
        """Move along x, then along y, unless the pier is in the way; ``key`` is not used."""
        velocity = 0.8 * state.velocity + 0.1 * jnp.clip(action, -1.0, 1.0)
        position = state.position
        for axis in (0, 1):
            moved = jnp.clip(position.at[axis].add(velocity[axis]), 0.0, 10.0)
            is_pier = (jnp.abs(moved[0] - 5.0) < 0.5) & (moved[1] < 5.0)
            position = jnp.where(is_pier, position, moved)
        state = BoatState(position, velocity, state.berth)
        return state, self._timestep(state)

    def _timestep(self, state: BoatState) -> Timestep:
        return Timestep(
            observation=state._asdict(),
            reward=self.goal.reward_of(state.position, state.berth),
            terminated=jnp.array(False),
            success=self.goal.success_of(state.position, state.berth),
        )


@scene_of.register(Harbour)
def _(world: Harbour, state: BoatState) -> Scene:
    water = ((0.0, 0.0, 4.5, 10.0), (5.5, 0.0, 10.0, 10.0), (0.0, 5.0, 10.0, 10.0))
    x, y = np.asarray(state.berth).tolist()
    return Scene(water, goal=(x, y), goal_radius=world.goal.radius)


@position_of.register(Harbour)
def _(world: Harbour, state: BoatState) -> np.ndarray:
    return np.asarray(state.position, np.float64)


def train_boat(steps=200_000, **options):
    """Train HIRO with goals that are at most 3 away along each axis."""
    world = Harbour()
    agent = HIRO(
        world.spec,
        goal_range=(3.0,),
        random_goals=50_000,
        random_actions=5_000,
        updates_per_step=1 / 8,
        correction=0.0,
    )
    return hierax.train(agent, world, steps, **options)


if __name__ == "__main__":
    success = train_boat(run="runs/boat").summary["success_rate"]
    print(f"{success:.0%} of the evaluation episodes succeed")
