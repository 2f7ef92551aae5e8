"""Registration of every world with Gymnasium, as an environment and as a vector environment."""

from typing import Any

import gymnasium

from hierax.registry import MUJOCO, PLANNING, WORLDS
from hierax.registry.mujoco import MUJOCO_LIMITS
from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.gymnasium.environment import HieraxEnv
from hierax.worlds.gymnasium.goal_environments import (
    HieraxGoalEnv,
    HieraxGoalVectorEnv,
    HostGoalEnv,
)
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.vector_environment import HieraxVectorEnv
from hierax.worlds.host import FunctionalHostWorld, stepped_from_host
from hierax.worlds.registry import make, world_names

NAMESPACE = "hierax"

_INSTEAD = {
    "name": "the id of the environment selects the world",
    "world": "the id of the environment selects the world",
    "episode_limit": "use max_episode_steps, the steps after which an episode is truncated",
}


def register() -> None:
    """Register each of `hierax.worlds.world_names` with Gymnasium as ``hierax/NAME``.

    Ids that are already registered do not change.
    """
    for name in world_names():
        identifier = f"{NAMESPACE}/{name}"
        if identifier not in gymnasium.registry:
            gymnasium.register(
                identifier,
                entry_point=f"{__name__}:make_environment",
                vector_entry_point=f"{__name__}:make_vector_environment",
                max_episode_steps=_limit(name),
                # No option of a world has this name, so no option can replace it.
                kwargs={"registered_name": name},
            )


def make_environment(
    registered_name: str,
    render_mode: str | None = None,
    goal_observations: bool = False,
    **options: Any,
) -> HieraxEnv | HostEnv:
    """Make the environment of a world.

    Args:
        registered_name: name of the world.
        render_mode: see `HostEnv` and `HieraxEnv`.
        goal_observations: whether observations are those of `HieraxGoalEnv`.
        **options: fields of the world.

    Raises:
        ValueError: as `hierax.worlds.make`, if the render mode is not available, and for
            ``goal_observations`` of a world without a goal.
    """
    made: Any = _made(registered_name, options)
    if stepped_from_host(made):
        return (HostGoalEnv if goal_observations else HostEnv)(made, render_mode, truncates=False)
    return (HieraxGoalEnv if goal_observations else HieraxEnv)(made, render_mode, truncates=False)


def make_vector_environment(
    registered_name: str,
    num_envs: int,
    render_mode: str | None = None,
    threads: int | None = None,
    max_episode_steps: int | None = None,
    goal_observations: bool = False,
    **options: Any,
) -> HieraxVectorEnv:
    """Make the vector environment of a world.

    Args:
        registered_name: name of the world.
        num_envs: number of environments.
        render_mode: see `HieraxVectorEnv`.
        threads: number of threads that step a host world; None uses the default of the world.
        max_episode_steps: steps after which an episode is truncated; None uses the limit of the
            world.
        goal_observations: whether observations are those of `HieraxGoalVectorEnv`.
        **options: fields of the world.

    Raises:
        ValueError: as `hierax.worlds.make` and `HieraxVectorEnv`, for threads of a functional
            world, and for ``goal_observations`` of a world without a goal.
    """
    made: Any = _made(registered_name, options, max_episode_steps)
    kind = HieraxGoalVectorEnv if goal_observations else HieraxVectorEnv
    if stepped_from_host(made):
        return kind(made, num_envs, render_mode, threads=threads)
    if threads is not None:
        raise ValueError(
            f"threads of {registered_name} must be None, because it is a functional world, "
            f"got {threads!r}"
        )
    return kind(FunctionalHostWorld(made), num_envs, render_mode)


def _limit(name: str) -> int | None:
    """Return the limit of the episodes of a world; None if its class does not tell."""
    entry = WORLDS[name]
    if entry.group == PLANNING:
        return ActingWorld.episode_limit
    if entry.group == MUJOCO:  # MuJoCo is not imported to register its worlds
        return MUJOCO_LIMITS[entry.target]
    limit = {"episode_limit": getattr(entry.load(), "episode_limit", None), **entry.fields}
    return limit["episode_limit"] if isinstance(limit["episode_limit"], int) else None


def _made(name: str, options: dict[str, Any], limit: int | None = None) -> Any:
    """Make the world; raise ValueError for options that Gymnasium names otherwise."""
    for option, instead in _INSTEAD.items():
        if option in options:
            raise ValueError(f"{name} has no option {option!r}: {instead}")
    return make(name, **options, **({} if limit is None else {"episode_limit": limit}))
