"""Benchmark of HIMO (two forms, large models) and of the memory of an exact solution."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from hierax import worlds
from hierax.planning import TabularMDP, himo, natural_path_gradient

DISCOUNT = 0.99
SIDES = {29: 8, 53: 10, 104: 13, 173: 16, 260: 19, 365: 22, 10_004: 103, 100_493: 320}
LARGEST_LITERAL = 365
PAIRED_RUNS = 5


def himo_rows(quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Return CPU seconds of one iteration: both forms on small maps, both evaluations on large."""
    small = [states for states in SIDES if states <= (104 if quick else LARGEST_LITERAL)]
    large = [states for states in SIDES if LARGEST_LITERAL < states <= (20_000 if quick else 1e9)]
    return {"forms": [_forms(states) for states in small], "large": [_large(n) for n in large]}


def _forms(states: int) -> dict[str, Any]:
    """Compare both forms in deterministic four rooms with legal moves and a stay action."""
    mdp = worlds.four_rooms(size=SIDES[states], discount=DISCOUNT).mdp
    closed, literal = _paired(mdp, {"form": "closed"}, {"form": "literal"}, iterations=(40, 2))
    uniform = mdp.available / mdp.available.sum(axis=1, keepdims=True)
    steps = [natural_path_gradient(mdp, uniform, form=form) for form in ("closed", "literal")]
    return {
        "states": mdp.states,
        "pairs": int(mdp.available.sum()),
        "closed": statistics.median(closed),
        "literal": statistics.median(literal),
        "ratio": statistics.median(b / a for a, b in zip(closed, literal, strict=True)),
        "difference": float(np.abs(steps[0] - steps[1]).max()),
    }


def _large(states: int) -> dict[str, Any]:
    """Compare both evaluations in four rooms with slip and five actions."""
    mdp = worlds.four_rooms(size=SIDES[states], slip=0.1, bump=True, discount=DISCOUNT).mdp
    settings = ({"evaluation": "exact"}, {"evaluation": "modified"})
    exact, modified = _paired(mdp, *settings, iterations=(4, 10))
    return {
        "states": mdp.states,
        "exact": statistics.median(exact),
        "modified": statistics.median(modified),
    }


def _paired(
    mdp: TabularMDP, first: dict, second: dict, iterations: tuple[int, int]
) -> tuple[list[float], list[float]]:
    """Return CPU seconds of an iteration of both settings, run in turn."""
    pair: tuple[list[float], list[float]] = ([], [])
    for settings in (first, second):
        himo(mdp, iterations=1, record="summary", **settings)  # compiles
    for _ in range(PAIRED_RUNS):
        for times, settings, number in zip(pair, (first, second), iterations, strict=True):
            times.append(_seconds_of_iteration(mdp, settings, number))
    return pair


def _seconds_of_iteration(mdp: TabularMDP, settings: dict, number: int) -> float:
    """Return the difference of two runs, one longer by ``number`` iterations, per iteration."""
    spent = []
    for iterations in (1, 1 + number):
        start = time.process_time()
        himo(mdp, iterations=iterations, record="summary", **settings)
        spent.append(time.process_time() - start)
    return (spent[1] - spent[0]) / number


def memory_row(quick: bool) -> dict[str, Any]:
    """Return the peak memory of a subprocess that builds and solves four rooms of 1e6 states."""
    script = Path(__file__).with_name("planning_memory.py")
    command = [sys.executable, str(script), str(103 if quick else 1004)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(output.splitlines()[-1])
