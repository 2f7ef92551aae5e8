"""Cost of planning with a library of options, in sweeps and in multiplications."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hierax.experiments.option_libraries import Split
from hierax.planning import Option, greedy_return, planning_curve

FRACTIONS = {"k90": 0.9, "k95": 0.95, "k99": 0.99}
ERROR = 0.01
SWEEPS = 150
FIRST = 10
"""Number of sweeps for which value and greedy return are tabulated."""
NEWTON_STEPS = 8
"""Newton steps to plan the policy of an option, for the count of multiplications."""


def measure(
    split: Split,
    draws: list[Option | None],
    goals: np.ndarray,
    optimum: np.ndarray,
    returns: bool = True,
) -> dict[str, Any]:
    """Return the cost of planning for ``goals`` with a library, averaged over its draws.

    Keys: ``k90`` to ``k99`` are sweeps to that percentage of the optimal value. ``k_error`` is the
    number of sweeps to an error of at most .01 in every state. ``v1`` … ``v10`` are relative values
    after that many sweeps. ``g1`` … ``g10`` are relative returns of greedy policies, if ``returns``
    is set. ``operations`` is choices times sweeps to 90 %; an operation backs up one choice in all
    states. ``multiplications`` counts the entries of the rows in these backups; rows of actions are
    sparse. ``model_operations`` is the one-time cost of planning the options and inverting their
    models, in operations of ``S²`` multiplications.
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
    """Return the measurements of `measure` without the curve."""
    return {name: value for name, value in row.items() if name != "curve"}
