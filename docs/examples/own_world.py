"""A shuttle on a rail that has to stop at a station, and SAC that learns to drive it."""

import dataclasses
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

import hierax
from hierax.agents import SAC
from hierax.spec import Continuous, View, WorldSpec
from hierax.worlds import Timestep


class ShuttleState(NamedTuple):
    """All that there is between two steps: () arrays."""

    position: jax.Array
    speed: jax.Array
    station: jax.Array


@dataclasses.dataclass(frozen=True)
class Shuttle:
    """A shuttle has to stop at a station, and must not leave the rail [-2, 2].

    | | |
    |---|---|
    | view ``"body"`` | (2,): position and speed |
    | view ``"task"`` | (1,): where the station is |
    | action | (1,) in [-1, 1]: push |
    | reward | 1 minus a quarter of the distance from the station |
    | begin | at rest; position and station uniform in (-1, 1) |
    | end | off the rail; cut off after ``episode_limit`` steps |
    | success | nearer to the station than 0.2, and slower than 0.2 |
    """

    episode_limit: int = 50

    name: ClassVar[str] = "Shuttle-v0"

    @property
    def spec(self) -> WorldSpec:
        """What agents are told of the world."""
        views = (View("body", (2,), -2.5, 2.5), View("task", (1,), -1.0, 1.0))
        return WorldSpec(self.name, views, Continuous(1), self.episode_limit, has_success=True)

    def reset(self, key: jax.Array) -> tuple[ShuttleState, Timestep]:
        """Begins an episode."""
        position, station = jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0)
        state = ShuttleState(position, jnp.array(0.0), station)
        return state, _shown(state)._replace(reward=jnp.array(0.0))

    def step(
        self, state: ShuttleState, action: jax.Array, key: jax.Array
    ) -> tuple[ShuttleState, Timestep]:
        """Pushes the shuttle; draws no random number."""
        speed = 0.9 * state.speed + 0.1 * jnp.clip(action[0], -1.0, 1.0)
        state = ShuttleState(state.position + 0.2 * speed, speed, state.station)
        return state, _shown(state)


def _shown(state: ShuttleState) -> Timestep:
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


def drive(steps=10_000, **options):
    """Trains a small SAC, with an update for every fourth step."""
    world = Shuttle()
    agent = SAC(
        world.spec, hidden_sizes=(64, 64), learning_rate=1e-3, batch_size=128, updates_per_step=0.25
    )
    return hierax.train(agent, world, steps, **options)


if __name__ == "__main__":
    print(f"{drive(run='runs/shuttle').summary['success_rate']:.0%} of episodes succeed")
