"""Training inside `jit`: the world, the agent and their loop are one compiled function.

    for each iteration, unless something is not finite
        repeat `iteration.steps` times:    act, step the worlds, observe
        repeat `iteration.updates` times:  learn

The number of iterations is an argument of the compiled function, so it is compiled once.

Several seeds share one compilation. An accelerator advances them together, by `vmap`. A CPU
advances one after the other: this takes no longer, and each gives the numbers that it gives alone.
"""

import dataclasses
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Agent, TrainState, is_ready
from hierax.training import finiteness
from hierax.training.acting import Acting, Behaviour, step, transition
from hierax.training.iteration import Iteration
from hierax.training.replays import fitted, packed, packed_like, unpacked
from hierax.training.report import Report
from hierax.training.strong_types import strongly_typed
from hierax.training.warm_start import warm_started
from hierax.worlds.functional_batch import FunctionalBatch
from hierax.worlds.world import World


class Run(NamedTuple):
    """Everything that changes while an agent is trained in a functional world.

    Attributes:
        agent: state of the agent.
        acting: N environments and the agent's carry in them.
        action: ``(N, ...)``, the last one.
        update_key: key of ``agent`` before its last update; its batch can be sampled again from it.
        fault: () int32, see `hierax.training.finiteness`.
    """

    agent: TrainState
    acting: Acting
    action: jax.Array
    update_key: jax.Array
    fault: jax.Array


Runs = Any
"""A tuple of one `Run` for each seed, or a single one whose arrays have a leading axis of seeds."""

_SEEDS = "seeds"


