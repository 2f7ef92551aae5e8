"""SAC on HalfCheetah-v5: hierax compared with SBX or Stable-Baselines3, at equal budget.

Both have two layers of 256 units, batches of 256, one update per step, Adam with learning rate
3e-4, automatic temperature, and 10,000 initial random steps. Finished runs in the folder are
reused. Interrupted runs of hierax resume from their last checkpoint.

    python benchmarks/half_cheetah.py --work runs/half-cheetah      # hours
    python benchmarks/half_cheetah.py --stored    # averages and figure anew from the stored curves
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hierax.plotting.learning import draw_learning
from hierax.statistics import interval, iqm_interval
from hierax.training.records import read_metrics
from origin import ROOT, origin, versions

METRIC = "deterministic/return"
PACKAGES = ("jax", "mujoco", "gymnasium")
PEER_PACKAGES = ("sbx-rl", "stable-baselines3", *PACKAGES)
RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    options = _options()
    path = RESULTS / "half_cheetah.json"
    record = json.loads(path.read_text()) if options.stored else _measured(options)
    curves = {
        name: (np.array(curve["step"]), np.array(curve["by_seed"]))
        for name, curve in record["curves"].items()
    }
    record |= {
        "final": {name: interval(runs[:, -1]) for name, (_, runs) in curves.items()},
        "last_100k": {name: interval(_late(*curve)) for name, curve in curves.items()},
    }
    path.write_text(json.dumps(record, indent=1) + "\n")
    drawn = [
        {"label": name, "seeds": range(len(runs)), "steps": steps, **iqm_interval(runs)}
        for name, (steps, runs) in curves.items()
    ]
    draw_learning(drawn, METRIC, "HalfCheetah-v5, SAC").savefig(RESULTS / "half_cheetah.png")
    print(json.dumps({key: record[key] for key in ("final", "last_100k")}, indent=1))


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    """Run both libraries with every seed; return the record without averages."""
    options.work.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        _run_hierax(options, seed)
        _run_peer(options, seed)
    curves = {"hierax": _hierax(options), options.peer: _peer(options)}
    return {
        **origin(PACKAGES, private=[options.work, options.peer_python]),
        "peer_versions": versions(options.peer_python, PEER_PACKAGES),
        "steps": options.steps,
        "curves": {
            name: {"step": steps.tolist(), "by_seed": runs.tolist()}
            for name, (steps, runs) in curves.items()
        },
    }


def _run_hierax(options: argparse.Namespace, seed: int) -> None:
    run = options.work / f"hierax_{seed}"
    if (run / "summary.json").exists():
        return
    command = (
        f"train sac HalfCheetah-v5 --steps {options.steps} --seed {seed} --run {run} "
        "--agent.learning-starts 10000 --evaluate-every 20000 --log-every 5000 --episodes 5 "
        "--keep 1"
    )
    subprocess.run([sys.executable, "-m", "hierax.cli", *shlex.split(command)], check=True)


def _run_peer(options: argparse.Namespace, seed: int) -> None:
    out = options.work / f"{options.peer}_{seed}.json"
    if out.exists() and json.loads(out.read_text())["rows"][-1]["step"] >= options.steps:
        return
    script = ROOT / "benchmarks" / "half_cheetah_peer.py"
    command = [options.peer_python, str(script), "--library", options.peer, "--seed", str(seed)]
    subprocess.run([*command, "--steps", str(options.steps), "--out", str(out)], check=True)


def _hierax(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and ``(seeds, steps)`` mean returns of hierax."""
    runs = [
        [row for row in read_metrics(options.work / f"hierax_{seed}" / "metrics.jsonl")
         if METRIC in row]
        for seed in range(options.seeds)
    ]  # fmt: skip
    return np.array([row["step"] for row in runs[0]]), _table(
        [[row[METRIC] for row in rows] for rows in runs]
    )


def _peer(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and ``(seeds, steps)`` mean returns of the peer."""
    runs = [
        json.loads((options.work / f"{options.peer}_{seed}.json").read_text())["rows"]
        for seed in range(options.seeds)
    ]
    return np.array([row["step"] for row in runs[0]]), _table(
        [[np.mean(row["returns"]) for row in rows] for rows in runs]
    )


def _table(rows: list[list[Any]]) -> np.ndarray:
    return np.array(rows, float)


def _late(steps: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Return the mean of each seed over the last 100,000 steps."""
    return runs[:, steps > steps[-1] - 100_000].mean(axis=1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--work", type=Path, help="folder of the runs")
    source.add_argument("--stored", action="store_true", help="compute the averages anew")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300_000)
    parser.add_argument("--peer", choices=("sbx", "sb3"), default="sbx")
    parser.add_argument(
        "--peer-python", default=sys.executable, help="Python interpreter that has the peer"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
