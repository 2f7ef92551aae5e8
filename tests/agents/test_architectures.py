"""Default policies with memory: what they remember, what their divergence bounds, what learns."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.kl_rollouts import KEY, SMALL, UNCLIPPED, gradients_of, modules_of, update
from agents.kl_windows import GRID, windows
from hierax.agents import Distral, VTrace
from hierax.agents.distributions import kl_divergence
from hierax.agents.kl.architectures import ARCHITECTURES, Past
from hierax.agents.kl.clock import clock
from hierax.agents.kl.heads import gaussian

M, STEPS = 3, 6
LEARNER = VTrace(rollout_length=STEPS, max_gradient_norm=UNCLIPPED)
MEMORY = ("lstm", "latent")


@functools.cache
def made(default):
    """An agent, and its last window of three: its parameters differ from window to window."""
    agent = Distral(GRID.spec, default=default, memory_size=M, learner=LEARNER, **SMALL)
    last = windows(agent, GRID, 3)[-1]
    return agent, last._replace(rollout=jax.tree.map(jnp.asarray, last.rollout))


def past_of(rollout, row=0):
    """What is remembered at a row of a window."""
    begins = clock(rollout.extras["age"][0], rollout.is_step, 1).begins
    return Past(rollout.extras["memory"][row], begins[row:])


def default_policies(default):
    """π₀ at the observations of a window, as a function of its first row, and the window."""
    agent, (parameters, rollout) = made(default)
    both = functools.partial(agent.architecture.both, parameters)

    @functools.partial(jax.jit, static_argnums=0)
    def at(row):
        later = jax.tree.map(lambda leaf: leaf[row:], rollout.observation)
        return both(later, past_of(rollout, row), KEY).default

    return at, rollout


def test_an_lstm_is_in_updates_where_it_was_in_acting():
    """From each row on, also after the end of an episode."""
    at, rollout = default_policies("lstm")
    assert not np.all(rollout.is_step)
    assert np.ptp(rollout.extras["memory"]) > 0.1
    whole = at(0)
    for row in range(1, STEPS):
        np.testing.assert_allclose(at(row), whole[row:], rtol=1e-4, atol=1e-5)


def test_an_lstm_forgets_the_last_episode():
    agent, (parameters, rollout) = made("lstm")
    past = past_of(rollout)
    first = np.asarray(past.begins[0])
    assert 0 < first.sum() < first.size
    both = jax.jit(functools.partial(agent.architecture.both, parameters))
    other = both(rollout.observation, past._replace(memory=past.memory + 1.0), KEY).default
    found = both(rollout.observation, past, KEY).default
    moved = np.abs(other - found).max(axis=-1) > 1e-4
    began = np.logical_or.accumulate(np.asarray(past.begins), axis=0)
    assert not moved[began].any()
    assert moved[0][~first].all()


def test_latents_of_acting_are_those_that_were_inferred_from_the_last_one():
    """Where an episode goes on, y' of a row is drawn from f at the row before."""
    _, (parameters, rollout) = made("latent")
    seen, memory = rollout.observation["inference"], rollout.extras["memory"]
    begins = np.asarray(past_of(rollout).begins)
    before = np.where(begins[:STEPS, :, None], 0.0, memory)
    inputs = jnp.concatenate([seen[:STEPS], before], axis=-1)
    inferred = jax.jit(lambda x: gaussian(parameters["inference"](x)))(inputs)
    noise = (memory[1:] - inferred.mean[:-1]) / np.exp(inferred.log_scale[:-1])
    goes_on = noise[~begins[1:STEPS]]
    assert goes_on.shape[0] > 200
    assert abs(goes_on.mean()) < 0.1
    assert goes_on.std() == pytest.approx(1.0, abs=0.06)


def test_the_divergence_with_latents_bounds_that_from_the_marginal():
    """Equation 15 for one step, beside the marginal of π₀ over a grid of latents."""
    agent = Distral(GRID.spec, default="latent", memory_size=1, learner=LEARNER, **SMALL)
    parameters = modules_of(agent).parameters
    rng = np.random.default_rng(0)
    seen = {
        name: jnp.asarray(rng.normal(size=(1, 16, agent.spec.size(views))), jnp.float32)
        for name, views in agent.views.items()
    }
    past = Past(jnp.zeros((16, 1)), jnp.ones((1, 16), bool))
    draws = jax.random.split(KEY, 4_000)
    both = jax.jit(jax.vmap(lambda key: agent.architecture.both(parameters, seen, past, key)))
    found = both(draws)
    policy = agent.policy_of(found.policy[0])
    each = jax.vmap(lambda output: kl_divergence(policy, agent.policy_of(output)))(found.default)
    bound = np.asarray(each.mean(axis=0) + found.nats[0])[0]

    latents = jnp.linspace(-40.0, 40.0, 4_001)
    prior = parameters["latent_default"](past.memory, past.begins[0])
    weights = jnp.exp(prior.log_prob(latents[:, None, None]))  # (grid, 16)
    shown = jnp.broadcast_to(seen["policy_default"], (len(latents), *seen["policy_default"].shape))
    inputs = jnp.concatenate(
        [shown[:, 0], jnp.broadcast_to(latents[:, None, None], (len(latents), 16, 1))], axis=-1
    )
    given = jax.nn.softmax(parameters["policy_default"](inputs))
    marginal = np.einsum("yb,yba->ba", weights / weights.sum(axis=0), given)
    chances = np.exp(policy.log_probs)[0]
    exact = (chances * (np.log(chances) - np.log(marginal))).sum(axis=-1)
    inputs = jnp.concatenate([seen["inference"][0], past.memory], axis=-1)
    inferred = jnp.exp(
        gaussian(parameters["inference"](inputs)).log_prob(latents[:, None, None])
    )  # (grid, 16)
    inferred = np.asarray(inferred / inferred.sum(axis=0))
    posterior = (weights / weights.sum(axis=0))[..., None] * given / marginal
    per_action = np.einsum(
        "yb,yba->ba", inferred, np.log(inferred + 1e-30)[..., None] - np.log(posterior + 1e-30)
    )
    gap = (chances * per_action).sum(axis=-1)
    np.testing.assert_allclose(bound - exact, gap, atol=0.01)
    assert np.all(gap > 0.0)
    assert np.median(gap) > 0.05


@pytest.mark.parametrize("default", ARCHITECTURES)
def test_who_learns_from_the_divergence(default):
    agent, (_, rollout) = made(default)
    silent = rollout._replace(reward=jnp.zeros_like(rollout.reward))
    after, metrics = update(agent, modules_of(agent), silent)
    moved = {
        name: any(np.any(np.abs(leaf) > 1e-7) for leaf in leaves)
        for name, leaves in gradients_of(after).items()
    }
    assert moved == dict.fromkeys(agent.modules, True)
    assert metrics["policy/kl"] > 0.0


@pytest.mark.parametrize("default", MEMORY)
def test_a_default_policy_learns_to_be_near(default):
    """With the policy as it is and nothing else to learn."""
    agent, (_, rollout) = made(default)
    modules = modules_of(agent)
    fixed = modules.parameters["policy"]
    one = jax.jit(agent.update)
    divergences = []
    for _ in range(150):
        modules, metrics = one(modules, rollout, KEY)
        modules.parameters["policy"] = fixed
        divergences.append(float(metrics["policy/kl"]))
    assert divergences[-1] < 0.7 * divergences[0]
