"""Parts of an agent: what can be kept in a transfer, and what a frozen part is.

A part is a module with all that belongs to it: parameters, slow or earlier copies of them, and the
state of its optimiser. `TrainState.frozen` says which parts are frozen. After each update a frozen
part is put back as it was, so it is the same to the last bit. The statistics of encoders that it
sees through stay as well: with others it would be another function.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

Path: TypeAlias = tuple[str | int, ...]
"""Where something is in a tree of named tuples, dictionaries and tuples."""


@dataclasses.dataclass(frozen=True)
class Part:
    """Where a part is in the learner of its agent.

    Attributes:
        parameters: path of the parameters.
        copies: paths of slow or earlier copies of the parameters.
        rest: paths of what else belongs to it, such as the state of an optimiser.
        encoders: names of the encoders that it sees through.
        settings: values of the agent's fields that its function depends on as well, by name.
    """

    parameters: Path
    copies: tuple[Path, ...] = ()
    rest: tuple[Path, ...] = ()
    encoders: tuple[str, ...] = ()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Paths of all that belongs to the part."""
        return (self.parameters, *self.copies, *self.rest)


Parts: TypeAlias = Mapping[str, Part]


def at(tree: Any, path: Path) -> Any:
    """Return what is at a path."""
    for step in path:
        tree = getattr(tree, str(step)) if _is_named(tree, step) else tree[step]
    return tree


def put(tree: Any, path: Path, value: Any) -> Any:
    """Return a tree with another value at a path."""
    if not path:
        return value
    step, *further = path
    below = put(at(tree, (step,)), tuple(further), value)
    if _is_named(tree, step):
        return tree._replace(**{str(step): below})
    if isinstance(tree, dict):
        return {**tree, step: below}
    return tuple(below if number == step else item for number, item in enumerate(tree))


def none_frozen(parts: Parts) -> dict[str, jax.Array]:
    """Return `TrainState.frozen` of an agent none of whose parts is frozen."""
    return {name: jnp.zeros((), bool) for name in parts}


def put_back(parts: Parts, frozen: Mapping[str, jax.Array], before: Any, after: Any) -> Any:
    """Return the learner ``after`` an update, with frozen parts as they were ``before``."""
    if not parts:
        return after

    def restored() -> Any:
        learner = after
        for name, part in parts.items():
            for path in part.paths:
                old, new = at(before, path), at(after, path)
                kept = jax.tree.map(lambda a, b, name=name: jnp.where(frozen[name], a, b), old, new)
                learner = put(learner, path, kept)
        return learner

    return jax.lax.cond(_any(frozen.values()), restored, lambda: after)


def encoders_put_back(
    parts: Parts, frozen: Mapping[str, jax.Array], before: Mapping[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    """Return encoders after an observation; those of frozen parts are as they were."""
    kept = dict(after)
    for name in after:
        owners = [frozen[part] for part in parts if name in parts[part].encoders]
        if owners:
            stays = _any(owners)
            kept[name] = jax.tree.map(
                lambda a, b, stays=stays: jnp.where(stays, a, b), before[name], after[name]
            )
    return kept


def _any(flags: Iterable[jax.Array]) -> jax.Array:
    return jnp.stack(list(flags)).any()


def _is_named(tree: Any, step: str | int) -> bool:
    return isinstance(step, str) and hasattr(tree, "_fields")
