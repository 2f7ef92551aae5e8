"""From agents and worlds to JSON and back."""

import dataclasses
import json

import gymnasium
import numpy as np
import pytest

from hierax.agents import HIRO, SAC, TD3, Entries, LatentSpacePolicy, Level
from hierax.registry import AGENTS, Entry
from hierax.training import make_agent, make_world
from hierax.training.config import describe_agent, describe_world, described, remake_world
from hierax.training.environment_options import decoded
from hierax.worlds import ActingWorld, GridWorld, PointCross, PointMaze, Rewarded, SpinSpeed
from hierax.worlds.gymnasium import GymnasiumWorld
from hierax.worlds.host import FunctionalHostWorld
from refusals import assert_names, refusal
from training.toys import Clock, Counter

WORLDS = [PointCross(goal=(0.5, 0.0), episode_limit=30), PointMaze(), SpinSpeed(period=7.0)]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.spec.name)
def test_worlds_come_back(world):
    described = json.loads(json.dumps(describe_world(world)))
    assert remake_world(described) == world
    assert describe_world(FunctionalHostWorld(world)) == describe_world(world)


@pytest.mark.parametrize(
    "agent",
    [
        SAC(WORLDS[0].spec),
        SAC(
            WORLDS[0].spec, hidden_sizes=(8,), temperature=0.1, prior="uniform", views=("velocity",)
        ),
        LatentSpacePolicy(
            WORLDS[0].spec, levels=(Level(views=("velocity",)), Level(identity=False))
        ),
        TD3(WORLDS[0].spec, learning_rate=np.float32(1e-3), policy_delay=np.int64(3)),
    ],
)
def test_agents_come_back(agent):
    described = json.loads(json.dumps(describe_agent(agent)))
    assert "spec" not in described
    assert make_agent(described, WORLDS[0]) == agent


def test_an_environment_of_gymnasium_is_described_by_its_id_and_options():
    world = make_world("Pendulum-v1", g=9.0, episode_limit=50)
    assert describe_world(world) == {"name": "Pendulum-v1", "g": 9.0, "episode_limit": 50}
    assert remake_world(describe_world(world)) == world
    assert describe_world(make_world("Pendulum-v1")) == {"name": "Pendulum-v1"}
    assert world.spec.episode_limit == 50


def test_options_of_environments_come_back_with_their_types():
    given = {
        "g": np.float32(9.0),
        "sizes": [1, (2, np.int64(3))],
        "bounds": {"low": -np.inf},
        "table": np.arange(4, dtype=np.int32),
        "name": "a name of its own",
        "render_mode": None,
    }
    world = GymnasiumWorld("Pendulum-v1", tuple(given.items()), np.int64(50))
    written = json.loads(json.dumps(describe_world(world), default=int, allow_nan=False))
    assert (written["name"], written["episode_limit"]) == ("Pendulum-v1", 50)
    found = {key: decoded(key, value) for key, value in written["options"].items()}
    assert found["sizes"] == [1, (2, 3)]
    assert found["bounds"] == {"low": -np.inf}
    np.testing.assert_array_equal(found["table"], given["table"])
    assert found["table"].dtype == np.int32


def test_what_is_not_saved_is_named():
    shown = describe_world(GymnasiumWorld("Pendulum-v1", (("g", np.sin),), 50))
    assert_names(refusal(remake_world, shown), "option 'g'", "sin", "give the world")
    made = describe_world(GymnasiumWorld(lambda: gymnasium.make("Pendulum-v1"), (), 50))
    assert made["name"] == "Pendulum-v1"
    assert_names(refusal(remake_world, made), "Pendulum-v1 was made by", "give the world")


def test_rewarded_worlds_come_back_where_their_function_can_be_imported():
    world = Rewarded(PointCross(episode_limit=30), zero)
    assert remake_world(json.loads(json.dumps(describe_world(world)))) == world
    scaled = Rewarded(PointCross(), Scaled((2.0, 3.0)))
    assert remake_world(json.loads(json.dumps(describe_world(scaled)))) == scaled
    passing = Rewarded(PointCross(), lambda before, action, after, reward: reward)
    with pytest.warns(UserWarning, match="reward .*lambda.* cannot be imported"):
        assert remake_world(describe_world(passing)) == PointCross()
    host = make_world("Pendulum-v1")
    assert_names(
        refusal(Rewarded, host, zero), "functional world", "Pendulum-v1", "TransformReward"
    )


