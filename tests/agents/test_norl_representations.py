"""Every representation: what it is trained on, against NumPy, and that an agent can use it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from agents import in_numpy
from agents.goal_walks import KEY, A, N, seen
from agents.norl_walks import PLANE, agent_of, linearly_moved, trajectories_of
from hierax.agents.goal_conditioned.representations import (
    Autoencoder,
    Controlled,
    Predictive,
    RandomMap,
    Slow,
    SpaceTraining,
    Trajectories,
    Whole,
    autoencoders,
)
from hierax.agents.goal_conditioned.representations.autoencoders import Gaussian
from hierax.training.serialisation import tree_digest

C, B, FEATURES, D = 3, 30, 4, 2
HIDDEN = (6,)
VAE, E2C, SLOW = Autoencoder(D, HIDDEN), Controlled(D, HIDDEN, A), Slow(D, HIDDEN)
LEARNED = {
    "norl": Predictive(D, HIDDEN, A, C, 0.9, "uniform"), "vae": VAE, "e2c": E2C, "slow": SLOW
}  # fmt: skip
FIXED = {"random": RandomMap(D), "observation": Whole()}
SIZES = {**dict.fromkeys((*LEARNED, "random"), D), "observation": 5, "goal": 2}
"""Of the goal space of an agent on the plane, where five numbers are seen."""
loss = jax.jit(lambda one, *given: one.loss(*given, KEY)[0], static_argnums=0)
update = jax.jit(lambda training, *given: training.update(*given, KEY), static_argnums=0)


def walked(seed=0):
    """Decisions of one to c steps."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(C + 1, B, FEATURES)).cumsum(axis=0)
    length = 1 + np.arange(B) % C
    return trajectories_of(features, length, rng.uniform(-1, 1, (C, B, A)))


@pytest.mark.parametrize("name", [*LEARNED, *FIXED])
def test_an_update_changes_the_map_where_something_is_learned(name):
    one = {**LEARNED, **FIXED}[name]
    training, trajectories = SpaceTraining(one, 1e-2), walked()
    space = training.build(KEY, FEATURES)
    after, metrics = update(training, space, trajectories)
    before, now = (
        np.asarray(one.embed(each.parameters, trajectories.features)) for each in (space, after)
    )
    assert before.shape == (C + 1, B, one.size(FEATURES))
    assert (before != now).any() == (name in LEARNED)
    assert (tree_digest(space.parameters) != tree_digest(after.parameters)) == (name in LEARNED)
    assert metrics["loss"].shape == ()
    assert (metrics["gradient"] > 0) == (metrics["loss"] != 0) == (name in LEARNED)
    assert set(metrics) >= {"loss", "gradient", "spread", "drift"}
    assert all(np.isfinite(value) for value in metrics.values())
    # Statistics are kept in any case, of where decisions begin.
    np.testing.assert_allclose(after.mean, now[0].mean(axis=0), atol=1e-4)


def test_fixed_maps_are_a_random_matrix_and_the_features():
    features = walked().features
    np.testing.assert_array_equal(Whole().embed((), features), features)
    matrix = np.asarray(FIXED["random"].build(KEY, 4000))
    np.testing.assert_allclose((matrix**2).sum(axis=0), 1, rtol=0.1)
    small = FIXED["random"].build(KEY, FEATURES)
    found = FIXED["random"].embed(small, features)
    np.testing.assert_allclose(found, np.asarray(features) @ np.asarray(small), atol=1e-5)


def coded(one):
    """Untrained networks whose outputs vary."""
    found = one.build(jax.random.key(1), FEATURES)
    larger = [
        each and linearly_moved(each, 2 * np.eye(each.layers[-1].bias.size), 0.1) for each in found
    ]
    return type(found)(*larger)


def posterior(coder, features):
    """Means and standard deviations."""
    mean, log_deviation = np.split(
        in_numpy.network(coder.encoder, np.asarray(features)), 2, axis=-1
    )
    return mean, np.exp(np.clip(log_deviation, -5, 5))


