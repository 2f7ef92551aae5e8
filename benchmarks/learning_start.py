"""Run from the start of a process to the first update of SAC in a world.

python learning_start.py WORLD THREADS
"""

import sys

from contest_worker import stay_on


def main() -> None:
    name, threads = sys.argv[1:]
    stay_on(int(threads))  # before anything that counts the processors is imported
    from hierax.agents import SAC
    from hierax.commands import compilation_cache
    from hierax.training import make_world
    from hierax.training.driver import make_driver
    from hierax.training.iteration import Iteration
    from hierax.training.trainer import ENVIRONMENTS, LEAST_STEPS

    compilation_cache.enable()
    world = make_world(name)
    stepped = world.spec.stepped
    agent = SAC(world.spec)
    iteration = Iteration.of(agent, ENVIRONMENTS[stepped], LEAST_STEPS[stepped])
    driver = make_driver(agent, world, iteration)
    runs, _ = driver.advance(driver.start((0,)), iteration.learning_starts, learning=False)
    runs, _ = driver.advance(runs, 1, learning=True)
    if int(driver.agents(runs)[0].updates) != iteration.updates:
        sys.exit("there was no update")


if __name__ == "__main__":
    main()
