"""A trained agent in plain Gymnasium environments."""

import time

import gymnasium
import jax
import numpy as np
import pytest

import hierax
from hierax.agents import TD3, LatentSpacePolicy, Level
from hierax.training import Player, make_world
from hierax.training.evaluation import make_evaluator
from hierax.training.host_driver import environment_seed
from hierax.worlds import make
from hierax.worlds.gymnasium.interface import Interface
from refusals import assert_names, refusal

SEED, EPISODES, HOLD = 5, 2, 3
SMALL = {"hidden_sizes": (16,), "batch_size": 16, "buffer_size": 1_000}


def returns(player, environment_name, limit):
    """Return of each episode in plain Gymnasium, from the seeds of an evaluation."""
    seeds = np.random.SeedSequence(environment_seed(SEED, 0)).generate_state(EPISODES).tolist()
    environment = gymnasium.make(environment_name, max_episode_steps=limit)
    found = []
    for seed in seeds:
        observation, _ = environment.reset(seed=seed)
        start, total = True, 0.0
        while True:
            action, _ = player.predict(observation, episode_start=start)
            observation, reward, terminated, truncated, _ = environment.step(action)
            total, start = total + float(reward), False
            if terminated or truncated:
                break
        found.append(total)
    environment.close()
    return found


def latent(spec):
    level = Level(control_interval=HOLD, policy="gaussian")
    return LatentSpacePolicy(spec, levels=(level,), **SMALL)


@pytest.mark.parametrize(
    "make_agent", [lambda spec: TD3(spec, **SMALL), pytest.param(latent, marks=pytest.mark.slow)]
)
def test_actions_are_in_the_units_of_the_environment(make_agent, tmp_path):
    world = make_world("Pendulum-v1", episode_limit=60)
    run = tmp_path / "run"
    agent = make_agent(world.spec)
    hierax.train(agent, world, 64, run=run, progress=False)
    player = hierax.load(run)
    evaluator = make_evaluator(player.agent, player.world, EPISODES)
    expected = evaluator.run(player.state, SEED, explore=False).returns
    evaluator.close()
    np.testing.assert_allclose(returns(player, "Pendulum-v1", 60), expected, rtol=1e-3)


@pytest.fixture(scope="module")
def point():
    world = make("PointCross-v0")
    agent = latent(world.spec)
    return Player(agent, agent.init(jax.random.key(0))._replace(replay=None), world, 0)


def test_observations_are_dictionaries_or_flat_of_one_environment_or_of_many(point):
    environment = gymnasium.make("hierax.worlds.gymnasium:hierax/PointCross-v0")
    flat = gymnasium.wrappers.FlattenObservation(environment)
    seen, _ = environment.reset(seed=1)
    point.reset()
    alone, _ = point.predict(seen)
    assert alone.shape == environment.action_space.shape
    several = {name: np.stack([view, view]) for name, view in seen.items()}
    flattened = flat.observation(seen)
    for observation in (several, np.stack([flattened, flattened])):
        point.reset()
        actions, _ = point.predict(observation)
        np.testing.assert_allclose(actions, [alone, alone], rtol=1e-5)
    point.reset()
    np.testing.assert_allclose(point.predict(flattened)[0], alone, rtol=1e-5)


def test_decisions_are_held_until_an_episode_begins(point):
    seen = {view.name: np.zeros((2, *view.shape), np.float32) for view in point.world.spec.views}
    holder, giver = (Player(point.agent, point.state, point.world, 0) for _ in range(2))
    carry, own, given = None, [], []
    for _ in range(2 * HOLD):
        own.append(holder.predict(seen, deterministic=False)[0])
        action, carry = giver.predict(seen, state=carry, deterministic=False)
        given.append(action)
    np.testing.assert_array_equal(given, own)
    assert (np.array(own[:HOLD]) == own[0]).all()
    assert (np.array(own[HOLD:]) == own[HOLD]).all()
    assert (own[0] != own[HOLD]).all()
    first = holder.predict(seen, deterministic=False)[0]
    begun = holder.predict(seen, episode_start=[True, False], deterministic=False)[0]
    assert (begun[0] != first[0]).all()
    assert (begun[1] == first[1]).all()
    holder.reset()
    assert (holder.predict(seen, deterministic=False)[0] != begun).all()


def test_discrete_spaces_are_converted():
    lake = Interface.of(make_world("FrozenLake-v1"))
    views, is_single = lake.read(3)
    assert is_single
    np.testing.assert_array_equal(views["observation"], np.eye(16)[[3]])
    views, is_single = lake.read(np.array([3, 5]))
    assert not is_single
    np.testing.assert_array_equal(views["observation"], np.eye(16)[[3, 5]])
    rooms = Interface.of(make("FourRooms-v0"))
    assert rooms.read({"state": 7, "position": np.zeros(2)})[0]["state"].dtype == np.int32
    np.testing.assert_array_equal(rooms.write(np.array([2])), [2])


def test_an_observation_that_does_not_fit_is_refused(point):
    assert_names(refusal(lambda: point.predict(np.zeros(99))), "flat observation", "(99,)")
    assert_names(refusal(lambda: point.predict({"velocity": np.zeros(2)})), "views", "position")
    pendulum = Interface.of(make_world("Pendulum-v1"))
    assert_names(refusal(lambda: pendulum.read(np.zeros(4))), "(3,)", "(N, 3)", "(4,)")
    shapes = {view.name: np.zeros(view.shape) for view in point.world.spec.views}
    mixed = {**shapes, "position": np.zeros((5, 2))}
    assert_names(refusal(lambda: point.predict(mixed)), "views", "both")


@pytest.mark.slow
def test_acting_takes_a_fifth_of_a_millisecond():
    world = make_world("Pendulum-v1")
    agent = TD3(world.spec)
    player = Player(agent, agent.init(jax.random.key(0))._replace(replay=None), world, 0)
    seen = {"observation": np.zeros((1, 3), np.float32)}
    carry, _ = player.act(player.initial_carry(), seen)
    began = time.process_time()
    for _ in range(500):
        player.act(carry, seen)
    assert (time.process_time() - began) / 500 < 2e-4
