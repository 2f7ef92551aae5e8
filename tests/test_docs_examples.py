"""The pages keep their word: their examples run, learn what they say, and tables show what is."""

import ast
import dataclasses
import re
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import hierax
from hierax.agents import (
    HIRO,
    KL,
    NORL,
    SAC,
    TD3,
    ActorCritic,
    Distral,
    FlatActorCritic,
    LatentSpacePolicy,
    Level,
    OffPolicy,
    Retrace,
    TwoLevels,
    VTrace,
)
from hierax.agents.kl.flat import FlatModular
from hierax.agents.kl.modular import ModularAgent
from hierax.agents.kl.regularised import Regularised
from hierax.training.serialisation import tree_digest
from hierax.worlds.gymnasium import HieraxEnv, HieraxGoalEnv, HostEnv
from hierax.worlds.mujoco.bodies.body import UP, Body
from hierax.worlds.mujoco.tasks.arrangement import Arrangement
from hierax.worlds.mujoco.tasks.gap import Gap
from hierax.worlds.mujoco.tasks.gather import Gather
from hierax.worlds.mujoco.tasks.speed import SwimmerSpeed
from worlds.mujoco.acted import data_of, teleport, timesteps

DOCS = Path(__file__).parent.parent / "docs"
PAGES = (
    "train", "resume", "sac", "td3", "own-world", "latent-space", "mujoco-worlds", "hiro",
    "norl", "own-goals", "kl", "kl-tutorial", "impala", "svg0", "distral",
)  # fmt: skip
TABLES = {
    ("sac", "Fields"): (SAC,),
    ("td3", "Fields"): (TD3,),
    ("latent-space", "Fields"): (LatentSpacePolicy, Level),
    ("hiro", "Fields"): (OffPolicy, TwoLevels, HIRO),
    ("norl", "Fields"): (NORL,),
    ("kl", "Fields"): (ModularAgent, Regularised, KL),
    ("kl", "Fields of V-trace"): (VTrace,),
    ("impala", "Fields"): (ModularAgent, FlatModular),
    ("svg0", "Fields of Retrace"): (Retrace,),
    ("distral", "Fields"): (Regularised, Distral),
    ("train", "Fields of all actor-critics"): (ActorCritic, OffPolicy),
    ("train", "Fields of SAC and TD3"): (FlatActorCritic,),
}
LEFT_OUT = ("spec", "levels", "learner")
"""Fields whose defaults are not literals."""


def text_of(page):
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page):
    """Python on a page, without the files that it shows: those are marked otherwise."""
    return re.findall(r"```python\n(.*?)```", text_of(page), re.DOTALL)


