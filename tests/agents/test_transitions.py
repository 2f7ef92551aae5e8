"""Decisions that hold for several steps, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents.agent import Transition
from hierax.agents.replay import Index, Replay, Sequences
from hierax.agents.transitions import held_decision

decide = jax.jit(held_decision, static_argnums=1)


def sequences(reward, ends):
    """Sequences (step, row) of rewards; ``ends`` says after how many steps each was over, and how.

    Behind the end of an episode stands what would be noticed if it counted.
    """
    reward = np.array(reward, float)
    steps, count = reward.shape
    number = np.array([end for end, _ in ends])
    is_step = np.arange(steps)[:, None] < number
    last = np.arange(steps)[:, None] == number - 1
    terminated = np.where(is_step, last & [how == "terminated" for _, how in ends], True)
    # What was seen in step k of row b is 10 b + k, in both views.
    seen = 10 * np.arange(count) + np.arange(steps + 1)[:, None]
    return Sequences(
        observation={
            "number": jnp.asarray(np.stack([seen, -seen], axis=-1), float),
            "image": jnp.asarray(
                np.broadcast_to(seen[..., None, None], (*seen.shape, 2, 3))
            ).astype(jnp.uint8),
        },
        action=jnp.zeros((steps, count, 1)),
        extras={},
        reward=jnp.asarray(np.where(is_step, reward, np.nan), float),
        terminated=jnp.asarray(terminated),
        is_step=jnp.asarray(is_step),
    )


def assert_seen(views, numbers):
    numbers = np.array(numbers)
    np.testing.assert_array_equal(views["number"], np.stack([numbers, -numbers], axis=-1))
    assert views["image"].dtype == jnp.uint8
    expected = np.broadcast_to(numbers[:, None, None], (len(numbers), 2, 3))
    np.testing.assert_array_equal(views["image"], expected)


def test_two_steps_by_hand():
    ends = [(2, "goes on"), (2, "terminated"), (1, "terminated"), (1, "cut off")]
    found = decide(sequences([[1, 1, 3, 3], [10, 10, 7, 7]], ends), 0.9)
    np.testing.assert_allclose(found.reward, [1 + 0.9 * 10, 1 + 0.9 * 10, 3, 3], rtol=1e-6)
    np.testing.assert_allclose(found.discount, [0.81, 0, 0, 0.9], rtol=1e-6)
    assert_seen(found.observation, [0, 10, 20, 30])
    assert_seen(found.next_observation, [2, 12, 21, 31])


def test_three_steps_by_hand():
    ends = [
        (3, "goes on"),
        (3, "terminated"),
        (2, "terminated"),
        (2, "cut off"),
        (1, "terminated"),
        (1, "cut off"),
    ]
    reward = [[1] * 6, [-2] * 6, [8] * 6]
    found = decide(sequences(reward, ends), 0.5)
    # Powers of a half are exact: 1, 1 - 1, 1 - 1 + 2.
    np.testing.assert_array_equal(found.reward, [2, 2, 0, 0, 1, 1])
    np.testing.assert_array_equal(found.discount, [0.125, 0, 0, 0.25, 0, 0.5])
    assert_seen(found.observation, [0, 10, 20, 30, 40, 50])
    assert_seen(found.next_observation, [3, 13, 22, 32, 41, 51])


def test_a_decision_of_one_step_is_a_transition():
    ends = [(1, "goes on"), (1, "terminated"), (1, "cut off")]
    found = decide(sequences([[1, 2, 3]], ends), 0.75)
    np.testing.assert_array_equal(found.reward, [1, 2, 3])
    np.testing.assert_array_equal(found.discount, [0.75, 0, 0.75])
    assert_seen(found.next_observation, [1, 11, 21])


def test_without_a_future_the_first_reward_is_all():
    found = decide(sequences([[1, 2], [50, 50]], [(2, "goes on"), (2, "terminated")]), 0.0)
    np.testing.assert_array_equal(found.reward, [1, 2])
    np.testing.assert_array_equal(found.discount, [0, 0])


@pytest.mark.parametrize("terminates", [False, True])
def test_decisions_of_an_episode_add_up_to_its_return(terminates):
    """Of five steps with reward 1 .. 5, in a replay of decisions for two steps."""
    discount, replay = 0.5, Replay(20, {"decisions": Index(2, aligned=True)})

    def step(t):
        over = jnp.array([t == 4])
        return Transition(
            observation={"time": jnp.full((1, 1), float(t))},
            action=jnp.zeros((1, 1)),
            extras={},
            reward=jnp.array([t + 1.0]),
            terminated=over & terminates,
            truncated=over & (not terminates),
            next_observation={"time": jnp.full((1, 1), t + 1.0)},
            is_step=jnp.array([True]),
        )

    memory, add = replay.init(step(0)), jax.jit(replay.add)
    for t in range(5):
        memory = add(memory, step(t))
    found = decide(replay.sample(memory, jax.random.key(0), 64, "decisions"), discount)
    place = {int(time): b for b, time in enumerate(found.observation["time"][:, 0])}
    assert sorted(place) == [0, 2, 4]
    each = [place[time] for time in (0, 2, 4)]
    np.testing.assert_array_equal(found.reward[np.array(each)], [1 + 1, 3 + 2, 5])
    last = 0.0 if terminates else 0.5
    np.testing.assert_array_equal(found.discount[np.array(each)], [0.25, 0.25, last])
    np.testing.assert_array_equal(found.next_observation["time"][np.array(each), 0], [2, 4, 5])
    # Worth 100 where it ends, which counts only where it was cut off.
    value = 100.0
    for b in reversed(each):
        value = float(found.reward[b] + found.discount[b] * value)
    exact = sum(discount**t * (t + 1) for t in range(5)) + (not terminates) * discount**5 * 100
    assert value == pytest.approx(exact)
