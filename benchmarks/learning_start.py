"""From the start of a process to the first update of SAC in a world.

python learning_start.py WORLD THREADS
"""

import sys

from learning_worker import stay_on

stay_on(int(sys.argv[2]))  # before anything counts the processors

from hierax.agents import SAC  # noqa: E402
from hierax.commands import compilation_cache  # noqa: E402
from hierax.training import make_world  # noqa: E402
from hierax.training.host_driver import HostDriver  # noqa: E402
from hierax.training.rhythm import Rhythm  # noqa: E402
from hierax.training.scan_driver import ScanDriver  # noqa: E402
from hierax.training.session import ENVIRONMENTS, LEAST_HOST_STEPS  # noqa: E402

compilation_cache.enable()
world = make_world(sys.argv[1])
kind = "host" if hasattr(world, "batch") else "scan"
agent = SAC(world.spec)
rhythm = Rhythm.of(agent, ENVIRONMENTS[kind], LEAST_HOST_STEPS if kind == "host" else 1)
driver = (HostDriver if kind == "host" else ScanDriver)(agent, world, rhythm)
runs, _ = driver.advance(driver.start((0,)), rhythm.warmup, learning=False)
runs, _ = driver.advance(runs, 1, learning=True)
if int(driver.agents(runs)[0].updates) != rhythm.updates:
    sys.exit("there was no update")
