"""Experiments that were interrupted: what is kept, what continues, and what is removed."""

import fcntl
import subprocess
import sys
import time

import numpy as np
import pytest

from hierax.agents import TD3
from hierax.experiments import find, kept_runs, learning_runs, reproduce
from hierax.experiments.jobs import do_jobs
from hierax.experiments.learning_runs import learn
from hierax.training import train
from hierax.worlds import make

RETURN = "deterministic/return"
STEPS = 1_600


def learned(**options):
    world = make("PointU-v0")
    agent = TD3(world.spec, hidden_sizes=(8,), batch_size=16)
    given = {"evaluate_every": 200, "episodes": 2, "environments": 8, "progress": False, **options}
    return learn(agent, world, STEPS, 2, metrics=(RETURN,), **given)


@pytest.fixture
def steps(monkeypatch):
    """Steps of all evaluations; one above the limit that is their last item ends the experiment."""
    seen = []
    limit = [STEPS]

    def stopped(step, _):
        if step > limit[0]:
            raise KeyboardInterrupt
        seen.append(step)

    monkeypatch.setattr(
        learning_runs, "train", lambda *a, **k: train(*a, **k, on_evaluation=stopped)
    )
    return seen, limit


def test_an_interrupted_run_continues_with_the_same_numbers(tmp_path, steps):
    seen, limit = steps
    whole = learned()
    assert len(seen) == STEPS // 200
    seen.clear()
    limit[0] = 1_000
    with kept_runs.keep_in(tmp_path):
        with pytest.raises(KeyboardInterrupt):
            learned()
        first, limit[0] = list(seen), STEPS
        seen.clear()
        continued = learned()
        assert first[-1] == 1_000
        assert seen[0] > 800  # from a checkpoint, of which there are four
        again_from = len(seen)
        read = learned()
        assert len(seen) == again_from  # a finished run is read
    for found in (continued, read):
        np.testing.assert_array_equal(found.steps, whole.steps)
        np.testing.assert_array_equal(found.measured[RETURN], whole.measured[RETURN])


def test_other_settings_and_other_sources_begin_anew(tmp_path, steps, monkeypatch):
    seen, _ = steps
    with kept_runs.keep_in(tmp_path):
        learned()
        once = len(seen)
        learned(episodes=3)
        assert len(seen) == 2 * once
        monkeypatch.setattr(kept_runs, "_sources", lambda: "edited")
        learned()
        assert len(seen) == 3 * once
    assert len(list(tmp_path.iterdir())) == 3


def test_runs_are_kept_until_the_result_is_written(tmp_path, monkeypatch):
    module = find("himo-metric").load()
    real, found = module.run, []

    def run(scale, seeds):
        with kept_runs.run_folder({"agent": "any"}) as folder:
            folder.mkdir(parents=True, exist_ok=True)
            found.append(folder)
        if len(found) == 1:
            raise KeyboardInterrupt
        return real(scale, seeds)

    monkeypatch.setattr(module, "run", run)
    with pytest.raises(KeyboardInterrupt):
        reproduce("himo-metric", "smoke", 2, tmp_path)
    place = tmp_path / "himo-metric" / "smoke"
    assert found[0].parent == place / "runs"
    assert found[0].is_dir()
    reproduce("himo-metric", "smoke", 2, tmp_path)
    assert found[0] == found[1]
    assert sorted(entry.name for entry in place.iterdir()) == ["figure.png", "result.json"]


def test_runs_outside_an_experiment_are_not_kept():
    with kept_runs.run_folder({}) as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_workers_keep_runs_in_the_same_folder(tmp_path):
    with kept_runs.keep_in(tmp_path):
        assert do_jobs([(kept_runs.folder_of_runs, ())] * 2, 2, "") == [tmp_path] * 2


WORKERS = """
import fcntl, sys, time
from hierax.experiments.jobs import do_jobs

def job(number):
    with open(f"{sys.argv[1]}/{number}", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        time.sleep(600)

if __name__ == "__main__":
    do_jobs([(job, (0,)), (job, (1,))], 2, "")
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    (tmp_path / "script.py").write_text(WORKERS)
    parent = subprocess.Popen([sys.executable, tmp_path / "script.py", tmp_path])
    files = [tmp_path / number for number in "01"]
    _wait(lambda: all(map(_is_held, files)))
    parent.kill()
    parent.wait()
    _wait(lambda: not any(map(_is_held, files)))


def _wait(is_done):
    """Wait until ``is_done()``, at most two minutes."""
    for _ in range(1_200):
        if is_done():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def _is_held(path):
    """Whether a process that lives holds a lock on a file."""
    if not path.is_file():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
