"""What planning with a library of options takes, in sweeps and in multiplications."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hierax.experiments.option_libraries import Split
from hierax.planning import Option, greedy_return, planning_curve

FRACTIONS = {"k90": 0.9, "k95": 0.95, "k99": 0.99}
ERROR = 0.01
SWEEPS = 150
FIRST = 10
"""Sweeps after which value and greedy return are tabulated."""
NEWTON_STEPS = 8
"""Steps in which an option's own policy is planned, for the count of multiplications."""


def measure(
    split: Split,
    draws: list[Option | None],
    goals: np.ndarray,
    optimum: np.ndarray,
    returns: bool = True,
) -> dict[str, Any]:
    """What planning for ``goals`` takes with a library, averaged over its draws.

    ``k90`` to ``k99`` are sweeps to that part of the optimal value, ``k_error`` sweeps to an error
    of at most .01 everywhere, ``v1`` … ``v10`` relative values after so many sweeps, ``g1`` …
    ``g10`` relative returns of acting greedily (where ``returns`` are wanted), ``operations``
    choices times sweeps to 90 %: one operation backs up one choice in all states.
    ``multiplications`` counts the entries of the rows that are backed up, those of actions being
    sparse. ``model_operations`` is what it takes once to plan the options and invert their models,
    in operations of ``S²`` multiplications.
    """
    rows = [_measure_one(split, option, goals, optimum, returns) for option in draws]
    return {
        name: np.mean([np.nan if row[name] is None else row[name] for row in rows], axis=0)
        for name in rows[0]
    }


def _measure_one(
    split: Split, option: Option | None, goals: np.ndarray, optimum: np.ndarray, returns: bool
) -> dict[str, Any]:
    models, mdp = split.models(option, goals), split.world.mdp
    curve = planning_curve(models, optimum, SWEEPS)
    greedy = greedy_return(models, optimum, FIRST) if returns else ()
    sweeps = {name: curve.sweeps_to(part) for name, part in FRACTIONS.items()}
    count = models.options - mdp.actions
    to_90 = sweeps["k90"] or np.nan
    per_sweep = count * mdp.states**2 + np.count_nonzero(mdp.transition)
    return {
        **sweeps,
        "k_error": curve.sweeps_to_error(ERROR),
        **{f"v{k + 1}": curve.relative_value[k] for k in range(FIRST)},
        **{f"g{k + 1}": part for k, part in enumerate(greedy)},
        "operations": models.options * to_90,
        "multiplications": per_sweep * to_90,
        "model_operations": count * (2.0 + NEWTON_STEPS / 3.0) * mdp.states,
        "curve": curve.relative_value,
    }


def scalars(row: Mapping[str, Any]) -> dict[str, Any]:
    """The measurements of `measure` that are single numbers: all but the curve."""
    return {name: value for name, value in row.items() if name != "curve"}
