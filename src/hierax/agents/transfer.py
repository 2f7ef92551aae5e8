"""A new state of an agent with parts of a trained one: kept, frozen, or as first weights.

    keep         the part as it is, with its optimiser, its copies and its encoders
    freeze       no update changes it, nor the statistics of its encoders
    initialise   its parameters and encoders: copies are copies of them, and the rest is new

All else of the state is new: what is not kept learns from nothing.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.agent import Key, TrainState
from hierax.agents.base import LearningAgent
from hierax.agents.encoder import Encoder
from hierax.agents.parts import Part, at, put

LINE = 10_000
"""Characters of a line of an error."""


def transferred(
    source: LearningAgent[Any],
    trained: TrainState,
    agent: LearningAgent[Any],
    key: Key,
    *,
    keep: Iterable[str] = (),
    freeze: Iterable[str] = (),
    initialise: Mapping[str, str] | Iterable[str] = (),
) -> TrainState:
    """Return a new state of an agent with parts of a trained one, without replay.

    Args:
        source: the agent that was trained.
        trained: its state.
        agent: the agent that is to be trained.
        key: of what is new.
        keep: names of parts that are taken as they are.
        freeze: names of parts, among those that are taken, that are not trained.
        initialise: names of parts that begin with the weights of the trained ones; a mapping gives
            them the weights of parts with other names.

    Raises:
        ValueError: if there is no such part, a part is both kept and initialised, one is to be
            frozen that is not taken, or a part has other views or other sizes here.
    """
    pairs = dict(initialise) if isinstance(initialise, Mapping) else {n: n for n in initialise}
    kept, frozen = tuple(keep), tuple(freeze)
    _require_names(source, agent, kept, frozen, pairs)
    state = agent.acting_state(key)
    for name in kept:
        state = _taken(state, agent.parts[name], trained, source.parts[name], name, whole=True)
    for name, of in pairs.items():
        state = _taken(state, agent.parts[name], trained, source.parts[of], name, whole=False)
    return agent.with_frozen(state, frozen)


def _require_names(
    source: LearningAgent[Any],
    agent: LearningAgent[Any],
    keep: tuple[str, ...],
    freeze: tuple[str, ...],
    initialise: Mapping[str, str],
) -> None:
    for name in (*keep, *initialise):
        checks.one_of("part", name, tuple(agent.parts))
    for name in (*keep, *initialise.values()):
        checks.one_of("part of the source", name, tuple(source.parts))
    taken = (*keep, *initialise)
    if twice := sorted({name for name in taken if taken.count(name) > 1}):
        raise ValueError(f"a part must be kept or initialised, got both for {', '.join(twice)}")
    if loose := [name for name in freeze if name not in taken]:
        raise ValueError(
            f"freeze must name parts that are kept or initialised, got {', '.join(loose)}: add "
            "them to keep"
        )


def _taken(
    state: TrainState, part: Part, trained: TrainState, given: Part, name: str, *, whole: bool
) -> TrainState:
    """Return the state with a part of a trained one: all of it, or its function alone."""
    if part.settings != given.settings:
        raise ValueError(
            f"{name!r} must have the settings of the source, {dict(given.settings)}, got "
            f"{dict(part.settings)}"
        )
    if whole and len(part.copies) != len(given.copies):
        raise ValueError(
            f"{name!r} must have as many copies as in the source, {len(given.copies)}, got "
            f"{len(part.copies)}: initialise it instead of keeping it"
        )
    encoders = dict(state.encoders)
    for own, other in zip(part.encoders, given.encoders, strict=False):
        _require_encoder(name, encoders[own], trained.encoders[other])
        encoders[own] = _copy(trained.encoders[other])
    paths = (
        zip(part.paths, given.paths, strict=True)
        if whole
        else [(path, given.parameters) for path in (part.parameters, *part.copies)]
    )
    learner = state.learner
    for path, origin in paths:
        old, new = at(learner, path), at(trained.learner, origin)
        _require_shapes(name, old, new)
        learner = put(learner, path, _copy(new))
    return state._replace(learner=learner, encoders=encoders)


def _require_encoder(name: str, own: Encoder, given: Encoder) -> None:
    if own.views != given.views:
        raise ValueError(
            f"{name!r} must see the same views in both agents, got {_listed(given.views)} in the "
            f"source and {_listed(own.views)} here"
        )
    if (own.statistics is None) != (given.statistics is None):
        raise ValueError(
            f"{name!r} must have normalise_observations={given.statistics is not None} as in the "
            f"source, got {own.statistics is not None}"
        )
    _require_shapes(name, own, given)


def _require_shapes(name: str, own: Any, given: Any) -> None:
    """Raise ValueError unless two trees have the same structure and shapes."""
    (ours, here), (theirs, there) = jax.tree.flatten(own), jax.tree.flatten(given)
    sizes = [tuple(leaf.shape for leaf in leaves) for leaves in (theirs, ours)]
    if here != there and sizes[0] == sizes[1]:
        found, wanted = (eqx.tree_pformat(tree, width=LINE) for tree in (own, given))
        raise ValueError(f"{name!r} must be as in the source, {wanted}, got {found}")
    if here != there or sizes[0] != sizes[1]:
        pairs = itertools.zip_longest(*sizes)
        wanted, found = next(pair for pair in pairs if pair[0] != pair[1])
        raise ValueError(
            f"{name!r} must have the views, sizes and networks of the source, whose "
            f"{len(sizes[0])} arrays have one of shape {wanted} where the {len(sizes[1])} here "
            f"have {found}"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _copy(tree: Any) -> Any:
    """Return copies: no two states share arrays, which drivers overwrite."""
    return jax.tree.map(jnp.copy, tree)
