"""Learning benchmark: hierax beside Stable-Baselines3 and SBX, and parts of it alone.

CPU seconds in paired runs, on one thread and on two. See ``benchmarks/README.md`` for the rules.

    python benchmarks/learning.py --quick                       # two minutes, one thread
    python benchmarks/learning.py                               # everything; about an hour
    python benchmarks/learning.py --parts updates worlds        # these anew, others stay
    python benchmarks/learning.py --peer-python other/bin/python   # peers in another environment
    python benchmarks/learning.py --docs                        # docs/benchmarks-learning.md
"""

import argparse
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from contest import Side, contest, spread
from learning_report import markdown, page
from learning_start_times import start_times, trial_times
from origin import ROOT, origin, versions
from parts import Case, Part, command_line, run_parts

OBSERVATION, ACTION = 27, 8
"""Numbers of an observation and an action where only updates are timed: those of an ant."""
SIZES = ((64, 128), (256, 256))
LEARNERS = ("sac", "td3")
LIBRARIES = {"sbx": "SBX", "stable_baselines3": "Stable-Baselines3"}
HOST_WORLDS = ("Pendulum-v1", "HalfCheetah-v5")
WORLDS = (
    "PointCross-v0",
    "SpinCross-v0",
    "PointSpeed-v0",
    "SpinSpeed-v0",
    "PointMaze-v0",
    "FourRooms-v0",
    "WormholeRooms-v0",
    "Hanoi4-v0",
)
SEEDS = 16
CALLS = (("sbx", 512), ("sbx", 1), ("stable_baselines3", 64))
"""Updates that a peer is asked for in a call; SBX gains a little with every more."""
RHYTHMS = (("sbx", 8), ("sbx", 1), ("stable_baselines3", 1), ("stable_baselines3", 8))
"""Steps, and then updates, that a peer makes in turn."""
STACKS = {"one level": 1, "second level on a frozen one": 2}
"""How many levels there are where the top one is timed."""
GOAL_WORLDS = ("PointU-v0", "AntMaze-v0")
GOAL_AGENTS: dict[str, dict[str, Any]] = {
    "TD3": {"agent": "td3"},
    "HIRO without correction": {"agent": "hiro"},
    "HIRO": {"agent": "hiro", "correction": 1.0},
    "NORL": {"agent": "norl"},
}
MODULE_AGENTS = {"IMPALA": "impala", "hierarchy": "kl", "frozen high level": "transferred"}
BODIES = (1, 8)
"""Steps for a cell; in the first grid nothing is moved."""
WINDOW_AGENTS = {"hierarchy": "kl", "SVG(0)": "svg0"}
CRITICS = ([128, 128], [400, 300])
QUICK_WORLDS = ("PointCross-v0", "FourRooms-v0")
OURS = "hierax"
RECORDS = ("learning.json", "half_cheetah.json")
"""What the page of the docs is made of."""
PACKAGES = ("jax", "numpy", "optax", "gymnasium", "mujoco")
PEER_PACKAGES = ("stable-baselines3", "sbx-rl", "torch", "jax", "numpy", "gymnasium", "mujoco")


def main() -> None:
    options = command_line(__doc__.splitlines()[0], PARTS, rounds=5, seconds=2.0)
    path = options.out / "learning.json"
    if options.docs:
        records = [json.loads((options.out / name).read_text()) for name in RECORDS]
        (ROOT / "docs" / "benchmarks-learning.md").write_text(page(*records))
        return
    print(markdown(run_parts(options, PARTS, _origin, path)))


def _updates(options: argparse.Namespace) -> Iterator[Case]:
    """Gradient updates per CPU second."""
    for threads, learner, (width, batch) in _settings(options, LEARNERS, SIZES):
        setting = {"learner": learner, "width": width, "batch": batch}
        full = {**setting, "observation_size": OBSERVATION, "action_size": ACTION}
        sides = _sides(options, "updates", full, "per_call", "{} a call", CALLS)
        yield setting | contest(sides, options.rounds, threads, options.seconds)


def _steps(options: argparse.Namespace) -> Iterator[Case]:
    """Environment steps per CPU second, each with its update."""
    for threads, learner, world in _settings(options, LEARNERS, HOST_WORLDS):
        setting = {"learner": learner, "world": world}
        sides = _sides(options, "steps", setting, "every", "every {}", RHYTHMS)
        yield setting | contest(sides, options.rounds, threads, options.seconds)


def _levels(options: argparse.Namespace) -> Iterator[Case]:
    """Updates of SAC and of the top level of latent space policies: what a level costs."""
    for threads, (width, batch) in _settings(options, SIZES):
        setting = {"width": width, "batch": batch}
        full = {**setting, "observation_size": OBSERVATION, "action_size": ACTION}
        sides = [Side("SAC", "learning_hierax:updates", {**full, "learner": "sac"})]
        sides += [
            Side(name, "learning_hierax:level_updates", {**full, "levels": levels})
            for name, levels in STACKS.items()
        ]
        yield setting | contest(sides, options.rounds, threads, options.seconds)


def _sides(
    options: argparse.Namespace,
    arm: str,
    asked: dict[str, Any],
    field: str,
    named: str,
    ways: Sequence[tuple[str, int]],
) -> list[Side]:
    """Ours, and each peer in each of the ``ways`` to set ``field``; some where it must be quick."""
    sides = [Side(OURS, f"learning_hierax:{arm}", asked)]
    for library, number in ways[:: 2 if options.quick else 1]:
        name = f"{LIBRARIES[library]}, {named.format(number)}"
        peer = {**asked, "library": library, field: number}
        sides.append(Side(name, f"learning_peers:{arm}", peer, options.peer_python))
    return sides


