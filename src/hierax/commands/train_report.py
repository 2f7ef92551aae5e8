"""What is printed of a training: how good the agent became, where all of it is, what to do next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from hierax.commands.runs import evaluation_table


def report(title: str, folder: Path, summary: Mapping[str, Any], was_finished: bool) -> None:
    """Prints the summary of a run that has come to its end."""
    console = Console(highlight=False, markup=False)
    if was_finished:
        console.print(f"{folder} was finished before; nothing was computed.", soft_wrap=True)
    console.print(evaluation_table(title, summary))
    seeds = summary["seeds"]
    console.print(
        f"{summary['step']:,} steps{f' of each of {len(seeds)} seeds' if len(seeds) > 1 else ''} "
        f"in {summary['wall_seconds']:.0f} s, {summary['steps_per_second']:,.0f} steps/s"
    )
    place = shlex.quote(str(folder))
    console.print(f"run:    {folder}", soft_wrap=True, style="bold")
    console.print(f"watch:  hierax watch {place}", soft_wrap=True)
    console.print(f"plot:   hierax plot {place}", soft_wrap=True)
    console.print("resume: the same command, which also prints this again", soft_wrap=True)
