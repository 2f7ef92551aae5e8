"""The off-policy correction against a slow search over candidates in NumPy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from agents import in_numpy
from hierax.agents.goal_conditioned.correction import Segments, achieved, corrected
from hierax.agents.goal_conditioned.goals import Goals
from hierax.agents.networks import MLP

C, B, D, A, O = 5, 40, 2, 2, 3  # noqa: E741 (steps, segments, sizes of goal, action, observation)
DRAWS = 6
HALF = np.array([2.0, 0.7])
CENTRE = np.array([0.3, -0.2])
UNITS = np.array([1.0, 0.25])
"""Half ranges of the action's entries, as of the point that moves and turns."""
KEY = jax.random.key(11)
correct = jax.jit(corrected, static_argnums=(0, 4, 5))


def goals_of(kind):
    centre = tuple(CENTRE) if kind == "absolute" else (0.0,)
    return Goals(tuple(HALF), centre, kind == "relative")


def actor_of(scale=3.0):
    return MLP(jax.random.key(1), O + D, (16,), A, final_scale=scale)


def likely(actor, observation, goal):
    """Actions of the low level without noise."""
    return np.tanh(in_numpy.network(actor, np.concatenate([observation, goal], axis=-1)))


def carried(kind, goal, place):
    """``(c, d)``: the goal at each place of a segment."""
    if kind == "absolute":
        return np.broadcast_to(goal, place.shape)
    return (place[0] + HALF * goal - place) / HALF


def segments(seed, kind="relative", noise=0.5):
    """Segments that move, of 1 to c steps, whose actions are those of the low level with noise."""
    rng, actor = np.random.default_rng(seed), actor_of()
    place = np.cumsum(rng.normal(size=(C + 1, B, D)) * 0.4, axis=0)
    observation = rng.normal(size=(C, B, O))
    goal, length = rng.uniform(-1, 1, (B, D)), rng.integers(1, C + 1, B)
    is_step = np.arange(C)[:, None] < length
    action = np.stack([
        likely(actor, observation[:, b], carried(kind, goal[b], place[:-1, b])) for b in range(B)
    ], axis=1)  # fmt: skip
    action = np.clip(action + noise * rng.normal(size=action.shape), -1, 1)
    # Padded as sequences are: the last step and the last observation are repeated.
    for b, n in enumerate(length):
        place[n + 1 :, b] = place[n, b]
        for steps in (observation, action):
            steps[n:, b] = steps[n - 1, b]
    arrays = observation, place[:-1], action, is_step, goal, place[-1]
    return Segments(*map(jnp.asarray, arrays))


def candidates(kind, part, b):
    """The stored goal, where the segment ended, and draws around that, clipped to the box."""
    origin = part.place[0, b] if kind == "relative" else CENTRE
    reached = (part.end[b] - origin) / HALF
    noise = 0.5 * np.asarray(jax.random.normal(KEY, (DRAWS, B, D)))[:, b]
    return np.concatenate(
        [
            part.goal[b][None],
            np.clip(np.stack([reached, *(np.clip(reached, -1, 1) + noise)]), -1, 1),
        ]
    )


def errors(kind, actor, part, b, goal, every):
    """``(n, A)``: what each action of a segment differs by, in units of the action."""
    steps = np.arange(0, part.is_step[:, b].sum(), every)
    seen = carried(kind, goal, part.place[:, b])
    return UNITS * (part.action[:, b] - likely(actor, part.observation[:, b], seen))[steps]


def best(kind, actor, part, every, units=UNITS):
    """The goal that explains the actions of each segment best; errors are divided by ``units``."""
    found = []
    for b in range(B):
        choices = candidates(kind, part, b)
        scores = [
            -((errors(kind, actor, part, b, goal, every) / units) ** 2).sum() for goal in choices
        ]
        found.append(choices[int(np.argmax(scores))])
    return np.array(found)


@pytest.mark.parametrize(
    ("kind", "every"),
    [
        ("relative", 1),
        ("relative", 3),
        ("absolute", 2),
        pytest.param("relative", 2, marks=pytest.mark.slow),
    ],
)
def test_the_goal_that_explains_the_actions_best_is_chosen(x64, kind, every):
    del x64
    actor, part = actor_of(), segments(0, kind)
    found = np.asarray(correct(goals_of(kind), actor, part, KEY, DRAWS, every))
    shown = jax.tree.map(np.asarray, part)
    np.testing.assert_allclose(found, best(kind, actor, shown, every), atol=1e-12)
    changed = (found != shown.goal).any(axis=1)
    assert 0.2 < changed.mean() < 1.0
    assert np.abs(found).max() <= 1.0
    # Units matter where they differ: without them other goals would be chosen.
    others = best(kind, actor, shown, every, units=np.ones(A))
    assert (others != found).any()


def test_goals_move_with_the_agent_while_they_are_scored(x64):
    del x64
    actor, part = actor_of(), jax.tree.map(np.asarray, segments(0))
    held = part._replace(place=np.broadcast_to(part.place[0], part.place.shape))
    rolled, constant = (best("relative", actor, each, 1) for each in (part, held))
    assert (rolled != constant).any(axis=1).mean() > 0.1  # so the oracle can tell


@pytest.mark.parametrize(("kind", "every"), [("relative", 1), ("absolute", 2)])
def test_a_goal_that_explains_all_is_kept(x64, kind, every):
    del x64
    part = segments(1, kind, noise=0.0)
    found = correct(goals_of(kind), actor_of(), part, KEY, DRAWS, every)
    np.testing.assert_array_equal(found, part.goal)


def test_a_goal_is_kept_where_no_other_is_better(x64):
    del x64
    part = segments(2)
    found = correct(goals_of("relative"), actor_of(scale=0.0), part, KEY, DRAWS, 1)
    np.testing.assert_array_equal(found, part.goal)


def test_padded_steps_do_not_count(x64):
    del x64
    part = segments(3)
    other = part._replace(action=jnp.where(part.is_step[..., None], part.action, 0.77))
    choose = functools.partial(correct, goals_of("relative"), actor_of())
    found = [choose(each, KEY, DRAWS, 1) for each in (part, other)]
    np.testing.assert_array_equal(*found)


def test_draws_have_half_the_half_range_as_standard_deviation():
    """The largest of no displacement and one draw: half a normal distribution, clipped at 1."""
    count, half = 4000, 20.0
    actor = MLP(jax.random.key(0), 2, (), 1)
    actor = jax.tree.map(lambda leaf: jnp.full(leaf.shape, leaf.ndim - 1.0), actor)  # tanh(s + g)
    zeros, ones = jnp.zeros((1, count, 1)), jnp.ones((1, count, 1))
    part = Segments(zeros, zeros, ones, ones[..., 0] > 0, -ones[0], zeros[0])
    found = np.asarray(corrected(Goals((half,)), actor, part, KEY, 1)) * half
    assert ((found == 0).mean(), (found == half).mean()) == pytest.approx((0.5, 0.0228), abs=0.03)
    inside = found[(found > 0) & (found < half)]
    expected = scipy.stats.truncnorm(0, 2, scale=0.5 * half)
    assert scipy.stats.kstest(inside, expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("kind", ["relative", "absolute"])
def test_what_was_achieved_is_where_the_segment_ended(kind):
    part = segments(4, kind)
    origin = part.place[0] if kind == "relative" else CENTRE
    expected = np.clip((np.asarray(part.end) - origin) / HALF, -1, 1)
    assert (np.abs(expected) == 1).any()
    np.testing.assert_allclose(achieved(goals_of(kind), part), expected, atol=1e-6)
