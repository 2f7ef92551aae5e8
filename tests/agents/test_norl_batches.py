"""Batches of NORL against the steps that were made, in plain Python."""

import collections

import numpy as np
import pytest
import scipy.stats

from agents.goal_walks import INTERVAL, RANGE, A, N, by_position, new, stored, walked
from agents.norl_walks import SEEN_BELOW, SEEN_BY_F, agent_of, places, views_of

SIZE, SHARE, STEPS = 1000, 0.25, 94
"""After 94 steps a whole decision of one environment is the newest."""
AGENT = agent_of(hindsight=SHARE, low_sees_step=True, batch_size=SIZE)


@pytest.fixture(scope="module")
def lived():
    """The steps that were made, their numbers by position, and a batch."""
    rows = walked(AGENT, STEPS)
    return rows, by_position(rows), stored(AGENT, rows)[1]


def steps_of(batch):
    """The steps of all updates of the low level, and whether each one is to have hindsight."""
    low = batch.goals.low
    for k in range(AGENT.low_updates):
        for b in range(SIZE):
            yield k, b, b < SHARE * SIZE, low


def decision(rows, t, n):
    """Numbers of the steps of the decision that step t is part of; None where it goes on."""
    begun = t - rows[t].age[n] % INTERVAL
    for after in range(begun, len(rows)):
        if after + 1 == begun + INTERVAL or ended(rows, after, n):
            return list(range(begun, after + 1))
    return None


def ended(rows, t, n):
    return rows[t].row.terminated[n] or rows[t].row.truncated[n]


def test_goals_are_carried_in_the_learned_space_until_new_ones_are_set():
    """m(s_i) + G g_i is the same point for all steps of a decision."""
    rows, space, kept, set_anew = walked(AGENT, STEPS), new(AGENT).learner.space, 0, 0
    for t, (row, age) in enumerate(rows[:-1]):
        after = rows[t + 1].row
        for n in range(N):
            if not (row.is_step[n] and after.is_step[n]):
                continue
            target, following = (
                places(space, views_of(each.observation, n, SEEN_BY_F))
                + RANGE * each.extras["goal"][n]
                for each in (row, after)
            )
            same = np.abs(target - following).max() < 1e-5
            is_border = (age[n] + 1) % INTERVAL == 0
            assert same != is_border
            kept, set_anew = kept + same, set_anew + is_border
    assert kept > 90
    assert set_anew > 30


def test_the_low_level_learns_from_steps_that_were_made(lived):
    rows, numbers, batch = lived
    transitions, found = set(), set()
    for k, b, _, low in steps_of(batch):
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        row, age = rows[t].row, rows[t].age[n]
        for shown, observation, step in (
            (low.observation[k, 0, b], row.observation, age),
            (low.observation[k, 1, b], row.next_observation, age + 1),
        ):
            # The step of the decision that comes next: 0 at a border.
            step = step % INTERVAL / INTERVAL
            expected = np.append(views_of(observation, n, SEEN_BELOW), np.float32(step))
            np.testing.assert_array_equal(shown, expected)
        for side, observation in enumerate((row.observation, row.next_observation)):
            expected = views_of(observation, n, SEEN_BY_F)
            np.testing.assert_array_equal(low.features[k, side, b], expected)
        np.testing.assert_array_equal(low.action[k, b], row.action[n])
        np.testing.assert_array_equal(low.goal[k, 0, b], row.extras["goal"][n])
        transitions.add((bool(row.terminated[n]), bool(row.truncated[n])))
        found.add((t, n))
    assert transitions == {(False, False), (True, False), (False, True)}
    whole = {(t, n) for t, n in numbers.values() if decision(rows, t, n)}
    assert found <= whole
    assert len(found) > 0.97 * len(whole)


def test_the_next_goal_is_the_one_that_followed(lived):
    """Behind a border it is the new one. Behind the end of an episode there is none."""
    rows, numbers, batch = lived
    kinds = collections.Counter()
    for k, b, _, low in steps_of(batch):
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        row, border = rows[t].row, (rows[t].age[n] + 1) % INTERVAL == 0
        is_last, is_newest = ended(rows, t, n), t + 1 == STEPS
        assert low.followed[k, b] == (not is_last and not is_newest)
        if low.followed[k, b]:
            after = rows[t + 1].row
            assert after.is_step[n]
            np.testing.assert_array_equal(low.goal[k, 1, b], after.extras["goal"][n])
            space = new(AGENT).learner.space
            before, now = (
                places(space, views_of(each.observation, n, SEEN_BY_F)) for each in (row, after)
            )
            carried = (before - now) / RANGE + row.extras["goal"][n]
            same = np.abs(carried - low.goal[k, 1, b]).max() < 1e-5
            assert same != border
        kinds[border, is_last, is_newest] += 1
    assert set(kinds) >= {
        (False, False, False), (True, False, False), (False, True, False), (True, False, True),
    }  # fmt: skip


