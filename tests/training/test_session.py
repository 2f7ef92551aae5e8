"""Runs that are broken off and go on, and what a run leaves behind."""

import dataclasses
import errno
import functools
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

from hierax.agents import (
    HIRO,
    IMPALA,
    KL,
    NORL,
    SAC,
    SVG0,
    TD3,
    Distral,
    Entries,
    OffPolicy,
    Retrace,
    VTrace,
)
from hierax.training import NotFiniteError, checkpoint, load, train
from hierax.training.checkpoint_files import NotSavedError
from hierax.training.records import Records, read_metrics
from hierax.training.run_folder import RunFolder
from hierax.worlds import PointCross, PointSpeed, make
from hierax.worlds.host import FunctionalHostWorld
from refusals import refusal
from training import killed_trainer
from training.toys import Clock, Counter

WORLD = PointSpeed(episode_limit=20)
SMALL = {"hidden_sizes": (4,), "batch_size": 8, "buffer_size": 300, "learning_starts": 32}
LEVELS = {
    "control_interval": 3,
    "random_goals": 100,
    "random_actions": 60,
    "updates_per_step": 0.25,
    "stop_low_when": 0.0,  # after five evaluations
}
ROLLOUT = {"learner": VTrace(rollout_length=5), "normalise_observations": True}
WINDOWS = Retrace(
    window_length=5, batch_size=8, buffer_size=300, learning_starts=32, updates_per_step=0.25
)
FAST = ("sac", "kl")
AGENTS = {
    "sac": SAC(WORLD.spec, **SMALL),
    "td3": TD3(WORLD.spec, **SMALL),
    "hiro": HIRO(WORLD.spec, goal_space=Entries("velocity"), **SMALL, **LEVELS),
    "norl": NORL(WORLD.spec, levels_start=100, **SMALL, **LEVELS),
    "kl": KL(WORLD.spec, hidden_sizes=(4,), period=3, default="learned", **ROLLOUT),
    "impala": IMPALA(WORLD.spec, hidden_sizes=(4,), **ROLLOUT),
    "svg0": SVG0(WORLD.spec, hidden_sizes=(4,), learner=WINDOWS),
    "distral": Distral(WORLD.spec, hidden_sizes=(4,), default="two_columns", learner=WINDOWS),
    "distral, latent": Distral(
        WORLD.spec, hidden_sizes=(4,), default="latent", memory_size=2, learner=WINDOWS
    ),
    "kl, retrace": KL(
        WORLD.spec, hidden_sizes=(4,), period=3, low_level="separate", learner=WINDOWS
    ),
}
learners = pytest.mark.parametrize(
    "learner",
    ["sac", "kl", *(pytest.param(n, marks=pytest.mark.slow) for n in AGENTS if n not in FAST)],
)
INTERVALS = {"log_every": 40, "evaluate_every": 80, "checkpoint_every": 80}
CLOCK = Clock(length=7, episode_limit=5)
drivers = pytest.mark.parametrize("driver", ["scan", "host"])


def run_real(folder, learner, driver, **changes):
    given = {"environments": 4, "episodes": 2, **INTERVALS, **changes}
    return train(AGENTS[learner], WORLD, 320, run=folder, driver=driver, progress=False, **given)


def run_toy(folder, driver="scan", agent=None, world=CLOCK, **changes):
    given = {"environments": 2, "episodes": 3, **INTERVALS, "driver": driver, **changes}
    agent = agent or Counter(world.spec)
    return train(agent, world, given.pop("steps", 400), run=folder, progress=False, **given)


def ended(folder):
    """What must be the same for the same run: its metrics, checkpoints and evaluation."""
    last = checkpoint.latest(folder / "checkpoints")
    digests = [
        json.loads((folder / kind / f"{last:012d}" / "manifest.json").read_text())["digest"]
        for kind in ("checkpoints", "policies")
    ]
    told = json.loads((folder / "summary.json").read_text())
    timeless = {name: value for name, value in told.items() if "second" not in name}
    return last, digests, (folder / "metrics.jsonl").read_bytes(), timeless


class Broken(Exception):  # noqa: N818 (it is no error: somebody pulls the plug)
    """What ends a run in the middle."""


def break_off(monkeypatch, place, name, call, after):
    """Makes the given call of ``place.name`` the last one; it is still made where ``after``."""
    calls, real = itertools.count(1), getattr(place, name)

    def broken(*arguments, **options):
        now = next(calls)
        if now == call and not after:
            raise Broken
        given = real(*arguments, **options)
        if now == call:
            raise Broken
        return given

    monkeypatch.setattr(place, name, broken)


