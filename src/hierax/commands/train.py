"""`hierax train`: train an agent in a world, or resume a run."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional, arg

from hierax.commands import train_options
from hierax.commands.errors import UsageError, one_line, unknown
from hierax.commands.options import file_name, whole_number
from hierax.commands.parsing import normal, parse, values_of
from hierax.commands.train_options import (
    StageOptions,
    options_class,
    stage_options,
    values_without_type,
)
from hierax.registry import (
    AGENTS,
    LEARNING,
    PRESETS,
    REGISTERED,
    WORLDS,
    Entry,
    Preset,
    Stage,
    listing,
    register_class,
    worlds_of,
)

if TYPE_CHECKING:
    from hierax.training.presets import Setup

PROGRAM = "hierax train"
FLAGS = ("--tensorboard", "--wandb", "--help")
"""General options without a value."""


def description() -> str:
    """Return the text above the options in the command's help."""
    return f"""\
Train an agent in a world, or resume a run that was interrupted.

examples:
  hierax train sac PointSpeed-v0 --steps 30000
  hierax train lsp SpinCross-v0 --steps 80000
  hierax train sac PointCross-v0 --steps 100000 --seeds 5 --run runs/cross
  hierax train td3 Pendulum-v1 --steps 20000 --agent.hidden-sizes 64 64
  hierax train sac PointMaze-v0 --steps 200000 --world.goal 8 8

AGENT is one of
{listing(AGENTS)}

WORLD is one of
{listing(worlds_of(LEARNING, REGISTERED))}
  Also a MuJoCo world, such as BallGoTo3-v0, see hierax list worlds.
  Also a tabular world, such as FourRooms-v0, or the id of a Gymnasium environment.

The folder of a run holds
  config.json    all settings
  metrics.jsonl  metrics during training, one object a line
  checkpoints/   the complete state; the same command resumes from the last one
  policies/      trained policies, for hierax evaluate, hierax watch and hierax.load
  summary.json   the final evaluation
  levels/        for lsp: a run for each level below the top"""


BELOW = """
Fields of the agent and the world are options, too:
  --agent.FIELD VALUE           a field of the agent
  --world.FIELD VALUE           a field of the world, or an argument of gymnasium.make
  --agent.levels.N.FIELD VALUE  for lsp: a field of level N, from 0 at the bottom
  --curriculum.N.steps STEPS    for lsp: training steps of level N below the top
  --curriculum.N.world WORLD    for lsp: the world that level N is trained in

`hierax train sac PointSpeed-v0 --help` lists those of this agent and this world.
A value may have several words, as in --agent.hidden-sizes 64 64, so AGENT and WORLD
come first.

--import MODULE makes the agents and worlds of your module available, see
hierax.register_agent and hierax.register_world.
"""

GENERAL = """
General options, such as --steps N (required) and --run DIR: hierax train --help
"""


