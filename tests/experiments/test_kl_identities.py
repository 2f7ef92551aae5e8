"""Identities of KL-regularised hierarchies: independent oracles, and verdicts that can fail."""

import json
from collections import defaultdict
from functools import cache
from itertools import product
from math import log

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from matplotlib.image import imread
from scipy.special import softmax

from hierax.experiments import kl_bounds, kl_identities
from hierax.experiments.kl_bounds import (
    exceeds,
    indicator,
    objectives,
    one_step,
    prefix_weights,
    printed_indicator,
    summation_error,
)
from hierax.experiments.kl_identities import _bounds, _judge_bounds, _optima
from hierax.experiments.kl_models import (
    LATENTS,
    LOWS,
    Hierarchy,
    distributions,
    random_pair,
    random_process,
)
from hierax.experiments.kl_optima import (
    best_default,
    optimal_value,
    policy_value,
    tilted,
    visits,
)
from hierax.experiments.kl_paths import (
    HORIZON,
    divergence,
    filtered,
    latent_terms,
    marginal_terms,
    path_probabilities,
)
from hierax.to_json import to_json

PERIODS = (1, 2, 3, HORIZON)
BITS = (0, 1)


def drawn(seed=0, latents="autoregressive", low="separate", models=3):
    rng = np.random.default_rng([seed, 5])
    process = random_process(rng, models, 2, 2, 1.0)
    return process, *random_pair(rng, models, 2, latents, low)


def both_sides(process, policy, default, period):
    """Return the divergences of (27) at each t, of the actions and of the latents."""
    marginals = [filtered(h, period) for h in (policy, default)]
    _, action = marginal_terms(process, marginals[0], *marginals)
    _, high, low = latent_terms(process, policy, default, period)
    return action, indicator(period) * high + low


# Trajectories


def by_hand(process, policy, default, period, has_latents):
    """Return one side of (27) for the first model, in loops over all paths.

    A path is a sequence of (s, z, a), or of (s, a) on the left side.
    """

    @cache
    def probability(index, path):
        if not path:
            return {0: 1.0}
        (s, *latent, a), levels = path[-1], (policy, default)[index]
        found = defaultdict(float)
        for before, past in probability(index, path[:-1]).items():
            for z in latent or BITS:
                kept = float(z == before) if (len(path) - 1) % period else None
                drawn = levels.high[0, before, s, z] if kept is None else kept
                found[z] += past * drawn * levels.low[0, z, s, a]
        return found

    def value(path):
        total, past = 0.0, 0.0
        for t, (s, *_, a) in enumerate(path, start=1):
            now = [sum(probability(index, path[:t]).values()) for index in BITS]
            kl = log(now[0] / now[1]) - past
            total += process.discount[0] ** t * (process.reward[0, s, a] - process.weight[0] * kl)
            past += kl
        return total

    objective = 0.0
    for path in product(product(BITS, repeat=3 if has_latents else 2), repeat=HORIZON):
        likely = sum(probability(0, path).values())
        for t, (s, *_) in enumerate(path):
            likely *= process.transition[0, path[t - 1][0], path[t - 1][-1], s] if t else 1.0
        if likely > 0:
            objective += process.start[0, path[0][0]] * likely * value(path)
    return objective


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(("latents", "low"), list(product(LATENTS, LOWS)))
def test_both_sides_are_those_of_loops_over_all_paths(latents, low, period):
    process, policy, default = drawn(1, latents, low, models=1)
    marginals = [filtered(h, period) for h in (policy, default)]
    reward, action = marginal_terms(process, marginals[0], *marginals)
    latent_reward, high, low_terms = latent_terms(process, policy, default, period)
    discounts, alpha = process.discount[0] ** np.arange(1, HORIZON + 1), process.weight[0]
    latent = indicator(period) * high[0] + low_terms[0]
    left, right = (by_hand(process, policy, default, period, has) for has in (False, True))
    assert discounts @ (reward[0] - alpha * action[0]) == pytest.approx(left, abs=1e-11)
    assert discounts @ (latent_reward[0] - alpha * latent) == pytest.approx(right, abs=1e-11)
    assert left >= right - 1e-11
    assert not objectives(process, policy, default, period)["violations"].any()


