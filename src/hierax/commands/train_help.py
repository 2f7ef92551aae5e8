"""What `hierax train --help` says above the options: agents, worlds, and the fields of each."""

import textwrap
from collections.abc import Iterable

from hierax.commands.catalogue import (
    AGENTS,
    LEARNING_WORLDS,
    MUJOCO_WORLDS,
    OTHER_LEARNING_WORLDS,
    listing,
)
from hierax.commands.declared import Field, declared_fields

_WIDTH, _COLUMN = 79, 27

TEXT = """\
Train an agent in a world, or go on with a run that was interrupted.

examples:
  hierax train sac PointSpeed-v0 --steps 30000
  hierax train sac PointCross-v0 --steps 100000 --seeds 5 --run runs/cross
  hierax train td3 Pendulum-v1 --steps 20000 --agent.hidden-sizes 64 64
  hierax train sac PointMaze-v0 --steps 200000 --world.goal 8 8
  hierax train lsp SpinCross-v0 --steps 80000 --level.0.steps 24000

AGENT is one of
{agents}

WORLD is one of
{worlds}
{mujoco}
{others}

The folder of a run holds
  config.json    all that was chosen
  metrics.jsonl  what was measured on the way, one object a line
  checkpoints/   all that changes; the same command goes on from the last one
  policies/      what acts: for evaluate, watch, and hierax.load
  summary.json   the final evaluation
  levels/        of lsp: a run for each level below the top

{fields}"""


def description() -> str:
    """The text."""
    return TEXT.format(
        agents=listing(AGENTS),
        worlds=listing(LEARNING_WORLDS),
        mujoco=f"  {MUJOCO_WORLDS}",
        others=f"  {OTHER_LEARNING_WORLDS}",
        fields="\n\n".join([*_of_agents(), _of_levels(), *_of_worlds()]),
    )


def _of_agents() -> Iterable[str]:
    """The fields of agents: first those that all have, then the own of each."""
    owners: dict[str, list[str]] = {}
    for agent in AGENTS:
        for owner in dict.fromkeys(field.owner for field in declared_fields(agent).values()):
            owners.setdefault(owner, []).append(agent)
    for owner, agents in owners.items():
        fields = declared_fields(agents[0]).values()
        own = [field for field in fields if field.owner == owner]
        yield f"fields of {_listed(agents)}:\n" + "\n".join(_line("agent", f) for f in own)


def _listed(names: list[str]) -> str:
    """``sac, td3 and lsp``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _of_levels() -> str:
    """The fields of a level, which has a number."""
    lines = [_line("level.N", field) for field in declared_fields("level").values()]
    return "fields of level N of lsp, numbered from 0 at the bottom:\n" + "\n".join(lines)


def _of_worlds() -> Iterable[str]:
    """The fields of worlds, those that several share once."""
    worlds: dict[tuple[str, str], tuple[Field, list[str]]] = {}
    for world in LEARNING_WORLDS:
        for field in declared_fields(world).values():
            worlds.setdefault((field.name, field.summary), (field, []))[1].append(world)
    lines = [_line("world", field, f"{', '.join(having)}: ") for field, having in worlds.values()]
    yield "fields of worlds:\n" + "\n".join(lines)


def _line(owner: str, field: Field, before: str = "") -> str:
    """A field with its documentation beside it, or below where its name is long."""
    option = f"  --{owner}.{field.name.replace('_', '-')}"
    default = "" if before else f" [{field.default}]"
    text = textwrap.wrap(f"{before}{field.summary.replace('``', '')}{default}", _WIDTH - _COLUMN)
    first = f"{option:{_COLUMN}}" if len(option) < _COLUMN - 1 else f"{option}\n{'':{_COLUMN}}"
    return first + f"\n{'':{_COLUMN}}".join(text)
