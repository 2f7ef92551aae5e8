"""Worlds that break the contract, and the sentence that says how."""

import dataclasses

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces

import hierax
from hierax.agents import SAC
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from hierax.training.evaluation import HostEvaluator
from hierax.worlds import FunctionalHostWorld, PointCross, PointSpeed, Timestep, check_world, make
from hierax.worlds.contract import require_world
from hierax.worlds.gymnasium import GymnasiumBatch, GymnasiumWorld
from refusals import refuses

GOOD = {"a": jnp.zeros(2), "b": jnp.zeros(1)}


@dataclasses.dataclass(frozen=True, eq=False)
class Wrong:
    """A world that returns what it is told to; right by default."""

    observation: object = dataclasses.field(default_factory=lambda: GOOD)
    reward: object = dataclasses.field(default_factory=lambda: jnp.float32(0))
    terminated: object = dataclasses.field(default_factory=lambda: jnp.array(False))
    state: object = dataclasses.field(default_factory=lambda: jnp.float32(0))
    goal: GoalSpec | None = None

    @property
    def spec(self):
        views = (View("a", (2,), -1.0, 1.0), View("b", (1,)))
        return WorldSpec("Wrong-v0", views, Continuous(1), 5, goal=self.goal)

    def reset(self, key):
        no = jnp.array(False)
        return jnp.float32(0), Timestep(GOOD, jnp.float32(0), no, no)

    def step(self, state, action, key):
        no = jnp.array(False)
        return self.state, Timestep(self.observation, self.reward, self.terminated, no)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"observation": {"a": jnp.zeros(2)}}, ("the views 'a', 'b'", "got 'a'")),
        ({"observation": {**GOOD, "c": jnp.zeros(1)}}, ("the views 'a', 'b'", "'c'")),
        ({"observation": {**GOOD, "a": jnp.zeros(3)}}, ("view 'a'", "shape (2,)", "(3,)")),
        ({"observation": {**GOOD, "b": jnp.zeros(1, int)}}, ("view 'b'", "float32", "int32")),
        ({"observation": jnp.zeros(3)}, ("observation", "dictionary of the views")),
        ({"reward": jnp.zeros(1)}, ("reward", "shape ()", "shape (1,)")),
        ({"reward": jnp.array(True)}, ("reward", "a float", "bool")),
        ({"terminated": jnp.float32(0)}, ("terminated", "bool", "float32")),
        ({"state": jnp.zeros(2)}, ("the state", "float32 of shape ()", "(2,)")),
        ({"state": (jnp.float32(0),)}, ("state with the arrays of reset()",)),
    ],
)
def test_what_a_world_returns_is_named(changes, parts):
    world = Wrong(**changes)
    for check in (check_world, require_world):
        refuses(lambda check=check: check(world), *parts)


def test_rewards_that_are_not_those_of_the_goal_are_named():
    goal = GoalSpec(achieved="b", fixed=(3.0,), radius=1.0)
    refuses(
        lambda: check_world(Wrong(goal=goal)), "reward of step()", "goal in its spec", "-3", "0"
    )
    for right in ({"goal": goal, "reward": jnp.float32(-3)}, {"goal": with_reward(goal, None)}):
        assert check_world(Wrong(**right)).goal == right["goal"]


def with_reward(goal, reward):
    return dataclasses.replace(goal, reward=reward)


def test_training_says_the_same():
    world = Wrong(observation={**GOOD, "a": jnp.zeros(3)})
    agent = SAC(world.spec, hidden_sizes=(4,))
    refuses(lambda: hierax.train(agent, world, 8), "view 'a' of step() of Wrong-v0", "(2,)", "(3,)")


def test_fields_that_cannot_be_hashed_are_named():
    @dataclasses.dataclass(frozen=True)
    class Listed(Wrong):
        places: object = None

    refuses(lambda: check_world(Listed(places=[1])), "Listed", "hashable", "tuples")


def test_numbers_beyond_their_bounds_are_named():
    beyond = Wrong(observation={**GOOD, "a": jnp.full(2, 3.0)})
    refuses(lambda: check_world(beyond), "view 'a'", "Wrong-v0", "[-1, 1]", "3")
    poor = Wrong(reward=jnp.float32(np.nan))
    refuses(lambda: check_world(poor), "reward", "Wrong-v0", "finite")


@pytest.mark.parametrize(
    "world",
    [
        Wrong(),
        make("SpinCross-v0"),
        FunctionalHostWorld(PointSpeed()),
        GymnasiumWorld("CartPole-v1"),
    ],
    ids=["own", "jit", "host", "gymnasium"],
)
def test_worlds_that_keep_the_contract_pass(world):
    assert check_world(world) == world.spec


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Gymnasium, for what it merely dislikes
@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("PointCross-v0", ("the name", "make_world('PointCross-v0')")),
        (PointCross, ("the class PointCross", "PointCross()")),
        (PointCross().spec, ("its spec", "the world itself")),
        (gymnasium.make("Pendulum-v1"), ("an environment of Gymnasium", "make_world(environment)")),
        (gymnasium.spec("Pendulum-v1"), ("a spec of Gymnasium", "make_world(spec)")),
        (7, ("int", "no spec")),
    ],
)
def test_what_is_no_world_is_named_with_the_cure(given, parts):
    agent = SAC(PointCross().spec, hidden_sizes=(4,))
    for call in (lambda: check_world(given), lambda: hierax.train(agent, given, 8)):
        refuses(call, "world must be a world", *parts)


