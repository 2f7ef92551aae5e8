"""Exact planning in tabular worlds: models, evaluation, Bellman solvers, HIMO, options.

Concrete arrays are computed on the host in float64, whatever the JAX setting. Under ``jit``,
``grad`` or ``vmap`` the same functions run in JAX, with 64-bit types on.
"""

from hierax.planning.average_reward import (
    AverageReward,
    AverageRewardSolution,
    evaluate_average_reward,
    solve_average_reward,
)
from hierax.planning.bellman import BellmanSolution, SolveInterrupted, solve_bellman
from hierax.planning.constrained import ConstrainedSolution, solve_constrained
from hierax.planning.evaluation import (
    PolicyChain,
    action_values,
    evaluate_policy,
    occupancy,
    successor_representation,
)
from hierax.planning.finite_horizon import FiniteHorizonSolution, solve_finite_horizon
from hierax.planning.mdp import TabularMDP
from hierax.planning.operators import Boltzmann, HardMax, LogSumExp, Mellowmax
from hierax.planning.options import (
    GoalOptionModels,
    MultistepModel,
    Option,
    OptionModel,
    PlanningCurve,
    concatenate,
    condition_on_goals,
    execution_occupancy,
    greedy_return,
    multistep_model,
    option_model,
    planning_curve,
    primitive_model,
)
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
    "AverageReward",
    "AverageRewardSolution",
    "BellmanSolution",
    "Boltzmann",
    "ConstrainedSolution",
    "FiniteHorizonSolution",
    "GoalOptionModels",
    "HardMax",
    "HimoTrajectory",
    "LogSumExp",
    "Mellowmax",
    "MultistepModel",
    "Option",
    "OptionModel",
    "PlanningCurve",
    "PolicyChain",
    "SimplexError",
    "SolveInterrupted",
    "TabularMDP",
    "action_values",
    "concatenate",
    "condition_on_goals",
    "counter_correlations",
    "evaluate_average_reward",
    "evaluate_policy",
    "execution_occupancy",
    "greedy_return",
    "himo",
    "multistep_model",
    "natural_path_gradient",
    "occupancy",
    "occupancy_gradient",
    "option_model",
    "path_fisher_information",
    "planning_curve",
    "primitive_model",
    "solve_average_reward",
    "solve_bellman",
    "solve_constrained",
    "solve_finite_horizon",
    "successor_representation",
]
