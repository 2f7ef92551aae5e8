"""A world of your own: a shuttle on a rail that must stop at a station. SAC solves it."""

import dataclasses
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

import hierax
from hierax.agents import SAC
from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds import Timestep


class ShuttleState(NamedTuple):
    """The state of the world: arrays of shape ()."""

    position: jax.Array
    speed: jax.Array
    station: jax.Array


@dataclasses.dataclass(frozen=True)
class Shuttle:
    """A shuttle must stop at a station without leaving the rail [-2, 2].

    | | |
    |---|---|
    | view ``"body"`` | (2,): position and speed |
    | view ``"task"`` | (1,): position of the station |
    | action | (1,) in [-1, 1]: push |
    | reward | 1 minus a quarter of the distance to the station |
    | initial state | at rest; position and station uniform in (-1, 1) |
    | termination | off the rail; truncated after ``episode_limit`` steps |
    | success | distance below 0.2 and speed below 0.2 |
    """

    episode_limit: int = 50

    name: ClassVar[str] = "Shuttle-v0"

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        views = (View("body", (2,), -2.5, 2.5), View("task", (1,), -1.0, 1.0))
        return WorldSpec(self.name, views, Continuous(1), self.episode_limit, has_success=True)

    def reset(self, key: jax.Array) -> tuple[ShuttleState, Timestep]:
        """Begin an episode."""
        position, station = jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0)
        state = ShuttleState(position, jnp.array(0.0), station)
        return state, _timestep(state)._replace(reward=jnp.array(0.0))

    def step(
        self, state: ShuttleState, action: jax.Array, key: jax.Array
    ) -> tuple[ShuttleState, Timestep]:
        """Push the shuttle; ``key`` is not used."""
        speed = 0.9 * state.speed + 0.1 * jnp.clip(action[0], -1.0, 1.0)
        state = ShuttleState(state.position + 0.2 * speed, speed, state.station)
        return state, _timestep(state)


def _timestep(state: ShuttleState) -> Timestep:
    distance = jnp.abs(state.position - state.station)
    return Timestep(
        observation={
            "body": jnp.stack([state.position, state.speed]),
            "task": state.station[None],
        },
        reward=1.0 - distance / 4.0,
        terminated=jnp.abs(state.position) > 2.0,
        success=(distance < 0.2) & (jnp.abs(state.speed) < 0.2),
    )


def train_shuttle(steps=10_000, **options):
    """Train a small SAC with one update every fourth step."""
    world = Shuttle()
    agent = SAC(
        world.spec, hidden_sizes=(64, 64), learning_rate=1e-3, batch_size=128, updates_per_step=0.25
    )
    return hierax.train(agent, world, steps, **options)


if __name__ == "__main__":
    success = train_shuttle(run="runs/shuttle").summary["success_rate"]
    print(f"{success:.0%} of the evaluation episodes succeed")
