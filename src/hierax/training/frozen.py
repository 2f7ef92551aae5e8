"""The evidence that frozen parts are what they were: digests before and after a run."""

from collections.abc import Sequence
from typing import Any

from hierax.agents.agent import Agent, TrainState
from hierax.agents.parts import Part, at
from hierax.training.serialisation import tree_digest


def evidence(
    agent: Agent, start: Sequence[TrainState] | None, end: Sequence[TrainState]
) -> dict[str, Any]:
    """Return for each part that was frozen at the start its digests at the end.

    Args:
        agent: that was trained.
        start: the state that each seed started with; None for untrained agents.
        end: its state at the end.

    Returns:
        By the name of the part ``"digests"``, one for each seed, and ``"unchanged"``, whether they
        are those of the start. Empty where nothing was frozen.
    """
    found: dict[str, Any] = {}
    for name, part in getattr(agent, "parts", {}).items():
        if start is None or not all(bool(state.frozen[name]) for state in start):
            continue
        before, after = ([_digest(part, state) for state in states] for states in (start, end))
        found[name] = {"digests": after, "unchanged": before == after}
    return found


def _digest(part: Part, state: TrainState) -> str:
    """Return the digest of a part, and of the encoders that it sees through."""
    encoders = [state.encoders[name] for name in part.encoders]
    return tree_digest([[at(state.learner, path) for path in part.paths], encoders])
