"""Agents that learn with Retrace, and their losses in NumPy from their definitions."""

import jax
import numpy as np

from agents import kl_numpy
from agents.kl_rollouts import KEY, LEVERS, SMALL, UNCLIPPED, Z, noise_of, seen_by
from hierax.agents.kl import KL, SVG0, Distral, Retrace

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
