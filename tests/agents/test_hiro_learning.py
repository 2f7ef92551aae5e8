"""HIRO learns where the answer is known: on a line, and in the U-shaped maze."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.lines import SPEED, Line
from hierax import train, transfer
from hierax.agents import HIRO
from hierax.training.serialisation import tree_digest
from hierax.worlds import PointU

C = 5
LINE = Line()
SETTINGS = {
    "control_interval": C,
    "discount": 0.9,
    "goal_range": (1.25,),  # what can be reached in five steps
    "hidden_sizes": (32, 32),
    "buffer_size": 20_000,
    "learning_starts": 800,
    "updates_per_step": 1 / 8,
    "random_goals": 4_000,
    "random_actions": 1_000,
    "high_reward_scale": 0.1,
    "correction_candidates": 2,
}


@pytest.fixture(scope="module")
def trained():
    agent = HIRO(LINE.spec, **SETTINGS)
    done = train(agent, LINE, 20_000, environments=8, episodes=20, progress=False)
    return agent, done


def test_both_levels_bring_the_point_to_the_goal(trained):
    _, done = trained
    assert done.summary["success_rate"] == 1.0
    # At best 4, 3.75, ..., 0.25 is paid on the way, 30 together.
    assert done.summary["mean"] > -45


def test_the_low_level_reaches_goals_that_can_be_reached(trained):
    agent, done = trained
    state = done.states[0]._replace(replay=None)
    target = jnp.linspace(-1.0, 1.0, 21)[:, None]
    carry = agent.initial_carry(21)._replace(age=jnp.ones(21, jnp.int32), target=target)
    position, act = jnp.zeros((21, 1)), jax.jit(
        lambda carry, seen: agent.act(state, carry, seen, jax.random.key(0), explore=False)
    )  # fmt: skip
    for _ in range(C - 1):
        carry, action, _ = act(carry, {"position": position})
        position = position + SPEED * action
    missed = np.abs(np.asarray(position - target))
    assert np.mean(missed < 0.25) > 0.9


@pytest.mark.slow
def test_a_trained_low_level_serves_another_high_level_in_another_task(trained):
    agent, done = trained
    low = done.states[0].learner.low
    other = Line(goal=-4.0)
    agent = HIRO(other.spec, **SETTINGS)
    start = transfer(done, agent, keep=("low",), freeze=("low",), seed=1)
    done = train(agent, other, 20_000, environments=8, episodes=20, progress=False, start=start)
    assert done.summary["success_rate"] == 1.0
    learner = done.states[0].learner
    kept, before = (each._replace(actor=None) for each in (learner.low, low))
    assert tree_digest(kept) == tree_digest(before)
    assert int(learner.high.updates) > 1000


@pytest.mark.slow
def test_a_point_goes_round_the_wall_of_the_maze():
    world, rates = PointU(), []
    agent = HIRO(world.spec, goal_range=(3.0,))
    for seed in range(3):
        done = train(agent, world, 160_000, seed, environments=8, episodes=20, progress=False)
        rates.append(done.summary["success_rate"])  # a distance below 2.5 at the last step
    assert sum(rate > 0.5 for rate in rates) >= 2, rates
