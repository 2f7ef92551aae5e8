"""Whole episodes whose returns are known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.training.evaluation import (
    MODES,
    Episodes,
    HostEvaluator,
    ScanEvaluator,
    summary,
)
from hierax.training.finiteness import NotFiniteError
from hierax.training.host_driver import environment_seed
from hierax.worlds.functional_batch import FunctionalBatch
from hierax.worlds.host import FunctionalHostWorld
from hierax.worlds.world import Timestep
from training.toys import Clock, Counter

EPISODES = 9


@dataclasses.dataclass(frozen=True)
class Uneven(Clock):
    """Pays 10 to the power of the step; is over, by chance, after 1 to 7 steps or cut off at 5.

    There is success after an odd number of steps.
    """

    def reset(self, key):
        state = jax.random.randint(key, (), 1, 8), jnp.int32(0)
        return state, self._seen(state, jnp.float32(0))

    def step(self, state, action, key):
        length, clock = state
        moved = length, clock + 1
        return moved, self._seen(moved, 10.0**clock)

    def _seen(self, state, reward):
        length, clock = state
        return Timestep({"clock": clock[None] * 1.0}, reward, clock >= length, clock % 2 == 1)


class Follower(Counter):
    """Acts with what it carries, the number of steps of its episode."""

    def act(self, state, carry, observation, key, *, explore):
        after, _, extras = super().act(state, carry, observation, key, explore=explore)
        return after, carry[:, None] * 1.0, extras


def evaluators(world, agent=None):
    agent = agent or Counter(world.spec)
    return [
        ScanEvaluator(agent, world, EPISODES),
        HostEvaluator(agent, FunctionalHostWorld(world), EPISODES),
    ]


def state_of(agent, count=2.0):
    state = agent.init(jax.random.key(0))
    return state._replace(learner={**state.learner, "count": jnp.float32(count)})


@pytest.mark.parametrize("which", [0, 1], ids=["scan", "host"])
def test_returns_are_those_of_the_mode(which):
    world = Clock(length=3)
    evaluator = evaluators(world)[which]
    for mode, sign in (("deterministic", -1), ("sampled", 1)):
        found = evaluator.run(state_of(evaluator.agent), 0, explore=MODES[mode])
        np.testing.assert_array_equal(found.returns, np.full(EPISODES, sign * 6.0))
        np.testing.assert_array_equal(found.lengths, np.full(EPISODES, 3))
        assert found.successes.all()


@pytest.mark.parametrize("which", [0, 1], ids=["scan", "host"])
def test_an_observation_that_is_not_finite_is_named_and_kept(which):
    evaluator = evaluators(Clock(length=3, poison="observation", at=2))[which]
    with pytest.raises(
        NotFiniteError, match=r"^observation is not finite, .* evaluation"
    ) as caught:
        evaluator.run(state_of(evaluator.agent), 0, explore=True)
    assert np.isnan(caught.value.evidence["observation"]["clock"]).all()
    np.testing.assert_array_equal(caught.value.evidence["action"], np.full((EPISODES, 1), 2.0))
    first = evaluators(Clock(length=3, poison="observation", at=0))[which]
    with pytest.raises(NotFiniteError, match=r"^observation"):
        first.run(state_of(first.agent), 0, explore=True)


@pytest.mark.parametrize("which", [0, 1], ids=["scan", "host"])
def test_the_first_episode_of_each_environment_counts_and_no_other(which):
    world = Uneven()
    evaluator = evaluators(world)[which]
    batch = FunctionalBatch(world, EPISODES)
    keys = (
        jax.random.split(jax.random.key(7))[0],
        jax.random.split(jax.random.key(environment_seed(7, 0)))[0],
    )
    drawn = np.asarray(batch.reset(keys[which]).states[0])
    lengths = np.minimum(drawn, world.episode_limit)
    for _ in range(2):  # evaluating leaves no trace
        found = evaluator.run(state_of(evaluator.agent), 7, explore=False)
        np.testing.assert_array_equal(found.lengths, lengths)
        np.testing.assert_allclose(found.returns, (10.0**lengths - 1) / 9, rtol=1e-6)
        # As it is at the last step, not at any.
        np.testing.assert_array_equal(found.successes, lengths % 2 == 1)
    assert 1 < len(set(lengths)) <= 5
    assert found.lengths.dtype == np.int32
    other = evaluator.run(state_of(evaluator.agent), 8, explore=False)
    assert (other.lengths != lengths).any()


def test_both_evaluators_agree_and_carry_begins_with_each_episode():
    world = Clock(length=4)
    for evaluator in evaluators(world, Follower(world.spec)):
        found = evaluator.run(state_of(evaluator.agent), 0, explore=True)
        np.testing.assert_array_equal(found.returns, np.full(EPISODES, 0.0 + 1 + 2 + 3))


@dataclasses.dataclass(frozen=True)
class Measured(Clock):
    """Measures whether the clock shows more than two."""

    def measures(self, timestep):
        return {"late": timestep.observation["clock"][:, 0] > 2}


@pytest.mark.parametrize("length", [2, 4])
def test_measures_are_those_of_the_last_steps(length):
    world = Measured(length=length)
    for evaluator in evaluators(world):
        found = evaluator.run(state_of(evaluator.agent), 0, explore=True)
        assert found.measures["late"].tolist() == [length > 2] * EPISODES
        assert found.means(False)["late"] == summary(found, False)["late"] == float(length > 2)


def test_means_and_summaries():
    episodes = Episodes(
        np.array([0.0, 1, 2, 3, 4, 5, 6, 99], np.float32),
        np.arange(1, 9),
        np.array([True] * 2 + [False] * 6),
    )
    assert episodes.means(False) == {"return": 15.0, "length": 4.5}
    assert episodes.means(True) == {"return": 15.0, "length": 4.5, "success": 0.25}
    # The interquartile mean leaves out two of eight on either side.
    assert summary(episodes, True) == {
        "mean": 15.0,
        "iqm": 3.5,
        "episodes": 8,
        "success_rate": 0.25,
        "mean_length": 4.5,
    }
    assert "success_rate" not in summary(episodes, False)
    assert all(type(value) in (int, float) for value in summary(episodes, True).values())
