"""The session of a run: a driver is advanced from stop to stop.

At each stop of the schedule the session logs, evaluates and saves. It ends with the summary.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Agent, TrainState
from hierax.training import checkpoint, finiteness
from hierax.training.driver import Driver
from hierax.training.evaluation import MODES, Evaluator, in_both_modes
from hierax.training.progress import Progress
from hierax.training.records import Records
from hierax.training.report import Report
from hierax.training.run_folder import RunFolder
from hierax.training.schedule import Schedule

EVALUATION_SEED = 1_000_003


class Trained(NamedTuple):
    """The result of a training.

    Attributes:
        agent: the agent.
        states: its state for each seed.
        summary: the final evaluation, as in ``summary.json``.
    """

    agent: Agent
    states: list[TrainState]
    summary: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Session:
    """A training with all its parts.

    Attributes:
        driver: advances the runs.
        evaluator: plays whole episodes.
        schedule: of the stops.
        seeds: of the runs.
        keep: number of checkpoints that are kept.
        start: the state that each run starts with; None for untrained agents.
    """

    driver: Driver
    evaluator: Evaluator
    schedule: Schedule
    seeds: tuple[int, ...]
    keep: int
    start: Sequence[TrainState] | None = None

    def run(self, folder: RunFolder | None, records: Records | None, progress: Progress) -> Trained:
        """Train to the end of the schedule; without a folder, nothing is saved."""
        with finiteness.evidence_saved(None if folder is None else folder.path):
            return self._run(folder, records, progress)

    def _run(
        self, folder: RunFolder | None, records: Records | None, progress: Progress
    ) -> Trained:
        runs, done = self._start(folder, records)
        if folder is not None and folder.finished and done == self.schedule.end:
            summary = folder.read_summary()
        else:
            began = _seconds()
            with progress:
                if self.schedule.learns_nothing:
                    progress.note(self._no_learning())
                runs = self._continue(runs, done, folder, records, progress)
            summary = self._summary(runs, records.seconds if records else _seconds(since=began))
            if folder is not None:
                with checkpoint.writing(folder.checkpoints):
                    folder.write_summary(summary)
        states = self.driver.agents(runs)
        self.driver.close(runs)
        self.evaluator.close()
        return Trained(self.driver.agent, states, summary)

    def _continue(
        self,
        runs: Any,
        done: int,
        folder: RunFolder | None,
        records: Records | None,
        progress: Progress,
    ) -> Any:
        """The runs at the end of the schedule."""
        reports = None
        while done < self.schedule.end:
            stop = self.schedule.next_stop(done)
            learning = done >= self.schedule.learning_starts
            runs, found = self.driver.advance(runs, stop - done, learning=learning)
            reports = found if reports is None else _added(reports, found)
            done = stop
            self._require_finite(runs)
            if self.schedule.logs(done):
                metrics = self._metrics(runs, done, reports, progress)
                reports = None
                if folder is not None and records is not None:
                    with checkpoint.writing(folder.checkpoints):
                        self._write(folder, records, runs, done, metrics)
                progress.show(done * self.driver.iteration.size, metrics)
        return runs

    def _start(self, folder: RunFolder | None, records: Records | None) -> tuple[Any, int]:
        if folder is None or records is None or checkpoint.latest(folder.checkpoints) is None:
            if records is not None:
                records.rewind(None)
            return self.driver.start(self.seeds, self.start), 0
        like = self.driver.like(self.seeds)
        saved, step, meta = checkpoint.load(folder.checkpoints, like)
        records.rewind(meta["records"])
        return self.driver.resume(saved, self.seeds), step // self.driver.iteration.size

    def _save(self, folder: RunFolder, records: Records, runs: Any, done: int) -> None:
        step = done * self.driver.iteration.size
        acting = [state._replace(replay=None) for state in self.driver.agents(runs)]
        checkpoint.save(folder.policies, acting, step, keep=self.keep)
        checkpoint.save(
            folder.checkpoints,
            self.driver.snapshot(runs),
            step,
            keep=self.keep,
            meta={"records": records.position()},
        )

    def _metrics(
        self, runs: Any, done: int, reports: Sequence[Report], progress: Progress
    ) -> list[dict[str, float]]:
        told = self.driver.tells_success(runs)
        found = [report.means(told) for report in jax.device_get(reports)]
        if self.schedule.evaluates(done):
            each = zip(found, self.driver.agents(runs), self.seeds, strict=True)
            with progress.evaluating():
                for metrics, state, seed in each:
                    metrics |= self._evaluated(state, _evaluation_seed(seed, done))
        return found

    def _evaluated(self, state: TrainState, seed: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for mode, explore in MODES.items():
            episodes = self.evaluator.run(state, seed, explore=explore)
            means = episodes.means(self.evaluator.tells_success)
            found |= {f"{mode}/{name}": value for name, value in means.items()}
        return found

    def _no_learning(self) -> str:
        size, schedule = self.driver.iteration.size, self.schedule
        return (
            f"nothing is learned: learning_starts is {schedule.learning_starts * size} and the run "
            f"has {schedule.end * size} steps; choose fewer, or more steps"
        )

    def _write(
        self,
        folder: RunFolder,
        records: Records,
        runs: Any,
        done: int,
        metrics: Sequence[Mapping[str, float]],
    ) -> None:
        """Write the lines of ``metrics`` and, where the schedule says so, a checkpoint."""
        step = done * self.driver.iteration.size
        for seed, found in zip(self.seeds, metrics, strict=True):
            records.write(step, found, seed if len(self.seeds) > 1 else None)
        if self.schedule.saves(done):
            records.flush()
            self._save(folder, records, runs, done)

    def _summary(self, runs: Any, seconds: tuple[float, float]) -> dict[str, Any]:
        step = self.schedule.end * self.driver.iteration.size
        keys = [_evaluation_seed(seed, 0) for seed in self.seeds]
        wall, cpu = seconds
        return {
            "step": step,
            **in_both_modes(self.evaluator, self.driver.agents(runs), keys),
            "seeds": list(self.seeds),
            "wall_seconds": wall,
            "cpu_seconds": cpu,
            "steps_per_second": step * len(self.seeds) / max(wall, 1e-9),
        }

    def _require_finite(self, runs: Any) -> None:
        fault = self.driver.fault(runs)
        if fault is not None:
            name, evidence = fault
            raise finiteness.NotFiniteError(
                f"{name} is not finite, so the run was stopped", evidence
            )


def _seconds(since: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """Wall and CPU seconds."""
    return time.perf_counter() - since[0], time.process_time() - since[1]


def _evaluation_seed(seed: int, done: int) -> int:
    """A seed for each evaluation, different from the seeds of runs."""
    return (EVALUATION_SEED * (seed + 1) + done) % 2**31


def _added(before: Sequence[Report], after: Sequence[Report]) -> list[Report]:
    return [jax.tree.map(jnp.add, *pair) for pair in zip(before, after, strict=True)]
