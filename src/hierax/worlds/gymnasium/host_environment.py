"""Worlds that are stepped from the host as Gymnasium environments."""

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
    """One environment of a world that is stepped from the host, such as one of MuJoCo.

    | | |
    |---|---|
    | observation | a dictionary of the world's views, a ``Box`` each |
    | action | ``Box(-1, 1)``; what lies beyond is clipped |
    | truncated | at the world's own ``episode_limit``: there is no ``TimeLimit`` around it |
    | info | ``"is_success"`` after each step, where the world has success |
    | render | ``(360, 480, 3)`` bytes from worlds of MuJoCo, with ``render_mode="rgb_array"`` |

    The registered ids take the world's fields as arguments, such as
    ``gymnasium.make("hierax/BallGoTo3-v0", targets=5, episode_limit=200)``.

    Args:
        world: what is acted in.
        render_mode: None, or ``"rgb_array"`` where batches of the world have a method ``picture``.

    Raises:
        ValueError: where it is something else.
    """

    metadata = {"render_modes": [MODE], "render_fps": 20}  # noqa: RUF012 (Gymnasium's own form)

    def __init__(self, world: HostWorld, render_mode: str | None = None):
        self.world, self.batch, self.render_mode = world, world.batch(1), render_mode
        self.metadata = render_metadata(world, self.batch)  # that of the class is what may be
        check_render_mode(render_mode, self.batch)
        self.observation_space = observation_space(world.spec)
        self.action_space = action_space(world.spec)
        self._has_success = world.spec.has_success
        self._goes_on = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode; without a seed the random numbers go on. ``options`` are ignored."""
        super().reset(seed=seed)
        shown = self.batch.reset(int(self.np_random.integers(2**32)))
        self._goes_on = True
        return _first_of(shown), {}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Takes one step.

        Raises:
            ResetNeeded: where no episode has begun, or it is over.
            ValueError: for what is no action.
        """
        if not self._goes_on:
            raise gymnasium.error.ResetNeeded("no episode goes on: call reset first")
        chosen = checked_action(self.world.spec.action, action).astype(self.action_space.dtype)
        shown = self.batch.step(chosen[None])
        self._goes_on = not shown.ended[0]
        info = {"is_success": bool(shown.success[0])} if self._has_success else {}
        ends = bool(shown.terminated[0]), bool(shown.truncated[0])
        return _first_of(shown), float(shown.reward[0]), *ends, info

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """What a person sees; None without a ``render_mode``.

        Raises:
            RuntimeError: where no episode has begun.
            DrawingError: where there is no OpenGL to draw with.
        """
        batch: Any = self.batch
        return None if self.render_mode is None else batch.picture()

    def close(self) -> None:
        """Lets go of what is held outside of Python."""
        self.batch.close()


def _first_of(shown: Timestep) -> Observation:
    """Views of the only environment, as arrays that the caller may write to."""
    return {name: np.array(value[0]) for name, value in shown.observation.items()}
