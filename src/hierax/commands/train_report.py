"""The printed report of a training: evaluation, folder, and commands to try next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from hierax.commands.runs import evaluation_table


def report(title: str, folder: Path, summary: Mapping[str, Any], was_finished: bool) -> None:
    """Print the summary of a finished run."""
    console = Console(highlight=False, markup=False)
    if was_finished:
        console.print(f"{folder} was finished before; nothing was trained.", soft_wrap=True)
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
    console.print("resume: the same command; it also prints this again", soft_wrap=True)
