"""Observations and actions of a world in the units of its Gymnasium environment."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from hierax.spec import View, WorldSpec
from hierax.worlds.gymnasium.gymnasium_world import GymnasiumWorld
from hierax.worlds.gymnasium.spaces import (
    ActionWriter,
    ViewReader,
    action_space,
    action_writer,
    observation_space,
    view_readers,
)


class Interface:
    """A converter between an environment's observations and actions and those of an agent.

    Args:
        space: observation space of the environment.
        readers: readers of the views.
        writer: writer of the actions.
    """

    def __init__(
        self, space: spaces.Space[Any], readers: tuple[ViewReader, ...], writer: ActionWriter
    ):
        self._space, self._readers, self._writer = space, readers, writer

    @classmethod
    def of(cls, world: Any) -> "Interface":
        """Return the interface of a world: that of its Gymnasium environment."""
        while not isinstance(world, GymnasiumWorld) and hasattr(world, "world"):
            world = world.world
        if isinstance(world, GymnasiumWorld):
            space, actions = world.spaces
            return cls(space, view_readers(space), action_writer(actions))
        space = observation_space(world.spec)
        return cls(space, _plain_readers(world.spec), action_writer(action_space(world.spec)))

    def read(self, observation: Any) -> tuple[dict[str, np.ndarray], bool]:
        """Return views ``(N, ...)``, and whether the observation is that of one environment.

        Args:
            observation: of one environment or of N: a dictionary or an array, as the observation
                space says, or flat arrays, as of `gymnasium.wrappers.FlattenObservation`.

        Raises:
            ValueError: if the observation does not fit the space.
        """
        each, is_single = self._separate(observation)
        return {view.name: read(each) for view, read in self._readers}, is_single

    def write(self, action: np.ndarray) -> np.ndarray:
        """Return N actions of the agent in the units of the environment."""
        return self._writer.write(action)

    def _separate(self, observation: Any) -> tuple[list[Any], bool]:
        """Return the observation of each environment, and whether it is only one."""
        space = self._space
        if not isinstance(space, spaces.Dict):
            is_single = _is_single("observation", space.shape or (), observation)
            return ([observation] if is_single else list(observation)), is_single
        if not isinstance(observation, Mapping):
            flat = np.asarray(observation)
            is_single = _is_single("flat observation", (spaces.flatdim(space),), flat)
            rows = flat[None] if is_single else flat
            return [spaces.unflatten(space, row) for row in rows], is_single
        if set(observation) != set(space):
            raise ValueError(
                f"observation must have the views {', '.join(space)}, got {', '.join(observation)}"
            )
        single = {
            name: _is_single(f"view {name!r}", part.shape or (), observation[name])
            for name, part in space.items()
        }
        if all(single.values()):
            return [observation], True
        if any(single.values()):
            raise ValueError("all views must be of one environment or all of N, got both")
        count = len(observation[next(iter(space))])
        return [{name: observation[name][n] for name in space} for n in range(count)], False


def _is_single(name: str, shape: tuple[int, ...], value: Any) -> bool:
    given = np.shape(value)
    if given != shape and given[1:] != shape:
        many = ", ".join(["N", *map(str, shape)])
        raise ValueError(f"{name} must have shape {shape} or ({many}), got {given}")
    return given == shape


def _plain_readers(spec: WorldSpec) -> tuple[ViewReader, ...]:
    """Return a reader of each view that keeps integers."""

    def reader(view: View) -> ViewReader:
        return ViewReader(
            view, lambda each: np.array([one[view.name] for one in each], dtype=view.dtype)
        )

    return tuple(map(reader, spec.views))
