"""A learner: observes the rows of actors, makes updates, and publishes parameters.

    state, parameters, report = learner.learn(state, rows, updates, report)

`DeviceLearner` keeps the replay on the device that makes the updates: observing and all updates are
one compiled function. `HostMemoryLearner` keeps a replay that is too large for the device in the
memory of the host. The batches of an iteration are sampled there by a compiled function of their
own, and are moved to the device together. On a CPU both memories are the same, and the numbers are
the same.
"""

import abc
import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias, cast

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Agent, TrainState, is_ready
from hierax.agents.off_policy import OffPolicy
from hierax.training import finiteness
from hierax.training.acting import transition
from hierax.training.actor import Rows
from hierax.training.replays import fitted, unpacked
from hierax.training.report import Report
from hierax.training.strong_types import strongly_typed


class LearnerState(NamedTuple):
    """Everything that changes in a learner.

    Attributes:
        agent: state of the agent, with its replay.
        update_key: key of ``agent`` before its last update.
        fault: () int32, see `hierax.training.finiteness`.
    """

    agent: TrainState
    update_key: jax.Array
    fault: Any


Learned: TypeAlias = tuple[LearnerState, list[Any], Report]
"""The state, the parameters for actors, and the report."""


@dataclasses.dataclass(frozen=True)
class Learner(abc.ABC):
    """A learner; subclasses say where the replay is kept.

    Attributes:
        agent: the agent that is trained.
        environments: N, of all actors together.
        publish: maps a state of the agent to the parameters for actors, `Actor.parameters`.
        most_rows: rows of the replay that a run can use, see `hierax.training.replays`.
    """

    agent: Agent
    environments: int
    publish: Callable[[TrainState], list[Any]]
    most_rows: int | None = None

    @abc.abstractmethod
    def place(self, state: LearnerState) -> LearnerState:
        """Return ``state`` with its replay, or an empty one, in the memory where it is kept."""

    @abc.abstractmethod
    def learn(self, state: LearnerState, rows: Rows, updates: int, report: Report) -> Learned:
        """Observe ``rows``, then make ``updates`` updates; ``state`` is used up.

        Fewer updates are made if a metric is not finite, none if the agent is not ready.
        """

    def start(self, key: jax.Array) -> LearnerState:
        """Return the state of an untrained agent, possibly without replay: see `place`."""
        return self._start(key)

    def restored(self, state: LearnerState) -> LearnerState:
        """Return the state whose agent is as a checkpoint holds it."""
        return state._replace(agent=unpacked(state.agent, self.replay))

    def observe(self, state: LearnerState, rows: Rows) -> LearnerState:
        """Observe ``rows`` and make no update."""
        return state._replace(agent=self._observe(state.agent, rows))

    def evidence(self, state: LearnerState) -> Any:
        """Return the batch that the fault of ``state`` came from."""
        return finiteness.batch_evidence(self.agent, state.agent, state.update_key)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics of an update, see `hierax.training.finiteness.metric_names`."""
        return finiteness.metric_names(self.agent, self.fresh)

    @property
    def replay(self) -> Any:
        """Shapes of the replay."""
        return self.fresh.replay

    @cached_property
    def fresh(self) -> TrainState:
        """Shapes of a new state of the agent."""
        return jax.eval_shape(self._fresh, jax.random.key(0))

    def _fresh(self, key: jax.Array) -> TrainState:
        return fitted(self.agent.init(key, self.environments), self.most_rows)

    @cached_property
    def _start(self) -> Any:
        def start(key: jax.Array) -> LearnerState:
            agent = self._begun(self._fresh(key))
            return strongly_typed(LearnerState(agent, agent.key, jnp.zeros((), jnp.int32)))

        return jax.jit(start)  # no array twice, since `learn` overwrites each of them

    def _begun(self, agent: TrainState) -> TrainState:
        """Return the new state of an agent as `start` gives it."""
        return agent

    @cached_property
    def _observe(self) -> Any:
        nothing = Report.empty(())
        return jax.jit(lambda agent, rows: self._observed(agent, rows, nothing)[0])

    def _observed(self, agent: TrainState, rows: Rows, report: Report) -> tuple[TrainState, Report]:
        """The agent and the report after all ``rows``."""

        def observe(at: tuple[TrainState, Report], row: Any) -> tuple[Any, None]:
            agent, report = at
            *_, after = row
            return (self.agent.observe(agent, transition(*row)), report.with_timestep(after)), None

        before = jax.tree.map(lambda leaf: leaf[:-1], rows.timesteps.observation)
        after = jax.tree.map(lambda leaf: leaf[1:], rows.timesteps)
        acted = rows.acted
        if isinstance(acted, list):
            acted = jax.tree.map(lambda *leaves: jnp.stack(leaves), *acted)
        return jax.lax.scan(observe, (agent, report), (before, *acted, after))[0]

    def _updated(
        self, learn: Any, state: LearnerState, report: Report, updates: jax.Array
    ) -> Learned:
        """The results after ``updates``, or after the first one that is not finite."""

        def goes_on(at: tuple[Any, LearnerState, Report]) -> jax.Array:
            done, state, _ = at
            return (done < updates) & (state.fault == 0)

        def update(at: tuple[Any, LearnerState, Report]) -> tuple[Any, LearnerState, Report]:
            done, state, report = at
            agent, metrics = learn(done, state.agent)
            fault = finiteness.metrics_fault(self.metrics, metrics)
            learned = LearnerState(agent, state.agent.key, fault)
            return done + 1, learned, report.with_update(metrics)

        first = (jnp.zeros((), jnp.int32), state, report)
        _, state, report = jax.lax.while_loop(goes_on, update, first)
        state, report = strongly_typed((state, report))
        # Outputs of a compiled function share no memory: actors may use these parameters while the
        # next call overwrites the state.
        return state, self.publish(state.agent), report


@dataclasses.dataclass(frozen=True)
class DeviceLearner(Learner):
    """A learner with its replay on the device that makes the updates."""

    def place(self, state: LearnerState) -> LearnerState:
        """Return ``state``."""
        return state

    def learn(self, state: LearnerState, rows: Rows, updates: int, report: Report) -> Learned:
        """Observe ``rows``, then make ``updates`` updates; ``state`` is used up."""
        return self._compiled(state, rows, np.int32(updates), report)

    @cached_property
    def _compiled(self) -> Any:
        def learn(state: LearnerState, rows: Rows, updates: jax.Array, report: Report) -> Learned:
            agent, report = self._observed(state.agent, rows, report)
            state = state._replace(agent=agent)
            updates = jnp.where(is_ready(self.agent, agent), updates, 0)
            return self._updated(lambda _, agent: self.agent.learn(agent), state, report, updates)

        return jax.jit(learn, donate_argnums=0)


@dataclasses.dataclass(frozen=True)
class HostMemoryLearner(Learner):
    """A learner with its replay in the memory of the host; for off-policy agents."""

    def place(self, state: LearnerState) -> LearnerState:
        """Return ``state`` with its replay, or an empty one, on the host."""
        replay = state.agent.replay
        if replay is None:
            with jax.default_device(_host()):
                replay = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), self.replay)
        replay = jax.device_put(replay, _host())
        return state._replace(agent=state.agent._replace(replay=replay))

    def restored(self, state: LearnerState) -> LearnerState:
        """Return the state whose agent is as a checkpoint holds it, with its replay on the host."""
        with jax.default_device(_host()):
            return super().restored(state)

    def _begun(self, agent: TrainState) -> TrainState:
        return agent._replace(replay=None)  # it may not fit the device, even at the beginning

    def learn(self, state: LearnerState, rows: Rows, updates: int, report: Report) -> Learned:
        """Observe ``rows``, then make ``updates`` updates; ``state`` is used up."""
        agent = state.agent
        moved = jax.device_put((agent._replace(learner=None, replay=None), rows, report), _host())
        kept, report, batches, ready = self._observe_and_sample(agent.replay, *moved, updates)
        moved, report, batches, ready = jax.device_put(
            (kept._replace(replay=None), report, batches, ready), jax.devices()[0]
        )
        moved = state._replace(agent=moved._replace(learner=agent.learner))
        learned, parameters, report = self._update(moved, batches, ready, report)
        agent = learned.agent._replace(replay=kept.replay)
        return learned._replace(agent=agent), parameters, report

    @cached_property
    def _observe_and_sample(self) -> Any:
        agent = cast(OffPolicy[Any], self.agent)

        def observe_and_sample(
            replay: Any, state: TrainState, rows: Rows, report: Report, updates: int
        ) -> tuple[TrainState, Report, Any, jax.Array]:
            kept, report = self._observed(state._replace(replay=replay), rows, report)
            ready = jnp.where(is_ready(agent, kept), updates, 0)
            return kept, report, agent.next_batches(kept, max(updates, 1)), ready

        return jax.jit(observe_and_sample, donate_argnums=0, static_argnums=4)

    @cached_property
    def _update(self) -> Any:
        agent = cast(OffPolicy[Any], self.agent)

        def update(
            state: LearnerState, batches: Any, updates: jax.Array, report: Report
        ) -> Learned:
            def learn(number: jax.Array, state: TrainState) -> tuple[TrainState, Any]:
                return agent.learn_from(state, jax.tree.map(lambda leaf: leaf[number], batches))

            return self._updated(learn, state, report, updates)

        return jax.jit(update, donate_argnums=0)


def _host() -> Any:
    return jax.devices("cpu")[0]
