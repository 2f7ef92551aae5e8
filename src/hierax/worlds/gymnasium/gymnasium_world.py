"""Gymnasium environments as worlds."""

import dataclasses
from functools import cached_property
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Space

from hierax.spec import WorldSpec
from hierax.worlds.gymnasium.host_batch import GymnasiumBatch


@dataclasses.dataclass(frozen=True)
class GymnasiumWorld:
    """A Gymnasium environment as a host world; its batches are `GymnasiumBatch`.

    Attributes:
        environment: an id for ``gymnasium.make``, a spec of Gymnasium, a function or a class that
            makes an environment, or an environment, which is then the only one of this world.
        options: further arguments of ``gymnasium.make`` or of the function, as pairs of name and
            value.
        episode_limit: steps after which an episode is truncated; None uses the environment's
            limit.

    Raises:
        ValueError: if ``environment`` is none of these. `batch` and ``spec`` raise the errors of
            `GymnasiumBatch`.
    """

    environment: Any
    options: tuple[tuple[str, Any], ...] = ()
    episode_limit: int | None = None

    def __post_init__(self) -> None:
        kinds = str | EnvSpec | gymnasium.Env
        if not isinstance(self.environment, kinds) and not callable(self.environment):
            raise ValueError(
                "environment must be an id for gymnasium.make, an environment, or a function that "
                f"makes one, got {self.environment!r}"
            )

    @property
    def is_single(self) -> bool:
        """Whether there is only one environment: it was given, and cannot be made again."""
        return isinstance(self.environment, gymnasium.Env)

    @cached_property
    def spec(self) -> WorldSpec:
        """Description of the environment."""
        return self._described[0]

    @property
    def spaces(self) -> tuple[Space[Any], Space[Any]]:
        """Observation space and action space of the environment."""
        return self._described[1]

    def batch(self, count: int) -> GymnasiumBatch:
        """Return a batch of ``count`` environments."""
        return GymnasiumBatch(
            self.environment, count, episode_limit=self.episode_limit, **dict(self.options)
        )

    @cached_property
    def _described(self) -> tuple[WorldSpec, tuple[Space[Any], Space[Any]]]:
        batch = self.batch(1)
        batch.close()
        return batch.spec, batch.spaces
