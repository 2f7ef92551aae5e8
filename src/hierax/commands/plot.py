"""`hierax plot`: draw learning curves of runs."""

import dataclasses
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from hierax.commands.errors import UsageError

FORMATS = (".png", ".pdf", ".svg")


def description() -> str:
    """Return the text above the options in the command's help."""
    return """\
Draw learning curves: interquartile mean over seeds, and its 95 % interval.

examples:
  hierax plot runs/sac-PointSpeed-v0-seed-0
  hierax plot runs/cross-* --metric deterministic/success --out cross.png

curves:
  Runs that differ only in their seeds make one curve.
  The legend names the settings that differ.
  The interval is that of Student's t. Success rates stay in [0, 1].
  The curve of a run with levels begins after the training steps of the lower levels.

The numbers are written to a .json file of the same name."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Draw learning curves of runs."""

    runs: Annotated[Positional[tuple[str, ...]], arg(metavar="RUN...", help_behavior_hint="")]
    """Folders of runs, finished or not."""
    metric: Annotated[str, arg(metavar="NAME")] = "deterministic/return"
    """Metric of metrics.jsonl to draw."""
    out: Annotated[str, arg(metavar="FILE")] = "curves.png"
    """Picture to write: .png, .pdf or .svg."""

    def run(self) -> None:
        """Write picture and numbers.

        Raises:
            UsageError: if there is no run, none with that metric, or the picture cannot be
                written.
        """
        picture = Path(self.out)
        if picture.suffix not in FORMATS:
            raise UsageError(
                f"--out must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, got {self.out!r}"
            )
        if not self.runs:
            raise UsageError("at least one RUN must be given, got none; see hierax plot --help")
        write_curves(self.runs, self.metric, picture)
        print(f"picture: {picture}\nnumbers: {picture.with_suffix('.json')}")


def write_curves(runs: tuple[str, ...], metric: str, picture: Path) -> None:
    """Draw curves to ``picture``, and write their numbers to a ``.json`` file of the same name."""
    import json

    from hierax.commands.curves import labels, read_groups, summarise, title
    from hierax.commands.runs import refusals
    from hierax.plotting import draw_learning
    from hierax.statistics import INTERVAL

    with refusals():
        groups = read_groups(runs, metric)
        named = zip(groups, labels(groups), strict=True)
        curves = [summarise(group, label, metric) for group, label in named]
        record = {"metric": metric, "interval": f"{INTERVAL} over seeds", "groups": curves}
        picture.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=2)
        picture.with_suffix(".json").write_text(f"{text}\n", encoding="utf-8")
        draw_learning(curves, metric, title(groups)).savefig(picture)