def _settings(options: argparse.Namespace, *choices: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """All combinations of threads and what there is to choose; the first where it must be quick."""
    every = itertools.product(options.threads, *choices)
    return itertools.islice(every, 1 if options.quick else None)


def _worlds(options: argparse.Namespace) -> Iterator[Case]:
    """Environment steps per CPU second of worlds alone."""
    for threads in options.threads:
        for world in WORLDS:
            if not options.quick or world in QUICK_WORLDS:
                sides = [Side(OURS, "learning_hierax:world_steps", {"world": world})]
                yield {"world": world} | contest(sides, options.rounds, threads, options.seconds)


def _seeds(options: argparse.Namespace) -> Iterator[Case]:
    """Many seeds at once and one after another."""
    count = 2 if options.quick else SEEDS
    ways = {"one driver, in turn": "loop", "one driver, vmap": "vmap", "separate runs": "separate"}
    for threads in options.threads:
        sides = [
            Side(name, "learning_hierax:seeds", {"count": count, "way": way})
            for name, way in ways.items()
        ]
        alone = Side("one seed", "learning_hierax:seeds", {"count": 1, "way": "loop"})
        told = contest([*sides, alone], options.rounds, threads, options.seconds)
        yield {"count": count} | told


def _goals(options: argparse.Namespace) -> Iterator[Case]:
    """Environment steps of HIRO and TD3 with their updates."""
    for threads, world in _settings(options, GOAL_WORLDS):
        sides = [
            Side(name, "learning_hierax:goal_steps", {"world": world, **asked})
            for name, asked in GOAL_AGENTS.items()
        ]
        yield {"world": world} | contest(sides, options.rounds, threads, options.seconds)


def _modules(options: argparse.Namespace) -> Iterator[Case]:
    """Environment steps with updates of V-trace, and its updates alone."""
    for threads, body in _settings(options, BODIES):
        for work in ("steps", "updates"):
            moves = body > 1 and work == "steps"
            sides = [
                Side(name, f"learning_modules:{work}", {"agent": agent, "body": body})
                for name, agent in MODULE_AGENTS.items()
                if moves or agent != "transferred"
            ]
            told = contest(sides, options.rounds, threads, options.seconds)
            yield {"work": work, "body": body} | told


def _windows(options: argparse.Namespace) -> Iterator[Case]:
    """Updates of Retrace, beside the matrix products of these updates alone."""
    for threads, (name, agent), critic in _settings(options, WINDOW_AGENTS.items(), CRITICS):
        asked = {"agent": agent, "critic": critic}
        sides = [Side(name, "learning_windows:updates", asked)]
        sides.append(Side("matrix products", "learning_windows:products", asked))
        told = contest(sides, options.rounds, threads, options.seconds)
        yield {"agent": name, "critic": critic} | told


def _overhead(options: argparse.Namespace) -> Iterator[Case]:
    """What the host driver adds to physics and updates."""
    for threads in options.threads:
        world, sizes = "HalfCheetah-v5", {"observation_size": 17, "action_size": 6}
        learner = {"learner": "sac", "width": 256, "batch": 256, **sizes}
        sides = [
            Side("driver", "learning_hierax:steps", {"learner": "sac", "world": world}),
            Side("physics", "learning_hierax:physics", {"world": world}),
            Side("updates", "learning_hierax:updates", learner),
        ]
        told = contest(sides, options.rounds, threads, options.seconds)
        rates = [told["sides"][side.name]["rates"] for side in sides]
        added = [(1 / all_) / (1 / p + 1 / u) - 1 for all_, p, u in zip(*rates, strict=True)]
        yield {"world": world, "added": added, **spread(added)} | told


def _acting(options: argparse.Namespace) -> Iterator[Case]:
    """Actions of a trained agent in one environment, one call for each."""
    for threads in options.threads:
        world = "Pendulum-v1"
        sides = [
            Side(f"Player.{call}", "learning_hierax:acting", {"call": call, "world": world})
            for call in ("act", "predict")
        ]
        peer = {"library": "stable_baselines3", "world": world}
        sides.append(
            Side("Stable-Baselines3, predict", "learning_peers:acting", peer, options.peer_python)
        )
        yield {"world": world} | contest(sides, options.rounds, threads, options.seconds)


def _start(options: argparse.Namespace) -> Iterator[Case]:
    """Seconds from the start of a process to the first update."""
    for threads in options.threads:
        for world in ("PointSpeed-v0", "Pendulum-v1", "HalfCheetah-v5"):
            if not options.quick or world == "PointSpeed-v0":
                yield start_times(world, threads, 2 if options.quick else options.rounds)


def _trials(options: argparse.Namespace) -> Iterator[Case]:
    """Seconds of a short training, and of the equal one after it in the same process."""
    for threads in options.threads:
        for world in ("PointSpeed-v0", "Pendulum-v1"):
            if not options.quick or world == "PointSpeed-v0":
                yield trial_times(world, threads)


PARTS: dict[str, Part] = {
    "updates": _updates,
    "levels": _levels,
    "steps": _steps,
    "worlds": _worlds,
    "seeds": _seeds,
    "goals": _goals,
    "modules": _modules,
    "windows": _windows,
    "overhead": _overhead,
    "acting": _acting,
    "start": _start,
    "trials": _trials,
}
WITH_PEERS = ("updates", "steps", "acting")


def _origin(options: argparse.Namespace, part: str) -> dict[str, Any]:
    python = options.peer_python
    peers = {"peer_versions": versions(python, PEER_PACKAGES)} if part in WITH_PEERS else {}
    return {
        **origin(PACKAGES, private=[python]),
        **peers,
        "rounds": options.rounds,
        "seconds": options.seconds,
    }


if __name__ == "__main__":
    main()
