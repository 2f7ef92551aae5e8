"""Batches of MuJoCo worlds: episodes, saving, determinism."""

import copy
import hashlib
import pickle
import subprocess
import sys

import jax
import numpy as np
import pytest

from hierax.training import checkpoint
from hierax.worlds import make
from hierax.worlds.mujoco import MujocoBatch, UnstableError
from refusals import refuses
from worlds.mujoco.toys import Slider

PUSH, IDLE = 1.0, 0.5  # the motor pulls with 3 N for -1 and pushes with 1 N for 1
BOTH = np.array([[PUSH], [IDLE]])


def timesteps(batch, seed, actions):
    return [batch.reset(seed), *(batch.step(action) for action in actions)]


def random_actions(batch, steps, seed=0):
    size = (steps, batch.count, *batch.spec.action.shape)
    return np.random.default_rng(seed).uniform(-1, 1, size).astype(np.float32)


def assert_same(first, second):
    assert jax.tree.structure(first) == jax.tree.structure(second)
    jax.tree.map(np.testing.assert_array_equal, first, second)


def column(shown, name):
    return np.array([getattr(timestep, name) for timestep in shown])


def test_a_new_episode_begins_at_the_step_after_an_end():
    shown = timesteps(MujocoBatch(Slider(), 2), 0, 60 * [BOTH])
    ended, is_step = column(shown, "ended"), column(shown, "is_step")
    np.testing.assert_array_equal(is_step[1:], ~ended[:-1])
    assert not is_step[0].any()
    for name in ("reward", "terminated", "truncated", "success", "episode_return"):
        assert not column(shown, name)[~is_step].any()
    length = column(shown, "episode_length")
    assert not length[~is_step].any()
    np.testing.assert_array_equal(length[1:][is_step[1:]], length[:-1][is_step[1:]] + 1)


def test_the_task_terminates_and_the_limit_truncates():
    shown = timesteps(MujocoBatch(Slider(), 2), 0, 60 * [BOTH])
    terminated, truncated = column(shown, "terminated"), column(shown, "truncated")
    assert terminated[:, 0].sum() >= 5
    assert not terminated[:, 1].any()
    np.testing.assert_array_equal(terminated[:, 0], column(shown, "reward")[:, 0] > 1.0)
    np.testing.assert_array_equal(terminated, column(shown, "success"))
    np.testing.assert_array_equal(truncated[:, 1], column(shown, "episode_length")[:, 1] == 9)


def test_a_termination_at_the_limit_is_not_a_truncation():
    shown = timesteps(MujocoBatch(Slider(), 1), 0, 9 * [BOTH[:1]])
    (last,) = np.flatnonzero(column(shown, "terminated")[:, 0])
    at_limit = timesteps(MujocoBatch(Slider(episode_limit=int(last)), 1), 0, last * [BOTH[:1]])
    assert at_limit[-1].terminated[0]
    assert not at_limit[-1].truncated[0]


def test_the_return_is_the_sum_of_rewards():
    batch = MujocoBatch(Slider(), 2)
    total = np.zeros(2, np.float32)
    for timestep in timesteps(batch, 0, random_actions(batch, 40)):
        total = np.where(timestep.is_step, total + timestep.reward, 0.0)
        np.testing.assert_allclose(timestep.episode_return, total, rtol=1e-6)


def test_task_state_and_mocap_bodies_change_between_episodes_only():
    batch = MujocoBatch(Slider(), 2)
    shown = timesteps(batch, 0, random_actions(batch, 40))
    clock, flag = (
        np.array([timestep.observation[name][:, 0] for timestep in shown])
        for name in ("clock", "flag")
    )
    goes_on = column(shown, "is_step")[1:]
    np.testing.assert_array_equal((clock[1:] - clock[:-1])[goes_on], 1.0)
    np.testing.assert_array_equal(flag[1:][goes_on], flag[:-1][goes_on])
    assert (flag[1:][~goes_on] != flag[:-1][~goes_on]).all()


