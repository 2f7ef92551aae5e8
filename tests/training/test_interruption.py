"""Ctrl-C and SIGTERM leave a checkpoint, from which the run ends the same."""

import itertools
import os
import signal
import subprocess
import sys
import time

import jax
import pytest

from hierax.training import checkpoint, pace
from hierax.training.evaluation import HostEvaluator, ScanEvaluator
from hierax.training.host_driver import HostDriver
from hierax.training.interruption import Interruption
from hierax.training.pace import Pace
from hierax.training.scan_driver import ScanDriver
from training.test_session import CLOCK, drivers, ended, run_toy
from training.toys import Counter

KINDS = {"scan": (ScanDriver, ScanEvaluator), "host": (HostDriver, HostEvaluator)}
RAISED = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: SystemExit}


@pytest.fixture(autouse=True)
def signals_are_obeyed():
    """Ctrl-C is obeyed, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def signal_at(patch, place, name, call, number):
    """Send a signal to this process before that call of ``place.name``."""
    calls, real = itertools.count(1), getattr(place, name)

    def signalled(*arguments, **options):
        if next(calls) == call:
            signal.raise_signal(number)
        return real(*arguments, **options)

    patch.setattr(place, name, signalled)


def interrupted(folder, driver, place, name, call, number=signal.SIGINT):
    """Interrupt a run, and return the message."""
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, place, name, call, number)
        patch.setattr(pace, "TARGET_SECONDS", 0.0)  # one iteration a call
        with pytest.raises(RAISED[number]) as caught:
            run_toy(folder, driver)
    assert signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL)
    return str(caught.value)


@drivers
def test_a_run_is_saved_where_it_was_interrupted_and_ends_the_same(driver, tmp_path, capsys):
    advances, evaluates = KINDS[driver]
    run_toy(tmp_path / "whole", driver)
    size = {"scan": 2, "host": 16}[driver]
    places = [
        (advances, "advance", 7, signal.SIGINT, 7 * size),  # between two logs
        (advances, "advance", 3, signal.SIGTERM, 3 * size),
        (evaluates, "run", 3, signal.SIGINT, {"scan": 160, "host": 192}[driver]),
    ]
    for count, (place, name, call, number, step) in enumerate(places):
        folder = tmp_path / str(count)
        message = interrupted(folder, driver, place, name, call, number)
        told = message if number == signal.SIGINT else capsys.readouterr().err
        assert f"step {step} is saved in {folder}; the same run continues from there" in told
        assert checkpoint.latest(folder / "checkpoints") == step
        run_toy(folder, driver)
        assert ended(folder) == ended(tmp_path / "whole"), (place, name)


def test_what_cannot_be_saved_is_said(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, ScanDriver, "start", 1, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt, match="because no step was made"):
            run_toy(tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, ScanDriver, "advance", 1, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt, match="because the run has no folder"):
            run_toy(None)


def test_a_second_signal_is_obeyed_at_once():
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt, match="not saved"):
            signal.raise_signal(signal.SIGTERM)


def test_ignored_signals_stay_ignored(monkeypatch):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGTERM)
            assert not interruption.asked
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("seconds", [1e-6, 1e-3, 0.3, 7.0])
def test_calls_take_about_a_second_and_grow_slowly(seconds):
    """With ``seconds`` for each iteration."""
    chosen, longest = Pace(), 0.0
    for _ in range(40):
        took = chosen.number * seconds
        longest = max(longest, took)
        chosen.took(took, chosen.number)
    assert chosen.number == max(1, int(1 / seconds)) or chosen.number * seconds == pytest.approx(1)
    assert longest <= max(2.0, seconds)


def test_evaluations_that_end_early_do_not_raise_the_number_of_steps():
    evaluator = ScanEvaluator(Counter(CLOCK.spec), CLOCK, 2)
    state = evaluator.agent.init(jax.random.key(0))
    for seed in range(40):
        evaluator.run(state, seed, explore=True)
    assert evaluator._pace.number <= pace.MOST


PROGRAM = """
import sys
import hierax
from hierax.agents import SAC
from hierax.worlds import make
world = make("PointSpeed-v0")
agent = SAC(world.spec, learning_starts=500)
every = {"log_every": 1_000, "evaluate_every": 10**7, "checkpoint_every": 10**7}
hierax.train(agent, world, 10**7, run=sys.argv[1], progress=False, **every)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_long_run_is_saved_within_ten_seconds(number, tmp_path):
    folder = tmp_path / "run"
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "cache")}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, folder],
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as child:
        try:
            metrics, waited = folder / "metrics.jsonl", 0
            while not (metrics.exists() and metrics.stat().st_size) and waited < 600:
                time.sleep(1)
                waited += 1
            assert child.poll() is None
            child.send_signal(number)
            began = time.perf_counter()
            _, told = child.communicate(timeout=60)
            assert time.perf_counter() - began < 10
        finally:
            child.kill()
    assert f"is saved in {folder}" in told
    assert child.returncode == {signal.SIGINT: -signal.SIGINT, signal.SIGTERM: 143}[number]
    assert len(checkpoint.steps(folder / "checkpoints")) == 1
