"""The options ``--transfer.*`` of `hierax train`: parts of a trained agent to start with."""

import dataclasses
from typing import TYPE_CHECKING, Any

from hierax.commands.errors import UsageError

if TYPE_CHECKING:
    from hierax.agents.agent import TrainState

OPTION = "--transfer.source"


@dataclasses.dataclass(frozen=True)
class TransferOptions:
    """Parts of a trained agent that a run starts with.

    Attributes:
        source: folder of the run that parts are taken from.
        keep: names of parts that are taken as they are.
        freeze: names of parts, among those that are taken, that training does not change.
        initialise: names of parts that begin with trained weights; low=low_default gives low the
            weights of low_default.
    """

    source: str | None = None
    keep: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    initialise: tuple[str, ...] = ()

    def start(self, agent: Any, seed: int, seeds: int) -> "list[TrainState] | None":
        """Return the states that a run starts with, or None for an untrained agent.

        Raises:
            UsageError: if a part is named but no source, or a source but no part.
            ValueError: where `hierax.transfer` raises it.
        """
        taken = (*self.keep, *self.initialise)
        if self.source is None:
            if taken or self.freeze:
                raise UsageError(f"{OPTION} must be the folder of a run that parts are taken from")
            return None
        if not taken:
            raise UsageError(
                "--transfer.keep or --transfer.initialise must name parts of the agent: "
                + ", ".join(agent.parts)
            )
        from hierax.training import transfer

        return transfer(
            self.source,
            agent,
            keep=self.keep,
            freeze=self.freeze,
            initialise=dict(map(_pair, self.initialise)),
            seed=seed,
            seeds=seeds,
        )


NOTHING = TransferOptions()
"""A run that starts with an untrained agent."""


def _pair(word: str) -> tuple[str, str]:
    """Return the names of a part here and in the source."""
    here, _, there = word.partition("=")
    return here, there or here
