"""The host backend of `solve_bellman`: compiled sweeps and linear solves in float64.

Every method repeats a round of two parts: *improve* (a sweep that chooses actions) and *evaluate*
(an update of the value of the chosen policy). Value iteration and Gauss-Seidel have no evaluation,
policy iteration evaluates exactly, and modified policy iteration is between them. For the hard
maximum ``auto`` is one compiled loop (`greedy`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hierax.planning import greedy, krylov, sweeps
from hierax.planning.backend import Array
from hierax.planning.chain import Chain
from hierax.planning.decision_model import DecisionModel
from hierax.planning.linear import factorise, transition_of_chain
from hierax.planning.operators import HardMax, Operator
from hierax.planning.progress_bar import ProgressBar

REDUCTION = 0.1
"""Evaluation sweeps stop when a change is below this fraction of the last improvement."""
SWEEPS = 10
"""Evaluation sweeps between two corrections of the level of the values."""
LEVEL_SHIFTS = 3
FEWEST_ROUNDS = 200
"""Rounds allowed to any search in addition to those that the contraction needs."""
MOST_ROUNDS_WITHOUT_CONTRACTION = 10_000
ENTRIES_BETWEEN_REPORTS = 10_000_000
"""Model entries swept between two reports of progress: some tenths of a second."""


class Backup(NamedTuple):
    """A value and one Bellman backup of it.

    Attributes:
        value: ``(S,)``.
        action_value: ``(S, A)``; ``-inf`` at unavailable pairs.
        policy: ``(S, A)`` of the action values.
        residual: ``‖T v - v‖∞``.
        contraction: largest row sum of ``Γ∘P``.
        steps: number of rounds.
    """

    value: Array
    action_value: Array
    policy: Array
    residual: Any
    contraction: Any
    steps: Any


def search(model: DecisionModel, operator: Operator, method: str, tolerance: float) -> Backup:
    """Return a value whose Bellman residual is at most ``tolerance * (1 - c)``, and its backup.

    The residual is larger if rounding allows no smaller change, or if an operator that is not a
    contraction reaches its limit of rounds.
    """
    rows = sweeps.rows_of(model)
    with ProgressBar(f"{method} on {model.states} states") as progress:
        if method == "auto" and isinstance(operator, HardMax):
            value, contraction, steps = _search_greedily(rows, operator, tolerance, progress)
        else:
            contraction = model.contraction
            value, steps = _search_in_rounds(
                rows, contraction, operator, method, tolerance, progress
            )
    if isinstance(operator, HardMax):
        return Backup(value, *greedy.certify(*rows, value), contraction, steps)
    q = sweeps.action_values(rows, value)
    residual = float(np.abs(operator.value(q) - value).max())
    return Backup(value, q, operator.policy(q), residual, contraction, steps)


def _search_greedily(
    rows: sweeps.Rows, operator: Operator, tolerance: float, progress: ProgressBar
) -> tuple[np.ndarray, float, int]:
    """Return value, contraction and number of rounds of the compiled search (`greedy`)."""
    state, contraction = greedy.prepare(*rows)
    target = _target(tolerance, contraction)
    record = greedy.new_record()
    rounds = 1 + ENTRIES_BETWEEN_REPORTS // (1 + rows.weights.size)
    while not greedy.advance(state, target, record, rounds):
        if record[greedy.ROUNDS] >= _limit(rows, contraction, target, operator):
            break
        progress.report(_fraction(1.0, record[greedy.CHANGE], target))
    return state.value[state.rank], contraction, int(record[greedy.ROUNDS])


class SearchState:
    """The state of a search: model rows, current value and policy, change of every round."""

    def __init__(self, rows: sweeps.Rows, operator: Operator, target: float):
        states, actions = rows.reward.shape
        self.rows = rows
        self.operator = sweeps.operator_code(operator)
        self.target = target
        self.value = np.zeros(states)
        self.policy = np.zeros((states, actions))
        self.bonus = np.zeros(states)
        self.changes: list[float] = []

    def backup(self) -> None:
        """Make a Jacobi backup of all states."""
        result = np.empty_like(self.value)
        self._sweep(result, backward=False, eliminate=False)
        self.value = result

    def sweep(self) -> None:
        """Make a Gauss-Seidel sweep in place, in alternating direction."""
        hard = self.operator[0] == sweeps.HARD
        self._sweep(self.value, backward=len(self.changes) % 2 == 1, eliminate=hard)

    def _sweep(self, result: np.ndarray, backward: bool, eliminate: bool) -> None:
        change = sweeps.bellman_sweep(
            self.rows, self.value, result, self.policy, self.bonus, self.operator, backward,
            eliminate,
        )  # fmt: skip
        self.changes.append(change)

    def chain(self) -> Chain:
        """Return the chain of the policy that the last improvement chose."""
        return sweeps.chain_of_policy(self.rows, self.policy, self.bonus)


def nothing(search: SearchState) -> None:
    """Do not evaluate: the improvement is the whole method."""


def by_sweeps(search: SearchState) -> None:
    """Evaluate the chosen policy by Gauss-Seidel sweeps with corrections of the level."""
    _sweep_chain(search, search.chain())


def adaptively(search: SearchState) -> None:
    """Evaluate by sweeps, and by a Krylov solve if they do not reach the goal."""
    chain = search.chain()
    goal = REDUCTION * search.changes[-1]
    if _sweep_chain(search, chain) > goal:
        candidate = search.value.copy()
        krylov.bicgstab(chain, chain.reward, candidate, goal, greedy.MOST_ITERATIONS)
        if np.isfinite(candidate).all():  # discard an iteration that overflowed
            search.value = candidate


def _sweep_chain(search: SearchState, chain: Chain) -> float:
    goal, change = REDUCTION * search.changes[-1], np.inf
    for _ in range(LEVEL_SHIFTS):
        _, change = sweeps.evaluation_sweeps(chain, search.value, SWEEPS, goal)
        sweeps.shift_level(chain, search.value)
        if change <= goal:
            break
    return change


def exactly(search: SearchState) -> None:
    """Evaluate the chosen policy exactly."""
    chain = search.chain()
    search.value = np.asarray(factorise(transition_of_chain(chain)).solve(chain.reward))


ROUNDS: dict[str, tuple[Callable[[SearchState], None], Callable[[SearchState], None]]] = {
    "auto": (SearchState.sweep, adaptively),
    "value_iteration": (SearchState.backup, nothing),
    "policy_iteration": (SearchState.backup, exactly),
    "modified_policy_iteration": (SearchState.sweep, by_sweeps),
    "gauss_seidel": (SearchState.sweep, nothing),
}
METHODS = tuple(ROUNDS)


def _search_in_rounds(
    rows: sweeps.Rows,
    contraction: float,
    operator: Operator,
    method: str,
    tolerance: float,
    progress: ProgressBar,
) -> tuple[np.ndarray, int]:
    """Return the value that a method found and its number of rounds."""
    improve, evaluate = ROUNDS[method]
    state = SearchState(rows, operator, _target(tolerance, contraction))
    for _ in range(_limit(rows, contraction, state.target, operator)):
        improve(state)
        if _finished(state):
            break
        progress.report(_fraction(state.changes[0], state.changes[-1], state.target))
        evaluate(state)
    return state.value, len(state.changes)


def _finished(state: SearchState) -> bool:
    """Return whether the residual is at the target or at the rounding error.

    After a sweep that changed no value by more than δ the Bellman residual is at most ``c δ``: each
    new value differs from its backup only through values that changed during the sweep.
    """
    rounding = 8.0 * np.finfo(np.float64).eps * np.abs(state.value).max()
    return bool(state.changes[-1] <= max(state.target, rounding))


def _target(tolerance: float, contraction: float) -> float:
    """Return the change at which to stop, a little below the tolerance because of rounding."""
    return 0.9 * tolerance * max(1.0 - contraction, 0.0)


def _fraction(first: float, change: float, target: float) -> float:
    """Return the progress of a change from the first to the target, on a logarithmic scale."""
    if not first > change > target > 0.0:
        return 0.0
    return float(np.log(first / change) / np.log(first / target))


def _limit(rows: sweeps.Rows, contraction: float, target: float, operator: Operator) -> int:
    """Return the number of rounds that any contraction needs to reach the target from zero."""
    if not operator.contracts or target == 0.0:
        return MOST_ROUNDS_WITHOUT_CONTRACTION
    entropy = getattr(operator, "temperature", 0.0) * np.log(rows.reward.shape[1])
    gains = rows.reward[np.isfinite(rows.reward)]
    farthest = np.abs(gains).max() + entropy
    if contraction == 0.0 or farthest <= target:
        return FEWEST_ROUNDS
    powers = np.log(farthest) - np.log(0.5 * target)
    return FEWEST_ROUNDS + int(np.ceil(powers / -np.log(contraction)))
