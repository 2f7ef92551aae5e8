"""Batches of environments as vector environments of Gymnasium."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector.utils import batch_space

from hierax import checks
from hierax.worlds.actions import checked_actions
from hierax.worlds.gymnasium.environment import Observation
from hierax.worlds.gymnasium.rendering import check_render_mode, render_metadata
from hierax.worlds.gymnasium.spaces import action_space, observation_space, scalar_views
from hierax.worlds.host import HostWorld
from hierax.worlds.world import Timestep

_Step = tuple[Observation, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


class HieraxVectorEnv(gymnasium.vector.VectorEnv[Observation, Any, np.ndarray]):
    """N environments of a world, stepped together.

    | | |
    |---|---|
    | observation | a dictionary of the world's views, with a leading axis N |
    | action | ``Box(-1, 1)``, where what lies beyond is clipped, or ``Discrete``; N of them |
    | after an end | the next step begins an episode, whatever the action, and pays 0 |
    | info | ``"is_success"``, where the world has success; ``"_is_success"``: not at a beginning |
    | render | a picture of each, with ``render_mode="rgb_array"`` |

    ``gymnasium.make_vec("hierax/BallGoTo3-v0", num_envs=32, threads=2)`` makes one.

    Args:
        world: what is acted in.
        num_envs: N.
        render_mode: None, or ``"rgb_array"`` where batches of the world have a method ``picture``.
        **options: what ``world.batch`` takes beside N, such as ``threads`` in worlds of MuJoCo.

    Raises:
        ValueError: where the number is no whole number above 0, or there is no such mode.
    """

    def __init__(
        self, world: HostWorld, num_envs: int, render_mode: str | None = None, **options: Any
    ):
        checks.count("num_envs", num_envs, 1)
        self.world, self.batch, self.num_envs = world, world.batch(num_envs, **options), num_envs
        self.metadata = {
            "autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP,
            **render_metadata(world, self.batch),
        }
        check_render_mode(render_mode, self.batch)
        self.render_mode = render_mode
        self.single_observation_space = observation_space(world.spec)
        self.single_action_space = action_space(world.spec)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._whole = scalar_views(world.spec)
        self._dtype = np.float32 if self.single_action_space.shape else np.int32
        self._ended: np.ndarray | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode in each; without a seed the random numbers go on.

        Args:
            seed: a single one, from which each environment has its own.
            options: ignored.

        Raises:
            ValueError: where the seed is none.
        """
        if seed is not None:
            checks.count("seed", seed, 0)
            super().reset(seed=int(seed))
        shown = self.batch.reset(int(self.np_random.integers(2**32)))
        self._ended = shown.ended
        return self._observation(shown), {}

    def step(self, actions: Any) -> _Step:
        """Takes a step in each environment, or begins an episode where one is over.

        Raises:
            ResetNeeded: where no episode has begun.
            ValueError: for what are no actions.
        """
        if self._ended is None:
            raise gymnasium.error.ResetNeeded("no episode has begun: call reset first")
        chosen = checked_actions(self.world.spec.action, actions, self._ended)
        shown = self.batch.step(chosen.astype(self._dtype))
        self._ended = shown.ended
        infos: dict[str, Any] = {}
        if self.world.spec.has_success:
            infos = {"is_success": np.array(shown.success), "_is_success": np.array(shown.is_step)}
        reward = np.array(shown.reward, np.float64)
        ends = np.array(shown.terminated), np.array(shown.truncated)
        return self._observation(shown), reward, *ends, infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """What a person sees of each; None without a ``render_mode``.

        Raises:
            RuntimeError: where no episode has begun.
            DrawingError: where there is no OpenGL to draw with.
        """
        batch: Any = self.batch
        if self.render_mode is None:
            return None
        return tuple(batch.picture(number) for number in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Lets go of what is held outside of Python."""
        self.batch.close()

    def _observation(self, shown: Timestep) -> Observation:
        """Views as arrays that the caller may write to."""
        return {
            name: np.array(value, np.int64 if name in self._whole else value.dtype)
            for name, value in shown.observation.items()
        }
