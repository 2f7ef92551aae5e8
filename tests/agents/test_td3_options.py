"""TD3's options against formulas: an actor with its own Adam, Huber's loss, a penalty; defaults."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from agents import in_numpy
from hierax.agents import TD3Update, TransitionBatch
from hierax.agents.critics import action_values, twin_critics
from hierax.agents.networks import MLP
from hierax.agents.optimisation import gradient_step, polyak_update
from hierax.agents.updates.td3 import deterministic_action

D, A, B = 3, 2, 9
KEY = jax.random.key(5)
PLAIN = TD3Update(
    optimiser=optax.adam(1e-2),
    tau=0.05,
    policy_delay=1,
    target_policy_noise=0.0,
    target_noise_clip=0.5,
)
RATES, PENALTY = (0.3, 0.02), 0.7
OPTIONS = dataclasses.replace(
    PLAIN,
    optimiser=optax.sgd(RATES[0]),
    actor_optimiser=optax.sgd(RATES[1]),
    critic_loss="huber",
    pretanh_penalty=PENALTY,
)


@dataclasses.dataclass(frozen=True)
class Before(TD3Update):
    """The losses as they were without options."""

    def __call__(self, learner, batch, key):
        target = self._target(learner, batch, key)

        def loss(critics):
            values = action_values(critics, batch.observation, batch.action)
            return jnp.square(values - target).mean(axis=1).sum(), values

        step = gradient_step(self.optimiser, loss, learner.critics, learner.optimisers[1])
        updates = learner.updates + 1
        learner = learner._replace(
            critics=step.parameters,
            optimisers=(learner.optimisers[0], step.optimiser),
            updates=updates,
        )
        learner = jax.lax.cond(
            updates % self.policy_delay == 0,
            lambda before: self._update_actor(before, batch.observation),
            lambda before: before,
            learner,
        )
        return learner, {
            "critic_loss": step.loss,
            "critic_gradient": step.gradient_norm,
            "actor_loss": learner.actor_metrics[0],
            "actor_gradient": learner.actor_metrics[1],
            "action_value": step.aux.mean(),
            "action_value_least": step.aux.min(),
            "action_value_most": step.aux.max(),
        }

    def _update_actor(self, learner, observation):
        first = jax.tree.map(lambda leaf: leaf[:1], learner.critics)

        def loss(actor):
            action = deterministic_action(actor, observation)
            return -action_values(first, observation, action).mean(), None

        step = gradient_step(self.optimiser, loss, learner.actor, learner.optimisers[0])
        return learner._replace(
            actor=step.parameters,
            target_actor=polyak_update(learner.target_actor, step.parameters, self.tau),
            target_critics=polyak_update(learner.target_critics, learner.critics, self.tau),
            optimisers=(step.optimiser, learner.optimisers[1]),
            actor_metrics=jnp.stack([step.loss, step.gradient_norm]),
        )


def learner_of(update=PLAIN):
    """A learner whose targets are not its networks."""
    networks = []
    for seed in (0, 1):
        keys = jax.random.split(jax.random.key(seed))
        networks.append((MLP(keys[0], D, (6,), A), twin_critics(keys[1], D, A, (6,))))
    (actor, critics), (target_actor, target_critics) = networks
    learner = update.init(actor, critics)
    return learner._replace(target_actor=target_actor, target_critics=target_critics)


def batch_of(seed=0):
    return TransitionBatch(*map(jnp.asarray, in_numpy.batch(seed, B, D, A, 0.9)))


def test_without_options_the_computation_is_the_one_without_options():
    """The program that is compiled is the same to the letter, so each number is as before."""
    given = {each.name: getattr(PLAIN, each.name) for each in dataclasses.fields(PLAIN)}
    learner, batch, programs = learner_of(), batch_of(), []
    for update in (TD3Update(**given), Before(**given), OPTIONS):
        lowered = jax.jit(lambda *given, update=update: update(*given)).lower(learner, batch, KEY)
        programs.append(lowered.as_text())
    new, old, other = programs
    assert new == old
    assert other != old


@pytest.fixture
def updated(x64):
    """A learner before and after an update with all options, and its batch and metrics."""
    del x64
    learner, given = learner_of(OPTIONS), batch_of()
    return learner, *jax.jit(OPTIONS)(learner, given, KEY), given


def test_the_loss_of_huber_is_quadratic_near_zero_and_linear_far_away(updated):
    learner, after, metrics, given = updated
    following = np.tanh(in_numpy.network(learner.target_actor, given.next_observation))
    value = in_numpy.values(learner.target_critics, given.next_observation, following).min(axis=0)
    found = in_numpy.values(learner.critics, given.observation, given.action)
    away = found - np.asarray(given.reward + given.discount * value)
    assert (np.abs(away) < 1).any()
    assert (np.abs(away) > 1).any()
    loss = np.where(np.abs(away) <= 1, away**2 / 2, np.abs(away) - 0.5).mean(axis=1).sum()
    assert metrics["critic_loss"] == pytest.approx(float(loss), rel=1e-9)
    # The gradient of each difference is the difference itself, at most 1.
    step = learner.critics.layers[-1].bias - after.critics.layers[-1].bias
    np.testing.assert_allclose(step[:, 0], RATES[0] * np.clip(away, -1, 1).mean(axis=1), rtol=1e-9)


def test_the_penalty_is_the_mean_square_before_the_tanh_and_the_actor_has_its_own_rate(updated):
    learner, after, metrics, given = updated
    leaves, structure = jax.tree.flatten(learner.actor)

    def loss(leaves):
        before = in_numpy.network(jax.tree.unflatten(structure, leaves), given.observation)
        value = in_numpy.values(after.critics, given.observation, np.tanh(before))[0].mean()
        return -value + PENALTY * (before**2).mean()

    assert metrics["actor_loss"] == pytest.approx(float(loss(leaves)), rel=1e-9)
    rng = np.random.default_rng(0)
    way = [rng.normal(size=leaf.shape) for leaf in leaves]

    def along(size):
        return loss([np.asarray(leaf) + size * w for leaf, w in zip(leaves, way, strict=True)])

    slope = (along(1e-6) - along(-1e-6)) / 2e-6
    step = [
        np.asarray(old - new) for old, new in zip(leaves, jax.tree.leaves(after.actor), strict=True)
    ]
    found = sum((a * b).sum() for a, b in zip(step, way, strict=True))
    assert found == pytest.approx(RATES[1] * float(slope), rel=1e-6)
