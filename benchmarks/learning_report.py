"""Markdown tables of the training benchmark, from its JSON."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from contest import ratio

HOST_TARGET = 0.15
ACTING_TARGET = 200.0
"""Microseconds of a call."""
START_TARGET = 8.0
TRIAL_TARGET = 1.0
GOAL_TARGETS = {"HIRO without correction": 1.3, "HIRO": 2.2, "NORL": 3.0}
MODULE_RATE_TARGETS = {("hierarchy", 1): 0.4}
"""Million environment steps per CPU second, by agent and body."""
MODULE_UPDATE_TARGET = 1.5
WINDOW_TARGETS = {128: 250.0, 400: 90.0}
"""Updates of a hierarchy per CPU second, by the first layer of its critic."""
WINDOW_SHARE = 0.7
LEVEL_TARGETS = {"one level": 1.4}
PEER_TARGETS = {"SBX": 1.0, "Stable-Baselines3": 1.3}
SMALL_NETWORK_TARGETS = {"SBX": 1.0, "Stable-Baselines3": 8.0}
WORLD_TARGETS = {"Point": 5e6, "Spin": 5e6, "Four": 20e6}

INTRODUCTION = """
Training speed of SAC, TD3 and latent space policies per CPU second, compared with
Stable-Baselines3 (PyTorch) and SBX (JAX). Repeat it on your machine:

