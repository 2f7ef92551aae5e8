"""The states and actions of a model by their own names."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np


class Names:
    """The values that the indices of a model stand for; equal only to itself.

    Attributes:
        states: S states, any hashable values, in the order of their indices.
        actions: A actions, likewise.
    """

    def __init__(self, states: Sequence[Hashable], actions: Sequence[Hashable]):
        self.states, self.actions = states, actions
        self._index: dict[Any, int] | None = None

    def state_index(self, state: Hashable) -> int:
        """Return the index of a state.

        Raises:
            ValueError: if the model has no such state.
        """
        if self._index is None:
            self._index = {each: number for number, each in enumerate(self.states)}
        try:
            return self._index[state]
        except (KeyError, TypeError):
            raise ValueError(
                f"state must be one of the {len(self.states)} states of the model, got {state!r}"
            ) from None

    def by_state(self, values: Any) -> dict[Any, Any]:
        """Return a mapping from states to the rows of an array ``(S, ...)``."""
        return dict(zip(self.states, np.asarray(values), strict=True))
