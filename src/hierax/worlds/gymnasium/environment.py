"""Functional worlds as Gymnasium environments."""

import functools
import math
from typing import Any, TypeAlias

import gymnasium
import jax
import numpy as np

from hierax.precision import in_float32
from hierax.worlds.actions import checked_action
from hierax.worlds.gymnasium.episode_options import goal_alone, with_options
from hierax.worlds.gymnasium.rendering import MODE, TopView, top_view_metadata
from hierax.worlds.gymnasium.spaces import action_space, observation_space, scalar_views
from hierax.worlds.world import State, Timestep, World

Observation: TypeAlias = dict[str, Any]


class HieraxEnv(gymnasium.Env[Observation, Any]):
    """A functional world as a Gymnasium environment, compiled for the CPU.

    | | |
    |---|---|
    | observation | a dictionary of the views: ``Box``, or ``Discrete`` for a single integer |
    | action | ``Box(-1, 1)``, clipped to it, or ``Discrete`` |
    | truncated | at ``episode_limit`` of the world |
    | info | ``"is_success"`` after each step, if the world has success |
    | render | a top view ``(432, 432, 3)`` uint8, with ``render_mode="rgb_array"`` |

    The fields of the world are arguments of ``gymnasium.make``, for example
    ``gymnasium.make("hierax/PointCross-v0", goal=(12.0, 0.0), max_episode_steps=400)``. There the
    wrapper ``TimeLimit`` truncates, at the limit of the world by default.

    Args:
        world: the functional world.
        render_mode: None, or ``"rgb_array"`` if the world has a top view, see
            `hierax.worlds.scene`.
        truncates: whether episodes are truncated at the limit of the world.

    Raises:
        ValueError: if the render mode is not available.
    """

    metadata = {"render_modes": [MODE], "render_fps": 25}  # noqa: RUF012 (Gymnasium's own form)

    def __init__(self, world: World, render_mode: str | None = None, *, truncates: bool = True):
        self.metadata = top_view_metadata(world)  # of this world; the class lists every mode
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(
                f"render_mode of {world.spec.name} must be None, or {MODE!r} if it has a top view, "
                f"got {render_mode!r}"
            )
        self.render_mode, self._top_view = render_mode, None
        self.world = self._episode_world = self._stepped_world = world
        spec = world.spec
        self.observation_space = observation_space(spec)
        self.action_space = action_space(spec)
        self._scalar = scalar_views(spec)
        self._dtype = np.int32 if self.action_space.shape == () else np.float32
        self._spec, self._steps = spec, 0
        self._limit = spec.episode_limit if truncates else math.inf
        self._now: tuple[State, jax.Array] | None = None

    @in_float32
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: of the random generator; without one it continues.
            options: fields of the world for this episode, such as ``{"goal": (8.0, 0.0)}``. The
                world is compiled again for values that it has not had before, except for a goal
                alone in a world with a method ``reset_to(goal, key)``.

        Raises:
            ValueError: if the world has no such field, or the field changes its spaces.
        """
        super().reset(seed=seed)
        self._episode_world = with_options(self.world, options)
        drawn = self.np_random.integers(2**32, dtype=np.uint32)
        # The number is committed to the CPU, so everything that is computed from it is as well.
        number = jax.device_put(drawn, jax.devices("cpu")[0])
        goal = goal_alone(self.world, options)
        self._stepped_world = self._episode_world if goal is None else self.world
        begun, timestep = _begin(self._stepped_world, number, goal)
        self._now = begun
        self._steps = 0
        if self.render_mode is not None:
            self._top_view = TopView(self._episode_world, begun[0])
        return self._observation(timestep), {}

    @in_float32
    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take one step.

        Raises:
            ResetNeeded: if no episode has begun, or it is over.
            ValueError: if the action is invalid.
        """
        if self._now is None:
            raise gymnasium.error.ResetNeeded(
                "the episode is over or has not begun: call reset first"
            )
        chosen = checked_action(self._spec.action, action).astype(self._dtype)
        now, timestep = _advance(self._stepped_world, *self._now, chosen)
        self._steps += 1
        terminated = bool(timestep.terminated)
        truncated = self._steps >= self._limit and not terminated
        self._now = None if terminated or truncated else now
        if self._top_view is not None:
            self._top_view.add(now[0])
        info = {"is_success": bool(timestep.success)} if self._spec.has_success else {}
        return self._observation(timestep), float(timestep.reward), terminated, truncated, info

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """Return a picture of the episode so far; None without a ``render_mode``.

        Raises:
            ResetNeeded: if no episode has begun.
        """
        if self.render_mode is None:
            return None
        if self._top_view is None:
            raise gymnasium.error.ResetNeeded("no episode has begun: call reset first")
        return self._top_view.picture()

    def _observation(self, timestep: Timestep) -> Observation:
        """Return the views as new arrays, which the caller may change."""
        views = {name: np.array(value) for name, value in timestep.observation.items()}
        return {**views, **{name: np.int64(views[name]) for name in self._scalar}}


@functools.partial(jax.jit, static_argnums=0)
def _begin(
    world: Any, number: jax.Array, goal: jax.Array | None
) -> tuple[tuple[State, jax.Array], Timestep]:
    """Return the initial state with the random key of later steps, and the first timestep."""
    key, reset_key = jax.random.split(jax.random.key(number))
    begun = world.reset(reset_key) if goal is None else world.reset_to(goal, reset_key)
    state, timestep = begun
    return (state, key), timestep


@functools.partial(jax.jit, static_argnums=0)
def _advance(
    world: World, state: State, key: jax.Array, action: jax.Array
) -> tuple[tuple[State, jax.Array], Timestep]:
    key, step_key = jax.random.split(key)
    state, timestep = world.step(state, action, step_key)
    return (state, key), timestep