def test_paths_are_those_of_a_simulation():
    process, policy, _ = drawn(2, models=1)
    rng, count, period = np.random.default_rng(0), 40_000, 2
    state, latent = rng.choice(2, count, p=process.start[0]), np.zeros(count, int)
    counts = np.zeros((2,) * 9)
    path = []
    for t in range(3):
        if t % period == 0:
            latent = (rng.random(count) < policy.high[0, latent, state, 1]).astype(int)
        action = (rng.random(count) < policy.low[0, latent, state, 1]).astype(int)
        path += [state, latent, action]
        state = (rng.random(count) < process.transition[0, state, action, 1]).astype(int)
    np.add.at(counts, tuple(path), 1)
    exact = path_probabilities(process, policy, period)[2][0]
    assert exact.sum() == pytest.approx(1)
    assert np.abs(counts / count - exact).max() < 5 * np.sqrt(exact.max() / count)
    assert (counts[exact == 0] == 0).all()


def test_for_period_1_the_bound_is_that_of_equation_9():
    process, policy, default = drawn(3, "independent")
    action, latent = both_sides(process, policy, default, 1)
    place = process.start
    step = np.einsum("msz,mzsa,msat->mst", policy.high[:, 0], policy.low, process.transition)
    for t in range(HORIZON):
        kl_z = divergence(policy.high[:, 0], default.high[:, 0])
        kl_a = np.einsum("msz,mzs->ms", policy.high[:, 0], divergence(policy.low, default.low))
        np.testing.assert_allclose(latent[:, t], (place * (kl_z + kl_a)).sum(axis=1), atol=1e-12)
        marginal, default_marginal = (
            np.einsum("msz,mzsa->msa", h.high[:, 0], h.low) for h in (policy, default)
        )
        kl = divergence(marginal, default_marginal)
        np.testing.assert_allclose(action[:, t], (place * kl).sum(axis=1), atol=1e-12)
        place = np.einsum("ms,mst->mt", place, step)


def test_a_held_latent_that_is_seen_has_no_more_to_tell():
    action, latent = both_sides(*drawn(4, low="identity"), HORIZON)
    np.testing.assert_allclose(action, latent, atol=1e-13)
    assert (action[:, 0] > 1e-3).all()
    assert np.abs(action[:, 1:]).max() < 1e-13


def test_the_filter_of_an_autoregressive_default_is_needed_for_period_1_too():
    process, policy, default = drawn(5)
    right, _ = both_sides(process, policy, default, 1)
    forgetful = default._replace(high=np.broadcast_to(default.high[:, :1], default.high.shape))
    wrong, _ = both_sides(process, policy, forgetful, 1)
    np.testing.assert_allclose(right[:, 0], wrong[:, 0])
    assert np.abs(right - wrong)[:, 1:].max(axis=1).min() > 1e-4


def test_the_gap_closes_if_the_posteriors_agree():
    process, policy, _ = drawn(6)
    action, latent = both_sides(process, policy, policy, 2)
    assert np.abs(action).max() == np.abs(latent).max() == 0


# One step


def test_one_step_by_hand():
    high, default = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    known = 0.5 * log(2) + 0.5 * log(2 / 3)
    seen, blind = np.eye(2)[None], np.full((1, 2, 2), 0.5)
    assert divergence(high, default) == pytest.approx(known)
    assert one_step(high, seen, default, seen)["ratio"] == pytest.approx(1)
    assert one_step(high, blind, default, blind)["ratio"] == pytest.approx(0)
    assert one_step(high, seen, high, seen)["ratio"] == 1
    # 3/4 of z is seen: a is 5/8 or 3/8 against 7/16 or 9/16.
    partly = np.array([[[0.75, 0.25], [0.25, 0.75]]])
    high, default = np.array([[0.75, 0.25]]), np.array([[0.375, 0.625]])
    found = one_step(high, partly, default, partly)
    action = scipy.stats.entropy([5 / 8, 3 / 8], [7 / 16, 9 / 16])
    assert found["ratio"] == pytest.approx(action / scipy.stats.entropy(high[0], default[0]))
    assert found["one_step_gap_error"] < 1e-15


def test_the_other_direction_of_the_divergence_is_no_bound():
    high, default = np.array([[0.5, 0.5]]), np.array([[0.01, 0.99]])
    found = one_step(high, np.eye(2)[None], default, np.eye(2)[None])
    assert not found["violations"].any()
    assert found["mistake_reverse"].all()


# Weights and indicators


def test_the_printed_indicator_never_holds_for_period_1():
    assert indicator(1).all()
    assert not printed_indicator(1).any()
    for period in PERIODS[1:]:
        np.testing.assert_array_equal(indicator(period), printed_indicator(period))
    np.testing.assert_array_equal(indicator(3), [True, False, False, True])


