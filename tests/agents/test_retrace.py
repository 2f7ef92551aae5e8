"""Updates by SVG(0) with Retrace against their losses in NumPy, and what they learn."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from agents import kl_numpy
from agents.kl_rollouts import (
    BUTTONS,
    KEY,
    LEVERS,
    SMALL,
    UNCLIPPED,
    Z,
    gradients_of,
    modules_of,
    noise_of,
    rollout_of,
    seen_by,
    update,
)
from hierax.agents.kl import KL, SVG0, Distral, Retrace
from refusals import refuses

SAMPLES = 3
LEARNER = Retrace(
    window_length=8, batch_size=6, max_gradient_norm=UNCLIPPED, trace_decay=0.9,
    action_samples=SAMPLES, target_period=2,
)  # fmt: skip
AGENTS = {
    "separate": KL(
        LEVERS, learner=LEARNER, period=3, latent_size=Z, low_level="separate", default="learned",
        default_hidden_sizes=(3,), kl_weight=0.7, entropy=0.3, low_default_views=("task",), **SMALL,
    ),
    "shared": KL(
        LEVERS, learner=LEARNER, period=2, latent_size=Z, kl_weight=0.5, entropy=0.2,
        value_views=("task",), **SMALL,
    ),
    "distral": Distral(
        LEVERS, learner=LEARNER, kl_weight=0.6, distillation=0.7, entropy=0.2,
        policy_default_views=("body",), **SMALL,
    ),
    "distral, shared": Distral(
        LEVERS, learner=LEARNER, kl_weight=0.6, distillation=0.7, default="shared", **SMALL
    ),
    "distral, two columns": Distral(
        LEVERS, learner=LEARNER, kl_weight=0.4, distillation=1.5, default="two_columns", **SMALL
    ),
    "flat": SVG0(LEVERS, learner=LEARNER, entropy=0.1, policy_views=("body",), **SMALL),
}  # fmt: skip
each_agent = pytest.mark.parametrize("name", AGENTS)


def actions(policy):
    """The actions of the update at each observation, ``(M, T + 1, N, A)``."""
    _, key = jax.random.split(KEY)
    keys = jax.random.split(key, SAMPLES)
    mean, scale = policy
    noise = jax.vmap(lambda each: jax.random.normal(each, mean.shape))(keys)
    return mean + scale * np.asarray(noise)


def judgement(layers, judged, action):
    """Q of actions, which are clipped to the box."""
    inputs = np.concatenate([judged, np.clip(action, -1, 1)], axis=-1)
    return kl_numpy.network(layers, inputs)[..., 0]


def expected_value(targets, seen, judged):
    """V, the mean of Q over actions of the policy; the critic sees ``judged``."""
    each = [judgement(targets["value"], judged, action) for action in actions(seen.policy)]
    return np.mean(each, axis=0)


def retrace(agent, window, seen, targets):
    """Equation 19 as a sum for each step; episodes end the sum."""
    value, cost = expected_value(targets, seen, seen.judged), kl_numpy.costs(agent, seen)
    action_value = judgement(targets["value"], seen.judged[:-1], np.asarray(window.action))
    taken = tuple(part[:-1] for part in seen.policy)
    log_ratio = kl_numpy.log_prob(taken, np.asarray(window.action)) - window.extras["log_prob"]
    trace = agent.learner.trace_decay * np.minimum(1, np.exp(log_ratio))
    over, cut = np.asarray(window.terminated), np.asarray(window.truncated)
    follows = np.where(over, 0, value[1:] - cost[1:])
    error = window.reward + agent.discount * follows - action_value
    target = action_value.copy()
    steps, count = error.shape
    for n in range(count):
        for t in range(steps):
            weight = 1.0
            for s in range(t, steps):
                target[t, n] += weight * error[s, n]
                if over[s, n] or cut[s, n] or s + 1 == steps:
                    break
                weight *= agent.discount * trace[s + 1, n]
    return target


def losses_of(agent, modules, window):
    """The losses of an update in NumPy, as a function of the parameters that it is to change."""
    kept = kl_numpy.arrays(modules.parameters)
    targets = {**kept, **kl_numpy.arrays(modules.targets)}
    before = seen_by(agent, kept, kept, window, targets)
    target, is_step = retrace(agent, window, before, targets), np.asarray(window.is_step)

    def losses(now):
        seen, distilled = seen_by(agent, now, kept, window, targets), {}
        if isinstance(agent, KL):
            distilled = kl_numpy.distilled(agent, now, kept, window, noise_of(window))
        if isinstance(agent, Distral):
            distilled = kl_numpy.distral_distilled(agent, now, kept, window)
        taken = tuple(part[:-1] for part in seen.policy)
        cost, value = kl_numpy.costs(agent, seen), expected_value(targets, seen, before.judged)
        told = judgement(now["value"], before.judged[:-1], np.asarray(window.action))
        objective = value[:-1] - cost[:-1] + agent.entropy * kl_numpy.entropy(taken)
        return kl_numpy.Losses(
            policy=-objective[is_step].mean(),
            default=sum(
                (each[:-1][is_step].mean() for each in distilled.values()), np.float64(0.0)
            ),
            value=(0.5 * (target - told) ** 2)[is_step].mean(),
        )

    return losses


@functools.cache
def updated(name):
    """Agent, modules, window, modules after the update, and metrics."""
    agent = AGENTS[name]
    modules, window = jax.device_get((modules_of(agent), rollout_of(agent)))
    return agent, modules, window, *update(agent, modules, window)


@functools.cache
def differences(name):
    """The gradients of all losses in NumPy."""
    agent, modules, window, *_ = updated(name)
    losses = losses_of(agent, modules, window)
    return kl_numpy.slopes(lambda now: losses(now).total, kl_numpy.arrays(modules.parameters))


@each_agent
def test_losses_are_those_of_the_equations(name):
    agent, modules, window, _, metrics = updated(name)
    expected = losses_of(agent, modules, window)(kl_numpy.arrays(modules.parameters))
    for loss in ("policy", "value"):
        assert metrics[f"{loss}/loss"] == pytest.approx(getattr(expected, loss), rel=1e-4)


@each_agent
def test_gradients_are_those_of_the_equations(name):
    """Each module has its own loss; the critic's latent is a constant, the low level's is not."""
    found, expected = gradients_of(updated(name)[3]), differences(name)
    assert set(found) == set(expected)
    for module, leaves in expected.items():
        for one, other in zip(found[module], leaves, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-5)
            assert np.abs(other).max() > 1e-4


def test_a_critic_through_which_the_high_level_learns_gives_another_gradient():
    agent, modules, window, after, _ = updated("separate")
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
    agent, modules, window, after, _ = updated(name)
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
    _, modules, _, after, _ = updated("flat")
    for module, rate in (("policy", LEARNER.learning_rate), ("value", LEARNER.value_learning_rate)):
        before, later = (
            jax.tree.leaves(each.parameters[module])[0] for each in (modules, after)
        )  # fmt: skip
        slope = differences("flat")[module][0]
        certain = np.abs(slope) > 1e-3
        np.testing.assert_allclose(
            (later - before)[certain], -rate * np.sign(slope)[certain], rtol=2e-2
        )


def test_metrics_are_of_the_actor():
    *_, metrics = updated("separate")
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
