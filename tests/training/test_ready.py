"""No driver makes an update before a share of a batch is stored, whatever decisions last."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import Index, OffPolicy
from hierax.agents.agent import is_ready
from hierax.training.host_driver import HostDriver
from hierax.training.iteration import Iteration
from hierax.training.scan_driver import ScanDriver
from hierax.worlds.host import FunctionalHostWorld
from training.toys import Clock

KINDS = {"scan": ScanDriver, "host": HostDriver, "host, replay apart": HostDriver}
ENDLESS = Clock(10**6, 10**6)
BATCH, SHARE = 256, 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Held(OffPolicy):
    """Acts with 1, decides every ``interval`` steps and learns the least reward that it drew."""

    interval: int = 1
    batch_size: int = BATCH
    buffer_size: int = 10**6
    learning_starts: int = 1

    @property
    def indices(self):
        return {"decisions": Index(self.interval, aligned=True)}

    def encoders(self):
        return {}

    def build(self, key):
        return jnp.ones(())

    def initial_carry(self, count):
        return ()

    def act(self, state, carry, observation, key, *, explore):
        return carry, jnp.ones((len(observation["clock"]), 1)), {}

    def sample(self, state, key):
        return self.store.sample(state.replay, key, self.batch_size, "decisions").reward

    def update(self, learner, batch, key):
        return jnp.minimum(learner, batch.min()), {"loss": batch.min()}


def made(kind, agent, environments):
    iteration = Iteration.of(agent, environments)
    if kind == "scan":
        return ScanDriver(agent, ENDLESS, iteration)
    place = "host" if "apart" in kind else "device"
    return HostDriver(agent, FunctionalHostWorld(ENDLESS), iteration, place)


def require_no_early_update(kind, interval, environments):
    agent = Held(ENDLESS.spec, interval=interval, updates_per_step=1 / environments)
    chosen = made(kind, agent, environments)
    assert (chosen.iteration.steps, chosen.iteration.updates) == (1, 1)
    late = interval * -(-SHARE // environments)  # the first row after which enough is stored
    runs = chosen.start((0,))
    for rows, updates in ((late - 1, 0), (3, 3)):
        runs, _ = chosen.advance(runs, rows, learning=True)
        (state,) = chosen.agents(runs)
        assert int(state.updates) == updates, (kind, interval, environments)
        assert bool(is_ready(agent, state)) == bool(state.updates)
    assert chosen.fault(runs) is None
    assert float(state.learner) == 1.0  # no draw of a row that was never written


CASES = [("scan", 10, 128), ("host", 100, 16)]


@pytest.mark.parametrize(("kind", "interval", "environments"), CASES)
def test_no_update_before_a_share_of_a_batch_is_stored(kind, interval, environments):
    require_no_early_update(kind, interval, environments)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_update_comes_early_for_any_interval_and_any_number_of_environments(kind):
    for interval, environments in itertools.product((1, 2, 10, 33, 100), (1, 3, 16, 128, 256)):
        require_no_early_update(kind, interval, environments)


@pytest.mark.slow
def test_seeds_together_wait_for_all():
    agent = Held(ENDLESS.spec, interval=3, updates_per_step=0.25)
    chosen = ScanDriver(agent, ENDLESS, Iteration.of(agent, 4), together=True)
    runs, _ = chosen.advance(chosen.start((0, 1)), 3 * SHARE // 4 + 1, learning=True)
    assert [int(state.updates) for state in chosen.agents(runs)] == [2, 2]


@pytest.mark.slow
def test_a_ring_that_never_holds_a_share_is_learned_from_when_it_is_full():
    agent = Held(ENDLESS.spec, interval=100, buffer_size=201, updates_per_step=1.0)
    chosen = made("scan", agent, 1)
    runs, _ = chosen.advance(chosen.start((0,)), 400, learning=True)
    (state,) = chosen.agents(runs)
    assert int(state.updates) > 200
    assert float(state.learner) == 1.0


def test_agents_without_a_word_on_it_are_ready():
    assert is_ready(object(), None)  # type: ignore[arg-type]


def test_a_compiled_draw_from_nothing_is_not_a_number():
    agent = Held(ENDLESS.spec)
    drawn = jax.jit(lambda key: agent.next_batch(agent.init(key, 2)))(jax.random.key(0))
    assert np.isnan(drawn).all()
