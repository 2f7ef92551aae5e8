"""A run that starts with a replay learns from it, and joins no old step to a new one."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from hierax.agents import SAC, Index, LatentSpacePolicy, Level, transfer_replay
from hierax.training import train
from hierax.training.host_driver import HostDriver
from hierax.training.iteration import Iteration
from hierax.training.scan_driver import ScanDriver
from hierax.training.serialisation import tree_digest
from hierax.worlds import PointSpeed
from hierax.worlds.host import FunctionalHostWorld
from refusals import refuses
from training.test_ready import ENDLESS, Held

N = 2
PLANE = PointSpeed(episode_limit=20)
SMALL = {"hidden_sizes": (4,), "batch_size": 8, "buffer_size": 300, "learning_starts": 32}
KINDS = ["scan", "host", "host, replay apart"]


class Remembers(Held):
    """Draws windows of three steps."""

    @property
    def indices(self):
        return {"decisions": Index(3)}


AGENT = Remembers(ENDLESS.spec, batch_size=40, buffer_size=60)


def made(kind, rows):
    iteration = Iteration.of(AGENT, N)
    if kind == "scan":
        return ScanDriver(AGENT, ENDLESS, iteration, most_rows=rows)
    place = "host" if "apart" in kind else "device"
    return HostDriver(AGENT, FunctionalHostWorld(ENDLESS), iteration, place, rows)


@pytest.mark.parametrize(("kind", "before"), [("scan", 45), ("host", 12)])
def test_old_and_new_steps_are_held_and_not_joined(kind, before):
    hold_both(kind, before)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [12, 45])
def test_every_driver_holds_old_and_new_steps(kind, before):
    hold_both(kind, before)


def hold_both(kind, before):
    """``before`` is the number of rows of the first run; its ring holds 30 at most."""
    first = made(kind, AGENT.store.rows_for(N, before))
    runs, _ = first.advance(first.start((0,)), before, learning=False)
    (learned,) = first.agents(runs)
    kept = tree_digest(learned)
    second = made(kind, AGENT.store.rows_for(N, 100))
    runs, _ = second.advance(second.start((1,), [learned]), 9, learning=False)
    (state,) = second.agents(runs)
    assert tree_digest(learned) == kept
    held = min(before, 30 - 9 - 1) + 9
    assert int(state.replay.indices["decisions"].held) == N * held
    drawn = AGENT.store.sample(state.replay, jax.random.key(0), 2_000, "decisions")
    clock = np.asarray(drawn.observation["clock"])[..., 0]
    np.testing.assert_array_equal(np.diff(clock, axis=0), drawn.is_step)  # each is one later
    last_old, last_new = clock == before, clock == 9
    assert last_old.any()
    assert (clock == 0).any()
    assert last_new.any()


def sac(**changes):
    return SAC(PLANE.spec, **{**SMALL, **changes})


def run(agent, start=None, folder=None, steps=160, environments=4):
    given = {"environments": environments, "episodes": 1, "progress": False}
    return train(agent, PLANE, steps, start=start, run=folder, **given)


@pytest.fixture(scope="module")
def trained():
    return run(sac())


def test_learning_begins_at_once_with_what_was_stored(trained, tmp_path):
    agent = sac(learning_starts=0, buffer_size=10_000)
    (start,) = trained.states
    later = run(agent, [start], tmp_path / "with", steps=16).states[0]
    assert int(later.updates) == 16
    assert len(later.replay.ring.step.reward) == 40 + 1 + 1 + 4 + 2
    run(agent, [start._replace(replay=None)], tmp_path / "without", steps=16)
    digests = [
        json.loads((tmp_path / name / "config.json").read_text())["start"]
        for name in ("with", "without")
    ]
    assert digests[0] != digests[1]


@pytest.mark.slow
def test_a_transferred_replay_starts_the_level_above():
    agent = LatentSpacePolicy(PLANE.spec, levels=(Level(couplings=1),), **SMALL)
    low = run(agent)
    two, state = agent.add_level(low, Level(couplings=1))
    two = dataclasses.replace(two, learning_starts=0)
    replay = transfer_replay(agent, low.states[0], two)
    top = run(two, [state._replace(replay=replay)], steps=16)
    assert int(top.states[0].updates) == 16
    np.testing.assert_array_equal(
        top.states[0].replay.ring.step.extras["output"][:40], replay.ring.step.extras["output"][:40]
    )


def test_a_replay_that_does_not_fit_is_refused(trained):
    (start,) = trained.states
    refuses(
        lambda: run(sac(), [start], environments=2),
        "replay in start", "2 environments", "one of 4", "environments=4", "replay=None",
    )  # fmt: skip
    refuses(
        lambda: run(sac(buffer_size=100), [start]),
        "buffer_size must be at least 160 to hold the replay in start", "got 100",
    )  # fmt: skip
    step = start.replay.ring.step
    other = start.replay._replace(
        ring=start.replay.ring._replace(step=step._replace(extras={"other": step.reward}))
    )
    refuses(lambda: run(sac(), [start._replace(replay=other)]), "replay in start", "another agent")
