"""`lsp-latents`: the effect of latents that are given to a trained lower level.

The lower levels of both crosses are trained for speed on an open plane and frozen. From rest they
receive latents h that are held for a whole episode, or drawn from N(0, I) at each step as an
untrained upper level does. For comparison an untrained level, the identity, receives the same
latents; its actions are tanh(h).
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from hierax.agents import LatentSpacePolicy, Level, TrainState
from hierax.experiments.cross_study import SKILLS, skill
from hierax.experiments.learning_runs import OVER_SEEDS, learn
from hierax.experiments.ranges import range_of
from hierax.experiments.result import Result
from hierax.statistics import iqm_interval, over_rows
from hierax.training.config import describe_agent, describe_world
from hierax.worlds import FunctionalBatch, World
from hierax.worlds.functional_batch import BatchState
from hierax.worlds.point import TIME_STEP

STEPS = 100
"""Steps of an episode; episodes on the open plane do not terminate."""
RADII, DIRECTIONS = (0.5, 1.0, 2.0), 16
"""The fan: latents in `DIRECTIONS` directions on circles of these radii."""
EVERY = 2
"""Steps between the recorded positions."""
SECTORS = 16
TITLE = "One latent is held along each path; colours show its direction."
TRAINED, UNTRAINED = "trained", "untrained"
HELD, ANEW = "held", "new at each step"


class Budget(NamedTuple):
    """Sizes of a scale.

    Attributes:
        steps: environment steps of the training of a level.
        episodes: episodes with random latents.
        starts: initial states, at rest, for each latent of the fan.
    """

    steps: int
    episodes: int
    starts: int


BUDGETS = {
    "smoke": Budget(3_200, 64, 4),
    "laptop": Budget(24_000, 1_024, 64),
    "paper": Budget(24_000, 16_384, 256),
}


class Paths(NamedTuple):
    """Positions at the times 0 .. STEPS.

    Attributes:
        fan: ``(T, N, starts, 2)`` with each latent of `fan_latents` held, from the same starts.
        drawn: ``(T, episodes, 2)`` with random latents, held or new at each step.
    """

    fan: np.ndarray
    drawn: dict[str, np.ndarray]


def run(scale: str, seeds: int) -> Result:
    """Train both lower levels with every seed, and roll out latents through them."""
    budget = BUDGETS[scale]
    curves: dict[str, Any] = {}
    levels: dict[str, Any] = {}
    starts: dict[str, Any] = {}
    worlds: dict[str, Any] = {}
    for name in SKILLS:
        agent, world = skill(name).agent, cast(World, skill(name).world)
        paths = {
            which: [_paths(agent, state, world, budget, seed) for seed, state in enumerate(states)]
            for which, states in _states(agent, world, budget, seeds).items()
        }
        curves[f"fans, {name}"] = {which: _fan(each[0]) for which, each in paths.items()}
        curves[f"distances, {name}"] = dict(_distances(paths))
        levels |= {f"{name}, {row}": measured for row, measured in _rows(paths)}
        starts |= {f"{name}, {which}": _agreement_row(each) for which, each in paths.items()}
        worlds[name] = {"agent": describe_agent(agent), "world": describe_world(world)}
    return Result(
        settings={
            **budget._asdict(),
            "steps_of_an_episode": STEPS,
            "worlds": worlds,
            "interval": OVER_SEEDS,
        },
        claims=[],
        curves=curves,
        tables={"levels": levels, "starts": starts},
        seeds=range(seeds),
    )


def draw(result: Result, path: Path) -> None:
    """Draw paths with held latents, and distances from the start."""
    from hierax.plotting.latents import draw_fans

    distances = {name: result.curves[f"distances, {name}"] for name in result.settings["worlds"]}
    draw_fans(_fans(result), distances, TITLE).savefig(path)


def animate(result: Result, path: Path) -> None:
    """Write a film of the paths with held latents."""
    from hierax.plotting.film import write_gif
    from hierax.plotting.latents import film_fans

    frames = film_fans(_fans(result), TITLE)
    write_gif(path, frames, frames_per_second=12, rest=2.0, shades=6)


def fan_latents() -> Float[np.ndarray, "N 2"]:
    """Return the latents of the fan, circle by circle."""
    angles = 2.0 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([radius * circle for radius in RADII])


def rollout(
    agent: LatentSpacePolicy,
    state: TrainState,
    world: World,
    start: BatchState,
    latents: Float[jax.Array, "steps N d"],
) -> Float[np.ndarray, "T N 2"]:
    """Return positions of N points, before the first step and after each.

    Args:
        agent: an agent with at least two levels.
        state: its state, with the frozen levels.
        world: the world.
        start: initial states of the N points.
        latents: outputs of the top level at each step.
    """
    moved = _rollout(agent, state, world, start, latents)
    return np.asarray(jnp.concatenate([start.states.position[None], moved]), np.float64)


@partial(jax.jit, static_argnums=(0, 2))
def _rollout(agent: Any, state: Any, world: Any, start: Any, latents: jax.Array) -> jax.Array:
    batch = FunctionalBatch(world, latents.shape[1])

    def step(at: BatchState, latent: jax.Array) -> tuple[BatchState, jax.Array]:
        action = jnp.tanh(agent.bottom_output(state, at.timestep.observation, latent))
        at = batch.step(at, action, jax.random.key(0))  # the world is deterministic
        return at, at.states.position

    return jax.lax.scan(step, start, latents)[1]


def measure(paths: Float[np.ndarray, "T N 2"]) -> dict[str, float]:
    """Return distance, speed, straightness and number of directions of N paths.

    ``directions`` is exp(entropy) of the sector of the final position as seen from the start, the
    effective number of the `SECTORS` sectors.
    """
    length = np.linalg.norm(np.diff(paths, axis=0), axis=-1).sum(axis=0)
    ends = paths[-1] - paths[0]
    distance = np.linalg.norm(ends, axis=-1)
    turns = np.arctan2(ends[:, 1], ends[:, 0]) / (2.0 * np.pi) % 1.0
    share = np.bincount((SECTORS * turns).astype(int)) / len(ends)
    used = share[share > 0.0]
    return {
        "distance": float(distance.mean()),
        "speed": float(length.mean() / (TIME_STEP * (len(paths) - 1))),
        "straightness": float((distance / length).mean()),
        "directions": float(np.exp(-(used * np.log(used)).sum())),
    }


def agreement(fan: Float[np.ndarray, "T N starts 2"]) -> float:
    """Return how far the direction of a path depends on the held latent alone, in [0, 1].

    It is the length of the mean direction over starts, averaged over N latents. It is 1 if every
    start gives the same direction, and about 0.9 / sqrt(starts) if the start alone decides.
    """
    ends = fan[-1] - fan[0]
    directions = ends / np.linalg.norm(ends, axis=-1, keepdims=True)
    return float(np.linalg.norm(directions.mean(axis=1), axis=-1).mean())


def _states(
    agent: LatentSpacePolicy, world: World, budget: Budget, seeds: int
) -> dict[str, list[TrainState]]:
    """Return the states of the trained and of the untrained level, one for each seed."""
    trained = learn(
        agent, world, budget.steps, seeds, evaluate_every=budget.steps, episodes=8,
        metrics=("sampled/return",),
    ).states  # fmt: skip
    identity = agent.acting_state(jax.random.key(0))  # the identity for every key
    return {TRAINED: trained, UNTRAINED: [identity] * seeds}


def _paths(
    agent: LatentSpacePolicy, state: TrainState, world: World, budget: Budget, seed: int
) -> Paths:
    above, frozen = agent.add_level(state, Level())
    fan_key, drawn_key, latent_key = jax.random.split(jax.random.key(seed), 3)
    fan = jnp.asarray(fan_latents(), jnp.float32)
    starts = FunctionalBatch(world, budget.starts).reset(fan_key)
    starts = jax.tree.map(lambda leaf: jnp.concatenate([leaf] * len(fan)), starts)
    episodes = FunctionalBatch(world, budget.episodes).reset(drawn_key)
    drawn = jax.random.normal(latent_key, (STEPS, budget.episodes, fan.shape[-1]))

    def paths(start: BatchState, latents: jax.Array) -> np.ndarray:
        latents = jnp.broadcast_to(latents, (STEPS, *latents.shape[-2:]))
        return rollout(above, frozen, world, start, latents)

    held = paths(starts, jnp.repeat(fan, budget.starts, axis=0))
    return Paths(
        fan=held.reshape(len(held), len(fan), budget.starts, -1),
        drawn={HELD: paths(episodes, drawn[0]), ANEW: paths(episodes, drawn)},
    )


def _fan(paths: Paths) -> dict[str, np.ndarray]:
    """Return the drawn part of a fan: paths from the first start, rounded to 0.01."""
    return {
        "steps": np.arange(0, STEPS + 1, EVERY),
        "latents": fan_latents(),
        "positions": np.round(paths.fan[::EVERY, :, 0], 2),
    }


def _distances(paths: dict[str, list[Paths]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the mean distance from the start by steps, for each level and kind of latents."""
    for which, of_seeds in paths.items():
        for kind in (HELD, ANEW):
            found = np.stack([each.drawn[kind][::EVERY] for each in of_seeds])
            distance = np.linalg.norm(found - found[:, :1], axis=-1).mean(axis=-1)
            yield (
                f"{which}, {kind}",
                {
                    "steps": np.arange(0, STEPS + 1, EVERY),
                    "seeds": list(range(len(of_seeds))),
                    **iqm_interval(distance),
                    "values": distance,
                },
            )


def _rows(paths: dict[str, list[Paths]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for which, of_seeds in paths.items():
        for kind in (HELD, ANEW):
            found = [measure(each.drawn[kind]) for each in of_seeds]
            yield f"{which}, {kind}", over_rows(found, range_of)


def _agreement_row(of_seeds: list[Paths]) -> dict[str, Any]:
    return over_rows([{"agreement": agreement(each.fan)} for each in of_seeds], range_of)


def _fans(result: Result) -> dict[str, Any]:
    """Return the fan of each level in each world, of the first seed."""
    return {name: result.curves[f"fans, {name}"] for name in result.settings["worlds"]}