def test_summation_by_parts_by_hand():
    # 1/2 + 2/4 = (1 - 1/2) 1/2 · 1 + 1/4 · (1 + 2)
    weights = prefix_weights(np.array([0.5]), 2)
    np.testing.assert_array_equal(weights, [[0.25, 0.25]])
    assert weights @ [1, 3] == 0.5 * 1 + 0.25 * 2
    for discount in (0.0, 0.3, 1.0):
        sequences = np.random.default_rng(0).normal(size=(5, 7))
        assert summation_error(discount, sequences)["summation_error"].max() < 1e-12
    assert (prefix_weights(np.array([1.5]), 4) < 0).any()


def test_an_excess_is_found_anywhere_but_not_in_rounding():
    bound = np.ones((2, 3))
    value = bound + 1e-13
    value[1, 2] += 1e-9
    np.testing.assert_array_equal(exceeds(value, bound), [False, True])


# Optimal policies


def sparse_default(seed, models=4, states=3, actions=3):
    rng = np.random.default_rng([seed, 9])
    process = random_process(rng, models, states, actions, 0.9)
    default = distributions(rng, models, states, actions)
    default[:, 0, 0] = 0.0
    return process, default / default.sum(axis=-1, keepdims=True)


def test_the_optimal_policy_of_a_bandit_is_known():
    process, default = sparse_default(0, states=1)
    process = process._replace(discount=np.full(4, 1e-30))
    weighed = default * np.exp(process.reward / process.weight[:, None, None])
    value = optimal_value(process, default)
    np.testing.assert_allclose(value[:, 0], process.weight * np.log(weighed.sum(axis=(1, 2))))
    known = weighed / weighed.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(tilted(process, default, value), known, atol=1e-13)


def test_the_optimal_policy_is_that_of_a_numerical_search():
    process, default = sparse_default(1, models=1)
    process = process._replace(weight=np.array([0.5]))
    value = optimal_value(process, default)

    def negative(logits):
        policy = softmax(np.where(default > 0, logits.reshape(default.shape), -np.inf), axis=-1)
        return -policy_value(process, policy, default).sum()

    found = scipy.optimize.minimize(negative, np.zeros(default.size))
    assert -found.fun == pytest.approx(value.sum(), abs=1e-6)
    policy = tilted(process, default, value)
    assert policy[0, 0, 0] == 0
    assert policy.sum(axis=-1) == pytest.approx(np.ones((1, 3)))
    np.testing.assert_allclose(policy_value(process, policy, default), value)


def test_without_divergence_the_optimum_is_greedy_in_the_support():
    process, default = sparse_default(2, models=1, states=2, actions=3)
    process = process._replace(weight=np.zeros(1))
    choices = product(np.flatnonzero(default[0, 0]), np.flatnonzero(default[0, 1]))
    policies = [np.eye(3)[list(choice)][None] for choice in choices]
    best = np.max([policy_value(process, policy, default) for policy in policies], axis=0)
    assert len(policies) == 6
    np.testing.assert_allclose(optimal_value(process, default), best)


# Optimal defaults


def views(seed, models=4):
    rng = np.random.default_rng([seed, 11])
    process = random_process(rng, models, 4, 3, 0.9)
    policy = distributions(rng, models, 4, 3)
    view = np.tile([0, 1, 0, 0], (models, 1))
    return process, policy, view[:, :, None] == view[:, None]


def test_visits_are_a_discounted_sum_over_time():
    process, policy, _ = views(0)
    chain = np.einsum("msa,msat->mst", policy, process.transition)
    place, total = process.start, 0.0
    for t in range(1_000):
        total = total + process.discount[:, None] ** t * place
        place = np.einsum("ms,mst->mt", place, chain)
    total = (1 - process.discount[:, None]) * total
    np.testing.assert_allclose(visits(process, policy), total, atol=1e-12)
    assert total.sum(axis=1) == pytest.approx(np.ones(4))


