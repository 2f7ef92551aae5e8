"""Training in environments that are stepped from the host: physics engines, Gymnasium.

    beat b:   act and step the environments `rhythm.steps` times, while the updates of beat b-1 run
              wait for those, then start the updates of beat b

So physics and updates share the machine, and the parameters that act are those after the updates of
beat b-2, whatever the timing: a run gives the same numbers each time.
"""

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.agents.off_policy import OffPolicy
from hierax.training import finiteness
from hierax.training.host_learning import FromHost, OnDevice, Row
from hierax.training.report import Report
from hierax.training.rhythm import Rhythm
from hierax.training.scan_driver import begun_anew, strongly_typed, transition
from hierax.training.warm_start import warm_started
from hierax.worlds.host import HostBatch, HostWorld
from hierax.worlds.world import Timestep


class HostRun(NamedTuple):
    """All that changes in the run of one seed, but for what is inside its environments.

    Attributes:
        agent: what was learned.
        acting: what acts; without replay.
        carry: what the agent carries from step to step.
        action: ``(N, ...)``, taken last.
        timestep: of the last step, in NumPy.
        key: of the random numbers of acting.
        update_key: the agent's key before its last update.
        fault: () int32, see `hierax.training.finiteness`.
        beginnings: () int32, how often its environments were begun anew by a resumption.
    """

    agent: TrainState
    acting: TrainState
    carry: Any
    action: Any
    timestep: Timestep
    key: jax.Array
    update_key: jax.Array
    fault: Any
    beginnings: Any


Runs = list[tuple[HostBatch, HostRun]]


