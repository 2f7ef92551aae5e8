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
from hierax.training import checkpoint, finiteness, frozen
from hierax.training.driver import Driver
from hierax.training.early_stop import EarlyStop
from hierax.training.evaluation import MODES, Evaluator, in_both_modes
from hierax.training.interruption import Interrupted, Interruption
from hierax.training.pace import Pace
from hierax.training.progress import Progress
from hierax.training.records import METRICS, Records, read_metrics
from hierax.training.report import Report
from hierax.training.run_folder import RunFolder
from hierax.training.schedule import Schedule

EVALUATION_SEED = 1_000_003


@dataclasses.dataclass
class Reached:
    """How far a training is.

    Attributes:
        runs: of the driver.
        done: number of iterations that were made.
        earlier: a report for each seed, of the iterations since the last line of metrics up to the
            last stop.
        current: likewise, of the iterations since that stop.
        logged: whether the line of metrics that belongs to ``done`` is written.
        stopped: whether the training ends here, before the last stop.
    """

    runs: Any
    done: int
    earlier: Sequence[Report]
    current: Sequence[Report]
    logged: bool = True
    stopped: bool = False


class Place(NamedTuple):
    """The folder of a run and its open files.

    Attributes:
        folder: of the run.
        records: its metrics.
    """

    folder: RunFolder
    records: Records


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
        early_stop: when the training ends before the last stop of the schedule.
    """

    driver: Driver
    evaluator: Evaluator
    schedule: Schedule
    seeds: tuple[int, ...]
    keep: int
    start: Sequence[TrainState] | None = None
    early_stop: EarlyStop = dataclasses.field(default_factory=EarlyStop)

    def run(self, folder: RunFolder | None, records: Records | None, progress: Progress) -> Trained:
        """Train to the end of the schedule; without a folder, nothing is saved.

        Raises:
            KeyboardInterrupt: after Ctrl-C; a checkpoint is saved before.
            SystemExit: likewise, after SIGTERM.
        """
        place = None if folder is None or records is None else Place(folder, records)
        with (
            finiteness.evidence_saved(None if folder is None else folder.path),
            Interruption() as interruption,
        ):
            at = self._start(place)
            try:
                summary = self._train(at, place, progress, interruption)
                return Trained(self.driver.agent, self.driver.agents(at.runs), summary)
            except Interrupted:
                interruption.end(self._saved(at, place))
            except Exception as error:
                error.add_note(self._standing(at, place))
                raise
            finally:
                self.driver.close(at.runs)
                self.evaluator.close()

    def _train(
        self, at: Reached, place: Place | None, progress: Progress, interruption: Interruption
    ) -> Mapping[str, Any]:
        """Train to the end of the schedule, and return the summary."""
        if place is not None and place.folder.finished and self._is_at_end(at):
            return place.folder.read_summary()
        began, pace = _seconds(), Pace()
        with progress:
            if notice := self._notice(at):
                progress.note(notice)
            while not self._is_at_end(at):
                if not at.logged:
                    self._log(at, place, progress, interruption)
                elif interruption.asked:
                    raise Interrupted
                else:
                    self._advance(at, pace)
        seconds = place.records.seconds if place else _seconds(since=began)
        with interruption.at_once():
            summary = self._summary(at, seconds)
        if place is not None:
            with checkpoint.writing(place.folder.checkpoints):
                place.folder.write_summary(summary)
        return summary

    def _is_at_end(self, at: Reached) -> bool:
        return (at.done == self.schedule.end or at.stopped) and at.logged

    def _advance(self, at: Reached, pace: Pace) -> None:
        """Advance towards the next stop for about a second."""
        stop = self.schedule.next_stop(at.done)
        if at.done == self.schedule.learning_starts:
            pace.number = 1  # from here on an iteration takes longer
        iterations = min(pace.number, stop - at.done)
        began = time.perf_counter()
        learning = at.done >= self.schedule.learning_starts
        at.runs, at.current = self.driver.advance(
            at.runs, iterations, learning=learning, reports=at.current
        )
        self._require_finite(at.runs)
        pace.took(time.perf_counter() - began, iterations)
        if learning and not all(int(report.updates) for report in at.current):
            pace.number = 1  # updates that wait for the replay will begin
        at.done += iterations
        if at.done == stop:
            at.earlier = _added(at.earlier, at.current)
            at.current = self.driver.no_reports(self.seeds)
            at.logged = not self.schedule.logs(at.done)

    def _start(self, place: Place | None) -> Reached:
        none = self.driver.no_reports(self.seeds)
        if place is None or checkpoint.latest(place.folder.checkpoints) is None:
            if place is not None:
                place.records.rewind(None)
            return Reached(self.driver.start(self.seeds, self.start), 0, none, none)
        like = _stored(self.driver.like(self.seeds), none, none)
        saved, step, meta = checkpoint.load(place.folder.checkpoints, like)
        place.records.rewind(meta["records"])
        return Reached(
            self.driver.resume(saved["runs"], self.seeds),
            step // self.driver.iteration.size,
            saved["earlier"],
            saved["current"],
            meta["logged"],
            meta["logged"] and self._reached_before(place, step),
        )

    def _reached_before(self, place: Place, step: int) -> bool:
        """Return whether the evaluation after ``step`` steps reached the threshold of the run."""
        if not self.schedule.evaluates(step // self.driver.iteration.size):
            return False
        lines = read_metrics(place.folder.path / METRICS)
        return self.early_stop.reached([line for line in lines if line["step"] == step])

    def _save(self, at: Reached, place: Place) -> None:
        step = at.done * self.driver.iteration.size
        acting = [state._replace(replay=None) for state in self.driver.agents(at.runs)]
        checkpoint.save(place.folder.policies, acting, step, keep=self.keep)
        place.records.flush()
        checkpoint.save(
            place.folder.checkpoints,
            _stored(self.driver.snapshot(at.runs), at.earlier, at.current),
            step,
            keep=self.keep,
            meta={"records": place.records.position(), "logged": at.logged},
        )

    def _saved(self, at: Reached, place: Place | None) -> str:
        """Save a checkpoint unless there is one, and return what a user can do then."""
        if place is None:
            return "nothing is saved, because the run has no folder"
        if at.done == 0:
            return "nothing is saved, because no step was made"
        if not (at.logged and self.schedule.saves(at.done)):
            with checkpoint.writing(place.folder.checkpoints):
                self._save(at, place)
        step = at.done * self.driver.iteration.size
        return f"step {step} is saved in {place.folder.path}; the same run continues from there"

    def _standing(self, at: Reached, place: Place | None) -> str:
        """Return a sentence for an error: the step of the run, and its last checkpoint."""
        size = self.driver.iteration.size
        saved = None if place is None else checkpoint.latest(place.folder.checkpoints)
        kept = (
            "there is no checkpoint"
            if saved is None or place is None
            else f"the last checkpoint is that of step {saved:,} in {place.folder.path}"
        )
        return f"training stood at step {at.done * size:,} of {self.schedule.end * size:,}; {kept}"

    def _metrics(self, at: Reached, progress: Progress) -> list[dict[str, float]]:
        told = self.driver.tells_success(at.runs)
        found = [report.means(told) for report in jax.device_get(at.earlier)]
        if self.schedule.evaluates(at.done):
            each = zip(found, self.driver.agents(at.runs), self.seeds, strict=True)
            with progress.evaluating():
                for metrics, state, seed in each:
                    metrics |= self._evaluated(state, _evaluation_seed(seed, at.done))
            self._tell(at, found)
        return found

    def _tell(self, at: Reached, found: Sequence[Mapping[str, float]]) -> None:
        """Give the results of an evaluation to an agent that changes with them."""
        after_evaluation = getattr(self.driver.agent, "after_evaluation", None)
        if after_evaluation is not None:
            pairs = zip(self.driver.agents(at.runs), found, strict=True)
            at.runs = self.driver.with_agents(at.runs, [after_evaluation(*pair) for pair in pairs])

    def _evaluated(self, state: TrainState, seed: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for mode, explore in MODES.items():
            episodes = self.evaluator.run(state, seed, explore=explore)
            means = episodes.means(self.evaluator.tells_success)
            found |= {f"{mode}/{name}": value for name, value in means.items()}
        return found

    def _notice(self, at: Reached) -> str:
        """Return what is to be said about the length of the run, or an empty string."""
        size, schedule = self.driver.iteration.size, self.schedule
        steps = schedule.end * size
        if schedule.learns_nothing:
            return (
                f"nothing is learned: learning_starts is {schedule.learning_starts * size} and the "
                f"run has {steps} steps; choose fewer, or more steps"
            )
        note = getattr(self.driver.agent, "note", None)
        return "" if note is None else note(self.driver.agents(at.runs)[0], steps)

    def _log(
        self, at: Reached, place: Place | None, progress: Progress, interruption: Interruption
    ) -> None:
        """Write the line of metrics and, where the schedule says so, a checkpoint."""
        with interruption.at_once():
            metrics = self._metrics(at, progress)
        at.earlier, at.logged = self.driver.no_reports(self.seeds), True
        if place is not None:
            with checkpoint.writing(place.folder.checkpoints):
                self._write(at, place, metrics)
        step = at.done * self.driver.iteration.size
        progress.show(step, metrics)
        at.stopped = self.early_stop.asked(step, metrics, self.schedule.evaluates(at.done))
        if at.stopped:
            self._saved(at, place)

    def _write(self, at: Reached, place: Place, metrics: Sequence[Mapping[str, float]]) -> None:
        step = at.done * self.driver.iteration.size
        for seed, found in zip(self.seeds, metrics, strict=True):
            place.records.write(step, found, seed if len(self.seeds) > 1 else None)
        if self.schedule.saves(at.done):
            self._save(at, place)

    def _summary(self, at: Reached, seconds: tuple[float, float]) -> dict[str, Any]:
        step = at.done * self.driver.iteration.size
        keys = [_evaluation_seed(seed, 0) for seed in self.seeds]
        wall, cpu = seconds
        states = self.driver.agents(at.runs)
        unchanged = frozen.evidence(self.driver.agent, self.start, states)
        return {
            "step": step,
            **in_both_modes(self.evaluator, states, keys),
            **({"frozen": unchanged} if unchanged else {}),
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


def _stored(runs: Any, earlier: Sequence[Report], current: Sequence[Report]) -> dict[str, Any]:
    """Return what a checkpoint holds."""
    return {"runs": runs, "earlier": list(earlier), "current": list(current)}


def _added(before: Sequence[Report], after: Sequence[Report]) -> list[Report]:
    return [jax.tree.map(jnp.add, *pair) for pair in zip(before, after, strict=True)]
