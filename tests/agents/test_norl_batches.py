"""Batches of NORL against the steps that were made, in plain Python."""

import collections

import numpy as np
import pytest
import scipy.stats

from agents.goal_walks import (
    INTERVAL,
    RANGE,
    A,
    N,
    by_position,
    low_transitions,
    new,
    stored,
    walked,
)
from agents.norl_walks import SEEN_BELOW, SEEN_BY_F, agent_of, linearly_moved, places, views_of

SIZE, SHARE, STEPS, UPDATES = 1000, 0.25, 94, 3
"""After 94 steps a whole decision of one environment is the newest."""
AGENT = agent_of(
    hindsight=SHARE, low_sees_step=True, batch_size=SIZE, representation_updates=UPDATES
)


@pytest.fixture(scope="module")
def lived():
    """The steps that were made, their numbers by position, and a batch."""
    rows = walked(AGENT, STEPS)
    return rows, by_position(rows), stored(AGENT, rows)[1]


def moved(space):
    """The goal space after f and its statistics have changed."""
    place = linearly_moved(space.parameters.place, [[4.0, 3.0], [-6.0, 8.0]], [1.0, -3.0])
    return space._replace(
        parameters=space.parameters._replace(place=place),
        mean=np.float32([0.3, -0.4]),
        variance=np.float32([0.25, 2.25]),
    )


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


def check_decision(rows, made, n, features, action, is_step):
    """Fails where this is not that decision: its observations, actions and length."""
    check_actions(rows, made, n, action, is_step)
    shown = [rows[t].row.observation for t in made]
    shown += [rows[made[-1]].row.next_observation] * (INTERVAL + 1 - len(made))
    np.testing.assert_array_equal(features, [views_of(each, n, SEEN_BY_F) for each in shown])


def check_actions(rows, made, n, action, is_step):
    """Fails where these are not actions and length of that decision."""
    np.testing.assert_array_equal(is_step, np.arange(INTERVAL) < len(made))
    np.testing.assert_array_equal(action[: len(made)], [rows[t].row.action[n] for t in made])


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
        # The goal as it was set, at the first step of the decision.
        first = rows[decision(rows, t, n)[0]].row
        np.testing.assert_array_equal(low.goal[k, 0, b], first.extras["goal"][n])
        transitions.add((bool(row.terminated[n]), bool(row.truncated[n])))
        found.add((t, n))
    assert transitions == {(False, False), (True, False), (False, True)}
    whole = {(t, n) for t, n in numbers.values() if decision(rows, t, n)}
    assert found <= whole
    assert len(found) > 0.97 * len(whole)


def test_the_next_goal_is_a_stored_one_behind_a_border_alone(lived):
    """Elsewhere the goal of the decision is carried on. Behind an episode's end there is none."""
    rows, numbers, batch = lived
    kinds = collections.Counter()
    for k, b, _, low in steps_of(batch):
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        border = (rows[t].age[n] + 1) % INTERVAL == 0
        is_last, is_newest = ended(rows, t, n), t + 1 == STEPS
        assert low.followed[k, b] == (border and not is_last and not is_newest)
        if low.followed[k, b]:
            after = rows[t + 1].row
            assert after.is_step[n]
            np.testing.assert_array_equal(low.goal[k, 1, b], after.extras["goal"][n])
        kinds[bool(border), bool(is_last), is_newest] += 1
    assert set(kinds) >= {
        (False, False, False), (True, False, False), (False, True, False), (True, False, True),
        (True, True, False),
    }  # fmt: skip


def test_while_the_map_stays_goals_are_those_that_were_stored(lived):
    """Before a step, and after it where one followed; behind an end z* is seen from there."""
    rows, numbers, batch = lived
    space, found = new(AGENT).learner.space, low_transitions(AGENT, new(AGENT), batch.goals)
    kinds = collections.Counter()
    for k, b, hindsight, low in steps_of(batch):
        if hindsight:
            continue
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        row, has_next = rows[t].row, not ended(rows, t, n) and t + 1 < STEPS
        goal = row.extras["goal"][n]
        if has_next:
            following = rows[t + 1].row.extras["goal"][n]
        else:
            before, after = (
                places(space, views_of(each, n, SEEN_BY_F))
                for each in (row.observation, row.next_observation)
            )
            following = (before + RANGE * goal - after) / RANGE
        np.testing.assert_allclose(found.observation[k, b, -2:], goal, atol=1e-5)
        np.testing.assert_allclose(found.next_observation[k, b, -2:], following, atol=1e-5)
        kinds[has_next, low.decision.number[k, b] > 0] += 1
    assert len(kinds) == 4
    assert min(kinds.values()) > 20


