"""Batches of environments as Gymnasium vector environments."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector.utils import batch_space

from hierax import checks
from hierax.worlds.actions import checked_actions
from hierax.worlds.gymnasium.environment import Observation
from hierax.worlds.gymnasium.episode_options import reset_mask, with_options
from hierax.worlds.gymnasium.rendering import check_render_mode, render_metadata
from hierax.worlds.gymnasium.spaces import (
    action_space,
    in_order,
    observation_space,
    scalar_views,
)
from hierax.worlds.host import HostWorld
from hierax.worlds.world import Timestep

_Step = tuple[Observation, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


class HieraxVectorEnv(gymnasium.vector.VectorEnv[Observation, Any, np.ndarray]):
    """N environments of a host world as a Gymnasium vector environment.

    | | |
    |---|---|
    | observation | a dictionary of the views, with a leading axis N |
    | action | N of ``Box(-1, 1)``, clipped to it, or of ``Discrete`` |
    | autoreset | next step: the action after an end is ignored, the reward is 0 |
    | info | ``"is_success"`` if the world has success; ``"_is_success"`` is False after a reset |
    | render | an image of each environment, with ``render_mode="rgb_array"`` |

    Example: ``gymnasium.make_vec("hierax/BallGoTo3-v0", num_envs=32, threads=2)``.

    Args:
        world: the host world.
        num_envs: N.
        render_mode: None, or ``"rgb_array"`` if batches of the world have a method ``picture``.
        **options: further arguments of ``world.batch``, such as ``threads`` of MuJoCo worlds.

    Raises:
        ValueError: if ``num_envs`` is not a whole number above 0, or the render mode is not
            available.
    """

    def __init__(
        self, world: HostWorld, num_envs: int, render_mode: str | None = None, **options: Any
    ):
        checks.count("num_envs", num_envs, 1)
        self.world = self._episode_world = world
        self._options, self.num_envs = options, num_envs
        self.batch = world.batch(num_envs, **options)
        self.metadata = {
            "autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP,
            **render_metadata(world, self.batch),
        }
        check_render_mode(render_mode, self.batch)
        self.render_mode = render_mode
        self.single_observation_space = observation_space(world.spec)
        self.single_action_space = action_space(world.spec)
        views: Any = self.single_observation_space
        self.observation_space = in_order(
            (name, batch_space(space, num_envs)) for name, space in views.items()
        )
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._scalar = scalar_views(world.spec)
        self._dtype = np.float32 if self.single_action_space.shape else np.int32
        self._ended: np.ndarray | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode in each environment.

        Args:
            seed: one seed for all environments; without it, the random generator continues.
            options: ``{"reset_mask": mask}``, ``(N,)`` bool, resets these environments only;
                otherwise fields of the world for these episodes, such as ``{"goal": (8.0, 0.0)}``.

        Raises:
            ValueError: if the seed is not a whole number, or is negative, or an option is not
                allowed.
            ResetNeeded: if no episode has begun in the environments outside of the mask.
        """
        mask = reset_mask(options, self.num_envs)
        if mask is not None and self._ended is None and not mask.all():
            raise gymnasium.error.ResetNeeded("no episode has begun: call reset without a mask")
        if seed is not None:
            checks.count("seed", seed, 0)
            super().reset(seed=int(seed))
        drawn = int(self.np_random.integers(2**32))
        if mask is None:
            self._require_world(with_options(self.world, options))
            timestep = self.batch.reset(drawn)
        elif mask.all():
            timestep = self.batch.reset(drawn)
        else:
            timestep = self._reset_where(mask, drawn)
        self._ended = timestep.ended
        return self._observation(timestep), {}

    def step(self, actions: Any) -> _Step:
        """Step each environment, or begin a new episode where the last one ended.

        Raises:
            ResetNeeded: if no episode has begun.
            ValueError: if an action is invalid.
        """
        if self._ended is None:
            raise gymnasium.error.ResetNeeded("no episode has begun: call reset first")
        chosen = checked_actions(self.world.spec.action, actions, self._ended)
        timestep = self.batch.step(chosen.astype(self._dtype))
        self._ended = timestep.ended
        infos: dict[str, Any] = {}
        if self.world.spec.has_success:
            infos = {
                "is_success": np.array(timestep.success),
                "_is_success": np.array(timestep.is_step),
            }
        reward = np.array(timestep.reward, np.float64)
        ends = np.array(timestep.terminated), np.array(timestep.truncated)
        return self._observation(timestep), reward, *ends, infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Return an image of each environment; None without a ``render_mode``.

        Raises:
            RuntimeError: if no episode has begun.
            RenderError: if OpenGL is not available.
        """
        batch: Any = self.batch
        if self.render_mode is None:
            return None
        return tuple(batch.picture(number) for number in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Release resources outside of Python."""
        self.batch.close()

    def _require_world(self, world: HostWorld) -> None:
        """Make a new batch if the next episodes are of another ``world`` than the last ones."""
        if world != self._episode_world:
            self.batch.close()
            self._episode_world, self.batch = world, world.batch(self.num_envs, **self._options)

    def _reset_where(self, mask: np.ndarray, seed: int) -> Timestep:
        batch: Any = self.batch
        if not hasattr(batch, "reset_where"):
            raise ValueError(
                f"reset_mask needs a method reset_where(mask, seed) of {type(batch).__name__}: "
                "write it, or reset all environments"
            )
        return batch.reset_where(mask, seed)

    def _observation(self, timestep: Timestep) -> Observation:
        """Return the views as new arrays, which the caller may change."""
        return {
            name: np.array(value, np.int64 if name in self._scalar else value.dtype)
            for name, value in timestep.observation.items()
        }
