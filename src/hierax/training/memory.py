"""The memory that a training needs, compared with what is free, before anything is allocated."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jax

from hierax.agents.agent import TrainState
from hierax.agents.replay import Replay

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def free_bytes(place: Literal["device", "host"]) -> int | None:
    """Return the free bytes of the device that makes the updates, or of the host.

    None where the system does not tell it. A CPU as device has the memory of the host.
    """
    if place == "device":
        known = jax.devices()[0].memory_stats() or {}
        if "bytes_limit" in known:
            return known["bytes_limit"] - known.get("bytes_in_use", 0)
        if jax.default_backend() != "cpu":
            return None
    found = [free for free in (_available(), _left_to_group()) if free is not None]
    return min(found, default=None)


def require_room(
    fresh: TrainState, store: Any, seeds: int, place: Literal["device", "host"]
) -> None:
    """Raise ValueError unless new states of an agent fit the free memory.

    Args:
        fresh: shapes of a new state, with a replay as large as the run needs it.
        store: of the agent.
        seeds: number of states.
        place: where the replay is kept.
    """
    free = free_bytes(place)
    replay, rest = (_bytes(part) for part in (fresh.replay, fresh._replace(replay=None)))
    if free is None or seeds * (replay + rest) <= free:
        return
    needed = f"{_gigabytes(seeds * (replay + rest))} for {seeds} seed{'s' * (seeds > 1)}"
    if not isinstance(store, Replay):
        raise ValueError(
            f"the state of the agent must fit the {_gigabytes(free)} of memory that are free, but "
            f"needs {needed}"
        )
    rows, environments = fresh.replay.ring.step.reward.shape
    # Two rows hold no step, see `Replay`; one more makes room for what does not grow with the rows.
    fitting = max((free // seeds - rest) * rows // replay - 3, 0) * environments
    held = (rows - 2) * environments
    raise ValueError(
        f"buffer_size must be at most {fitting} to fit the {_gigabytes(free)} of memory that are "
        f"free, got {min(store.buffer_size, held)}, which needs {needed}"
    )


def _bytes(tree: Any) -> int:
    leaves: Sequence[Any] = jax.tree.leaves(tree)
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in leaves)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.3g} GB"


def _available() -> int | None:
    """Return the bytes that Linux can give to a new process without swapping."""
    try:
        lines = MEMINFO.read_text(encoding="utf-8").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return 1024 * int(fields["MemAvailable"].split()[0])
    except (OSError, ValueError, KeyError):
        return None


def _left_to_group() -> int | None:
    """Return the bytes that are left to the control group of this process, as in a container."""
    try:
        limit, used, kinds = (
            (CGROUP / f"memory.{name}").read_text(encoding="utf-8")
            for name in ("max", "current", "stat")
        )
        files = dict(line.split() for line in kinds.splitlines())["file"]  # given up when needed
        return int(limit) - int(used) + int(files)
    except (OSError, ValueError, KeyError):  # no such files, or a limit of "max"
        return None