def divergence(mean, deviation, other_mean, other_deviation):
    """KL of Gaussians with independent entries."""
    each = np.log(other_deviation / deviation) - 0.5
    each += (deviation**2 + (mean - other_mean) ** 2) / (2 * other_deviation**2)
    return each.sum(axis=-1)


def missed(coder, latent, features):
    """Minus the logarithm of a normal density of variance 0.1, from its value at the centre."""
    centre, width = in_numpy.network(coder.decoder, latent), np.sqrt(0.1)
    density = scipy.stats.norm(centre, width).logpdf
    return (density(centre) - density(np.asarray(features))).sum(axis=-1)


def test_the_divergence_of_gaussians_is_its_integral():
    mean, deviation, other = np.array([0.3, -1.0]), np.array([0.5, 2.0]), np.array([1.0, 0.7])
    x, expected = np.linspace(-20, 20, 40_001), 0.0

    def density(x, mean, deviation):
        return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))

    for m, s, t in zip(mean, deviation, other, strict=True):
        p, q = density(x, m, s), density(x, -0.2, t)
        expected += (p * np.log((p + 1e-300) / (q + 1e-300))).sum() * (x[1] - x[0])
    one, two = (
        Gaussian(*(jnp.asarray(each[None], jnp.float32) for each in (centre, np.log(width))))
        for centre, width in ((mean, deviation), (np.full(2, -0.2), other))
    )
    assert one.divergence(two)[0] == pytest.approx(expected, rel=1e-4)
    assert one.divergence(one)[0] == pytest.approx(0, abs=1e-6)
    assert divergence(mean, deviation, -0.2, other) == pytest.approx(expected, rel=1e-4)


def test_the_loss_of_an_autoencoder_is_minus_the_evidence_bound():
    coder, trajectories = coded(VAE), walked()
    features = trajectories.features[0]
    mean, deviation = posterior(coder, features)
    latent = mean + deviation * np.asarray(jax.random.normal(KEY, (B, D)))
    expected = missed(coder, latent, features) + divergence(mean, deviation, 0, 1)
    assert loss(VAE, coder, trajectories) == pytest.approx(expected.mean(), rel=1e-4)
    np.testing.assert_allclose(VAE.embed(coder, features), mean, atol=1e-5)
    assert deviation.std() > 0.05


def observed(count=4000):
    """Places in a square, with a variance of 1, and four numbers of noise."""
    rng = np.random.default_rng(5)
    place = rng.uniform(-np.sqrt(3), np.sqrt(3), (count, 2))
    return jnp.float32(np.concatenate([place, rng.normal(size=(count, 4))], axis=1))


def coder_of(updates=2_000, size=128):
    """An autoencoder that was trained on these observations."""
    training, data = SpaceTraining(Autoencoder(D, (32,)), 1e-3), observed()

    def one(space, key):
        row_key, update_key = jax.random.split(key)
        features = data[jax.random.randint(row_key, (2, size), 0, len(data))]
        made = Trajectories(features, jnp.zeros((1, size, A)), jnp.ones((1, size), bool))
        return training.update(space, made, update_key)[0], None

    keys = jax.random.split(KEY, updates)
    space = training.build(KEY, data.shape[-1])
    return jax.jit(lambda space: jax.lax.scan(one, space, keys)[0])(space).parameters


def coded_by(coder, rows):
    """What the latent holds in nats, the least spread of f, and the variance that a draw tells."""
    mean, deviation = posterior(coder, rows)
    latent = mean + deviation * np.random.default_rng(6).normal(size=mean.shape)
    missed = rows - in_numpy.network(coder.decoder, latent)
    told = (1 - missed.var(axis=0) / rows.var(axis=0)).sum()
    return divergence(mean, deviation, 0, 1).mean(), mean.std(axis=0).min(), told


