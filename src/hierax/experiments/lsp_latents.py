"""`lsp-latents`: what is the latent of a trained lower level, that a level above acts by?

The lower levels for both crosses learn to be fast on an open plane, and are frozen. Then latents h
are given to them, from rest: held for a whole episode, or drawn from N(0, I) at each step, which is
what a level above does before it has learned. The same latents go through a level that has learned
nothing, the identity, where they are the raw actions tanh(h).
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from hierax.agents import LatentSpacePolicy, Level, TrainState
from hierax.experiments.cross_study import SETTINGS
from hierax.experiments.learning_runs import learn
from hierax.experiments.result import Result
from hierax.statistics import iqm_curve, over_rows
from hierax.training.config import describe_agent, describe_world
from hierax.training.curriculum import CURRICULA
from hierax.worlds import FunctionalBatch, World, make
from hierax.worlds.functional_batch import BatchState
from hierax.worlds.point import TIME_STEP

CROSSES = ("PointCross-v0", "SpinCross-v0")
"""Worlds whose lower level it is about."""
STEPS = 100
"""Of an episode, in which nothing on the open plane ends."""
RADII, DIRECTIONS = (0.5, 1.0, 2.0), 16
"""The fan: latents in so many directions on each of these circles."""
EVERY = 2
"""Steps between the places on the way that are kept."""
SECTORS = 16
TITLE = "A latent is held on each path, which has the colour of its direction."
TRAINED, UNTRAINED = "trained", "untrained"
HELD, ANEW = "held", "new at each step"


class Budget(NamedTuple):
    """What a scale allows.

    Attributes:
        steps: environment steps that a level learns for.
        episodes: from which is measured how far latents lead.
        starts: states at rest from which each latent of the fan is tried.
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
    """Where latents led: positions at the times 0 .. STEPS.

    Attributes:
        fan: ``(T, N, starts, 2)``, each latent of `fan_latents` held, from the same starts.
        drawn: ``(T, episodes, 2)`` of latents that are held, and of those that are not.
    """

    fan: np.ndarray
    drawn: dict[str, np.ndarray]


def run(scale: str, seeds: int) -> Result:
    """Train both lower levels with every seed, and give latents to them."""
    budget = BUDGETS[scale]
    curves: dict[str, Any] = {}
    levels: dict[str, Any] = {}
    starts: dict[str, Any] = {}
    worlds: dict[str, Any] = {}
    for level in (CURRICULA[cross][0] for cross in CROSSES):
        world: Any = make(str(level.world))
        name = world.spec.name
        agent = LatentSpacePolicy(world.spec, levels=(level,), **SETTINGS)
        paths = {
            which: [_paths(agent, state, world, budget, seed) for seed, state in enumerate(states)]
            for which, states in _states(agent, world, budget, seeds).items()
        }
        curves[f"fans, {name}"] = {which: _fan(each[0]) for which, each in paths.items()}
        curves[f"distances, {name}"] = dict(_distances(paths))
        levels |= {f"{name}, {row}": told for row, told in _rows(paths)}
        starts |= {f"{name}, {which}": _row_of_fans(each) for which, each in paths.items()}
        worlds[name] = {"agent": describe_agent(agent), "world": describe_world(world)}
    return Result(
        settings={
            **budget._asdict(),
            "steps_of_an_episode": STEPS,
            "worlds": worlds,
            "interval": "95 % percentile bootstrap over seeds: of the mean in tables, of the "
            "interquartile mean in curves",
        },
        claims=[],
        curves=curves,
        tables={"levels": levels, "starts": starts},
        seeds=range(seeds),
    )


def draw(result: Result, path: Path) -> None:
    """Where held latents lead, and how far one comes."""
    from hierax.plotting.latents import draw_fans

    distances = {name: result.curves[f"distances, {name}"] for name in result.settings["worlds"]}
    draw_fans(_fans(result), distances, TITLE).savefig(path)


def animate(result: Result, path: Path) -> None:
    """Where held latents lead, step by step."""
    from hierax.plotting.film import write_gif
    from hierax.plotting.latents import film_fans

    frames = film_fans(_fans(result), TITLE)
    write_gif(path, frames, frames_per_second=12, rest=2.0, shades=6)


def fan_latents() -> Float[np.ndarray, "N 2"]:
    """The latents of the fan, circle by circle."""
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
    """Positions of N points, before the first step and after each.

    Args:
        agent: whose top level emits the latents.
        state: what the levels below it learned.
        world: where they act.
        start: where they begin.
        latents: what the top level emits at each step.
    """
    moved = _rollout(agent, state, world, start, latents)
    return np.asarray(jnp.concatenate([start.states.position[None], moved]), np.float64)


@partial(jax.jit, static_argnums=(0, 2))
def _rollout(agent: Any, state: Any, world: Any, start: Any, latents: jax.Array) -> jax.Array:
    batch = FunctionalBatch(world, latents.shape[1])

    def step(at: BatchState, latent: jax.Array) -> tuple[BatchState, jax.Array]:
        action = agent.executed(state, at.timestep.observation, latent)
        at = batch.step(at, action, jax.random.key(0))  # a step on the plane draws no number
        return at, at.states.position

    return jax.lax.scan(step, start, latents)[1]


