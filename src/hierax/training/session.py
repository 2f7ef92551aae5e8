"""`train`: one agent in one world, from the beginning or from where a run was left.

    while there is a stop to come
        advance to it                                    a driver, many beats in one call
        log, evaluate, save, as the schedule says
    write the summary

Starting and resuming are the same call: a run whose folder holds a checkpoint goes on from there,
and ends with the numbers that it would have had.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Agent, TrainState
from hierax.agents.off_policy import OffPolicy
from hierax.training import checkpoint, finiteness, warm_start
from hierax.training.config import AnyWorld, describe_agent, describe_world
from hierax.training.evaluation import MODES, HostEvaluator, ScanEvaluator, in_both_modes
from hierax.training.host_driver import HostDriver
from hierax.training.progress import Progress
from hierax.training.records import Records
from hierax.training.report import Report
from hierax.training.rhythm import Rhythm
from hierax.training.run_folder import RunFolder
from hierax.training.scan_driver import ScanDriver
from hierax.training.schedule import Schedule
from hierax.worlds.host import FunctionalHostWorld

ENVIRONMENTS = {"scan": 16, "host": 1}
"""How many there are by default, for each driver."""
LEAST_HOST_STEPS = 8
"""Steps between updates from the host: each call of a compiled function costs some 0.1 ms."""
EVALUATION_SEED = 1_000_003


class Trained(NamedTuple):
    """What came of a training.

    Attributes:
        agent: who learned.
        states: what was learned with each seed.
        summary: the final evaluation, as ``summary.json`` has it.
    """

    agent: Agent
    states: list[TrainState]
    summary: Mapping[str, Any]


def train(
    agent: Agent,
    world: AnyWorld,
    steps: int,
    seed: int = 0,
    *,
    seeds: int = 1,
    start: Sequence[TrainState] | None = None,
    run: str | Path | None = None,
    environments: int | None = None,
    driver: Literal["auto", "scan", "host"] = "auto",
    replay: Literal["device", "host"] = "device",
    log_every: int | None = None,
    evaluate_every: int | None = None,
    checkpoint_every: int | None = None,
    episodes: int = 10,
    keep: int = 3,
    tensorboard: bool = False,
    wandb: bool = False,
    progress: bool = True,
) -> Trained:
    """Trains an agent in a world.

    Args:
        agent: who learns; made for ``world.spec``.
        world: functional, or one whose environments are stepped from the host.
        steps: environment steps of each seed, all environments together. The beginning of an
            episode counts as one. Whole beats are made, so there may be a few more.
        seed: of all random numbers.
        seeds: how many runs there are, with seeds ``seed``, ``seed + 1``, ...
        start: for each seed what it begins with, as `Trained.states` or an agent's ``add_level``
            give it: parameters and statistics of observations; all else is new.
        run: folder of the run, see `hierax.training.run_folder`; None keeps nothing. A run that is
            there already and was asked for in the same way goes on.
        environments: N, stepped at once; 16 inside `jit`, 1 from the host by default.
        driver: ``"scan"`` has the world inside `jit`, ``"host"`` steps it from outside; ``"auto"``
            is the first where the world allows it.
        replay: where what was stored is kept, ``"device"`` or, with the driver ``"host"`` alone,
            ``"host"``: for replays that are too large for an accelerator.
        log_every: steps between two lines of metrics; a hundredth of the run by default.
        evaluate_every: steps between two evaluations; a twentieth of the run by default.
        checkpoint_every: steps between two checkpoints; as ``evaluate_every`` by default.
        episodes: of an evaluation in each of its modes.
        keep: how many checkpoints are kept.
        tensorboard: whether to write event files for TensorBoard too.
        wandb: whether to send metrics to Weights & Biases too.
        progress: whether to show how far it is.

    Raises:
        ValueError: where an argument is not allowed, or the folder is another run's.
        CheckpointError: where the last checkpoint is damaged.
        NotFiniteError: where an observation, action, reward, loss or gradient is not finite; what
            it came from is then in ``fault.npz`` of the run's folder.
    """
    for name, number in (("seeds", seeds), ("episodes", episodes), ("keep", keep)):
        checks.count(name, number, 1)
    checks.count("seed", seed, 0)
    if agent.spec != world.spec:
        raise ValueError(
            f"agent is made for {agent.spec.name}, but must be made for {world.spec.name}: "
            "build it with world.spec"
        )
    kind = _kind(world, driver)
    checks.one_of("replay", replay, ("device", "host"))
    if replay == "host" and not (kind == "host" and isinstance(agent, OffPolicy)):
        raise ValueError(
            "replay is 'host', but must be 'device' where the world is inside of what is compiled, "
            "and for agents that are no OffPolicy"
        )
    if kind == "host" and not hasattr(world, "batch"):
        world = FunctionalHostWorld(world)  # type: ignore[arg-type]
    count = ENVIRONMENTS[kind] if environments is None else environments
    rhythm = Rhythm.of(agent, count, LEAST_HOST_STEPS if kind == "host" else 1)
    # What does not fit is refused before the folder of a run is taken.
    fresh = jax.eval_shape(lambda: agent.init(jax.random.key(0), count))
    if start is not None:
        warm_start.require_fitting(start, seeds, fresh)
    schedule = Schedule.of(
        rhythm,
        steps,
        log_every=log_every,
        evaluate_every=evaluate_every,
        checkpoint_every=checkpoint_every,
    )
    session = Session(
        _driver(kind, agent, world, rhythm, seeds, replay),
        _evaluator(kind, agent, world, episodes),
        schedule,
        tuple(range(seed, seed + seeds)),
        keep,
        start,
    )
    shown = Progress(schedule.end * rhythm.size, enabled=progress)
    if run is None:
        return session.run(None, None, shown)
    config = {
        "agent": describe_agent(agent),
        "world": describe_world(world),
        "driver": kind,
        "environments": count,
        "episodes": episodes,
        "evaluate_every": schedule.evaluate * rhythm.size,
        "log_every": schedule.log * rhythm.size,
        "seed": seed,
        "seeds": seeds,
        "steps": steps,
    }
    if start is not None:
        config["start"] = warm_start.digest(start)
    with (
        RunFolder.open(Path(run), config) as folder,
        Records(folder.path, tensorboard=tensorboard, wandb=wandb) as records,
    ):
        return session.run(folder, records, shown)


@dataclasses.dataclass(frozen=True)
class Session:
    """A training with all that was decided.

    Attributes:
        driver: advances the runs.
        evaluator: plays whole episodes.
        schedule: of stops.
        seeds: of the runs.
        keep: how many checkpoints are kept.
        start: what each run begins with; None for what knows nothing.
    """

    driver: ScanDriver | HostDriver
    evaluator: ScanEvaluator | HostEvaluator
    schedule: Schedule
    seeds: tuple[int, ...]
    keep: int
    start: Sequence[TrainState] | None = None

    def run(self, folder: RunFolder | None, records: Records | None, progress: Progress) -> Trained:
        """Advances from stop to stop to the end; nothing is kept where there is no folder."""
        runs, beat = self._begin(folder, records)
        if folder is not None and folder.finished and beat == self.schedule.end:
            told = folder.read_summary()
        else:
            began = _seconds()
            with progress:
                runs = self._go_on(runs, beat, folder, records, progress)
            told = self._summary(runs, records.seconds if records else _seconds(since=began))
            if folder is not None:
                folder.write_summary(told)
        states = self.driver.agents(runs)
        self.driver.close(runs)
        self.evaluator.close()
        return Trained(self.driver.agent, states, told)

    def _go_on(
        self,
        runs: Any,
        beat: int,
        folder: RunFolder | None,
        records: Records | None,
        progress: Progress,
    ) -> Any:
        """The runs at the end of the schedule."""
        reports = None
        while beat < self.schedule.end:
            stop = self.schedule.next_stop(beat)
            learning = beat >= self.schedule.learning_starts
            runs, found = self.driver.advance(runs, stop - beat, learning=learning)
            reports = found if reports is None else _added(reports, found)
            beat = stop
            self._require_finite(runs, folder)
            if self.schedule.logs(beat):
                self._log(records, progress, beat, self._metrics(runs, beat, reports))
                reports = None
            if self.schedule.saves(beat) and folder is not None and records is not None:
                records.flush()
                self._save(folder, records, runs, beat)
        return runs

    def _begin(self, folder: RunFolder | None, records: Records | None) -> tuple[Any, int]:
        if folder is None or records is None or checkpoint.latest(folder.checkpoints) is None:
            if records is not None:
                records.rewind(None)
            if self.start is None:
                return self.driver.start(self.seeds), 0
            return self.driver.start_with(self.seeds, self.start), 0
        like = self.driver.like(self.seeds)
        saved, step, meta = checkpoint.load(folder.checkpoints, like)
        records.rewind(meta["records"])
        return self.driver.resume(saved, self.seeds), step // self.driver.rhythm.size

    def _save(self, folder: RunFolder, records: Records, runs: Any, beat: int) -> None:
        step = beat * self.driver.rhythm.size
        acting = [state._replace(replay=None) for state in self.driver.agents(runs)]
        checkpoint.save(folder.policies, acting, step, keep=self.keep)
        checkpoint.save(
            folder.checkpoints,
            self.driver.snapshot(runs),
            step,
            keep=self.keep,
            meta={"records": records.position()},
        )

    def _metrics(self, runs: Any, beat: int, reports: Sequence[Report]) -> list[dict[str, float]]:
        has_success = self.driver.agent.spec.has_success
        found = [report.means(has_success) for report in jax.device_get(reports)]
        if self.schedule.evaluates(beat):
            for metrics, state, seed in self._each(runs, found):
                for mode, explore in MODES.items():
                    episodes = self.evaluator.run(
                        state, _evaluation_seed(seed, beat), explore=explore
                    )
                    means = episodes.means(has_success)
                    metrics |= {f"{mode}/{name}": value for name, value in means.items()}
        return found

    def _log(
        self,
        records: Records | None,
        progress: Progress,
        beat: int,
        metrics: Sequence[Mapping[str, float]],
    ) -> None:
        step = beat * self.driver.rhythm.size
        for seed, found in zip(self.seeds, metrics, strict=True):
            if records is not None:
                records.write(step, found, seed if len(self.seeds) > 1 else None)
        progress.show(step, metrics)

    def _summary(self, runs: Any, seconds: tuple[float, float]) -> dict[str, Any]:
        step = self.schedule.end * self.driver.rhythm.size
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

    def _each(self, runs: Any, things: Sequence[Any]) -> Any:
        return zip(things, self.driver.agents(runs), self.seeds, strict=True)

    def _require_finite(self, runs: Any, folder: RunFolder | None) -> None:
        fault = self.driver.fault(runs)
        if fault is None:
            return
        name, origin = fault
        where = "give a run a folder and what it came from is kept there"
        if folder is not None:
            path = finiteness.save_evidence(folder.path / "fault.npz", origin)
            where = f"what it came from is in {path}"
        raise finiteness.NotFiniteError(f"{name} is not finite, so the run was stopped; {where}")


def _seconds(since: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """Wall and CPU seconds."""
    return time.perf_counter() - since[0], time.process_time() - since[1]


def _evaluation_seed(seed: int, beat: int) -> int:
    """A seed of its own for each evaluation, beside those of runs."""
    return (EVALUATION_SEED * (seed + 1) + beat) % 2**31


def _kind(world: AnyWorld, driver: str) -> str:
    checks.one_of("driver", driver, ("auto", "scan", "host"))
    if hasattr(world, "batch"):
        if driver == "scan":
            raise ValueError(
                f"driver is 'scan', but {world.spec.name} can only be stepped from the host: "
                "it must be 'host' or 'auto'"
            )
        return "host"
    return "scan" if driver == "auto" else driver


def _driver(
    kind: str, agent: Agent, world: Any, rhythm: Rhythm, seeds: int, replay: Any
) -> ScanDriver | HostDriver:
    if kind == "host":
        return HostDriver(agent, world, rhythm, replay)
    together = seeds > 1 and jax.default_backend() != "cpu"
    return ScanDriver(agent, world, rhythm, together)


def _evaluator(kind: str, agent: Agent, world: Any, episodes: int) -> ScanEvaluator | HostEvaluator:
    return (HostEvaluator if kind == "host" else ScanEvaluator)(agent, world, episodes)


def _added(before: Sequence[Report], after: Sequence[Report]) -> list[Report]:
    return [jax.tree.map(jnp.add, *pair) for pair in zip(before, after, strict=True)]