def test_actions_are_scaled_to_the_control_range_and_clipped():
    # From rest, 1 kg, semi-implicit Euler with steps of .1 s: after two of them .03 m for 1 N.
    batch = MujocoBatch(Slider(), 4)
    before = batch.reset(0).observation["place"]
    moved = batch.step(np.array([[1.0], [-1.0], [IDLE], [-7.0]])).observation["place"] - before
    np.testing.assert_allclose(moved[:, 0], [0.03, -0.09, 0.0, -0.09], atol=1e-7)


def test_timesteps_and_saved_arrays_are_never_written_to():
    batch = MujocoBatch(Slider(), 3)
    kept = [batch.reset(0), batch.save()]
    before = [jax.tree.map(np.copy, kept[0]), jax.tree.map(np.copy, kept[1])]
    for action in random_actions(batch, 25):
        kept += [batch.step(action), batch.save()]
        before += [jax.tree.map(np.copy, each) for each in kept[-2:]]
    assert_same(kept, before)


@pytest.mark.parametrize("world", [Slider(), make("AntPushHard-v0", episode_limit=12)])
def test_a_batch_continues_from_a_checkpoint_bit_for_bit(world, tmp_path):
    batch = MujocoBatch(world, 3)
    actions = random_actions(batch, 40)
    timesteps(batch, 4, actions[:17])
    checkpoint.save(tmp_path, batch.save(), 17)
    expected = [batch.step(action) for action in actions[17:]]
    other = MujocoBatch(world, 3, threads=2)
    other.reset(0)
    saved, _, _ = checkpoint.load(tmp_path, other.save())
    other.restore(saved)
    assert_same([other.step(action) for action in actions[17:]], expected)


def trajectory(name, count, threads):
    """Return the SHA-256 of the timesteps of the first of ``count`` environments in 200 steps."""
    batch = make(name, episode_limit=70).batch(count, threads)
    sources = [np.random.default_rng(number) for number in range(count)]
    digest = hashlib.sha256()

    def note(timestep):
        for leaf in jax.tree.leaves(timestep):
            digest.update(np.ascontiguousarray(leaf[0]).tobytes())

    note(batch.reset(11))
    for _ in range(200):
        actions = [source.uniform(-1, 1, batch.spec.action.shape) for source in sources]
        note(batch.step(np.stack(actions)))
    return digest.hexdigest()


def test_trajectories_do_not_depend_on_threads_numbers_and_processes():
    name = "AntPushMid-v0"
    expected = trajectory(name, 1, 1)
    assert trajectory(name, 3, 2) == expected
    assert trajectory(name, 8, 3) == expected
    program = (
        f"import sys\nsys.path[:0] = {sys.path!r}\n"
        f"from worlds.mujoco.test_batch import trajectory\nprint(trajectory({name!r}, 3, 1))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.stdout.strip() == expected, finished.stderr


def test_seeds_and_environments_differ():
    batch = make("BallGoTo3-v0").batch(3)
    one, two = batch.reset(0).observation["targets"], batch.reset(1).observation["targets"]
    assert len(np.unique(np.concatenate([one, two]), axis=0)) == 6


@pytest.mark.parametrize(
    ("action", "parts"),
    [
        (np.zeros(2), ("shape", "(2, 1)", "(2,)")),
        (np.zeros((2, 3)), ("shape", "(2, 1)", "(2, 3)")),
        ([["a"]] * 2, ("real numbers",)),
        (np.zeros((2, 1), complex), ("real numbers",)),
        ([[0.0], [np.nan]], ("finite", "nan", "environment 1, entry 0")),
        ([[np.inf], [0.0]], ("finite", "inf", "environment 0, entry 0")),
    ],
)
def test_an_invalid_action_is_refused_and_changes_nothing(action, parts):
    batch = MujocoBatch(Slider(), 2)
    expected = timesteps(batch, 0, [BOTH])[-1]
    batch.reset(0)
    refuses(lambda: batch.step(action), "action", *parts)
    assert_same(batch.step(BOTH), expected)


def test_a_step_needs_a_reset():
    batch = MujocoBatch(Slider(), 1)
    for call in (lambda: batch.step(np.zeros((1, 1))), batch.save):
        with pytest.raises(RuntimeError, match="no episode has begun: call reset or restore first"):
            call()


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e30])
def test_unstable_physics_names_the_environment(number):
    batch = make("AntGoTo3-v0").batch(3, threads=2)
    batch.reset(0)
    saved = batch.save()
    saved["state/mjstate"][1, 3] = number
    batch.restore(saved)
    with pytest.raises(UnstableError, match=r"environment 1: .* must be finite") as e:
        batch.step(np.zeros((3, 8)))
    assert e.value.environments == [1]


