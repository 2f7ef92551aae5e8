"""Host worlds as Gymnasium environments."""

from typing import Any

import gymnasium
import numpy as np

from hierax.worlds.actions import checked_action
from hierax.worlds.gymnasium.environment import Observation
from hierax.worlds.gymnasium.rendering import MODE, check_render_mode, render_metadata
from hierax.worlds.gymnasium.spaces import action_space, observation_space
from hierax.worlds.host import HostWorld
from hierax.worlds.world import Timestep


class HostEnv(gymnasium.Env[Observation, Any]):
    """One environment of a host world, such as a MuJoCo world.

    | | |
    |---|---|
    | observation | a dictionary of the views, a ``Box`` each |
    | action | ``Box(-1, 1)``, clipped to it |
    | truncated | at ``episode_limit`` of the world; there is no ``TimeLimit`` wrapper |
    | info | ``"is_success"`` after each step, if the world has success |
    | render | an image ``(height, width, 3)`` uint8, with ``render_mode="rgb_array"`` |

    The fields of the world are arguments of ``gymnasium.make``, for example
    ``gymnasium.make("hierax/BallGoTo3-v0", targets=5, episode_limit=200)``.

    Args:
        world: the host world.
        render_mode: None, or ``"rgb_array"`` if batches of the world have a method ``picture``.

    Raises:
        ValueError: if the render mode is not available.
    """

    metadata = {"render_modes": [MODE], "render_fps": 20}  # noqa: RUF012 (Gymnasium's own form)

    def __init__(self, world: HostWorld, render_mode: str | None = None):
        self.world, self.batch, self.render_mode = world, world.batch(1), render_mode
        self.metadata = render_metadata(
            world, self.batch
        )  # of this world; the class lists every mode
        check_render_mode(render_mode, self.batch)
        self.observation_space = observation_space(world.spec)
        self.action_space = action_space(world.spec)
        self._has_success = world.spec.has_success
        self._running = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode. Without a seed, the random generator continues; options are ignored."""
        super().reset(seed=seed)
        timestep = self.batch.reset(int(self.np_random.integers(2**32)))
        self._running = True
        return _observation(timestep), {}

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
        chosen = checked_action(self.world.spec.action, action).astype(self.action_space.dtype)
        timestep = self.batch.step(chosen[None])
        self._running = not timestep.ended[0]
        info = {"is_success": bool(timestep.success[0])} if self._has_success else {}
        ends = bool(timestep.terminated[0]), bool(timestep.truncated[0])
        return _observation(timestep), float(timestep.reward[0]), *ends, info

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


def _observation(timestep: Timestep) -> Observation:
    """Return the views of the only environment as new arrays, which the caller may change."""
    return {name: np.array(value[0]) for name, value in timestep.observation.items()}
