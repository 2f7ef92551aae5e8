"""Functional worlds as Gymnasium environments."""

import functools
from typing import Any, TypeAlias

import gymnasium
import jax
import numpy as np

from hierax.worlds.actions import checked_action
from hierax.worlds.gymnasium.spaces import action_space, observation_space, scalar_views
from hierax.worlds.world import State, Timestep, World

Observation: TypeAlias = dict[str, Any]


class HieraxEnv(gymnasium.Env[Observation, Any]):
    """One functional world as a Gymnasium environment, compiled for the CPU.

    | | |
    |---|---|
    | observation | a dictionary of the world's views: ``Box``, or ``Discrete`` for a whole number |
    | action | ``Box(-1, 1)``, where what lies beyond is clipped, or ``Discrete`` |
    | truncated | at the world's own ``episode_limit``: there is no ``TimeLimit`` around it |
    | info | ``"is_success"`` after each step, where the world has success |

    The registered ids take the world's fields as arguments, such as
    ``gymnasium.make("hierax/PointCross-v0", goal=(12.0, 0.0), episode_limit=400)``.

    Args:
        world: what is acted in.
    """

    def __init__(self, world: World):
        self.world = world
        spec = world.spec
        self.observation_space = observation_space(spec)
        self.action_space = action_space(spec)
        self._whole = scalar_views(spec)
        self._dtype = np.int32 if self.action_space.shape == () else np.float32
        self._spec, self._steps = spec, 0
        self._now: tuple[State, jax.Array] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode; without a seed the random numbers go on. ``options`` are ignored."""
        super().reset(seed=seed)
        drawn = self.np_random.integers(2**32, dtype=np.uint32)
        # What is put on a device stays there, and so does whatever is computed of it.
        number = jax.device_put(drawn, jax.devices("cpu")[0])
        self._now, shown = _begin(self.world, number)
        self._steps = 0
        return self._observation(shown), {}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Takes one step.

        Raises:
            ResetNeeded: where no episode has begun, or it is over.
            ValueError: for what is no action.
        """
        if self._now is None:
            raise gymnasium.error.ResetNeeded("no episode goes on: call reset first")
        chosen = checked_action(self._spec.action, action).astype(self._dtype)
        now, shown = _advance(self.world, *self._now, chosen)
        self._steps += 1
        terminated = bool(shown.terminated)
        truncated = self._steps >= self._spec.episode_limit and not terminated
        self._now = None if terminated or truncated else now
        info = {"is_success": bool(shown.success)} if self._spec.has_success else {}
        return self._observation(shown), float(shown.reward), terminated, truncated, info

    def _observation(self, shown: Timestep) -> Observation:
        """Views as arrays that the caller may write to."""
        views = {name: np.array(value) for name, value in shown.observation.items()}
        return {**views, **{name: np.int64(views[name]) for name in self._whole}}


@functools.partial(jax.jit, static_argnums=0)
def _begin(world: World, number: jax.Array) -> tuple[tuple[State, jax.Array], Timestep]:
    """A first state, and the key of random numbers to come."""
    key, reset_key = jax.random.split(jax.random.key(number))
    state, shown = world.reset(reset_key)
    return (state, key), shown


@functools.partial(jax.jit, static_argnums=0)
def _advance(
    world: World, state: State, key: jax.Array, action: jax.Array
) -> tuple[tuple[State, jax.Array], Timestep]:
    key, step_key = jax.random.split(key)
    state, shown = world.step(state, action, step_key)
    return (state, key), shown