class Cart(gymnasium.Env):
    """An environment whose parts can be made wrong."""

    observation_space = spaces.Box(-1.0, 1.0, (2,))
    action_space = spaces.Box(-1.0, 1.0, (1,))

    def __init__(self, result=None, first=None):
        self.result, self.first, self.steps = result, first, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return (np.zeros(2, np.float32), {}) if self.first is None else self.first

    def step(self, action):
        self.steps += 1
        good = (np.zeros(2, np.float32), 0.0, False, False, {})
        return good if self.result is None else self.result


OBSERVATION = np.zeros(2, np.float32)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (
            {"result": (OBSERVATION, 0.0, False, {})},
            ("step() of Cart", "tuple of 4", "in place of done"),
        ),
        (
            {"result": (OBSERVATION, np.zeros(1), False, False, {})},
            ("reward of Cart", "shape (1,)"),
        ),
        ({"result": (OBSERVATION, None, False, False, {})}, ("reward of Cart", "NoneType")),
        ({"result": (OBSERVATION, 0.0, None, False, {})}, ("terminated of Cart", "NoneType")),
        ({"result": (OBSERVATION, 0.0, False, False, None)}, ("info of Cart", "dict")),
        ({"result": (np.zeros(3), 0.0, False, False, {})}, ("step() of Cart", "(2,)", "(3,)")),
        ({"first": OBSERVATION}, ("reset() of Cart", "(observation, info)", "shape (2,)")),
        ({"first": (np.zeros(3), {})}, ("reset() of Cart", "(2,)", "(3,)")),
    ],
)
def test_what_an_environment_returns_is_named_in_its_terms(options, parts):
    world = GymnasiumWorld(Cart, tuple(options.items()), 9)
    agent = SAC(world.spec, hidden_sizes=(4,))
    refuses(lambda: hierax.train(agent, world, 8, progress=False, episodes=1), *parts)


def test_spaces_and_signatures_are_named():
    class Empty(Cart):
        observation_space = spaces.Box(-1.0, 1.0, (0,))

    class Idle(Cart):
        action_space = spaces.Box(-1.0, 1.0, (0,))

    class Old(Cart):
        def reset(self):
            return OBSERVATION

    for kind, *parts in (
        (Empty, "observation_space of Empty", "at least one entry"),
        (Idle, "action_space of Idle", "at least one entry"),
        (Old, "reset() of Old", "must take a seed"),
    ):
        refuses(lambda kind=kind: GymnasiumBatch(kind, 1, episode_limit=9), *parts)


def test_checks_take_no_step_and_leave_methods_alone():
    cart = Cart()
    batch = GymnasiumBatch(cart, 1, episode_limit=9)
    assert cart.steps == 0
    batch.reset(0)
    assert cart.steps == 0
    batch.step(np.zeros((1, 1)))
    assert cart.steps == 1
    assert not {"reset", "step"} & set(vars(cart))


def test_one_environment_suffices_for_training_and_evaluation():
    made = []

    class Counted(Cart):
        def __init__(self):
            super().__init__()
            made.append(self)

    options = {"steps": 24, "progress": False, "episodes": 3, "evaluate_every": 8}
    only = Counted()
    for world, more in (
        (make(only, episode_limit=5), {}),
        (make(Counted, episode_limit=5), {"evaluation_environments": 0}),
    ):
        agent = SAC(world.spec, hidden_sizes=(4,), batch_size=2, learning_starts=4)
        alive = len(made)
        trained = hierax.train(agent, world, **options, **more)
        assert (trained.summary["episodes"], trained.summary["mean_length"]) == (3, 5.0)
        assert len(made) - alive == bool(more)


def test_evaluations_play_their_episodes_in_as_many_environments_as_asked():
    world, alive = make(Cart, episode_limit=5), []

    def found(environments):
        agent = SAC(world.spec, hidden_sizes=(4,))
        evaluator = HostEvaluator(agent, world, 5, environments)
        lengths = evaluator.run(agent.init(jax.random.key(0)), 0, explore=False).lengths
        alive.append(evaluator._batch.count)
        return lengths.tolist()

    assert found(None) == found(2) == found(9) == [5] * 5
    assert alive == [5, 2, 9]
    world = PointSpeed()
    agent = SAC(world.spec, hidden_sizes=(4,))
    refuses(
        lambda: hierax.train(agent, world, 8, evaluation_environments=2),
        "evaluation_environments",
        "PointSpeed-v0",
        "jit",
        "2",
    )


def test_environments_factories_and_specs_are_worlds():
    for given in (Cart(), Cart, lambda: Cart(), gymnasium.spec("Pendulum-v1")):
        world = make(given, episode_limit=9)
        assert (world.spec.episode_limit, world.spec.stepped) == (9, "host")
    assert make(Cart(), episode_limit=9).spec.name == "Cart"
    only = make(Cart(), episode_limit=9)
    refuses(lambda: only.batch(2), "only Cart", "got 2", "function")
    refuses(lambda: make(Cart(), episode_limit=9, colour=1).spec, "options of Cart", "'colour'")
