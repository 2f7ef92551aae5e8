"""The losses of KL-regularised hierarchies once more, in NumPy and from their definitions.

Where the agent stops a gradient, a function here takes two sets of parameters: ``now``, which
differences are taken of, and ``kept``, which has the same numbers. Parameters are a list of weights
and biases for each module, with 64 bits.
"""

from typing import NamedTuple

import jax
import numpy as np

from hierax.spec import Discrete

LOG_2PI = np.log(2 * np.pi)


class Losses(NamedTuple):
    """Equations 22 with 23 and 25, 23 for the default policies, and 24."""

    policy: np.floating
    default: np.floating
    value: np.floating

    @property
    def total(self):
        return self.policy + self.default + self.value


class Seen(NamedTuple):
    """A rollout and what an agent does at each of its observations, ``(T + 1, N)``.

    Attributes:
        policy: of actions: logits, or mean and standard deviation.
        value: V; None where the value is Q of an action.
        divergences: KL from each default policy by its name; 0 where nothing is decided.
        judged: what the value sees.
    """

    policy: tuple
    value: np.ndarray | None
    divergences: dict
    judged: np.ndarray


def arrays(parameters):
    """Weights and biases of each module, the first layer first."""
    return {
        name: [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(module)]
        for name, module in parameters.items()
    }


def network(layers, x):
    """A multi-layer perceptron with ELU."""
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        x = x @ weight + bias
        x = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    return x @ layers[-2] + layers[-1]


def gaussian(output):
    """Mean and standard deviation of latents."""
    mean, free = np.split(output, 2, axis=-1)
    bound = np.where(free < 0, 5, 2)
    return mean, np.exp(bound * np.tanh(free / bound))


def policy(agent, output):
    """Logits, or mean and standard deviation of actions."""
    if isinstance(agent.spec.action, Discrete):
        return (output,)
    mean, free = np.split(output, 2, axis=-1)
    least, most = agent.action_scales
    return np.tanh(mean), least + (most - least) / (1 + np.exp(-free))


def log_prob(policy, action):
    """Log-probability, or log-density, of actions."""
    if len(policy) == 1:
        return np.take_along_axis(_log_softmax(*policy), action[..., None], axis=-1)[..., 0]
    mean, scale = policy
    return -(0.5 * ((action - mean) / scale) ** 2 + np.log(scale) + 0.5 * LOG_2PI).sum(axis=-1)


def entropy(policy):
    if len(policy) == 1:
        log_probs = _log_softmax(*policy)
        return -(np.exp(log_probs) * log_probs).sum(axis=-1)
    return (np.log(policy[1]) + 0.5 + 0.5 * LOG_2PI).sum(axis=-1)


def kl(p, q):
    """KL(p ‖ q) of two policies of the same kind."""
    if len(p) == 1:
        one, other = _log_softmax(*p), _log_softmax(*q)
        return (np.exp(one) * (one - other)).sum(axis=-1)
    (m, s), (n, t) = p, q
    return (np.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5).sum(axis=-1)


def ages(extras, is_step):
    """``(T + 1, N)``: steps since the beginning of the episode."""
    age = [np.asarray(extras["age"][0])]
    for row in np.asarray(is_step):
        age.append(np.where(row, age[-1] + 1, 0))
    return np.array(age)


def latents(age, period, drawn, first, first_previous):
    """z and z' at each observation, one step after the other."""
    z, before, rows = first, first_previous, []
    for t, row in enumerate(age):
        decides, begins = (row % period == 0)[:, None], (row == 0)[:, None]
        if t > 0:
            before = np.where(decides, z, before)
        before = np.where(begins, 0.0, before)
        z = np.where(decides, drawn[t], z)
        rows.append((z, before))
    held, previous = zip(*rows, strict=True)
    return np.array(held), np.array(previous)


def default(agent, layers, previous, age):
    """Mean and standard deviation of latents of the default policy."""
    begins = (age == 0)[..., None]
    if agent.default == "learned":
        return gaussian(network(layers, np.where(begins, 0.0, previous)))
    kappa = agent.default_correlation if agent.default == "ar1" else 0.0
    scale = np.where(begins, 1.0, np.sqrt(1 - kappa**2))
    return np.where(begins, 0.0, kappa * previous), np.broadcast_to(scale, previous.shape)


def seen(agent, now, kept, defaults, rollout, noise):
    """The agent `KL` at the observations of a rollout.

    Args:
        agent: the agent.
        now: parameters that gradients are taken of.
        kept: the same parameters, behind every stopped gradient.
        defaults: parameters of the default policies that policies are compared with.
        rollout: of the agent.
        noise: ε of all latents.
    """
    views, extras = rollout.observation, rollout.extras
    age = ages(extras, rollout.is_step)

    def held(parameters):
        mean, scale = gaussian(network(parameters["high"], views["high"]))
        drawn = mean + scale * noise
        first = np.asarray(extras["latent"][0]), np.asarray(extras["previous"][0])
        return (mean, scale), *latents(age, agent.period, drawn, *first)

    def inputs(name, z):
        parts = [views[name], z]
        if agent.period > 1:
            parts.append((age % agent.period / agent.period)[..., None])
        return np.concatenate(parts, axis=-1)

    def below(parameters, name, z):
        return network(parameters[name], inputs(name, z))

    high, z, previous = held(now)
    judged = inputs("value", held(kept)[1])
    value = None if agent.learner.judges_actions else network(now["value"], judged)[..., 0]
    low = policy(agent, below(now, "low", z))
    costs = {"high": kl(high, default(agent, defaults["high_default"], previous, age))}
    costs["high"] = np.where(age % agent.period == 0, costs["high"], 0.0)
    if agent.low_level == "separate":
        costs["low"] = kl(low, policy(agent, below(defaults, "low_default", z)))
    return Seen(low, value, costs, judged)