PLACES = [
    *((Records, "write", call, after) for call in (1, 2, 5) for after in (False, True)),
    # Of each pair of saves the first is of what acts, the second of all that there is.
    *((checkpoint, "save", call, after) for call in (1, 2, 3, 4, 10) for after in (False, True)),
    (Records, "flush", 2, False),
]


@drivers
@pytest.mark.parametrize(
    "some", [slice(1, None, 4), pytest.param(slice(None), marks=pytest.mark.slow)]
)
def test_wherever_a_run_is_broken_off_it_ends_the_same(driver, some, tmp_path):
    run_toy(tmp_path / "whole", driver)
    expected = ended(tmp_path / "whole")
    for number, place in enumerate(PLACES[some]):
        folder = tmp_path / str(number)
        with pytest.MonkeyPatch.context() as patch:
            break_off(patch, *place)
            with pytest.raises(Broken):
                run_toy(folder, driver)
        assert not (folder / "summary.json").exists()
        run_toy(folder, driver)
        assert ended(folder) == expected, place


@drivers
@learners
def test_learners_that_are_broken_off_end_the_same(learner, driver, tmp_path):
    run_real(tmp_path / "whole", learner, driver)
    for call in (3, 2):  # twice, the second time after it was resumed
        with pytest.MonkeyPatch.context() as patch:
            break_off(patch, Records, "write", call, after=True)
            with pytest.raises(Broken):
                run_real(tmp_path / "broken", learner, driver)
    run_real(tmp_path / "broken", learner, driver)
    assert ended(tmp_path / "broken") == ended(tmp_path / "whole")


class Told(Counter):
    """Adds up what evaluations were like, and acts with that too."""

    def init(self, key, environments=1):
        state = super().init(key, environments)
        return state._replace(learner={**state.learner, "told": jnp.zeros(())})

    def act(self, state, carry, observation, key, *, explore):
        acts = {**state.learner, "count": state.learner["count"] + state.learner["told"]}
        return super().act(state._replace(learner=acts), carry, observation, key, explore=explore)

    def learn(self, state):
        told, (state, metrics) = state.learner["told"], super().learn(state)
        learner = {**state.learner, "told": told}
        return state._replace(learner=learner), {**metrics, "a_loss": told}

    def after_evaluation(self, state, means):
        told = state.learner["told"] + 1000.0 + means["deterministic/length"]
        return state._replace(learner={**state.learner, "told": jnp.float32(told)})


@drivers
def test_an_agent_is_told_of_each_evaluation_once(driver, tmp_path):
    agent = Told(CLOCK.spec)
    trained = run_toy(tmp_path / "whole", driver, agent)
    for call in (3, 2):  # counted anew each time: before an evaluation and after one
        with pytest.MonkeyPatch.context() as patch:
            break_off(patch, Records, "write", call, after=True)
            with pytest.raises(Broken):
                run_toy(tmp_path / "broken", driver, agent)
    run_toy(tmp_path / "broken", driver, agent)
    assert ended(tmp_path / "broken") == ended(tmp_path / "whole")
    lines = read_metrics(tmp_path / "whole" / "metrics.jsonl")
    evaluations = np.cumsum(["deterministic/length" in line for line in lines])
    assert evaluations[-1] > 3
    assert float(trained.states[0].learner["told"]) == 1005 * evaluations[-1]  # of 5 steps each
    # A line is of the updates before its evaluation.
    assert [line["a_loss"] for line in lines[1:]] == [1005 * n for n in evaluations[:-1]]


@pytest.mark.slow
def test_a_low_level_that_is_frozen_after_five_evaluations_stays_so(tmp_path):
    run_real(tmp_path / "whole", "hiro", "scan", evaluate_every=40)
    for call in (6, 2):  # after the fifth evaluation and before it, counted anew each time
        with pytest.MonkeyPatch.context() as patch:
            break_off(patch, Records, "write", call, after=True)
            with pytest.raises(Broken):
                run_real(tmp_path / "broken", "hiro", "scan", evaluate_every=40)
    run_real(tmp_path / "broken", "hiro", "scan", evaluate_every=40)
    assert ended(tmp_path / "broken") == ended(tmp_path / "whole")
    lines = read_metrics(tmp_path / "broken" / "metrics.jsonl")
    frozen = [line.get("low/frozen") for line in lines]
    evaluated = np.cumsum(["deterministic/return" in line for line in lines])
    assert len(set(evaluated)) > 6
    # The metrics of a line are of the updates before its evaluation.
    for told, before in zip(frozen[1:], evaluated[:-1], strict=True):
        assert told == (before >= 5)


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_several_seeds_that_are_broken_off_end_the_same(backend, tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)  # "gpu" advances them together
    run_toy(tmp_path / "whole", seeds=2)
    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, Records, "write", 6, after=True)  # between the lines of two seeds or not
        with pytest.raises(Broken):
            run_toy(tmp_path / "broken", seeds=2)
    run_toy(tmp_path / "broken", seeds=2)
    assert ended(tmp_path / "broken") == ended(tmp_path / "whole")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    return folder, run_toy(folder)


