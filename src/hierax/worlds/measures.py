"""Measures of an episode beside return and success, such as success within another radius.

A world may have a method ``measures(timestep)``, which returns arrays ``(N,)`` by name from the
timestep of N environments. Evaluations report their means at the last steps of episodes.
"""

from typing import Any

from hierax.worlds.host import FunctionalHostWorld
from hierax.worlds.shared import SharedWorld
from hierax.worlds.world import Timestep


def measures(world: Any, timestep: Timestep) -> dict[str, Any]:
    """Return the measures of N environments of a world; empty if it has none."""
    while isinstance(world, FunctionalHostWorld | SharedWorld):
        world = world.world
    return dict(world.measures(timestep)) if hasattr(world, "measures") else {}


def within(timestep: Timestep, radius: float) -> dict[str, Any]:
    """Return the measure of success within ``radius``, where the reward is minus the distance."""
    return {f"success_within_{radius:g}": timestep.reward > -radius}
