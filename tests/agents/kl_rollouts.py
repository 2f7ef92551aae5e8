"""Agents on worlds that exist on paper, and rollouts of them in which episodes end.

Compilation is most of the time of these tests. So agents are few, their networks small, and their
rollouts have one shape.
"""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from agents import kl_numpy
from hierax.agents import Transition
from hierax.agents.kl import IMPALA, KL, Distral, VTrace
from hierax.spec import Continuous, Discrete, View, WorldSpec

T, N, Z = 8, 6, 2
"""Steps and environments of a rollout, and numbers of a latent."""
VIEWS = (View("task", (2,)), View("body", (3,)))
BUTTONS = WorldSpec("Buttons-v0", VIEWS, Discrete(3), 50)
LEVERS = WorldSpec("Levers-v0", VIEWS, Continuous(2), 50)
KEY = jax.random.key(7)
UNCLIPPED = 1e9
"""A norm that no gradient has."""
SMALL = {"hidden_sizes": (3,), "value_hidden_sizes": (3, 2)}

_update = jax.jit(lambda agent, *given: agent.update(*given), static_argnums=0)


def hierarchy(spec=BUTTONS, *, learner=None, **changes):
    """An agent of two levels, whose latents are those of acting and whose gradients are whole."""
    settings = {**SMALL, "default_hidden_sizes": (3,), "latent_size": Z, "latents": "stored"}
    return KL(spec, learner=learner_of(**(learner or {})), **{**settings, **changes})


def flat(spec=BUTTONS, *, learner=None, **changes):
    """An agent without levels, whose gradients are whole."""
    return IMPALA(spec, learner=learner_of(**(learner or {})), **{**SMALL, **changes})


def learner_of(**changes):
    return VTrace(**{"rollout_length": T, "max_gradient_norm": UNCLIPPED, **changes})


SEPARATE = hierarchy(
    period=3, low_level="separate", default="learned", kl_weight=0.7, entropy=0.3,
    low_default_views=("task",), value_views=("body", "task"),
    learner={"clip_ratio": 1.3, "clip_trace": 0.8, "target_period": 2},
)  # fmt: skip
SHARED = hierarchy(period=1, default_correlation=0.8, kl_weight=0.5, entropy=0.2)
LEVERED = hierarchy(
    LEVERS, period=2, low_level="separate", default="isotropic", kl_weight=0.2, entropy=0.1,
    action_scales=(0.2, 0.9),
)  # fmt: skip
ENTROPY = (0.4, 0.1)
"""Weights of the entropy of an agent at first and in the end."""
FLAT = flat(
    entropy=ENTROPY[0], entropy_end=ENTROPY[1], entropy_steps=1_000, learner={"clip_ratio": 1.5}
)
FLAT_LEVERED = flat(
    LEVERS, policy_views=("body",), value_views=("task",), action_scales=(0.4, 1.5)
)  # fmt: skip


@functools.cache
def new(agent):
    """The modules of an agent before the first update."""
    return jax.device_get(jax.jit(agent.build)(jax.random.key(0)))


@functools.cache
def modules_of(agent, seed=0):
    """Modules whose outputs differ from observation to observation, unlike those of new ones.

    With p = 1 a latent is drawn at the last observation too, from noise that is not known here.
    Then the value does not depend on it.
    """
    modules, rng = new(agent), np.random.default_rng(seed)

    def moved(leaf):
        return jnp.asarray(leaf + rng.normal(scale=0.4, size=leaf.shape), leaf.dtype)

    parameters = jax.tree.map(moved, modules.parameters)
    if getattr(agent, "period", 2) == 1:
        parameters["value"] = without_inputs(parameters["value"], Z)
    return modules._replace(parameters=parameters, targets=jax.tree.map(moved, modules.targets))


def without_inputs(network, numbers):
    """The network without weights for the last numbers of its input."""
    weight = network.layers[0].weight.at[-numbers:].set(0.0)
    return eqx.tree_at(lambda each: each.layers[0].weight, network, weight)


def update(agent, modules, rollout):
    """The modules after an update, and metrics."""
    return jax.device_get(_update(agent, modules, rollout, KEY))


def gradients(agent, modules, rollout):
    """The gradient of each module, a list of arrays; it has not been clipped."""
    after, _ = update(agent, modules, rollout)
    return gradients_of(after)


