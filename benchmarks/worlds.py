"""Time MuJoCo worlds, raw physics, Gymnasium and dm_control, and write the results.

    pip install -e '.[bench]'
    python benchmarks/worlds.py --quick                # one thread, three short rounds
    python benchmarks/worlds.py                        # all parts, on an idle machine
    python benchmarks/worlds.py --parts physics reset  # only these parts
    python benchmarks/worlds.py --docs                 # only write docs/benchmarks-worlds.md

dm_control may be in another Python environment: `--peer-python other/bin/python`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from contest import Side, contest, spread
from origin import ROOT, origin, versions
from parts import Case, Part, command_line, run_parts
from worlds_report import page

COUNT = 32
BODIES = {
    "BallGoTo3-v0": "ball", "AntGoTo3-v0": "ant", "QuadrupedGoTo3-v0": "quadruped",
    "BallPushMid-v0": "ball", "AntPushMid-v0": "ant", "AntMaze-v0": "ant",
}  # fmt: skip
COMPOSED = ("BallGoTo3-v0", "AntGoTo3-v0")
VISION = "BallGoTo3Vision-v0"
ACCELERATED = ("BallGoTo3-v0", "AntGoTo3-v0", "AntMaze-v0")
ALONE = ("AntSpeed-v0", "BallGoTo3-v0", "AntMaze-v0")
MANY = (1_024, 8_192)
PACKAGES = ("mujoco", "mujoco-mjx", "jax", "gymnasium", "numpy")
PEERS = ("dm-control", "mujoco", "numpy")


def main() -> None:
    options = command_line(__doc__.splitlines()[0], PARTS, rounds=9, seconds=1.0)
    path = options.out / "worlds.json"
    if options.docs:
        results = json.loads(path.read_text())
        (ROOT / "docs" / "benchmarks-worlds.md").write_text(page(results))
        return
    print(page(run_parts(options, PARTS, _origin, path)))


def _physics(options: argparse.Namespace) -> Iterator[Case]:
    """Compare steps with observations and rewards to `mj_step` of the same model."""
    for threads in options.threads:
        for world in BODIES:
            asked = {"world": world, "count": COUNT, "threads": threads}
            sides = [_side("hierax", "steps", asked), _side("mj_step", "raw", asked)]
            yield {"world": world} | contest(sides, options.rounds, threads, options.seconds)


def _gymnasium(options: argparse.Namespace) -> Iterator[Case]:
    """Compare Ant-v5 in hierax, in Gymnasium's vector environments, and its physics alone."""
    for threads in options.threads:
        asked = {"world": "Ant-v5", "count": COUNT, "threads": threads}
        sides = [_side("hierax", "steps", asked), _side("mj_step", "raw", asked)]
        for kind in ("sync", "async"):
            asked = {"count": COUNT, "kind": kind}
            sides.append(_side(f"Gymnasium, {kind}", "gymnasium_ant", asked))
        yield {"world": "Ant-v5"} | contest(sides, options.rounds, threads, options.seconds)


def _composer(options: argparse.Namespace) -> Iterator[Case]:
    """Compare going to a target with dm_control's composer."""
    for world in COMPOSED:
        asked = {"world": world, "count": COUNT, "threads": 1}
        composed = {"body": BODIES[world]}
        sides = [
            _side("hierax", "steps", asked),
            Side("dm_control", "worlds_composer:steps", composed, options.peer_python),
        ]
        yield {"world": world} | contest(sides, options.rounds, 1, options.seconds)


def _reset(options: argparse.Namespace) -> Iterator[Case]:
    """Time resets of all environments."""
    for world in BODIES:
        sides = [_side("hierax", "resets", {"world": world, "count": COUNT})]
        yield {"world": world} | contest(sides, options.rounds, 1, options.seconds)


def _single(options: argparse.Namespace) -> Iterator[Case]:
    """Time one Gymnasium environment beside its physics, and Gymnasium's Ant-v5 likewise."""
    for world in ALONE:
        for verb in ("step", "reset"):
            sides = [
                _side(name, "alone", {"environment": environment, "verb": verb})
                for name, environment in (("hierax", f"hierax/{world}"), ("Ant-v5", "Ant-v5"))
            ]
            case = contest(sides, options.rounds, 1, options.seconds)
            yield {"world": world, "verb": verb} | case


def _vision(options: argparse.Namespace) -> Iterator[Case]:
    """Time images of 64 by 64 pixels, each with its step."""
    sides = [_side("hierax", "steps", {"world": VISION, "count": 4, "threads": 1})]
    yield {"world": VISION} | contest(sides, options.rounds, 1, options.seconds)


def _mjx(options: argparse.Namespace) -> Iterator[Case]:
    """Time steps on a GPU in wall-clock time; skipped without a GPU."""
    ask = "import jax; print(*(d.device_kind for d in jax.devices() if d.platform == 'gpu'))"
    # In another process, because JAX reserves most of the GPU's memory.
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    device = asked.stdout.strip()
    if not device:
        print("mjx is skipped: JAX finds no GPU", file=sys.stderr)
        return
    for world in ACCELERATED:
        for count in MANY:
            side = _side("hierax", "mjx", {"world": world, "count": count})
            case = contest([side], options.rounds, 1, options.seconds)
            for told in case["sides"].values():
                rates = [run["count"] / run["wall_seconds"] for run in told.get("runs", [])]
                told |= {"rates": rates, **spread(rates)} if rates else {}
            yield {"world": world, "count": count, "device": device} | case


def _side(name: str, arm: str, options: dict[str, Any]) -> Side:
    return Side(name, f"worlds_sides:{arm}", options)


def _origin(options: argparse.Namespace, part: str) -> dict[str, Any]:
    python = options.peer_python
    return {
        **origin(PACKAGES, private=[python]),
        "peer_versions": versions(python, PEERS),
        "rounds": options.rounds,
        "seconds": options.seconds,
    }


PARTS: dict[str, Part] = {
    "physics": _physics,
    "gymnasium": _gymnasium,
    "composer": _composer,
    "reset": _reset,
    "single": _single,
    "vision": _vision,
    "mjx": _mjx,
}


if __name__ == "__main__":
    main()
