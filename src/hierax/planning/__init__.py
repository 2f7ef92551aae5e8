"""Exact planning in tabular worlds: models, evaluation, Bellman solvers, HIMO.

Concrete arrays are computed with on the host in float64, whatever the JAX setting; under ``jit``,
``grad`` or ``vmap`` the same functions run in JAX (with 64-bit types on).
"""

from hierax.planning.bellman import BellmanSolution, solve_bellman
from hierax.planning.evaluation import (
    PolicyChain,
    action_values,
    evaluate_policy,
    occupancy,
    successor_representation,
)
from hierax.planning.mdp import TabularMDP
from hierax.planning.operators import Boltzmann, HardMax, LogSumExp, Mellowmax
from hierax.planning.path_gradient import (
    HimoTrajectory,
    SimplexError,
    counter_correlations,
    himo,
    natural_path_gradient,
    occupancy_gradient,
    path_fisher_information,
)

__all__ = [
    "BellmanSolution",
    "Boltzmann",
    "HardMax",
    "HimoTrajectory",
    "LogSumExp",
    "Mellowmax",
    "PolicyChain",
    "SimplexError",
    "TabularMDP",
    "action_values",
    "counter_correlations",
    "evaluate_policy",
    "himo",
    "natural_path_gradient",
    "occupancy",
    "occupancy_gradient",
    "path_fisher_information",
    "solve_bellman",
    "successor_representation",
]
