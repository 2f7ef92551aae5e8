"""Training: drivers that join one agent and one world, and all that a run keeps.

`train` does everything, and `train_levels` does it level by level. Beneath them a driver
(`ScanDriver` with the world inside `jit`, `HostDriver` with environments outside) advances a run by
beats, and a `Schedule` says when to log, evaluate and save.
"""

from hierax.training.checkpoint import CheckpointError
from hierax.training.config import make_agent, make_world
from hierax.training.curriculum import train_levels
from hierax.training.finiteness import NotFiniteError
from hierax.training.player import Player, load
from hierax.training.session import Trained, train

__all__ = [
    "CheckpointError",
    "NotFiniteError",
    "Player",
    "Trained",
    "load",
    "make_agent",
    "make_world",
    "train",
    "train_levels",
]