def test_what_a_run_leaves(finished):
    folder, trained = finished
    lines = read_metrics(folder / "metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(40, 401, 40))
    evaluated = [line["step"] for line in lines if "deterministic/return" in line]
    assert evaluated == [80, 160, 240, 320, 400]
    assert lines[-1]["training/length"] == 5
    # The agent acts with the number of its updates, and with the negative of it when it evaluates.
    assert lines[-1]["sampled/return"] == 5 * 400
    assert lines[-1]["deterministic/return"] == -5 * 400
    assert lines[-1]["deterministic/success"] == 0  # the limit comes before the goal
    assert checkpoint.steps(folder / "checkpoints") == [240, 320, 400]
    assert checkpoint.steps(folder / "policies") == [240, 320, 400]
    told = json.loads((folder / "summary.json").read_text())
    assert told["finished"] is True
    assert (told["step"], told["mean"], told["iqm"], told["episodes"]) == (400, -2000, -2000, 3)
    assert told["success_rate"] == 0
    assert told["sampled"]["mean"] == 2000
    assert {"wall_seconds", "cpu_seconds", "steps_per_second"} <= told.keys()
    assert told["mean"] == trained.summary["mean"]
    (state,) = trained.states
    assert int(state.updates) == 400
    config = json.loads((folder / "config.json").read_text())
    assert config["agent"]["name"] == "Counter"
    assert config["world"] == {
        "name": "Clock", "length": 7, "episode_limit": 5, "poison": None, "at": 0,
    }  # fmt: skip
    assert (config["steps"], config["seed"], config["seeds"]) == (400, 0, 1)


def test_a_finished_run_logs_nothing_again(finished, tmp_path):
    folder, _ = finished
    before = ended(folder), (folder / "times.jsonl").read_bytes()
    run_toy(folder)
    assert (ended(folder), (folder / "times.jsonl").read_bytes()) == before


def test_another_configuration_is_refused_by_the_fields_that_differ(finished):
    folder, _ = finished
    before = (folder / "config.json").read_bytes()
    agent = Counter(CLOCK.spec, updates_per_step=0.5)
    sentence = refusal(lambda: run_toy(folder, agent=agent, steps=401, seed=3))
    for field in ("agent.updates_per_step is 1.0, yours is 0.5", "seed is 0, yours is 3"):
        assert field in sentence
    assert "1 more field differs" in sentence
    assert "steps is 400, yours is 401" in refusal(lambda: run_toy(folder, steps=401, seed=3))
    assert "environments" not in sentence
    assert (folder / "config.json").read_bytes() == before
    run_toy(folder, checkpoint_every=160, keep=1)  # what changes no number may change


def test_a_run_without_a_folder_gives_the_same(finished):
    _, trained = finished
    again = run_toy(None)
    assert again.summary["mean"] == trained.summary["mean"]
    for one, other in zip(
        jax.tree.leaves(again.states[0].learner),
        jax.tree.leaves(trained.states[0].learner),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_a_run_that_ends_before_its_first_update_says_so(capsys):
    agent = Counter(CLOCK.spec, learning_starts=1_000)
    train(agent, CLOCK, 40, environments=2, episodes=1)
    told = capsys.readouterr().err
    assert "nothing is learned: learning_starts is 1000 and the run has 40 steps" in told


def test_what_an_agent_says_about_the_length_of_a_run_is_shown(capsys):
    class Hesitant(Counter):
        def note(self, state, steps):
            return f"late, after {state.steps} of {steps}"

    train(Hesitant(CLOCK.spec), CLOCK, 40, environments=2, episodes=1)
    assert "late, after 0 of 40" in capsys.readouterr().err


def test_an_interval_of_evaluations_is_resolved_when_a_run_begins(tmp_path):
    train(Counter(CLOCK.spec), CLOCK, 400, run=tmp_path, environments=2, episodes=5, progress=False)
    config = json.loads((tmp_path / "config.json").read_text())
    # Ten evaluations of 2 modes x 5 episodes x 5 steps are more than a quarter of the run.
    assert config["evaluate_every"] == 40
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert sum("deterministic/return" in row for row in rows) == 10
    train(Counter(CLOCK.spec), CLOCK, 800, run=tmp_path, environments=2, episodes=5, progress=False)
    assert json.loads((tmp_path / "config.json").read_text())["evaluate_every"] == 40


def test_a_run_can_be_loaded(finished):
    folder, trained = finished
    player = load(folder, agent=trained.agent, world=CLOCK)
    assert player.step == 400
    _, action = player.act(player.initial_carry(2), {"clock": np.zeros((2, 1), np.float32)})
    np.testing.assert_array_equal(action, np.full((2, 1), -400))
    earlier = load(folder, step=320, agent=trained.agent, world=CLOCK)
    assert earlier.state.learner["count"] == 320
    assert earlier.state.replay is None


def test_agents_and_worlds_of_hierax_are_made_from_the_folder_alone(tmp_path):
    agent = dataclasses.replace(AGENTS["td3"], views=("velocity",))
    trained = train(agent, WORLD, 64, seed=4, seeds=2, run=tmp_path, progress=False)
    seen = {"velocity": np.ones((3, 2), np.float32)}
    for number, seed in enumerate((4, 5)):
        player = load(tmp_path, seed=seed)
        assert (player.agent, player.world, player.step) == (agent, WORLD, 64)
        act = jax.jit(functools.partial(agent.act, trained.states[number], explore=False))
        _, expected, _ = act((), seen, jax.random.key(0))
        np.testing.assert_array_equal(player.act((), seen)[1], expected)
    assert refusal(lambda: load(tmp_path, seed=6)) == "seed must be one of 4, 5, got 6"
    # Without a key each step draws anew, and a player that is loaded again draws the same.
    players = [load(tmp_path), load(tmp_path)]
    drawn = [[player.act((), seen, explore=True)[1] for _ in range(3)] for player in players]
    np.testing.assert_array_equal(*drawn)
    assert len(np.unique(drawn[0])) == np.size(drawn[0])


@drivers
def test_what_is_not_finite_stops_the_run_and_is_kept(driver, tmp_path):
    agent = Counter(CLOCK.spec, poison="z_loss", at=123)
    with pytest.raises(NotFiniteError) as caught:
        run_toy(tmp_path, driver, agent)
    assert str(caught.value) == (
        f"z_loss is not finite, so the run was stopped; the arrays that it came from are in "
        f"{tmp_path / 'fault.npz'}"
    )
    assert not (tmp_path / "summary.json").exists()
    # Nothing was logged or saved of what came after.
    logged, saved = {"scan": ([40, 80, 120], [80]), "host": ([48, 96], [96])}[driver]
    assert [line["step"] for line in read_metrics(tmp_path / "metrics.jsonl")] == logged
    assert checkpoint.steps(tmp_path / "checkpoints") == saved
    with np.load(tmp_path / "fault.npz", allow_pickle=False) as batch:
        assert batch[".reward"].shape == (4,)
        assert set(batch[".reward"]) <= set(range(123))
    with pytest.raises(NotFiniteError):  # resumed, it comes to the same end
        run_toy(tmp_path, driver, agent)


@drivers
def test_a_world_that_is_not_finite_stops_the_run(driver, tmp_path):
    world = Clock(100, 100, "reward", 30)
    with pytest.raises(NotFiniteError, match=r"^reward is not finite.*fault\.npz$"):
        run_toy(tmp_path, driver, world=world)
    with np.load(tmp_path / "fault.npz", allow_pickle=False) as step:
        assert np.isnan(step["['reward']"]).all()
        assert np.isfinite(step["['action']"]).all()
        np.testing.assert_array_equal(step["['observation']['clock']"], [[30.0], [30.0]])
    with pytest.raises(NotFiniteError, match="give the run a folder"):
        run_toy(None, driver, world=world)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "steps must be an integer >= 1, got 0"),
        ({"seed": -1}, "seed must be an integer >= 0, got -1"),
        ({"seeds": 0}, "seeds must be an integer >= 1, got 0"),
        ({"episodes": 0}, "episodes must be an integer >= 1, got 0"),
        ({"keep": 0}, "keep must be an integer >= 1, got 0"),
        ({"environments": 0}, "environments must be an integer >= 1, got 0"),
        ({"log_every": 0}, "log_every must be an integer >= 1, got 0"),
        ({"driver": "fast"}, "driver must be one of 'auto', 'scan', 'host', got 'fast'"),
        (
            {"agent": Counter(PointCross().spec)},
            "agent must be made for Clock, got one for PointCross-v0",
        ),
        (
            {"world": FunctionalHostWorld(CLOCK), "driver": "scan"},
            "driver must be 'host' or 'auto' for Clock",
        ),
    ],
)
def test_refusals_leave_no_trace(changes, words, tmp_path):
    sentence = refusal(
        lambda: run_toy(tmp_path / "run", **{"agent": Counter(CLOCK.spec), **changes})
    )
    assert sentence.startswith(words)
    assert not (tmp_path / "run").exists()


