"""Which parameters each loss of a KL-regularised hierarchy reaches, and which numbers it reads."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import kl_numpy
from agents.kl_rollouts import (
    KEY,
    LEVERED,
    SEPARATE,
    SHARED,
    N,
    Z,
    gradients,
    modules_of,
    rollout_of,
    update,
    without_inputs,
)

REACHED = {
    "log_prob": {"high", "low"},
    "entropy": {"high", "low"},
    "value": {"value"},
    "cost of high": {"high"},
    "distillation of high": {"high_default"},
    "cost of low": {"high", "low"},
    "distillation of low": {"low_default"},
}
"""Names of the modules that the gradient of each part of the losses reaches."""
READ = {
    **REACHED,
    "value": {"high", "value"},
    "cost of high": {"high", "high_default"},
    "distillation of high": {"high", "high_default"},
    "cost of low": {"high", "low", "low_default"},
    "distillation of low": {"high", "low", "low_default"},
}
"""Names of the modules that each part depends on."""


def parts(parameters, rollout):
    """The parts of the losses; policies are compared with present default policies."""
    seen = SEPARATE.unrolled(parameters, {}, rollout, KEY)
    before = jax.tree.map(lambda leaf: leaf[:-1], seen.policy)
    found = {
        "log_prob": before.log_prob(rollout.action),
        "entropy": before.entropy(),
        "value": parameters["value"](seen.judged),
    }
    for level, each in seen.divergences.items():
        found[f"cost of {level}"] = each.of_policy
        found[f"distillation of {level}"] = each.of_default
    return found


@jax.jit
def pulled(parameters, rollout, weights):
    """The parts, and the gradient of their weighted sum."""
    found, pull = jax.vjp(lambda now: parts(now, rollout), parameters)
    return found, pull(weights)[0]


@functools.cache
def found(name=None, moved=None):
    """The parts after a module has moved, and the gradient of one of them."""
    rollout, parameters = rollout_of(SEPARATE), modules_of(SEPARATE).parameters
    if moved is not None:
        parameters = {**parameters, moved: modules_of(SEPARATE, seed=1).parameters[moved]}
    shapes, rng = jax.eval_shape(parts, parameters, rollout), np.random.default_rng(0)
    weights = {
        part: np.float32((part == name) * rng.uniform(0.5, 1.5, shape.shape))
        for part, shape in shapes.items()
    }
    return jax.device_get(pulled(parameters, rollout, weights))


@pytest.mark.parametrize("part", REACHED)
def test_each_part_of_the_losses_reaches_its_own_modules_alone(part):
    slopes = found(part)[1]
    reached = {
        name
        for name, module in slopes.items()
        if any(leaf.any() for leaf in jax.tree.leaves(module))
    }
    assert reached == REACHED[part]


@pytest.mark.parametrize("part", READ)
def test_gradients_are_stopped_where_a_part_depends_on_more(part):
    """So a gradient that were not stopped would be another one."""
    read = {
        name for name in SEPARATE.modules if (found(moved=name)[0][part] != found()[0][part]).any()
    }
    assert read == READ[part]


def test_what_is_distilled_is_the_cost():
    for level in ("high", "low"):
        parts = found()[0]
        np.testing.assert_array_equal(parts[f"cost of {level}"], parts[f"distillation of {level}"])
        assert parts[f"cost of {level}"].max() > 0.1


def test_the_cost_of_the_high_level_is_that_of_its_decisions():
    age = kl_numpy.ages(rollout_of(SEPARATE).extras, rollout_of(SEPARATE).is_step)
    costs = found()[0]["cost of high"]
    np.testing.assert_array_equal(costs > 0, age % SEPARATE.period == 0)
    assert (found()[0]["cost of low"] > 0).all()


def test_steps_that_began_an_episode_leave_no_trace():
    """Nor does the observation behind a termination. That behind a truncation does."""
    rollout, modules = jax.device_get(rollout_of(SEPARATE)), modules_of(SEPARATE)
    is_step, over = rollout.is_step, np.append(rollout.terminated, [[False] * N], axis=0)
    expected = gradients(SEPARATE, modules, rollout)
    log_prob = np.where(is_step, rollout.extras["log_prob"], -3.0)
    other = rollout._replace(
        action=np.where(is_step, rollout.action, 2 - rollout.action),
        reward=np.where(is_step, rollout.reward, 100.0),
        extras={**rollout.extras, "log_prob": log_prob},
    )
    behind = np.roll(over, 1, axis=0)
    jax.tree.map(
        np.testing.assert_array_equal,
        gradients(SEPARATE, modules, shown_otherwise(other, behind)),
        expected,
    )
    cut = np.append(rollout.truncated, [[False] * N], axis=0)
    found = gradients(SEPARATE, modules, shown_otherwise(rollout, np.roll(cut, 1, axis=0)))
    for name in ("high", "low", "value"):
        assert np.abs(found[name][0] - expected[name][0]).max() > 1e-3


def shown_otherwise(rollout, where):
    """The rollout with other observations there."""
    seen = {
        name: np.where(where[..., None], shown + np.float32(2.0), shown)
        for name, shown in rollout.observation.items()
    }
    return rollout._replace(observation=seen)


def test_a_shared_low_level_has_no_divergence_of_its_own():
    rollout, modules = rollout_of(SHARED), modules_of(SHARED)
    seen = jax.eval_shape(lambda: SHARED.unrolled(modules.parameters, {}, rollout, KEY))
    assert set(seen.divergences) == {"high"}
    assert set(modules.parameters) == {"high", "low", "high_default", "value"}


@functools.cache
def flattened():
    """A hierarchy whose latents are N(0, I) and are seen nowhere, nor is the phase."""
    modules = modules_of(LEVERED)
    plain = {"high": jax.tree.map(jnp.zeros_like, modules.parameters["high"])}
    for name in ("low", "low_default", "value"):
        plain[name] = without_inputs(modules.parameters[name], Z + 1)
    return modules._replace(parameters={**modules.parameters, **plain})


def distral(now, kept, rollout):
    """A policy and a default policy without levels, in NumPy."""

    def seen(parameters, name):
        weight, *rest = parameters[name]
        return kl_numpy.network([weight[: -Z - 1], *rest], rollout.observation[name])

    acts = kl_numpy.policy(LEVERED, seen(now, "low"))
    cost = kl_numpy.kl(acts, kl_numpy.policy(LEVERED, seen(kept, "low_default")))
    judged = rollout.observation["value"]
    return kl_numpy.Seen(acts, seen(now, "value")[..., 0], {"low": cost}, judged)


def test_without_latents_it_is_a_policy_with_a_default_policy():
    """Its objective is then that of Distral (Teh et al. 2017)."""
    modules, rollout = flattened(), jax.device_get(rollout_of(LEVERED))
    after, metrics = update(LEVERED, modules, rollout)
    kept = kl_numpy.arrays(modules.parameters)
    targets = kl_numpy.vtrace(LEVERED, rollout, distral(kept, kept, rollout))

    def losses(now):
        distilled = distral(kept, now, rollout).divergences
        seen = distral(now, kept, rollout)
        return kl_numpy.losses(LEVERED, rollout, seen, targets, distilled, LEVERED.entropy)

    assert metrics["policy/loss"] == pytest.approx(losses(kept).policy, rel=1e-4)
    assert metrics["value/loss"] == pytest.approx(losses(kept).value, rel=1e-4)
    assert metrics["low/kl"] == pytest.approx(losses(kept).default, rel=1e-4)
    assert metrics["high/kl"] == 0
    levels = {name: kept[name] for name in ("low", "low_default", "value")}
    slopes = kl_numpy.slopes(lambda now: losses({**kept, **now}).total, levels)
    found = gradients(LEVERED, modules, rollout)
    for name, (weight, *rest) in slopes.items():
        assert not weight[-Z - 1 :].any()
        ours = [found[name][0][: -Z - 1], *found[name][1:]]
        for one, other in zip(ours, [weight[: -Z - 1], *rest], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    jax.tree.map(
        np.testing.assert_array_equal, after.parameters["high"], modules.parameters["high"]
    )


def test_a_low_level_that_begins_as_its_default_policy_has_no_cost():
    modules, rollout = modules_of(LEVERED), rollout_of(LEVERED)
    assert LEVERED.views["low"] == LEVERED.views["low_default"]
    same = {**modules.parameters, "low_default": modules.parameters["low"]}
    metrics = update(LEVERED, modules._replace(parameters=same), rollout)[1]
    assert metrics["low/kl"] == 0
    assert metrics["low_default/gradient"] < 1e-6 < metrics["low/gradient"]
    assert update(LEVERED, modules, rollout)[1]["low/kl"] > 0.1
