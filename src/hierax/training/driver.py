"""The interface of drivers: they train one agent in one world, for several seeds.

`make_driver` returns a `ScanDriver` for a world inside `jit`, and a `HostDriver` for environments
that are stepped from the host.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import jax

from hierax.agents.agent import Agent, TrainState
from hierax.training.host_driver import HostDriver
from hierax.training.iteration import Iteration
from hierax.training.report import Report
from hierax.training.scan_driver import ScanDriver
from hierax.training.sharing import shared


class Driver(Protocol):
    """Trains an agent; ``runs`` are whatever the driver keeps of the runs of all seeds."""

    @property
    def agent(self) -> Agent:
        """The agent."""
        ...

    @property
    def iteration(self) -> Iteration:
        """The size of an iteration."""
        ...

    @property
    def fresh(self) -> TrainState:
        """Shapes of a new state of the agent."""
        ...

    def start(self, seeds: Sequence[int], learned: Sequence[TrainState] | None = None) -> Any:
        """Return new runs.

        Args:
            seeds: one for each run.
            learned: for each run, a state to take parameters and statistics of encoders from.
        """
        ...

    def advance(
        self,
        runs: Any,
        iterations: int,
        *,
        learning: bool,
        reports: Sequence[Report] | None = None,
    ) -> tuple[Any, list[Report]]:
        """Advance the runs; the given ``runs`` must not be used afterwards.

        Args:
            runs: of all seeds.
            iterations: fewer are made if a number is not finite.
            learning: whether updates are made.
            reports: of the iterations before, which the new reports include; None for none.

        Returns:
            The runs, and a report for each.
        """
        ...

    def no_reports(self, seeds: Sequence[int]) -> list[Report]:
        """Return a report of no iterations for each seed."""
        ...

    def agents(self, runs: Any) -> list[TrainState]:
        """Return the state of the agent of each seed; valid until the next `advance`."""
        ...

    def with_agents(self, runs: Any, states: Sequence[TrainState]) -> Any:
        """Return the runs with another state of the agent for each seed."""
        ...

    def fault(self, runs: Any) -> tuple[str, Any] | None:
        """Return the name of the first array that is not finite, and its source.

        The source is the arrays of the last step, or the batch of the last update. None if
        everything is finite.
        """
        ...

    def tells_success(self, runs: Any) -> bool:
        """Return whether the world reports success, or has reported it in one of the runs."""
        ...

    def snapshot(self, runs: Any) -> Any:
        """Return everything that changes, for a checkpoint."""
        ...

    def like(self, seeds: Sequence[int]) -> Any:
        """Return the shapes of a `snapshot`; starts no environment and allocates no replay."""
        ...

    def resume(self, saved: Any, seeds: Sequence[int]) -> Any:
        """Return the runs of a `snapshot`."""
        ...

    def close(self, runs: Any) -> None:
        """Release the environments."""
        ...


def make_driver(
    agent: Agent,
    world: Any,
    iteration: Iteration,
    *,
    seeds: int = 1,
    replay: Literal["device", "host"] = "device",
    most_rows: int | None = None,
) -> Driver:
    """Return the driver for ``world``, which is chosen by ``world.spec.stepped``.

    Equal trainings share one, see `hierax.training.sharing`.

    Args:
        agent: the agent.
        world: a functional world, or one that is stepped from the host.
        iteration: size of an iteration.
        seeds: number of runs. An accelerator advances them together.
        replay: see `HostDriver`.
        most_rows: rows of the replay that the run can use, see `hierax.training.replays`.
    """
    if world.spec.stepped == "host":
        return shared(HostDriver, agent, world, iteration, replay, most_rows)
    together = seeds > 1 and jax.default_backend() != "cpu"
    return shared(ScanDriver, agent, world, iteration, together, most_rows)