def test_a_replay_that_is_too_small_is_refused_before_the_folder_is_taken(tmp_path):
    agent = Counter(CLOCK.spec, buffer_size=4)
    sentence = refusal(lambda: run_toy(tmp_path / "run", agent=agent))
    assert sentence.startswith("buffer_size must be at least 6")
    run_toy(tmp_path / "run", steps=40)  # a mended configuration is not another one


def kill(tmp_path, learner, driver, trials):
    """Runs `killed_trainer` and returns what it prints."""
    program = Path(__file__).with_name("killed_trainer.py")
    arguments = [sys.executable, "-W", "ignore", program, tmp_path, learner, driver, str(trials)]
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "cache"), **os.environ}
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=cache)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_run_that_was_killed_ends_the_same(tmp_path):
    told = kill(tmp_path, "td3", "scan", 1)
    assert told["same"] == told["trials"] == 1


def test_every_agent_can_be_killed():
    assert AGENTS.keys() == killed_trainer.NAMES


@pytest.mark.slow
@drivers
@pytest.mark.parametrize("learner", AGENTS)
def test_runs_that_were_killed_end_the_same(learner, driver, tmp_path):
    """Five in each of four ways: twenty together."""
    told = kill(tmp_path, learner, driver, 5)
    assert told["same"] == told["trials"] == 5
    assert told["after_a_checkpoint"] >= 2  # the others began anew
    # Another fresh process comes to the same.
    again = kill(tmp_path / "again", learner, driver, 0)
    assert again["digest"] == told["digest"]


