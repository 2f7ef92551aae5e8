"""The general options of `hierax train`, which are the same for every agent and world."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import FlagCreatePairsOff, Positional, arg

from hierax.commands.options import file_name, whole_number


@dataclasses.dataclass(frozen=True)
class Command:
    """Train an agent in a world, or resume a run that was interrupted.

    Attributes:
        agent: name of the agent.
        world: name of the world.
        steps: environment steps of each seed. For lsp: of the top level, in addition to the
            curriculum.
        seed: seed of all random numbers.
        run_folder: folder of the run, which the same command resumes; named after agent, world and
            seed by default.
        seeds: number of runs in one; their seeds are S, S + 1, ...
        preset: whether to start from the preset of this agent in this world; see hierax list
            presets.
        checkpoint_every: steps between two checkpoints.
        log_every: steps between two lines of metrics.
        evaluate_every: steps between two evaluations; by default a quarter of the run is
            evaluation, at most.
        episodes: episodes of an evaluation, in each of its two modes.
        evaluation_world: world of the evaluations, with the same views and actions.
        until: end at the first evaluation that reaches a value, as deterministic/success 0.95.
        environments: environments that are stepped at once.
        evaluation_environments: environments of an evaluation, in a world stepped from the host; 0:
            those of training.
        driver: compile the world (scan), or step it from outside (host); auto is scan if possible.
        replay: memory of the replay buffer; on the host it may exceed that of an accelerator.
        keep: number of checkpoints that are kept.
        tensorboard: also write event files for TensorBoard.
        wandb: also send metrics to Weights & Biases.
    """

    agent: Annotated[Positional[str], arg(metavar="AGENT", help_behavior_hint="")]
    world: Annotated[Positional[str], arg(metavar="WORLD", help_behavior_hint="")]
    steps: Annotated[int, *whole_number("N", None, 1)]
    seed: Annotated[int, *whole_number("S", "0", 0)] = 0
    run_folder: Annotated[
        str | None, arg(name="run", metavar="DIR", help_behavior_hint="[default: runs/...]")
    ] = None
    seeds: Annotated[int, *whole_number("K", "1", 1)] = 1
    preset: Literal["auto", "none"] = "auto"
    checkpoint_every: Annotated[int | None, *whole_number("N", "as evaluations", 1)] = None
    log_every: Annotated[int | None, *whole_number("N", "a hundredth of the run", 1)] = None
    evaluate_every: Annotated[int | None, *whole_number("N", "10 to 20 evaluations", 1)] = None
    episodes: Annotated[int | None, *whole_number("E", "10", 1)] = None
    evaluation_world: Annotated[
        str | None, arg(metavar="WORLD", help_behavior_hint="[default: that of the training]")
    ] = None
    until: Annotated[
        tuple[str, float] | None,
        arg(metavar="METRIC VALUE", help_behavior_hint="[default: never]"),
    ] = None
    environments: Annotated[int | None, *whole_number("N", "16; 1 on the host", 1)] = None
    evaluation_environments: Annotated[
        int | None, *whole_number("M", "one for each episode", 0)
    ] = None
    driver: Literal["auto", "scan", "host"] = "auto"
    replay: Literal["device", "host"] = "device"
    keep: Annotated[int, *whole_number("K", "3", 1)] = 3
    tensorboard: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    wandb: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False

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
