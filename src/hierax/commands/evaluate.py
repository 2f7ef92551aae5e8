"""`hierax evaluate`: measure what a run learned."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from hierax.commands.errors import UsageError
from hierax.commands.options import whole_number

RECORD = "evaluation.json"


def description() -> str:
    """Returns what stands above the options in the command's help."""
    return """\
Measure what a run learned, in whole episodes without learning.

examples:
  hierax evaluate runs/sac-PointSpeed-v0-seed-0
  hierax evaluate runs/cross --episodes 200 --step 50000

modes:
  deterministic  as well as it can
  sampled        with the randomness that it learns by

Each seed of the run plays E episodes in both. RUN/evaluation.json has the numbers."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Measure what a run learned."""

    run_folder: Annotated[Positional[str], arg(metavar="RUN", help_behavior_hint="")]
    """Folder of the run."""
    episodes: Annotated[int, *whole_number("E", "100")] = 100
    """Episodes of each seed and mode."""
    seed: Annotated[int, *whole_number("S", "0")] = 0
    """Of the random numbers of these episodes."""
    step: Annotated[int | None, *whole_number("T", "the last")] = None
    """Environment steps after which it was saved."""

    def run(self) -> None:
        """Evaluates, prints and writes.

        Raises:
            UsageError: where there is no such run or step, or it cannot be written to.
        """
        for name, least in (("episodes", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"--{name} is {getattr(self, name)}, but must be at least {least}")

        import json

        from rich.console import Console

        from hierax import atomic_files
        from hierax.commands import compilation_cache
        from hierax.commands.runs import evaluation_table, refusals
        from hierax.to_json import to_json

        compilation_cache.enable()
        path = Path(self.run_folder)
        with refusals():
            record = to_json(self._measure(path))
            atomic_files.write_text(
                path / RECORD, json.dumps(record, indent=2, allow_nan=False) + "\n"
            )
        console = Console(highlight=False, markup=False)
        console.print(evaluation_table(f"{path.name} after {record['step']:,} steps", record))
        console.print(f"numbers: {path / RECORD}", soft_wrap=True)

    def _measure(self, path: Path) -> dict[str, Any]:
        from hierax.commands.runs import load_all
        from hierax.training.evaluation import HostEvaluator, ScanEvaluator, in_both_modes

        players = load_all(path, self.step)
        first = players[0]
        world: Any = first.world
        kind = HostEvaluator if hasattr(world, "batch") else ScanEvaluator
        evaluator = kind(first.agent, world, self.episodes)
        keys = range(self.seed * len(players), (self.seed + 1) * len(players))
        found = in_both_modes(evaluator, [player.state for player in players], keys)
        return {"step": first.step, "seed": self.seed, **found}
