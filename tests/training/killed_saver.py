"""A program that saves in children which are killed at random moments, and loads what is left.

    python killed_saver.py FOLDER KILLS SEED

Prints how many kills left a checkpoint that loads, is right, and is no older than the last one
that the child knew to be saved; and how many kills came in the middle of a save.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from hierax.training import checkpoint

LIKE = {"numbers": np.zeros(30_000), "step": 0}


def save(folder, step):
    tree = {"numbers": np.full(30_000, step, dtype=float), "step": step}
    checkpoint.save(folder, tree, step, keep=1 + step % 2, meta={"step": step})


def save_for_ever(folder, pipe):
    step = checkpoint.latest(folder)
    while True:
        step += 1
        save(folder, step)
        os.write(pipe, f"{step} ".encode())


def kill_one(folder, delay):
    """Returns the last step that a child knew to be saved before it was killed, or None."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        save_for_ever(folder, writing)
    os.close(writing)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        known = pipe.read().split()
    return int(known[-1]) if known else None


def main(folder, kills, seed):
    rng = random.Random(seed)
    save(folder, 0)
    begin = time.perf_counter()
    for step in (1, 2, 3):
        save(folder, step)
    longest = time.perf_counter() - begin
    known, right, in_the_middle = 3, 0, 0
    for _ in range(kills):
        known = kill_one(folder, rng.uniform(0, longest)) or known
        in_the_middle += any(path.name.startswith(".") for path in folder.iterdir())
        tree, step, meta = checkpoint.load(folder, LIKE)
        right += step >= known and meta == {"step": step} and tree["step"] == step
        assert (tree["numbers"] == step).all()
    print(right, in_the_middle)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