def measure(paths: Float[np.ndarray, "T N 2"]) -> dict[str, float]:
    """How far N points came, how fast they were, how straight they ran, and into what directions.

    ``directions`` is exp(entropy) of the sector that a point ends in, seen from its start: of
    `SECTORS` sectors, how many are used.
    """
    way = np.linalg.norm(np.diff(paths, axis=0), axis=-1).sum(axis=0)
    ends = paths[-1] - paths[0]
    distance = np.linalg.norm(ends, axis=-1)
    turns = np.arctan2(ends[:, 1], ends[:, 0]) / (2.0 * np.pi) % 1.0
    share = np.bincount((SECTORS * turns).astype(int)) / len(ends)
    used = share[share > 0.0]
    return {
        "distance": float(distance.mean()),
        "speed": float(way.mean() / (TIME_STEP * (len(paths) - 1))),
        "straightness": float((distance / way).mean()),
        "directions": float(np.exp(-(used * np.log(used)).sum())),
    }


def agreement(fan: Float[np.ndarray, "T N starts 2"]) -> float:
    """Whether a latent that is held leads the same way from every start: 1 where each does.

    The length of the mean over starts of the direction, a unit vector, averaged over N latents.
    Where starts alone decide it is about 0.9 / sqrt(starts).
    """
    ends = fan[-1] - fan[0]
    directions = ends / np.linalg.norm(ends, axis=-1, keepdims=True)
    return float(np.linalg.norm(directions.mean(axis=1), axis=-1).mean())


def _states(
    agent: LatentSpacePolicy, world: World, budget: Budget, seeds: int
) -> dict[str, list[TrainState]]:
    """With each seed, the level that learned and the one that did not."""
    learned = learn(
        agent, world, budget.steps, seeds, evaluate_every=budget.steps, episodes=8,
        metrics=("sampled/return",),
    ).states  # fmt: skip
    identity = agent.acting_state(jax.random.key(0))  # whatever the key: it begins as that
    return {TRAINED: learned, UNTRAINED: [identity] * seeds}


def _paths(
    agent: LatentSpacePolicy, state: TrainState, world: World, budget: Budget, seed: int
) -> Paths:
    above, frozen = agent.add_level(state, Level())
    fan_key, drawn_key, latent_key = jax.random.split(jax.random.key(seed), 3)
    fan = jnp.asarray(fan_latents(), jnp.float32)
    starts = FunctionalBatch(world, budget.starts).reset(fan_key)
    starts = jax.tree.map(lambda leaf: jnp.concatenate([leaf] * len(fan)), starts)
    begun = FunctionalBatch(world, budget.episodes).reset(drawn_key)
    drawn = jax.random.normal(latent_key, (STEPS, budget.episodes, fan.shape[-1]))

    def lead(start: BatchState, latents: jax.Array) -> np.ndarray:
        latents = jnp.broadcast_to(latents, (STEPS, *latents.shape[-2:]))
        return rollout(above, frozen, world, start, latents)

    led = lead(starts, jnp.repeat(fan, budget.starts, axis=0))
    return Paths(
        fan=led.reshape(len(led), len(fan), budget.starts, -1),
        drawn={HELD: lead(begun, drawn[0]), ANEW: lead(begun, drawn)},
    )


def _fan(paths: Paths) -> dict[str, np.ndarray]:
    """What is drawn of a fan, from the first start, in hundredths of a unit of length."""
    return {
        "steps": np.arange(0, STEPS + 1, EVERY),
        "latents": fan_latents(),
        "positions": np.round(paths.fan[::EVERY, :, 0], 2),
    }


def _distances(paths: dict[str, list[Paths]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Mean distance from the start by steps, of each level and way to draw latents."""
    for which, of_seeds in paths.items():
        for way in (HELD, ANEW):
            found = np.stack([each.drawn[way][::EVERY] for each in of_seeds])
            distance = np.linalg.norm(found - found[:, :1], axis=-1).mean(axis=-1)
            yield (
                f"{which}, {way}",
                {
                    "steps": np.arange(0, STEPS + 1, EVERY),
                    "seeds": list(range(len(of_seeds))),
                    **iqm_curve(distance),
                },
            )


def _rows(paths: dict[str, list[Paths]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for which, of_seeds in paths.items():
        for way in (HELD, ANEW):
            found = [measure(each.drawn[way]) for each in of_seeds]
            yield f"{which}, {way}", over_rows(found)


def _row_of_fans(of_seeds: list[Paths]) -> dict[str, Any]:
    return over_rows([{"agreement": agreement(each.fan)} for each in of_seeds])


def _fans(result: Result) -> dict[str, Any]:
    """The fan of each level in each world, of the first seed."""
    return {name: result.curves[f"fans, {name}"] for name in result.settings["worlds"]}
