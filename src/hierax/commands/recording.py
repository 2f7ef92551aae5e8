"""Episodes of an agent as frames of a film."""

import dataclasses
import os
import warnings
from collections.abc import Iterator
from itertools import chain
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from hierax.commands.errors import UsageError, one_line
from hierax.plotting import draw_frames
from hierax.precision import in_float32
from hierax.training import Player
from hierax.training.acting import Acting, Behaviour, HostBehaviour, host_steps, step
from hierax.worlds import FunctionalBatch
from hierax.worlds.scene import Scene, position_of, scene_of

MOST_FRAMES = 250
"""Largest number of frames of an episode; of longer episodes, some steps are left out."""


@dataclasses.dataclass(frozen=True, eq=False)
class Episode:
    """One episode of a world that is drawn from above.

    Attributes:
        scene: the world.
        path: ``(T, 2)`` x and y, the first position included.
        returns: ``(T,)`` sums of rewards so far.
    """

    scene: Scene
    path: Float[np.ndarray, "T 2"]
    returns: Float[np.ndarray, "T"]

    @property
    def straightness(self) -> float:
        """Distance from the first to the last position, divided by the length of the path."""
        length = np.linalg.norm(np.diff(self.path, axis=0), axis=1).sum()
        return float(np.linalg.norm(self.path[-1] - self.path[0]) / max(length, 1e-9))

    def frames(self, title: str) -> Iterator[np.ndarray]:
        """Yield frames; above each are the title, the step and the return."""
        shown = _shown(len(self.path))
        titles = [f"{title}   step {step}   return {self.returns[step]:.4g}" for step in shown]
        yield from draw_frames(self.scene, self.path[shown], titles)


@in_float32
def play(player: Player, seed: int, *, explore: bool) -> Episode:
    """Play one episode in a functional world.

    Raises:
        ValueError: if the world cannot be drawn.
    """
    world: Any = player.world
    behaviour, batch = Behaviour(player.agent, explore), FunctionalBatch(world, 1)
    following = jax.jit(lambda acting: step(behaviour, batch, player.state, acting)[0])
    reset_key, key = jax.random.split(jax.random.key(seed))
    acting = Acting(jax.jit(batch.reset)(reset_key), player.initial_carry(), key)
    scene = scene_of(world, jax.tree.map(lambda leaf: leaf[0], acting.worlds.states))
    seen = [acting.worlds]
    while not seen[-1].timestep.ended[0]:
        acting = following(acting)
        seen.append(acting.worlds)
    states, returns = jax.tree.map(
        lambda *leaves: np.concatenate(leaves),
        *[(at.states, at.timestep.episode_return) for at in seen],
    )
    return Episode(scene, np.asarray(position_of(world, states), np.float64), returns)


def pictures(player: Player, seed: int, *, explore: bool) -> Iterator[np.ndarray]:
    """Play one episode in a world that is stepped from the host, and yield its pictures.

    Raises:
        UsageError: if the world draws no pictures.
    """
    world: Any = player.world
    batch = _drawing_batch(world)
    behaviour = HostBehaviour(Behaviour(player.agent, explore), player.state)
    parameters, carry = behaviour.parameters(player.state), player.initial_carry()
    first, key = batch.reset(seed), jax.random.key_data(jax.random.key(seed))
    steps = host_steps(behaviour, batch, parameters, carry, first, key)
    shown = set(_shown(world.spec.episode_limit + 1).tolist())
    for number, timestep in enumerate(chain([first], (each.timestep for each in steps))):
        if number in shown:
            yield _picture(batch, world.spec.name)
        if timestep.ended[0]:
            break
    batch.close()


def _drawing_batch(world: Any) -> Any:
    """Return a batch of one environment that draws pictures."""
    if not hasattr(world, "environment"):
        batch = world.batch(1)
    else:
        from hierax.worlds.gymnasium import GymnasiumBatch

        environment = _rendering(world)
        batch = GymnasiumBatch(lambda: environment, 1, episode_limit=world.spec.episode_limit)
    if not hasattr(batch, "picture"):
        raise UsageError(f"{world.spec.name} draws no pictures: its batches have no method picture")
    return batch


def _rendering(world: Any) -> Any:
    """Return the Gymnasium environment of a world, with rendering."""
    from hierax.worlds.gymnasium.host_batch import make_environment

    if not any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        os.environ.setdefault("MUJOCO_GL", "egl")  # draws without a window
    if world.is_single:
        return world.environment
    options = {**dict(world.options), "render_mode": "rgb_array"}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*render_mode")  # an error says it below
            environment = make_environment(world.environment, options, world.episode_limit)
    except Exception as error:  # whatever the libraries beneath it raise
        raise _no_picture(world.spec.name, error) from None
    if "rgb_array" not in environment.metadata.get("render_modes", ()):
        raise UsageError(f"{world.spec.name} draws no pictures: it has no render mode rgb_array")
    return environment


def _picture(batch: Any, name: str) -> np.ndarray:
    try:
        return batch.picture()
    except Exception as error:  # whatever the libraries beneath it raise
        raise _no_picture(name, error) from None


def _no_picture(name: str, error: Exception) -> UsageError:
    return UsageError(f"{name} cannot be drawn here: {one_line(error)}")


def _shown(length: int) -> np.ndarray:
    """Return the steps of an episode that have a frame: every n-th step, and the last one."""
    stride = -(-length // MOST_FRAMES)
    return np.unique([*range(0, length, stride), length - 1])