def zero(before, action, after, reward):
    return 0.0 * reward


@dataclasses.dataclass(frozen=True)
class Scaled:
    """A reward function with a field."""

    by: tuple[float, float]

    def __call__(self, before, action, after, reward):
        return self.by[0] * reward


def test_what_has_no_name_keeps_that_of_its_class():
    described = describe_agent(Counter(Clock().spec, at=3))
    assert (described["name"], described["at"]) == ("Counter", 3)
    sentence = refusal(make_agent, described, Clock())
    for part in ("unknown agent 'Counter'", "sac, td3, lsp", "hierax.register_agent"):
        assert part in sentence


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("PointCros-v0", {}, "PointCross-v0"),
        ("PointCross-v0", {"gaol": 1}, "gaol"),
        ("PointCross-v0", {"episode_limit": 0}, "episode_limit must be an integer >= 1, got 0"),
        ("Pendulum-v1", {"colour": "red"}, "Pendulum-v1 cannot be made: "),
    ],
)
def test_worlds_that_cannot_be_made(name, options, words):
    assert words in refusal(lambda: make_world(name, **options))


def test_plain_values():
    assert described((1, [2.5, None], "a", True, np.float64(0.5))) == [
        1,
        [2.5, None],
        "a",
        True,
        0.5,
    ]
    assert described({1}) == "{1}"


def test_tabular_worlds_come_back_with_all_their_options():
    world = make_world("FourRooms-v0", slip=0.1, bump=True, size=20, goal=(3, 4), episode_limit=9)
    described = json.loads(json.dumps(describe_world(world)))
    options = {"slip": 0.1, "bump": True, "size": 20, "goal": [3, 4], "episode_limit": 9}
    assert described == {"name": "FourRooms-v0", **options}
    assert describe_world(remake_world(described)) == described


def test_tabular_worlds_of_ones_own_differ_where_their_tables_do():
    straight, slippery = (
        describe_world(ActingWorld(GridWorld.from_text("S.G", slip=slip))) for slip in (0.0, 0.1)
    )
    assert straight["name"] == slippery["name"] == "GridWorld"
    assert straight != slippery
    assert straight == describe_world(ActingWorld(GridWorld.from_text("S.G")))


@dataclasses.dataclass(frozen=True)
class Clocks:
    """A field with fields."""

    period: float = 1.0
    shape: tuple[int, ...] = (1, 2)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Nested(SAC):
    """An agent with fields that are dataclasses."""

    clock: Clocks = Clocks()
    maybe: Clocks | None = None
    several: tuple[Clocks, ...] = ()


def test_fields_of_fields_come_back(monkeypatch):
    monkeypatch.setitem(AGENTS, "nested", Entry("nested", Nested, "a test"))
    several = (Clocks(2.0), Clocks(3.0, ()))
    agent = Nested(WORLDS[0].spec, clock=Clocks(4.0), maybe=Clocks(5.0), several=several)
    described = json.loads(json.dumps(describe_agent(agent)))
    assert (described["name"], "module" in described) == ("nested", False)
    assert make_agent(described, WORLDS[0]) == agent
    plain = Nested(WORLDS[0].spec)
    assert make_agent(json.loads(json.dumps(describe_agent(plain))), WORLDS[0]) == plain


def test_a_module_that_registers_is_named_and_imported_again(monkeypatch):
    asked = []
    entry = Entry("nested", Nested, "a test", module="my_module")
    monkeypatch.setitem(AGENTS, "nested", entry)
    described = describe_agent(Nested(WORLDS[0].spec))
    assert described["module"] == "my_module"
    monkeypatch.setattr("hierax.registry.import_plugin", asked.append)
    assert make_agent(described, WORLDS[0]) == Nested(WORLDS[0].spec)
    assert asked == ["my_module"]


@dataclasses.dataclass(frozen=True)
class Doubled:
    """A goal space of a user."""

    def __call__(self, observation):
        return 2.0 * observation["position"]

    def size(self, spec):
        return 2


def test_a_goal_space_of_hierax_comes_back_and_another_one_asks_for_its_agent():
    world = make_world("PointU-v0")
    agent = HIRO(world.spec, goal_space=Entries("position", 1))
    assert make_agent(json.loads(json.dumps(describe_agent(agent))), world) == agent
    own = describe_agent(HIRO(world.spec, goal_space=Doubled()))
    assert_names(refusal(lambda: make_agent(own, world)), "Doubled", "agent")
