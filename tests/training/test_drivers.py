"""What both drivers promise, on a world and an agent that show whatever is done to them."""

import contextlib
import dataclasses
import functools

import jax
import numpy as np
import pytest

from hierax.agents import SAC, TD3
from hierax.training import checkpoint, finiteness
from hierax.training.host_driver import HostDriver
from hierax.training.iteration import Iteration
from hierax.training.scan_driver import ScanDriver
from hierax.training.serialisation import tree_digest
from hierax.worlds import PointSpeed
from hierax.worlds.host import FunctionalHostBatch, FunctionalHostWorld
from training.toys import Clock, Counter, everything

CLOCK = Clock()
KINDS = {"scan": ScanDriver, "host": HostDriver}
both = pytest.mark.parametrize("kind", KINDS)


@functools.cache  # a driver compiles its own functions
def driver(kind, world=CLOCK, *, environments=2, least=1, agent=None, **options):
    agent = agent or Counter(world.spec, **options)
    iteration = Iteration.of(agent, environments, least)
    if kind == "host":
        return HostDriver(agent, FunctionalHostWorld(world), iteration)
    return ScanDriver(agent, world, iteration)


def advanced(chosen, *iterations, seeds=(0,), learning=True):
    runs = chosen.start(seeds)
    for each in iterations:
        runs, _ = chosen.advance(runs, each, learning=learning)
    return runs


@both
def test_steps_and_updates_are_counted(kind):
    chosen = driver(kind, updates_per_step=1.5)
    assert chosen.iteration == Iteration(2, 1, 3, 0)
    (state,) = chosen.agents(advanced(chosen, 3, 9))
    assert int(state.updates) == 12 * 3
    assert int(state.steps) == 12 * 2
    assert int(state.replay.ring.cursor) == 12


@both
def test_without_learning_there_is_no_update(kind):
    chosen = driver(kind)
    runs = chosen.start((0,))
    runs, (report,) = chosen.advance(runs, 10, learning=False)
    (state,) = chosen.agents(runs)
    assert (int(state.updates), int(report.updates)) == (0, 0)
    assert report.means(True).keys() == {f"training/{n}" for n in ("return", "length", "success")}
    runs, (report,) = chosen.advance(runs, 10, learning=True)
    assert int(report.updates) == 20


@both
def test_reports_are_of_these_iterations_alone(kind):
    chosen = driver(kind)
    runs = chosen.start((0,))
    for iterations in (8, 4):
        runs, (report,) = chosen.advance(runs, iterations, learning=True)
        assert int(report.ended) == 2 * iterations // 4
        assert report.means(True)["training/length"] == 3
        assert report.means(True)["training/success"] == 1
        assert int(report.updates) == 2 * iterations
    assert report.means(True)["m_gradient"] == np.mean(np.arange(17, 25))


@both
def test_the_carry_restarts_where_an_episode_begins_and_nowhere_else(kind):
    chosen = driver(kind, Clock(length=3, episode_limit=2), environments=3)
    (state,) = chosen.agents(advanced(chosen, 20))
    stored = everything(state)
    np.testing.assert_array_equal(stored["phase"], stored["clock"])  # as extras have it
    np.testing.assert_array_equal(stored["next"], stored["clock"] + 1)
    assert set(np.asarray(stored["clock"])) == {0, 1}
    assert not stored["terminated"].any()


@both
def test_episodes_that_are_over_are_stored_as_such(kind):
    (state,) = driver(kind).agents(advanced(driver(kind), 20))
    stored = everything(state)
    np.testing.assert_array_equal(stored["terminated"], stored["next"] == 3)
    np.testing.assert_array_equal(stored["reward"], stored["action"])


def test_inside_jit_the_latest_parameters_act():
    chosen = driver("scan", Clock(10**6, 10**6), environments=1, updates_per_step=2.0)
    (state,) = chosen.agents(advanced(chosen, 5))
    np.testing.assert_array_equal(everything(state)["action"], [0, 2, 4, 6, 8])


