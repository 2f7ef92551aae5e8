"""Networks and densities once more, in NumPy and from their definitions."""

import jax
import numpy as np


def network(mlp, x):
    """An `MLP` with ReLU."""
    for layer in mlp.layers[:-1]:
        x = np.maximum(x @ np.asarray(layer.weight) + np.asarray(layer.bias), 0)
    last = mlp.layers[-1]
    return x @ np.asarray(last.weight) + np.asarray(last.bias)


def values(critics, observation, action):
    """(2, B) of two critics."""
    pair = np.concatenate([observation, action], axis=1)
    each = (jax.tree.map(lambda leaf, j=j: np.asarray(leaf)[j], critics) for j in (0, 1))
    return np.stack([network(critic, pair)[:, 0] for critic in each])


def squashed(output, noise, log_scales):
    """Action and log-density of a squashed Gaussian, from the output of an actor."""
    mean, log_scale = np.split(output, 2, axis=1)
    scale = np.exp(np.clip(log_scale, *log_scales))
    action = np.tanh(mean + scale * noise)
    normal = np.exp(-0.5 * noise**2) / (scale * np.sqrt(2 * np.pi))
    return action, np.log(normal / (1 - action**2)).sum(axis=1)


def batch(seed, size, observation_size, action_size, discount):
    """The fields of a random `Batch`, a third of whose steps are last ones."""
    rng = np.random.default_rng(seed)
    over = rng.random(size) < 1 / 3
    return (
        rng.normal(size=(size, observation_size)),
        rng.uniform(-1, 1, (size, action_size)),
        rng.normal(size=size),
        np.where(over, 0.0, discount),
        rng.normal(size=(size, observation_size)),
    )
