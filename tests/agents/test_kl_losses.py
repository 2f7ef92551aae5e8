"""Updates of all agents made of modules, with both learners, against their losses in NumPy."""

import jax
import numpy as np
import pytest

from agents import kl_numpy, kl_retrace
from agents.kl_losses import differences, losses_of, updated
from agents.kl_rollouts import (
    FLAT,
    FLAT_LEVERED,
    LEVERED,
    SEPARATE,
    SHARED,
    gradients_of,
    seen_by,
)

AGENTS = {
    "separate": SEPARATE,
    "shared": SHARED,
    "continuous": LEVERED,
    "flat": FLAT,
    "flat, continuous": FLAT_LEVERED,
}
BY_RETRACE = {f"retrace: {name}": agent for name, agent in kl_retrace.AGENTS.items()}
each_of_vtrace = pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS)
each_agent = pytest.mark.parametrize(
    "agent", [*AGENTS.values(), *BY_RETRACE.values()], ids=[*AGENTS, *BY_RETRACE]
)


@each_agent
def test_gradients_are_those_of_the_equations(agent):
    """Each module has its own loss, and no gradient passes where one is stopped."""
    found, expected = gradients_of(updated(agent)[2]), differences(agent)
    assert set(found) == set(expected)
    for module, leaves in expected.items():
        for one, other in zip(found[module], leaves, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
            assert np.abs(other).max() > 1e-3


@each_agent
def test_losses_are_those_of_the_equations(agent):
    modules, rollout, _, metrics = updated(agent)
    expected = losses_of(agent, modules, rollout)(kl_numpy.arrays(modules.parameters))
    for loss in ("policy", "value"):
        assert metrics[f"{loss}/loss"] == pytest.approx(getattr(expected, loss), rel=1e-4)


@each_agent
def test_an_update_is_a_step_of_adam_for_each_module(agent):
    modules, _, after, metrics = updated(agent)
    assert after.updates == 1
    for module, leaves in differences(agent).items():
        rate = agent.learner.rate_of(module)
        norm = np.sqrt(sum((leaf**2).sum() for leaf in leaves))
        assert metrics[f"{module}/gradient"] == pytest.approx(norm, rel=1e-3)
        before, later = (
            jax.tree.leaves(each.parameters[module]) for each in (modules, after)
        )  # fmt: skip
        for old, new, slope in zip(before, later, leaves, strict=True):
            certain = np.abs(slope) > 1e-4
            np.testing.assert_allclose(
                (new - old)[certain], -rate * np.sign(slope)[certain], rtol=1e-2
            )


@each_of_vtrace
def test_metrics_are_means_over_the_steps_that_were_made(agent):
    modules, rollout, _, metrics = updated(agent)
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


@pytest.mark.parametrize("agent", [SEPARATE, LEVERED, kl_retrace.AGENTS["separate"]])
def test_default_policies_come_closer_to_the_policies_in_one_update(agent):
    """The paper prints the other sign."""
    modules, rollout, after, _ = updated(agent)
    losses = losses_of(agent, modules, rollout)
    before, later = (kl_numpy.arrays(each.parameters) for each in (modules, after))
    moved = {each: later[each] for each in later if each.endswith("default")}
    assert losses({**before, **moved}).default < losses(before).default - 1e-3
