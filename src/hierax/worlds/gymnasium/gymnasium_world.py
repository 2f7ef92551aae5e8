"""Any Gymnasium environment as a world to learn in."""

import dataclasses
from functools import cached_property
from typing import Any

from hierax.spec import WorldSpec
from hierax.worlds.gymnasium.host_batch import GymnasiumBatch


@dataclasses.dataclass(frozen=True)
class GymnasiumWorld:
    """A world of which `GymnasiumBatch` makes batches.

    Attributes:
        environment: an id for ``gymnasium.make``.
        options: what ``gymnasium.make`` is given besides, as pairs of name and value.
        episode_limit: steps after which an episode is cut off; None takes the environment's own.

    Raises:
        ValueError: where the environment is no id. `batch` and ``spec`` raise what `GymnasiumBatch`
            does.
    """

    environment: str
    options: tuple[tuple[str, Any], ...] = ()
    episode_limit: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.environment, str):
            raise ValueError(
                f"environment is {self.environment!r}, but must be an id: give one to a class of "
                "your own with gymnasium.register"
            )

    @cached_property
    def spec(self) -> WorldSpec:
        """What agents are told of it."""
        batch = self.batch(1)
        batch.close()
        return batch.spec

    def batch(self, count: int) -> GymnasiumBatch:
        """``count`` environments."""
        return GymnasiumBatch(
            self.environment, count, episode_limit=self.episode_limit, **dict(self.options)
        )