def gradients_of(after):
    """The gradients of the first update: the first moment of Adam is a tenth of them."""
    return {
        name: [10 * leaf for leaf in jax.tree.leaves(optax.tree.get(state, "mu"))]
        for name, state in after.optimisers.items()
    }


def walked(rng, period):
    """Ages, steps, terminations and truncations; every kind of end is within and at the end."""
    while True:
        each = [walked_alone(rng, period) for _ in range(N)]
        age, is_step, over, cut = (np.array(part).T for part in zip(*each, strict=True))
        kinds = over[:-1], cut[:-1], ~is_step[1:], over[-1], cut[-1]
        if all(kind.any() for kind in kinds):
            return age.astype(np.int32), is_step, over, cut


def walked_alone(rng, period):
    """The same of one environment. With p > 1 nothing is drawn at the last observation."""
    while True:
        age, ended, rows = [rng.integers(0, 6)], rng.random() < 0.2, []
        for chance in rng.random(T):
            over, cut = not ended and chance < 0.15, not ended and chance > 0.85
            rows.append((not ended, over, cut))
            age.append(0 if ended else age[-1] + 1)
            ended = over or cut
        if period == 1 or age[-1] % period > 0:
            return age, *zip(*rows, strict=True)


@functools.cache
def rollout_of(agent, seed=0):
    """Steps of an agent whose behaviour differs from its present policy, as `sample` gives them."""
    rng = np.random.default_rng(seed)
    period = getattr(agent, "period", 1)
    age, is_step, over, cut = walked(rng, period)
    raw = {view.name: rng.normal(size=(T + 1, N, *view.shape)) for view in VIEWS}
    seen = {
        name: np.concatenate([raw[view] for view in views], axis=-1, dtype=np.float32)
        for name, views in agent.views.items()
    }
    if isinstance(agent.spec.action, Discrete):
        action = rng.integers(0, agent.spec.action.count, (T, N)).astype(np.int32)
    else:
        action = rng.normal(size=(T, N, agent.spec.action.size)).astype(np.float32)
    latent, previous, noise = rng.normal(size=(3, T, N, Z)).astype(np.float32)
    previous[age[:-1] < period] = 0
    extras = {"age": age[:-1], "latent": latent, "previous": previous, "noise": noise}
    extras["memory"] = np.zeros((T, N, 0), np.float32)
    reward = rng.normal(size=(T, N)).astype(np.float32)
    rollout = Transition(seen, action, extras, reward, over, cut, None, is_step)
    rollout = rollout._replace(extras={**extras, "log_prob": behaviour(agent, rollout, rng)})
    return jax.tree.map(jnp.asarray, rollout)


def behaviour(agent, rollout, rng):
    """Log-probabilities around those of the policy: ratios are above and below 1."""
    parameters = kl_numpy.arrays(modules_of(agent).parameters)
    before = tuple(part[:-1] for part in seen_by(agent, parameters, parameters, rollout).policy)
    away = rng.normal(scale=0.5, size=rollout.action.shape[:2])
    return (kl_numpy.log_prob(before, rollout.action) + away).astype(np.float32)


def noise_of(rollout):
    """ε of all latents; that of the last observation is not used."""
    stored = np.asarray(rollout.extras["noise"])
    return np.concatenate([stored, np.zeros_like(stored[-1:])])


def seen_by(agent, now, kept, rollout, defaults=None):
    """An agent at the observations of a rollout, in NumPy."""
    defaults = kept if defaults is None else defaults
    if isinstance(agent, Distral):
        return kl_numpy.distral(agent, now, defaults, rollout)
    if not isinstance(agent, KL):
        return kl_numpy.flat(agent, now, rollout)
    return kl_numpy.seen(agent, now, kept, defaults, rollout, noise_of(rollout))


def losses_of(agent, modules, rollout):
    """The losses of an update in NumPy, as a function of the parameters that it is to change."""
    kept = kl_numpy.arrays(modules.parameters)
    defaults = {**kept, **kl_numpy.arrays(modules.targets)}
    targets = kl_numpy.vtrace(agent, rollout, seen_by(agent, kept, kept, rollout, defaults))

    def losses(now):
        seen, distilled = seen_by(agent, now, kept, rollout, defaults), {}
        if isinstance(agent, KL):
            distilled = kl_numpy.distilled(agent, now, kept, rollout, noise_of(rollout))
        return kl_numpy.losses(agent, rollout, seen, targets, distilled, agent.entropy)

    return losses
