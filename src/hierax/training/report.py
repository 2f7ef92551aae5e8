"""Sums over some iterations of a run: metrics of updates, and results of episodes."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax.worlds.world import Timestep

SERIES = ("return", "length", "success")


class Report(NamedTuple):
    """Sums over some iterations of a run.

    Attributes:
        metrics: () each, sums over updates, by name.
        updates: () int32, number of updates.
        episodes: () each, sums over episodes that ended: ``return``, ``length``, ``success``.
        ended: () int32, number of episodes that ended.
    """

    metrics: Mapping[str, Any]
    updates: Any
    episodes: Mapping[str, Any]
    ended: Any

    @classmethod
    def empty(cls, metrics: Iterable[str]) -> "Report":
        """Return a report of no iterations, with metrics of these names."""
        none = jnp.zeros((), jnp.int32)
        zero = jnp.zeros(())
        return cls(dict.fromkeys(metrics, zero), none, dict.fromkeys(SERIES, zero), none)

    def with_update(self, metrics: Mapping[str, Any]) -> "Report":
        """Return the report after one more update."""
        sums = jax.tree.map(jnp.add, self.metrics, dict(metrics))
        return self._replace(metrics=sums, updates=self.updates + 1)

    def with_timestep(self, timestep: Timestep) -> "Report":
        """Return the report after one more step of N environments."""
        ended = timestep.terminated | timestep.truncated
        values = (timestep.episode_return, timestep.episode_length, timestep.success)
        sums = {
            name: self.episodes[name] + jnp.where(ended, value, 0).sum()
            for name, value in zip(SERIES, values, strict=True)
        }
        return self._replace(episodes=sums, ended=self.ended + ended.sum(dtype=jnp.int32))

    def means(self, has_success: bool) -> dict[str, float]:
        """Return means over updates, and means over episodes with names ``training/...``."""
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