def test_on_the_host_the_parameters_of_two_iterations_ago_act():
    chosen = driver("host", Clock(10**6, 10**6), environments=1, least=3, updates_per_step=1.0)
    assert chosen.iteration == Iteration(1, 3, 3, 0)
    for iterations in ((5,), (1, 2, 2)):
        (state,) = chosen.agents(advanced(chosen, *iterations))
        # Iterations 0 and 1 act as at the start, iteration i with the 3 (i - 1) updates before
        # iteration i - 1.
        expected = np.repeat([0, 0, 3, 6, 9], 3)
        np.testing.assert_array_equal(everything(state)["action"], expected)


@both
def test_advancing_in_parts_changes_no_number(kind):
    chosen = driver(kind)
    whole, parts = advanced(chosen, 12), advanced(chosen, 1, 4, 7)
    assert digest(chosen, whole) == digest(chosen, parts)


def digest(chosen, runs):
    return tree_digest(chosen.snapshot(runs))


def real(kind, learner=TD3):
    world = PointSpeed(episode_limit=6)
    small = {"hidden_sizes": (4,), "batch_size": 4, "buffer_size": 100, "learning_starts": 8}
    return driver(kind, world, agent=learner(world.spec, **small))


@pytest.fixture(scope="module", params=KINDS)
def learning(request):
    """A driver of TD3, and the runs of two seeds after 10 iterations."""
    chosen = real(request.param)
    return chosen, advanced(chosen, 4, 6, seeds=(3, 4))


def test_the_same_seed_gives_the_same_run(learning):
    chosen, runs = learning
    assert digest(chosen, advanced(chosen, 4, 6, seeds=(3, 4))) == digest(chosen, runs)
    assert digest(chosen, advanced(chosen, 4, 6, seeds=(3, 5))) != digest(chosen, runs)


def test_seeds_one_after_the_other_are_as_alone(learning):
    chosen, runs = learning
    for k, seed in enumerate((3, 4)):
        alone = advanced(chosen, 4, 6, seeds=(seed,))
        together, single = chosen.agents(runs)[k], chosen.agents(alone)[0]
        assert tree_digest(together) == tree_digest(single)


def test_a_checkpoint_goes_on_to_the_bit_and_nothing_is_compiled_twice(learning, tmp_path, caplog):
    chosen, runs = learning
    checkpoint.save(tmp_path, chosen.snapshot(runs), 10)
    saved, _, _ = checkpoint.load(tmp_path, chosen.like((3, 4)))
    resumed = chosen.resume(saved, (3, 4))
    assert digest(chosen, resumed) == digest(chosen, runs)
    with nothing_compiled(caplog):
        for _ in range(2):
            resumed, _ = chosen.advance(resumed, 5, learning=True)
            resumed, _ = chosen.advance(resumed, 1, learning=False)
    whole = advanced(chosen, 10, 5, seeds=(3, 4))
    for iterations, learns in ((1, False), (5, True), (1, False)):
        whole, _ = chosen.advance(whole, iterations, learning=learns)
    assert digest(chosen, resumed) == digest(chosen, whole)


@contextlib.contextmanager
def nothing_compiled(caplog):
    """Fails where something was compiled meanwhile, or taken from the cache on the disk."""
    with jax.log_compiles(), caplog.at_level("WARNING"):
        yield
    assert not [line for line in caplog.messages if line.startswith("Compiling")]


@both
def test_shapes_start_no_environment_and_allocate_no_replay(kind, monkeypatch):
    agent = Counter(CLOCK.spec, buffer_size=10**9)
    chosen = driver(kind, agent=agent)
    monkeypatch.setattr(FunctionalHostWorld, "batch", None)
    (shapes,) = chosen.like((0,))
    stored = (shapes[1].learner if kind == "host" else shapes).agent.replay
    assert stored is checkpoint.AS_STORED  # the rows that were written, however many


