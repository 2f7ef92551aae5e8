"""Gymnasium environments as worlds."""

import dataclasses
from functools import cached_property
from typing import Any

from gymnasium.spaces import Space

from hierax.spec import WorldSpec
from hierax.worlds.gymnasium.host_batch import GymnasiumBatch


@dataclasses.dataclass(frozen=True)
class GymnasiumWorld:
    """A Gymnasium environment as a host world; its batches are `GymnasiumBatch`.

    Attributes:
        environment: an id for ``gymnasium.make``.
        options: further arguments of ``gymnasium.make``, as pairs of name and value.
        episode_limit: steps after which an episode is truncated; None uses the environment's
            limit.

    Raises:
        ValueError: if ``environment`` is not a str. `batch` and ``spec`` raise the errors of
            `GymnasiumBatch`.
    """

    environment: str
    options: tuple[tuple[str, Any], ...] = ()
    episode_limit: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.environment, str):
            raise ValueError(
                f"environment must be an id for gymnasium.make, got {self.environment!r}: register "
                "a class of your own with gymnasium.register"
            )

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
