"""The theory of NORL: its parts against independent oracles, and verdicts that can fail."""

import json
from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from matplotlib.image import imread
from scipy.special import logsumexp

from hierax.agents.goal_conditioned.representations import predictive
from hierax.experiments import norl_models, norl_theory
from hierax.experiments.norl_bounds import (
    Model,
    Representation,
    check,
    committed_value,
    constant,
    distances,
    divergences,
    log_model,
    objectives,
    offset_weights,
    outcomes,
    suboptimality,
    tabular,
    variations,
)
from hierax.experiments.norl_information import (
    Joint,
    ascend,
    joint_of,
    objective,
    pool_estimates,
    remainder,
    symmetric_channel,
)
from hierax.experiments.norl_losses import _checks, _exceeds, loss_tables
from hierax.experiments.norl_models import (
    chain,
    coin,
    informative_model,
    learned_representation,
    random_model,
    random_prior,
    random_representation,
)
from hierax.planning import TabularMDP, solve_bellman
from hierax.to_json import to_json

INTERVALS = (1, 2, 3)


def drawn(seed, interval=2):
    rng = np.random.default_rng([seed, interval, 7])
    model = random_model(rng, interval)
    return model, random_representation(rng, len(model.reward))


def small_model(seed, states=2, actions=2, interval=2):
    rng = np.random.default_rng(seed)
    transition = rng.dirichlet(np.ones(states), size=(states, actions))
    return Model(transition, rng.uniform(-1, 1, states), 0.8, interval)


def joint_drawn(seed):
    rng = np.random.default_rng([seed, 3])
    return joint_of(informative_model(rng, 2, 4), rng.dirichlet(np.ones(36)))


# Weights and distributions