def test_a_trained_autoencoder_does_not_collapse(monkeypatch):
    """All numbers have a variance of 1: told with that variance, none is worth telling."""
    nats, spread, told = coded_by(coder_of(), np.asarray(observed()))
    assert nats > 1
    assert spread > 0.5
    assert told > 1
    monkeypatch.setattr(autoencoders, "DECODER_VARIANCE", 1.0)
    nats, spread, told = coded_by(coder_of(), np.asarray(observed()))
    assert nats < 0.1
    assert spread < 0.2
    assert told < 0.2


def test_embed_to_control_makes_a_step_that_is_linear_in_the_latent():
    coder, trajectories = coded(E2C), walked(1)
    before, after = np.asarray(trajectories.features[:2])
    mean, deviation = posterior(coder, before)
    following, spread = posterior(coder, after)
    latent = mean + deviation * np.asarray(jax.random.normal(KEY, (B, D)))
    step, total = in_numpy.network(coder.step, latent), 0.0
    for b in range(B):
        left, right, offset, control = np.split(step[b], [D, 2 * D, 3 * D])
        linear = np.eye(D) + np.outer(left, right)
        push = control.reshape(D, A) @ np.asarray(trajectories.action[0, b]) + offset
        expected = linear @ mean[b] + push
        width = np.sqrt(np.diag(linear @ np.diag(deviation[b] ** 2) @ linear.T))
        total += missed(coder, latent[b], before[b])
        total += missed(coder, linear @ latent[b] + push, after[b])
        total += divergence(mean[b], deviation[b], 0, 1)
        total += 0.25 * divergence(expected, width, following[b], spread[b])
    assert loss(E2C, coder, trajectories) == pytest.approx(total / B, rel=1e-4)
    # All three parts of the step matter.
    for k in range(4):
        moved = np.zeros(D * (3 + A))
        moved[[k * D, k * D + 1]] = 0.3
        other = coder._replace(step=linearly_moved(coder.step, np.eye(moved.size), moved))
        assert abs(loss(E2C, other, trajectories) - total / B) > 1e-4


def test_slow_features_change_little_in_a_step_and_much_in_a_decision():
    network, trajectories = SLOW.build(jax.random.key(2), FEATURES), walked(2)
    for factor in (0.3, 3.0):
        scaled = linearly_moved(network, factor * np.eye(D), 0.1)
        places = in_numpy.network(scaled, np.asarray(trajectories.features))
        last = places[np.asarray(trajectories.length), np.arange(B)]
        change = ((places[0] - last) ** 2).mean(axis=-1)
        each = ((places[0] - places[1]) ** 2).mean(axis=-1) + np.maximum(0, 1 - change)
        expected = (each + 1e-4 * (places[0] ** 2).sum(axis=-1)).mean()
        assert loss(SLOW, scaled, trajectories) == pytest.approx(expected, rel=1e-4)
    assert (change > 1).any()
    assert (change < 1).any()


@pytest.mark.parametrize("name", SIZES)
def test_an_agent_has_a_goal_space_of_this_size(name):
    agent = agent_of(representation=name, goal_range=(1.5,), hindsight=0.1)
    assert agent.goal_size == SIZES[name]
    state = jax.eval_shape(lambda: agent.init(KEY, N))
    assert state.learner.space.mean.shape == (SIZES[name],)
    assert state.replay.ring.step.extras["goal"].shape[2:] == (SIZES[name],)
    after, metrics = jax.eval_shape(agent.learn, state)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    for one, other in zip(*map(jax.tree.leaves, (after, state)), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
    assert {"space/loss", "space/goal_fit", "space/nuisance_fit", "space/box"} <= set(metrics)
    assert all(value.shape == () for value in metrics.values())


def test_the_map_may_be_what_the_goal_of_the_world_is_about():
    shown = seen(np.random.default_rng(4), views=PLANE.views)
    np.testing.assert_array_equal(
        agent_of(representation="goal").features({}, shown), shown["position"]
    )
