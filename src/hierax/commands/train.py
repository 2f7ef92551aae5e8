"""`hierax train`: train an agent in a world, or resume a run."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import OmitArgPrefixes, arg

from hierax.commands import learner_options, train_help, train_options
from hierax.commands.errors import UsageError, one_line, unknown
from hierax.commands.parsing import normal, parse, values_of
from hierax.commands.train_command import Command
from hierax.commands.train_options import (
    StageOptions,
    options_class,
    stage_options,
    values_without_type,
)
from hierax.commands.transfer_options import NOTHING, TransferOptions
from hierax.registry import AGENTS, PRESETS, WORLDS, Entry, Preset, Stage, register_class

if TYPE_CHECKING:
    from hierax.training.presets import Setup

PROGRAM = "hierax train"
FLAGS = ("--tensorboard", "--wandb", "--help", train_help.ALL)
"""General options without a value."""


@dataclasses.dataclass(frozen=True)
class Training:
    """A command line of `hierax train`, read.

    Attributes:
        command: the general options.
        agent_fields: all fields of the agent but its ``spec``.
        world_fields: fields of the world.
        curriculum: one stage for each level below the top.
        preset: the preset that is used, if any.
        transfer: parts of a trained agent that the run starts with.
    """

    command: Command
    agent_fields: Mapping[str, Any]
    world_fields: Mapping[str, Any]
    curriculum: tuple[Stage, ...] = ()
    preset: Preset | None = None
    transfer: TransferOptions = NOTHING

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
                trained = setup.train(run=folder, **self._arguments(setup))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_way_on(folder)) from None
        report(
            f"{self.command.agent} in {self.command.world}", folder, trained.summary, was_finished
        )

    def _arguments(self, setup: "Setup") -> dict[str, Any]:
        """Return the arguments of `hierax.train`, with worlds instead of their names."""
        from hierax.training import make_world

        given, name = self.command.arguments(), self.command.evaluation_world
        if name is not None:
            given["evaluation_world"] = make_world(name)
        start = self.transfer.start(setup.agent, self.command.seed, self.command.seeds)
        return given if start is None else {**given, "start": start}

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
    world_fields = {} if preset is None else dict(preset.world_fields)
    groups: list[Any] = [("command", Annotated[OmitArgPrefixes[Command], arg(name="", help="")])]
    if agent is not None:
        groups += _agent_groups(AGENTS[agent], preset, words, (world, world_fields))
    if world is not None:
        more, given, words = _world_groups(world, world_fields, words)
        groups, world_fields = [*groups, *more], given
    options = dataclasses.make_dataclass("Options", groups, kw_only=True)
    if train_help.is_asked(words):
        print(train_help.page(words, agent, world, preset, options), end="")
        raise SystemExit(0)
    program = " ".join([PROGRAM, *(name for name in (agent, world) if name)])
    chosen: Any = parse(options, words, program)
    return Training(
        chosen.command,
        learner_options.without_choice(_values(chosen, "agent")),
        {**world_fields, **_values(chosen, "world")},
        train_options.read_curriculum(getattr(chosen, "curriculum", ())),
        preset,
        TransferOptions(**_values(chosen, "transfer")),
    )


def _require_agent(name: str) -> None:
    """Raise UsageError if there is no agent called ``name``, which may be ``module:Class``."""
    try:
        register_class(AGENTS, name)
    except ValueError as error:
        raise UsageError(one_line(error)) from None
    if name not in AGENTS:
        raise unknown("agent", name, AGENTS)


def _agent_groups(
    entry: Entry,
    preset: Preset | None,
    words: Sequence[str],
    place: tuple[str | None, Mapping[str, Any]],
) -> list[Any]:
    """Return the options of an agent and, where it has levels, of its curriculum.

    Args:
        entry: of the agent.
        preset: whose values are the defaults, if any.
        words: of the command line.
        place: name and fields of the world, as far as they are known.
    """
    kind = entry.load()
    defaults = {**entry.fields, **({} if preset is None else preset.agent_fields(kind))}
    learner = learner_options.default(kind, defaults, place, words)
    own = options_class(kind, {**defaults, **learner}, words, "agent")
    if learner:
        own = learner_options.with_choice(own, kind, learner)
    if not hasattr(kind, "up_to"):
        parts = _transfer_groups(words) if hasattr(kind, "parts") else []
        return [("agent", own), *parts]
    levels = {field.name: field for field in dataclasses.fields(own)}["levels"]
    below = len(levels.default_factory()) - 1  # type: ignore[misc]
    stages = stage_options(() if preset is None else preset.curriculum, below)
    curriculum = ("curriculum", tuple[StageOptions, ...], dataclasses.field(default=stages))
    return [("agent", own), *([curriculum] if below else [])]


def _transfer_groups(words: Sequence[str]) -> list[Any]:
    """Return the options of a transfer where help or one of them is asked for."""
    is_asked = train_help.is_asked(words) or any(word.startswith("--transfer.") for word in words)
    if not is_asked:
        return []
    own = options_class(TransferOptions, {}, words, "transfer")
    return [("transfer", own)]


def _world_groups(
    world: str, fields: dict[str, Any], words: Sequence[str]
) -> tuple[list[Any], dict[str, Any], Sequence[str]]:
    """Return the options of a world, its fields so far, and the words that are left to read."""
    if not train_help.is_asked(words) and not any(word.startswith("--world.") for word in words):
        return [], fields, words
    from hierax.worlds.registry import world_class

    kind = world_class(world)
    if kind is None:
        given, rest = values_without_type(words, "world")
        return [], {**fields, **given}, rest
    known = WORLDS[world].fields
    return [("world", options_class(kind, {**known, **fields}, words, "world"))], fields, words


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
