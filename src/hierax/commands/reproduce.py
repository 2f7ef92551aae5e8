"""`hierax reproduce`: run an experiment, judge the claims of its paper, write the evidence."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from hierax.commands.errors import UsageError, unknown
from hierax.commands.options import whole_number
from hierax.experiments import EXPERIMENTS, reproduce


def description() -> str:
    """Returns what stands above the options in the command's help."""
    experiments = EXPERIMENTS.values()
    names = "\n".join(
        f"  {experiment.name}\n      {experiment.summary}" for experiment in experiments
    )
    return f"""\
Run an experiment and judge the claims of its paper.

examples:
  hierax reproduce himo-hanoi
  hierax reproduce himo-rooms --scale smoke --out my_results

NAME is one of
{names}

The folder OUT/NAME/SCALE that is written holds
  result.json  settings, versions, every curve and table, a verdict on each claim
  figure.png   the picture of it
  figure.gif   a film of it, where an experiment has one

A run that is repeated gives the same numbers."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Run an experiment and judge the claims of its paper."""

    name: Annotated[Positional[str], arg(metavar="NAME", help_behavior_hint="")]
    """Which experiment, see above."""
    scale: Literal["smoke", "laptop", "paper"] = "laptop"
    """How much to compute: seconds, what two cores do in minutes, or the paper's settings."""
    seeds: Annotated[int | None, *whole_number("N", "the experiment's own number")] = None
    """Number of seeds; an exact experiment draws nothing and has no use for them."""
    out: Annotated[str, arg(metavar="OUT")] = "results"
    """Folder of all results."""

    def run(self) -> None:
        """Runs the experiment and prints its verdicts.

        Raises:
            UsageError: where there is no such experiment, the number of seeds is below 1, or the
                folder cannot be written.
        """
        if self.name not in EXPERIMENTS:
            raise unknown("experiment", self.name, EXPERIMENTS)
        if self.seeds is not None and self.seeds < 1:
            raise UsageError(f"--seeds is {self.seeds}, but must be at least 1")
        self._check_folder()

        from hierax.commands.results import report

        report(reproduce(self.name, self.scale, self.seeds, self.out))

    def _check_folder(self) -> None:
        """Makes the folder before the run rather than after it, when all would be lost."""
        try:
            Path(self.out, self.name, self.scale).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {self.out}: {error.strerror}") from None
