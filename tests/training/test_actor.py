"""An actor needs parameters and environments, and nothing of a learner."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents import SAC
from hierax.training.acting import Behaviour, HostBehaviour, host_steps
from hierax.training.actor import MOST_ARGUMENTS, Actor
from hierax.training.learner import DeviceLearner
from hierax.training.report import Report
from hierax.training.serialisation import tree_digest
from hierax.worlds import FunctionalHostWorld, PointSpeed
from training.toys import Clock, Counter

WORLD = FunctionalHostWorld(Clock(length=3))
SPEED = FunctionalHostWorld(PointSpeed(episode_limit=7))
AGENT = SAC(
    SPEED.spec, hidden_sizes=(8,), batch_size=4, buffer_size=60, learning_starts=0,
    normalise_observations=True,
)  # fmt: skip


def started(agent, world, environments=2):
    actor, batch = Actor(agent, environments), world.batch(environments)
    first = batch.reset(5)
    state = actor.start(jax.random.key(1), first)
    return actor, batch, state


def test_rows_hold_each_observation_once_and_continue():
    agent = Counter(WORLD.spec)
    actor, batch, state = started(agent, WORLD)
    parameters = actor.parameters(agent.init(jax.random.key(0), 2))
    clocks = []
    for steps in (5, 3):
        rows, state = actor.rows(batch, parameters, state, steps)
        assert rows.timesteps.reward.shape == (steps + 1, 2)
        assert len(rows.acted) == steps
        clocks.append(rows.timesteps.observation["clock"][..., 0])
        for number, (action, extras) in enumerate(rows.acted):
            np.testing.assert_array_equal(action, np.zeros((2, 1)))
            np.testing.assert_array_equal(extras["phase"], clocks[-1][number])
    np.testing.assert_array_equal(clocks[0][-1], clocks[1][0])
    shown = np.concatenate([clocks[0], clocks[1][1:]])[:, 0]
    np.testing.assert_array_equal(shown, [0, 1, 2, 3, 0, 1, 2, 3, 0])


def test_parameters_are_what_acting_reads():
    agent = Counter(WORLD.spec)
    state = agent.init(jax.random.key(0), 2)
    (count,) = Actor(agent, 2).parameters(state)
    assert count is state.learner["count"]
    state = AGENT.init(jax.random.key(0), 2)
    found = Actor(AGENT, 2).parameters(state)
    known = state.encoders["observation"].statistics
    read = [state.learner.actor, known.count, known.mean, known.variance, state.steps]
    assert {id(leaf) for leaf in found} == {id(leaf) for leaf in jax.tree.leaves(read)}


def test_acting_on_parameters_is_acting_on_the_state():
    state = AGENT.init(jax.random.key(3), 2)
    behaviour = Behaviour(AGENT, explore=True)
    compiled = HostBehaviour(behaviour, state._replace(replay=None))
    batch, key = SPEED.batch(2), jax.random.key(4)
    timestep = batch.reset(0)
    steps = host_steps(
        compiled, batch, compiled.parameters(state), (), timestep, jax.random.key_data(key)
    )
    for step, _ in zip(steps, range(9), strict=False):
        key, act_key = jax.random.split(key)
        _, action, _ = jax.jit(AGENT.act, static_argnames="explore")(
            state, (), timestep.observation, act_key, explore=True
        )
        np.testing.assert_array_equal(step.action, action)
        timestep = step.timestep


def test_a_learner_takes_the_rows_of_an_actor_elsewhere():
    """Rows and parameters of NumPy, as they come from another process, give the same numbers."""
    found = []
    for moved in (lambda arrays: arrays, jax.device_get):
        actor, batch, state = started(AGENT, SPEED)
        learner = DeviceLearner(AGENT, 2, actor.parameters)
        learned, report = learner.start(jax.random.key(2)), Report.empty(learner.metrics)
        parameters = [jnp.copy(leaf) for leaf in actor.parameters(learned.agent)]
        for _ in range(3):
            rows, state = actor.rows(batch, moved(parameters), state, 4)
            learned, parameters, report = learner.learn(learned, moved(rows), 2, report)
        assert (int(learned.agent.updates), int(learned.agent.steps)) == (6, 24)
        found.append(tree_digest((learned, report)))
    assert found[0] == found[1]


def test_rows_of_many_steps_are_stacked_before_the_learner():
    agent = Counter(WORLD.spec, buffer_size=1000)
    found = []
    for chunks in ((MOST_ARGUMENTS + 3,), (MOST_ARGUMENTS, 3)):
        actor, batch, state = started(agent, WORLD)
        learner = DeviceLearner(agent, 2, actor.parameters)
        learned, report = learner.start(jax.random.key(2)), Report.empty(learner.metrics)
        parameters = [jnp.copy(leaf) for leaf in actor.parameters(learned.agent)]
        for steps in chunks:
            rows, state = actor.rows(batch, parameters, state, steps)
            assert isinstance(rows.acted, list) == (steps <= MOST_ARGUMENTS)
            learned, _, report = learner.learn(learned, rows, 0, report)
        found.append(tree_digest((learned, report)))
    assert found[0] == found[1]


def test_an_actor_acts_in_a_process_of_its_own(tmp_path):
    program = """
import sys
import jax, numpy as np
from hierax.agents import SAC
from hierax.training.actor import Actor
from hierax.worlds import FunctionalHostWorld, PointSpeed
world = FunctionalHostWorld(PointSpeed(episode_limit=7))
agent = SAC(world.spec, hidden_sizes=(8,), learning_starts=0)
actor, batch = Actor(agent, 2), world.batch(2)
first = batch.reset(5)
state = actor.start(jax.random.key(1), first)
with np.load(sys.argv[1]) as file:
    parameters = [file[name] for name in file.files]
rows, _ = jax.device_get(actor.rows(batch, parameters, state, 6))
actions = np.stack([action for action, _ in rows.acted])
np.savez(sys.argv[2], actions=actions, returns=rows.timesteps.episode_return)
"""
    agent = SAC(SPEED.spec, hidden_sizes=(8,), learning_starts=0)
    actor, batch, state = started(agent, SPEED)
    parameters = actor.parameters(agent.init(jax.random.key(0), 2))
    np.savez(tmp_path / "parameters.npz", *map(np.asarray, parameters))
    places = tmp_path / "parameters.npz", tmp_path / "rows.npz"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, *places], check=True)
    rows, _ = actor.rows(batch, parameters, state, 6)
    with np.load(places[1]) as found:
        np.testing.assert_array_equal(found["actions"], [action for action, _ in rows.acted])
        np.testing.assert_array_equal(found["returns"], rows.timesteps.episode_return)
