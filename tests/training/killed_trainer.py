"""A program that trains in children which are killed at random moments, and goes on with the runs.

    python killed_trainer.py FOLDER AGENT scan|host TRIALS

Prints as JSON the SHA-256 of a whole run, in how many trials the run that was killed and resumed
ended with the same one, and how many of them were killed after their first checkpoint. The digest
is over the last checkpoint (parameters, optimisers, replay, environments, counters, keys) and
``metrics.jsonl``.
"""

import functools
import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import jax

from hierax.agents import HIRO, IMPALA, KL, NORL, SAC, SVG0, TD3, Distral, Entries, Retrace, VTrace
from hierax.training import checkpoint, train
from hierax.worlds import PointSpeed

STEPS = 3_000
LEVELS = {
    "control_interval": 3,
    "random_goals": 500,
    "random_actions": 300,
    "updates_per_step": 0.25,
    "stop_low_when": 0.0,  # after the fifth evaluation
}
KINDS = {
    "sac": SAC,
    "td3": TD3,
    "hiro": functools.partial(HIRO, goal_space=Entries("velocity"), **LEVELS),
    "norl": functools.partial(NORL, levels_start=400, **LEVELS),
}
ROLLOUTS = {
    "kl": functools.partial(KL, period=3, default="learned"),
    "impala": IMPALA,
}
"""Agents that learn from the last steps alone."""
WINDOWS = Retrace(
    window_length=5, batch_size=8, buffer_size=1_000, learning_starts=100, updates_per_step=1.0
)

WINDOWED = {
    "svg0": SVG0,
    "distral": Distral,
    "distral, latent": functools.partial(Distral, default="latent", memory_size=2),
    "kl, retrace": functools.partial(KL, period=3, default="learned"),
}
NAMES = {*KINDS, *ROLLOUTS, *WINDOWED}


def _agent(learner, world):
    if learner in WINDOWED:
        return WINDOWED[learner](world.spec, hidden_sizes=(8,), learner=WINDOWS)
    if learner in ROLLOUTS:
        return ROLLOUTS[learner](world.spec, hidden_sizes=(8,), learner=VTrace(rollout_length=5))
    return KINDS[learner](
        world.spec, hidden_sizes=(8,), batch_size=8, buffer_size=1_000, learning_starts=100
    )


def run(folder, learner, driver):
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    world = PointSpeed(episode_limit=30)
    agent = _agent(learner, world)
    intervals = {"log_every": 50, "evaluate_every": 500, "checkpoint_every": 100}
    train(
        agent,
        world,
        STEPS,
        run=folder,
        driver=driver,
        environments=4,
        episodes=2,
        progress=False,
        **intervals,
    )


def child(folder, learner, driver):
    """Starts a process that trains; JAX has not begun anything that a fork would break."""
    number = os.fork()
    if number == 0:
        try:
            run(folder, learner, driver)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return number


def finish(folder, learner, driver):
    _, status = os.waitpid(child(folder, learner, driver), 0)
    if status != 0:
        raise SystemExit(f"a run ended with status {status}")


def until_it_logs(folder):
    """Waits until a run has begun to write metrics."""
    path = folder / "metrics.jsonl"
    while not path.exists() or path.stat().st_size == 0:
        time.sleep(0.002)


def digest(folder):
    last = checkpoint.latest(folder / "checkpoints")
    manifest = json.loads((folder / "checkpoints" / f"{last:012d}" / "manifest.json").read_text())
    metrics = (folder / "metrics.jsonl").read_bytes()
    whole = f"{last} {manifest['digest']} {hashlib.sha256(metrics).hexdigest()}"
    return hashlib.sha256(whole.encode()).hexdigest()


def killed(folder, learner, driver, delay):
    """Kills a run ``delay`` seconds after it has begun to log; False where it was faster."""
    number = child(folder, learner, driver)
    until_it_logs(folder)
    time.sleep(delay)
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
    return not (folder / "summary.json").exists()


def main(folder, learner, driver, trials):
    rng = random.Random(f"{learner} {driver}")
    finish(folder / "warm", learner, driver)  # fills the cache of compiled functions
    number = child(folder / "whole", learner, driver)
    until_it_logs(folder / "whole")
    begin = time.perf_counter()
    os.waitpid(number, 0)
    longest = time.perf_counter() - begin
    expected = digest(folder / "whole")
    same, after, done, tried = 0, 0, 0, 0
    while done < trials:
        path = folder / str(tried)
        tried += 1
        if not killed(path, learner, driver, rng.uniform(0, longest)):
            continue
        after += checkpoint.latest(path / "checkpoints") is not None
        finish(path, learner, driver)
        same += digest(path) == expected
        done += 1
    told = {"digest": expected, "trials": trials, "same": same, "after_a_checkpoint": after}
    print(json.dumps({**told, "fresh_process_same": digest(folder / "warm") == expected}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
