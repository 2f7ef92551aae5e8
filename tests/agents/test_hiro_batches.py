"""Batches of both levels against the steps that were made, in plain Python."""

import numpy as np
import pytest

from agents.goal_walks import (
    INTERVAL,
    RANGE,
    A,
    N,
    agent_of,
    by_position,
    low_transitions,
    stored,
    target_of,
    walked,
)

HIGH, LOW = 0.6, 0.9
"""Discounts of the levels."""
NEVER = (((99, False),),) * N
TRACE = agent_of(control_interval=10)


def batch_of(agent, rows):
    """The rows, their numbers by position, and a batch with transitions of the low level."""
    state, batch = stored(agent, rows)
    return rows, by_position(rows), batch._replace(low=low_transitions(agent, state, batch))


def low_steps(batch):
    """The transitions of all updates of the low level, one after the other."""
    flat = [np.reshape(leaf, (-1, *leaf.shape[2:])) for leaf in batch.low]
    return zip(*flat, strict=True)


def low_input(observation, goal):
    """Position, body and goal: the low level does not see the goal of the world."""
    return np.concatenate([observation["position"], observation["body"], goal])


def check_low(rows, numbers, batch):
    """Fails where a transition of the low level is not the step that was made; returns which."""
    found = set()
    for seen, action, reward, discount, following in low_steps(batch):
        t, n = numbers[tuple(seen[:A])]
        row = rows[t].row
        after = {name: view[n] for name, view in row.next_observation.items()}
        goal = row.extras["goal"][n]
        np.testing.assert_array_equal(
            seen, low_input({k: v[n] for k, v in row.observation.items()}, goal)
        )
        np.testing.assert_array_equal(action, row.action[n])
        distance = np.sqrt(((after["position"] - target_of(row, n)) ** 2).sum())
        assert reward == pytest.approx(-0.5 * distance, rel=1e-4, abs=1e-5)
        assert discount == pytest.approx(LOW)
        # A step that ends an episode, or the newest one, carries its own goal on.
        is_last = row.terminated[n] or row.truncated[n] or t + 1 == len(rows)
        carried = (target_of(row, n) - after["position"]) / RANGE
        goal = carried if is_last else rows[t + 1].row.extras["goal"][n]
        np.testing.assert_allclose(following, low_input(after, goal), rtol=1e-5, atol=1e-5)
        found.add((t, n))
    return found


def test_after_a_border_the_next_goal_is_the_new_one():
    """Twelve steps with c = 10: step 9 is followed by the goal that step 10 was made with."""
    rows, numbers, batch = batch_of(TRACE, walked(TRACE, 12, NEVER))
    assert check_low(rows, numbers, batch) == {(t, n) for t in range(12) for n in range(N)}
    row, new = rows[9].row, rows[10].row
    for n in range(N):
        old = (target_of(row, n) - row.next_observation["position"][n]) / RANGE
        assert np.abs(old - new.extras["goal"][n]).max() > 0.05  # a carried goal would be another


@pytest.fixture(scope="module")
def lived():
    return batch_of(agent_of(), walked(agent_of(), 90))


def test_the_low_level_learns_from_every_step_and_through_every_end(lived):
    rows, numbers, batch = lived
    found = check_low(rows, numbers, batch)
    kinds = {(bool(rows[t].row.terminated[n]), bool(rows[t].row.truncated[n])) for t, n in found}
    assert kinds == {(False, False), (True, False), (False, True)}
    assert len(found) > 0.7 * len(numbers)
    assert batch.low.reward.shape == (2, 200)


def segments(rows):
    """First and last step of every decision that is complete, by its first step."""
    found = {}
    for n in range(N):
        begin = None
        for t, (row, age) in enumerate(rows):
            if not row.is_step[n]:
                continue
            begin = t if age[n] % INTERVAL == 0 else begin
            if age[n] % INTERVAL == INTERVAL - 1 or row.terminated[n] or row.truncated[n]:
                found[begin, n] = t
    return found


def test_decisions_are_those_that_were_made(lived):
    rows, numbers, batch = lived
    ends, kinds, found = segments(rows), set(), set()
    for seen, goal, reward, discount, following in zip(*batch.high, strict=True):
        t, n = numbers[tuple(seen[:A])]
        end = ends[t, n]
        made = [rows[k].row for k in range(t, end + 1)]
        for shown, observation in (
            (seen, made[0].observation),
            (following, made[-1].next_observation),
        ):
            expected = [observation[name][n] for name in ("position", "goal", "body")]
            np.testing.assert_array_equal(shown, np.concatenate(expected))
        np.testing.assert_array_equal(goal, made[0].extras["goal"][n])
        assert reward == pytest.approx(0.1 * sum(row.reward[n] for row in made), abs=1e-6)
        # γ is that of one decision, however short; only the end for good is worth nothing.
        assert discount == pytest.approx(0.0 if made[-1].terminated[n] else HIGH)
        kinds.add((len(made), bool(made[-1].terminated[n]), bool(made[-1].truncated[n])))
        found.add((t, n))
    lengths = {length for length, *_ in kinds}
    assert lengths >= {1, 2, 3, INTERVAL}  # last decisions of episodes are shorter
    assert {(ends, cut) for _, ends, cut in kinds} == {(False, False), (True, False), (False, True)}
    assert len(found) > 0.5 * len(ends)


def test_a_reward_of_minus_one_each_step_is_minus_one_for_ten_steps():
    rows = walked(TRACE, 12, NEVER)
    one = -np.ones(N, np.float32)
    batch = stored(TRACE, [each._replace(row=each.row._replace(reward=one)) for each in rows])[1]
    np.testing.assert_allclose(batch.high.reward, -1.0, rtol=1e-6)


def test_segments_are_the_steps_of_the_decisions(lived):
    rows, numbers, batch = lived
    ends, parts = segments(rows), batch.segments
    for b, place in enumerate(parts.place[0]):
        t, n = numbers[tuple(place)]
        length = ends[t, n] - t + 1
        np.testing.assert_array_equal(parts.is_step[:, b], np.arange(INTERVAL) < length)
        for i in range(length):
            row = rows[t + i].row
            np.testing.assert_array_equal(parts.place[i, b], row.observation["position"][n])
            np.testing.assert_array_equal(parts.action[i, b], row.action[n])
            np.testing.assert_array_equal(parts.observation[i, b, A:], row.observation["body"][n])
        last = rows[ends[t, n]].row.next_observation["position"][n]
        np.testing.assert_array_equal(parts.end[b], last)
        np.testing.assert_array_equal(parts.goal[b], rows[t].row.extras["goal"][n])
        assert batch.is_random[b] == rows[t].row.extras["is_random"][n]


@pytest.mark.slow
def test_with_points_as_goals_the_next_goal_is_the_point():
    rows, numbers, batch = batch_of(
        agent_of(goals="absolute", goal_centre=(0.5, -1.0)), walked(agent_of(), 90)
    )
    for seen, _, reward, _, following in low_steps(batch):
        t, n = numbers[tuple(seen[:A])]
        row = rows[t].row
        goal = row.extras["goal"][n]
        distance = np.linalg.norm(row.next_observation["position"][n] - ([0.5, -1] + RANGE * goal))
        assert reward == pytest.approx(-0.5 * distance, rel=1e-4)
        is_last = row.terminated[n] or row.truncated[n] or t + 1 == len(rows)
        expected = goal if is_last else rows[t + 1].row.extras["goal"][n]
        np.testing.assert_array_equal(following[A + 1 :], expected)
