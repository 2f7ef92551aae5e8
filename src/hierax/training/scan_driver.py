"""Training inside `jit`: the world, the agent and their loop are one compiled function.

    repeat `beats` times, unless something is not finite
        repeat `rhythm.steps` times:    act, step the worlds, observe
        repeat `rhythm.updates` times:  learn

How many beats there are is an argument of the compiled function, so nothing is compiled twice.

Several seeds share one compilation. An accelerator advances them together, by `vmap`. A CPU takes
one after the other: that costs no more, and each gives the numbers that it gives alone.
"""

import dataclasses
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Agent, TrainState, Transition
from hierax.training import finiteness
from hierax.training.report import Report
from hierax.training.rhythm import Rhythm
from hierax.training.warm_start import warm_started
from hierax.worlds.functional_batch import BatchState, FunctionalBatch
from hierax.worlds.world import Timestep, World


class Run(NamedTuple):
    """All that changes while an agent learns in a world.

    Attributes:
        agent: what was learned.
        worlds: N environments.
        carry: what the agent carries from step to step in each of them.
        action: ``(N, ...)``, taken last.
        key: of the random numbers of acting and of the worlds.
        update_key: the agent's key before its last update, from which its batch can be drawn again.
        fault: () int32, see `hierax.training.finiteness`.
    """

    agent: TrainState
    worlds: BatchState
    carry: Any
    action: jax.Array
    key: jax.Array
    update_key: jax.Array
    fault: jax.Array


Runs = Any
"""A tuple of one `Run` for each seed, or a single one whose arrays have a leading axis of seeds."""

_SEEDS = "seeds"