def continued(folder, agent, world, steps=2_000, **changes):
    """Train for some steps, then for twice as many, and once for all of them."""
    given = {"environments": 5, "episodes": 2, "progress": False, "keep": 20, **changes}
    intervals = {"log_every": 200, "evaluate_every": 400, "checkpoint_every": 400}
    kept = {name: given.pop(name, value) for name, value in intervals.items()}
    train(agent, world, steps, run=folder / "parts", **given, **kept)
    saved = {"checkpoint_every": kept["checkpoint_every"]}  # a run keeps the other intervals
    train(agent, world, 2 * steps, run=folder / "parts", **given, **saved)
    trained = train(agent, world, 2 * steps, run=folder / "whole", **given, **kept)
    configs = [
        json.loads((folder / name / "config.json").read_text()) for name in ("parts", "whole")
    ]
    assert configs[0] == configs[1]
    return trained


def saved_digests(folder):
    """Of all arrays of each checkpoint and each policy that a run has kept."""
    files = sorted(folder.glob("*/*/manifest.json"))
    return {str(path.relative_to(folder)): json.loads(path.read_text())["digest"] for path in files}


def assert_same_run(folder):
    """Assert that the run in parts and the whole run saved, logged and evaluated the same."""
    parts, whole = folder / "parts", folder / "whole"
    stored = [
        load_file(run / "checkpoints" / f"{4_000:012d}" / "arrays.safetensors")
        for run in (parts, whole)
    ]
    assert stored[0].keys() == stored[1].keys()
    for name, array in stored[1].items():
        np.testing.assert_array_equal(stored[0][name], array, name)
    assert len(saved_digests(whole)) == 2 * 4_000 // 400
    assert saved_digests(parts) == saved_digests(whole)
    assert ended(parts) == ended(whole)


def rows_of(trained):
    """The rows of the ring of a replay, which hold one step of each environment."""
    return len(trained.states[0].replay.ring.step.reward)


