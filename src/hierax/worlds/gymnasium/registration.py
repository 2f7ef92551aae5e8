"""Every world under an id of Gymnasium, alone and N at a time."""

from typing import Any

import gymnasium

from hierax.worlds.gymnasium.environment import HieraxEnv
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.vector_environment import HieraxVectorEnv
from hierax.worlds.host import FunctionalHostWorld
from hierax.worlds.registry import make, world_names

NAMESPACE = "hierax"


def register() -> None:
    """Registers each of `hierax.worlds.world_names` with Gymnasium as ``hierax/NAME``.

    What is registered already is left as it is.
    """
    for name in world_names():
        identifier = f"{NAMESPACE}/{name}"
        if identifier not in gymnasium.registry:
            gymnasium.register(
                identifier,
                entry_point=f"{__name__}:make_environment",
                vector_entry_point=f"{__name__}:make_vector_environment",
                kwargs={"world": name},
            )


def make_environment(
    world: str, render_mode: str | None = None, **options: Any
) -> HieraxEnv | HostEnv:
    """The environment of the world called ``world``, with ``options`` as in `make`.

    Raises:
        ValueError: as `make`, and for a ``render_mode`` that the environment has not.
    """
    made: Any = make(world, **options)
    if hasattr(made, "batch"):
        return HostEnv(made, render_mode)
    if render_mode is not None:
        raise ValueError(f"render_mode is {render_mode!r}, but must be None in {world}")
    return HieraxEnv(made)


def make_vector_environment(world: str, num_envs: int, **options: Any) -> HieraxVectorEnv:
    """``num_envs`` environments of the world called ``world``, with ``options`` as in `make`."""
    made: Any = make(world, **options)
    host = made if hasattr(made, "batch") else FunctionalHostWorld(made)
    return HieraxVectorEnv(host, num_envs)
