"""Tables of the benchmark of worlds in Markdown, from its JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

TARGETS = {"mj_step": 0.9, "Gymnasium, sync": 1.3, "Gymnasium, async": 1.3}
RESET_TARGET = 5.0  # ms
INTRODUCTION = """
How many steps of the worlds of MuJoCo a second of CPU time buys. This page is written by
`benchmarks/worlds.py`.
"""
NOTES = {
    "physics": """
32 environments with observations, rewards, time limits and new episodes, beside nothing but
`mj_step` from the same beginnings with the same actions, ten steps of an environment on end.
Target: .9 of it.
""",
    "gymnasium": """
Ant-v5, the same model, time step and observation (without contact forces), 32 environments: by the
engine of hierax and by Gymnasium's vectors. Target: 1.3 times as fast as these. No engine can be
faster than physics alone, so what can be gained is what Gymnasium takes beside it, above all for 32
states of the whole engine where hierax has one a thread. How much that is depends on what else is
in the caches: in four runs on 27 November 2026 the medians beside the synchronous vector were 1.29,
1.29, 1.36, 1.37 on one thread and 1.25, 1.24, 1.19, 1.34 on two. The table has the last.
""",
    "composer": """
Going to a target: three targets and our reward here, one target and its own reward there; same
bodies, same physics, control each .05 s. An episode of composer begins with a compilation.
""",
    "reset": "Beginnings of all 32 environments at once. Target: 5 ms.",
    "vision": "Frames of 64 by 64 pixels from the eye of a body, each with its step.",
    "mjx": "The same worlds with their physics in JAX, by the clock, on a GPU. Actions are random.",
}
TITLES = {
    "physics": "Raw physics", "gymnasium": "Gymnasium", "composer": "dm_control",
    "reset": "Beginnings", "vision": "Vision", "mjx": "MJX",
}  # fmt: skip
RULES = """
Each side is a process of its own on the given number of processors. Sides take turns, A B C A B C
...; what is shown are medians over rounds: a rate is steps divided by CPU seconds of all threads
and child processes, a ratio is hierax / other within a round, with the least and the greatest.
"""


def page(results: Mapping[str, Any]) -> str:
    """The page of the docs."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Mapping[str, Any]) -> Iterator[str]:
    yield "# Benchmark of worlds"
    yield INTRODUCTION
    for part, title in TITLES.items():
        if part in results:
            yield f"## {title}\n"
            yield NOTES[part].strip() + "\n"
            yield from _table(part, results[part]["cases"])
            yield ""
            yield from _origin(results[part]["origin"])
    yield "## Rules"
    yield RULES


def _table(part: str, cases: list[Mapping[str, Any]]) -> Iterator[str]:
    if part == "reset":
        yield "| world | ms for 32 | |\n|---|---|---|"
        for case in cases:
            took = 1e3 / case["sides"]["hierax"]["median"]
            yield f"| {case['world']} | {took:.2f} | {_met(took <= RESET_TARGET)} |"
    elif part == "vision":
        yield "| world | frames a CPU second |\n|---|---|"
        for case in cases:
            yield f"| {case['world']} | {case['sides']['hierax']['median']:,.0f} |"
    elif part == "mjx":
        yield "| world | environments | device | steps a second |\n|---|---|---|---|"
        for case in cases:
            side = case["sides"]["hierax"]
            shown = f"{side['median']:,.0f}" if "median" in side else side["note"]
            yield f"| {case['world']} | {case['count']:,} | {case['device']} | {shown} |"
    else:
        yield "| world | threads | hierax | other | its steps a CPU second | ratio | |"
        yield "|---|---|---|---|---|---|---|"
        for case in cases:
            yield from _rows(part, case)


def _rows(part: str, case: Mapping[str, Any]) -> Iterator[str]:
    ours = f"{case['sides']['hierax']['median']:,.0f}"
    for name, side in case["sides"].items():
        if name == "hierax":
            continue
        if name not in case["ratios"]:
            yield f"| {case['world']} | {case['threads']} | {ours} | {name} | {side['note']} | | |"
            continue
        ratio = case["ratios"][name]
        target = TARGETS.get(name)
        met = "" if target is None else _met(ratio["median"] >= target)
        shown = f"{ratio['median']:.2f} [{ratio['min']:.2f}, {ratio['max']:.2f}]"
        yield (
            f"| {case['world']} | {case['threads']} | {ours} | {name} | {side['median']:,.0f} | "
            f"{shown} | {met} |"
        )


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def _origin(origin: Mapping[str, Any]) -> Iterator[str]:
    versions = {**origin["peer_versions"], **origin["versions"]}
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    machine = origin["machine"]
    where = f"{machine['processor']}, {machine['cores']} cores"
    commit = f"commit `{origin['commit'][:12]}`{origin['commit'][40:]}"
    yield f"`{origin['command']}`, {origin['date']}, {where}, {commit}; {named}.\n"
