"""Runs that begin with what others learned, and levels that are trained one after the other."""

import contextlib
import dataclasses
import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import SAC, LatentSpacePolicy, Level
from hierax.training import checkpoint, train
from hierax.training.actor import Actor
from hierax.training.evaluation import MODES, ScanEvaluator
from hierax.training.host_driver import HostDriver
from hierax.training.iteration import Iteration
from hierax.training.records import Records, read_metrics
from hierax.training.scan_driver import ScanDriver
from hierax.training.serialisation import tree_digest
from hierax.training.session import Trained
from hierax.training.warm_start import digest, warm_started
from hierax.worlds import make
from hierax.worlds.host import FunctionalHostWorld
from refusals import refusal, refuses

PLANE = make("PointSpeed-v0", episode_limit=20)
CROSS = make("PointCross-v0", episode_limit=20)
SMALL = {
    "hidden_sizes": (8, 8), "batch_size": 16, "buffer_size": 200, "learning_starts": 32,
    "normalise_observations": True,
}  # fmt: skip
LOWER = LatentSpacePolicy(PLANE.spec, levels=(Level(coupling_units=6),), **SMALL)
UPPER_LEVEL = Level(coupling_units=6, control_interval=2)
INTERVALS = {"log_every": 40, "evaluate_every": 80, "checkpoint_every": 80}
drivers = pytest.mark.parametrize("kind", ["scan", "host"])


def driver(kind, agent, world):
    iteration = Iteration.of(agent, 4, 8 if kind == "host" else 1)
    if kind == "host":
        return HostDriver(agent, FunctionalHostWorld(world), iteration)
    return ScanDriver(agent, world, iteration)


def count(state):
    """How many observations are in the statistics."""
    (encoder,) = state.encoders.values()
    return int(encoder.statistics.count)


def advanced(chosen, runs, iterations=4):
    """The runs after iterations without and with learning."""
    runs, _ = chosen.advance(runs, chosen.iteration.learning_starts, learning=False)
    return chosen.advance(runs, iterations, learning=True)[0]


@pytest.fixture(scope="module")
def lower():
    """What the lower level learned with two seeds."""
    chosen = driver("scan", LOWER, PLANE)
    return chosen.agents(advanced(chosen, chosen.start((0, 1)), 20))


@pytest.fixture(scope="module")
def upper(lower):
    """The agent with a level more, and for each seed the state that it starts with."""
    (agent, one), (same, other) = (
        LOWER.add_level(state, UPPER_LEVEL, CROSS.spec) for state in lower
    )
    assert agent == same  # so both can be trained by one driver
    return agent, [one, other]


@pytest.fixture(scope="module", params=["scan", "host"])
def chosen(request, upper):
    return driver(request.param, upper[0], CROSS)


def test_a_run_begins_with_what_was_learned_and_with_nothing_else(chosen, upper):
    _, starts = upper
    begun = chosen.agents(chosen.start((5, 6), starts))
    fresh = chosen.agents(chosen.start((5, 6)))
    for found, plain, start in zip(begun, fresh, starts, strict=True):
        assert digest([found._replace(replay=None)]) == digest([start])
        assert digest([found._replace(replay=None)]) != digest([plain._replace(replay=None)])
        rest = [each._replace(learner=None, encoders=None) for each in (found, plain)]
        assert tree_digest(rest[0]) == tree_digest(rest[1])
        # Weak types would be lost in the first step, and all be compiled once more.
        kinds = [
            [(leaf.shape, leaf.dtype, getattr(leaf, "weak_type", None)) for leaf in leaves]
            for leaves in map(jax.tree.leaves, (found, plain))
        ]
        assert kinds[0] == kinds[1]


def test_from_the_host_what_acts_first_is_what_was_learned(upper):
    agent, starts = upper
    ((_, run),) = driver("host", agent, CROSS).start((0,), starts[:1])
    expected = tree_digest(Actor(agent, 4).parameters(starts[0]))
    assert tree_digest(run.parameters) == tree_digest(run.published) == expected


def test_what_was_given_can_still_be_used(chosen, upper):
    agent, starts = upper
    before = tree_digest(starts)
    runs = advanced(chosen, chosen.start((0, 1), starts))
    for state, start in zip(chosen.agents(runs), starts, strict=True):
        assert tree_digest(state.learner.below) == tree_digest(start.learner.below)
        assert tree_digest(state.learner.top) != tree_digest(start.learner.top)
        assert int(state.updates) == 4 * chosen.iteration.updates
    assert tree_digest(starts) == before
    shown = {"position": jnp.ones((3, 2)), "velocity": jnp.ones((3, 2))}
    carry = agent.initial_carry(3)
    _, action, _ = agent.act(starts[0], carry, shown, jax.random.key(0), explore=False)
    assert jnp.isfinite(action).all()


