"""`train`: train one agent in one world, from the beginning or from the last checkpoint.

Starting and resuming are the same call. A run whose folder holds a checkpoint continues from it,
and ends with the numbers of an uninterrupted run.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from hierax import checks
from hierax.agents.agent import Agent, TrainState
from hierax.agents.off_policy import OffPolicy
from hierax.precision import in_float32
from hierax.training import warm_start
from hierax.training.config import AnyWorld, describe_agent, describe_world
from hierax.training.driver import make_driver
from hierax.training.early_stop import Callback, EarlyStop
from hierax.training.evaluation import MODES, make_evaluator
from hierax.training.iteration import Iteration
from hierax.training.memory import require_room
from hierax.training.progress import Progress
from hierax.training.records import Records
from hierax.training.replays import rows_of_run
from hierax.training.run_folder import RunFolder, is_begun, load_config
from hierax.training.schedule import Schedule
from hierax.training.session import Session, Trained
from hierax.worlds.contract import require_world
from hierax.worlds.host import FunctionalHostWorld, stepped_from_host
from hierax.worlds.shared import SharedWorld

ENVIRONMENTS = {"jit": 16, "host": 1}
"""Default number of environments, by how the world is stepped."""
LEAST_STEPS = {"jit": 1, "host": 8}
"""Least steps of an iteration. On the host, each call of a compiled function takes about 0.1 ms."""
DRIVERS = {"jit": "scan", "host": "host"}
"""Names of the drivers, by how the world is stepped."""


@in_float32
def train(
    agent: Agent,
    world: AnyWorld,
    steps: int,
    seed: int = 0,
    *,
    seeds: int = 1,
    start: Sequence[TrainState] | Literal["untrained"] | None = None,
    run: str | Path | None = None,
    environments: int | None = None,
    evaluation_environments: int | None = None,
    driver: Literal["auto", "scan", "host"] = "auto",
    replay: Literal["device", "host"] = "device",
    log_every: int | None = None,
    evaluate_every: int | None = None,
    checkpoint_every: int | None = None,
    episodes: int = 10,
    evaluation_world: AnyWorld | None = None,
    until: tuple[str, float] | None = None,
    on_log: Callback | None = None,
    on_evaluation: Callback | None = None,
    keep: int = 3,
    tensorboard: bool = False,
    wandb: bool = False,
    progress: bool = True,
) -> Trained:
    """Train an agent in a world, in 32 bits whatever ``jax_enable_x64`` is.

    Args:
        agent: made for ``world.spec``.
        world: a functional world, or one whose environments are stepped from the host.
        steps: environment steps of each seed, of all environments together. The beginning of an
            episode counts as one. Only whole iterations are made, so there may be a few more.
        seed: of all random numbers.
        seeds: number of runs; their seeds are ``seed``, ``seed + 1``, ...
        start: for each seed the state that it starts with, from `Trained.states` or an agent's
            ``add_level``: parameters, statistics of encoders and, where there is one, the replay
            are taken, the rest is new. ``state._replace(replay=...)`` gives it another replay,
            such as that of `hierax.agents.transfer_replay`, or None. An agent with levels below the
            one that is trained needs it; ``"untrained"`` leaves these levels as they are.
        run: folder of the run, see `hierax.training.run_folder`; None saves nothing. If the folder
            holds a run with the same settings, or with fewer steps, that run continues.
        environments: N, stepped together; by default 16 inside `jit` and 1 on the host.
        evaluation_environments: M, stepped together in an evaluation on the host; by default one
            for each episode. 0 evaluates in the N of training, which begin new episodes after it:
            for a simulator that exists once, as the default of a world of one given environment.
        driver: ``"scan"`` steps the world inside `jit`, ``"host"`` steps it from the host;
            ``"auto"`` chooses the first if the world allows it.
        replay: memory of the replay. ``"host"`` is for replays that are too large for an
            accelerator, and needs the host driver.
        log_every: steps between two lines of metrics; by default a hundredth of the run. A run
            that continues keeps the intervals that it began with.
        evaluate_every: steps between two evaluations. By default there are 20, or fewer if they
            would take more than a quarter of the steps of the run, but at least 10.
        checkpoint_every: steps between two checkpoints; by default ``evaluate_every``.
        episodes: of an evaluation in each of its modes.
        evaluation_world: world of the evaluations, with the views and actions of ``world``; by
            default ``world``.
        until: name of a metric of the evaluation and a value, such as ``("deterministic/success",
            0.95)``: the run ends at the first evaluation that reaches it with every seed.
        on_log: is called with ``(step, metrics)`` after each line of metrics; ``metrics`` has a
            dictionary for each seed. If it returns False, a checkpoint is saved and the run ends.
            The same call with more to do continues it.
        on_evaluation: likewise, after each evaluation.
        keep: number of checkpoints that are kept.
        tensorboard: whether to write event files for TensorBoard.
        wandb: whether to send metrics to Weights & Biases.
        progress: whether to show the progress.

    Returns:
        The agent, its state for each seed, and the final evaluation.

    Raises:
        ValueError: if an argument is not allowed, the replay does not fit the free memory, or the
            folder belongs to another run.
        CheckpointError: if the last checkpoint is damaged.
        NotFiniteError: if an observation, action, reward, loss or gradient is not finite. The
            arrays that it came from are then in ``fault.npz`` of the run's folder.
    """
    for name, number in (("seeds", seeds), ("episodes", episodes), ("keep", keep)):
        checks.count(name, number, 1)
    checks.count("seed", seed, 0)
    require_world(world)
    if dataclasses.replace(agent.spec, goal=world.spec.goal) != world.spec:
        raise ValueError(
            f"agent must be made for {world.spec.name}, got one for {agent.spec.name}: build it "
            "with world.spec"
        )
    early_stop = EarlyStop(on_log, on_evaluation, until)
    start = warm_start.given(agent, start)
    evaluation_world = _evaluation_world(world, evaluation_world)
    world = _stepped_by(world, driver)
    stepped = world.spec.stepped
    _require_memory(replay, stepped, agent)
    kept = {} if run is None or not is_begun(Path(run)) else load_config(Path(run))
    count = ENVIRONMENTS[stepped] if environments is None else environments
    world, evaluated_in = _for_evaluation(world, evaluation_environments, count)
    evaluated = world if evaluation_world is None else evaluation_world
    iteration = Iteration.of(agent, count, LEAST_STEPS[stepped])
    schedule = Schedule.of(
        iteration,
        steps,
        log_every=kept.get("log_every") if log_every is None else log_every,
        evaluate_every=kept.get("evaluate_every") if evaluate_every is None else evaluate_every,
        checkpoint_every=checkpoint_every,
        evaluation_steps=len(MODES) * episodes * evaluated.spec.episode_limit,
    )
    if start is not None:
        warm_start.require_states(start, seeds)
        start = warm_start.used(agent, start)
    most_rows = rows_of_run(agent, iteration, schedule.end, warm_start.rows_held(start))
    # Settings that do not fit are refused before a folder is made.
    chosen = make_driver(agent, world, iteration, seeds=seeds, replay=replay, most_rows=most_rows)
    if start is not None:
        warm_start.require_fitting(start, chosen.fresh)
    require_room(chosen.fresh, getattr(agent, "store", None), seeds, replay)
    session = Session(
        chosen,
        make_evaluator(agent, evaluated, episodes, evaluated_in),
        schedule,
        tuple(range(seed, seed + seeds)),
        keep,
        start,
        early_stop,
    )
    shown = Progress(schedule.end * iteration.size, enabled=progress)
    if run is None:
        return session.run(None, None, shown)
    config = {
        "agent": describe_agent(agent),
        "world": describe_world(world),
        "driver": DRIVERS[stepped],
        "environments": count,
        "episodes": episodes,
        "evaluate_every": schedule.evaluate * iteration.size,
        "log_every": schedule.log * iteration.size,
        "seed": seed,
        "seeds": seeds,
        "steps": steps,
    }
    if evaluation_environments is not None:
        config["evaluation_environments"] = evaluation_environments
    if evaluation_world is not None:
        config["evaluation_world"] = describe_world(evaluation_world)
    if start is not None:
        config["start"] = warm_start.digest(start)
    with (
        RunFolder.open(Path(run), config) as folder,
        Records(folder.path, tensorboard=tensorboard, wandb=wandb) as records,
    ):
        return session.run(folder, records, shown)


def _stepped_by(world: AnyWorld, driver: str) -> Any:
    """The world, wrapped if ``driver`` steps a functional world from the host."""
    checks.one_of("driver", driver, ("auto", "scan", "host"))
    from_host = stepped_from_host(world)
    if from_host and driver == "scan":
        raise ValueError(
            f"driver must be 'host' or 'auto' for {world.spec.name}, which is stepped from the "
            "host, got 'scan'"
        )
    wraps = driver == "host" and not from_host
    return FunctionalHostWorld(world) if wraps else world  # type: ignore[arg-type]


def _evaluation_world(world: Any, given: Any) -> Any:
    """Return the world of the evaluations, or None if it is that of training."""
    if given is None:
        return None
    require_world(given)
    for name in ("views", "action"):
        wanted, found = getattr(world.spec, name), getattr(given.spec, name)
        if wanted != found:
            raise ValueError(
                f"evaluation_world must have the {name} of {world.spec.name}, {wanted}, got {found}"
            )
    return given


def _for_evaluation(world: Any, asked: int | None, count: int) -> tuple[Any, int | None]:
    """Return the world, shared if evaluation uses its ``count`` environments, and their number."""
    if asked is None:
        return (SharedWorld(world), count) if getattr(world, "is_single", False) else (world, None)
    checks.count("evaluation_environments", asked, 0)
    if world.spec.stepped == "jit":
        raise ValueError(
            f"evaluation_environments must be None for {world.spec.name}, whose episodes run "
            f"inside jit, got {asked}"
        )
    return (world, asked) if asked else (SharedWorld(world), count)


def _require_memory(replay: str, stepped: str, agent: Agent) -> None:
    checks.one_of("replay", replay, ("device", "host"))
    if replay == "host" and not (stepped == "host" and isinstance(agent, OffPolicy)):
        raise ValueError(
            "replay must be 'device' for the scan driver and for agents that are not OffPolicy, "
            "got 'host'"
        )
