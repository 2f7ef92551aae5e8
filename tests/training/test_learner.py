"""A replay in the memory of the host gives the numbers of one beside the parameters."""

from functools import partial

import jax
import numpy as np
import pytest

from hierax.agents import HIRO, NORL, SAC, TD3, Entries
from hierax.training import train
from hierax.training.host_driver import HostDriver
from hierax.training.iteration import Iteration
from hierax.worlds import FunctionalHostWorld, PointSpeed
from refusals import refusal

WORLD = FunctionalHostWorld(PointSpeed(episode_limit=7))
SETTINGS = {"hidden_sizes": (8,), "batch_size": 4, "buffer_size": 60, "learning_starts": 16}


LEVELS = {"high_batch_size": 4, "control_interval": 3}
GOALS = partial(HIRO, goal_space=Entries("velocity"), **LEVELS)
LEARNED = pytest.param(partial(NORL, levels_start=16, **LEVELS), marks=pytest.mark.slow)
SOFT = pytest.param(SAC, marks=pytest.mark.slow)


@pytest.mark.parametrize("kind", [SOFT, TD3, GOALS, LEARNED], ids=["sac", "td3", "hiro", "norl"])
def test_where_the_replay_is_kept_changes_no_number(kind):
    agent = kind(WORLD.spec, normalise_observations=True, **SETTINGS)
    iteration = Iteration.of(agent, 2, 4)
    found = []
    for place in ("device", "host"):
        driver = HostDriver(agent, WORLD, iteration, place)
        runs, _ = driver.advance(driver.start([3]), iteration.learning_starts, learning=False)
        runs, (report,) = driver.advance(runs, 6, learning=True)
        found.append((driver.agents(runs)[0], jax.device_get(report)))
    (here, report_here), (there, report_there) = found
    assert int(here.updates) == int(there.updates) == 6 * iteration.updates
    jax.tree.map(np.testing.assert_array_equal, here.replay, there.replay)
    assert jax.random.key_data(here.key).tolist() == jax.random.key_data(there.key).tolist()
    for one, other in ((here.learner, there.learner), (report_here, report_there)):
        # Compiled apart, sums may be taken in another order.
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5), one, other
        )


def test_batches_drawn_ahead_are_those_of_the_updates():
    agent = SAC(WORLD.spec, **SETTINGS)
    driver = HostDriver(agent, WORLD, Iteration.of(agent, 2, 4))
    (state,) = driver.agents(driver.advance(driver.start([0]), 4, learning=False)[0])
    next_batch, learn_from = jax.jit(agent.next_batch), jax.jit(agent.learn_from)
    ahead = jax.jit(agent.next_batches, static_argnums=1)(state, 3)
    for number in range(3):
        batch = next_batch(state)
        jax.tree.map(
            np.testing.assert_array_equal, batch, jax.tree.map(lambda a, k=number: a[k], ahead)
        )
        state, _ = learn_from(state, batch)


def test_a_replay_on_the_host_is_for_the_host_driver():
    agent = SAC(WORLD.spec, **SETTINGS)
    on_host = partial(train, replay="host", progress=False)
    nowhere = partial(train, replay="disk", progress=False)
    sentence = refusal(on_host, agent, WORLD.world, 100)
    assert sentence.startswith("replay must be 'device'")
    assert sentence.endswith("got 'host'")
    sentence = refusal(nowhere, agent, WORLD, 100)
    assert sentence == "replay must be one of 'device', 'host', got 'disk'"
