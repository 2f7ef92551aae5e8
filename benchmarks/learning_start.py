"""From the start of a process to the first update of SAC in a world.

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
    from hierax.training.host_driver import HostDriver
    from hierax.training.rhythm import Rhythm
    from hierax.training.scan_driver import ScanDriver
    from hierax.training.session import ENVIRONMENTS, LEAST_HOST_STEPS

    compilation_cache.enable()
    world = make_world(name)
    kind = "host" if hasattr(world, "batch") else "scan"
    agent = SAC(world.spec)
    rhythm = Rhythm.of(agent, ENVIRONMENTS[kind], LEAST_HOST_STEPS if kind == "host" else 1)
    driver = (HostDriver if kind == "host" else ScanDriver)(agent, world, rhythm)
    runs, _ = driver.advance(driver.start((0,)), rhythm.learning_starts, learning=False)
    runs, _ = driver.advance(runs, 1, learning=True)
    if int(driver.agents(runs)[0].updates) != rhythm.updates:
        sys.exit("there was no update")


if __name__ == "__main__":
    main()