@dataclasses.dataclass(frozen=True)
class Command:
    """Train an agent in a world, or resume a run that was interrupted."""

    agent: Annotated[Positional[str], arg(metavar="AGENT", help_behavior_hint="")]
    """Agent, see above."""
    world: Annotated[Positional[str], arg(metavar="WORLD", help_behavior_hint="")]
    """World, see above."""
    steps: Annotated[int, *whole_number("N", None, 1)]
    """Environment steps of each seed. For lsp: of the top level, in addition to the curriculum."""
    seed: Annotated[int, *whole_number("S", "0", 0)] = 0
    """Seed of all random numbers."""
    run_folder: Annotated[
        str | None, arg(name="run", metavar="DIR", help_behavior_hint="[default: runs/...]")
    ] = None
    """Folder of the run; named after agent, world and seed by default."""
    seeds: Annotated[int, *whole_number("K", "1", 1)] = 1
    """Number of runs in one, with seeds S, S + 1, ..."""
    preset: Literal["auto", "none"] = "auto"
    """Start from the preset of this agent in this world, or not; see hierax list presets."""
    checkpoint_every: Annotated[int | None, *whole_number("N", "as evaluations", 1)] = None
    """Steps between two checkpoints."""
    log_every: Annotated[int | None, *whole_number("N", "a hundredth of the run", 1)] = None
    """Steps between two lines of metrics."""
    evaluate_every: Annotated[int | None, *whole_number("N", "10 to 20 evaluations", 1)] = None
    """Steps between two evaluations; by default a quarter of the run is evaluation, at most."""
    episodes: Annotated[int | None, *whole_number("E", "10", 1)] = None
    """Episodes of an evaluation, in each of its two modes."""
    evaluation_world: Annotated[
        str | None, arg(metavar="WORLD", help_behavior_hint="[default: that of the training]")
    ] = None
    """World of the evaluations, with the same views and actions."""
    until: Annotated[
        tuple[str, float] | None,
        arg(metavar="METRIC VALUE", help_behavior_hint="[default: never]"),
    ] = None
    """End at the first evaluation that reaches a value, as deterministic/success 0.95."""
    environments: Annotated[int | None, *whole_number("N", "16; 1 on the host", 1)] = None
    """Environments that are stepped at once."""
    evaluation_environments: Annotated[
        int | None, *whole_number("M", "one for each episode", 0)
    ] = None
    """Environments of an evaluation, in a world stepped from the host; 0: those of training."""
    driver: Literal["auto", "scan", "host"] = "auto"
    """Compile the world (scan), or step it from outside (host); auto is scan if possible."""
    replay: Literal["device", "host"] = "device"
    """Memory of the replay buffer; on the host it may exceed that of an accelerator."""
    keep: Annotated[int, *whole_number("K", "3", 1)] = 3
    """Number of checkpoints that are kept."""
    tensorboard: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Also write event files for TensorBoard."""
    wandb: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Also send metrics to Weights & Biases."""

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        name = file_name(f"{self.agent}-{self.world}-seed-{self.seed}")
        return Path("runs", name) if self.run_folder is None else Path(self.run_folder)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `hierax.train`, without those that keep its defaults."""
        names = [field.name for field in dataclasses.fields(self)]
        names = [name for name in names if name not in ("agent", "world", "run_folder", "preset")]
        given = {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value is not None}


@dataclasses.dataclass(frozen=True)
class Training:
    """A command line of `hierax train`, read.

    Attributes:
        command: the general options.
        agent_fields: all fields of the agent but its ``spec``.
        world_fields: fields of the world.
        curriculum: one stage for each level below the top.
        preset: the preset that is used, if any.
    """

    command: Command
    agent_fields: Mapping[str, Any]
    world_fields: Mapping[str, Any]
    curriculum: tuple[Stage, ...] = ()
    preset: Preset | None = None

    def run(self) -> None:
        """Train, and print the result.

        Raises:
            UsageError: if an argument is not allowed or the folder belongs to another run.
            RunError: if a number is not finite.
            KeyboardInterrupt: if the user interrupts; the message says how to resume.
        """
        setup = self._setup()
        if self.preset is not None:
            print(f"preset: {self.preset.evidence}; --preset none takes plain defaults")
        from hierax.commands import compilation_cache
        from hierax.commands.runs import refusals
        from hierax.commands.train_report import report
        from hierax.training.run_folder import is_finished, load_config

        compilation_cache.enable()
        folder = self.command.folder
        was_finished = is_finished(folder) and load_config(folder)["steps"] == self.command.steps
        try:
            with refusals("remove the later ones and run the same command again"):
                trained = setup.train(run=folder, **self._arguments())
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_way_on(folder)) from None
        report(
            f"{self.command.agent} in {self.command.world}", folder, trained.summary, was_finished
        )

    def _arguments(self) -> dict[str, Any]:
        """Return the arguments of `hierax.train`, with worlds instead of their names."""
        from hierax.training import make_world

        given, name = self.command.arguments(), self.command.evaluation_world
        return given if name is None else {**given, "evaluation_world": make_world(name)}

    def _setup(self) -> "Setup":
        from hierax.worlds.registry import make  # errors come before training is imported

        name, world_name = self.command.agent, self.command.world
        try:
            world = make(world_name, **self.world_fields)
        except ValueError as error:
            raise UsageError(one_line(error)) from None
        try:
            agent = AGENTS[name].load()(world.spec, **self.agent_fields)
        except ValueError as error:
            raise UsageError(f"{name}: {one_line(error)}") from None
        from hierax.training.presets import Setup

        options = {} if self.preset is None else dict(self.preset.options)
        return Setup(agent, world, self.curriculum, options)


def _way_on(folder: Path) -> str:
    """Return which checkpoint an interrupted run has, and how to go on."""
    from hierax.training.checkpoint import latest
    from hierax.training.run_folder import CHECKPOINTS, LEVELS

    levels = sorted((folder / LEVELS).glob("*"), reverse=True)
    for run in (folder, *levels):
        step = latest(run / CHECKPOINTS)
        if step is not None:
            return f"the same command resumes from the checkpoint of step {step:,} in {run}"
    return f"{folder} has no checkpoint yet: the same command starts again"


def read(words: Sequence[str]) -> Training:
    """Return the training that a command line asks for.

    Raises:
        UsageError: if an option or a value is not allowed.
        SystemExit: after printing the help.
    """
    agent, world, *_ = *_positional(words), None, None
    if agent is not None:
        _require_agent(agent)
    is_plain = "none" in values_of("--preset", words)
    preset = None if is_plain else PRESETS.get((str(agent), str(world)))
    general = ("command", Annotated[OmitArgPrefixes[Command], arg(name="general", help="")])
    shows_agent = agent is not None and _asks_for_help(words)
    groups: list[Any] = [] if shows_agent else [general]
    if agent is not None:
        groups += _agent_groups(AGENTS[agent], preset, words)
    world_fields = {} if preset is None else dict(preset.world_fields)
    if world is not None:
        more, given, words = _world_groups(world, world_fields, words)
        groups, world_fields = [*groups, *more], given
    text, below = (
        (description(), BELOW) if agent is None else (_told(agent, world, preset), GENERAL)
    )
    program = f"{PROGRAM} {agent} {world or 'WORLD'} --steps N" if shows_agent else PROGRAM
    chosen: Any = parse(
        dataclasses.make_dataclass("Options", groups, kw_only=True), words, program, text, below
    )
    return Training(
        chosen.command,
        _values(chosen, "agent"),
        {**world_fields, **_values(chosen, "world")},
        train_options.read_curriculum(getattr(chosen, "curriculum", ())),
        preset,
    )


def _require_agent(name: str) -> None:
    """Raise UsageError if there is no agent called ``name``, which may be ``module:Class``."""
    try:
        register_class(AGENTS, name)
    except ValueError as error:
        raise UsageError(one_line(error)) from None
    if name not in AGENTS:
        raise unknown("agent", name, AGENTS)


def _agent_groups(entry: Entry, preset: Preset | None, words: Sequence[str]) -> list[Any]:
    """Return the options of an agent and, where it has levels, of its curriculum."""
    kind = entry.load()
    defaults = {} if preset is None else preset.agent_fields(kind)
    own = options_class(kind, {**entry.fields, **defaults}, words, "agent")
    if not hasattr(kind, "up_to"):
        return [("agent", own)]
    levels = {field.name: field for field in dataclasses.fields(own)}["levels"]
    below = len(levels.default_factory()) - 1  # type: ignore[misc]
    stages = stage_options(() if preset is None else preset.curriculum, below)
    curriculum = ("curriculum", tuple[StageOptions, ...], dataclasses.field(default=stages))
    return [("agent", own), *([curriculum] if below else [])]


def _world_groups(
    world: str, fields: dict[str, Any], words: Sequence[str]
) -> tuple[list[Any], dict[str, Any], Sequence[str]]:
    """Return the options of a world, its fields so far, and the words that are left to read."""
    if not _asks_for_help(words) and not any(word.startswith("--world.") for word in words):
        return [], fields, words
    from hierax.worlds.registry import world_class

    kind = world_class(world)
    if kind is None:
        given, rest = values_without_type(words, "world")
        return [], {**fields, **given}, rest
    known = WORLDS[world].fields
    return [("world", options_class(kind, {**known, **fields}, words, "world"))], fields, words


def _asks_for_help(words: Sequence[str]) -> bool:
    return any(word in ("-h", "--help") for word in words)


def _positional(words: Sequence[str]) -> list[str]:
    """Return the words that are neither options nor their values."""
    found, skipped = [], 0
    for word in words:
        if word.startswith("--") and "." in word.partition("=")[0]:
            skipped = len(words)  # of an option with any number of values
        elif word.startswith("-"):
            skipped = 0 if "=" in word or word == "-h" or normal(word) in FLAGS else 1
        elif skipped:
            skipped -= 1
        else:
            found.append(word)
    return found


def _values(chosen: Any, group: str) -> dict[str, Any]:
    """Return the fields of a group of options, where there is one."""
    if not hasattr(chosen, group):
        return {}
    own = getattr(chosen, group)
    return {field.name: getattr(own, field.name) for field in dataclasses.fields(own)}


def _told(agent: str, world: str | None, preset: Preset | None) -> str:
    """Return the text above the options of an agent in a world."""
    lines = [f"{agent}: {AGENTS[agent].summary}"]
    if world in WORLDS:
        lines.append(f"{world}: {WORLDS[world].summary}")
    if preset is not None:
        lines.append(f"Defaults are those of the preset: {preset.evidence}.")
    return "\n\n".join(lines)
