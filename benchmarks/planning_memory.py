"""Print the peak memory of building and solving four rooms of a given side, as JSON."""

import json
import resource
import sys
import time

from hierax import worlds
from hierax.planning import solve_bellman


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts KiB


def main() -> None:
    solve_bellman(worlds.four_rooms(size=53, slip=0.1, bump=True, sparse=True).mdp)  # compiles
    mdp = worlds.four_rooms(size=int(sys.argv[1]), slip=0.1, bump=True, sparse=True).mdp
    built, start = peak_gib(), time.process_time()
    solution = solve_bellman(mdp)
    row = {
        "states": mdp.states,
        "seconds": time.process_time() - start,
        "built_gib": built,
        "peak_gib": peak_gib(),
        "error_bound": float(solution.error_bound),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
