"""Every world under an id of Gymnasium, alone and N at a time."""

from typing import Any

import gymnasium

from hierax.worlds.gymnasium.environment import HieraxEnv
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.vector_environment import HieraxVectorEnv
from hierax.worlds.host import FunctionalHostWorld, stepped_from_host
from hierax.worlds.registry import make, world_names

NAMESPACE = "hierax"

_INSTEAD = {
    "name": "the id of the environment says which world it is",
    "world": "the id of the environment says which world it is",
    "max_episode_steps": "give episode_limit, the steps after which an episode is cut off",
}


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
                # No option of any world is called so: what a person gives cannot replace it.
                kwargs={"registered_name": name},
            )


def make_environment(
    registered_name: str, render_mode: str | None = None, **options: Any
) -> HieraxEnv | HostEnv:
    """The environment of the world of that name, with ``options`` as in `make`.

    Raises:
        ValueError: as `make`, and for a ``render_mode`` that the environment has not.
    """
    made = _made(registered_name, options)
    if stepped_from_host(made):
        return HostEnv(made, render_mode)
    if render_mode is not None:
        raise ValueError(f"render_mode is {render_mode!r}, but must be None in {registered_name}")
    return HieraxEnv(made)


def make_vector_environment(
    registered_name: str,
    num_envs: int,
    render_mode: str | None = None,
    threads: int | None = None,
    **options: Any,
) -> HieraxVectorEnv:
    """``num_envs`` environments of the world of that name, with ``options`` as in `make`.

    Args:
        registered_name: of the world.
        num_envs: how many.
        render_mode: see `HieraxVectorEnv`.
        threads: that step them, in a world that is stepped from the host; None leaves it to the
            world.
        **options: fields of the world.

    Raises:
        ValueError: as `make` and `HieraxVectorEnv`, and for threads where there can be none.
    """
    made = _made(registered_name, options)
    if stepped_from_host(made):
        return HieraxVectorEnv(made, num_envs, render_mode, threads=threads)
    if threads is not None:
        raise ValueError(
            f"threads is {threads!r}, but must be None in {registered_name}, which is compiled"
        )
    return HieraxVectorEnv(FunctionalHostWorld(made), num_envs, render_mode)


def _made(name: str, options: dict[str, Any]) -> Any:
    """The world, where none of the options is what Gymnasium calls otherwise."""
    for option, instead in _INSTEAD.items():
        if option in options:
            raise ValueError(f"{name} has no option {option!r}: {instead}")
    return make(name, **options)