@dataclasses.dataclass(frozen=True)
class ScanDriver:
    """A driver that trains an agent in copies of a functional world.

    Attributes:
        agent: the agent.
        world: the world.
        iteration: size of an iteration.
        together: whether seeds advance together, by `vmap`.
        most_rows: rows of the replay that a run can use, see `hierax.training.replays`.
    """

    agent: Agent
    world: World
    iteration: Iteration
    together: bool = False
    most_rows: int | None = None

    @property
    def fresh(self) -> TrainState:
        """Shapes of a new state of the agent."""
        return self._shapes.agent

    def start(self, seeds: Sequence[int], learned: Sequence[TrainState] | None = None) -> Runs:
        """Return new runs with these seeds, see `Driver.start`."""
        keys = [jax.random.key(seed) for seed in seeds]
        runs = self._start(jnp.stack(keys)) if self.together else tuple(map(self._start, keys))
        if learned is None:
            return runs
        each = [
            run._replace(
                agent=warm_started(run.agent, state, self.agent, self._shapes.agent.replay)
            )
            for run, state in zip(self._each(runs), learned, strict=True)
        ]
        return self._joined(each)

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
        counts = jnp.int32(iterations), jnp.int32(updates)
        if reports is None:
            reports = self.no_reports(range(len(self._each(runs))))
        if self.together:
            runs, report = self._advance(runs, _stacked(reports), *counts)
            return runs, unstacked(report)
        pairs = zip(runs, reports, strict=True)
        advanced = [self._advance(run, report, *counts) for run, report in pairs]
        return tuple(run for run, _ in advanced), [report for _, report in advanced]

    def no_reports(self, seeds: Sequence[int]) -> list[Report]:
        """Return a report of no iterations for each seed."""
        return [Report.empty(self._metrics)] * len(seeds)

    def agents(self, runs: Runs) -> list[TrainState]:
        """Return the state of the agent of each seed."""
        return [run.agent for run in self._each(runs)]

    def with_agents(self, runs: Runs, states: Sequence[TrainState]) -> Runs:
        """Return the runs with another state of the agent for each seed."""
        pairs = zip(self._each(runs), states, strict=True)
        return self._joined([run._replace(agent=state) for run, state in pairs])

    def fault(self, runs: Runs) -> tuple[str, Any] | None:
        """Return the first array that is not finite and its source, see `Driver.fault`."""
        for run in self._each(runs):
            number = int(run.fault)
            if number:
                name = finiteness.names(self._metrics)[number - 1]
                if number <= len(finiteness.ACTING):
                    return name, finiteness.step_evidence(run.acting.worlds.timestep, run.action)
                return name, finiteness.batch_evidence(self.agent, run.agent, run.update_key)
        return None

    def tells_success(self, runs: Runs) -> bool:
        """Return whether the world reports success."""
        return bool(self.world.spec.has_success)

    def snapshot(self, runs: Runs) -> list[Run]:
        """Return everything that changes in the run of each seed, for a checkpoint."""
        return [run._replace(agent=packed(run.agent)) for run in self._each(runs)]

    def like(self, seeds: Sequence[int]) -> list[Run]:
        """Return the shapes of a `snapshot`."""
        return [self._shapes._replace(agent=packed_like(self._shapes.agent))] * len(seeds)

    def resume(self, saved: Sequence[Run], seeds: Sequence[int]) -> Runs:
        """Return the runs of a `snapshot`."""
        del seeds
        replay = self._shapes.agent.replay
        return self._joined([run._replace(agent=unpacked(run.agent, replay)) for run in saved])

    def close(self, runs: Runs) -> None:
        """Do nothing: a run holds only arrays."""

    def _each(self, runs: Runs) -> list[Run]:
        return unstacked(runs) if self.together else list(runs)

    def _joined(self, each: Sequence[Run]) -> Runs:
        return _stacked(each) if self.together else tuple(each)

    @cached_property
    def _shapes(self) -> Run:
        return jax.eval_shape(self._first, jax.random.key(0))

    @cached_property
    def _behaviour(self) -> Behaviour:
        return Behaviour(self.agent, explore=True)

    @cached_property
    def _batch(self) -> FunctionalBatch:
        return FunctionalBatch(self.world, self.iteration.environments)

    @cached_property
    def _metrics(self) -> tuple[str, ...]:
        return finiteness.metric_names(self.agent, self._shapes.agent)

    @cached_property
    def _start(self) -> Any:
        return jax.jit(jax.vmap(self._first) if self.together else self._first)

    @cached_property
    def _advance(self) -> Any:
        if not self.together:
            return jax.jit(self._iterations, donate_argnums=0)
        iterations = jax.vmap(self._iterations, in_axes=(0, 0, None, None), axis_name=_SEEDS)
        return jax.jit(iterations, donate_argnums=0)

    def _first(self, key: jax.Array) -> Run:
        agent_key, world_key, key = jax.random.split(key, 3)
        count = self.iteration.environments
        agent = fitted(self.agent.init(agent_key, count), self.most_rows)
        worlds = self._batch.reset(world_key)
        carry = self.agent.initial_carry(count)
        _, action, _ = self.agent.act(
            agent, carry, worlds.timestep.observation, world_key, explore=True
        )
        fault = finiteness.first_fault((worlds.timestep.observation,))
        acting = Acting(worlds, carry, key)
        return strongly_typed(Run(agent, acting, jnp.zeros_like(action), agent.key, fault))

    def _iterations(
        self, run: Run, report: Report, count: jax.Array, updates: jax.Array
    ) -> tuple[Run, Report]:
        run, report = self._repeat(count, partial(self._iterate, updates), (run, report))
        return strongly_typed(run), report

    def _iterate(self, updates: jax.Array, at: tuple[Run, Report]) -> tuple[Run, Report]:
        at = self._repeat(self.iteration.steps, self._step, at)
        ready = is_ready(self.agent, at[0].agent)
        if self.together:  # a number of updates for each seed would copy every replay
            ready = jax.lax.pmin(ready.astype(jnp.int32), _SEEDS) > 0
        return self._repeat(jnp.where(ready, updates, 0), self._learn, at)

    def _repeat(self, count: Any, body: Any, at: tuple[Run, Report]) -> tuple[Run, Report]:
        """``body`` applied ``count`` times, or until something is not finite with some seed."""

        def goes_on(progress: tuple[jax.Array, tuple[Run, Report]]) -> jax.Array:
            done, (run, _) = progress
            fault = jax.lax.pmax(run.fault, _SEEDS) if self.together else run.fault
            return (done < count) & (fault == 0)

        first = (jnp.zeros((), jnp.int32), at)
        return jax.lax.while_loop(goes_on, lambda now: (now[0] + 1, body(now[1])), first)[1]

    def _step(self, at: tuple[Run, Report]) -> tuple[Run, Report]:
        run, report = at
        before = run.acting.worlds.timestep.observation
        acting, action, extras = step(self._behaviour, self._batch, run.agent, run.acting)
        after = acting.worlds.timestep
        agent = self.agent.observe(run.agent, transition(before, action, extras, after))
        fault = finiteness.first_fault((after.observation, action, after.reward))
        return Run(agent, acting, action, run.update_key, fault), report.with_timestep(after)

    def _learn(self, at: tuple[Run, Report]) -> tuple[Run, Report]:
        run, report = at
        agent, metrics = self.agent.learn(run.agent)
        fault = finiteness.metrics_fault(self._metrics, metrics)
        run = run._replace(agent=agent, update_key=run.agent.key, fault=fault)
        return run, report.with_update(metrics)


def _stacked(trees: Sequence[Any]) -> Any:
    """Return one tree whose arrays have a leading axis, with an entry for each of ``trees``."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def unstacked(tree: Any) -> list[Any]:
    """Return one tree for each entry of the leading axis of the arrays of ``tree``."""
    count = len(jax.tree.leaves(tree)[0])
    return [jax.tree.map(lambda leaf, k=k: leaf[k], tree) for k in range(count)]
