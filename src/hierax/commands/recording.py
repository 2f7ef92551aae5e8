"""Episodes of an agent as the frames of a film."""

import dataclasses
import os
import warnings
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from hierax.commands.errors import UsageError, one_line
from hierax.plotting import draw_frames
from hierax.training import Player
from hierax.worlds import FunctionalBatch
from hierax.worlds.scene import Scene, position_of, scene_of

MOST_FRAMES = 250
"""Frames of an episode; of a longer one some steps are not shown."""


@dataclasses.dataclass(frozen=True, eq=False)
class Episode:
    """One episode from above.

    Attributes:
        scene: the world.
        path: ``(T, 2)`` x and y, from the beginning on.
        returns: ``(T,)`` sums of rewards so far.
    """

    scene: Scene
    path: Float[np.ndarray, "T 2"]
    returns: Float[np.ndarray, "T"]

    @property
    def straightness(self) -> float:
        """How far it is from the beginning to the end, as a share of the way that was taken."""
        way = np.linalg.norm(np.diff(self.path, axis=0), axis=1).sum()
        return float(np.linalg.norm(self.path[-1] - self.path[0]) / max(way, 1e-9))

    def frames(self, title: str) -> Iterator[np.ndarray]:
        """Frames with a title, the step and the return above each."""
        shown = _shown(len(self.path))
        titles = [f"{title}   step {step}   return {self.returns[step]:.4g}" for step in shown]
        yield from draw_frames(self.scene, self.path[shown], titles)


def play(player: Player, seed: int, *, explore: bool) -> Episode:
    """Plays one episode in a functional world.

    Raises:
        ValueError: where the world has no picture.
    """
    world: Any = player.world
    batch = FunctionalBatch(world, 1)

    @jax.jit
    def step(worlds: Any, carry: Any, key: jax.Array) -> tuple[Any, Any, jax.Array]:
        key, act_key, world_key = jax.random.split(key, 3)
        observation = worlds.timestep.observation
        carry, action, _ = player.agent.act(
            player.state, carry, observation, act_key, explore=explore
        )
        return batch.step(worlds, action, world_key), carry, key

    reset_key, key = jax.random.split(jax.random.key(seed))
    worlds, carry = jax.jit(batch.reset)(reset_key), player.agent.initial_carry(1)
    scene = scene_of(world, jax.tree.map(lambda leaf: leaf[0], worlds.states))
    seen = [worlds]
    while not seen[-1].timestep.ended[0]:
        worlds, carry, key = step(worlds, carry, key)
        seen.append(worlds)
    states, returns = jax.tree.map(
        lambda *leaves: np.concatenate(leaves),
        *[(at.states, at.timestep.episode_return) for at in seen],
    )
    return Episode(scene, np.asarray(position_of(world, states), np.float64), returns)


def film(player: Player, seed: int, *, explore: bool) -> Iterator[np.ndarray]:
    """Plays one episode in a world that is stepped from the host and draws itself.

    Raises:
        UsageError: where it cannot.
    """
    world: Any = player.world
    batch = _drawing_batch(world)
    act = jax.jit(player.agent.act, static_argnames="explore")
    timestep, carry, key = batch.reset(seed), player.agent.initial_carry(1), jax.random.key(seed)
    shown = set(_shown(world.spec.episode_limit + 1).tolist())
    step = 0
    while True:
        if step in shown:
            yield _picture(batch, world.spec.name)
        if timestep.ended[0]:
            break
        key, act_key = jax.random.split(key)
        carry, action, _ = act(player.state, carry, timestep.observation, act_key, explore=explore)
        timestep, step = batch.step(np.asarray(action)), step + 1
    batch.close()


def is_functional(world: Any) -> bool:
    """Whether a world is one of pure functions, rather than stepped from the host."""
    return not hasattr(world, "batch")


def _drawing_batch(world: Any) -> Any:
    """A single environment of a world, made so that it draws itself."""
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
    """The Gymnasium environment of a world, made so that it draws itself."""
    import gymnasium

    if not any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        os.environ.setdefault("MUJOCO_GL", "egl")  # draws without a window
    options = {**dict(world.options), "max_episode_steps": world.episode_limit}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*render_mode")  # an error says it below
            environment = gymnasium.make(
                world.environment, render_mode="rgb_array", disable_env_checker=True, **options
            )
    except Exception as error:  # whatever the libraries beneath it raise
        raise _no_picture(world.environment, error) from None
    if "rgb_array" not in environment.metadata.get("render_modes", ()):
        raise UsageError(f"{world.environment} draws no pictures: it has no render mode rgb_array")
    return environment


def _picture(batch: Any, name: str) -> np.ndarray:
    try:
        return batch.picture()
    except Exception as error:  # whatever the libraries beneath it raise
        raise _no_picture(name, error) from None


def _no_picture(name: str, error: Exception) -> UsageError:
    return UsageError(f"{name} cannot be drawn here: {one_line(error)}")


def _shown(length: int) -> np.ndarray:
    """Which of so many steps have a frame: at equal distances, and the last."""
    stride = -(-length // MOST_FRAMES)
    return np.unique([*range(0, length, stride), length - 1])
