"""The help of `hierax train`: one screen with ``--help``, everything with ``--help-all``."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from hierax.commands.help_pages import Group, Row, complete, screen, wrapped
from hierax.commands.learner_options import LEARNER
from hierax.commands.option_rows import numbered, numbered_fields, rows
from hierax.commands.parsing import normal
from hierax.commands.train_command import Command
from hierax.registry import AGENTS, LEARNING, REGISTERED, WORLDS, Preset, listing, worlds_of

ALL = "--help-all"
GENERAL: Mapping[str, Sequence[str]] = {
    "run": (
        "--steps",
        "--seed",
        "--seeds",
        "--run",
        "--preset",
        "--until",
        "--environments",
        "--driver",
        "--replay",
    ),
    "evaluation": (
        "--evaluate-every",
        "--episodes",
        "--evaluation-world",
        "--evaluation-environments",
    ),
    "records": ("--log-every", "--checkpoint-every", "--keep", "--tensorboard", "--wandb"),
}
"""General options by subject."""
_FIRST = ("--steps", "--seed", "--run", "--environments", "--evaluate-every", "--preset")
"""General options on the screen."""
SUBJECTS: Mapping[str, Sequence[str]] = {
    "networks": ("hidden-sizes", "views", "normalise-observations"),
    "exploration": (
        "exploration-noise",
        "random-actions",
        "random-action-probability",
        "random-action-interval",
        "noise-interval",
        "random-goals",
        "random-goal-probability",
        "random-action-kind",
        "random-action-steps",
        "high-noise",
        "low-noise",
    ),
    "optimisation": (
        "learning-rate",
        "batch-size",
        "updates-per-step",
        "discount",
        "tau",
        "reward-scale",
        "max-gradient-norm",
        "learning-rate-end",
        "learning-rate-updates",
        "actor-learning-rate",
        "policy-delay",
        "target-policy-noise",
        "target-noise-clip",
        "critic-loss",
        "pretanh-penalty",
    ),
    "replay": ("buffer-size", "learning-starts", "n-step", "hindsight"),
}
"""Fields that agents have in common, by subject. All others are an agent's own."""


def is_asked(words: Sequence[str]) -> bool:
    """Return whether a command line asks for help."""
    return any(normal(word) in ("-h", "--help", ALL) for word in words)


def page(
    words: Sequence[str],
    agent: str | None,
    world: str | None,
    preset: Preset | None,
    options: type,
) -> str:
    """Return the page of help that a command line asks for.

    Args:
        words: of the command line.
        agent: name of the agent, if one is given.
        world: name of the world, if one is given.
        preset: the preset whose values are the defaults, if any.
        options: a dataclass of the options of this agent and this world.
    """
    is_whole = any(normal(word) == ALL for word in words)
    above = _above(agent, world, preset)
    groups = _groups(agent, world, options, each=is_whole)
    general = {row.name: row for row in rows(Command)}
    for name, value in ({} if preset is None else preset.options).items():
        option = f"--{name.replace('_', '-')}"
        general[option] = general[option]._replace(default=f"[{value}]")
    if is_whole:
        titled = [Group(title, [general[n] for n in names]) for title, names in GENERAL.items()]
        return complete(above, [*titled, *groups], _BELOW_ALL if agent is None else _WORDS)
    below = _BELOW if agent is None else _more(agent, world)
    return screen(above, Group("run", [general[name] for name in _FIRST]), groups, below)


def _above(agent: str | None, world: str | None, preset: Preset | None) -> str:
    """Return the text above the options."""
    usage = f"usage: hierax train {agent or 'AGENT'} {world or 'WORLD'} --steps N [OPTIONS]\n"
    if agent is None:
        return f"{usage}\n{_description()}"
    lines = [usage, *wrapped(f"{agent}: {AGENTS[agent].summary}")]
    if world in WORLDS:
        lines += wrapped(f"{world}: {WORLDS[world].summary}")
    if preset is not None:
        lines += wrapped(f"Defaults are those of the preset: {preset.evidence}.")
    return "\n".join(lines)


