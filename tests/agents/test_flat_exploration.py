"""What an agent without levels holds for several steps: noise, random actions, actions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import SAC, TD3
from hierax.spec import Continuous, View, WorldSpec
from refusals import refuses

SPEC = WorldSpec("Somewhere-v0", (View("all", (3,)),), Continuous(2), 50)
SMALL = {"hidden_sizes": (16,), "learning_starts": 100}
FLAT = {"sac": SAC, "td3": TD3}
learners = pytest.mark.parametrize("kind", FLAT.values(), ids=FLAT)
COUNT, STEPS = 3, 24
LATE = 1000
"""Steps after which the first random actions are over."""


@functools.cache
def state_of(kind):
    """A state, which none of the fields tested here changes."""
    return kind(SPEC, **SMALL).acting_state(jax.random.key(0))


def acted(agent, *, steps=LATE, explore=True, same=True, begins=()):
    """Actions (T, N, A) for one observation, or for one after the other.

    ``begins`` holds (step, environment) where an episode begins.
    """
    state = state_of(type(agent))._replace(steps=jnp.int32(steps))
    seen = jax.random.normal(jax.random.key(1), (STEPS, COUNT, 3))
    seen = jnp.broadcast_to(seen[:1], seen.shape) if same else seen
    fresh = agent.initial_carry(COUNT)
    starts = np.zeros((STEPS, COUNT), bool)
    for at in begins:
        starts[at] = True

    def step(carry, given):
        number, seen, starts = given
        carry = jax.tree.map(
            lambda new, old: jnp.where(starts.reshape(-1, *(old.ndim - 1) * [1]), new, old),
            fresh, carry,
        )  # fmt: skip
        key = jax.random.fold_in(jax.random.key(2), number)
        carry, action, extras = agent.act(state, carry, {"all": seen}, key, explore=explore)
        assert extras == {}
        return carry, action

    given = jnp.arange(STEPS), seen, jnp.array(starts)
    return np.asarray(jax.jit(lambda: jax.lax.scan(step, fresh, given)[1])())


def changes(actions):
    """Return (T - 1, N, A): whether an entry is another than in the step before."""
    return np.diff(actions, axis=0) != 0


def every(interval, steps=STEPS):
    """Return (T - 1,): whether a step is a multiple of the interval."""
    return np.arange(1, steps) % interval == 0


@learners
def test_noise_is_held(kind):
    each = changes(acted(kind(SPEC, noise_interval=5, **SMALL), begins=[(7, 1)]))
    for n in (0, 2):
        np.testing.assert_array_equal(each[:, n], every(5)[:, None].repeat(2, 1))
    since = np.arange(1, STEPS)
    renewed = np.where(since < 7, since % 5 == 0, (since - 7) % 5 == 0)
    np.testing.assert_array_equal(each[:, 1], renewed[:, None].repeat(2, 1))


def test_noise_is_held_while_the_policy_goes_on():
    agent = TD3(SPEC, noise_interval=6, exploration_noise=1e-3, **SMALL)
    noise = acted(agent, same=False) - acted(agent, same=False, explore=False)
    np.testing.assert_allclose(noise[:6], noise[:1].repeat(6, 0), atol=1e-6)
    assert (np.abs(noise[6] - noise[5]) > 1e-5).all()
    assert 0.5e-3 < noise.std() < 2e-3


def test_random_actions_are_held_apart_from_noise():
    held = TD3(SPEC, random_action_interval=4, random_actions=500, **SMALL)
    early, late = acted(held, steps=499, same=False), acted(held, steps=500, same=False)
    np.testing.assert_array_equal(
        changes(early), every(4)[:, None, None].repeat(COUNT, 1).repeat(2, 2)
    )
    assert changes(late).all()
    noisy = TD3(SPEC, noise_interval=4, random_actions=500, **SMALL)
    assert changes(acted(noisy, steps=499)).all()  # the first actions are not held


def test_entries_are_held_for_times_of_their_own():
    agent = TD3(
        SPEC, noise_interval=(1, 6), random_action_interval=(1, 6), random_actions=500, **SMALL
    )
    for steps in (0, LATE):
        each = changes(acted(agent, steps=steps))
        assert each[..., 0].all()
        np.testing.assert_array_equal(each[..., 1], every(6)[:, None].repeat(COUNT, 1))


@learners
def test_random_actions_by_chance(kind):
    agent = kind(SPEC, random_action_probability=0.25, **SMALL)
    state = state_of(kind)._replace(steps=jnp.int32(LATE))
    seen = {"all": jnp.zeros((4000, 3))}
    key = jax.random.key(1)
    with_chance, without = (
        np.asarray(each.act(state, (), seen, key, explore=True)[1])
        for each in (agent, kind(SPEC, **SMALL))
    )
    other = (with_chance != without).all(axis=1)
    np.testing.assert_array_equal(other, (with_chance != without).any(axis=1))
    assert other.mean() == pytest.approx(0.25, abs=0.03)
    assert np.abs(np.quantile(with_chance[other], [0.25, 0.5, 0.75]) - [-0.5, 0, 0.5]).max() < 0.05
    best = np.asarray(agent.exploit(state.learner, seen["all"]))
    shown = agent.act(state, (), seen, key, explore=False)[1]
    np.testing.assert_array_equal(shown, best)


def test_chance_is_held_with_the_random_action():
    agent = TD3(
        SPEC,
        random_action_probability=0.5,
        random_action_interval=(1, 4),
        exploration_noise=0.0,
        **SMALL,
    )
    actions = acted(agent)
    greedy = acted(agent, explore=False)
    chosen = (actions != greedy).any(axis=2)[: STEPS // 4 * 4].reshape(-1, 4, COUNT)
    assert (chosen == chosen[:, :1]).all()
    assert 0 < chosen[:, 0].mean() < 1


@learners
@pytest.mark.parametrize("explore", [True, False])
def test_actions_are_repeated(kind, explore):
    each = changes(
        acted(kind(SPEC, control_interval=4, **SMALL), explore=explore, same=False, begins=[(6, 2)])
    )
    np.testing.assert_array_equal(each[:, 0], every(4)[:, None].repeat(2, 1))
    since = np.arange(1, STEPS)
    decided = np.where(since < 6, since % 4 == 0, (since - 6) % 4 == 0)
    np.testing.assert_array_equal(each[:, 2], decided[:, None].repeat(2, 1))


@learners
def test_nothing_is_carried_where_nothing_is_held(kind):
    assert kind(SPEC, noise_interval=(1, 1), n_step=3).initial_carry(4) == ()


FIELDS = [
    ("n_step", 0, "an integer >= 1"),
    ("control_interval", 1.5, "an integer >= 1"),
    ("random_actions", -1, "an integer >= 0"),
    ("random_action_probability", 1.5, "in [0, 1]"),
    ("hindsight", 1.5, "in [0, 1]"),
    ("noise_interval", 0, "an integer >= 1"),
    ("noise_interval", (1, 2, 3), "one number or 2"),
    ("random_action_interval", (2, 0), "an integer >= 1"),
]


@learners
@pytest.mark.parametrize(("field", "value", "rule"), FIELDS)
def test_refusals(kind, field, value, rule):
    shown = f"got {value!r}" if value != (2, 0) else "got 0"
    refuses(lambda: kind(SPEC, **{field: value}), field, rule, shown)


def test_returns_of_several_decisions_are_refused():
    refuses(
        lambda: TD3(SPEC, n_step=2, control_interval=3),
        "n_step must be 1", "control_interval", "got 2 and 3",
    )  # fmt: skip
