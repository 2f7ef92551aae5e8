"""The V-trace learner of modules, on policies that are written down."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.kl_rollouts import KEY, LEVERED, SEPARATE, UNCLIPPED, gradients_of, new
from hierax.agents import Transition
from hierax.agents.distributions import Categorical, DiagonalGaussian
from hierax.agents.kl import VTrace
from hierax.agents.kl.learner import Divergence, Unrolled, Weights

LEARNER = VTrace(rollout_length=1, max_gradient_norm=UNCLIPPED)
GAMMA, ALPHA, W = 0.5, 2.0, 0.1
NOW, NEXT = 0.3, 0.4
"""KL in nats before and after the step."""


@functools.partial(jax.jit, static_argnums=(0, 1))
def step(learner, model, modules, rollout, weights):
    return learner.update("policy", model, modules, rollout, KEY, weights)


def updated(model, parameters, rollout, *, learner=LEARNER, weights=(GAMMA, ALPHA, W)):
    """The modules after one update, and metrics."""
    given = learner, model, learner.init(parameters), rollout, Weights(*weights)
    return jax.device_get(step(*given))


def one_step(action, *, reward=1.0, over=(), cut=(), begins=()):
    """A rollout of one step of each environment; some terminate, are truncated, or begin."""
    at = np.arange(len(action))
    is_step, ends = ~np.isin(at, begins), (np.isin(at, over), np.isin(at, cut))
    log_prob, rewards = np.full(len(at), np.log(0.5)), np.where(is_step, reward, 100.0)
    given = (np.array(action), {"log_prob": log_prob}, rewards, *ends)
    step = Transition(None, *given, None, is_step)
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], step)


class Rows(eqx.Module):
    """A value that depends on the row alone, whatever it sees."""

    values: jax.Array

    def __call__(self, judged):
        return jnp.broadcast_to(self.values[:, None, None], (*judged.shape[:2], 1))


VALUES = Rows(jnp.array([0.2, 0.6]))
NO_VALUES = Rows(jnp.zeros(2))


def coins(parameters, targets, rollout, key):
    """Two actions with the same probability, and a policy whose KL from its default is known."""
    count = rollout.is_step.shape[1]
    logits = jnp.broadcast_to(parameters["policy"], (2, count, 2))
    kl = jnp.broadcast_to(jnp.array([NOW, NEXT])[:, None], (2, count))
    cost = Divergence(kl, kl, jnp.ones_like(kl, bool), kl)
    return Unrolled(Categorical(logits), jnp.zeros((2, count, 1)), {"high": cost})


def test_an_update_by_hand():
    """Steps that go on, terminate and are truncated; one begins an episode and does not count."""
    rollout = one_step([0, 0, 0, 0], over=(1,), cut=(2,), begins=(3,))
    parameters = {"policy": jnp.zeros(2), "value": VALUES}
    after, metrics = updated(coins, parameters, rollout)
    follows = 1 + GAMMA * (0.6 - ALPHA * NEXT) - 0.2
    gains = np.array([follows, 1 - 0.2, follows])
    np.testing.assert_allclose(gains, [0.7, 0.8, 0.7])
    # The cost of the step itself is in the loss once, and in no gain.
    expected = ALPHA * NOW + np.log(2) * (gains.mean() - W)
    assert metrics["policy/loss"] == pytest.approx(expected, rel=1e-6)
    assert metrics["value/loss"] == pytest.approx(0.5 * (gains**2).mean(), rel=1e-6)
    assert metrics["high/kl"] == pytest.approx(NOW)
    found = gradients_of(after)
    # log π rises by 1 - ½ with its own logit. The value after the step is no part of any loss.
    np.testing.assert_allclose(found["policy"][0], [-gains.mean() / 2, gains.mean() / 2], rtol=1e-5)
    np.testing.assert_allclose(found["value"][0], [-gains.mean(), 0], rtol=1e-5)


def test_a_huge_ratio_leaves_every_metric_finite():
    """A training ends at the first metric that is not; the update itself clips the ratio."""
    rollout = one_step([0, 0, 0])
    far = rollout._replace(extras={"log_prob": jnp.full((1, 3), -100.0)})
    parameters = {"policy": jnp.zeros(2), "value": VALUES}
    _, metrics = updated(coins, parameters, far)
    assert metrics["policy/clipped"] == 1
    assert {name for name, value in metrics.items() if not np.isfinite(value)} == set()


def gaussian(parameters, targets, rollout, key):
    """N(0, diag σ²) at every observation, without rewards to be had."""
    shape = 2, rollout.is_step.shape[1]
    log_scale = jnp.broadcast_to(parameters["policy"], (*shape, 3))
    policy = DiagonalGaussian(jnp.zeros_like(log_scale), log_scale)
    return Unrolled(policy, jnp.zeros((*shape, 1)), {})


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_the_entropy_bonus_raises_each_log_scale_by_one(weight):
    rollout = one_step(np.ones((4, 3)), reward=0.0)
    log_scale = np.array([-1.0, 0.0, 0.5], np.float32)
    after, metrics = updated(
        gaussian,
        {"policy": log_scale, "value": NO_VALUES},
        rollout,
        weights=(GAMMA, ALPHA, weight),
    )
    np.testing.assert_allclose(gradients_of(after)["policy"][0], -weight, rtol=1e-5)
    entropy = np.sum(log_scale + 0.5 * np.log(2 * np.pi * np.e))
    assert metrics["policy/entropy"] == pytest.approx(entropy, rel=1e-5)
    assert metrics["policy/loss"] == pytest.approx(-weight * entropy, rel=1e-5)


def test_the_gradient_of_each_module_is_clipped_by_itself():
    learner = VTrace(rollout_length=1, max_gradient_norm=0.6)
    rollout = one_step([0, 0, 0])
    parameters = {"policy": jnp.zeros(2), "value": VALUES}
    whole, metrics = updated(coins, parameters, rollout)
    after, reported = updated(coins, parameters, rollout, learner=learner)
    assert metrics["value/gradient"] > 0.6 > metrics["policy/gradient"]
    for name in parameters:
        assert reported[f"{name}/gradient"] == pytest.approx(float(metrics[f"{name}/gradient"]))
    found, expected = gradients_of(after), gradients_of(whole)
    np.testing.assert_allclose(found["policy"][0], expected["policy"][0], rtol=1e-5)
    share = 0.6 / metrics["value/gradient"]
    np.testing.assert_allclose(found["value"][0], share * expected["value"][0], rtol=1e-5)


def moving(parameters, targets, rollout, key):
    """A default policy that moves at each update, and a cost that shows what it is compared with.

    The metric ``high/kl`` is the parameter of the default policy that is compared with the policy.
    """
    shape = 2, rollout.is_step.shape[1]
    compared = jax.lax.stop_gradient({**parameters, **targets})
    cost = jnp.broadcast_to(compared["high_default"], shape)
    distilled = jnp.broadcast_to(parameters["high_default"], shape)
    both = Divergence(cost, distilled, jnp.ones(shape, bool), cost)
    return Unrolled(Categorical(jnp.zeros((*shape, 2))), jnp.zeros((*shape, 1)), {"high": both})


@pytest.mark.parametrize("period", [0, 1, 3])
def test_policies_are_compared_with_copies_that_lag_by_at_most_one_period(period):
    """Present default policies are distilled all the while."""
    learner = VTrace(rollout_length=1, target_period=period)
    modules = learner.init({"high_default": jnp.float32(1.0), "value": NO_VALUES})
    rollout, history = one_step([0, 0]), []
    for number in range(7):
        history.append(float(modules.parameters["high_default"]))
        modules, metrics = step(learner, moving, modules, rollout, Weights(GAMMA, ALPHA, W))
        last_copy = number - number % period if period else number
        assert metrics["high/kl"] == pytest.approx(history[last_copy])
        assert int(modules.updates) == number + 1
        assert bool(modules.targets) == (period > 0)
    # The cost is a constant for the default policy: distillation lowers it at every update.
    np.testing.assert_allclose(np.diff(history), -learner.learning_rate, rtol=1e-3)


def test_copies_begin_as_the_default_policies():
    modules = new(SEPARATE)
    assert set(modules.targets) == {"high_default", "low_default"}
    for name, copy in modules.targets.items():
        jax.tree.map(np.testing.assert_array_equal, copy, modules.parameters[name])
    assert new(LEVERED).targets == {}  # its policies are compared with the present ones
