"""SVG(0) with Retrace: what its update routes where, copies, and refuses."""

import dataclasses

import jax
import numpy as np
import pytest

from agents import kl_numpy
from agents.kl_losses import updated
from agents.kl_retrace import AGENTS, LEARNER, expected_value
from agents.kl_rollouts import BUTTONS, gradients_of, seen_by, update
from hierax.agents.kl import KL, SVG0, Retrace
from refusals import refuses

each_agent = pytest.mark.parametrize("name", AGENTS)


def test_a_critic_through_which_the_high_level_learns_gives_another_gradient():
    agent = AGENTS["separate"]
    modules, window, after, _ = updated(agent)
    kept = kl_numpy.arrays(modules.parameters)
    targets = {**kept, **kl_numpy.arrays(modules.targets)}
    is_step = np.asarray(window.is_step)

    def policy(now):
        seen = seen_by(agent, now, now, window, targets)  # its latents are seen by the critic
        taken = tuple(part[:-1] for part in seen.policy)
        value = expected_value(targets, seen, seen.judged)[:-1]
        cost = kl_numpy.costs(agent, seen)[:-1]
        return (cost - value - agent.entropy * kl_numpy.entropy(taken))[is_step].mean()

    leaked = kl_numpy.slopes(policy, {"high": kept["high"]} | kept)["high"]
    found = gradients_of(after)["high"]
    assert any(np.abs(a - b).max() > 1e-2 for a, b in zip(leaked, found, strict=True))


@each_agent
def test_targets_are_copies_of_value_and_default_policies(name):
    agent = AGENTS[name]
    modules, window, after, _ = updated(agent)
    expected = {n for n in modules.parameters if n == "value" or n.endswith("default")}
    assert set(modules.targets) == expected
    later, _ = update(agent, after, window)
    for module in expected:
        old, kept, new = (
            jax.tree.leaves(tree)
            for tree in (modules.targets[module], after.targets[module], later.targets[module])
        )
        present = jax.tree.leaves(later.parameters[module])
        for leaves in zip(old, kept, new, present, strict=True):
            np.testing.assert_array_equal(leaves[0], leaves[1])  # after one update of two
            np.testing.assert_array_equal(leaves[2], leaves[3])  # after the second one


def test_value_and_policies_have_rates_of_their_own():
    rates = {name: LEARNER.rate_of(name) for name in ("high", "low_default", "value")}
    assert rates == {"high": 3e-4, "low_default": 3e-4, "value": 1e-3}


def test_metrics_are_of_the_actor():
    *_, metrics = updated(AGENTS["separate"])
    assert {"low/ratio", "low/clipped", "low/entropy", "low/kl", "high/kl"} <= set(metrics)
    assert 0.2 < metrics["low/clipped"] < 0.8
    assert all(np.isfinite(value) for value in metrics.values())


def test_discrete_actions_are_refused():
    refuses(
        lambda: KL(BUTTONS, learner=Retrace()),
        "learner must be VTrace for discrete actions, got Retrace and Buttons-v0 with 3 actions",
    )
    refuses(
        lambda: SVG0(BUTTONS),
        "SVG0 needs continuous actions, got Buttons-v0 with 3 discrete actions",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"window_length": 0}, "window_length must be an integer >= 1, got 0"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"target_period": 0}, "target_period must be an integer >= 1, got 0"),
        ({"action_samples": 1.5}, "action_samples must be an integer >= 1, got 1.5"),
        ({"learning_starts": -1}, "learning_starts must be an integer >= 0, got -1"),
        ({"updates_per_step": 0}, "updates_per_step must be a finite number > 0, got 0"),
        ({"value_learning_rate": -1.0}, "value_learning_rate must be a finite number > 0, got -1"),
        ({"max_gradient_norm": 0.0}, "max_gradient_norm must be a finite number > 0, got 0"),
        ({"trace_decay": 1.5}, "trace_decay must be in [0, 1], got 1.5"),
    ],
)
def test_numbers_that_are_not_allowed_are_refused(changes, told):
    refuses(lambda: dataclasses.replace(LEARNER, **changes), told)
