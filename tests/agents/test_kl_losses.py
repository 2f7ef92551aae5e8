"""Updates of KL-regularised hierarchies and of IMPALA against their losses in NumPy."""

import functools

import jax
import numpy as np
import pytest

from agents import kl_numpy
from agents.kl_rollouts import (
    FLAT,
    FLAT_LEVERED,
    LEVERED,
    SEPARATE,
    SHARED,
    gradients_of,
    losses_of,
    modules_of,
    rollout_of,
    seen_by,
    update,
)

AGENTS = {
    "separate": SEPARATE,
    "shared": SHARED,
    "continuous": LEVERED,
    "flat": FLAT,
    "flat, continuous": FLAT_LEVERED,
}
each_agent = pytest.mark.parametrize("name", AGENTS)
RATE = 2e-3


@functools.cache
def updated(name):
    """Agent, modules, rollout, modules after the update, and metrics."""
    agent = AGENTS[name]
    modules, rollout = jax.device_get((modules_of(agent), rollout_of(agent)))
    return agent, modules, rollout, *update(agent, modules, rollout)


@functools.cache
def differences(name):
    """The gradients of all losses in NumPy."""
    agent, modules, rollout, *_ = updated(name)
    losses = losses_of(agent, modules, rollout)
    return kl_numpy.slopes(lambda now: losses(now).total, kl_numpy.arrays(modules.parameters))


@each_agent
def test_gradients_are_those_of_the_equations(name):
    """Each module has its own loss, and no gradient passes where one is stopped."""
    after = updated(name)[3]
    found, expected = gradients_of(after), differences(name)
    assert set(found) == set(expected)
    for module, leaves in expected.items():
        for one, other in zip(found[module], leaves, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
            assert np.abs(other).max() > 1e-3


@each_agent
def test_losses_are_those_of_the_equations(name):
    agent, modules, rollout, _, metrics = updated(name)
    expected = losses_of(agent, modules, rollout)(kl_numpy.arrays(modules.parameters))
    for loss in ("policy", "value"):
        assert metrics[f"{loss}/loss"] == pytest.approx(getattr(expected, loss), rel=1e-4)


@each_agent
def test_an_update_is_a_step_of_adam_for_each_module(name):
    _, modules, _, after, metrics = updated(name)
    assert after.updates == 1
    for module, leaves in differences(name).items():
        norm = np.sqrt(sum((leaf**2).sum() for leaf in leaves))
        assert metrics[f"{module}/gradient"] == pytest.approx(norm, rel=1e-3)
        before, later = (
            jax.tree.leaves(each.parameters[module]) for each in (modules, after)
        )  # fmt: skip
        for old, new, slope in zip(before, later, leaves, strict=True):
            certain = np.abs(slope) > 1e-4
            np.testing.assert_allclose(
                (new - old)[certain], -RATE * np.sign(slope)[certain], rtol=1e-2
            )


@each_agent
def test_metrics_are_means_over_the_steps_that_were_made(name):
    agent, modules, rollout, _, metrics = updated(name)
    kept, is_step = kl_numpy.arrays(modules.parameters), rollout.is_step
    defaults = {**kept, **kl_numpy.arrays(modules.targets)}
    seen = seen_by(agent, kept, kept, rollout, defaults)
    taken = tuple(part[:-1] for part in seen.policy)
    assert metrics[f"{agent.actors[0]}/entropy"] == pytest.approx(
        kl_numpy.entropy(taken)[is_step].mean(), rel=1e-4
    )
    ratio = np.exp(kl_numpy.log_prob(taken, rollout.action) - rollout.extras["log_prob"])[is_step]
    assert metrics[f"{agent.actors[0]}/ratio"] == pytest.approx(ratio.mean(), rel=1e-4)
    clipped = (ratio > agent.learner.clip_ratio).mean()
    assert 0.1 < clipped < 0.9
    assert metrics[f"{agent.actors[0]}/clipped"] == pytest.approx(clipped, abs=1e-6)
    target = kl_numpy.vtrace(agent, rollout, seen)[0]
    error, target = (target - seen.value[:-1])[is_step], target[is_step]
    explained = 1 - error.var() / target.var()
    assert metrics["value/explained_variance"] == pytest.approx(explained, rel=1e-3, abs=1e-4)
    assert {key for key in metrics if key.endswith("/kl")} == {
        f"{level}/kl" for level in seen.divergences
    }
    for level, cost in seen.divergences.items():
        decides = is_step
        if level == "high":
            age = kl_numpy.ages(rollout.extras, is_step)[:-1]
            decides = is_step & (age % agent.period == 0)
        assert metrics[f"{level}/kl"] == pytest.approx(cost[:-1][decides].mean(), rel=1e-4)


@pytest.mark.parametrize("name", ["separate", "continuous"])
def test_default_policies_come_closer_to_the_policies_in_one_update(name):
    """The paper prints the other sign."""
    agent, modules, rollout, after, _ = updated(name)
    losses = losses_of(agent, modules, rollout)
    before, later = (kl_numpy.arrays(each.parameters) for each in (modules, after))
    moved = {each: later[each] for each in later if each.endswith("default")}
    assert losses({**before, **moved}).default < losses(before).default - 1e-3
