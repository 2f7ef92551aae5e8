"""`hierax train`: train an agent in a world, or go on with a run that was interrupted."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Fixed, FlagCreatePairsOff, Positional, Suppress, arg

from hierax.commands.catalogue import AGENTS, LEARNING_WORLDS
from hierax.commands.dotted import Dotted, fields_of, levels_named, separate
from hierax.commands.errors import UsageError, one_line, unknown
from hierax.commands.levels import levels_of
from hierax.commands.options import whole_number
from hierax.commands.train_help import description

if TYPE_CHECKING:
    from hierax.agents import OffPolicy
    from hierax.training.config import AnyWorld

__all__ = ["Command", "description", "separate"]

LEVELLED = "lsp"
"""The agent that has levels."""
LEAST = {
    "steps": 1, "seed": 0, "seeds": 1, "environments": 1, "checkpoint_every": 1, "log_every": 1,
    "evaluate_every": 1, "episodes": 1, "keep": 1,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Command:
    """Train an agent in a world, or go on with a run that was interrupted."""

    agent: Annotated[Positional[str], arg(metavar="AGENT", help_behavior_hint="")]
    """Who learns, see above."""
    world: Annotated[Positional[str], arg(metavar="WORLD", help_behavior_hint="")]
    """Where, see above."""
    steps: Annotated[int, *whole_number("N", None)]
    """Environment steps of each seed, all environments together; of the top level, if any."""
    seed: Annotated[int, *whole_number("S", "0")] = 0
    """Of all random numbers; the same seed gives the same numbers."""
    run_folder: Annotated[
        str | None, arg(name="run", metavar="DIR", help_behavior_hint="[default: runs/...]")
    ] = None
    """Folder of the run; named after agent, world and seed by default."""
    seeds: Annotated[int, *whole_number("K", "1")] = 1
    """Runs in one, with seeds S, S + 1, ..."""
    checkpoint_every: Annotated[int | None, *whole_number("N", "as evaluations")] = None
    """Steps between two checkpoints."""
    log_every: Annotated[int | None, *whole_number("N", "a hundredth of the run")] = None
    """Steps between two lines of metrics."""
    evaluate_every: Annotated[int | None, *whole_number("N", "a twentieth of the run")] = None
    """Steps between two evaluations."""
    episodes: Annotated[int, *whole_number("E", "10")] = 10
    """Episodes of an evaluation, in each of its two modes."""
    environments: Annotated[int | None, *whole_number("N", "16; 1 from the host")] = None
    """Environments that are stepped at once."""
    driver: Literal["auto", "scan", "host"] = "auto"
    """World inside of what is compiled, stepped from outside, or the first where it can be."""
    replay: Literal["device", "host"] = "device"
    """Where what was stored is kept; on the host it may be larger than an accelerator's memory."""
    keep: Annotated[int, *whole_number("K", "3")] = 3
    """Checkpoints that are kept."""
    tensorboard: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Write event files for TensorBoard too."""
    wandb: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Send metrics to Weights & Biases too."""
    dotted: Suppress[Fixed[Dotted]] = dataclasses.field(default_factory=dict)
    """Words of options such as ``--agent.discount 0.9``, see `separate`."""

    def run(self) -> None:
        """Trains, and prints what came of it.

        Raises:
            UsageError: where an argument is not allowed or the folder belongs to another run.
            RunError: where a number is not finite.
            KeyboardInterrupt: where the person interrupts; says how to go on.
        """
        # What is wrong with names and types is said before anything that takes long is imported.
        if self.agent not in AGENTS:
            raise unknown("agent", self.agent, AGENTS)
        for name, least in LEAST.items():
            _check_least(name, getattr(self, name), least)
        agent_fields = fields_of("agent", self.agent, self.dotted)
        world_fields = fields_of("world", self.world, self.dotted)
        if self.agent == LEVELLED:
            agent_fields["levels"] = levels_of(self.world, self.dotted)
        elif levels_named(self.dotted):
            raise UsageError(f"{self.agent} has no levels, but {LEVELLED} has")
        agent, world = self._make(agent_fields, world_fields)
        self._train(agent, world)

    def _make(
        self, agent_fields: Mapping[str, Any], world_fields: Mapping[str, Any]
    ) -> tuple["OffPolicy", "AnyWorld"]:
        from hierax.agents import AGENTS as CLASSES

        if self.world in LEARNING_WORLDS:
            from hierax.worlds import make as make_world  # sooner there than all of training
        else:
            from hierax.training import make_world
        try:
            world = make_world(self.world, **world_fields)
        except ValueError as error:
            raise UsageError(f"{self.world}: {one_line(error)}") from None
        try:
            return CLASSES[self.agent](world.spec, **agent_fields), world
        except ValueError as error:
            raise UsageError(f"{self.agent}: {one_line(error)}") from None

    def _train(self, agent: "OffPolicy", world: "AnyWorld") -> None:
        from hierax.commands import compilation_cache
        from hierax.commands.runs import refusals
        from hierax.commands.train_report import report
        from hierax.training import train, train_levels
        from hierax.training.run_folder import is_finished

        compilation_cache.enable()
        folder = self.folder
        was_finished = is_finished(folder)
        passed = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("agent", "world", "run_folder", "dotted")
        }
        try:
            with refusals("remove the later ones and the same command goes on from there"):
                how = train_levels if self.agent == LEVELLED else train
                trained = how(agent, world, run=folder, **passed)  # type: ignore[arg-type]
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"the same command goes on from the last checkpoint in {folder}"
            ) from None
        report(f"{self.agent} in {self.world}", folder, trained.summary, was_finished)

    @property
    def folder(self) -> Path:
        """Where the run is."""
        name = f"{self.agent}-{self.world.replace('/', '-')}-seed-{self.seed}"
        return Path("runs", name) if self.run_folder is None else Path(self.run_folder)


def _check_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise UsageError(f"--{name.replace('_', '-')} is {value}, but must be at least {least}")
