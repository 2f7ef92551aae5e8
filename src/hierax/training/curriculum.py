"""`train_levels`: all levels of a latent space policy, from the bottom to the top.

    for each level below the top     train it in its world for its steps, in RUN/levels/NUMBER
    the top                          train it in the world of the run, in RUN

Each of them is a run of its own, that begins with what the one below it learned, so the whole
resumes wherever it was left, and each level can be evaluated and watched by itself.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hierax.agents.latent_space import LatentSpacePolicy
from hierax.agents.latent_space import Level
from hierax.training.config import AnyWorld, describe_agent, describe_world, make_world
from hierax.training.run_folder import LEVELS, require_same_fields
from hierax.training.session import Trained, train


def _speed_first(world: str, *views: str) -> tuple[Level, ...]:
    """A level that learns to move fast, and above it one that learns the task."""
    return Level(views=views, world=world, steps=24_000, temperature=1.0), Level(temperature=0.01)


CURRICULA: Mapping[str, tuple[Level, ...]] = MappingProxyType(
    {
        "PointCross-v0": _speed_first("PointSpeed-v0", "velocity"),
        "SpinCross-v0": _speed_first("SpinSpeed-v0", "velocity", "phase"),
    }
)
"""Levels to begin with, by the name of the world that the top one learns in."""


def train_levels(
    agent: LatentSpacePolicy,
    world: AnyWorld,
    steps: int,
    seed: int = 0,
    *,
    seeds: int = 1,
    run: str | Path | None = None,
    **options: Any,
) -> Trained:
    """Trains the levels of an agent one after the other.

    Args:
        agent: with all its levels, made for ``world.spec``.
        world: where the top level learns, and those below that name no other world.
        steps: of the top level; `Level.steps` says how long those below it learn.
        seed: see `train`.
        seeds: see `train`.
        run: folder of the run; those of the levels below the top are in its folder ``levels``.
        **options: of `train`, for all levels.

    Returns:
        What came of the top level; its states hold all levels.

    Raises:
        ValueError: where a level below the top does not say how long it learns, or where `train`
            would raise it.
    """
    for number, level in enumerate(agent.levels[:-1]):
        if level.steps is None:
            raise ValueError(
                f"steps of level {number} is None, but must say how long it learns before it is "
                "frozen"
            )
    if run is not None:
        asked = {"agent": describe_agent(agent), "world": describe_world(world)}
        require_same_fields(Path(run), asked)
    places = [*(_place(level, world) for level in agent.levels[:-1]), world]
    start = None
    for number, (level, place) in enumerate(zip(agent.levels[:-1], places, strict=False)):
        learner = agent.up_to(number, place.spec)
        folder = None if run is None else Path(run) / LEVELS / str(number)
        trained = train(
            learner, place, level.steps or 0, seed, seeds=seeds, start=start, run=folder, **options
        )
        above = agent.levels[number + 1], places[number + 1].spec
        start = [learner.add_level(state, *above)[1] for state in trained.states]
    return train(agent, world, steps, seed, seeds=seeds, start=start, run=run, **options)


def _place(level: Level, world: AnyWorld) -> AnyWorld:
    """Where a level learns."""
    return world if level.world is None else make_world(level.world)
