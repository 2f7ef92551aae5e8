"""A replay takes the memory that a run fills, on the disk and off it, and is refused beforehand."""

import dataclasses
import json
import re

import jax
import pytest

from hierax.agents import SAC
from hierax.training import memory, train
from hierax.training.iteration import Iteration
from hierax.training.replays import fitted, rows_of_run
from hierax.worlds import PointSpeed
from refusals import refusal, refuses

WORLD = PointSpeed(episode_limit=20)
AGENT = SAC(WORLD.spec, hidden_sizes=(4,), batch_size=8, learning_starts=16)


def bytes_in(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_short_run_makes_and_saves_a_short_replay(tmp_path):
    agent = dataclasses.replace(AGENT, buffer_size=50_000_000)
    trained = train(agent, WORLD, 64, environments=4, episodes=1, run=tmp_path, progress=False)
    (state,) = trained.states
    assert len(state.replay.ring.step.reward) == 64 // 4 + 2
    assert bytes_in(tmp_path / "checkpoints") < 3 * 70_000
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["agent"]["buffer_size"] == 50_000_000
    assert trained.agent == agent


def shapes(agent, environments, steps):
    iteration = Iteration.of(agent, environments)
    most = rows_of_run(agent, iteration, iteration.count(steps))
    return jax.eval_shape(lambda: fitted(agent.init(jax.random.key(0), environments), most))


def of_size(buffer_size):
    return dataclasses.replace(AGENT, buffer_size=buffer_size)


@pytest.mark.parametrize("environments", [1, 16])
@pytest.mark.parametrize("seeds", [1, 3])
def test_the_size_that_is_named_fits_and_a_larger_one_does_not(environments, seeds, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda place: 10_000_000)

    def asked(agent, steps):
        fresh = shapes(agent, environments, steps)
        memory.require_room(fresh, agent.store, seeds, "device")

    sentence = refusal(lambda: asked(of_size(10**9), 10**9))
    fitting = int(re.findall(r"buffer_size must be at most (\d+)", sentence)[0])
    assert 10_000 < fitting < 10**6
    asked(of_size(fitting), 10**9)
    refuses(
        lambda: asked(of_size(fitting + 2 * environments), 10**9),
        "buffer_size must be at most", f"got {fitting + 2 * environments}",
    )  # fmt: skip
    asked(of_size(10**9), fitting // 2)  # a run that does not fill it needs less


def test_a_replay_that_does_not_fit_is_refused_before_there_is_a_folder(tmp_path):
    agent = of_size(10**12)
    call = lambda: train(agent, WORLD, 10**12, run=tmp_path / "run", progress=False)  # noqa: E731
    refuses(call, "buffer_size must be at most", "GB of memory", "got 1000000000000")
    assert not (tmp_path / "run").exists()


def test_a_container_may_have_less_memory_than_its_machine(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 90 kB\nMemAvailable:   70 kB\n")
    for name, text in (("max", "60000\n"), ("current", "50000\n"), ("stat", "anon 1\nfile 7\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path / "none")
    assert memory.free_bytes("host") == 70 * 1024
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.free_bytes("host") == 10_007
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes("host") == 70 * 1024
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    assert memory.free_bytes("host") is None
