"""Hindsight goals of the low level: places that were reached later in the same decision's time."""

import collections

import jax
import numpy as np
import pytest
import scipy.stats

from agents.goal_walks import (
    INTERVAL,
    RANGE,
    A,
    agent_of,
    by_position,
    low_transitions,
    stored,
    walked,
)

SIZE, SHARE, SCALE = 3000, 0.75, 0.5
CENTRE = np.array([0.5, -1.0])


@pytest.fixture(
    scope="module", params=["relative", pytest.param("absolute", marks=pytest.mark.slow)]
)
def lived(request):
    centre = tuple(CENTRE) if request.param == "absolute" else (0.0,)
    agent = agent_of(
        hindsight=SHARE, batch_size=SIZE, low_updates=1, goals=request.param, goal_centre=centre
    )
    rows = walked(agent_of(), 90)
    batch = jax.tree.map(lambda leaf: leaf[0], low_transitions(agent, *stored(agent, rows)))
    return rows, batch, request.param == "relative"


def later_places(rows, t, n):
    """Places after the step, and after those that follow it in its episode: c of them at most."""
    places = []
    for row, _ in rows[t : t + INTERVAL]:
        places.append(row.next_observation["position"][n])
        if row.terminated[n] or row.truncated[n]:
            break
    return np.array(places)


def targets(observation, goal, relative):
    origin = observation[:A] if relative else CENTRE
    return origin + RANGE * goal


def test_hindsight_goals_are_places_reached_later_drawn_uniformly(lived):
    rows, batch, relative = lived
    numbers, drawn = by_position(rows), collections.defaultdict(collections.Counter)
    for b in range(int(SHARE * SIZE)):
        seen, following = batch.observation[b], batch.next_observation[b]
        t, n = numbers[tuple(seen[:A])]
        target = targets(seen, seen[A + 1 :], relative)
        places = later_places(rows, t, n)
        away = np.abs(places - target).max(axis=1)
        assert away.min() < 1e-5
        drawn[len(places)][int(away.argmin())] += 1
        distance = np.linalg.norm(places[0] - target)
        assert batch.reward[b] == pytest.approx(-SCALE * distance, rel=1e-3, abs=1e-4)
        goal = following[A + 1 :]
        np.testing.assert_allclose(targets(following, goal, relative), target, atol=1e-5)
    assert set(drawn) == set(range(1, INTERVAL + 1))
    for length in range(2, INTERVAL + 1):
        counts = drawn[length]
        found = [counts[k] for k in range(length)]
        assert scipy.stats.chisquare(found).pvalue > 1e-3
    assert (batch.discount == np.float32(0.9)).all()


def test_the_rest_of_the_batch_keeps_its_goals(lived):
    rows, batch, _ = lived
    numbers, same = by_position(rows), []
    for seen in batch.observation:
        t, n = numbers[tuple(seen[:A])]
        same.append((seen[A + 1 :] == rows[t].row.extras["goal"][n]).all())
    number = int(SHARE * SIZE)
    assert all(same[number:])
    assert not any(same[:number])