def test_once_the_map_has_moved_goals_are_read_from_where_they_were_set(lived):
    """m(s_i) + G g_i is m(s_0) + G g_0 with the new m, before and after each step."""
    rows, numbers, batch = lived
    state = new(AGENT)
    space = moved(state.learner.space)
    state = state._replace(learner=state.learner._replace(space=space))
    found, stale, kinds = low_transitions(AGENT, state, batch.goals), [], collections.Counter()
    for k, b, hindsight, low in steps_of(batch):
        if hindsight:
            continue
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        begun, row = rows[decision(rows, t, n)[0]].row, rows[t].row
        goal, following = found.observation[k, b, -2:], found.next_observation[k, b, -2:]
        start, before, after = (
            places(space, views_of(each, n, SEEN_BY_F))
            for each in (begun.observation, row.observation, row.next_observation)
        )
        target = start + RANGE * begun.extras["goal"][n]
        np.testing.assert_allclose(before + RANGE * goal, target, rtol=1e-5, atol=1e-4)
        is_anew = bool((rows[t].age[n] + 1) % INTERVAL == 0)
        is_anew &= not ended(rows, t, n) and t + 1 < STEPS
        if is_anew:
            np.testing.assert_array_equal(following, rows[t + 1].row.extras["goal"][n])
            assert np.abs(after + RANGE * following - target).max() > 1e-3
        else:
            np.testing.assert_allclose(after + RANGE * following, target, rtol=1e-5, atol=1e-4)
        kinds[is_anew] += 1
        if low.decision.number[k, b]:
            stale.append(np.abs(goal - row.extras["goal"][n]).max())
    assert min(kinds[False], kinds[True]) > 100
    # What was stored at later steps would be another goal.
    assert np.mean(np.array(stale) > 0.01) > 0.95


def test_a_step_comes_with_the_decision_that_it_is_part_of(lived):
    """Decisions end with their episode: nothing behind a reset is read."""
    rows, numbers, batch = lived
    lengths = collections.Counter()
    for k, b, _, low in steps_of(batch):
        (start, action, is_step), number = low.decision
        t, n = numbers[tuple(low.observation[k, 0, b, :A])]
        made = decision(rows, t, n)
        assert number[k, b] == made.index(t) == rows[t].age[n] % INTERVAL
        check_actions(rows, made, n, action[k, :, b], is_step[k, :, b])
        np.testing.assert_array_equal(
            start[k, b], views_of(rows[made[0]].row.observation, n, SEEN_BY_F)
        )
        lengths[len(made)] += 1
    assert set(lengths) == set(range(1, INTERVAL + 1))


def test_the_goal_space_learns_from_decisions_of_its_own(lived):
    """Whole ones, drawn uniformly, and apart from those of the low level."""
    rows, numbers, batch = lived
    features, action, is_step = batch.trajectories
    assert features.shape == (UPDATES, INTERVAL + 1, SIZE, len(SEEN_BY_F) + 2)
    drawn = collections.Counter()
    for r in range(UPDATES):
        for b in range(SIZE):
            t, n = numbers[tuple(features[r, 0, b, :A])]
            made = decision(rows, t, n)
            assert made[0] == t
            check_decision(rows, made, n, features[r, :, b], action[r, :, b], is_step[r, :, b])
            drawn[t, n] += 1
    begun = {(t, n) for t, n in numbers.values() if rows[t].age[n] % INTERVAL == 0}
    assert set(drawn) == {(t, n) for t, n in begun if decision(rows, t, n)}
    assert scipy.stats.chisquare(list(drawn.values())).pvalue > 1e-3
    starts = [*features[:, 0], *batch.goals.low.decision.course.start]
    for i, one in enumerate(starts):
        for other in starts[:i]:
            assert (one == other).all(axis=1).mean() < 0.05


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


def test_factors_are_of_what_the_goal_space_learns_from(lived):
    """What was seen before the first step of each decision, and after the last."""
    batch = lived[2]
    features, known = batch.factors
    learned = np.moveaxis(batch.trajectories.features[:, [0, -1]], 0, 1)
    np.testing.assert_array_equal(features, learned.reshape(-1, features.shape[1]))
    np.testing.assert_array_equal(features[:, :A], known["goal"])
    np.testing.assert_array_equal(features[:, A + 1 :], known["nuisance"])


def test_the_levels_learn_from_a_step_on():
    rows, late = walked(AGENT, STEPS), AGENT.levels_start - STEPS * N
    for before, learns in ((late, True), (late - 1, False)):
        state = new(AGENT)._replace(steps=np.int32(before))
        assert stored(AGENT, rows, state)[1].levels_learn == learns
