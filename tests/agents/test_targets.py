"""Targets against hand-made numbers, their definitions, exact fixed points and rlax."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.two_states import DISCOUNT, TwoStates
from hierax.agents.targets import n_step_return, retrace, soft_value, vtrace
from refusals import refuses

pytestmark = pytest.mark.usefixtures("x64")
ROUNDING = 1e-12  # sums of a few dozen float64 numbers of size one


def random_window(seed, shape=(6, 4)):
    """Arguments of both traces, with ends of episodes in them."""
    rng = np.random.default_rng(seed)
    value, next_value, reward = rng.normal(size=(3, *shape))
    discount = rng.uniform(0.5, 1.0, shape) * (rng.random(shape) < 0.85)
    return tuple(map(jnp.asarray, (value, next_value, reward, discount, rng.normal(size=shape))))


def random_cost(seed, shape=(6, 4)):
    return jnp.asarray(np.random.default_rng(seed).uniform(0, 1, shape))


def products(factors, first, last):
    """Π of factors[first .. last], 1 where there are none."""
    return np.prod(factors[first : last + 1], axis=0)


def retrace_by_sums(action_value, next_value, reward, discount, log_ratio, cost, decay):
    trace = decay * np.minimum(1, np.exp(log_ratio))
    delta = reward + discount * (next_value - cost) - action_value
    steps = range(len(reward))
    return np.stack(
        [
            action_value[t]
            + sum(
                products(discount, t, s - 1) * products(trace, t + 1, s) * delta[s]
                for s in steps[t:]
            )
            for t in steps
        ]
    )


def vtrace_by_sums(value, next_value, reward, discount, log_ratio, cost, clip_ratio, clip_trace):
    ratio = np.minimum(clip_ratio, np.exp(log_ratio))
    trace = np.minimum(clip_trace, np.exp(log_ratio))
    delta = ratio * (reward + discount * (next_value - cost) - value)
    steps = range(len(reward))
    return np.stack(
        [
            value[s]
            + sum(
                products(discount, s, t - 1) * products(trace, s, t - 1) * delta[t]
                for t in steps[s:]
            )
            for s in steps
        ]
    )


def test_retrace_by_hand():
    trace = np.array([0.7, 0.5, 0.25])
    found = retrace(
        jnp.array([0.1, 0.2, 0.3]),
        jnp.array([0.5, 0.25, -1.0]),
        jnp.array([1.0, 2.0, 3.0]),
        jnp.full(3, 0.9),
        jnp.log(trace),
    )
    np.testing.assert_allclose(found, [2.5435, 2.63, 2.1], rtol=1e-14)
    # What a product that begins at c_t gives. It has the same fixed point: only this test sees it.
    assert not np.isclose(found, [1.81045, 1.415, 0.75]).any()


def test_vtrace_by_hand():
    value = jnp.array([0.1, 0.2, 0.3, 0.4])
    reward, ratio = jnp.array([1.0, 2.0, 3.0]), np.array([0.7, 2.0, 0.25])
    found = vtrace(value[:-1], value[1:], reward, jnp.full(3, 0.9), jnp.log(ratio))
    np.testing.assert_allclose(found.value, [2.593855, 2.9585, 1.065], rtol=1e-14)
    following = np.append(found.value[1:], 0.4)
    advantage = np.minimum(ratio, 1) * (reward + 0.9 * following - value[:-1])
    np.testing.assert_allclose(found.advantage, advantage, rtol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_traces_are_their_double_sums(seed):
    window, cost = random_window(seed), random_cost(seed)
    plain = tuple(map(np.asarray, window))
    np.testing.assert_allclose(
        retrace(*window, next_cost=cost, trace_decay=0.8),
        retrace_by_sums(*plain, np.asarray(cost), 0.8),
        atol=ROUNDING,
    )
    np.testing.assert_allclose(
        vtrace(*window, next_cost=cost, clip_ratio=1.7, clip_trace=1.2).value,
        vtrace_by_sums(*plain, np.asarray(cost), 1.7, 1.2),
        atol=ROUNDING,
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_fixed_point_of_retrace_is_the_action_value_with_the_cost_once(seed):
    world = TwoStates(seed)
    s, z, a, probability = world.paths()
    here, there = (s[:-1], z[:-1], a), (s[1:], z[1:])
    reward, log_ratio = jnp.asarray(world.reward[s[:-1], a]), jnp.asarray(world.log_ratio[here])
    cost, discount = jnp.asarray(world.cost[there]), jnp.full(reward.shape, DISCOUNT)

    @jax.jit
    def fixed_point(charge):
        def sweep(_, q):
            expected = jnp.sum(jnp.asarray(world.policy) * q, axis=-1)
            window = (q[here], expected[there], reward, discount, log_ratio)
            target = retrace(*window, next_cost=charge * cost, trace_decay=0.9)
            return jnp.zeros((2, 2, 2)).at[s[0], z[0], a[0]].add(probability * target[0])

        return jax.lax.fori_loop(0, 100, sweep, jnp.zeros((2, 2, 2)))  # 0.7 ^ 100 is 3e-16

    exact = world.action_value(world.cost)
    np.testing.assert_allclose(fixed_point(1.0), exact, atol=1e-10)
    for charge in (0.0, 2.0):
        assert np.abs(fixed_point(charge) - exact).min() > 0.1


@pytest.mark.parametrize("clip_ratio", [0.6, 1.0, 50.0])
def test_fixed_point_of_vtrace_is_the_value_of_the_clipped_policy(clip_ratio):
    world = TwoStates(2)
    policy = np.einsum("sz,sza->sa", world.latent, world.policy)
    s, z, a, probability = world.paths()
    # The second latent stands idle here: probabilities are summed over paths that differ in it.
    probability = probability * world.behaviour[s[0], a[0]] * world.latent[s[0], z[0]]
    ratios = (policy / world.behaviour)[s[:-1], a]
    reward, cost = jnp.asarray(world.reward[s[:-1], a]), world.cost[:, 0]

    @jax.jit
    def sweep(_, v):
        window = (v[s[:-1]], v[s[1:]], reward, jnp.full(reward.shape, DISCOUNT), jnp.log(ratios))
        target = vtrace(*window, next_cost=jnp.asarray(cost)[s[1:]], clip_ratio=clip_ratio)
        return jnp.zeros(2).at[s[0]].add(probability * target.value[0])

    clipped = np.minimum(clip_ratio * world.behaviour, policy)
    clipped /= clipped.sum(-1, keepdims=True)
    found = jax.lax.fori_loop(0, 200, sweep, jnp.zeros(2))
    np.testing.assert_allclose(found, world.value(clipped, cost), atol=1e-10)
    is_policy = clip_ratio >= (policy / world.behaviour).max()
    np.testing.assert_equal(np.allclose(found, world.value(policy, cost)), is_policy)


def test_on_policy_retrace_is_the_lambda_return():
    value, next_value, reward, discount, _ = random_window(7)
    value = value.at[1:].set(next_value[:-1])  # E Q is exact where Q does not vary with the action
    decay, following, expected = 0.6, next_value[-1], []
    for t in reversed(range(len(reward))):
        mixed = (1 - decay) * next_value[t] + decay * following
        following = reward[t] + discount[t] * mixed
        expected.insert(0, following)
    found = retrace(value, next_value, reward, discount, 0 * value, trace_decay=decay)
    np.testing.assert_allclose(found, jnp.stack(expected), atol=ROUNDING)


def test_on_policy_traces_are_the_n_step_return():
    value, next_value, reward, discount, _ = random_window(8)
    value = value.at[1:].set(next_value[:-1])
    expected = n_step_return(reward, discount, next_value[-1])
    on_policy = (value, next_value, reward, discount, 0 * value)
    np.testing.assert_allclose(retrace(*on_policy), expected, atol=ROUNDING)
    np.testing.assert_allclose(vtrace(*on_policy).value, expected, atol=ROUNDING)
    np.testing.assert_allclose(vtrace(*on_policy).advantage, expected - value, atol=ROUNDING)


def test_without_traces_every_target_is_one_step():
    window = random_window(9)
    value, next_value, reward, discount, log_ratio = window
    one_step = reward + discount * next_value
    np.testing.assert_allclose(retrace(*window, trace_decay=0.0), one_step, atol=ROUNDING)
    far = (value, next_value, reward, discount, jnp.full_like(log_ratio, -jnp.inf))
    np.testing.assert_allclose(retrace(*far), one_step, atol=ROUNDING)
    np.testing.assert_array_equal(vtrace(*far).value, value)  # nothing is known of π


def test_n_step_return_ends_where_the_episode_does():
    reward, discount = jnp.array([1.0, 2.0, 4.0, 8.0]), jnp.array([0.5, 0.0, 0.5, 0.5])
    found = n_step_return(reward, discount, jnp.array(16.0))
    np.testing.assert_array_equal(found, [2.0, 2.0, 12.0, 16.0])


def test_padding_that_is_not_a_number_does_not_spread():
    window, cost = random_window(11), random_cost(11)
    padded = jnp.arange(6)[:, None] > 2
    hidden = [jnp.where(padded, jnp.nan, x) for x in window[:-1]]
    hidden.append(jnp.where(padded, -jnp.inf, window[-1]))
    first = [x[:3] for x in window]
    dark = jnp.where(padded, jnp.nan, cost)
    found, alone = retrace(*hidden, next_cost=dark), retrace(*first, next_cost=cost[:3])
    np.testing.assert_allclose(found[:3], alone, atol=ROUNDING)
    found, alone = vtrace(*hidden, next_cost=dark), vtrace(*first, next_cost=cost[:3])
    np.testing.assert_allclose(found.value[:3], alone.value, atol=ROUNDING)
    np.testing.assert_allclose(found.advantage[:3], alone.advantage, atol=ROUNDING)
    # So is the value behind a termination, which nothing is known of.
    value, next_value, reward, discount, log_ratio = window
    over, beyond = discount.at[2].set(0.0), next_value.at[2].set(jnp.nan)
    for trace in (retrace, lambda *given: vtrace(*given).value):
        assert jnp.isfinite(trace(value, beyond, reward, over, log_ratio)).all()
    ends = n_step_return(reward[:3], over[:3], jnp.full(reward.shape[1:], jnp.nan))
    assert jnp.isfinite(ends).all()


def test_nothing_passes_from_one_episode_into_the_one_before():
    """An episode is cut off after step 2; step 3 only begins the next one."""
    window, cost = random_window(10), random_cost(10)
    value, next_value, reward, discount, log_ratio = window
    discount = discount.at[2].set(0.9)
    log_ratio = log_ratio.at[3].set(-jnp.inf)
    later = jnp.arange(6)[:, None] > 3
    shifted = [jnp.where(later, x + 5, x) for x in (value, next_value, reward)]
    first = [x[:3] for x in (value, next_value, reward, discount, log_ratio)]
    for trace in (
        lambda *arguments, **cost: retrace(*arguments, **cost),
        lambda *arguments, **cost: vtrace(*arguments, **cost).value,
        lambda *arguments, **cost: vtrace(*arguments, **cost).advantage,
    ):
        found = trace(value, next_value, reward, discount, log_ratio, next_cost=cost)
        other = trace(*shifted, discount, log_ratio, next_cost=cost)
        np.testing.assert_array_equal(found[:3], other[:3])
        alone = trace(*first, next_cost=cost[:3])
        np.testing.assert_allclose(found[:3], alone, atol=ROUNDING)
        assert np.isfinite(found).all()


def test_soft_value_is_a_log_sum_at_the_best_policy():
    q, prior = jnp.array([1.0, -0.5, 2.0]), jnp.array([0.2, 0.5, 0.3])
    value = 0.4 * jnp.log(jnp.sum(prior * jnp.exp(q / 0.4)))
    log_ratio = (q - value) / 0.4  # π = p exp((Q - V) / α)
    np.testing.assert_allclose(soft_value(q, log_ratio, 0.4), value, rtol=1e-14)


def test_targets_are_constants_and_soft_values_are_not():
    window = random_window(11, (3,))

    def loss(*window):
        traced = vtrace(*window)
        returns = n_step_return(window[2], window[3], window[1][-1])
        return sum(x.sum() for x in (retrace(*window), *traced, returns))

    for slope in jax.grad(loss, range(5))(*window):
        np.testing.assert_array_equal(slope, 0.0)
    assert jax.grad(soft_value, (0, 1))(1.0 * window[0][0], window[4][0], 0.5) == (1.0, -0.5)


def test_compiled_and_mapped_give_the_same():
    window, cost = random_window(12), random_cost(12)

    def targets(window, cost):
        returns = n_step_return(window[2], window[3], window[1][-1])
        return retrace(*window, next_cost=cost), *vtrace(*window, next_cost=cost), returns

    plain = targets(window, cost)
    mapped = jax.vmap(targets, in_axes=1, out_axes=1)(window, cost)
    for one, *others in zip(plain, jax.jit(targets)(window, cost), mapped, strict=True):
        for other in others:
            np.testing.assert_allclose(one, other, atol=ROUNDING)


def test_huge_ratios_are_clipped_before_they_overflow():
    value, next_value, reward, discount, _ = random_window(13)
    huge = jnp.full(value.shape, 1e4)
    found = vtrace(value, next_value, reward, discount, huge)
    on_policy = vtrace(value, next_value, reward, discount, 0 * value)
    np.testing.assert_allclose(found.value, on_policy.value, atol=ROUNDING)


def test_what_does_not_fit_is_refused():
    window = random_window(14)
    short = window[0][:-1]
    names = ("action_value", "next_value", "discount", "log_ratio")
    for place, name in zip((0, 1, 3, 4), names, strict=True):
        wrong = (*window[:place], short, *window[place + 1 :])
        shapes = "shape (6, 4)", "got (5, 4)"
        refuses(lambda wrong=wrong: retrace(*wrong), name, *shapes)
        refuses(lambda wrong=wrong: vtrace(*wrong), *shapes)
    refuses(lambda: retrace(*window, next_cost=short), "next_cost", "shape (6, 4)", "got (5, 4)")
    refuses(lambda: retrace(*window, trace_decay=1.5), "trace_decay", "[0, 1]", "got 1.5")
    refuses(lambda: vtrace(*window, clip_ratio=0.0), "clip_ratio", "> 0", "got 0.0")
    refuses(lambda: vtrace(*window, clip_trace=-1.0), "clip_trace", "> 0", "got -1.0")
    refuses(lambda: n_step_return(window[2], window[3], window[1]), "bootstrap_value", "(4,)")
    refuses(lambda: n_step_return(*(jnp.ones(()),) * 3), "reward", "first axis", "got shape ()")
    refuses(lambda: retrace(*(jnp.zeros((0, 2)),) * 5), "reward", "first axis", "got shape (0, 2)")
    refuses(lambda: soft_value(window[0], short, 1.0), "log_ratio", "(6, 4)", "got (5, 4)")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # its dependencies warn of their own age
def test_traces_equal_those_of_rlax():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rlax = pytest.importorskip("rlax")
    rng, worst = np.random.default_rng(0), 0.0
    for seed in range(40):
        shape = (rng.integers(2, 12), rng.integers(1, 40))
        decay, clip_ratio = rng.uniform(), rng.uniform(0.2, 3.0)
        window, cost = random_window(seed, shape), random_cost(seed, shape)
        value, next_value, reward, discount, log_ratio = window
        after = next_value - cost
        theirs = jax.vmap(
            lambda q, v, r, d, rho, decay=decay: (
                rlax.retrace_continuous(
                    q, q[1:], v, r, d, rho[1:], decay, stop_target_gradients=False
                )
                + q
            ),
            1,
            1,
        )(value, after, reward, discount, log_ratio)
        mine = retrace(*window, next_cost=cost, trace_decay=decay)
        worst = max(worst, np.abs(mine - theirs).max())
        theirs = jax.vmap(
            lambda v, n, r, d, rho, clip=clip_ratio: (
                rlax.vtrace(v, n, r, d, jnp.exp(rho), clip_rho_threshold=clip) + v
            ),
            1,
            1,
        )(value, after, reward, discount, log_ratio)
        mine = vtrace(*window, next_cost=cost, clip_ratio=clip_ratio).value
        worst = max(worst, np.abs(mine - theirs).max())
    assert worst < ROUNDING
