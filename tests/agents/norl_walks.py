"""NORL on the plane of `goal_walks`, which here has views of the time and of noise as well."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from agents import goal_walks, in_numpy
from agents.goal_walks import GOAL, SMALL, A
from hierax.agents import NORL
from hierax.agents.goal_conditioned.representations import Trajectories
from hierax.spec import Continuous, View, WorldSpec

VIEWS = (*goal_walks.VIEWS, View("time", (1,)), View("noise", (2,)))
PLANE = WorldSpec("Plane-v0", VIEWS, Continuous(A), 50, goal=GOAL, nuisance=("noise",))
SEEN_BY_F = ("position", "body", "noise")
SEEN_BELOW = ("position", "body", "time", "noise")
"""Views of f and of the low level: all but the world's goal, and the time for the latter alone."""


def agent_of(**changes):
    """An agent with these settings."""
    settings = {
        **SMALL,
        "representation_hidden_sizes": (8,),
        "low_updates": 2,
        "hindsight": 0.0,
        **changes,
    }
    return NORL(PLANE, **settings)


def views_of(observation, n, names):
    """The views of one environment side by side."""
    return np.concatenate([observation[name][n] for name in names])


def mapped(space, features):
    """f, in NumPy."""
    return in_numpy.network(space.parameters.place, np.asarray(features))


def places(space, features):
    """m, in NumPy."""
    return (mapped(space, features) - np.asarray(space.mean)) / spread(space)


def spread(space):
    """The standard deviation of f, in NumPy."""
    return np.maximum(np.sqrt(np.asarray(space.variance)), 1e-4)


def huber(x):
    """The published function, with κ = 0.1."""
    size = abs(x)
    return (size**2 / 2 if size <= 0.1 else 0.1 * (size - 0.05)) / 0.1


def apart(difference):
    """D in NumPy."""
    return 2 * np.vectorize(huber)(difference).sum(axis=-1)


def linearly_moved(mlp, slope, shift):
    """The network x → mlp(x) slope + shift."""
    *hidden, last = mlp.layers
    weight, bias = (np.asarray(leaf) @ np.asarray(slope) for leaf in (last.weight, last.bias))
    weight, bias = (jnp.asarray(leaf, jnp.float32) for leaf in (weight, bias + shift))
    last = eqx.tree_at(lambda layer: (layer.weight, layer.bias), last, (weight, bias))
    return eqx.tree_at(lambda each: each.layers, mlp, (*hidden, last))


def trajectories_of(features, length, action=None):
    """Decisions of these lengths; what follows the last step is its observation, repeated."""
    count = len(features) - 1
    rows = np.minimum(np.arange(count + 1)[:, None], length)
    features = np.take_along_axis(np.asarray(features), rows[..., None], axis=0)
    action = np.zeros((count, len(length), A)) if action is None else action
    is_step = np.arange(count)[:, None] < length
    return Trajectories(
        jnp.asarray(features, jnp.float32), jnp.asarray(action, jnp.float32), jnp.asarray(is_step)
    )
