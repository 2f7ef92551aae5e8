"""Work of agents made of modules, which V-trace updates, for comparisons; see `contest_worker`."""

from collections.abc import Callable
from typing import Any

import jax

import hierax
from hierax.agents import IMPALA, KL
from hierax.agents.agent import TrainState
from hierax.training.driver import make_driver
from hierax.training.iteration import Iteration
from hierax.training.session import Trained
from hierax.worlds import BodyGrid

Work = Callable[[], int]

ENVIRONMENTS = 128
STEPS = 65_536
UPDATES = 64
KEPT = ("high", "high_default")


def steps(agent: str, body: int) -> Work:
    """Return the work of environment steps with updates in a grid.

    ``agent`` is "impala", "kl", or "transferred": a hierarchy whose high level is frozen.
    """
    world = BodyGrid(body)
    learner = _agent(agent, world)
    iteration = Iteration.of(learner, ENVIRONMENTS)
    driver = make_driver(learner, world, iteration)
    runs = driver.start((0,), _moved(learner) if agent == "transferred" else None)

    def work() -> int:
        nonlocal runs
        runs, reports = driver.advance(runs, STEPS // iteration.size, learning=True)
        reports[0].means(False)  # waits for the updates
        return STEPS // iteration.size * iteration.size

    return work


def updates(agent: str, body: int) -> Work:
    """Return the work of updates from one rollout, in one compiled loop."""
    world = BodyGrid(body)
    learner = _agent(agent, world)
    iteration = Iteration.of(learner, ENVIRONMENTS)
    driver = make_driver(learner, world, iteration)
    runs, _ = driver.advance(driver.start((0,)), 1, learning=True)
    (state,) = driver.agents(runs)

    @jax.jit
    def learned(state: TrainState) -> TrainState:
        return jax.lax.fori_loop(0, UPDATES, lambda _, at: learner.learn(at)[0], state)

    def work() -> int:
        nonlocal state
        state = jax.block_until_ready(learned(state))
        return UPDATES

    return work


def _agent(agent: str, world: BodyGrid) -> KL | IMPALA:
    """Return an agent; the policy of IMPALA has as many layers as both levels together."""
    if agent == "impala":
        return IMPALA(world.spec, hidden_sizes=(64, 64))
    return KL(world.spec, high_views=("task",), default="learned", period=world.body)


def _moved(agent: KL) -> list[TrainState]:
    """Return an agent whose high level comes from a body of one step; none of it is trained."""
    source = _agent("kl", BodyGrid(1))
    state = source.init(jax.random.key(0), 1)
    given: dict[str, Any] = {"keep": KEPT, "freeze": KEPT}
    return hierax.transfer(Trained(source, [state], {}), agent, **given)
