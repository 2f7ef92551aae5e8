"""Train SAC three times in one process: two equal trainings with other seeds, after a first one.

python learning_trials.py WORLD THREADS
"""

import json
import sys
import time
from typing import Any

from contest_worker import cpu_seconds, stay_on

STEPS, LEARNING_STARTS = 200, 100
TRAININGS = 3


def main() -> None:
    name, threads = sys.argv[1:]
    stay_on(int(threads))  # before anything that counts the processors is imported
    from hierax.agents import SAC
    from hierax.training import make_world, train

    def timed(seed: int) -> dict[str, float]:
        world = make_world(name)
        agent = SAC(world.spec, learning_starts=LEARNING_STARTS)
        options: dict[str, Any] = {"episodes": 1, "evaluate_every": STEPS, "progress": False}
        cpu, wall = cpu_seconds(), time.perf_counter()
        train(agent, world, STEPS, seed, **options)
        return {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": cpu_seconds() - cpu}

    print(json.dumps([timed(seed) for seed in range(TRAININGS)]))


if __name__ == "__main__":
    main()
