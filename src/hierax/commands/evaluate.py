"""`hierax evaluate`: evaluate a trained agent."""

import dataclasses
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from hierax.commands.options import whole_number

RECORD = "evaluation.json"


def description() -> str:
    """Return the text above the options in the command's help."""
    return """\
Evaluate the agent of a run in whole episodes, without training.

examples:
  hierax evaluate runs/sac-PointSpeed-v0-seed-0
  hierax evaluate runs/cross --episodes 200 --step 50000

modes:
  deterministic  without exploration, such as the mean of the policy
  sampled        with the exploration of training

Each seed of the run plays E episodes in each mode.

RUN/evaluation.json holds the numbers."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Evaluate a trained agent."""

    run_folder: Annotated[Positional[str], arg(metavar="RUN", help_behavior_hint="")]
    """Folder of the run."""
    episodes: Annotated[int, *whole_number("E", "100", 1)] = 100
    """Episodes of each seed and mode."""
    environments: Annotated[int | None, *whole_number("M", "one for each episode", 1)] = None
    """Environments that are stepped at once, in a world that is stepped from the host."""
    seed: Annotated[int, *whole_number("S", "0", 0)] = 0
    """Seed of the random numbers of these episodes."""
    step: Annotated[int | None, *whole_number("T", "the last")] = None
    """Environment steps after which the policy was saved."""

    def run(self) -> None:
        """Evaluate, print and write.

        Raises:
            UsageError: if there is no such run or step, or its folder cannot be written to.
        """
        import json

        from rich.console import Console

        from hierax import atomic_files
        from hierax.commands import compilation_cache
        from hierax.commands.runs import evaluation_table, refusals
        from hierax.to_json import to_json
        from hierax.training import evaluate

        compilation_cache.enable()
        path = Path(self.run_folder)
        with refusals():
            names = "episodes", "environments", "seed", "step"
            record = to_json(evaluate(path, **{name: getattr(self, name) for name in names}))
            atomic_files.write_text(
                path / RECORD, json.dumps(record, indent=2, allow_nan=False) + "\n"
            )
        console = Console(highlight=False, markup=False)
        console.print(evaluation_table(f"{path.name} after {record['step']:,} steps", record))
        console.print(f"numbers: {path / RECORD}", soft_wrap=True)
