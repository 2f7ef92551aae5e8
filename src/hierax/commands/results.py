"""Results of experiments for the terminal: verdicts on claims, and the names of pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hierax.commands.errors import UsageError
from hierax.experiments import Experiment, load
from hierax.experiments.claims import CLAIMS
from hierax.experiments.registry import SCALES

# Each verdict has a word, so that it can be read without colours.
STATES = {True: ("holds", "green"), False: ("fails", "red"), None: ("depends", "yellow")}


def report(folder: Path) -> None:
    """Print the verdicts of the result in ``folder``, and its files."""
    record = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    console = Console(highlight=False, markup=False)
    if record["claims"]:
        console.print(_verdicts(record))
    console.print(f"picture: {folder / 'figure.png'}", soft_wrap=True, style="bold")
    if (folder / "figure.gif").is_file():
        console.print(f"film:    {folder / 'figure.gif'}", soft_wrap=True)
    console.print(f"numbers: {folder / 'result.json'}", soft_wrap=True)


def _verdicts(record: Mapping[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2, 1, 0), show_header=False)
    for judged in record["claims"]:
        about = Text(CLAIMS[judged["claim"]].statement)
        about.append(f"\n{judged['note']}", style="dim")
        table.add_row(judged["claim"], state(judged["holds"]), about)
    return table


def state(holds: bool | None) -> Text:
    """Return the word for a verdict."""
    word, style = STATES[holds]
    return Text(word, style=style)


def claim_states(experiment: Experiment, out: str | Path) -> tuple[str | None, dict[str, Any]]:
    """Return the verdicts on the claims of an experiment, at the largest scale in ``out``.

    Raises:
        UsageError: if a file in ``out`` is not a result.

    Returns:
        The scale, None if the experiment was not run; and ``holds`` of each judged claim.
    """
    for scale in reversed(SCALES):
        try:
            record = load(experiment.name, scale, out)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if record is not None:
            return scale, {judged["claim"]: judged["holds"] for judged in record["claims"]}
    return None, {}
