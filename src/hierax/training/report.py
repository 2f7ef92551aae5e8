"""What a stretch of a run tells: means of what learning measured, and the episodes that ended."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax.worlds.world import Timestep

SERIES = ("return", "length", "success")


class Report(NamedTuple):
    """Sums over a stretch of a run.

    Attributes:
        metrics: () each, sums over updates, by name.
        updates: () int32, how many updates there were.
        episodes: () each, sums over episodes that ended: ``return``, ``length``, ``success``.
        ended: () int32, how many episodes ended.
    """

    metrics: Mapping[str, Any]
    updates: Any
    episodes: Mapping[str, Any]
    ended: Any

    @classmethod
    def empty(cls, metrics: Iterable[str]) -> "Report":
        """Of a stretch in which nothing happened, with metrics of these names."""
        none = jnp.zeros((), jnp.int32)
        zero = jnp.zeros(())
        return cls(dict.fromkeys(metrics, zero), none, dict.fromkeys(SERIES, zero), none)

    def with_update(self, metrics: Mapping[str, Any]) -> "Report":
        """After one more update."""
        sums = jax.tree.map(jnp.add, self.metrics, dict(metrics))
        return self._replace(metrics=sums, updates=self.updates + 1)

    def with_timestep(self, timestep: Timestep) -> "Report":
        """After one more step of N environments."""
        ended = timestep.terminated | timestep.truncated
        values = (timestep.episode_return, timestep.episode_length, timestep.success)
        sums = {
            name: self.episodes[name] + jnp.where(ended, value, 0).sum()
            for name, value in zip(SERIES, values, strict=True)
        }
        return self._replace(episodes=sums, ended=self.ended + ended.sum(dtype=jnp.int32))

    def means(self, has_success: bool) -> dict[str, float]:
        """Numbers to log: means over updates, and over episodes under ``training/``."""
        found = {
            name: float(total) / int(self.updates)
            for name, total in self.metrics.items()
            if self.updates
        }
        shown = SERIES if has_success else SERIES[:2]
        if self.ended:
            found |= {
                f"training/{name}": float(np.asarray(self.episodes[name])) / int(self.ended)
                for name in shown
            }
        return found
