"""`transfer`: states of an agent that start with parts of a trained one."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jax

from hierax import checks
from hierax.agents.agent import TrainState
from hierax.agents.base import LearningAgent
from hierax.agents.transfer import transferred
from hierax.precision import in_float32
from hierax.training.player import Player, load_all
from hierax.training.session import Trained


@in_float32
def transfer(
    source: str | Path | Player | Trained,
    agent: LearningAgent[Any],
    *,
    keep: Iterable[str] = (),
    freeze: Iterable[str] = (),
    initialise: Mapping[str, str] | Iterable[str] = (),
    seed: int = 0,
    seeds: int | None = None,
) -> list[TrainState]:
    """Return states of an agent with parts of a trained one, to start a training with.

    The agent may be made for another world or another body. ``agent.parts`` names its parts: the
    modules of `KL`, the levels of `HIRO`, actor and critic of `SAC` and `TD3`. All that is neither
    kept nor initialised is new, optimisers and copies included; there is no replay.

    Args:
        source: folder of a run, what `hierax.load` or what `hierax.train` returned.
        agent: the agent that is to be trained.
        keep: names of parts that are taken as they are, with their optimisers.
        freeze: names of parts, among those that are taken, that training does not change.
        initialise: names of parts that begin with the weights of the trained ones. A mapping gives
            them the weights of other parts: ``{"low": "low_default"}``.
        seed: of what is new: state i has seed + i. Give that of the training.
        seeds: number of states; by default one for each seed of the source. A source of one seed
            gives any number of them.

    Returns:
        A state for each seed: ``hierax.train(agent, world, steps, start=...)``.

    Raises:
        ValueError: if there is no such part, a part has other views or sizes in the source, or the
            source has another number of seeds.
        CheckpointError: if the source is damaged.
    """
    given, states = _read(source)
    count = len(states) if seeds is None else seeds
    checks.count("seeds", count, 1)
    if len(states) not in (1, count):
        raise ValueError(
            f"source must have one seed, or as many as are asked for, {count}, got {len(states)}: "
            "choose one of them with hierax.load(run, seed=...), or ask for as many"
        )
    # Iterators serve once, and states are many.
    names = {"keep": _names("keep", keep), "freeze": _names("freeze", freeze)}
    pairs = (
        dict(initialise) if isinstance(initialise, Mapping) else _names("initialise", initialise)
    )
    return [
        transferred(
            given,
            states[number % len(states)],
            agent,
            jax.random.key(seed + number),
            **names,
            initialise=pairs,
        )
        for number in range(count)
    ]


def _names(argument: str, given: Iterable[str]) -> tuple[str, ...]:
    """Return names of parts; a word alone would be taken for its letters."""
    if isinstance(given, str):
        raise ValueError(f"{argument} must be a tuple of names, got {given!r}: write ({given!r},)")
    return tuple(given)


def _read(source: str | Path | Player | Trained) -> tuple[Any, list[TrainState]]:
    """Return the agent of a source, and its state for each seed."""
    if isinstance(source, Trained):
        return source.agent, source.states
    if isinstance(source, Player):
        return source.agent, [source.state]
    players = tuple(load_all(source).values())
    return players[0].agent, [player.state for player in players]