@dataclasses.dataclass(frozen=True)
class HostDriver:
    """Trains an agent in environments that are stepped from the host; seeds one after the other.

    Attributes:
        agent: who learns.
        world: where.
        rhythm: of acting and learning.
        replay: whether what was stored is kept on the ``"device"`` that computes, or on the
            ``"host"``, see `hierax.training.host_learning`.
    """

    agent: Agent
    world: HostWorld
    rhythm: Rhythm
    replay: Literal["device", "host"] = "device"

    def start(self, seeds: Sequence[int]) -> Runs:
        """The beginning of the runs with these seeds."""
        return [self._begin(seed) for seed in seeds]

    def start_with(self, seeds: Sequence[int], learned: Sequence[TrainState]) -> Runs:
        """See `ScanDriver.start_with`."""
        pairs = zip(self.start(seeds), learned, strict=True)
        return [(batch, _warm_started(run, state)) for (batch, run), state in pairs]

    def advance(self, runs: Runs, beats: int, *, learning: bool) -> tuple[Runs, list[Report]]:
        """Goes on for a number of beats, see `ScanDriver.advance`."""
        updates = self.rhythm.updates if learning else 0
        advanced = [self._advance(batch, run, beats, updates) for batch, run in runs]
        pairs = zip(runs, advanced, strict=True)
        return [(batch, run) for (batch, _), (run, _) in pairs], [report for _, report in advanced]

    def agents(self, runs: Runs) -> list[TrainState]:
        """What was learned with each seed."""
        return [run.agent for _, run in runs]

    def fault(self, runs: Runs) -> tuple[str, Any] | None:
        """See `ScanDriver.fault`."""
        for _, run in runs:
            if run.fault:
                name = finiteness.names(self._metrics)[int(run.fault) - 1]
                return name, finiteness.origin(self.agent, run, run.timestep)
        return None

    def snapshot(self, runs: Runs) -> Any:
        """All that changes, as a checkpoint keeps it; of environments what they can give."""
        return [(batch.save(), run) for batch, run in runs]

    def resume(self, saved: Any, seeds: Sequence[int]) -> Runs:
        """The runs of a `snapshot`; environments that could not be saved begin new episodes."""
        pairs = zip(saved, seeds, strict=True)
        return [self._resumed(kept, run, seed) for (kept, run), seed in pairs]

    def like(self, seeds: Sequence[int]) -> Any:
        """The shapes of a `snapshot`."""
        runs = self.start(seeds)
        # What environments give stays as it is: 64 bits of theirs are no shapes of JAX.
        shapes = [(batch.save(), jax.eval_shape(lambda run: run, run)) for batch, run in runs]
        self.close(runs)
        return shapes

    def close(self, runs: Runs) -> None:
        """Lets go of the environments."""
        for batch, _ in runs:
            batch.close()

    def _begin(self, seed: int) -> tuple[HostBatch, HostRun]:
        batch = self.world.batch(self.rhythm.environments)
        timestep = batch.reset(environment_seed(seed, 0))
        return batch, self._placed(self._first(jax.random.key(seed), timestep))

    def _resumed(self, saved: Any, run: HostRun, seed: int) -> tuple[HostBatch, HostRun]:
        batch = self.world.batch(self.rhythm.environments)
        if saved is not None:
            batch.restore(saved)
            return batch, self._placed(run)
        beginnings = np.int32(run.beginnings + 1)
        timestep = batch.reset(environment_seed(seed, int(beginnings)))
        broken_off = self._broken_off(run, timestep)._replace(beginnings=beginnings)
        return batch, self._placed(broken_off)

    def _placed(self, run: HostRun) -> HostRun:
        """The run with its replay where it is kept."""
        return run._replace(agent=run.agent._replace(replay=self._learn.keep(run.agent.replay)))

    def _broken_off(self, run: HostRun, timestep: Timestep) -> HostRun:
        """The run after a step in which every environment only began an episode.

        Its replay has to know, or it would take the old episode and the new one for one.
        """
        acting = jax.tree.leaves(run.acting)
        carry, action, extras, key = self._act(acting, run.carry, run.timestep, run.key)
        row = transition(run.timestep, action, extras, timestep)
        agent = jax.jit(self.agent.observe)(run.agent, row)
        return run._replace(agent=agent, carry=carry, key=key, timestep=timestep)

    def _advance(
        self, batch: HostBatch, run: HostRun, beats: int, updates: int
    ) -> tuple[HostRun, Report]:
        report = Report.empty(self._metrics)
        if run.fault:  # of the very first observation
            return run, report
        for _ in range(beats):
            rows, run = self._act_and_step(batch, run)
            if run.fault:  # of the updates that ran meanwhile, or of these steps
                break
            acting = run.agent._replace(replay=None)
            agent, update_key, fault, report = self._learn(
                run.agent, run.update_key, rows, updates, report
            )
            run = run._replace(agent=agent, acting=acting, update_key=update_key, fault=fault)
        return run, report

    def _act_and_step(self, batch: HostBatch, run: HostRun) -> tuple[Row, HostRun]:
        rows = []
        carry, key, before = run.carry, run.key, run.timestep
        action, fault = run.action, np.int32(0)
        acting = jax.tree.leaves(run.acting)  # once, as taking it apart takes longer than acting
        while len(rows) < self.rhythm.steps and not fault:
            carry, action, extras, key = self._act(acting, carry, before, key)
            # Environments refuse what is no number, but this is for `fault` to tell.
            chosen = np.asarray(action)
            acts = bool(np.isfinite(chosen).all())
            after = batch.step(chosen) if acts else before
            fault = _fault(after, acts)
            rows.append(Row(before, action, extras, after))
            before = after
        run = run._replace(
            carry=carry, action=action, timestep=before, key=key, fault=run.fault or fault
        )
        return jax.tree.map(lambda *leaves: np.stack(leaves), *rows), run

    @cached_property
    def _state(self) -> TrainState:
        """The shapes of what is learned."""
        environments = self.rhythm.environments
        return jax.eval_shape(lambda: self.agent.init(jax.random.key(0), environments))

    @cached_property
    def _metrics(self) -> tuple[str, ...]:
        return finiteness.metric_names(self.agent, self._state)

    @cached_property
    def _learn(self) -> OnDevice | FromHost:
        if self.replay == "device":
            return OnDevice(self.agent, self._metrics)
        return FromHost(cast(OffPolicy, self.agent), self._metrics)

    @cached_property
    def _first(self) -> Any:
        def first(key: jax.Array, timestep: Timestep) -> HostRun:
            agent_key, act_key, key = jax.random.split(key, 3)
            count = self.rhythm.environments
            agent, carry = self.agent.init(agent_key, count), self.agent.initial_carry(count)
            _, action, _ = self.agent.act(agent, carry, timestep.observation, act_key, explore=True)
            none = jnp.zeros((), jnp.int32)
            run = HostRun(
                agent, agent._replace(replay=None), carry, jnp.zeros_like(action), timestep, key,
                agent.key, finiteness.first_fault((timestep.observation,)), none,
            )  # fmt: skip
            return strongly_typed(run)

        return lambda key, timestep: jax.jit(first)(key, timestep)._replace(timestep=timestep)

    @cached_property
    def _act(self) -> Any:
        structure = jax.tree.structure(self._state._replace(replay=None))

        def act(
            acting: list[jax.Array], carry: Any, timestep: Timestep, key: jax.Array
        ) -> tuple[Any, Any, Any, jax.Array]:
            key, act_key = jax.random.split(key)
            carry = begun_anew(self.agent, carry, timestep)
            state = jax.tree.unflatten(structure, acting)
            acted = self.agent.act(state, carry, timestep.observation, act_key, explore=True)
            return *strongly_typed(acted), key

        return jax.jit(act)


def _warm_started(run: HostRun, learned: TrainState) -> HostRun:
    agent = warm_started(run.agent, learned)
    return run._replace(agent=agent, acting=agent._replace(replay=None))


def environment_seed(seed: int, beginnings: int) -> int:
    """A seed for environments that is not the seed of what acts in them.

    Args:
        seed: of the run or the evaluation.
        beginnings: how often environments were begun before with it.
    """
    return int(np.random.SeedSequence([seed, beginnings]).generate_state(1)[0])


def _fault(timestep: Timestep, acts: bool) -> np.int32:
    """As `faults.first_fault`, of a step on the host; ``acts``: whether its action was finite."""
    sees, pays = (
        all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(shown))
        for shown in (timestep.observation, timestep.reward)
    )
    wrong = [not sees, not acts, not pays]
    return np.int32(1 + wrong.index(True) if any(wrong) else 0)
