"""Work of hierax for comparisons, see `contest_worker`."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents import (
    HIRO,
    NORL,
    SAC,
    TD3,
    ActorCritic,
    LatentSpacePolicy,
    Level,
    TrainState,
    Transition,
)
from hierax.agents.replay import ReplayState
from hierax.experiments.hiro_ant_maze import FLAT_SETTINGS
from hierax.registry import AGENTS, PRESETS
from hierax.spec import Continuous, View, WorldSpec
from hierax.training import Player, finiteness, make_world
from hierax.training.driver import make_driver
from hierax.training.iteration import Iteration
from hierax.training.report import Report
from hierax.training.scan_driver import ScanDriver
from hierax.training.strong_types import strongly_typed
from hierax.training.trainer import LEAST_STEPS
from hierax.worlds import FunctionalBatch, World, make

Work = Callable[[], int]

STORED = 100_000
CHUNK = 256
"""Updates, or steps on the host, in a piece of work."""
WORLDS_AT_ONCE = 1_024
WORLD_STEPS = 1_000
SEED_ITERATIONS = 4
SEED_ENVIRONMENTS = 16
GOAL_STEPS = 1_024

_compiled: list[str] = []


def _note_compilation(event: str, seconds: float, **_: Any) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        _compiled.append(event)


jax.monitoring.register_event_duration_secs_listener(_note_compilation)


def compilations() -> int:
    """Return the number of functions that XLA compiled so far or read from the cache."""
    return len(_compiled)


def updates(learner: str, width: int, batch: int, observation_size: int, action_size: int) -> Work:
    """Return the work of making gradient updates from a full replay, in one compiled loop."""
    spec = _nowhere(observation_size, action_size)
    return _updating(AGENTS[learner].load()(spec, **_sizes(width, batch)))


def level_updates(
    levels: int, width: int, batch: int, observation_size: int, action_size: int
) -> Work:
    """Return the work of updating the top one of so many levels."""
    spec = _nowhere(observation_size, action_size)
    stacked = (Level(),) * levels
    return _updating(LatentSpacePolicy(spec, levels=stacked, **_sizes(width, batch)))


def _nowhere(observation_size: int, action_size: int) -> WorldSpec:
    views = (View("observation", (observation_size,)),)
    return WorldSpec("Nowhere-v0", views, Continuous(action_size), 1_000)


def _sizes(width: int, batch: int) -> dict[str, Any]:
    return {"hidden_sizes": (width, width), "batch_size": batch, "buffer_size": STORED}


def _updating(agent: ActorCritic) -> Work:
    """Return the work of updating that agent, whose replay is filled first."""
    state = jax.jit(functools.partial(_filled, agent))(jax.random.key(0))
    learn = jax.jit(functools.partial(_learned, agent), donate_argnums=0)

    def work() -> int:
        nonlocal state
        state, report = jax.block_until_ready(learn(state, jnp.int32(CHUNK)))
        return int(report.updates)

    return work


def steps(learner: str, world: str) -> Work:
    """Return the work of the host driver: steps with one update each, default networks."""
    place = make_world(world)
    agent = AGENTS[learner].load()(place.spec)
    iteration = Iteration.of(agent, 1, LEAST_STEPS["host"])
    driver = make_driver(agent, place, iteration)
    runs, _ = driver.advance(driver.start((0,)), iteration.learning_starts, learning=False)

    def work() -> int:
        nonlocal runs
        runs, reports = driver.advance(runs, CHUNK // iteration.size, learning=True)
        if driver.fault(runs) is not None:
            raise RuntimeError("something is not finite")
        reports[0].means(False)  # as before a line of metrics; waits for the updates
        return CHUNK

    return work


def goal_steps(agent: str, world: str, correction: float = 0.0) -> Work:
    """Return the work of HIRO, NORL or TD3 in a maze: steps with updates, networks of equal sizes.

    An update of HIRO is one of the high level and some of the low level. In `PointU-v0` TD3 makes
    as many as both together; NORL makes two each of the high level, the low level and the goal
    space for three of them. In ant mazes the settings are those of the experiment
    `hiro-ant-maze`, and NORL has those of HIRO.
    """
    place = make(world)
    if world == "PointU-v0":
        flat: dict[str, Any] = {**_sizes(64, 128), "updates_per_step": 3 / 32}
        two: dict[str, Any] = {"goal_range": (3.0,), "buffer_size": STORED}
    else:
        flat = dict(FLAT_SETTINGS)
        two = {"updates_per_step": 1 / 32, **PRESETS["hiro", world].settings}
    for settings in (flat, two):
        settings["learning_starts"] = 1_600
    learner = {
        "td3": functools.partial(TD3, **flat),
        "hiro": functools.partial(HIRO, **{**two, "correction": correction}),
        "norl": functools.partial(NORL, **{**two, "correction": correction, "levels_start": 0}),
    }[agent](place.spec)
    iteration = Iteration.of(learner, SEED_ENVIRONMENTS)
    driver = make_driver(learner, place, iteration)
    runs, _ = driver.advance(driver.start((0,)), iteration.learning_starts, learning=False)

    def work() -> int:
        nonlocal runs
        runs, reports = driver.advance(runs, GOAL_STEPS // iteration.size, learning=True)
        reports[0].means(False)  # waits for the updates
        return GOAL_STEPS // iteration.size * iteration.size

    return work


def acting(call: str, world: str) -> Work:
    """Return the work of acting in one environment by ``Player.act`` or ``Player.predict``."""
    place = make_world(world)
    agent = SAC(place.spec)
    player = Player(agent, agent.init(jax.random.key(0))._replace(replay=None), place, 0)
    views = {view.name: np.zeros((1, *view.shape), view.dtype) for view in place.spec.views}
    carry, (observation,) = player.initial_carry(), (view[0] for view in views.values())

    def work() -> int:
        for _ in range(CHUNK):
            if call == "act":
                player.act(carry, views)
            else:
                player.predict(observation)
        return CHUNK

    return work


def physics(world: str) -> Work:
    """Return the work of stepping the same environment alone, with random actions."""
    batch = make_world(world).batch(1)
    batch.reset(0)
    shape = (CHUNK, 1, *batch.spec.action.shape)
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, shape).astype(np.float32)

    def work() -> int:
        for action in actions:
            batch.step(action)
        return CHUNK

    return work


def world_steps(world: str) -> Work:
    """Return the work of stepping many environments in a scan, with actions that cost little."""
    place = make(world)
    batch = FunctionalBatch(place, WORLDS_AT_ONCE)
    shape = (WORLDS_AT_ONCE, *place.spec.action.shape)
    if isinstance(place.spec.action, Continuous):
        action = jax.random.uniform(jax.random.key(0), shape, minval=-1.0)
    else:
        action = jax.random.randint(jax.random.key(0), shape, 0, place.spec.action.count)

    def step(at: tuple[Any, jax.Array, jax.Array], key: jax.Array) -> tuple[Any, None]:
        worlds, action, total = at
        worlds = batch.step(worlds, action, key)
        return (worlds, _following(place, action), total + worlds.timestep.reward), None

    @jax.jit
    def run(worlds: Any, key: jax.Array) -> tuple[Any, jax.Array]:
        keys = jax.random.split(key, WORLD_STEPS)
        at = (worlds, action, jnp.zeros(WORLDS_AT_ONCE))
        worlds, _, total = jax.lax.scan(step, at, keys)[0]
        return worlds, total

    worlds = jax.jit(batch.reset)(jax.random.key(1))

    def work() -> int:
        nonlocal worlds
        worlds, _ = jax.block_until_ready(run(worlds, jax.random.key(2)))
        return WORLDS_AT_ONCE * WORLD_STEPS

    return work


def seeds(count: int, way: str) -> Work:
    """Return the work of ``count`` seeds: environment steps with one update each.

    ``way`` is "loop" (one driver, seeds in turn), "vmap" (one driver, seeds at once), or "separate"
    (a driver and a compilation for each seed).
    """
    world = make("PointSpeed-v0")
    agent = SAC(world.spec, hidden_sizes=(64, 64), batch_size=128, buffer_size=20_000)
    iteration = Iteration.of(agent, SEED_ENVIRONMENTS)
    groups = [(seed,) for seed in range(count)] if way == "separate" else [tuple(range(count))]
    drivers = [ScanDriver(agent, world, iteration, way == "vmap") for _ in groups]
    all_runs = [driver.start(group) for driver, group in zip(drivers, groups, strict=True)]
    for k, driver in enumerate(drivers):
        all_runs[k], _ = driver.advance(all_runs[k], iteration.learning_starts, learning=False)

    def work() -> int:
        for k, driver in enumerate(drivers):
            all_runs[k], _ = driver.advance(all_runs[k], SEED_ITERATIONS, learning=True)
        jax.block_until_ready(all_runs)
        return count * SEED_ITERATIONS * iteration.size

    return work


def _filled(agent: ActorCritic, key: jax.Array) -> TrainState:
    """The state of an untrained agent with `STORED` random steps in its replay."""
    init_key, *keys = jax.random.split(key, 4)
    shape = (STORED, 1)
    never = jnp.zeros(1, bool)
    rows = (
        jax.random.normal(keys[0], (*shape, agent.observation_size)),
        jax.random.uniform(keys[1], (*shape, agent.action_size), minval=-1.0),
        jax.random.normal(keys[2], shape),
    )

    def store(replay: ReplayState, row: tuple[jax.Array, ...]) -> tuple[ReplayState, None]:
        seen, action, reward = row
        view = {"observation": seen}
        transition = Transition(view, action, {}, reward, never, never, view, ~never)
        return agent.store.add(replay, transition), None

    state = strongly_typed(agent.init(init_key, 1))
    return state._replace(replay=jax.lax.scan(store, state.replay, rows)[0])


def _learned(agent: ActorCritic, state: TrainState, count: jax.Array) -> tuple[TrainState, Report]:
    """The state after ``count`` updates, with the sums and checks of drivers."""

    def goes_on(at: tuple[TrainState, jax.Array, Report]) -> jax.Array:
        return (at[2].updates < count) & (at[1] == 0)

    def learn(at: tuple[TrainState, jax.Array, Report]) -> tuple[TrainState, jax.Array, Report]:
        state, metrics = agent.learn(at[0])
        return state, finiteness.first_fault(list(metrics.values())), at[2].with_update(metrics)

    names = jax.eval_shape(agent.learn, state)[1]
    first = (state, jnp.zeros((), jnp.int32), Report.empty(names))
    state, _, report = jax.lax.while_loop(goes_on, learn, first)
    return state, report


def _following(world: World, action: jax.Array) -> jax.Array:
    kind = world.spec.action
    return -0.999 * action if isinstance(kind, Continuous) else (action + 1) % kind.count