@both
def test_an_agent_that_learns_from_rollouts_learns_from_exactly_these(kind):
    class Rolling(Counter):
        rollout_length = 3

    # The environments begin together: 4 iterations of 3 steps.
    chosen = driver(kind, Clock(10**6, 10**6), agent=Rolling(CLOCK.spec), least=8)
    assert chosen.iteration == Iteration(2, 3, 1, 0)
    (state,) = chosen.agents(advanced(chosen, 4))
    assert (int(state.updates), int(state.steps)) == (4, 24)
    acts = {"scan": [0, 1, 2, 3], "host": [0, 0, 1, 2]}[kind]
    np.testing.assert_array_equal(everything(state)["action"], np.repeat(acts, 6))


@both
def test_nothing_is_compiled_after_the_first_iteration(kind, caplog):
    chosen = driver(kind, updates_per_step=0.5)
    runs = advanced(chosen, 1)
    with nothing_compiled(caplog):
        for learning in (True, False, True):
            runs, _ = chosen.advance(runs, 4, learning=learning)
        chosen.agents(runs)


def test_seeds_together_are_as_apart_up_to_rounding():
    apart = real("scan")
    together = dataclasses.replace(apart, together=True)
    runs, states = together.start((3, 4)), apart.start((3, 4))
    runs, _ = together.advance(runs, 4, learning=False)
    states, _ = apart.advance(states, 4, learning=False)
    runs, reports = together.advance(runs, 3, learning=True)
    states, expected = apart.advance(states, 3, learning=True)
    assert len(reports) == 2
    for one, other in zip(together.agents(runs), apart.agents(states), strict=True):
        for a, b in zip(jax.tree.leaves(one.learner), jax.tree.leaves(other.learner), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        assert int(one.updates) == int(other.updates) == 6
    for one, other in zip(reports, expected, strict=True):
        assert one.means(False) == pytest.approx(other.means(False), rel=1e-3)


def test_together_a_fault_of_one_stops_all():
    chosen = dataclasses.replace(driver("scan", poison="z_loss", at=5), together=True)
    runs, _ = chosen.advance(chosen.start((0, 1)), 10, learning=True)
    assert [int(state.updates) for state in chosen.agents(runs)] == [5, 5]
    name, batch = chosen.fault(runs)
    assert name == "z_loss"
    np.testing.assert_array_equal(batch.reward, chosen.agents(runs)[0].learner["batch"].reward)


@both
@pytest.mark.parametrize("poison", ["observation", "reward"])
def test_a_step_that_is_not_finite_stops_the_run(kind, poison):
    chosen = driver(kind, Clock(100, 100, poison, 7), updates_per_step=1.5)
    runs = advanced(chosen, 50)
    name, arrays = chosen.fault(runs)
    assert name == poison
    assert arrays.keys() == {"observation", "action", "reward"}
    wrong = {key: not np.isfinite(jax.tree.leaves(array)[0]).all() for key, array in arrays.items()}
    assert wrong == {key: key == poison for key in arrays}
    (state,) = chosen.agents(runs)
    assert int(state.updates) == 6 * 3  # of the six iterations before


@both
def test_an_action_that_is_not_finite_stops_the_run(kind):
    # 8 updates are behind the action of iteration 4 inside jit, and of iteration 5 on the host.
    chosen = driver(kind, Clock(100, 100), poison="action", at=8)
    runs = advanced(chosen, 50)
    name, arrays = chosen.fault(runs)
    assert name == "action"
    assert np.isnan(arrays["action"]).all()
    (state,) = chosen.agents(runs)
    assert int(state.updates) == {"scan": 8, "host": 10}[kind]


def test_environments_are_not_given_an_action_that_is_not_finite(monkeypatch):
    given = []
    step = FunctionalHostBatch.step
    monkeypatch.setattr(
        FunctionalHostBatch,
        "step",
        lambda self, action: (given.append(action), step(self, action))[1],
    )
    chosen = driver("host", Clock(100, 100), poison="action", at=8)
    name, arrays = chosen.fault(advanced(chosen, 50))
    assert name == "action"
    assert np.isfinite(given).all()
    assert arrays["observation"]["clock"].tolist() == [[len(given)]] * 2  # what it acted on


@both
@pytest.mark.parametrize("poison", ["z_loss", "m_gradient", "a_loss"])
def test_an_update_that_is_not_finite_stops_the_run_at_once(kind, poison):
    chosen = driver(kind, poison=poison, at=11, updates_per_step=2.0)
    runs = advanced(chosen, 5, 20)
    name, batch = chosen.fault(runs)
    assert name == poison
    (state,) = chosen.agents(runs)
    assert int(state.updates) == 11  # the third of the four of its iteration
    for drawn, used in zip(batch, state.learner["batch"], strict=True):
        np.testing.assert_array_equal(drawn, used)


@both
def test_the_first_of_several_is_named(kind):
    chosen = driver(kind, agent=BothLosses(CLOCK.spec))
    name, _ = chosen.fault(advanced(chosen, 3))
    assert name == "z_loss"


class BothLosses(Counter):
    """Whose first and last metric are wrong at once."""

    def learn(self, state):
        state, metrics = super().learn(state)
        return state, {**metrics, "z_loss": metrics["z_loss"] + np.nan, "a_loss": np.inf * 1.0}


@both
def test_a_first_observation_that_is_not_finite_stops_the_run(kind):
    chosen = driver(kind, Clock(100, 100, "observation", 0))
    runs = advanced(chosen, 5)
    assert chosen.fault(runs)[0] == "observation"
    assert int(chosen.agents(runs)[0].updates) == 0


@both
def test_all_is_well(kind):
    chosen = driver(kind)
    assert chosen.fault(chosen.start((0,))) is None
    assert chosen.fault(advanced(chosen, 5)) is None


@both
@pytest.mark.parametrize("learner", [SAC, TD3])
def test_rewards_too_large_for_their_squares_are_found(kind, learner):
    chosen = driver(
        kind, Rich(), agent=learner(Rich().spec, hidden_sizes=(4,), batch_size=4, learning_starts=4)
    )
    name, batch = chosen.fault(advanced(chosen, 20))
    assert name == "critic_loss"
    assert batch.reward.max() == np.float32(1e30)


class Rich(Clock):
    """Pays more than a square can hold."""

    def step(self, state, action, key):
        state, shown = super().step(state, action, key)
        return state, shown._replace(reward=np.float32(1e30))


def test_names_of_faults_are_in_the_order_of_the_agent():
    agent = Counter(CLOCK.spec)
    state = jax.eval_shape(lambda: agent.init(jax.random.key(0)))
    assert finiteness.metric_names(agent, state) == ("z_loss", "m_gradient", "a_loss")


def test_environments_that_cannot_be_saved_are_reset_on_resuming():
    chosen = HostDriver(Counter(CLOCK.spec), Forgetful(Clock(100, 100)), Iteration(2, 1, 1, 0))
    runs = advanced(chosen, 5)
    ((saved, run),) = chosen.snapshot(runs)
    assert saved is None
    (resumed,) = chosen.resume([(saved, run)], (0,))
    assert int(resumed[1].beginnings) == 1
    runs, _ = chosen.advance([resumed], 4, learning=True)
    stored = everything(chosen.agents(runs)[0])
    # No step leads from the old episodes, whose last was to clock 5, into the new ones.
    np.testing.assert_array_equal(stored["next"], stored["clock"] + 1)
    np.testing.assert_array_equal(stored["phase"], stored["clock"])
    assert sorted(np.asarray(stored["clock"])) == sorted([*range(5), *range(4)] * 2)


class Forgetful(FunctionalHostWorld):
    """A world whose environments give nothing of what is inside them."""

    def batch(self, count):
        made = super().batch(count)
        made.save = lambda: None
        return made