@contextlib.contextmanager
def nothing_compiled(caplog):
    """Fails where something was compiled meanwhile, or taken from the cache on the disk."""
    with jax.log_compiles(), caplog.at_level("WARNING"):
        yield
    assert not [line for line in caplog.messages if line.startswith("Compiling")]


def test_a_training_of_one_seed_can_be_given_whole(lower, upper):
    trained = Trained(LOWER, lower[:1], {})
    agent, state = LOWER.add_level(trained, UPPER_LEVEL, CROSS.spec)
    assert (agent, tree_digest(state)) == (upper[0], tree_digest(upper[1][0]))
    both = Trained(LOWER, lower, {})
    refuses(lambda: LOWER.add_level(both, UPPER_LEVEL, CROSS.spec), "trained ... one seed ... 2")


def test_untrained_levels_below_are_asked_for():
    agent = LatentSpacePolicy(CROSS.spec, levels=(Level(), UPPER_LEVEL), **SMALL)
    words = "start ... trained ... None ... train_levels ... 'untrained'"
    refuses(lambda: train(agent, CROSS, 40, progress=False), words)
    refuses(lambda: train(agent, CROSS, 40, start="unknown", progress=False), "start ... unknown")


def test_another_lower_level_and_another_seed_compile_nothing(chosen, lower, upper, caplog):
    agent, starts = upper
    advanced(chosen, chosen.start((0,), starts[:1]))
    LOWER.add_level(lower[0], UPPER_LEVEL, CROSS.spec)
    with nothing_compiled(caplog):
        again, other = LOWER.add_level(lower[1], UPPER_LEVEL, CROSS.spec)
        assert again == agent
        advanced(chosen, chosen.start((3,), [other]))


def test_adding_a_level_compiles_nothing_of_the_agent_below_anew(lower, caplog):
    act = jax.jit(
        lambda agent, state, shown, key: agent.act(
            state, agent.initial_carry(3), shown, key, explore=True
        ),
        static_argnums=0,
    )
    learn = driver("scan", LOWER, PLANE)
    shown, key = {"velocity": jnp.ones((3, 2))}, jax.random.key(0)
    act(LOWER, lower[0], shown, key)
    advanced(learn, learn.start((0,), lower[:1]))
    agent, start = LOWER.add_level(lower[0], UPPER_LEVEL, CROSS.spec)
    act(agent, start, {"position": jnp.ones((3, 2)), **shown}, key)
    with nothing_compiled(caplog):
        act(LOWER, lower[1], shown, key)
        act(agent.up_to(0, PLANE.spec), lower[1], shown, key)
        advanced(learn, learn.start((1,), lower[1:]))


@pytest.mark.slow
def test_seeds_that_advance_together_begin_each_with_its_own(upper):
    agent, starts = upper
    together = dataclasses.replace(driver("scan", agent, CROSS), together=True)
    runs = together.start((3, 4), starts)
    for state, start in zip(together.agents(runs), starts, strict=True):
        assert digest([state._replace(replay=None)]) == digest([start])
    structure = jax.eval_shape(lambda: together.start((3, 4)))
    kinds = [jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), x) for x in (runs, structure)]
    assert kinds[0] == kinds[1]


def test_a_new_level_earns_what_the_levels_below_earn(lower):
    """In the same episodes, to the bit: a new level is the identity."""
    agent, start = LOWER.add_level(lower[0], Level(coupling_units=6))
    for explore in MODES.values():
        before, after = (
            ScanEvaluator(each, PLANE, 3).run(state, 11, explore=explore)
            for each, state in ((LOWER, lower[0]), (agent, start))
        )
        np.testing.assert_array_equal(before.returns, after.returns)
        assert np.ptp(before.returns) > 0 or not explore


def test_statistics_come_along(lower):
    assert count(lower[0]) > 0
    begun = warm_started(LOWER.acting_state(jax.random.key(0)), lower[0])
    assert tree_digest(begun.encoders) == tree_digest(lower[0].encoders)
    assert tree_digest(begun.learner) == tree_digest(lower[0].learner)