def test_invalid_seeds_and_numbers_are_refused():
    batch = MujocoBatch(Slider(), 2)
    for seed in (None, -1, 1.5, True):
        refuses(lambda seed=seed: batch.reset(seed), "seed", ">= 0", str(seed))
    batch.reset(0)
    refuses(lambda: batch.picture(2), "number", "from 0 to 1", "2")


@pytest.mark.parametrize(
    ("saved", "parts"),
    [
        (None, ("dictionary of arrays", "NoneType")),
        ({}, ("'state/mjstate'",)),
        ({"random": None}, ("'state/mjstate'",)),
        ("Slider, 3", ("shape (2,", "(3,", "another number of environments")),
        ("Still, 2", ("'state/task_state/clock'",)),
    ],
)
def test_a_foreign_state_is_refused_and_changes_nothing(saved, parts):
    if isinstance(saved, str):
        name, count = saved.split(", ")
        other = MujocoBatch({"Slider": Slider, "Still": Still}[name](), int(count))
        other.reset(0)
        saved = other.save()
    batch, same = MujocoBatch(Slider(), 2), MujocoBatch(Slider(), 2)
    batch.reset(0), same.reset(0)
    refuses(lambda: batch.restore(saved), "saved", *parts)
    assert_same(batch.step(BOTH), same.step(BOTH))


class Still(Slider):
    """A slider without a clock."""

    views = Slider.views[:2]

    def initial_state(self, random):
        return super().initial_state(random)._replace(task_state={})

    def observe(self, data):
        shown = super().observe(data._replace(task_state={"clock": data.qpos}))
        return {name: shown[name] for name in ("place", "flag")}

    def reward_and_termination(self, previous, data):
        task_state = {"clock": data.qpos}
        return (
            super()
            .reward_and_termination(previous._replace(task_state=task_state), data)
            ._replace(task_state={})
        )


def test_an_interrupted_step_can_be_repeated():
    looks = []

    class Startled(Slider):
        def observe(self, data):
            looks.append(data)
            if len(looks) in (1, 6):
                raise KeyboardInterrupt
            return super().observe(data)

    limit = {"episode_limit": 3}
    expected = timesteps(MujocoBatch(Slider(**limit), 2), 0, 12 * [BOTH])
    batch, interrupts = MujocoBatch(Startled(**limit), 2), 0
    with pytest.raises(KeyboardInterrupt):
        batch.reset(0)
    shown = [batch.reset(0)]
    while len(shown) < 13:
        try:
            shown.append(batch.step(BOTH))
        except KeyboardInterrupt:
            interrupts += 1
    assert interrupts == 1
    assert_same(shown, expected)


def test_a_task_state_of_lists_is_saved_and_restored():
    class Plain(Slider):
        def initial_state(self, random):
            return super().initial_state(random)._replace(task_state={"clock": [3]})

    batch = MujocoBatch(Plain(), 2)
    batch.reset(0)
    saved, expected = batch.save(), batch.step(BOTH)
    batch.restore(saved)
    assert_same(batch.step(BOTH), expected)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda batch: pickle.loads(pickle.dumps(batch))])
def test_copies_are_independent(copied):
    batch = make("BallGoTo3-v0").batch(3, threads=2)
    batch.reset(0)
    batch.step(np.ones((3, 2)))
    other = copied(batch)
    expected = outcomes_of(batch, 3)
    assert_same(outcomes_of(other, 3), expected)


def outcomes_of(batch, steps):
    return [batch.step(np.ones((batch.count, 2))) for _ in range(steps)]


def test_another_type_of_world_is_refused():
    refuses(lambda: MujocoBatch("AntMaze-v0", 2), "world", "MujocoWorld", "'AntMaze-v0'")


@pytest.mark.parametrize(("count", "threads"), [(0, 1), (1, 0), (1.5, 1)])
def test_numbers_of_environments_and_threads_are_checked(count, threads):
    refuses(lambda: MujocoBatch(Slider(), count, threads), ">= 1")
