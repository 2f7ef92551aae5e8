"""The host backend of `solve_bellman`: compiled sweeps and linear solves in float64.

Every method repeats a round of two parts: *improve* (a sweep that chooses actions) and *evaluate*
(an update of the value of the chosen policy). Value iteration and Gauss-Seidel have no evaluation,
policy iteration evaluates exactly, and modified policy iteration is between them. For the hard
maximum ``auto`` is one compiled loop (`greedy`).
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from hierax.planning import greedy, krylov, refined, sweeps
from hierax.planning.backend import Array
from hierax.planning.chain import Chain
from hierax.planning.chain import residual_of as chain_residual
from hierax.planning.corrections import correction_solver
from hierax.planning.decision_model import DecisionModel, require_finite_value
from hierax.planning.linear import factorise, transition_of_chain
from hierax.planning.operators import HardMax, Operator
from hierax.planning.policy_iteration import iterate_policies
from hierax.planning.progress_bar import ProgressBar

EPSILON = np.finfo(np.float64).eps
PRECISE = 1e-9
"""Relative error above which the value of a policy search is refined."""
REDUCTION = 0.1
"""Evaluation sweeps stop when a change is below this fraction of the last improvement."""
SWEEPS = 10
"""Evaluation sweeps between two corrections of the level of the values."""
LEVEL_SHIFTS = 3
FEWEST_ROUNDS = 200
"""Rounds allowed to any search in addition to those that the contraction needs."""
MOST_ROUNDS_WITHOUT_CONTRACTION = 10_000
MOST_EVALUATIONS = 1_000
"""Rounds allowed to a search that evaluates each policy."""
MOST_ADAPTIVE = 100
"""Rounds after which ``auto`` evaluates by direct factors."""
MOST_CORRECTIONS = 5
STALLS = 5
"""Rounds without progress, near the rounding error, that end a search that evaluates exactly."""
OVERFLOW_SHOWS_LATER: dict[str, Any] = {"over": "ignore", "invalid": "ignore"}
"""Settings of NumPy in a search: an overflow shows in the value that is returned."""
ENTRIES_BETWEEN_REPORTS = 10_000_000
"""Model entries swept between two reports of progress: some tenths of a second."""


class Interrupted(KeyboardInterrupt):
    """An interruption of a search, with the backup of the value so far in ``found``."""

    def __init__(self, found: "Backup"):
        super().__init__()
        self.found = found


class Backup(NamedTuple):
    """A value and one Bellman backup of it.

    Attributes:
        value: ``(S,)``.
        action_value: ``(S, A)``; ``-inf`` at unavailable pairs.
        policy: ``(S, A)`` of the action values.
        residual: ``‖T v - v‖∞``.
        size: ``‖v‖∞``.
        contraction: largest row sum of ``Γ∘P``.
        steps: number of rounds.
    """

    value: Array
    action_value: Array
    policy: Array
    residual: Any
    size: Any
    contraction: Any
    steps: Any


PolicyFound: TypeAlias = tuple[np.ndarray, Callable[[], np.ndarray], float, int]
"""Value ``(S,)``, a function that returns the actions ``(S,)``, contraction, number of rounds."""


def search(model: DecisionModel, operator: Operator, method: str, tolerance: float) -> Backup:
    """Return a value whose Bellman residual is at most ``tolerance * (1 - c)``, and its backup.

    The residual is larger if rounding allows no smaller one, or if an operator that is not a
    contraction reaches its limit of rounds.

    Raises:
        Interrupted: if Ctrl-C ends a search in rounds.
    """
    rows = sweeps.rows_of(model)
    title = f"{method} on {model.states} states"
    with ProgressBar(title) as progress:
        if isinstance(operator, HardMax) and method in POLICY_SEARCHES:
            return _search_policies(rows, model, method, tolerance, progress)
        contraction = model.contraction
        state = SearchState(rows, operator, contraction, tolerance)
        limit = _limit(rows, contraction, state.target, operator)
        try:
            with np.errstate(**OVERFLOW_SHOWS_LATER):
                _search_in_rounds(state, method, limit, progress)
        except KeyboardInterrupt:
            raise Interrupted(_backup(operator, state)) from None
    require_finite_value(model, state.value)
    return _backup(operator, state)


def _backup(operator: Operator, state: "SearchState") -> Backup:
    """Return the backup of the value of a search."""
    if isinstance(operator, HardMax):
        return _certified(state.rows, state.value, state.contraction, state.made)
    q = sweeps.action_values(state.rows, state.value)
    residual = float(np.abs(operator.value(q) - state.value).max())
    size = float(np.abs(state.value).max())
    policy = operator.policy(q)
    return Backup(state.value, q, policy, residual, size, state.contraction, state.made)


def _certified(rows: sweeps.Rows, value: Array, contraction: float, steps: int) -> Backup:
    """Return the backup of a value under the hard maximum."""
    return Backup(value, *greedy.certify(*rows, value), contraction, steps)


def _search_policies(
    rows: sweeps.Rows, model: DecisionModel, method: str, tolerance: float, progress: ProgressBar
) -> Backup:
    """Return the backup of the value of a policy search, refined where it is not precise."""
    value, choices, contraction, steps = POLICY_SEARCHES[method](rows, model, tolerance, progress)
    found = _certified(rows, value, contraction, steps)
    if not _needs_refinement(found, tolerance):
        return found

    def report(change: float, target: float) -> None:
        progress.report(_fraction(1.0, change, target))

    with np.errstate(**OVERFLOW_SHOWS_LATER):
        better = refined.refine(rows, value, choices(), contraction, tolerance, report)
    backup = _certified(rows, better.value, contraction, steps + better.policies)
    if backup.residual > max(found.residual, 8.0 * EPSILON * backup.size):
        return found
    return backup._replace(policy=better.policy)


def _needs_refinement(found: Backup, tolerance: float) -> bool:
    """Return whether neither the absolute nor the relative error is certain to be small."""
    margin = 1.0 - found.contraction
    if margin <= 0.0 or (found.residual <= tolerance * margin and margin > EPSILON / PRECISE):
        return False
    # Closer to 1 than this a small residual is no evidence: rounding alone may be larger.
    return bool(
        (margin <= EPSILON / PRECISE and found.size > 0.0)
        or found.residual > PRECISE * found.size * margin
    )


def _search_greedily(
    rows: sweeps.Rows, _: DecisionModel, tolerance: float, progress: ProgressBar
) -> PolicyFound:
    """Return value, actions, contraction and number of rounds of the compiled search (`greedy`)."""
    state, contraction = greedy.prepare(*rows)
    target = _target(tolerance, contraction)
    record = greedy.new_record()
    rounds = 1 + ENTRIES_BETWEEN_REPORTS // (1 + rows.weights.size)
    while not greedy.advance(state, target, record, rounds):
        progress.report(_fraction(1.0, record[greedy.CHANGE], target))
    steps = int(record[greedy.ROUNDS])

    def choices() -> np.ndarray:
        chosen = state.choice[state.rank]  # nowhere where a value is not a number
        return np.where(chosen < rows.reward.shape[1], chosen, rows.reward.argmax(axis=1))

    return state.value[state.rank], choices, contraction, steps


def _iterate_policies(
    rows: sweeps.Rows, model: DecisionModel, tolerance: float, progress: ProgressBar
) -> PolicyFound:
    """Return value, actions, contraction and number of rounds of policy iteration."""
    contraction = model.contraction
    first: list[float] = []

    def report(change: float, target: float) -> None:
        first.append(change)
        progress.report(_fraction(first[0], change, target))

    target = _target(tolerance, contraction)
    with np.errstate(**OVERFLOW_SHOWS_LATER):
        value, choice, steps = iterate_policies(rows, contraction, target, report)
    return value, lambda: choice, contraction, steps


POLICY_SEARCHES = {"auto": _search_greedily, "policy_iteration": _iterate_policies}


class SearchState:
    """The state of a search: model rows, current value and policy, changes of the last rounds."""

    def __init__(
        self, rows: sweeps.Rows, operator: Operator, contraction: float, tolerance: float
    ) -> None:
        states, actions = rows.reward.shape
        self.contraction = contraction
        self.is_close_to_one = 1.0 - contraction < greedy.CLOSE_TO_ONE
        self.rows = rows
        self.operator = sweeps.operator_code(operator)
        self.target = _target(tolerance, contraction)
        self.value = np.zeros(states)
        self.policy = np.zeros((states, actions))
        self.bonus = np.zeros(states)
        self.made, self.smallest_change, self.largest = 0, np.inf, 0.0
        self.changes: deque[float] = deque(maxlen=STALLS)

    def backup(self) -> None:
        """Make a Jacobi backup of all states."""
        result = np.empty_like(self.value)
        self._sweep(result, backward=False, eliminate=False)
        self.value = result

    def sweep(self) -> None:
        """Make a Gauss-Seidel sweep in place, in alternating direction."""
        hard = self.operator[0] == sweeps.HARD
        self._sweep(self.value, backward=self.made % 2 == 1, eliminate=hard)

    def _sweep(self, result: np.ndarray, backward: bool, eliminate: bool) -> None:
        change, self.largest = sweeps.bellman_sweep(
            self.rows, self.value, result, self.policy, self.bonus, self.operator, backward,
            eliminate,
        )  # fmt: skip
        if self.made == 0:
            self._marks = (0, change), (1, change)
        if len(self.changes) == STALLS:
            self.smallest_change = min(self.smallest_change, self.changes[0])
        self.changes.append(change)
        self.made += 1

    def share_done(self) -> float:
        """Return the share of the rounds that is done, if changes shrink as they did lately.

        They shrink at least by the contraction. Lately is since half or a quarter of the rounds.
        """
        change = self.changes[-1]
        if not change > self.target > 0.0 or not 0.0 < self.contraction < 1.0:
            return 0.0
        if self.made >= 2 * self._marks[1][0]:
            self._marks = self._marks[1], (self.made, change)
        before, largest = self._marks[0]
        rate = math.log(largest / change) / (self.made - before) if self.made > before else 0.0
        left = math.log(change / self.target) / max(rate, -math.log(self.contraction))
        return self.made / (self.made + left)

    def chain(self) -> Chain:
        """Return the chain of the policy that the last improvement chose."""
        return sweeps.chain_of_policy(self.rows, self.policy, self.bonus)


def nothing(search: SearchState) -> None:
    """Do not evaluate: the improvement is the whole method."""


def by_sweeps(search: SearchState) -> None:
    """Evaluate the chosen policy by Gauss-Seidel sweeps with corrections of the level."""
    _sweep_chain(search, search.chain())


def adaptively(search: SearchState) -> None:
    """Evaluate by sweeps, and by a Krylov solve if they do not reach the goal.

    Next to discount 1, and after many rounds, evaluate by direct factors where they are cheap.
    """
    chain = search.chain()
    if search.is_close_to_one or search.made > MOST_ADAPTIVE:
        _correct(search, chain)
        return
    goal = REDUCTION * search.changes[-1]
    if _sweep_chain(search, chain) > goal:
        candidate = search.value.copy()
        krylov.bicgstab(chain, chain.reward, candidate, goal, greedy.MOST_ITERATIONS)
        if np.isfinite(candidate).all():  # discard an iteration that overflowed
            search.value = candidate


def _correct(search: SearchState, chain: Chain) -> None:
    """Evaluate by corrections of the residual."""
    try:
        solve = correction_solver(transition_of_chain(chain))
    except RuntimeError:  # singular in float64
        return
    residual = np.empty_like(search.value)
    left = chain_residual(chain, search.value, chain.reward, residual)
    for _ in range(MOST_CORRECTIONS):
        value = search.value + solve(residual)
        before, left = left, chain_residual(chain, value, chain.reward, residual)
        if not left < before:
            break
        search.value = value


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
    if not np.isfinite(chain.reward.sum()):  # solvers refuse it
        search.value[:] = np.nan
        return
    search.value = np.asarray(factorise(transition_of_chain(chain)).solve(chain.reward))


ROUNDS: dict[str, tuple[Callable[[SearchState], None], Callable[[SearchState], None]]] = {
    "auto": (SearchState.sweep, adaptively),
    "value_iteration": (SearchState.backup, nothing),
    "policy_iteration": (SearchState.backup, exactly),
    "modified_policy_iteration": (SearchState.sweep, by_sweeps),
    "gauss_seidel": (SearchState.sweep, nothing),
}
METHODS = tuple(ROUNDS)
EVALUATIONS = (adaptively, exactly)
"""Evaluations that leave nothing but rounding, next to which a search may stall."""


def _search_in_rounds(state: SearchState, method: str, limit: int, progress: ProgressBar) -> None:
    """Make rounds of a method until the search has ended, at most ``limit``."""
    improve, evaluate = ROUNDS[method]
    if evaluate in EVALUATIONS:
        limit = min(limit, MOST_EVALUATIONS)
    for _ in range(limit):
        improve(state)
        if not math.isfinite(state.changes[-1]):
            if np.isfinite(state.value).all():  # two large values differ by more than float64 holds
                state.value[:] = np.nan
            break
        if _finished(state) or (evaluate in EVALUATIONS and _stalled(state)):
            break
        progress.report(state.share_done())
        evaluate(state)


def _finished(state: SearchState) -> bool:
    """Return whether the residual is at the target or at the rounding error.

    After a sweep that changed no value by more than δ the Bellman residual is at most ``c δ``: each
    new value differs from its backup only through values that changed during the sweep.
    """
    return bool(state.changes[-1] <= max(state.target, 8.0 * EPSILON * state.largest))


def _stalled(state: SearchState) -> bool:
    """Return whether the last rounds brought no smaller change, near the rounding error."""
    if state.smallest_change == np.inf:
        return False
    near = max(state.changes) <= 1e4 * EPSILON * state.largest
    return bool(near and min(state.changes) >= 0.5 * state.smallest_change)


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