def distilled(agent, now, kept, rollout, noise):
    """KL from the present default policies; gradients are for these alone."""
    return seen(agent, kept, kept, now, rollout, noise).divergences


def flat(agent, now, rollout):
    """An agent without levels at the observations of a rollout."""
    views = rollout.observation
    acts, judged = policy(agent, network(now["policy"], views["policy"])), views["value"]
    value = None if agent.learner.judges_actions else network(now["value"], judged)[..., 0]
    return Seen(acts, value, {}, judged)


def distral(agent, now, defaults, rollout):
    """The agent `Distral` at the observations of a rollout, beside these default policies."""
    policy_now, _ = _both(agent, now, rollout)
    _, target = _both(agent, defaults, rollout)
    judged = rollout.observation["value"]
    value = None if agent.learner.judges_actions else network(now["value"], judged)[..., 0]
    return Seen(policy_now, value, {"policy": kl(policy_now, target)}, judged)


def distral_distilled(agent, now, kept, rollout):
    """The loss of the default policy at each observation; the policy is a constant."""
    _, default = _both(agent, now, rollout)
    return {"policy": agent.distillation * kl(_both(agent, kept, rollout)[0], default)}


def _both(agent, parameters, rollout):
    """Policy and default policy."""
    views = rollout.observation
    default = network(parameters["policy_default"], views["policy_default"])
    if agent.default == "shared":
        own, default = np.split(default, 2, axis=-1)
    else:
        own = network(parameters["policy"], views["policy"])
    if agent.default == "two_columns":
        own = own + default
    return policy(agent, own), policy(agent, default)


def costs(agent, seen):
    """α KL at each observation."""
    zeros = np.zeros(seen.judged.shape[:2])
    return getattr(agent, "kl_weight", 0.0) * sum(seen.divergences.values(), zeros)


def losses(agent, rollout, now, targets, distilled, weight):
    """Equations 22 to 25, as means over all steps that were made.

    Args:
        agent: the agent.
        rollout: of the agent.
        now: what is `seen` with gradients.
        targets: of `vtrace`, from what is `seen` without gradients.
        distilled: KL from the present default policies.
        weight: w of the entropy.
    """
    is_step, (target, advantage) = np.asarray(rollout.is_step), targets
    taken = tuple(part[:-1] for part in now.policy)
    gain = advantage * log_prob(taken, np.asarray(rollout.action)) + weight * entropy(taken)
    return Losses(
        policy=(costs(agent, now)[:-1] - gain)[is_step].mean(),
        default=sum((each[:-1][is_step].mean() for each in distilled.values()), np.float64(0.0)),
        value=(0.5 * (target - now.value[:-1]) ** 2)[is_step].mean(),
    )


def vtrace(agent, rollout, seen):
    """Equation 21 as a sum for each step, and δv of equation 22; episodes end the sum."""
    value, cost = seen.value, costs(agent, seen)
    taken = tuple(part[:-1] for part in seen.policy)
    behaviour = np.asarray(rollout.extras["log_prob"])
    ratio = np.exp(log_prob(taken, np.asarray(rollout.action)) - behaviour)
    learner, gamma = agent.learner, agent.discount
    steps, count = ratio.shape
    rho, c = np.minimum(learner.clip_ratio, ratio), np.minimum(learner.clip_trace, ratio)
    reward, over = np.asarray(rollout.reward), np.asarray(rollout.terminated)
    cut, is_step = np.asarray(rollout.truncated), np.asarray(rollout.is_step)
    follows = np.where(over, 0.0, value[1:] - cost[1:])
    delta = rho * (reward + gamma * follows - value[:-1])
    target, advantage = np.zeros((2, steps, count))
    for n in range(count):
        for s in np.flatnonzero(is_step[:, n]):
            total, weight = value[s, n], 1.0
            for t in range(s, steps):
                total += weight * delta[t, n]
                if over[t, n] or cut[t, n]:
                    break
                weight *= gamma * c[t, n]
            target[s, n] = total
        for s in np.flatnonzero(is_step[:, n]):
            goes_on = s + 1 < steps and not over[s, n] and not cut[s, n]
            after = target[s + 1, n] if goes_on else value[s + 1, n]
            following = 0.0 if over[s, n] else after - cost[s + 1, n]
            advantage[s, n] = rho[s, n] * (reward[s, n] + gamma * following - value[s, n])
    return target, advantage


def slopes(function, parameters, step=1e-5):
    """Central differences of a function of these parameters, for each module by its name."""
    found = {name: [np.zeros_like(leaf) for leaf in leaves] for name, leaves in parameters.items()}
    for name, leaves in parameters.items():
        for number, leaf in enumerate(leaves):
            for index in np.ndindex(leaf.shape):
                moved = []
                for change in (step, -step):
                    other = leaf.copy()
                    other[index] += change
                    replaced = [*leaves[:number], other, *leaves[number + 1 :]]
                    moved.append(function({**parameters, name: replaced}))
                found[name][number][index] = (moved[0] - moved[1]) / (2 * step)
    return found


def _log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
