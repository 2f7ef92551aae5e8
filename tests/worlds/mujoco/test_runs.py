"""Runs in MuJoCo worlds: interrupted and resumed, loaded, and ended by unstable physics."""

import itertools
import json

import jax
import pytest

from hierax.agents import SAC
from hierax.commands.errors import RunError
from hierax.commands.runs import refusals
from hierax.training import checkpoint, load, train
from hierax.training.records import Records
from hierax.worlds import Rewarded, make
from hierax.worlds.mujoco import FunctionalMujoco, UnstableError
from worlds.mujoco.toys import Slider

SMALL = {"hidden_sizes": (4,), "batch_size": 8, "buffer_size": 300, "learning_starts": 32}
WORLD = make("BallGoTo3-v0", targets=2, episode_limit=20)


def run(folder, world=WORLD, **changes):
    given = {
        "environments": 4,
        "episodes": 2,
        "log_every": 40,
        "checkpoint_every": 80,
        "evaluate_every": 160,
        **changes,
    }
    return train(SAC(world.spec, **SMALL), world, 320, run=folder, progress=False, **given)


def ended(folder):
    """Return everything that must be equal for equal runs."""
    last = checkpoint.latest(folder / "checkpoints")
    manifest = folder / "checkpoints" / f"{last:012d}" / "manifest.json"
    told = json.loads((folder / "summary.json").read_text())
    timeless = {name: value for name, value in told.items() if "second" not in name}
    return last, json.loads(manifest.read_text())["digest"], timeless


def test_an_interrupted_run_is_resumed_bit_for_bit_and_can_be_loaded(tmp_path, monkeypatch):
    run(tmp_path / "whole")
    calls, write = itertools.count(1), Records.write

    def broken(*arguments):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Records, "write", broken)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "broken")
    assert not (tmp_path / "broken" / "summary.json").exists()
    run(tmp_path / "broken")
    assert ended(tmp_path / "broken") == ended(tmp_path / "whole")
    player = load(tmp_path / "broken")
    assert player.world == WORLD
    shown = WORLD.batch(3).reset(0)
    _, action = player.act(player.initial_carry(3), shown.observation, jax.random.key(0))
    assert action.shape == (3, 2)


@pytest.mark.slow
def test_a_functional_world_is_trained_in_inside_jit():
    world = Rewarded(FunctionalMujoco(Slider()), lambda before, action, after, reward: 1.0)
    summary = run(None, world, environments=2, driver="scan").summary
    # 9 steps at most; a good push ends an episode after 8 of them.
    assert 7 <= summary["mean"] == summary["mean_length"] <= 9


class Runaway(Slider):
    """A block with an unstable spring."""

    def compose(self):
        spec = super().compose()
        spec.joint("rail").stiffness = [-1e8, 0.0, 0.0]
        return spec

    def reward_and_termination(self, previous, data):
        result = super().reward_and_termination(previous, data)
        return result._replace(terminated=result.terminated & False)


def test_unstable_physics_end_a_run_with_one_error(tmp_path):
    with pytest.raises(UnstableError, match="unstable physics in environment 0, 1, 2, 3: "):
        run(tmp_path / "run", Runaway())
    with (
        pytest.raises(RunError, match=r"environment 0: .* must be finite"),
        refusals(),
    ):
        raise UnstableError([0])
