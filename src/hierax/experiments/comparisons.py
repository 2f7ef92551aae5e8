"""Differences between arms of a world, seed by seed: at the end of training and over all of it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hierax.experiments.goal_study import DIGITS, told
from hierax.statistics import Range, interval

RATES: Range = (-1.0, 1.0)
"""Range of differences of success rates."""


class Comparison(NamedTuple):
    """Intervals of differences, by "A less B".

    Attributes:
        last: of the means of the last evaluations.
        mean: of the means of all evaluations, which are the larger the sooner an agent learns.
        words: both, and the means of each arm, in words.
    """

    last: dict[str, dict[str, Any]]
    mean: dict[str, dict[str, Any]]
    words: str

    def above(self) -> list[bool]:
        """Return for each pair whether the first learns sooner, beyond the interval."""
        return [found["low"] > 0.0 for found in self.mean.values()]


def compare(
    fields: Mapping[str, Any],
    world: str,
    pairs: Sequence[tuple[str, str]],
    column: str = "by_seed",
    bounds: Range = RATES,
) -> Comparison:
    """Compare pairs of arms of a world, as far as they were run.

    Args:
        fields: those of a `hierax.experiments.result.Result`.
        world: name of the world in tables and curves.
        pairs: names of arms.
        column: of the table, what the curves have at the end.
        bounds: range of differences.
    """
    rows = fields["tables"][f"{world}: arms"]
    ends = {name: np.asarray(row[column]) for name, row in rows.items()}
    whole = {name: np.mean(fields["curves"][f"{world}: {name}"]["values"], axis=1) for name in rows}
    pairs = [pair for pair in pairs if set(pair) <= set(rows)]

    def differences(values: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return {
            f"{name} less {other}": interval((values[name] - values[other]).round(DIGITS), bounds)
            for name, other in pairs
        }

    last, mean = differences(ends), differences(whole)
    means = ", ".join(
        f"{name} {ends[name].mean():.2f} and {whole[name].mean():.2f}" for name in rows
    )
    gains = ", ".join(f"{name} {told(last[name])} and {told(mean[name])}" for name in mean)
    return Comparison(last, mean, f"{means}. Differences seed by seed: {gains or 'none'}")


def verdict(found: Sequence[bool]) -> bool | None:
    """Return whether a claim holds: True if all is so, False if none is, None in between.

    Where nothing was compared, it is None.
    """
    if found and all(found):
        return True
    return None if any(found) or not found else False
