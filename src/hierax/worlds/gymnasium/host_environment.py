"""Host worlds as Gymnasium environments."""

import inspect
from typing import Any

import gymnasium
import numpy as np

from hierax.worlds.actions import checked_action
from hierax.worlds.gymnasium.environment import Observation
from hierax.worlds.gymnasium.episode_options import with_options
from hierax.worlds.gymnasium.rendering import MODE, check_render_mode, render_metadata
from hierax.worlds.gymnasium.spaces import action_space, observation_space
from hierax.worlds.host import HostBatch, HostWorld
from hierax.worlds.world import Timestep


class HostEnv(gymnasium.Env[Observation, Any]):
    """One environment of a host world, such as a MuJoCo world.

    | | |
    |---|---|
    | observation | a dictionary of the views, a ``Box`` each |
    | action | ``Box(-1, 1)``, clipped to it |
    | truncated | at ``episode_limit`` of the world |
    | info | ``"is_success"`` after each step, if the world has success |
    | render | an image ``(height, width, 3)`` uint8, with ``render_mode="rgb_array"`` |

    The fields of the world are arguments of ``gymnasium.make``, for example
    ``gymnasium.make("hierax/BallGoTo3-v0", targets=5, max_episode_steps=200)``. There the wrapper
    ``TimeLimit`` truncates, at the limit of the world by default.

    Args:
        world: the host world.
        render_mode: None, or ``"rgb_array"`` if batches of the world have a method ``picture``.
        truncates: whether episodes are truncated at the limit of the world. Worlds whose ``batch``
            has no argument ``truncates`` do so in any case.

    Raises:
        ValueError: if the render mode is not available.
    """

    metadata = {"render_modes": [MODE], "render_fps": 20}  # noqa: RUF012 (Gymnasium's own form)

    def __init__(self, world: HostWorld, render_mode: str | None = None, *, truncates: bool = True):
        self.world = self._episode_world = world
        self._truncates, self.render_mode = truncates, render_mode
        self.batch = self._batch()
        self.metadata = render_metadata(
            world, self.batch
        )  # of this world; the class lists every mode
        check_render_mode(render_mode, self.batch)
        self.observation_space = observation_space(world.spec)
        self.action_space = action_space(world.spec)
        self._dtype = self.action_space.dtype
        self._has_success, self._kind = world.spec.has_success, world.spec.action
        self._running = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: of the random generator; without one it continues.
            options: fields of the world for this episode, such as ``{"goal": (8.0, 0.0)}``.

        Raises:
            ValueError: if the world has no such field, or the field changes its spaces.
        """
        super().reset(seed=seed)
        world = with_options(self.world, options)
        if world is not self._episode_world and world != self._episode_world:
            self.batch.close()
            self._episode_world = world
            self.batch = self._batch()
        timestep = self.batch.reset(int(self.np_random.integers(2**32)))
        self._running = True
        return self._observation(timestep), {}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take one step.

        Raises:
            ResetNeeded: if no episode has begun, or it is over.
            ValueError: if the action is invalid.
        """
        if not self._running:
            raise gymnasium.error.ResetNeeded(
                "the episode is over or has not begun: call reset first"
            )
        chosen = checked_action(self._kind, action).astype(self._dtype)
        timestep = self.batch.step(chosen[None])
        terminated, truncated = timestep.terminated.item(), timestep.truncated.item()
        self._running = not (terminated or truncated)
        info = {"is_success": timestep.success.item()} if self._has_success else {}
        return self._observation(timestep), timestep.reward.item(), terminated, truncated, info

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """Return an image of the environment; None without a ``render_mode``.

        Raises:
            RuntimeError: if no episode has begun.
            RenderError: if OpenGL is not available.
        """
        batch: Any = self.batch
        return None if self.render_mode is None else batch.picture()

    def close(self) -> None:
        """Release resources outside of Python."""
        self.batch.close()

    def _observation(self, timestep: Timestep) -> Observation:
        """Return the views of the only environment as new arrays, which the caller may change."""
        return {name: np.array(value[0]) for name, value in timestep.observation.items()}

    def _batch(self) -> HostBatch:
        make: Any = self._episode_world.batch
        if self._truncates or "truncates" not in inspect.signature(make).parameters:
            return make(1)
        return make(1, truncates=False)
