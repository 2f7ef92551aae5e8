"""HIMO: hierarchical model-based policy optimisation (McNamee 2019)."""

from hierax.planning.path_gradient.counters import (
    Moments,
    counter_correlations,
    path_fisher_information,
)
from hierax.planning.path_gradient.flow import SimplexError, himo
from hierax.planning.path_gradient.natural_gradient import (
    natural_path_gradient,
    occupancy_gradient,
)
from hierax.planning.path_gradient.trajectory import HimoTrajectory

__all__ = [
    "HimoTrajectory",
    "Moments",
    "SimplexError",
    "counter_correlations",
    "himo",
    "natural_path_gradient",
    "occupancy_gradient",
    "path_fisher_information",
]
