"""The updates of a beat of the host driver: where the replay is kept, and what is compiled.

With the replay on the device that computes, observing and all updates are one compiled function. A
replay that is too large for it stays in the memory of the host: the batches of a beat are drawn
there by a compiled function of their own, and brought to the device together. On a CPU both are the
same place, and the numbers are the same.
"""

import dataclasses
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from hierax.agents.agent import Agent, TrainState
from hierax.agents.off_policy import OffPolicy
from hierax.training import finiteness
from hierax.training.report import Report
from hierax.training.scan_driver import strongly_typed, transition
from hierax.worlds.world import Timestep

Learned: TypeAlias = tuple[TrainState, jax.Array, jax.Array, Report]
"""The agent, its key before its last update, the fault, and the report."""


class Row(NamedTuple):
    """One step of N environments on its way to the agent; `k` of them have a leading axis more."""

    before: Timestep
    action: Any
    extras: Any
    after: Timestep


@dataclasses.dataclass(frozen=True)
class OnDevice:
    """Learns from a replay beside the parameters.

    Attributes:
        agent: who learns.
        metrics: names of what `Agent.learn` measures, see `faults.metric_names`.
    """

    agent: Agent
    metrics: tuple[str, ...]

    def keep(self, replay: Any) -> Any:
        """The replay where it belongs."""
        return replay

    def __call__(
        self, agent: TrainState, update_key: jax.Array, rows: Row, updates: int, report: Report
    ) -> Learned:
        """Observes ``rows``, then makes ``updates``; the replay of ``agent`` is used up."""
        latest = agent._replace(replay=None)
        return self._compiled(agent.replay, latest, update_key, rows, jnp.int32(updates), report)

    @cached_property
    def _compiled(self) -> Any:
        # Without the rest, since the parameters before these updates go on acting meanwhile.
        return jax.jit(self._learn, donate_argnums=0)

    def _learn(
        self,
        replay: Any,
        latest: TrainState,
        update_key: jax.Array,
        rows: Row,
        updates: jax.Array,
        report: Report,
    ) -> Learned:
        agent, report = _observed(self.agent, latest._replace(replay=replay), rows, report)

        def learn(_: jax.Array, agent: TrainState) -> tuple[TrainState, Any]:
            return self.agent.learn(agent)

        return _updated(learn, self.metrics, (agent, update_key, report), updates)


@dataclasses.dataclass(frozen=True)
class FromHost:
    """Learns from a replay in the memory of the host.

    Attributes:
        agent: who learns.
        metrics: names of what `Agent.learn` measures, see `faults.metric_names`.
    """

    agent: OffPolicy
    metrics: tuple[str, ...]

    def keep(self, replay: Any) -> Any:
        """The replay where it belongs."""
        return jax.device_put(replay, _host())

    def __call__(
        self, agent: TrainState, update_key: jax.Array, rows: Row, updates: int, report: Report
    ) -> Learned:
        """See `OnDevice`."""
        told = jax.device_put((agent._replace(learner=None, replay=None), rows, report), _host())
        kept, report, batches = self._observe_and_draw(agent.replay, *told, updates)
        moved, report, batches = jax.device_put(
            (kept._replace(replay=None), report, batches), jax.devices()[0]
        )
        moved = moved._replace(learner=agent.learner)
        learned, *rest = self._update(moved, update_key, batches, jnp.int32(updates), report)
        return learned._replace(replay=kept.replay), *rest

    @cached_property
    def _observe_and_draw(self) -> Any:
        def observe_and_draw(
            replay: Any, told: TrainState, rows: Row, report: Report, updates: int
        ) -> tuple[TrainState, Report, Any]:
            kept, report = _observed(self.agent, told._replace(replay=replay), rows, report)
            return kept, report, self.agent.next_batches(kept, max(updates, 1))

        return jax.jit(observe_and_draw, donate_argnums=0, static_argnums=4)

    @cached_property
    def _update(self) -> Any:
        def update(
            agent: TrainState,
            update_key: jax.Array,
            batches: Any,
            updates: jax.Array,
            report: Report,
        ) -> Learned:
            def learn(number: jax.Array, agent: TrainState) -> tuple[TrainState, Any]:
                batch = jax.tree.map(lambda leaf: leaf[number], batches)
                return self.agent.learn_from(agent, batch)

            return _updated(learn, self.metrics, (agent, update_key, report), updates)

        return jax.jit(update)


def _host() -> Any:
    return jax.devices("cpu")[0]


def _observed(
    agent: Agent, state: TrainState, rows: Row, report: Report
) -> tuple[TrainState, Report]:
    """After all ``rows``."""

    def observe(at: tuple[TrainState, Report], row: Row) -> tuple[tuple[TrainState, Report], None]:
        state, report = at
        return (agent.observe(state, transition(*row)), report.with_timestep(row.after)), None

    return jax.lax.scan(observe, (state, report), rows)[0]


def _updated(
    learn: Any, metrics: tuple[str, ...], at: tuple[TrainState, jax.Array, Report], updates: Any
) -> Learned:
    """After as many ``updates``, or after the first in which something is not finite."""

    def goes_on(at: tuple[Any, ...]) -> jax.Array:
        return (at[0] < updates) & (at[3] == 0)

    def update(at: tuple[Any, ...]) -> tuple[Any, ...]:
        done, agent, _, _, report = at
        learned, measured = learn(done, agent)
        fault = finiteness.metrics_fault(metrics, measured)
        return done + 1, learned, agent.key, fault, report.with_update(measured)

    agent, update_key, report = at
    none = jnp.zeros((), jnp.int32)
    first = (none, agent, update_key, none, report)
    return strongly_typed(jax.lax.while_loop(goes_on, update, first)[1:])
