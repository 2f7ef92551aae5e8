"""`train_levels`: train all levels of a latent space policy, from the bottom to the top.

    for each level below the top     train it as its stage says, in RUN/levels/NUMBER
    the top                          train it in the world of the run, in RUN

Each of these is a run of its own. It starts with the trained levels below it. So the whole resumes
wherever it was interrupted, and each level can be evaluated and filmed by itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hierax.agents.latent_space import LatentSpacePolicy
from hierax.precision import in_float32
from hierax.registry import Stage
from hierax.training.config import AnyWorld, describe_agent, describe_world, make_world
from hierax.training.run_folder import LEVELS, is_begun, require_same_fields
from hierax.training.session import Trained
from hierax.training.trainer import train

__all__ = ["Stage", "train_levels"]

TOP_ALONE = ("evaluation_world", "on_evaluation", "on_log", "until")
"""Options of `train` for the top level alone."""


@in_float32
def train_levels(
    agent: LatentSpacePolicy,
    world: AnyWorld,
    steps: int,
    seed: int = 0,
    *,
    curriculum: Sequence[Stage] = (),
    seeds: int = 1,
    run: str | Path | None = None,
    **options: Any,
) -> Trained:
    """Train the levels of an agent one after the other.

    Args:
        agent: with all its levels, made for ``world.spec``.
        world: the world that the top level is trained in.
        steps: environment steps of the top level; those of the stages come in addition.
        seed: as in `train`.
        curriculum: one stage for each level below the top, the bottom level first.
        seeds: as in `train`.
        run: folder of the run; those of the levels below the top are in its folder ``levels``.
        **options: of `train`, for all levels; those that end a run early, and
            ``evaluation_world``, for the top level alone.

    Returns:
        The result for the top level; its states hold all levels.

    Raises:
        ValueError: if the curriculum does not have one stage for each level below the top, or
            where `train` raises it.
    """
    below = len(agent.levels) - 1
    if len(curriculum) != below:
        raise ValueError(
            f"curriculum must have one stage for each of the {below} levels below the top, got "
            f"{len(curriculum)}"
        )
    if run is not None:
        settings = {"agent": describe_agent(agent), "world": describe_world(world)}
        require_same_fields(Path(run), settings)
        if is_begun(Path(run)):  # the top stands on levels of that many steps
            for number, stage in enumerate(curriculum):
                require_same_fields(Path(run) / LEVELS / str(number), {"steps": stage.steps})
    worlds = [*(_world(stage, world) for stage in curriculum), world]
    start, shared = None, {name: options[name] for name in options if name not in TOP_ALONE}
    for number, stage in enumerate(curriculum):
        learner = agent.up_to(number, worlds[number].spec)
        folder = None if run is None else Path(run) / LEVELS / str(number)
        trained = train(
            learner,
            worlds[number],
            stage.steps,
            seed,
            seeds=seeds,
            start=start,
            run=folder,
            **shared,
        )
        above = agent.levels[number + 1], worlds[number + 1].spec
        start = [learner.add_level(state, *above)[1] for state in trained.states]
    return train(agent, world, steps, seed, seeds=seeds, start=start, run=run, **options)


def _world(stage: Stage, world: AnyWorld) -> AnyWorld:
    return world if stage.world is None else make_world(stage.world)
