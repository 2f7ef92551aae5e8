"""What SAC and TD3 share: which numbers reach their networks, and what is refused."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import SAC, TD3, Transition
from hierax.agents.encoder import flatten_views
from hierax.spec import Continuous, Discrete, View, WorldSpec
from refusals import refuses

VIEWS = (
    View("body", (2,)),
    View("task", (3,)),
    View("nothing", (0,)),
    View("bytes", (2,), 0, 9, "uint8"),
)
SPEC = WorldSpec("Somewhere-v0", VIEWS, Continuous(2), 50)
SMALL = {"hidden_sizes": (8,), "batch_size": 64, "buffer_size": 100, "learning_starts": 10}
FLAT = {"sac": SAC, "td3": TD3}
learners = pytest.mark.parametrize("kind", FLAT.values(), ids=FLAT)
COUNT = 4
observe = jax.jit(lambda agent, *given: agent.observe(*given), static_argnums=0)
next_batch = jax.jit(lambda agent, state: agent.next_batch(state), static_argnums=0)
learn = jax.jit(lambda agent, state: agent.learn(state), static_argnums=0)


def observation(rng, count=COUNT, scale=1.0):
    return {
        "body": np.float32(scale * rng.normal(size=(count, 2))),
        "task": np.float32(scale * rng.normal(size=(count, 3))),
        "nothing": np.zeros((count, 0), np.float32),
        "bytes": rng.integers(0, 9, (count, 2)).astype(np.uint8),
    }


def step(rng, is_step=True, terminated=False, before=None, scale=1.0):
    return Transition(
        observation=before or observation(rng, scale=scale),
        action=np.float32(rng.uniform(-1, 1, (COUNT, 2))),
        extras={},
        reward=np.float32(rng.normal(size=COUNT)),
        terminated=np.full(COUNT, terminated),
        truncated=np.zeros(COUNT, bool),
        next_observation=observation(rng, scale=scale),
        is_step=np.full(COUNT, is_step),
    )


def statistics_of(state):
    return state.encoders["observation"].statistics


def followed(agent, transitions, seed=0):
    state = agent.init(jax.random.key(seed), COUNT)
    for transition in transitions:
        state = observe(agent, state, transition)
    return state


def chain(seed, count, scale=1.0):
    """Transitions of which each begins where the last one ended."""
    rng = np.random.default_rng(seed)
    first = step(rng, scale=scale)
    rows = [first]
    for _ in range(count - 1):
        rows.append(step(rng, before=rows[-1].next_observation, scale=scale))
    return rows


def test_an_update_gets_what_was_stored():
    agent = SAC(SPEC, **SMALL)
    rows = chain(0, 6)
    rows[-1] = rows[-1]._replace(terminated=np.ones(COUNT, bool))
    batch = jax.device_get(next_batch(agent, followed(agent, rows)))
    stored = {
        tuple(row.action[n]): (
            np.asarray(flatten_views(row.observation, SPEC.view_names))[n],
            row.reward[n],
            0.0 if row.terminated[n] else np.float32(0.99),
            np.asarray(flatten_views(row.next_observation, SPEC.view_names))[n],
        )
        for row in rows
        for n in range(COUNT)
    }
    for seen, action, reward, discount, following in zip(*batch, strict=True):
        expected = stored[tuple(action)]
        found = seen, reward, discount, following
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_cut_off_is_bootstrapped():
    agent = SAC(SPEC, **SMALL)
    rows = [row._replace(truncated=np.ones(COUNT, bool)) for row in chain(0, 1)]
    assert (next_batch(agent, followed(agent, rows)).discount == np.float32(0.99)).all()


@learners
def test_updates_draw_anew_and_never_with_a_number_twice(kind):
    agent = kind(SPEC, **SMALL)
    state = followed(agent, chain(0, 10))
    learned, _ = learn(agent, state)
    drawn, again = next_batch(agent, state), next_batch(agent, learned)
    assert (drawn.action != again.action).any()
    # The key of an update is none of those that drew its batch or lead to the next one.
    _, draw_key, update_key = jax.random.split(state.key, 3)
    keys = [learned.key, draw_key, update_key, state.key]
    known = {tuple(np.asarray(jax.random.key_data(key))) for key in keys}
    assert len(known) == 4
    # Drawing splits its key once more, as the next update splits the state's.
    assert not (_children(draw_key) & _children(learned.key))
    assert int(learned.updates) == int(state.updates) + 1
    assert (int(learned.steps), int(state.steps)) == (40, 40)


def _children(key):
    return {tuple(np.asarray(jax.random.key_data(child))) for child in jax.random.split(key, 4)}


@learners
def test_views_are_seen_in_the_order_that_they_are_named(kind):
    agent = kind(SPEC, views=("bytes", "body"), **SMALL)
    state = agent.init(jax.random.key(0), COUNT)
    seen = observation(np.random.default_rng(0))
    found = agent.preprocess(state, seen)
    np.testing.assert_array_equal(found, np.concatenate([seen["bytes"], seen["body"]], axis=1))
    assert agent.observation_size == 4
    assert kind(SPEC).observation_size == 7
    # Another view makes no difference to what is done.
    other = {**seen, "task": seen["task"] + 1}
    key = jax.random.key(1)
    actions = [agent.act(state, (), each, key, explore=False)[1] for each in (seen, other)]
    np.testing.assert_array_equal(*actions)


@learners
def test_actions_are_uniform_until_the_warm_up_is_over(kind):
    agent = kind(SPEC, **SMALL)
    state = agent.init(jax.random.key(0), COUNT)
    seen = observation(np.random.default_rng(0), 5000)

    def chosen(steps, explore):
        at = state._replace(steps=jnp.int32(steps))
        return np.asarray(agent.act(at, (), seen, jax.random.key(1), explore=explore)[1])

    uniform = chosen(9, True)
    assert (np.abs(uniform) <= 1).all()
    assert np.abs(np.quantile(uniform, [0.25, 0.5, 0.75]) - [-0.5, 0, 0.5]).max() < 0.03
    assert np.abs(chosen(10, True) - uniform).max() > 0.1
    np.testing.assert_array_equal(
        chosen(9, False), chosen(10, False)
    )  # nor has chance a part in it
    np.testing.assert_array_equal(
        chosen(10, False), agent.exploit(state.learner, agent.preprocess(state, seen))
    )
    assert agent.initial_carry(3) == ()


def test_statistics_are_of_steps_alone_and_stay_as_they_are_while_learning():
    agent = SAC(SPEC, normalise_observations=True, **SMALL)
    rows = chain(0, 12, scale=5.0)
    reset = step(np.random.default_rng(1), is_step=False, scale=100.0)
    state = followed(agent, [*rows[:6], reset, *rows[6:]])
    flat = np.concatenate([flatten_views(row.observation, SPEC.view_names) for row in rows])
    np.testing.assert_allclose(statistics_of(state).mean, flat.mean(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(statistics_of(state).variance, flat.var(0), rtol=1e-3)
    assert int(statistics_of(state).count) == 48
    assert int(state.steps) == 48 + COUNT  # the beginning of an episode takes a step
    seen = agent.preprocess(state, rows[0].observation)
    scaled = (flat[:COUNT] - flat.mean(0)) / flat.std(0)
    np.testing.assert_allclose(seen, scaled, rtol=1e-3, atol=1e-4)
    # What is drawn is scaled as what is acted on, by the statistics of now.
    assert np.abs(next_batch(agent, state).observation).max() < 5
    learned, _ = learn(agent, state)
    assert jax.tree.all(
        jax.tree.map(
            lambda a, b: (a == b).all(),
            statistics_of(learned),
            statistics_of(state),
        )
    )
    acted = agent.act(learned, (), rows[0].observation, jax.random.key(0), explore=True)
    assert len(acted) == 3


def test_no_statistics_unless_asked_for():
    assert statistics_of(SAC(SPEC, **SMALL).init(jax.random.key(0))) is None


@learners
def test_agents_are_values_and_may_be_static(kind):
    agent, same, other = kind(SPEC), kind(SPEC), kind(SPEC, discount=0.9)
    assert agent == same
    assert hash(agent) == hash(same)
    assert agent != other
    size = jax.jit(lambda agent, x: x * agent.discount, static_argnums=0)
    assert size(other, 2.0) == pytest.approx(1.8)
    assert dataclasses.replace(agent, discount=0.9) == other


@learners
def test_a_state_is_one_tree_of_arrays_whose_types_stay(kind):
    agent = kind(SPEC, **SMALL)
    first = jax.eval_shape(lambda: agent.init(jax.random.key(0), COUNT))
    learned, metrics = jax.eval_shape(agent.learn, first)
    kinds = [
        jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype, leaf.weak_type), t)
        for t in (first, learned)
    ]
    assert kinds[0] == kinds[1]  # or a compiled update would be compiled twice
    assert {"critic_loss", "critic_gradient", "actor_loss", "actor_gradient"} <= set(metrics)
    assert all(leaf.shape == () for leaf in metrics.values())


@learners
def test_seeds_side_by_side(kind):
    agent = kind(SPEC, **SMALL)
    row = chain(0, 1)[0]

    def run(key):
        return agent.learn(agent.observe(agent.init(key, COUNT), row))[1]["critic_loss"]

    keys = jax.random.split(jax.random.key(0), 2)
    together, alone = jax.jit(jax.vmap(run))(keys), []
    for key in keys:
        state = observe(agent, agent.init(key, COUNT), row)
        alone.append(learn(agent, state)[1]["critic_loss"])
    np.testing.assert_allclose(together, alone, rtol=1e-5)


WHOLE, POSITIVE = "an integer >=", "a finite number > 0"
FIELDS = {
    "hidden_sizes": [
        ((), "at least one layer", "got ()"),
        ((8, 0), f"{WHOLE} 1", "got 0"),
        ([8], "tuple", "list"),
        (8, "tuple", "got 8"),
    ],
    "views": [
        (("smell",), "'smell'", "'body', 'task', 'nothing', 'bytes'"),
        (("nothing",), "at least one number", "got ('nothing',)"),
        ((), "at least one number", "got ()"),
        ("body", "tuple", "got 'body'"),
    ],
    "discount": [(value, "[0, 1)", f"got {value!r}") for value in (1.0, -0.1, math.nan, "a", None)],
    "tau": [(value, "(0, 1]", f"got {value!r}") for value in (1.5, 0.0, -0.1, math.nan)],
    "learning_rate": [
        (value, POSITIVE, f"got {value!r}") for value in (0, -1e-3, math.inf, math.nan, "fast")
    ],
    "updates_per_step": [(0, POSITIVE, "got 0")],
    "batch_size": [(0, f"{WHOLE} 1", "got 0")],
    "buffer_size": [(1.5, f"{WHOLE} 1", "got 1.5")],
    "learning_starts": [(-1, f"{WHOLE} 0", "got -1")],
}


@learners
@pytest.mark.parametrize("field", FIELDS)
def test_refusals(kind, field):
    for value, rule, shown in FIELDS[field]:
        # One name is refused as "view", not "views".
        name = field.removesuffix("s") if field == "views" else field
        refuses(lambda value=value: kind(SPEC, **{field: value}), name, rule, shown)


@learners
def test_discrete_actions_are_refused(kind):
    spec = dataclasses.replace(SPEC, action=Discrete(4))
    refuses(lambda: kind(spec), kind.__name__, "continuous actions", "Somewhere-v0", "4 discrete")


@pytest.mark.parametrize(
    ("kind", "field", "value", "rule"),
    [
        (SAC, "temperature", 0, POSITIVE),
        (SAC, "initial_temperature", 0, POSITIVE),
        (SAC, "prior", "normal", "'flat', 'uniform'"),
        (SAC, "target_entropy", math.inf, "finite"),
        (SAC, "target_entropy", "a", "Real"),
        (TD3, "exploration_noise", -1, "a finite number >= 0"),
        (TD3, "target_policy_noise", -1, "a finite number >= 0"),
        (TD3, "target_noise_clip", -1, "a finite number >= 0"),
        (TD3, "policy_delay", 0, f"{WHOLE} 1"),
        (TD3, "pretanh_penalty", -1, "a finite number >= 0"),
        (TD3, "actor_learning_rate", 0, POSITIVE),
    ],
)
def test_refusals_of_one_learner(kind, field, value, rule):
    refuses(lambda: kind(SPEC, **{field: value}), field, rule, f"got {value!r}")
