"""Training: runs of an agent in a world, with metrics, evaluations and checkpoints.

`train` trains one agent, and `train_levels` trains a hierarchy level by level. Both use a driver:
`ScanDriver` for a world inside `jit`, `HostDriver` for environments that are stepped from the host.
"""

from hierax.registry import Stage
from hierax.training.checkpoint import CheckpointError
from hierax.training.config import make_agent, make_world
from hierax.training.curriculum import train_levels
from hierax.training.finiteness import NotFiniteError
from hierax.training.measuring import evaluate
from hierax.training.player import Player, load
from hierax.training.presets import Setup, preset
from hierax.training.session import Trained
from hierax.training.trainer import train
from hierax.training.transfers import transfer

__all__ = [
    "CheckpointError",
    "NotFiniteError",
    "Player",
    "Setup",
    "Stage",
    "Trained",
    "evaluate",
    "load",
    "make_agent",
    "make_world",
    "preset",
    "train",
    "train_levels",
    "transfer",
]
