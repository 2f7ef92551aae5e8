"""Tables of a model whose steps are given by a function of state and action.

A step that ends the episode leads to an added state, `END`, which keeps itself without reward.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax.planning.model_checks import DOUBLE, wrong_sum
from hierax.planning.names import Names
from hierax.planning.progress_bar import ProgressBar

BETWEEN_REPORTS = 4_096
"""States between two reports of progress."""
Step = Callable[[Any, Any], Iterable[Sequence[Any]]]


class End:
    """The state of an episode that has ended."""

    def __repr__(self) -> str:
        return "END"


END = End()


class Tables(NamedTuple):
    """Tables of a model, rows ``s*A + a``.

    Attributes:
        transition: CSR ``(S*A, S)``.
        reward: ``(S, A)``.
        available: ``(S, A)`` bool.
        names: of states and actions.
    """

    transition: sp.csr_matrix
    reward: np.ndarray
    available: np.ndarray
    names: Names


def explore(states: Iterable[Hashable], actions: Any, step: Step, limit: int) -> Tables:
    """Return the tables of all states that the given ones lead to, in the order of discovery.

    Raises:
        ValueError: if a state is not hashable, probabilities do not sum to 1, a step is no tuple of
            three or four, a state has no action, or there are more than ``limit`` states.
    """
    search = _Search(states, actions, step, limit)
    with ProgressBar("exploring") as progress:
        while search.todo < len(search.states):
            search.visit(search.todo)
            if search.todo % BETWEEN_REPORTS == 0:
                progress.report(search.todo / len(search.states))
    return search.tables()


class _Search:
    """States that were found, and the transitions of those that were visited."""

    def __init__(self, states: Iterable[Hashable], actions: Any, step: Step, limit: int):
        self.states: list[Any] = []
        self.todo = 0
        self._number: dict[Any, int] = {}
        self._actions: dict[Any, int] = {}
        self._offered: Any = actions if callable(actions) else None
        self._all = () if callable(actions) else tuple(actions)
        self._step, self._limit = step, limit
        self._pairs: list[tuple[int, int, float]] = []  # state, action, expected reward
        self._lengths: list[int] = []
        self._probability: list[float] = []
        self._next: list[int] = []
        for state in states:
            self._found(state)
        if not self.states:
            raise ValueError("states must hold at least one state, got none")

    def visit(self, number: int) -> None:
        """Ask for the steps of the next state with all its actions."""
        self.todo += 1
        state = self.states[number]
        if state is END:
            self._keep(number)
            return
        offered = tuple(dict.fromkeys(self._offered(state))) if self._offered else self._all
        if not offered:
            raise ValueError(f"actions must offer one in every state, got none in {state!r}")
        for action in offered:
            self._outcomes(number, state, action)

    def _outcomes(self, number: int, state: Any, action: Any) -> None:
        probability, following = self._probability, self._next
        first, total, gain = len(following), 0.0, 0.0
        for outcome in self._step(state, action):
            try:
                p, after, reward, *ends = outcome
                p, reward = float(p), float(reward)
            except (TypeError, ValueError):
                raise ValueError(
                    "step must yield (probability, next state, reward) or (probability, next "
                    f"state, reward, ends), got {outcome!r} from state {state!r}, action "
                    f"{action!r}"
                ) from None
            if not p >= 0.0:
                raise ValueError(
                    f"probability must not be negative, got {p} from state {state!r}, action "
                    f"{action!r}"
                )
            if p == 0.0:
                continue
            total += p
            gain += p * reward
            probability.append(p)
            following.append(self._found(END if ends and ends[0] else after))
        where = f"state {state!r}, action {action!r}"
        if not abs(total - 1.0) <= DOUBLE.total:
            raise ValueError(wrong_sum("probabilities", total, DOUBLE, where))
        if not np.isfinite(gain):
            raise ValueError(f"reward must be finite, got {gain} at {where}")
        self._pairs.append((number, self._action(action), gain))
        self._lengths.append(len(following) - first)

    def _keep(self, number: int) -> None:
        """Let the end keep itself with the first action."""
        self._pairs.append((number, 0, 0.0))
        self._lengths.append(1)
        self._probability.append(1.0)
        self._next.append(number)

    def _found(self, state: Any) -> int:
        try:
            number = self._number.setdefault(state, len(self.states))
        except TypeError:
            raise ValueError(
                f"states must be hashable, got {type(state).__name__} {str(state)[:60]!r}: use a "
                "tuple"
            ) from None
        if number == len(self.states):
            if number == self._limit:
                raise ValueError(
                    f"exploration must end within limit={self._limit:,} states, got more, such as "
                    f"{state!r}: raise limit, or bound the states"
                )
            self.states.append(state)
        return number

    def _action(self, action: Any) -> int:
        try:
            return self._actions.setdefault(action, len(self._actions))
        except TypeError:
            raise ValueError(
                f"actions must be hashable, got {type(action).__name__} {str(action)[:60]!r}"
            ) from None

    def tables(self) -> Tables:
        """Return the tables; actions are in the order in which they were offered first."""
        names = tuple(self._actions)
        states, actions = len(self.states), len(names)
        begin, action, gain = (np.array(column) for column in zip(*self._pairs, strict=True))
        rows = begin.astype(np.int64) * actions + action.astype(np.int64)
        entries = np.repeat(rows, self._lengths)
        table = sp.csr_matrix(
            (self._probability, (entries, self._next)), shape=(states * actions, states)
        )
        reward, available = np.zeros(states * actions), np.zeros(states * actions, bool)
        reward[rows], available[rows] = gain, True
        shape = states, actions
        found = Names(self.states, names)
        return Tables(table, reward.reshape(shape), available.reshape(shape), found)
