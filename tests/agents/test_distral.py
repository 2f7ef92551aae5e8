"""DISTRAL is a hierarchy whose low level does what the latent says."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from agents.kl_retrace import LEARNER
from agents.kl_rollouts import KEY, LEVERS, SMALL, Z, gradients_of, modules_of, rollout_of, update
from hierax.agents.distributions import DiagonalGaussian
from hierax.agents.kl import KL, Distral
from hierax.agents.kl.heads import gaussian

SHARED = {"learner": LEARNER, "kl_weight": 0.6, "entropy": 0.0, **SMALL}
SAMPLED = {"latents": "stored", "default": "isotropic", "latent_size": Z}
LEVELS = KL(LEVERS, **SAMPLED, **SHARED)
SEEN = LEVERS.size(LEVELS.views["value"])


class Copy(eqx.Module):
    """Actions that are the latent itself."""

    latent: Array

    def sample(self, key):
        return self.latent

    def log_prob(self, action):
        return jnp.zeros(action.shape[:-1])

    def entropy(self):
        return jnp.zeros(self.latent.shape[:-1])


class Copying(KL):
    def _acting(self, network, seen, latent, phase):
        return Copy(latent)


class Drawn(DiagonalGaussian):
    """A Gaussian with noise that is known."""

    noise: Array

    def sample(self, key):
        return self.mean + jnp.exp(self.log_scale) * self.noise


class Flat(Distral):
    """DISTRAL whose policies are made as those of latents are, with the noise of the window."""

    def policy_of(self, output):
        return gaussian(output)

    def unrolled(self, parameters, targets, window, key):
        found = super().unrolled(parameters, targets, window, key)
        mean, noise = found.policy.mean, window.extras["noise"]
        last = jax.random.normal(key, mean.shape)[-1:]
        noise = jnp.concatenate([noise, last])
        return found._replace(policy=Drawn(mean, found.policy.log_scale, noise))


def blind(network, rows):
    """A critic with weights of 0 for further inputs after its observation."""
    weight = network.layers[0].weight
    wider = jnp.concatenate([weight[:SEEN], jnp.zeros((rows, weight.shape[1])), weight[SEEN:]])
    return eqx.tree_at(lambda each: each.layers[0].weight, network, wider)


@pytest.fixture(scope="module")
def both():
    """The update of the hierarchy and that of DISTRAL, from the same networks and steps."""
    levels, flat = Copying(LEVERS, **SAMPLED, **SHARED), Flat(LEVERS, **SHARED)
    window, modules = rollout_of(LEVELS), modules_of(flat)
    still = jax.tree.map(jnp.zeros_like, modules.parameters["policy_default"])  # N(0, I)
    modules = modules._replace(
        parameters={**modules.parameters, "policy_default": still},
        targets={**modules.targets, "policy_default": still},
    )
    own, critic = modules.parameters, modules.targets["value"]
    above = modules_of(levels)
    above = above._replace(
        parameters={**above.parameters, "high": own["policy"], "value": blind(own["value"], Z)},
        targets={**above.targets, "value": blind(critic, Z)},
    )
    seen = window.observation
    of_flat = {"policy": seen["high"], "policy_default": seen["low"], "value": seen["value"]}
    below = window._replace(observation=of_flat)
    taken = flat.unrolled(own, {}, below, KEY).policy
    log_prob = jax.tree.map(lambda leaf: leaf[:-1], taken).log_prob(window.action)
    log_ratio = jnp.asarray(
        np.random.default_rng(3).normal(scale=0.5, size=log_prob.shape), jnp.float32
    )
    below = below._replace(extras={**window.extras, "log_prob": log_prob - log_ratio})
    window = window._replace(extras={**window.extras, "log_prob": -log_ratio})
    return update(levels, above, window), update(flat, modules, below)


def test_losses_are_equal(both):
    (_, of_levels), (_, of_flat) = both
    for name in ("policy/loss", "value/loss", "value/explained_variance"):
        np.testing.assert_allclose(of_levels[name], of_flat[name], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(of_levels["high/kl"], of_flat["policy/kl"], rtol=1e-6)
    np.testing.assert_allclose(of_levels["low/clipped"], of_flat["policy/clipped"])
    assert 0.2 < of_flat["policy/clipped"] < 0.8


def test_gradients_are_equal(both):
    levels, flat = (gradients_of(after) for after, _ in both)
    for found, expected in zip(levels["high"], flat["policy"], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        assert np.abs(expected).max() > 1e-3
    first = np.concatenate([levels["value"][0][:SEEN], levels["value"][0][SEEN + Z :]])
    for found, expected in zip([first, *levels["value"][1:]], flat["value"], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_low_level_that_copies_learns_nothing(both):
    levels = gradients_of(both[0][0])
    assert all(not np.any(leaf) for leaf in levels["low"])
