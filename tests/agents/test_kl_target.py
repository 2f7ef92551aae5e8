"""The weight of the divergence is adapted, so that the divergence has the value asked for."""

import dataclasses

import jax
import numpy as np
import pytest

from agents.kl_retrace import AGENTS, LEARNER
from agents.kl_rollouts import SEPARATE, gradients_of, modules_of, rollout_of, update
from agents.kl_windows import GRID, trained
from hierax.agents import KL, Distral, VTrace
from refusals import refuses

TARGET = 1.7


@pytest.mark.parametrize(
    "agent", [SEPARATE, AGENTS["shared"], pytest.param(AGENTS["distral"], marks=pytest.mark.slow)]
)
def test_the_logarithm_of_the_weight_descends_what_is_missing(agent):
    """Its gradient is the target less the divergence of all policies, for each decision."""
    adapted = dataclasses.replace(agent, kl_target=TARGET)
    window, modules = rollout_of(agent), modules_of(agent)
    log_weight = adapted.multipliers
    state = adapted.learner.init({**modules.parameters, **log_weight})._replace(
        targets=modules.targets
    )
    after, metrics = update(adapted, state, window)
    before, plain = update(agent, modules, window)
    paid = [plain[name] for name in ("high/kl", "low/kl", "policy/kl") if name in plain]
    (found,) = gradients_of(after).pop("kl_weight")
    np.testing.assert_allclose(found, TARGET - sum(paid), rtol=1e-5)
    np.testing.assert_allclose(metrics["policy/kl_weight"], agent.kl_weight, rtol=1e-6)
    assert np.sign(after.parameters["kl_weight"] - np.log(agent.kl_weight)) == -np.sign(found)
    for name, leaves in gradients_of(before).items():  # all else learns as with this weight
        for one, other in zip(leaves, gradients_of(after)[name], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("target", [0.3, pytest.param(2.0, marks=pytest.mark.slow)])
def test_the_divergence_comes_to_its_target(target):
    learner = VTrace(rollout_length=4, learning_rate=1e-2)
    agent = KL(
        GRID.spec, default="isotropic", kl_target=target, hidden_sizes=(8,), latent_size=2,
        value_hidden_sizes=(8,), learner=learner, normalise_observations=True,
    )  # fmt: skip
    state, _, _ = trained(agent, GRID, 1_500)
    batch = agent.sample(state, jax.random.key(1))
    _, metrics = update(agent, jax.device_get(state.learner), batch)
    assert metrics["high/kl"] == pytest.approx(target, rel=0.25)
    assert "policy/kl_weight" in metrics


def test_without_a_target_the_weight_is_no_module():
    assert "kl_weight" not in KL(GRID.spec).parts
    assert KL(GRID.spec, kl_target=1.0).parts["kl_weight"].encoders == ()


@pytest.mark.parametrize("kind", [KL, Distral])
def test_refusals(kind):
    refuses(lambda: kind(GRID.spec, kl_target=0.0), "kl_target must be a finite number > 0, got 0")
    refuses(
        lambda: kind(GRID.spec, kl_target=1.0, kl_weight=0.0),
        "kl_weight must be from 1e-06 to 10000 where kl_target adapts it, got 0",
    )


@pytest.mark.parametrize(("target", "bound"), [(1e-6, 1e4), (1e6, 1e-6)])
def test_a_target_out_of_reach_leaves_the_weight_finite(target, bound):
    changes = {"kl_target": target, "learner": dataclasses.replace(LEARNER, learning_rate=30.0)}
    agent = dataclasses.replace(AGENTS["shared"], **changes)
    window, modules = rollout_of(AGENTS["shared"]), modules_of(AGENTS["shared"])
    state = agent.learner.init({**modules.parameters, **agent.multipliers})
    after, _ = update(agent, state, window)
    assert np.exp(after.parameters["kl_weight"]) == pytest.approx(bound, rel=1e-5)