@pytest.mark.parametrize("discount", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("interval", [1, 2, 3, 10])
def test_the_weights_sum_to_the_horizon_and_are_those_of_the_agent(interval, discount):
    weights = offset_weights(interval, discount)
    assert weights.sum() == pytest.approx(1 / (1 - discount), rel=1e-12)
    probabilities = weights * (1 - discount)
    assert probabilities[-1] == pytest.approx(discount ** (interval - 1))
    np.testing.assert_allclose(
        probabilities, predictive.offset_probabilities(interval, discount), rtol=1e-5
    )
    powers = discount ** np.arange(interval)
    np.testing.assert_allclose(
        weights / powers, predictive.offset_weights(interval, discount), rtol=1e-5
    )


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_weight_of_the_blog_note_breaks_the_sum(interval):
    model, representation = drawn(0, interval)
    wrong = model.discount ** np.arange(interval)
    wrong[-1] *= 1 - model.discount
    assert check(model, representation).weight_error < 1e-12
    assert check(model, representation, weights=wrong).weight_error > 0.1


def test_outcomes_are_products_of_the_matrices_of_the_actions():
    model = small_model(0, states=3, actions=2, interval=3)
    found = outcomes(model)
    assert found.shape == (3, 3, 8, 3)
    for index, sequence in enumerate(product(range(2), repeat=3)):
        reached = np.eye(3)
        for k, action in enumerate(sequence):
            reached = reached @ model.transition[:, action]
            np.testing.assert_allclose(found[k, :, index], reached)


def test_distances_are_sums_of_absolute_differences():
    place, goals = np.array([[0.0, 0.0], [1.0, -2.0]]), np.array([[1.0, 1.0]])
    np.testing.assert_array_equal(distances(place, goals), [[2.0, 3.0]])


def test_the_huber_distance_of_the_agent_is_about_twice_the_distance():
    rng = np.random.default_rng(0)
    place, goals = rng.normal(size=(5, 2)), rng.normal(size=(3, 2))
    huber = predictive.huber_distance(jnp.asarray(place - goals[:, None]))
    gap = 2 * distances(place, goals) - np.asarray(huber)
    assert (gap > 0).all()
    assert gap.max() <= 2 * 2 * predictive.KAPPA / 2 + 1e-5  # in each of two dimensions


def test_tabular_goals_give_any_distribution():
    rng = np.random.default_rng(1)
    wanted, prior = rng.dirichlet(np.ones(5), size=4), random_prior(rng, 5)
    representation = tabular(np.log(wanted) - np.log(prior), prior)
    np.testing.assert_allclose(np.exp(log_model(representation)[0]), wanted, rtol=1e-9)
    assert representation.goals.min() == 0
    assert representation.goals.max() == representation.place.max()


# Values


def value_of_committed(model, sequences, choice):
    """Return the value of one policy from a chain over (state, phase, sequence)."""
    states, c = len(model.reward), model.interval
    place = {key: i for i, key in enumerate(product(range(states), range(c), range(states)))}
    system, reward = np.eye(len(place)), np.zeros(len(place))
    for (start, phase, state), row in place.items():
        reward[row] = model.reward[state]
        action = sequences[choice[start]][phase]
        for after, probability in enumerate(model.transition[state, action]):
            key = (start, phase + 1, after) if phase + 1 < c else (after, 0, after)
            system[row, place[key]] -= model.discount * probability
    value = np.linalg.solve(system, reward)
    return np.array([value[place[s, 0, s]] for s in range(states)])


@pytest.mark.parametrize("seed", range(3))
def test_the_committed_value_is_that_of_the_best_of_all_policies(seed):
    model = small_model(seed, states=3)
    sequences = list(product(range(2), repeat=2))
    available = np.ones((3, 4), bool)
    available[seed % 3, seed] = False
    allowed = (np.flatnonzero(row) for row in available)
    every = [value_of_committed(model, sequences, choice) for choice in product(*allowed)]
    found = committed_value(model, outcomes(model), available)
    np.testing.assert_allclose(found, np.max(every, axis=0), atol=1e-12)


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_committed_value_is_that_of_the_planner(interval):
    model, _ = drawn(3, interval)
    outcome = outcomes(model)
    powers = model.discount ** np.arange(1, interval)
    reward = model.reward[:, None] + np.tensordot(powers, outcome[:-1] @ model.reward, axes=1)
    task = TabularMDP.from_arrays(outcome[-1], reward, model.discount**interval, layout="sas")
    everything = np.ones(reward.shape, bool)
    np.testing.assert_allclose(
        committed_value(model, outcome, everything), solve_bellman(task).value, atol=1e-8
    )


def test_there_is_no_loss_if_every_sequence_has_a_goal():
    model = small_model(4)
    every = np.tile(np.arange(4), (2, 1))
    assert suboptimality(model, outcomes(model), every) == 0
    assert suboptimality(model, outcomes(model), np.zeros((2, 1), int)) > 0.01


def test_the_loss_against_a_policy_that_chooses_in_every_step_is_not_bounded():
    # From 0 to 1 or 2 by chance. Then one action is right in 1, the other in 2.
    transition = np.zeros((5, 2, 5))
    transition[0, :, [1, 2]] = 0.5
    transition[1, [0, 1], [3, 4]] = 1
    transition[2, [0, 1], [4, 3]] = 1
    transition[[3, 4], :, [3, 4]] = 1
    model = Model(transition, np.array([0.0, 0, 0, 1, -1]), 0.9, 2)
    every = np.tile(np.arange(4), (5, 1))
    representation = Representation(np.eye(5), np.zeros((4, 5)), np.full(5, 0.2))
    found = check(model, representation, chosen=every)
    assert found.theorem_bound == found.suboptimality == 0
    committed = committed_value(model, outcomes(model), np.ones((5, 4), bool))[0]
    mdp = TabularMDP.from_arrays(
        transition, np.repeat(model.reward[:, None], 2, axis=1), 0.9, layout="sas"
    )
    assert committed == pytest.approx(0)
    assert solve_bellman(mdp).value[0] == pytest.approx(0.9**2 / 0.1)


# Divergences and identities


def test_total_variation_is_half_of_the_absolute_difference():
    model = Model(np.array([[[1.0, 0], [0, 1]]] * 2), np.array([-1.0, 1]), 0.5, 1)
    found = variations(outcomes(model), np.zeros((2, 1), int), offset_weights(1, 0.5))
    np.testing.assert_array_equal(found[:, :, 0], [[0, 1], [0, 1]])


@pytest.mark.parametrize("interval", INTERVALS)
def test_divergences_and_variations_are_weighted_means_over_k(interval):
    model, representation = drawn(5, interval)
    weights = offset_weights(interval, model.discount)
    outcome, (log_k, _) = outcomes(model), log_model(representation)
    divergence = divergences(outcome, log_k, weights)
    chosen = np.full((len(model.reward), 1), 2)
    variation = variations(outcome, chosen, weights)
    state, sequence, goal = 1, outcome.shape[2] - 1, 0
    parts = outcome[:, state, sequence]
    kl = [scipy.stats.entropy(part, np.exp(log_k[goal])) for part in parts]
    assert divergence[state, sequence, goal] == pytest.approx(np.average(kl, weights=weights))
    tv = [0.5 * np.abs(p - q).sum() for p, q in zip(parts, outcome[:, state, 2], strict=True)]
    assert variation[state, sequence, 0] == pytest.approx(np.average(tv, weights=weights))


def objective_by_hand(model, representation, state, sequence, goal, sign_of_entropy=1.0):
    outcome = outcomes(model)[:, state, sequence]
    total = 0.0
    for k in range(model.interval):
        weight = model.discount**k
        weight *= 1 / (1 - model.discount) if k + 1 == model.interval else 1
        for after, p in enumerate(outcome[k]):
            d = np.abs(representation.place[after] - representation.goals[goal]).sum()
            gain = -d + np.log(representation.prior[after]) - sign_of_entropy * np.log(p)
            total += weight * p * gain
    return total


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_objective_of_the_low_level_is_the_divergence(interval):
    # Equation 9 = w̄ (log Z - KL), for the right sign of log P alone.
    model, representation = drawn(11, interval)
    weights = offset_weights(interval, model.discount)
    log_k, log_z = log_model(representation)
    outcome = outcomes(model)
    divergence = divergences(outcome, log_k, weights)
    found = objectives(outcome, representation, weights)
    for state, sequence, goal in [(0, 0, 0), (1, 2, 1), (2, 1, 0)]:
        right, wrong = (
            objective_by_hand(model, representation, state, sequence, goal, sign)
            for sign in (1.0, -1.0)
        )
        identity = (log_z[goal] - divergence[state, sequence, goal]) / (1 - model.discount)
        assert found[state, sequence, goal] == pytest.approx(right, abs=1e-9)
        assert identity == pytest.approx(right, abs=1e-7)
        assert abs(identity - wrong) > 1e-2
    assert check(model, representation).identity_error < 1e-9


def test_constant_of_theorem_3_is_that_of_theorem_1_for_one_step():
    model, _ = drawn(0, 1)
    gamma, largest = model.discount, np.abs(model.reward).max()
    found = constant(model, offset_weights(1, gamma))
    assert found == pytest.approx(2 * gamma / (1 - gamma) ** 2 * largest)


# Bounds


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("seed", range(8))
def test_the_theorem_holds_for_every_low_level_and_the_claim_for_its_own(seed, interval):
    model, representation = drawn(seed, interval)
    found = check(model, representation)
    assert 0 <= found.suboptimality <= found.theorem_bound + 1e-9
    assert found.suboptimality <= found.claim_bound + 1e-9
    assert found.suboptimality <= found.largest_loss + 1e-9
    assert found.pinsker_excess < 1e-12
    rng = np.random.default_rng(seed)
    sequences, goals = 3**interval, len(representation.goals)
    other = rng.integers(sequences, size=(len(model.reward), goals))
    arbitrary = check(model, representation, chosen=other)
    assert arbitrary.suboptimality <= arbitrary.theorem_bound + 1e-9


@pytest.mark.parametrize(("drift", "discount"), [(0.3, 0.5), (0.01, 0.9), (1e-3, 0.99)])
def test_the_loss_in_the_chain_is_known(drift, discount):
    found = check(*chain(drift, discount, 1))
    kept = 1 - discount + discount * drift
    assert found.suboptimality == pytest.approx(2 * discount * drift / ((1 - discount) * kept))
    assert found.suboptimality / found.theorem_bound == pytest.approx((1 - discount) / kept)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("discount", [0.1, 0.5])
def test_the_loss_in_the_coin_is_known(interval, discount):
    bias, nearer = 0.01, 1e-3
    model, representation = coin(bias, discount, interval, nearer)
    found = check(model, representation)
    assert found.suboptimality == pytest.approx(
        2 * discount * bias * (2 - nearer) / (1 - discount), rel=1e-6
    )
    assert found.suboptimality / found.theorem_bound == pytest.approx(
        1 - discount**interval, rel=1e-6
    )
    divergence = scipy.stats.entropy([0.5 + bias, 0.5 - bias], [0.5, 0.5])
    c = 2 * discount / ((1 - discount) * (1 - discount**interval))
    assert found.claim_bound == pytest.approx(c * np.sqrt(2 * divergence), rel=1e-6)


def test_the_whole_absolute_difference_needs_an_eighth():
    # Half of it is at most 2 √(KL / 2), which the coin reaches; all of it is not.
    model, representation = coin(1e-3, 0.1, 1)
    found = check(model, representation)
    assert found.pinsker_excess <= 0
    least = found.claim_bound / constant(model, offset_weights(1, 0.1))
    whole = 2 * found.theorem_bound / constant(model, offset_weights(1, 0.1))
    assert least < whole < 2 * least


@pytest.mark.parametrize("interval", INTERVALS)
def test_bounds_with_a_mistake_are_exceeded(interval):
    checks = _checks(*chain(1e-3, 0.9, interval))
    loss, theorem = checks["none"].suboptimality, checks["none"].theorem_bound
    assert not _exceeds(loss, theorem)
    assert _exceeds(loss, theorem / 2)
    assert _exceeds(checks["w_c = 1 - γ"].suboptimality, checks["w_c = 1 - γ"].theorem_bound)
    loss, _, claim = _checks(*coin(1e-3, 0.01, interval))["none"][:3]
    assert not _exceeds(loss, claim)
    assert loss > claim / np.sqrt(1.1)  # ε² / 2 cannot be 1.1 ε² / 2


def test_mistakes_in_the_low_level_break_the_step_of_pinsker():
    found = [_checks(*drawn(seed)) for seed in range(20)]
    excess = {name: max(c[name].pinsker_excess for c in found) for name in found[0]}
    assert excess["none"] < 1e-12
    assert excess["Ψ minimises"] > 0.01
    assert excess["Ψ without log ρ - log P"] > 0.01


def test_learning_lowers_the_divergence(monkeypatch):
    def mean_divergence(rounds):
        monkeypatch.setattr(norl_models, "ROUNDS", rounds)
        means = []
        for seed in range(10):
            model, _ = drawn(seed, 1)
            representation = learned_representation(np.random.default_rng(seed), model)
            log_k, _ = log_model(representation)
            found = divergences(outcomes(model), log_k, offset_weights(1, model.discount))
            means.append(found.min(axis=2).mean())
        return np.array(means)

    first, last = mean_divergence(1), mean_divergence(10)
    assert (last <= first + 0.01).all()  # up to the share of ρ in K
    assert last.mean() < 0.9 * first.mean()


# Information


def test_the_information_is_that_of_the_entropies():
    joint = joint_drawn(0)
    inside = joint.contexts @ scipy.stats.entropy(joint.following, axis=1)
    assert joint.information == pytest.approx(scipy.stats.entropy(joint.marginal) - inside)
    n, kept = 8, 0.7
    known = np.log(n) + kept * np.log(kept) + (1 - kept) * np.log((1 - kept) / (n - 1))
    assert symmetric_channel(n, kept).information == pytest.approx(known)


def test_the_joint_distribution_mixes_the_steps_by_their_weights():
    model = small_model(2)
    joint = joint_of(model, np.full(8, 0.125))
    outcome = outcomes(model)
    wanted = (1 - model.discount) * outcome[0, 1, 2] + model.discount * outcome[1, 1, 2]
    np.testing.assert_allclose(joint.following[1 * 4 + 2], wanted)


@pytest.mark.parametrize("seed", range(5))
def test_the_objective_is_the_information_less_a_divergence(seed):
    joint, rng = joint_drawn(seed), np.random.default_rng(seed)
    exponent = -distances(rng.normal(size=(4, 2)), rng.normal(size=(36, 2)))
    found = objective(joint, exponent)
    k = joint.marginal * np.exp(exponent)
    k /= k.sum(axis=1, keepdims=True)
    gap = joint.contexts @ scipy.stats.entropy(joint.following, k, axis=1)
    assert found == pytest.approx(joint.information - gap)
    assert remainder(joint, exponent) == pytest.approx(gap)
    assert found < joint.information
    assert objective(joint, joint.log_ratio) == pytest.approx(joint.information)
    shifted = joint.log_ratio + rng.normal(size=(36, 1))
    assert objective(joint, shifted) == pytest.approx(joint.information)


def test_another_prior_adds_its_divergence():
    joint = joint_drawn(1)
    prior = random_prior(np.random.default_rng(0), 4)
    best = np.log(joint.following) - np.log(prior)
    excess = objective(joint, best, prior) - joint.information
    assert excess == pytest.approx(scipy.stats.entropy(joint.marginal, prior))
    assert excess > 0.01


def test_the_objective_is_that_of_the_agent():
    # Two contexts with s' in eighths: a pool of 16 states is the marginal.
    counts = np.array([[1, 2, 5], [4, 3, 1]])
    joint = Joint(np.full(2, 0.5), counts / 8)
    rng = np.random.default_rng(0)
    place, predicted = rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
    pairs = [(x, s) for x in range(2) for s in range(3) for _ in range(counts[x, s])]
    x, following = np.array(pairs).T
    pool = jnp.asarray(place[following], jnp.float32)
    found = predictive.log_ratio(jnp.asarray(predicted[x], jnp.float32), pool, pool)
    exponent = -np.asarray(predictive.huber_distance(jnp.asarray(place - predicted[:, None])))
    assert float(found.mean()) == pytest.approx(objective(joint, exponent), abs=1e-5)


def test_with_the_wrong_sign_a_constant_embedding_is_best():
    joint, rng = joint_drawn(2), np.random.default_rng(2)
    assert objective(joint, np.zeros((36, 4))) == pytest.approx(0, abs=1e-15)
    assert objective(joint, np.zeros((36, 4)), sign=1.0) == pytest.approx(0, abs=1e-15)
    for scale in (0.01, 0.1, 1.0):
        exponent = -distances(scale * rng.normal(size=(4, 2)), scale * rng.normal(size=(36, 2)))
        assert objective(joint, exponent, sign=1.0) < 0


def test_ascent_approaches_the_information_and_with_the_wrong_sign_collapses():
    joints = [joint_drawn(seed) for seed in range(3)]
    right, wrong = (ascend(joints, 6, 500, sign) for sign in (-1.0, 1.0))
    assert right.dtype == np.float64
    for joint, good, bad in zip(joints, right, wrong, strict=True):
        assert 0.9 < objective(joint, good) / joint.information < 1
        assert np.abs(bad).max() < 1e-3
        assert objective(joint, bad) < 1e-3 * joint.information


def mean_estimate(size, kept, pool, has_positive):
    """Return the mean of estimates of the symmetric channel from binomial probabilities."""
    match, other = np.log(size * kept), np.log(size * (1 - kept) / (size - 1))
    drawn_from_prior = np.arange(pool + 1 - has_positive)
    matches = scipy.stats.binom.pmf(drawn_from_prior, pool - has_positive, 1 / size)
    total = 0.0
    for positive, probability in ((match, kept), (other, 1 - kept)):
        count = drawn_from_prior + (has_positive and positive == match)
        weights = np.stack([count, pool - count])
        log_z = logsumexp(np.array([[match], [other]]), axis=0, b=weights) - np.log(pool)
        total += probability * (positive - matches @ log_z)
    return total


@pytest.mark.parametrize("pool", [2, 16])
@pytest.mark.parametrize("has_positive", [True, False])
def test_estimates_have_their_exact_mean_and_limit(pool, has_positive):
    joint, rng = symmetric_channel(12, 0.9), np.random.default_rng(0)
    found = pool_estimates(joint, joint.log_ratio, pool, 40_000, has_positive, rng)
    exact = mean_estimate(12, 0.9, pool, has_positive)
    assert abs(found.mean() - exact) < 4 * found.std() / 200
    assert (found.max() <= np.log(pool)) == has_positive
    assert (exact < min(joint.information, np.log(pool))) == has_positive
    assert (exact > joint.information) != has_positive  # too high, for fresh negatives alone


# The experiment


@pytest.fixture(scope="module")
def result():
    return norl_theory.run("smoke", 2)


def test_both_claims_hold_and_the_figure_shows_it(result, tmp_path):
    assert {finding.claim: finding.holds for finding in result.claims} == {"N1": True, "N2": True}
    assert len(result.seeds) == 2
    norl_theory.draw(result, tmp_path / "figure.png")
    assert imread(tmp_path / "figure.png")[..., :3].std() > 0.02


def stored(result):
    return json.loads(json.dumps(to_json(result.tables, 8)))


def test_the_verdicts_rest_on_the_stored_tables(result):
    found = norl_theory.judge(stored(result))
    assert [finding.note for finding in found] == [finding.note for finding in result.claims]


def test_a_repeated_run_gives_the_same_losses():
    first, second = (to_json(loss_tables((1, 2), 3), 8) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("kind", ["theorem", "claim", "claim_eighth", "pinsker"])
def test_one_violation_is_enough(result, kind):
    tables = stored(result)
    tables["mistakes"]["none"][kind] = 1
    assert [finding.holds for finding in norl_theory.judge(tables)] == [False, True]


def test_losses_are_needed(result):
    tables = stored(result)
    for row in tables["bounds"].values():
        row["share_with_a_loss"] = 0.0
    assert not norl_theory.judge(tables)[0].holds


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("random, d = 2", "largest_excess", 1e-6),
        ("ascent, d = 1", "identity_error", 1e-3),
        ("closed form, d = S", "least_share", 0.9),
    ],
)
def test_the_information_has_to_bound_and_to_be_approached(result, name, key, value):
    tables = stored(result)
    tables["maps"][name][key] = value
    assert [finding.holds for finding in norl_theory.judge(tables)] == [True, False]


@pytest.mark.parametrize(("key", "value"), [("mean", 9.0), ("largest", 9.0)])
def test_pools_have_to_respect_both_limits(result, key, value):
    tables = stored(result)
    tables["pools"][0]["with_positive"][key] = value
    assert not norl_theory.judge(tables)[1].holds