def test_the_best_default_is_a_mixture_by_hand():
    policy = np.array([[[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]])
    is_alike = np.array([[[True, True, False], [True, True, False], [False, False, True]]])
    found = best_default(policy, np.array([[0.6, 0.2, 0.2]]), is_alike)
    np.testing.assert_allclose(found, [[[0.75, 0.25], [0.75, 0.25], [0.5, 0.5]]])


@pytest.mark.parametrize("seed", range(3))
def test_the_best_default_is_that_of_a_numerical_search(seed):
    process, policy, is_alike = views(seed, models=1)
    weights = visits(process, policy)

    def negative(logits):
        default = softmax(logits.reshape(2, 3), axis=-1)[[0, 1, 0, 0]]
        return -(process.start * policy_value(process, policy, default[None])).sum()

    found = scipy.optimize.minimize(negative, np.zeros(6))
    searched = softmax(found.x.reshape(2, 3), axis=-1)[[0, 1, 0, 0]]
    best = best_default(policy, weights, is_alike)
    np.testing.assert_allclose(best[0], searched, atol=1e-3)
    assert -found.fun <= (process.start * policy_value(process, policy, best)).sum() + 1e-9
    np.testing.assert_allclose(best[:, 1], policy[:, 1])  # that state looks like no other


# The experiment


@pytest.fixture(scope="module")
def result():
    return kl_identities.run("smoke", 2)


def verdicts(tables):
    return [finding.holds for finding in kl_identities.judge(tables)]


def stored(result):
    return json.loads(json.dumps(to_json(result.tables, 8)))


def test_both_claims_hold_and_the_figure_shows_it(result, tmp_path):
    assert {finding.claim: finding.holds for finding in result.claims} == {"K1": True, "K2": True}
    assert len(result.seeds) == 2
    kl_identities.draw(result, tmp_path / "figure.png")
    assert imread(tmp_path / "figure.png")[..., :3].std() > 0.02


def test_the_verdicts_rest_on_the_stored_tables(result):
    found = kl_identities.judge(stored(result))
    assert [finding.note for finding in found] == [finding.note for finding in result.claims]


def test_a_repeated_run_gives_the_same_numbers():
    first, second = ((_bounds(1, 3), _optima(1, 3)) for _ in range(2))
    assert to_json(first) == to_json(second)


@pytest.mark.parametrize(
    ("table", "row", "key", "value"),
    [
        ("one_step", "shared", "violations", 1),
        ("objective", "autoregressive, shared, p = 3", "violations", 1),
        ("objective", "independent, separate, p = 1", "gap_error", 1e-9),
        ("summation", "γ = 0.5", "summation_error", 1e-9),
    ],
)
def test_one_violation_of_the_bounds_is_enough(result, table, row, key, value):
    tables = stored(result)
    tables[table][row][key] = value
    assert verdicts(tables) == [False, True]


@pytest.mark.parametrize(
    ("row", "end", "value"), [("identity", "least", 0.99), ("blind", "largest", 0.01)]
)
def test_the_known_ratios_have_to_be_met(result, row, end, value):
    tables = stored(result)
    tables["one_step"][row]["ratio"][end] = value
    assert verdicts(tables) == [False, True]


def test_a_comparison_that_finds_no_mistake_proves_nothing(result):
    tables = stored(result)
    for row in tables["objective"].values():
        row["mistake_no_filter"] = 0
    tables["optima"]["policies"]["mistake_untilted"] = 0
    assert verdicts(tables) == [False, False]


@pytest.mark.parametrize(
    ("row", "key", "value"),
    [
        ("policies", "violations", 1),
        ("policies", "value_error", 1e-9),
        ("policies", "large_weight_share", {"least": 0.1, "largest": 1.1}),
        ("policies", "small_weight_share", {"least": -0.1, "largest": 0.5}),
        ("defaults", "violations", 1),
        ("defaults", "gain_error", 1e-9),
    ],
)
def test_one_violation_of_the_optima_is_enough(result, row, key, value):
    tables = stored(result)
    tables["optima"][row][key] = value
    assert verdicts(tables) == [True, False]


def swapped(process, policy, default, period):
    """Return the terms of the right side with KL(π₀ ‖ π)."""
    reward, _, _ = latent_terms(process, policy, default, period)
    _, high, low = latent_terms(process, default, policy, period)
    return reward, high, low


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("indicator", printed_indicator),
        ("filtered", lambda hierarchy, period: filtered(hierarchy, 1)),
        ("latent_terms", swapped),
    ],
)
def test_an_experiment_with_a_mistake_does_not_hold(name, wrong, monkeypatch):
    monkeypatch.setattr(kl_bounds, name, wrong)
    assert not _judge_bounds(_bounds(1, 5)).holds
    process, policy, default = drawn(8, "independent", "shared")
    found = [objectives(process, policy, default, period)["gap_error"] for period in PERIODS]
    assert np.max(found) > 1e-6


def test_hierarchies_are_distributions_of_their_kind():
    for latents, low in product(LATENTS, LOWS):
        _, policy, default = drawn(7, latents, low)
        for part in (*policy, *default):
            np.testing.assert_allclose(part.sum(axis=-1), 1)
        assert (policy.low is default.low) == (low != "separate")
        depends = np.ptp(policy.high, axis=1).max() > 0
        assert depends == (latents == "autoregressive")
    assert isinstance(policy, Hierarchy)