def test_a_step_comes_with_the_decision_that_it_is_part_of(lived):
    """Decisions end with their episode: nothing behind a reset is read."""
    rows, numbers, batch = lived
    lengths = collections.Counter()
    for k, b, _, low in steps_of(batch):
        trajectories = low.trajectories
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        made = decision(rows, t, n)
        assert trajectories.number[k, b] == made.index(t) == rows[t].age[n] % INTERVAL
        np.testing.assert_array_equal(
            trajectories.is_step[k, :, b], np.arange(INTERVAL) < len(made)
        )
        shown = [rows[i].row.observation for i in made]
        shown += [rows[made[-1]].row.next_observation] * (INTERVAL + 1 - len(made))
        expected = [views_of(each, n, SEEN_BY_F) for each in shown]
        np.testing.assert_array_equal(trajectories.features[k, :, b], expected)
        for i, number in enumerate(made):
            np.testing.assert_array_equal(trajectories.action[k, i, b], rows[number].row.action[n])
        lengths[len(made)] += 1
    assert set(lengths) == set(range(1, INTERVAL + 1))


def test_the_step_of_a_decision_is_drawn_uniformly(lived):
    rows, numbers, batch = lived
    drawn, decisions = collections.defaultdict(collections.Counter), collections.Counter()
    for k, b, _, low in steps_of(batch):
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        made = decision(rows, t, n)
        drawn[len(made)][made.index(t)] += 1
        decisions[made[0], n] += 1
    for length in range(2, INTERVAL + 1):
        found = [drawn[length][i] for i in range(length)]
        assert scipy.stats.chisquare(found).pvalue > 1e-3
    assert scipy.stats.chisquare(list(decisions.values())).pvalue > 1e-3


def test_hindsight_goals_are_later_places_of_the_same_decision(lived):
    rows, numbers, batch = lived
    drawn = collections.defaultdict(collections.Counter)
    assert batch.goals.low.reached.shape == (2, SHARE * SIZE, len(SEEN_BY_F) + 2)
    for k, b, hindsight, low in steps_of(batch):
        if not hindsight:
            continue
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        made = decision(rows, t, n)
        later = [
            tuple(views_of(rows[i].row.next_observation, n, SEEN_BY_F)) for i in made if i >= t
        ]
        drawn[len(later)][later.index(tuple(low.reached[k, b]))] += 1
    assert set(drawn) == set(range(1, INTERVAL + 1))
    for length in range(2, INTERVAL + 1):
        found = [drawn[length][i] for i in range(length)]
        assert scipy.stats.chisquare(found).pvalue > 1e-3


def test_decisions_of_the_high_level_come_with_features_of_their_places(lived):
    rows, numbers, batch = lived
    parts, high = batch.goals.segments, batch.goals.high
    for b, shown in enumerate(parts.observation[0]):
        t, n = numbers[tuple(shown[:A])]
        made = decision(rows, t, n)
        for i, number in enumerate(made):
            row = rows[number].row
            expected = np.append(views_of(row.observation, n, SEEN_BELOW), i / INTERVAL)
            np.testing.assert_array_equal(parts.observation[i, b], expected)
            expected = views_of(row.observation, n, SEEN_BY_F)
            np.testing.assert_array_equal(parts.place[i, b], expected)
        last = rows[made[-1]].row
        expected = views_of(last.next_observation, n, SEEN_BY_F)
        np.testing.assert_array_equal(parts.end[b], expected)
        np.testing.assert_array_equal(high.action[b], rows[t].row.extras["goal"][n])
        assert high.reward[b] == pytest.approx(
            0.1 * sum(rows[i].row.reward[n] for i in made), abs=1e-6
        )
        assert high.discount[b] == pytest.approx(0.0 if last.terminated[n] else 0.6)


def test_factors_are_those_of_the_world(lived):
    batch = lived[2]
    features, known, weight = batch.factors
    assert set(np.unique(weight)) == {0, 1}  # some decisions are shorter: their ends are repeated
    assert features.shape == ((INTERVAL + 1) * SIZE, len(SEEN_BY_F) + 2)
    np.testing.assert_array_equal(features[:, :A], known["goal"])
    np.testing.assert_array_equal(features[:, A + 1 :], known["nuisance"])


def test_the_levels_learn_from_a_step_on():
    rows, late = walked(AGENT, STEPS), AGENT.levels_start - STEPS * N
    for before, learns in ((late, True), (late - 1, False)):
        state = new(AGENT)._replace(steps=np.int32(before))
        assert stored(AGENT, rows, state)[1].levels_learn == learns
