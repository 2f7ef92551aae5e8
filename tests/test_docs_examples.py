"""The pages keep their word: their examples run, learn what they say, and tables show what is."""

import ast
import dataclasses
import re
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import hierax
from hierax.agents import SAC, TD3, OffPolicy
from hierax.training.leaves import tree_digest
from hierax.worlds.gymnasium import HieraxEnv

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("train", "resume", "own-world", "latent-space", "mujoco-worlds")
TABLES = {"Soft actor-critic": SAC, "TD3": TD3, "Fields of both": OffPolicy}


def text_of(page):
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page):
    """Python on a page, without the files that it shows: those are marked otherwise."""
    return re.findall(r"```python\n(.*?)```", text_of(page), re.DOTALL)


def imports(block):
    """The statements of a block that import something."""
    nodes = ast.walk(ast.parse(block))
    return [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def fields(heading):
    """Names and defaults in the table below a heading of the page on training."""
    section = text_of("train").split(f"\n## {heading}\n")[1].split("\n## ")[0]
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
    _, action = player.act(player.begin(2), {"state": np.array([0, 1])})
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
    from own_world import drive

    assert drive(run=tmp_path / "shuttle", progress=False).summary["success_rate"] == 1.0


@pytest.mark.parametrize("page", PAGES)
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


@pytest.mark.parametrize("heading", TABLES)
def test_tables_of_fields_are_complete(heading):
    cls = TABLES[heading]
    own = [field for field in dataclasses.fields(cls) if field.name in vars(cls)["__annotations__"]]
    assert fields(heading) == {field.name: field.default for field in own if field.name != "spec"}
