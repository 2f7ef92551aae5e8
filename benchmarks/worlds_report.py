"""Markdown page of the benchmark of worlds, from its JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

TARGETS = {"mj_step": 0.9, "Gymnasium, sync": 1.3, "Gymnasium, async": 1.3}
RESET_TARGET = 5.0  # ms
SINGLE_TARGETS = {"step": 30.0, "reset": 40.0}  # microseconds
INTRODUCTION = """
Environment steps of MuJoCo worlds per CPU second. `benchmarks/worlds.py` writes this page.
"""
NOTES = {
    "physics": """
32 environments with observations, rewards, time limits and new episodes, compared with `mj_step`
alone from the same initial states with the same actions, ten consecutive steps per environment.
Target: a ratio of .9.
""",
    "gymnasium": """
Ant-v5 with the same model, time step and observation (without contact forces), 32 environments, in
hierax and in Gymnasium's vector environments. Target: a ratio of 1.3. No implementation is faster
than the physics alone, so the gain is limited to Gymnasium's overhead. Most of it comes from 32
`MjData`, where hierax has one per thread, and depends on the caches. In four runs on 27 November
2026 the median ratios to the synchronous vector were 1.29, 1.29, 1.36, 1.37 on one thread and 1.25,
1.24, 1.19, 1.34 on two. The table shows the last run.
""",
    "composer": """
Going to a target: three targets and our reward in hierax, one target and its own reward in
dm_control; same bodies, same physics, control every .05 s. The composer compiles a model for each
episode.
""",
    "reset": "Reset of all 32 environments at once. Target: 5 ms.",
    "single": """
One environment of `gymnasium.make`, in microseconds of CPU time beside the physics: MuJoCo's
functions of physics and sensors are switched off. Gymnasium's own Ant-v5 is measured in turn, in
units of 1,000 calls. Targets: 30 for a step, 40 for a reset, on an idle machine. A busy machine
slows down all of them alike.
""",
    "vision": "Images of 64 by 64 pixels from the body's camera, each with its step.",
    "mjx": "The same worlds with physics in JAX on a GPU, in wall-clock time, with random actions.",
}
TITLES = {
    "physics": "Raw physics", "gymnasium": "Gymnasium", "composer": "dm_control",
    "reset": "Resets", "single": "A single Gymnasium environment", "vision": "Vision", "mjx": "MJX",
}  # fmt: skip
RULES = """
Each side runs in its own process on the given number of processors. Sides alternate: A B C A B C
... The tables show medians over rounds. A rate is steps divided by the CPU seconds of all threads
and child processes. A ratio is hierax / other within a round, with minimum and maximum.
"""


def page(results: Mapping[str, Any]) -> str:
    """Return the page of the docs."""
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
    elif part == "single":
        yield "| world | | hierax (µs) | Ant-v5 of Gymnasium (µs) | |\n|---|---|---|---|---|"
        for case in cases:
            ours, theirs = (1e6 / case["sides"][name]["median"] for name in ("hierax", "Ant-v5"))
            met = _met(ours <= SINGLE_TARGETS[case["verb"]])
            yield f"| {case['world']} | {case['verb']} | {ours:.1f} | {theirs:.1f} | {met} |"
    elif part == "vision":
        yield "| world | images per CPU second |\n|---|---|"
        for case in cases:
            yield f"| {case['world']} | {case['sides']['hierax']['median']:,.0f} |"
    elif part == "mjx":
        yield "| world | environments | device | steps per second |\n|---|---|---|---|"
        for case in cases:
            side = case["sides"]["hierax"]
            shown = f"{side['median']:,.0f}" if "median" in side else side["note"]
            yield f"| {case['world']} | {case['count']:,} | {case['device']} | {shown} |"
    else:
        yield "| world | threads | hierax | other | its steps per CPU second | ratio | |"
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