QUARTER = {"updates_per_step": 0.25}
# Rings that have wrapped at 2,000 steps, that grow and then wrap, and that never wrap.
RINGS = {500: 500, 3_000: 3_000, 10**6: 4_000}
FAST = [("td3", "scan", 3_000), ("td3", "host", 500)]
WITH_REPLAY = [name for name in AGENTS if AGENTS[name].rollout_length is None]
# One of each kind of replay (steps, decisions of levels, windows) meets every ring.
CASES = [
    (name, driver, size)
    for name in WITH_REPLAY
    for driver in ("scan", "host")
    for size in (RINGS if name in ("td3", "hiro", "svg0") else [3_000])
]
slowly = [pytest.param(*case, marks=[] if case in FAST else pytest.mark.slow) for case in CASES]


def with_replay_of(agent, buffer_size):
    """The agent with another size of its replay, which is its own or that of its learner."""
    changes = {"buffer_size": buffer_size, **QUARTER}
    if isinstance(agent, OffPolicy):
        return dataclasses.replace(agent, **changes)
    return dataclasses.replace(agent, learner=dataclasses.replace(agent.learner, **changes))


@pytest.mark.parametrize(("learner", "driver", "buffer_size"), slowly)
def test_a_finished_run_that_is_continued_is_a_longer_run(learner, driver, buffer_size, tmp_path):
    agent = with_replay_of(AGENTS[learner], buffer_size)
    trained = continued(tmp_path, agent, WORLD, driver=driver)
    assert_same_run(tmp_path)
    longest = max(index.length for index in agent.store.indices.values())
    assert rows_of(trained) * 5 == pytest.approx(RINGS[buffer_size], abs=(longest + 1) * 5)


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["scan", "host"])
@pytest.mark.parametrize("learner", [name for name in AGENTS if name not in WITH_REPLAY])
def test_a_finished_run_without_a_replay_is_continued_as_a_longer_run(learner, driver, tmp_path):
    continued(tmp_path, AGENTS[learner], WORLD, driver=driver)
    assert_same_run(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("buffer_size", RINGS)
def test_a_run_in_environments_of_mujoco_that_is_continued_is_a_longer_run(buffer_size, tmp_path):
    world = make("SwimmerSpeed-v0", episode_limit=20)
    agent = SAC(world.spec, **{**SMALL, **QUARTER, "buffer_size": buffer_size})
    continued(tmp_path, agent, world)
    assert_same_run(tmp_path)


@pytest.mark.slow
def test_an_end_between_two_logs_changes_no_number_but_leaves_its_line(tmp_path):
    agent = dataclasses.replace(AGENTS["td3"], buffer_size=240)
    # Logs are 64 steps apart, and 160 is the first end.
    continued(tmp_path, agent, WORLD, 160, driver="host", environments=4, **INTERVALS)
    (last, digests, *_), (same, others, *_) = (
        ended(tmp_path / name) for name in ("parts", "whole")
    )
    assert (last, digests) == (same, others)
    steps = [
        [line["step"] for line in read_metrics(tmp_path / name / "metrics.jsonl")]
        for name in ("parts", "whole")
    ]
    assert sorted({*steps[0]} - {*steps[1]}) == [160]


def fill_the_disk(patch, place, name, call):
    """From a call of ``place.name`` on, the disk is full."""
    calls, real = itertools.count(1), getattr(place, name)

    def full(*arguments, **options):
        if next(calls) >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **options)

    patch.setattr(place, name, full)


DISKS = {
    "a line": (Records, "write", 5, 160),  # of steps 40, 80, 120, 160 and 200
    "an early line": (Records, "write", 1, None),
    "a checkpoint": (checkpoint, "write", 4, 80),  # two files of a checkpoint at each save
    "the summary": (RunFolder, "write_summary", 1, 400),
}


@pytest.mark.parametrize("place", DISKS)
def test_a_full_disk_ends_in_one_line_that_names_the_step_that_is_whole(place, tmp_path):
    *where, whole = DISKS[place]
    with pytest.MonkeyPatch.context() as patch:
        fill_the_disk(patch, *where)
        with pytest.raises(NotSavedError) as caught:
            run_toy(tmp_path / "run")
    kept = "begins anew" if whole is None else f"continues from step {whole}, which is whole"
    assert f": No space left on device; the same run {kept}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.whole_step == whole
    assert not list(tmp_path.rglob(".*.part"))  # what was written aside makes room
    run_toy(tmp_path / "run")
    run_toy(tmp_path / "whole")
    assert ended(tmp_path / "run") == ended(tmp_path / "whole")
