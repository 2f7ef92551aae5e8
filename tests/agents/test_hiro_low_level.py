"""A low level that is kept: under another high level, or because it is good enough."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.goal_walks import (
    KEY,
    LEARNING,
    PLANE,
    SMALL,
    VIEWS,
    agent_of,
    new,
    over_low_level,
    stored,
    update,
    walked,
)
from hierax.agents import HIRO
from hierax.spec import View, WorldSpec
from hierax.training import checkpoint
from hierax.training.serialisation import tree_digest
from refusals import refuses

AGENT = agent_of(**LEARNING)


@pytest.fixture(scope="module")
def trained():
    """A state after some steps and updates."""
    return lived(new(AGENT))[0]


def lived(state, updates=2):
    """The state of a training that goes on: after steps and updates, and the last metrics."""
    state, batch = stored(AGENT, walked(agent_of(), 90), state._replace(replay=new(AGENT).replay))
    learner, metrics = state.learner, {}
    for number in range(updates):
        learner, metrics = update(AGENT, learner, batch, jax.random.fold_in(KEY, number))
    return state._replace(learner=learner), metrics


def digests(state):
    """Of each level with its statistics; without the low level's actor before averaging."""
    learner = state.learner
    pairs = {"high": learner.high, "low": learner.low._replace(actor=None)}
    return {
        level: tree_digest((each, state.encoders[level].statistics))
        for level, each in pairs.items()
    }


def acts_as_evaluated(state):
    """Whether the low level acts in training as in evaluations."""
    low = state.learner.low
    return tree_digest(low.actor) == tree_digest(low.target_actor)


def test_a_low_level_is_kept_to_the_bit_under_a_new_high_level(trained):
    state = over_low_level(AGENT, trained, seed=5)
    begun = digests(state)
    assert begun["low"] == digests(trained)["low"]
    assert begun["high"] != digests(trained)["high"]
    assert (int(state.steps), int(state.updates), state.replay) == (0, 0, None)
    assert int(state.learner.high.updates) == 0
    after, metrics = lived(state)
    assert digests(after)["low"] == begun["low"]
    assert digests(after)["high"] != begun["high"]
    assert tree_digest(after.encoders["high"]) != tree_digest(state.encoders["high"])
    assert int(after.learner.high.updates) == 2
    assert metrics["low/frozen"] == 1
    assert acts_as_evaluated(after)
    assert not acts_as_evaluated(trained)
    assert not any(metrics[f"low/{name}"] for name in ("critic_loss", "actor_gradient"))
    # Without freezing both would have changed.
    thawed = state._replace(
        learner=state.learner._replace(low_frozen=jnp.array(False)),
        frozen={**state.frozen, "low": jnp.array(False)},
    )
    assert digests(lived(thawed)[0])["low"] != begun["low"]


def test_another_seed_is_another_high_level(trained):
    one, other = (over_low_level(AGENT, trained, seed=seed) for seed in (0, 1))
    assert digests(one)["high"] != digests(other)["high"]
    assert digests(one)["low"] == digests(other)["low"]


def test_the_task_may_be_another(trained):
    views = (View("button", (3,)), *VIEWS)
    spec = WorldSpec("Buttons-v0", views, PLANE.action, 20, goal=PLANE.goal)
    given = {**SMALL, **LEARNING}
    agent = HIRO(spec, low_views=("position", "body"), **given)
    state = over_low_level(agent, trained, source=AGENT)
    assert digests(state)["low"] == digests(trained)["low"]
    assert state.learner.high.actor.layers[0].weight.shape == (8, SMALL["hidden_sizes"][0])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"low_views": ("body", "position")}, "same views ... 'position', 'body' in the source"),
        ({"hidden_sizes": (9,)}, "'low' must have the ... sizes"),
        ({"normalise_observations": False}, "'low' must have normalise_observations=True as in"),
    ],
)
def test_a_low_level_of_another_kind_is_refused(trained, changes, told):
    agent = dataclasses.replace(AGENT, **changes)
    refuses(lambda: over_low_level(agent, trained, source=AGENT), told)


def after_evaluations(threshold, scores, state=None):
    """Whether the low level is frozen after each evaluation."""
    agent = agent_of(stop_low_when=threshold)
    state, frozen = new(agent) if state is None else state, []
    for score in scores:
        state = agent.after_evaluation(state, {"deterministic/success": score, "other": 1.0})
        frozen.append(bool(state.learner.low_frozen))
    return frozen, state


@pytest.mark.parametrize(
    ("threshold", "scores", "expected"),
    [
        (0.9, [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]),
        (0.5, [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]),  # not before there were five
        (0.0, [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]),
        (0.9, [0.9] * 5, [0, 0, 0, 0, 1]),
        (0.7, [0.7] * 5, [0, 0, 0, 0, 1]),
        (0.9, [0.95, 0.85, 1.0, 0.9, 0.8], [0, 0, 0, 0, 1]),
        (0.9, [0.95, 0.85, 0.99, 0.9, 0.8], [0, 0, 0, 0, 0]),
        (0.9, [0, 1, 1, 1, 1, 0.5], [0, 0, 0, 0, 0, 1]),
        (0.9, [0.8, 0.9, 0.9, 0.9, 0.9, 0.9], [0, 0, 0, 0, 0, 1]),
        (0.5, [1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]),  # and it stays frozen
        (None, [1] * 8, [0] * 8),
    ],
)
def test_the_low_level_is_frozen_after_five_evaluations_that_are_good_enough(
    threshold, scores, expected
):
    assert after_evaluations(threshold, scores)[0] == [bool(each) for each in expected]


def test_a_world_without_success_freezes_nothing():
    agent = agent_of(stop_low_when=0.5)
    state = new(agent)
    for _ in range(6):
        state = agent.after_evaluation(state, {"deterministic/return": 1.0})
    assert not state.learner.low_frozen


def test_scores_are_kept_in_checkpoints(tmp_path):
    _, state = after_evaluations(0.9, [1, 1, 1])
    checkpoint.save(tmp_path, {"state": state}, 7)
    like = jax.eval_shape(lambda: {"state": state})
    saved, _, _ = checkpoint.load(tmp_path, like)
    frozen, _ = after_evaluations(0.9, [1, 1], saved["state"])
    assert frozen == [False, True]


def test_what_is_frozen_after_an_evaluation_does_not_change(trained):
    agent = dataclasses.replace(AGENT, stop_low_when=0.5)
    state = trained
    for _ in range(5):
        state = agent.after_evaluation(state, {"deterministic/success": 1.0})
    assert digests(state) == digests(trained)
    frozen = lived(state)[0]
    assert digests(frozen)["low"] == digests(trained)["low"]
    assert acts_as_evaluated(frozen)
    np.testing.assert_array_equal(frozen.learner.scores, 1.0)