```bash
pip install -e '.[bench]'
python benchmarks/learning.py --quick          # a few minutes
python benchmarks/learning.py                  # everything, about an hour on an idle machine
python benchmarks/learning.py --docs           # writes this page from the stored results
```
"""
UPDATES_NOTE = """
Batches have observations of size 27 and actions of size 8, from a replay of 100,000 transitions.
Peers run one update per call of `train`, their default, or many. hierax runs all updates in one
compiled loop that includes sampling, logged sums and checks of finiteness.
"""
LEVELS_NOTE = """
Updates of a level of a latent space policy, a flow with two couplings, compared with updates of SAC
with a Gaussian policy. Layers, batches, observations and actions are the same. Frozen levels are
not part of an update. The cost is the CPU time of an update relative to SAC in the same round.
"""
STEPS_NOTE = """
One environment, one update per step, two hidden layers of 256 units, batches of 256. Peers take one
step and one update in turn, their default, or eight and eight, as the host driver of hierax does.
Evaluations are not included.
"""
WORLDS_NOTE = """
1024 environments in a scan, with time limits and automatic resets. Choosing the actions costs
almost nothing.
"""
SEEDS_NOTE = """
SAC (two layers of 64 units, batches of 128) in `PointSpeed-v0` with several seeds and 16
environments per seed. One driver compiles once and trains the seeds one after the other or together
by `vmap`. Separate runs compile once each.
"""
GOALS_NOTE = """
Environment steps of HIRO, NORL and TD3 with their updates, 16 environments. In `PointU-v0` all have
the same networks, and TD3 makes as many updates as both levels of HIRO together. NORL also updates
its goal space, as often as its low level. In `AntMaze-v0` the settings are those of
`hierax reproduce hiro-ant-maze`. The cost is the CPU time of a step relative to TD3 in the same
round.
"""
MODULES_NOTE = """
KL-regularised hierarchies and IMPALA in `BodyGrid1-v0` and `BodyGrid8-v0`: 128 environments,
updates from 16 steps of each. Each level has a hidden layer of 64 units, the policy of IMPALA and
the value have two. In `BodyGrid8-v0` the hierarchy decides every 8 steps. The cost is the CPU time
relative to IMPALA in the same round.
"""
WINDOWS_NOTE = """
Updates of KL-regularised hierarchies and of SVG(0) with Retrace: 64 windows of 10 steps, one action
for each value, observations and actions of an ant. Levels and the flat policy have two hidden
layers of 200 and 100 units. The share is the rate over that of a loop of the matrix products of
such an update alone, in their shapes.
"""
OVERHEAD_NOTE = """
CPU time of a step with its update in `HalfCheetah-v5`, compared with steps of the environment alone
plus updates in one loop. The overhead is acting, storing, and calls between Python and compiled
code.
"""
ACTING_NOTE = """
CPU time of a call that returns the action of SAC (two layers of 256 units) for one observation of
`Pendulum-v1`, without exploration. `Player.predict` also converts observation and action.
"""
START_NOTE = """
Time from the start of the process to the end of the first updates of SAC: imports, 1000 random
steps and compilation. Measured with an empty compilation cache and with the cache of an earlier
start.
"""
TRIALS_NOTE = """
CPU time of a whole training of SAC of 200 steps, with its final evaluation, from an empty
compilation cache; and of equal trainings with other seeds after it, in the same process.
"""
CHEETAH_NOTE = """
Returns of SAC of both libraries with the same networks, batches, learning rates, initial random
steps and one update per step. Evaluations have 5 deterministic episodes. Means over seeds with 95 %
intervals of Student's t, from `benchmarks/half_cheetah.py`. The intervals overlap: three seeds do
not tell which library learns better.
"""
RULES = """
Each side is a separate process with the given number of processors and threads. Sides take turns,
A B C A B C ..., for at least one second of CPU time each. Tables show medians over rounds. A rate
is work divided by CPU seconds of all threads. A ratio is hierax / peer within a round, unless
stated otherwise; brackets show minimum and maximum. Two pieces of work run before the measurement,
so that compilation, filling the replay and the steps before learning starts are not included.
"""


def markdown(results: Mapping[str, Any]) -> str:
    """Return the tables of all parts that were run."""
    sections = (
        ("updates", "## Updates", UPDATES_NOTE, _updates),
        ("levels", "## Latent space policies", LEVELS_NOTE, _levels),
        ("steps", "## Training from the host", STEPS_NOTE, _steps),
        ("worlds", "## Worlds", WORLDS_NOTE, _worlds),
        ("seeds", "## Many seeds", SEEDS_NOTE, _seeds),
        ("goals", "## Goals", GOALS_NOTE, _goals),
        ("modules", "## On-policy hierarchies", MODULES_NOTE, _modules),
        ("windows", "## Hierarchies with a replay", WINDOWS_NOTE, _windows),
        ("overhead", "## Overhead of the host driver", OVERHEAD_NOTE, _overhead),
        ("acting", "## Acting", ACTING_NOTE, _acting),
        ("start", "## Start", START_NOTE, _start),
        ("trials", "## Trials in one process", TRIALS_NOTE, _trials),
    )
    parts = []
    made = [section for section in sections if section[0] in results]
    for (name, title, note, table), following in zip_longest(made, made[1:]):
        origin = _origin(results[name]["origin"])
        again = following is not None and _origin(results[following[0]]["origin"]) == origin
        parts += [title, note.strip(), table(results[name]["cases"]), *([] if again else [origin])]
    return "\n\n".join(parts) + "\n"


def page(results: Mapping[str, Any], cheetah: Mapping[str, Any]) -> str:
    """Return ``docs/benchmarks-learning.md`` from both records."""
    parts = ["# Benchmarks of learning", INTRODUCTION.strip(), markdown(results).strip()]
    parts += ["## HalfCheetah-v5", CHEETAH_NOTE.strip(), _returns(cheetah), _origin(cheetah)]
    parts += ["## Method", RULES.strip(), _again(results)]
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
    return "{iqm:,.0f} [{low:,.0f}, {high:,.0f}]".format(**found)


def _updates(cases: list[dict[str, Any]]) -> str:
    header = "agent|layers, batch|threads|hierax|peer|its updates per CPU second|ratio|target"
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
    header = "agent|layers, batch|threads|updates per CPU second|SAC|cost|target"
    return _table(header, rows)


def _steps(cases: list[dict[str, Any]]) -> str:
    header = "agent|world|threads|hierax|peer|its steps per CPU second|ratio|target"
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
        "seeds|method|threads|environment steps per CPU second|relative to separate runs"
        "|functions compiled|CPU time of set-up"
    )
    return _table(header, rows)


def _goals(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        for name, side in case["sides"].items():
            cost, target = case["ratios"].get(name), GOAL_TARGETS.get(name)
            is_judged = cost is not None and target is not None and case["world"] == "PointU-v0"
            rows.append(
                (
                    name,
                    case["world"],
                    str(case["threads"]),
                    f"{side['median']:,.0f}",
                    _spread(cost) if cost else "",
                    _verdict(f"{target:g}", cost["median"] <= target) if is_judged else "",
                )
            )
    return _table("agent|world|threads|environment steps per CPU second|cost|target", rows)


def _modules(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        is_update, world = case["work"] == "updates", f"BodyGrid{case['body']}-v0"
        for name, side in case["sides"].items():
            cost, rate = case["ratios"].get(name), side["median"]
            least = None if is_update else MODULE_RATE_TARGETS.get((name, case["body"]))
            verdict = _verdict(f"{least:g} M", rate >= least * 1e6) if least else ""
            if is_update and cost:
                met = cost["median"] <= MODULE_UPDATE_TARGET
                verdict = _verdict(f"cost {MODULE_UPDATE_TARGET:g}", met)
            work = "updates" if is_update else "environment steps"
            shown = f"{rate:,.0f} {work}"
            row = (name, world, str(case["threads"]), shown, _spread(cost) if cost else "", verdict)
            rows.append(row)
    return _table("agent|world|threads|per CPU second|cost|target", rows)


def _windows(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        name, critic = case["agent"], case["critic"]
        layers = " × ".join(map(str, critic))
        notes = [side["note"] for side in case["sides"].values() if "note" in side]
        if notes:
            rows.append((name, layers, str(case["threads"]), notes[0], "", ""))
            continue
        rate, share = case["sides"][name]["median"], case["ratios"]["matrix products"]
        least = WINDOW_TARGETS[critic[0]]
        verdict = (
            f"{_verdict(f'{least:g}', rate >= least)}; "
            f"{_verdict(f'share {WINDOW_SHARE:g}', share['median'] >= WINDOW_SHARE)}"
        )
        shown = verdict if name == "hierarchy" else ""
        rows.append((name, layers, str(case["threads"]), f"{rate:,.0f}", _spread(share), shown))
    return _table("agent|critic|threads|updates per CPU second|share|target", rows)


def _overhead(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        each = {name: f"{1e6 / side['median']:,.0f} µs" for name, side in case["sides"].items()}
        added = f"{case['median']:.1%} [{case['min']:.1%}, {case['max']:.1%}]"
        verdict = _verdict(f"{HOST_TARGET:.0%}", case["median"] <= HOST_TARGET)
        threads = str(case["threads"])
        rows.append((threads, each["physics"], each["updates"], each["driver"], added, verdict))
    return _table("threads|environment|updates|both and overhead|overhead|target", rows)


def _acting(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        for name, side in case["sides"].items():
            took = 1e6 / side["median"]
            verdict = _verdict(f"{ACTING_TARGET:g} µs", took <= ACTING_TARGET)
            rows.append(
                (
                    name,
                    str(case["threads"]),
                    f"{took:.0f} µs",
                    verdict if name.startswith("Player") else "",
                )
            )
    return _table("call|threads|CPU time|target", rows)


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
    header = "world|threads|empty cache|warm cache|CPU time, warm|target"
    return _table(header, rows)


def _trials(cases: list[dict[str, Any]]) -> str:
    rows = [
        (
            case["world"],
            str(case["threads"]),
            f"{case['first']['cpu_seconds']:.1f} s",
            "{median:.2f} [{min:.2f}, {max:.2f}] s".format(**case["cpu_seconds"]),
            _verdict(f"{TRIAL_TARGET:g} s", case["cpu_seconds"]["median"] <= TRIAL_TARGET),
        )
        for case in cases
    ]
    return _table("world|threads|first training|equal trainings after it|target", rows)


def _again(results: Mapping[str, Any]) -> str:
    """Return how many functions hierax compiled after the set-up, over all parts."""
    parts = (
        "updates",
        "levels",
        "steps",
        "worlds",
        "seeds",
        "goals",
        "modules",
        "windows",
        "overhead",
    )
    sides = [
        side
        for part in parts
        for case in results.get(part, {}).get("cases", [])
        for side in case["sides"].values()
        if "recompilations" in side
    ]
    count = sum(side["recompilations"] for side in sides)
    return (
        f"In all rounds of {len(sides)} sides, hierax compiled {count} functions after the set-up."
    )


def _origin(origin: Mapping[str, Any]) -> str:
    """Return the origin of a table: date, command, commit, machine and versions."""
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
