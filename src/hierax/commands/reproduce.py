"""`hierax reproduce`: run an experiment, judge the claims of its paper, write the results."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from hierax.commands.errors import UsageError, unknown
from hierax.commands.options import whole_number
from hierax.experiments import reproduce
from hierax.registry import EXPERIMENTS


def description() -> str:
    """Return the text above the options in the command's help."""
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

The folder OUT/NAME/SCALE holds
  result.json  settings, versions, every curve and table, a verdict on each claim
  figure.png   the picture
  figure.gif   the film, if the experiment has one

The same command gives the same numbers. An experiment that was interrupted
continues where it was: its runs are kept in OUT/NAME/SCALE/runs until the
result is written."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Run an experiment and judge the claims of its paper."""

    name: Annotated[Positional[str], arg(metavar="NAME", help_behavior_hint="")]
    """Experiment, see above."""
    scale: Literal["smoke", "laptop", "paper"] = "laptop"
    """Seconds, minutes on two cores, or the settings of the paper."""
    seeds: Annotated[int | None, *whole_number("N", "the experiment's own number", 1)] = None
    """Number of seeds; an exact experiment ignores it."""
    out: Annotated[str, arg(metavar="OUT")] = "results"
    """Folder of all results."""
    format: Literal["png", "pdf", "svg"] = "png"
    """Format of the picture; figure.png is written in addition to the other formats."""

    def run(self) -> None:
        """Run the experiment and print its verdicts.

        Raises:
            UsageError: if there is no such experiment, or the folder cannot be written.
        """
        if self.name not in EXPERIMENTS:
            raise unknown("experiment", self.name, EXPERIMENTS)
        self._check_folder()

        from hierax.commands.results import report

        report(reproduce(self.name, self.scale, self.seeds, self.out, figure_format=self.format))

    def _check_folder(self) -> None:
        """Make the folder before the run, so that no result is lost after it."""
        try:
            Path(self.out, self.name, self.scale).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {self.out}: {error.strerror}") from None