@dataclasses.dataclass(frozen=True)
class ScanDriver:
    """Trains an agent in copies of a functional world.

    Attributes:
        agent: who learns.
        world: where.
        rhythm: of acting and learning.
        together: whether seeds advance together, by `vmap`.
    """

    agent: Agent
    world: World
    rhythm: Rhythm
    together: bool = False

    def start(self, seeds: Sequence[int]) -> Runs:
        """The beginning of the runs with these seeds."""
        keys = [jax.random.key(seed) for seed in seeds]
        if self.together:
            return self._start(jnp.stack(keys))
        return tuple(self._start(key) for key in keys)

    def start_with(self, seeds: Sequence[int], learned: Sequence[TrainState]) -> Runs:
        """As `start`, with what was `learned` with each seed elsewhere."""
        each = [
            run._replace(agent=warm_started(run.agent, state))
            for run, state in zip(self._each(self.start(seeds)), learned, strict=True)
        ]
        return (
            jax.tree.map(lambda *leaves: jnp.stack(leaves), *each) if self.together else tuple(each)
        )

    def advance(self, runs: Runs, beats: int, *, learning: bool) -> tuple[Runs, list[Report]]:
        """Goes on for a number of beats; ``runs`` may not be used afterwards.

        Args:
            runs: one for each seed.
            beats: how many; fewer are made where something is not finite.
            learning: whether there are updates.
        """
        updates = self.rhythm.updates if learning else 0
        counts = jnp.int32(beats), jnp.int32(updates)
        if self.together:
            runs, report = self._advance(runs, *counts)
            return runs, unstacked(report)
        advanced = [self._advance(run, *counts) for run in runs]
        return tuple(run for run, _ in advanced), [report for _, report in advanced]

    def agents(self, runs: Runs) -> list[TrainState]:
        """What was learned with each seed."""
        return [run.agent for run in self._each(runs)]

    def fault(self, runs: Runs) -> tuple[str, Any] | None:
        """The first array that was not finite and what it came from; None while all is well.

        That is the last step's arrays, or the batch of the last update.
        """
        for run in self._each(runs):
            if run.fault:
                name = finiteness.names(self._metrics)[int(run.fault) - 1]
                return name, finiteness.origin(self.agent, run, run.worlds.timestep)
        return None

    def snapshot(self, runs: Runs) -> Runs:
        """All that changes, as a checkpoint keeps it."""
        return runs

    def resume(self, saved: Runs, seeds: Sequence[int]) -> Runs:
        """The runs of a `snapshot`."""
        del seeds
        return saved

    def like(self, seeds: Sequence[int]) -> Runs:
        """The shapes of a `snapshot`."""
        return jax.eval_shape(lambda: self.start(seeds))

    def close(self, runs: Runs) -> None:
        """Does nothing: all that is held is arrays."""

    def _each(self, runs: Runs) -> list[Run]:
        return unstacked(runs) if self.together else list(runs)

    @cached_property
    def _batch(self) -> FunctionalBatch:
        return FunctionalBatch(self.world, self.rhythm.environments)

    @cached_property
    def _metrics(self) -> tuple[str, ...]:
        state = jax.eval_shape(self._first, jax.random.key(0)).agent
        return finiteness.metric_names(self.agent, state)

    @cached_property
    def _start(self) -> Any:
        return jax.jit(jax.vmap(self._first) if self.together else self._first)

    @cached_property
    def _advance(self) -> Any:
        if not self.together:
            return jax.jit(self._beats, donate_argnums=0)
        beats = jax.vmap(self._beats, in_axes=(0, None, None), axis_name=_SEEDS)
        return jax.jit(beats, donate_argnums=0)

    def _first(self, key: jax.Array) -> Run:
        agent_key, world_key, key = jax.random.split(key, 3)
        count = self.rhythm.environments
        agent = self.agent.init(agent_key, count)
        worlds = self._batch.reset(world_key)
        carry = self.agent.initial_carry(count)
        _, action, _ = self.agent.act(
            agent, carry, worlds.timestep.observation, world_key, explore=True
        )
        fault = finiteness.first_fault((worlds.timestep.observation,))
        return strongly_typed(
            Run(agent, worlds, carry, jnp.zeros_like(action), key, agent.key, fault)
        )

    def _beats(self, run: Run, beats: jax.Array, updates: jax.Array) -> tuple[Run, Report]:
        report = Report.empty(self._metrics)
        run, report = self._repeat(beats, partial(self._beat, updates), (run, report))
        return strongly_typed(run), report

    def _beat(self, updates: jax.Array, at: tuple[Run, Report]) -> tuple[Run, Report]:
        return self._repeat(updates, self._learn, self._repeat(self.rhythm.steps, self._step, at))

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
        key, act_key, world_key = jax.random.split(run.key, 3)
        before = run.worlds.timestep
        carry = begun_anew(self.agent, run.carry, before)
        carry, action, extras = self.agent.act(
            run.agent, carry, before.observation, act_key, explore=True
        )
        worlds = self._batch.step(run.worlds, action, world_key)
        after = worlds.timestep
        agent = self.agent.observe(run.agent, transition(before, action, extras, after))
        fault = finiteness.first_fault((after.observation, action, after.reward))
        run = Run(agent, worlds, carry, action, key, run.update_key, fault)
        return run, report.with_timestep(after)

    def _learn(self, at: tuple[Run, Report]) -> tuple[Run, Report]:
        run, report = at
        agent, metrics = self.agent.learn(run.agent)
        fault = finiteness.metrics_fault(self._metrics, metrics)
        run = run._replace(agent=agent, update_key=run.agent.key, fault=fault)
        return run, report.with_update(metrics)


def strongly_typed(tree: Any) -> Any:
    """``tree`` without the weak types of Python's numbers, which it would lose in the first loop.

    A compiled function whose arguments change their types is compiled anew.
    """

    def strong(leaf: jax.Array) -> jax.Array:
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return leaf if is_key else jax.lax.convert_element_type(leaf, leaf.dtype)

    return jax.tree.map(strong, tree)


def begun_anew(agent: Agent, carry: Any, timestep: Timestep) -> Any:
    """``carry``, with its beginning where an episode has just begun."""
    begins = jnp.asarray(timestep.episode_length) == 0

    def chosen(first: jax.Array, held: jax.Array) -> jax.Array:
        return jnp.where(begins.reshape(begins.shape + (1,) * (held.ndim - 1)), first, held)

    return jax.tree.map(chosen, agent.initial_carry(begins.shape[0]), carry)


def transition(before: Timestep, action: Any, extras: Any, after: Timestep) -> Transition:
    """The step between two timesteps, as agents observe it."""
    return Transition(
        observation=before.observation,
        action=action,
        extras=extras,
        reward=after.reward,
        terminated=after.terminated,
        truncated=after.truncated,
        next_observation=after.observation,
        is_step=after.is_step,
    )


def unstacked(tree: Any) -> list[Any]:
    """One tree for each entry of the leading axis of the arrays of ``tree``."""
    count = len(jax.tree.leaves(tree)[0])
    return [jax.tree.map(lambda leaf, k=k: leaf[k], tree) for k in range(count)]
