"""Tables of the learning benchmark in Markdown, from its JSON."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from contest import ratio

HOST_TARGET = 0.15
START_TARGET = 8.0
LEVEL_TARGETS = {"one level": 1.4}
PEER_TARGETS = {"SBX": 1.0, "Stable-Baselines3": 1.3}
SMALL_NETWORK_TARGETS = {"SBX": 1.0, "Stable-Baselines3": 8.0}
WORLD_TARGETS = {"Point": 5e6, "Spin": 5e6, "Four": 20e6}

INTRODUCTION = """
How much learning a second of CPU time buys, beside the libraries for Python that have the same
learners: Stable-Baselines3 (PyTorch) and SBX (JAX). This page is written by
`benchmarks/learning.py`.
"""
UPDATES_NOTE = """
Observations of 27 numbers and actions of 8, drawn from 100,000 stored transitions. A peer is asked
for one update in each call of `train`, as its defaults have it, or for many; hierax always makes
them in one compiled loop, with drawing, the sums that are logged and the guard against numbers
that are not finite inside.
"""
LEVELS_NOTE = """
The same updates of a level of a latent space policy, a flow of two couplings, beside those of SAC
with its Gaussian policy: layers, batches, observations and actions are as many. A frozen level
takes no part in an update. The cost is CPU time of an update / that of SAC within a round.
"""
STEPS_NOTE = """
One environment, one update for each step, two hidden layers of 256, batches of 256. A peer takes
one step and makes one update in turn, as its defaults have it, or eight and eight, as the host
driver of hierax does. Evaluations are left out for everybody.
"""
WORLDS_NOTE = """
1024 environments in a scan, with time limits and new episodes, and with actions that cost next to
nothing to choose.
"""
SEEDS_NOTE = """
Many seeds of SAC (two layers of 64, batches of 128) in `PointSpeed-v0` with 16 environments each:
by one driver, which compiles once and takes them in turn or together by `vmap`; and as separate
runs, each of which compiles anew.
"""
OVERHEAD_NOTE = """
CPU time of a step with its update in `HalfCheetah-v5`, beside the same number of steps of the
environment alone and of updates in one loop. What is added is acting, storing, and the way between
Python and compiled code.
"""
START_NOTE = """
From the start of the process through imports, 1000 random steps and compilation to the end of the
first updates of SAC; with an empty cache of compiled code, and with what such a start left in it.
"""
CHEETAH_NOTE = """
What it is worth in the end: SAC of both libraries with the same networks, batches, rates, random
steps at first and one update a step; 5 deterministic episodes at each evaluation, means over seeds
with 95 % bootstrap intervals. Made by `benchmarks/half_cheetah.py`.
"""
RULES = """
Each side is a process of its own on the given number of processors, with as many threads. Sides
take turns, A B C A B C ..., each for a second of CPU time or more. What is shown are medians over
rounds: a rate is work divided by CPU seconds of all threads, a ratio is hierax / peer within a
round where nothing else is said, with the least and the greatest in brackets. A first and a second
piece of work are done beforehand, so that compilation, filling the memory and the steps before
learning are not in the rates.
"""


def markdown(results: Mapping[str, Any]) -> str:
    """The tables, for the terminal and for the docs; parts that were not run are left out."""
    sections = (
        ("updates", "## Updates", UPDATES_NOTE, _updates),
        ("levels", "## Latent space policies", LEVELS_NOTE, _levels),
        ("steps", "## Training from the host", STEPS_NOTE, _steps),
        ("worlds", "## Worlds", WORLDS_NOTE, _worlds),
        ("seeds", "## Many seeds", SEEDS_NOTE, _seeds),
        ("overhead", "## What the host driver adds", OVERHEAD_NOTE, _overhead),
        ("start", "## Start", START_NOTE, _start),
    )
    parts = []
    made = [section for section in sections if section[0] in results]
    for (name, title, note, table), following in zip_longest(made, made[1:]):
        origin = _origin(results[name]["origin"])
        again = following is not None and _origin(results[following[0]]["origin"]) == origin
        parts += [title, note.strip(), table(results[name]["cases"]), *([] if again else [origin])]
    return "\n\n".join(parts) + "\n"


def page(results: Mapping[str, Any], cheetah: Mapping[str, Any]) -> str:
    """``docs/benchmarks-learning.md``, from both records."""
    parts = ["# Benchmarks of learning", INTRODUCTION.strip(), markdown(results).strip()]
    parts += ["## HalfCheetah-v5", CHEETAH_NOTE.strip(), _returns(cheetah), _origin(cheetah)]
    parts += ["## How this was measured", RULES.strip(), _again(results)]
    return "\n\n".join(parts) + "\n"


def _returns(record: Mapping[str, Any]) -> str:
    rows = [
        (name, str(len(record["curves"][name]["by_seed"])), *map(_interval, found))
        for name, *found in zip(
            record["final"],
            record["final"].values(),
            record["last_100k"].values(),
            strict=True,
        )
    ]
    header = f"library|seeds|return after {record['steps']:,} steps|mean of the last 100,000"
    return _table(header, rows)


def _interval(found: Mapping[str, float]) -> str:
    return "{mean:,.0f} [{low:,.0f}, {high:,.0f}]".format(**found)


def _updates(cases: list[dict[str, Any]]) -> str:
    header = "learner|layers, batch|threads|hierax|peer|its updates per CPU second|ratio|target"
    rows = [
        (case["learner"], f"2 × {case['width']}, {case['batch']}", *row)
        for case in cases
        for row in _contest(case, SMALL_NETWORK_TARGETS if case["width"] == 64 else PEER_TARGETS)
    ]
    return _table(header, rows)


def _levels(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        gaussian, *levels = case["sides"]
        for name in levels:
            cost, target = case["ratios"][name], LEVEL_TARGETS.get(name)
            rows.append(
                (
                    name,
                    f"2 × {case['width']}, {case['batch']}",
                    str(case["threads"]),
                    f"{case['sides'][name]['median']:,.0f}",
                    f"{case['sides'][gaussian]['median']:,.0f}",
                    _spread(cost),
                    _verdict(f"{target:g}", cost["median"] <= target) if target else "",
                )
            )
    header = "what learns|layers, batch|threads|updates per CPU second|those of SAC|cost|target"
    return _table(header, rows)


def _steps(cases: list[dict[str, Any]]) -> str:
    header = "learner|world|threads|hierax|peer|its steps per CPU second|ratio|target"
    rows = [
        (case["learner"], case["world"], *row)
        for case in cases
        for row in _contest(case, PEER_TARGETS)
    ]
    return _table(header, rows)


def _contest(case: dict[str, Any], targets: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    ours, *peers = case["sides"]
    rate = f"{case['sides'][ours]['median']:,.0f}"
    for peer in peers:
        side = case["sides"][peer]
        if "note" in side:
            yield str(case["threads"]), rate, peer, f"failed: {side['note']}", "", ""
            continue
        beside, target = case["ratios"][peer], targets[peer.split(",")[0]]
        yield (
            str(case["threads"]),
            rate,
            peer,
            f"{side['median']:,.0f}",
            _spread(beside),
            _verdict(f"{target:g}", beside["median"] >= target),
        )


def _worlds(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        (side,) = case["sides"].values()
        target = next((t for name, t in WORLD_TARGETS.items() if case["world"].startswith(name)), 0)
        verdict = _verdict(f"{target / 1e6:g}", side["median"] >= target) if target else ""
        spread = f"[{side['min'] / 1e6:.0f}, {side['max'] / 1e6:.0f}]"
        shown = f"{side['median'] / 1e6:.0f} {spread}"
        rows.append((case["world"], str(case["threads"]), shown, verdict))
    return _table("world|threads|million environment steps per CPU second|target", rows)


def _seeds(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        apart = case["sides"]["separate runs"]["rates"]
        for name, side in case["sides"].items():
            beside = ratio(side["rates"], apart)
            rows.append(
                (
                    "1" if name == "one seed" else str(case["count"]),
                    name,
                    str(case["threads"]),
                    f"{side['median']:,.0f}",
                    _spread(beside),
                    str(side["compilations"]),
                    f"{side['setup_cpu_seconds']:.1f} s",
                )
            )
    header = (
        "seeds|how|threads|environment steps per CPU second|beside separate runs"
        "|functions compiled|CPU time until then"
    )
    return _table(header, rows)


def _overhead(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        each = {name: f"{1e6 / side['median']:,.0f} µs" for name, side in case["sides"].items()}
        added = f"{case['median']:.1%} [{case['min']:.1%}, {case['max']:.1%}]"
        verdict = _verdict(f"{HOST_TARGET:.0%}", case["median"] <= HOST_TARGET)
        threads = str(case["threads"])
        rows.append((threads, each["physics"], each["updates"], each["driver"], added, verdict))
    return _table("threads|environment|updates|all of it|added|target", rows)


def _start(cases: list[dict[str, Any]]) -> str:
    rows = [
        (
            case["world"],
            str(case["threads"]),
            f"{case['cold']['wall_seconds']:.1f} s",
            "{median:.1f} [{min:.1f}, {max:.1f}] s".format(**case["wall_seconds"]),
            f"{case['cpu_seconds']['median']:.1f} s",
            _verdict(f"{START_TARGET:g} s", case["wall_seconds"]["median"] <= START_TARGET),
        )
        for case in cases
    ]
    header = "world|threads|empty cache|again|of it CPU time|target"
    return _table(header, rows)


def _again(results: Mapping[str, Any]) -> str:
    """How many functions hierax compiled after the set-up, over all parts."""
    parts = ("updates", "levels", "steps", "worlds", "seeds", "overhead")
    sides = [
        side
        for part in parts
        for case in results.get(part, {}).get("cases", [])
        for side in case["sides"].values()
        if "recompilations" in side
    ]
    count = sum(side["recompilations"] for side in sides)
    return (
        f"Functions that hierax compiled after that, in all rounds of {len(sides)} sides: {count}."
    )


def _origin(origin: Mapping[str, Any]) -> str:
    """Where a table comes from, in small print."""
    ours, peers = (
        ", ".join(f"{name} {version}" for name, version in origin.get(key, {}).items())
        for key in ("versions", "peer_versions")
    )
    machine, commit = origin["machine"], origin["commit"]
    hashed, _, rest = commit.partition(" ")
    return (
        f"*Measured on {origin['date']} with `{origin['command']}` at commit `{hashed[:12]}`"
        f"{' ' + rest if rest else ''}: {machine['processor']}, {machine['cores']} cores, "
        f"{ours}.{f' Peers: {peers}.' if peers else ''}*"
    )


def _spread(numbers: Mapping[str, float]) -> str:
    return "{median:.2f} [{min:.2f}, {max:.2f}]".format(**numbers)


def _verdict(target: str, met: bool) -> str:
    return f"{target}, {'met' if met else 'missed'}"


def _table(header: str, rows: list[tuple[str, ...]]) -> str:
    names = header.split("|")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
