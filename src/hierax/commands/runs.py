"""Shared by commands on runs: errors of one line, and the table of an evaluation."""

import contextlib
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Any

from rich.table import Table

import hierax
from hierax.commands.errors import RunError, UsageError, one_line
from hierax.training import CheckpointError, NotFiniteError
from hierax.training.checkpoint_files import NotSavedError
from hierax.training.run_folder import ANOTHER

PACKAGE = Path(hierax.__file__).parent


@contextlib.contextmanager
def refusals(way_out: str = "") -> Iterator[None]:
    """Turn the errors of training into errors that end a command in one line.

    An error that a user's own code raised, such as an environment, keeps its traceback.

    Args:
        way_out: advice where a checkpoint is damaged and an earlier one is intact.
    """
    try:
        yield
    except (NotFiniteError, FloatingPointError) as error:  # the second is of the physics
        raise RunError(one_line(error)) from None
    except NotSavedError as error:
        raise RunError(one_line(error)) from None
    except CheckpointError as error:
        end = f": {way_out}" if way_out and error.whole_step is not None else ""
        raise UsageError(f"{one_line(error)}{end}") from None
    except ValueError as error:
        if _is_from_outside(error):
            raise
        raise UsageError(one_line(error).replace(ANOTHER, "give another --run")) from None
    except OSError as error:
        if error.filename is None or _is_from_outside(error):
            raise
        raise UsageError(f"cannot use {error.filename}: {error.strerror}") from None


def _is_from_outside(error: BaseException) -> bool:
    """Return whether an error passed code that is neither of hierax nor of an installed package."""
    files = [Path(frame.f_code.co_filename) for frame, _ in walk_tb(error.__traceback__)]
    known = (PACKAGE, *map(Path, {*sysconfig.get_paths().values()}))
    return any(file.is_file() and not any(map(file.is_relative_to, known)) for file in files)


def evaluation_table(title: str, summary: Mapping[str, Any]) -> Table:
    """Return a table of both modes of an evaluation, as in ``summary.json``."""
    has_success = "success_rate" in summary
    table = Table(title=title)
    table.add_column("actions", style="cyan")
    for name in ("mean return", "IQM", *(["success"] if has_success else []), "steps", "episodes"):
        table.add_column(name, justify="right")
    for mode, found in (("deterministic", summary), ("sampled", summary["sampled"])):
        rate = [f"{found['success_rate']:.0%}"] if has_success else []
        table.add_row(
            mode, _number(found["mean"]), _number(found["iqm"]), *rate,
            _number(found["mean_length"]), str(found["episodes"]),
        )  # fmt: skip
    return table


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"
