"""Training in environments that are stepped from the host: physics engines, Gymnasium.

    iteration i:   act and step the environments, while the updates of iteration i-1 run
                   wait for these updates, then start the updates of iteration i

So physics and updates share the machine. The parameters that act are those after the updates of
iteration i-2, whatever the timing, so the numbers of a run do not depend on timing.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.training import finiteness
from hierax.training.actor import Actor, ActorState
from hierax.training.checkpoint import AS_STORED
from hierax.training.iteration import Iteration
from hierax.training.learner import DeviceLearner, HostMemoryLearner, Learner, LearnerState
from hierax.training.replays import packed, packed_like
from hierax.training.report import Report
from hierax.training.warm_start import warm_started
from hierax.worlds.contract import require_timestep
from hierax.worlds.host import HostBatch, HostWorld, tells_success
from hierax.worlds.world import Timestep


class HostRun(NamedTuple):
    """Everything that changes in the run of one seed, except the environments.

    Attributes:
        learner: state of the learner.
        actor: state of the actor.
        parameters: that act in the next iteration.
        published: by the learner last; they act in the iteration after the next one.
        beginnings: () int32, how often the environments were reset by a resumption.
    """

    learner: LearnerState
    actor: ActorState
    parameters: list[Any]
    published: list[Any]
    beginnings: Any


Runs = list[tuple[HostBatch, HostRun]]


@dataclasses.dataclass(frozen=True)
class HostDriver:
    """A driver that joins one actor and one learner; seeds are trained one after the other.

    Attributes:
        agent: the agent.
        world: the world.
        iteration: size of an iteration.
        replay: whether the replay is kept on the ``"device"`` that makes the updates, or on the
            ``"host"``, see `hierax.training.learner`.
        most_rows: rows of the replay that a run can use, see `hierax.training.replays`.
    """

    agent: Agent
    world: HostWorld
    iteration: Iteration
    replay: Literal["device", "host"] = "device"
    most_rows: int | None = None

    @property
    def fresh(self) -> TrainState:
        """Shapes of a new state of the agent."""
        return self._learner.fresh

    def start(self, seeds: Sequence[int], learned: Sequence[TrainState] | None = None) -> Runs:
        """Return new runs with these seeds, see `Driver.start`."""
        states = [None] * len(seeds) if learned is None else learned
        return [self._start(seed, state) for seed, state in zip(seeds, states, strict=True)]

    def advance(
        self,
        runs: Runs,
        iterations: int,
        *,
        learning: bool,
        reports: Sequence[Report] | None = None,
    ) -> tuple[Runs, list[Report]]:
        """Advance the runs by a number of iterations, see `Driver.advance`."""
        updates = self.iteration.updates if learning else 0
        reports = self.no_reports(range(len(runs))) if reports is None else reports
        advanced = [
            self._advance(batch, run, report, iterations, updates)
            for (batch, run), report in zip(runs, reports, strict=True)
        ]
        pairs = zip(runs, advanced, strict=True)
        return [(batch, run) for (batch, _), (run, _) in pairs], [report for _, report in advanced]

    def no_reports(self, seeds: Sequence[int]) -> list[Report]:
        """Return a report of no iterations for each seed."""
        return [Report.empty(self._learner.metrics)] * len(seeds)

    def agents(self, runs: Runs) -> list[TrainState]:
        """Return the state of the agent of each seed."""
        return [run.learner.agent for _, run in runs]

    def with_agents(self, runs: Runs, states: Sequence[TrainState]) -> Runs:
        """Return the runs with another state of the agent for each seed."""
        pairs = zip(runs, states, strict=True)
        return [(batch, _with_learner(run, lambda _, s=state: s)) for (batch, run), state in pairs]

    def fault(self, runs: Runs) -> tuple[str, Any] | None:
        """Return the first array that is not finite and its source, see `Driver.fault`."""
        names = finiteness.names(self._learner.metrics)
        for _, run in runs:
            if run.learner.fault:
                return names[int(run.learner.fault) - 1], self._learner.evidence(run.learner)
            if run.actor.fault:
                evidence = finiteness.step_evidence(run.actor.timestep, run.actor.action)
                return names[int(run.actor.fault) - 1], evidence
        return None

    def tells_success(self, runs: Runs) -> bool:
        """Return whether the world reports success, or has reported it in one of the runs."""
        return any(tells_success(batch) for batch, _ in runs)

    def snapshot(self, runs: Runs) -> Any:
        """Return everything that a checkpoint keeps; environments as `HostBatch.save` does."""
        return [(batch.save(), _with_learner(run, packed)) for batch, run in runs]

    def resume(self, saved: Any, seeds: Sequence[int]) -> Runs:
        """Return the runs of a `snapshot`; environments that were not saved are reset."""
        pairs = zip(saved, seeds, strict=True)
        return [self._resumed(stored, run, seed) for (stored, run), seed in pairs]

    def like(self, seeds: Sequence[int]) -> Any:
        """Return the shapes of a `snapshot`; of environments, whatever was stored."""
        run: HostRun = jax.eval_shape(self._run, jax.random.key(0), self._no_timestep)
        run = run._replace(actor=run.actor._replace(timestep=self._no_timestep))
        stored = _with_learner(
            run, lambda agent: packed_like(agent._replace(replay=self._learner.replay))
        )
        return [(AS_STORED, stored)] * len(seeds)

    def close(self, runs: Runs) -> None:
        """Close the environments."""
        for batch, _ in runs:
            batch.close()

    def _start(self, seed: int, learned: TrainState | None) -> tuple[HostBatch, HostRun]:
        batch = self.world.batch(self.iteration.environments)
        timestep = batch.reset(environment_seed(seed, 0))
        require_timestep(timestep, batch.spec, (batch.count,), "reset()")
        run = self._compiled_run(jax.random.key(seed), timestep)
        run = run._replace(actor=run.actor._replace(timestep=timestep))
        if learned is not None:
            agent = warm_started(run.learner.agent, learned, self.agent, self._learner.replay)
            run = self._with_agent(run, agent)
            run = run._replace(parameters=run.published)
        return batch, self._placed(run)

    def _resumed(self, stored: Any, run: HostRun, seed: int) -> tuple[HostBatch, HostRun]:
        batch = self.world.batch(self.iteration.environments)
        run = run._replace(learner=self._learner.restored(run.learner))
        if stored is not None:
            batch.restore(stored)
            return batch, self._placed(run)
        beginnings = np.int32(run.beginnings + 1)
        timestep = batch.reset(environment_seed(seed, int(beginnings)))
        return batch, self._placed(self._reset(run, timestep)._replace(beginnings=beginnings))

    def _reset(self, run: HostRun, timestep: Timestep) -> HostRun:
        """The run after a step in which every environment was reset.

        The learner observes this step: otherwise the replay would join the old and the new episode.
        """
        rows, actor = self._actor.rows(_Reset(timestep), run.parameters, run.actor, 1)
        agent = self._learner.observe(run.learner, rows).agent
        return self._with_agent(run._replace(actor=actor), agent)

    def _advance(
        self, batch: HostBatch, run: HostRun, report: Report, iterations: int, updates: int
    ) -> tuple[HostRun, Report]:
        if run.actor.fault:  # of the first observation
            return run, report
        for _ in range(iterations):
            rows, actor = self._actor.rows(batch, run.parameters, run.actor, self.iteration.steps)
            run = run._replace(actor=actor)
            if run.learner.fault or actor.fault:  # of the updates that ran meanwhile, or of a step
                break
            learner, published, report = self._learner.learn(run.learner, rows, updates, report)
            run = run._replace(learner=learner, parameters=run.published, published=published)
        return run, report

    def _run(self, key: jax.Array, timestep: Timestep) -> HostRun:
        """A new run; its environments show ``timestep``."""
        agent_key, _, key = jax.random.split(key, 3)
        learner, actor = self._learner.start(agent_key), self._actor.start(key, timestep)
        parameters = self._actor.parameters(learner.agent)
        return HostRun(learner, actor, parameters, parameters, jnp.zeros((), jnp.int32))

    def _with_agent(self, run: HostRun, agent: TrainState) -> HostRun:
        """The run with that state of the agent, published at once."""
        published = jax.tree.map(jnp.copy, self._actor.parameters(agent))
        return run._replace(learner=run.learner._replace(agent=agent), published=published)

    def _placed(self, run: HostRun) -> HostRun:
        return run._replace(learner=self._learner.place(run.learner))

    @cached_property
    def _compiled_run(self) -> Any:
        return jax.jit(self._run)

    @cached_property
    def _actor(self) -> Actor:
        return Actor(self.agent, self.iteration.environments)

    @cached_property
    def _learner(self) -> Learner:
        kind = DeviceLearner if self.replay == "device" else HostMemoryLearner
        count = self.iteration.environments
        return kind(self.agent, count, self._actor.parameters, self.most_rows)

    @cached_property
    def _no_timestep(self) -> Timestep:
        """A timestep of zeros, for shapes."""
        count = self.iteration.environments
        views = self.world.spec.views
        observation = {view.name: np.zeros((count, *view.shape), view.dtype) for view in views}
        no, zero = np.zeros(count, bool), np.zeros(count, np.float32)
        return Timestep(observation, zero, no, no, no, no, zero, np.zeros(count, np.int32))


def _with_learner(run: HostRun, change: Callable[[TrainState], TrainState]) -> HostRun:
    """Return the run with another state of its agent."""
    return run._replace(learner=run.learner._replace(agent=change(run.learner.agent)))


class _Reset(NamedTuple):
    """Environments that were reset, whatever the action."""

    timestep: Timestep

    def step(self, action: np.ndarray) -> Timestep:
        """Return the timestep of the reset."""
        del action
        return self.timestep


def environment_seed(seed: int, beginnings: int) -> int:
    """Return a seed for environments that differs from the seed of the agent.

    Args:
        seed: of the run or the evaluation.
        beginnings: how often environments were reset before with that seed.
    """
    return int(np.random.SeedSequence([seed, beginnings]).generate_state(1)[0])