def test_copies_are_no_views(upper):
    agent, starts = upper
    copied = warm_started(agent.acting_state(jax.random.key(0)), starts[0])
    for one, other in zip(
        jax.tree.leaves(copied.learner), jax.tree.leaves(starts[0].learner), strict=True
    ):
        assert one.unsafe_buffer_pointer() != other.unsafe_buffer_pointer()


def test_what_differs_in_parameters_or_statistics_is_another_start(upper):
    _, starts = upper
    known = digest(starts)
    one, other = starts
    assert digest([other, one]) != known
    assert digest([one._replace(steps=one.steps + 1, key=jax.random.key(9)), other]) == known
    changed = jax.tree.map(lambda leaf: leaf + 1, one.encoders)
    assert digest([one._replace(encoders=changed), other]) != known


# Whole runs


def run_upper(folder, kind, upper, start, **changes):
    agent, _ = upper
    given = {"environments": 4, "episodes": 2, **INTERVALS, **changes}
    return train(
        agent, CROSS, given.pop("steps", 160), start=start, run=folder, driver=kind,
        progress=False, **given,
    )  # fmt: skip


@pytest.fixture(scope="module", params=["scan", "host"])
def finished(request, upper, tmp_path_factory):
    """A driver, the folder of a whole run, and what came of it."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return request.param, folder, run_upper(folder, request.param, upper, upper[1][:1])


def test_a_run_trains_its_top_level_and_tells_of_it(finished, upper):
    _, folder, trained = finished
    (state,), start = trained.states, upper[1][0]
    assert tree_digest(state.learner.below) == tree_digest(start.learner.below)
    assert tree_digest(state.learner.top.actor) != tree_digest(start.learner.top.actor)
    assert int(state.updates) > 0
    last = read_metrics(folder / "metrics.jsonl")[-1]
    assert {"level_1/kl", "level_1/temperature", "level_1/critic_loss"} <= set(last)
    assert not [name for name in last if name.startswith("level_0/")]
    config = json.loads((folder / "config.json").read_text())
    assert config["start"] == digest(upper[1][:1])


def test_another_start_is_another_run(finished, upper):
    kind, folder, _ = finished
    before = (folder / "config.json").read_bytes()
    one, other = upper[1]
    for start in ([other], "untrained"):
        sentence = refusal(lambda start=start: run_upper(folder, kind, upper, start))
        assert "start is " in sentence
        assert "seed" not in sentence
    assert (folder / "config.json").read_bytes() == before
    # What it does not begin with may be another; and the run is over, so nothing happens.
    elsewhere = one._replace(key=jax.random.key(9), steps=one.steps + 3)
    again = run_upper(folder, kind, upper, [elsewhere])
    assert again.summary["mean"] == finished[2].summary["mean"]


class Broken(Exception):  # noqa: N818 (it is no error: somebody pulls the plug)
    """What ends a run in the middle."""


def ended(folder):
    """What must be the same for the same run."""
    last = checkpoint.latest(folder / "checkpoints")
    manifest = folder / "checkpoints" / f"{last:012d}" / "manifest.json"
    return json.loads(manifest.read_text())["digest"], (folder / "metrics.jsonl").read_bytes()


def break_off(folder, kind, upper, start, write, **changes):
    """Runs until that line of metrics is to be written."""
    calls, real = itertools.count(1), Records.write

    def broken(*arguments):
        if next(calls) == write:
            raise Broken
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Records, "write", broken)
        with pytest.raises(Broken):
            run_upper(folder, kind, upper, start, **changes)
    assert checkpoint.latest(folder / "checkpoints")


def test_a_run_that_is_broken_off_ends_the_same(finished, upper, tmp_path):
    kind, whole, _ = finished
    break_off(tmp_path / "run", kind, upper, upper[1][:1], 3)  # after the first checkpoint
    run_upper(tmp_path / "run", kind, upper, upper[1][:1])
    assert ended(tmp_path / "run") == ended(whole)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "backend"), [("scan", "cpu"), ("scan", "gpu"), ("host", "cpu")])
def test_several_seeds_that_are_broken_off_end_the_same(
    kind, backend, upper, tmp_path, monkeypatch
):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)  # "gpu" advances them together
    whole = run_upper(tmp_path / "whole", kind, upper, upper[1], seeds=2)
    break_off(tmp_path / "run", kind, upper, upper[1], 6, seeds=2)  # between two seeds or not
    resumed = run_upper(tmp_path / "run", kind, upper, upper[1], seeds=2)
    assert ended(tmp_path / "run") == ended(tmp_path / "whole")
    assert tree_digest(resumed.states) == tree_digest(whole.states)
    for state, start in zip(resumed.states, upper[1], strict=True):  # each seed its own start
        assert tree_digest(state.learner.below) == tree_digest(start.learner.below)
        assert tree_digest(state.learner.top) != tree_digest(start.learner.top)


def test_a_run_that_never_updates_keeps_what_it_began_with(upper):
    agent, starts = upper
    trained = run_upper(None, "scan", upper, starts[:1], steps=16)
    (state,) = trained.states
    assert tree_digest(state.learner) == tree_digest(starts[0].learner)
    assert count(state) > 0
    # The statistics went on, so those of the beginning are put back to compare.
    evaluator = ScanEvaluator(agent, CROSS, 2)
    same = state._replace(encoders=starts[0].encoders)
    for explore in MODES.values():
        one, other = (evaluator.run(each, 3, explore=explore) for each in (same, starts[0]))
        np.testing.assert_array_equal(one.returns, other.returns)
        np.testing.assert_array_equal(one.lengths, other.lengths)


@pytest.mark.slow
@drivers
def test_three_levels_with_clocks_of_their_own(kind, upper):
    agent, starts = upper
    top = Level(coupling_units=6, control_interval=4, noise="episode")
    three, start = agent.add_level(starts[0], top)
    chosen = driver(kind, three, CROSS)
    runs = advanced(chosen, chosen.start((0,), [start]), 20)
    assert chosen.fault(runs) is None
    (state,) = chosen.agents(runs)
    assert tree_digest(state.learner.below) == tree_digest(start.learner.below)
    assert int(state.updates) == 20 * chosen.iteration.updates
    chosen.close(runs)


@pytest.mark.slow
def test_flat_agents_begin_with_what_they_learned_too():
    sac = SAC(PLANE.spec, **SMALL)
    given = {"environments": 4, "episodes": 2, "progress": False}
    first = train(sac, PLANE, 160, seeds=2, **given)
    again = train(sac, PLANE, 16, 7, seeds=2, start=first.states, **given)
    for old, new in zip(first.states, again.states, strict=True):
        assert tree_digest(new.learner) == tree_digest(old.learner)
        assert int(new.updates) == 0
        assert count(new) > count(old)


# Refusals


def wide():
    """What an agent with a unit more, but else the same, learned."""
    levels = LOWER.levels[0], UPPER_LEVEL
    agent = LatentSpacePolicy(CROSS.spec, levels=levels, **{**SMALL, "hidden_sizes": (8, 9)})
    return agent.acting_state(jax.random.key(0))


OTHER = ("start must hold states of this agent", "add_level", "got states of another agent")
COUNTED = "start must have one state for each seed"
REFUSALS = {
    "too few": (lambda lower, starts: [], (COUNTED, "got 0 states for 1 seeds")),
    "too many": (lambda lower, starts: starts, (COUNTED, "got 2 states for 1 seeds")),
    "a lower level": (lambda lower, starts: lower[:1], OTHER),
    "other units": (lambda lower, starts: [wide()], OTHER),
    "no statistics": (lambda lower, starts: [starts[0]._replace(encoders={})], OTHER),
    "no state": (
        lambda lower, starts: [starts[0].learner],
        ("state in start must be of type TrainState, got StackLearner",),
    ),
    "a generator": (lambda lower, starts: iter(starts), ("start must be of type ",)),
    "a state alone": (lambda lower, starts: starts[0], ("start ",)),
}


@drivers
@pytest.mark.parametrize("case", REFUSALS)
def test_what_does_not_fit_is_refused_before_there_is_a_folder(kind, case, lower, upper, tmp_path):
    given, words = REFUSALS[case]
    sentence = refusal(lambda: run_upper(tmp_path / "run", kind, upper, given(lower, upper[1])))
    assert sentence.startswith(words[0])
    assert all(word in sentence for word in words)
    assert not (tmp_path / "run").exists()


def test_two_seeds_need_two_states(upper, tmp_path):
    sentence = refusal(lambda: run_upper(tmp_path / "run", "scan", upper, upper[1][:1], seeds=2))
    assert sentence == f"{COUNTED}, got 1 states for 2 seeds"
    assert not (tmp_path / "run").exists()