def _groups(agent: str | None, world: str | None, options: type, *, each: bool) -> list[Group]:
    """Return the options of an agent and a world by subject."""
    parts: dict[str, Any] = {field.name: field for field in dataclasses.fields(options)}
    found: list[Group] = []
    if agent is not None:
        own = parts["agent"].type
        shared = _by_subject(rows(own, "--agent."), agent)
        levels = numbered_fields(own).items()
        found.append(shared[0])
        for name, items in levels:
            found += numbered(name, f"--agent.{name}", items, each=each)
        if "curriculum" in parts:
            stages = parts["curriculum"].default
            found += numbered("curriculum", "--curriculum", stages, each=each)
        found += shared[1:]
        if "transfer" in parts:
            found.append(Group("transfer", rows(parts["transfer"].type, "--transfer.")))
    if "world" in parts:
        found.append(Group(str(world), rows(parts["world"].type, "--world.")))
    elif agent is not None and world is not None:
        found.append(Group(world, [_KEYWORD]))
    return [group for group in found if group.rows]


def _by_subject(found: Sequence[Row], agent: str) -> list[Group]:
    """Return the fields of an agent: its own, those of its learner, and those of each subject."""
    fields = {row.name.removeprefix("--agent."): row for row in found}
    common = {name for names in SUBJECTS.values() for name in names}
    learner = {name: row for name, row in fields.items() if name.partition(".")[0] == LEARNER}
    own = [row for name, row in fields.items() if name not in (*common, *learner)]
    shared = [
        Group(title, [fields[name] for name in names if name in fields])
        for title, names in SUBJECTS.items()
    ]
    ordered = [learner[name] for name in sorted(learner, key=lambda name: "." in name)]
    return [Group(agent, own), Group(LEARNER, ordered), *shared]


def _more(agent: str, world: str | None) -> str:
    named = agent if world is None else f"{agent} {world}"
    return f"All options in full: hierax train {named} {ALL}"


def _description() -> str:
    return f"""\
Train an agent in a world, or resume a run that was interrupted.

examples:
  hierax train sac PointSpeed-v0 --steps 30000
  hierax train sac PointMaze-v0 --steps 2e5 --seeds 5 --world.goal 8 8

AGENT is one of
{listing(AGENTS)}

WORLD is one of
{listing(worlds_of(LEARNING, REGISTERED))}
  Also any other of `hierax list worlds`, and the id of any Gymnasium world."""


_KEYWORD = Row("--world.ARGUMENT", "VALUE", "argument of gymnasium.make or of a tabular world", "")

_BELOW = f"""\
Fields of the agent and the world: --agent.FIELD VALUE, --world.FIELD VALUE.
`hierax train sac PointSpeed-v0 --help` lists those of this agent and world,
`hierax train {ALL}` lists all general options and the files of a run."""

_WORDS = """\
A value may have several words, as in --agent.hidden-sizes 64 64, so AGENT and
WORLD come first. --import MODULE makes the agents and worlds of your module
available, see hierax.register_agent and hierax.register_world."""

_BELOW_ALL = f"""\
Fields of the agent and the world are options, too:
  --agent.FIELD VALUE           field of the agent
  --world.FIELD VALUE           field of the world, or keyword of gymnasium.make
  --agent.levels.N.FIELD VALUE  for lsp: field of level N, from 0 at the bottom
  --curriculum.N.steps STEPS    for lsp: training steps of level N
  --curriculum.N.world WORLD    for lsp: world that level N is trained in

{_WORDS}

The folder of a run holds
  config.json    all settings
  metrics.jsonl  metrics during training, one object a line
  checkpoints/   the complete state; the same command resumes from the last one
  policies/      trained policies, for hierax evaluate, watch and hierax.load
  summary.json   the final evaluation
  levels/        for lsp: a run for each level below the top"""