def imports(block):
    """The statements of a block that import something."""
    nodes = ast.walk(ast.parse(block))
    return [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def fields(page, heading):
    """Names and defaults in the tables below a heading of a page."""
    section = text_of(page).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", section, re.MULTILINE)
    return {name: ast.literal_eval(default) for name, default in rows}


@pytest.fixture(autouse=True)
def examples_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "examples")


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """A training of the agent that the page shows, its share of the optimum, and its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "examples")
        from own_agent import learn_the_rooms
    folder = tmp_path_factory.mktemp("runs") / "rooms"
    options = {"run": folder, "checkpoint_every": 8_000, "progress": False}
    return learn_the_rooms(20_000, **options), folder, lambda: learn_the_rooms(20_000, **options)


def test_own_agent_is_nearly_as_good_as_the_planner(rooms):
    (trained, share), _, _ = rooms
    assert 0.98 < share <= 1.0 + 1e-9
    assert trained.summary["success_rate"] == 1.0


def test_own_agent_goes_on_from_its_last_checkpoint(rooms):
    (trained, share), folder, again = rooms
    metrics = (folder / "metrics.jsonl").read_bytes()
    for kind in ("checkpoints", "policies"):
        shutil.rmtree(max((folder / kind).iterdir()))
    resumed, resumed_share = again()
    assert resumed_share == share
    assert tree_digest(resumed.states) == tree_digest(trained.states)
    assert (folder / "metrics.jsonl").read_bytes() == metrics


def test_own_agent_acts_after_loading(rooms):
    (trained, _), folder, _ = rooms
    from own_agent import make

    player = hierax.load(folder, agent=trained.agent, world=make("FourRooms-v0"))
    _, action = player.act(player.initial_carry(2), {"state": np.array([0, 1])})
    np.testing.assert_array_equal(action, trained.states[0].learner[:2].argmax(axis=-1))


def test_own_agent_has_about_sixty_lines():
    source = (DOCS / "examples/own_agent.py").read_text(encoding="utf-8")
    (agent,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    assert agent.end_lineno - agent.lineno < 65


def test_own_world_passes_the_check_of_gymnasium():
    from own_world import Shuttle

    check_env(HieraxEnv(Shuttle()), skip_render_check=True)


def test_own_world_ends_off_the_rail():
    from own_world import Shuttle

    world = Shuttle()
    state, _ = world.reset(jax.random.key(0))
    edge = state._replace(position=jnp.array(1.99), speed=jnp.array(0.5))
    assert world.step(edge, jnp.ones(1), jax.random.key(0))[1].terminated
    assert not world.step(edge, -jnp.ones(1), jax.random.key(0))[1].success


@pytest.mark.slow
def test_own_world_is_learned(tmp_path):
    from own_world import train_shuttle

    assert train_shuttle(run=tmp_path / "shuttle", progress=False).summary["success_rate"] == 1.0


def test_own_goals_are_those_of_the_rewards():
    from own_goals import Harbour

    hierax.check_world(Harbour())
    check_env(HieraxGoalEnv(Harbour()), skip_render_check=True)


def test_the_pier_of_own_goals_is_in_the_way_up_to_its_end():
    from own_goals import Harbour

    world = Harbour()
    state, _ = world.reset(jax.random.key(0))
    right = jnp.array([1.0, 0.0])
    for y, x in ((4.9, 4.45), (5.1, 4.55)):
        at = state._replace(position=jnp.array([4.45, y]))
        np.testing.assert_allclose(world.step(at, right, jax.random.key(0))[0].position, [x, y])


@pytest.mark.slow
def test_own_goals_are_reached(tmp_path):
    from own_goals import train_boat

    assert train_boat(run=tmp_path / "boat", progress=False).summary["success_rate"] >= 0.9


def test_own_mujoco_world_passes_the_check_of_gymnasium():
    from own_mujoco_world import Arm

    check_env(HostEnv(Arm()), skip_render_check=True)


def test_own_mujoco_world_pays_the_distance_that_angles_and_ball_tell():
    from own_mujoco_world import HEIGHT, LINK, Arm

    batch, random = Arm().batch(3), np.random.default_rng(0)
    batch.reset(0)
    for _ in range(4):
        reward = batch.step(random.uniform(-1.0, 1.0, (3, 2))).reward
        for number, row in enumerate(batch.state.mjstate):
            data = batch.physics.to_mjdata(row)
            shoulder, elbow = data.qpos
            ways = shoulder, shoulder + elbow
            tip = [LINK * sum(map(along, ways)) for along in (np.cos, np.sin)]
            distance = np.linalg.norm(data.mocap_pos[0] - [*tip, HEIGHT])
            np.testing.assert_allclose(reward[number], -distance, rtol=1e-6)  # paid in 32 bits


def test_own_mujoco_world_ends_when_the_ball_was_held_without_a_break():
    from own_mujoco_world import HOLD, NEAR, Arm

    world = Arm()
    batch = world.batch(1)
    batch.reset(0)
    now, held, ends = data_of(batch), [], []
    for distance in [0.0] * (HOLD - 1) + [1.1 * NEAR] + [0.9 * NEAR] * HOLD:
        sensors = now.sensordata.copy()
        sensors[:, world.sensor_columns("ball")] = [distance, 0.0, 0.0]
        verdict = world.reward_and_termination(now, now._replace(sensordata=sensors))
        now = now._replace(task_state=verdict.task_state)
        held.append(round(HOLD * world.observe(now)["held"].item()))
        ends.append((verdict.terminated.item(), verdict.success.item()))
    assert held == [*range(1, HOLD), *range(HOLD + 1)]
    assert ends == [(False, False)] * (2 * HOLD - 1) + [(True, True)]


@pytest.mark.usefixtures("x64")
def test_own_mujoco_world_sees_and_pays_the_same_inside_jit():
    from own_mujoco_world import Arm

    world = Arm()
    batch = world.batch(2)
    batch.reset(0)
    now = data_of(batch)

    def seen_and_paid(now):
        return world.observe(now), world.reward_and_termination(now, now)

    def check(inside, outside):
        np.testing.assert_allclose(inside, outside, 1e-12, 1e-12)

    jax.tree.map(check, jax.jit(seen_and_paid)(now), seen_and_paid(now))


def test_a_world_may_come_from_a_file_whose_timestep_does_not_count(tmp_path):
    from own_mujoco_world import Arm

    file, spec = tmp_path / "arm.xml", Arm().compose()
    spec.compile()
    spec.option.timestep = 0.5
    file.write_text(spec.to_xml())

    class FromFile(Arm):
        def compose(self):
            return mujoco.MjSpec.from_file(str(file))

    for found, expected in zip(timesteps(FromFile(), 5), timesteps(Arm(), 5), strict=True):
        np.testing.assert_allclose(found.reward, expected.reward, rtol=1e-4)  # digits of the file


@pytest.mark.slow
def test_own_mujoco_world_is_learned(tmp_path):
    from own_mujoco_world import train_arm

    trained = train_arm(run=tmp_path / "arm", progress=False)
    assert trained.summary["success_rate"] == 1.0


def test_own_body_has_what_a_body_must_have_and_no_more():
    from own_body import Sledge

    def public(cls):
        return {name for name in {*vars(cls), *cls.__annotations__} if not name.startswith("_")}

    assert public(Sledge) == public(Body)


def test_own_body_stands_at_its_place_and_looks_along_its_yaw():
    from own_body import SledgeTask

    world = SledgeTask("Sledge-v0")
    batch = world.batch(1)
    batch.reset(0)
    teleport(batch, world.walker.standing_qpos(0.5, -1.5, 0.7))
    sensors = batch.state.sensordata[0]
    np.testing.assert_allclose(sensors[world.xy_columns], [0.5, -1.5])
    np.testing.assert_allclose(sensors[world.sensor_columns(*UP)], [0, 0, 1])
    ahead = sensors[world.sensor_columns("torso x")]
    np.testing.assert_allclose(ahead, [np.cos(0.7), np.sin(0.7), 0], atol=1e-12)


def test_own_body_earns_all_there_is_by_driving_at_the_target():
    from own_body import SledgeTask

    world = SledgeTask("SledgeGoTo-v0", targets=1, cells=0)
    batch = world.batch(1)
    shown = batch.reset(0)
    while not shown.ended[0]:
        ahead, left, _ = shown.observation["targets"][0]
        shown = batch.step(np.array([[ahead > abs(left), np.arctan2(left, ahead)]]))
    assert shown.success[0]
    assert shown.episode_return[0] == 60.0


@pytest.mark.parametrize("task", [Arrangement, Gather, Gap, SwimmerSpeed])
def test_own_body_acts_in_tasks_of_other_bodies(task):
    from own_body import Sledge

    world = dataclasses.dataclass(frozen=True)(type("Own", (task,), {"walker": Sledge()}))("Own")
    for shown in timesteps(world, 3):
        assert shown.observation["proprioception"].shape == (4, 9)
        assert not shown.ended.any()


@pytest.mark.parametrize("page", [*PAGES, "own-agent"])
def test_what_pages_import_is_there(page):
    assert blocks(page)
    for block in blocks(page):
        for statement in imports(block):
            exec(statement, {})


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_pages_run(page, tmp_path, monkeypatch):
    """All Python on a page, in one go, with runs cut short."""
    train = hierax.train
    cut_short = {"log_every": 500, "evaluate_every": 500, "episodes": 2, "progress": False}

    def shorter(agent, world, steps, **options):
        return train(agent, world, min(steps, 1_200), **{**options, **cut_short})

    monkeypatch.setattr("hierax.training.train", shorter)
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(page):
        exec(block, names)


@pytest.mark.parametrize(("page", "heading"), TABLES)
def test_tables_of_fields_are_complete(page, heading):
    own = [
        field
        for cls in TABLES[page, heading]
        for field in dataclasses.fields(cls)
        if field.name in vars(cls)["__annotations__"] and field.name not in LEFT_OUT
    ]
    # The default of a subclass comes later, and wins.
    assert fields(page, heading) == {field.name: field.default for field in own}
