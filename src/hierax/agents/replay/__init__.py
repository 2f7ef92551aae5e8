"""Stored experience: a ring of steps, and indices of what can be drawn from it."""

from hierax.agents.replay.drawn import Drawn, Sequences
from hierax.agents.replay.index import Index, IndexState
from hierax.agents.replay.replay import Replay, ReplayState
from hierax.agents.replay.ring import Ring, RingState, Step

__all__ = [
    "Drawn",
    "Index",
    "IndexState",
    "Replay",
    "ReplayState",
    "Ring",
    "RingState",
    "Sequences",
    "Step",
]
