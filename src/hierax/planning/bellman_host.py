"""The host engine of `solve_bellman`: compiled sweeps and sparse solves in float64.

Every method is a round of two halves, repeated: *improve* (a sweep that chooses actions) and
*evaluate* (work on the value of the chosen policy). Value iteration and Gauss-Seidel evaluate
nothing, policy iteration evaluates exactly, modified policy iteration lies between.
"""

from collections.abc import Callable

import numpy as np

from hierax.planning import linear, sweeps
from hierax.planning.mdp import TabularMDP
from hierax.planning.operators import Operator
from hierax.planning.progress import Progress

REDUCTION = 0.1
"""Evaluation sweeps stop when they change a value by less than this part of the last improvement."""
SWEEPS = 10
"""Evaluation sweeps between two looks at the level of the values."""
LOOKS = 3
ROUNDS_TOO_MANY = 12
"""Further rounds expected, at the present rate, beyond which a Krylov solve pays."""
SMALLEST_KRYLOV = 1_000
"""States below which sweeps beat the overhead of Krylov iterations."""
FEWEST_ROUNDS = 100
"""Rounds allowed to any search, beyond those that contraction calls for."""
MOST_ROUNDS_WITHOUT_CONTRACTION = 10_000


class Search:
    """The state of a search: the model in rows, the current value and policy, the last changes."""

    def __init__(self, mdp: TabularMDP, operator: Operator, target: float):
        self.rows = sweeps.compress(mdp.discounted_transition, mdp.reward, mdp.available)
        self.operator = sweeps.operator_code(operator)
        self.target = target
        self.value = np.zeros(mdp.states)
        self.policy = np.zeros((mdp.states, mdp.actions))
        self.bonus = np.zeros(mdp.states)
        self.changes: list[float] = []

    def backup(self) -> None:
        """A Jacobi backup of all states."""
        result = np.empty_like(self.value)
        self._sweep(result, backward=False, eliminate=False)
        self.value = result

    def sweep(self) -> None:
        """A Gauss-Seidel sweep in place, forward and backward in turn."""
        hard = self.operator[0] == sweeps.HARD
        self._sweep(self.value, backward=len(self.changes) % 2 == 1, eliminate=hard)

    def _sweep(self, result: np.ndarray, backward: bool, eliminate: bool) -> None:
        change = sweeps.bellman_sweep(
            self.rows, self.value, result, self.policy, self.bonus, self.operator, backward,
            eliminate,
        )  # fmt: skip
        self.changes.append(change)

    def chain(self) -> sweeps.Chain:
        """The chain of the policy that the last improvement chose."""
        return sweeps.chain_of_policy(self.rows, self.policy, self.bonus)

    def rounds_left(self) -> float:
        """Rounds to the target at the rate of the last three."""
        if len(self.changes) < 4:
            return 0.0
        rate = (self.changes[-1] / self.changes[-4]) ** (1 / 3)
        return np.log(self.target / self.changes[-1]) / np.log(rate) if rate < 1 else np.inf


def nothing(search: Search) -> None:
    """No evaluation: the improvement is the method."""


def by_sweeps(search: Search) -> None:
    """Gauss-Seidel sweeps of the chosen policy, with its level set right."""
    _sweep_chain(search, search.chain())


def adaptively(search: Search) -> None:
    """Sweeps, and a Krylov solve where sweeps alone would need many more rounds."""
    chain = search.chain()
    _sweep_chain(search, chain)
    if search.value.size >= SMALLEST_KRYLOV and search.rounds_left() > ROUNDS_TOO_MANY:
        accuracy = REDUCTION * search.changes[-1] / max(np.abs(search.value).max(), 1.0)
        search.value = linear.iterate(chain, chain.reward, search.value, accuracy)


def _sweep_chain(search: Search, chain: sweeps.Chain) -> None:
    goal = REDUCTION * search.changes[-1]
    for _ in range(LOOKS):
        _, change = sweeps.evaluation_sweeps(chain, search.value, SWEEPS, goal)
        sweeps.shift_level(chain, search.value)
        if change <= goal:
            break


def exactly(search: Search) -> None:
    """The exact value of the chosen policy."""
    chain = search.chain()
    system = linear.factorise(linear.transition_of_chain(chain))
    search.value = system.solve(chain.reward)


ROUNDS: dict[str, tuple[Callable[[Search], None], Callable[[Search], None]]] = {
    "auto": (Search.sweep, adaptively),
    "value_iteration": (Search.backup, nothing),
    "policy_iteration": (Search.backup, exactly),
    "modified_policy_iteration": (Search.sweep, by_sweeps),
    "gauss_seidel": (Search.sweep, nothing),
}
METHODS = tuple(ROUNDS)


def search(
    mdp: TabularMDP, operator: Operator, method: str, tolerance: float
) -> tuple[np.ndarray, int]:
    """A value whose Bellman residual is at most ``tolerance * (1 - c)``, and the rounds it took.

    Ends early, with a larger residual, where rounding allows no smaller change, or where an operator
    that is no contraction exceeds its limit.
    """
    improve, evaluate = ROUNDS[method]
    contraction = mdp.contraction
    state = Search(mdp, operator, tolerance * (1.0 - contraction))
    with Progress(f"{method} on {mdp.states} states") as progress:
        for _ in range(_limit(mdp, contraction, state.target, operator)):
            improve(state)
            if _finished(state):
                break
            progress.report(_fraction(state))
            evaluate(state)
    return state.value, len(state.changes)


def _finished(state: Search) -> bool:
    """Whether the residual meets the target, or rounding lets it fall no further.

    After a sweep that changed no value by more than δ the Bellman residual is at most ``c δ``: each
    new value differs from its backup only through values that changed during the sweep.
    """
    rounding = 8.0 * np.finfo(np.float64).eps * np.abs(state.value).max()
    return state.changes[-1] <= max(0.5 * state.target, rounding)


def _fraction(state: Search) -> float:
    whole = np.log(state.changes[0] / state.target)
    return float(np.log(state.changes[0] / state.changes[-1]) / whole) if whole > 0 else 1.0


def _limit(mdp: TabularMDP, contraction: float, target: float, operator: Operator) -> int:
    """Rounds within which any contraction reaches the target from zero values."""
    if not operator.contracts:
        return MOST_ROUNDS_WITHOUT_CONTRACTION
    entropy = getattr(operator, "temperature", 0.0) * np.log(mdp.actions)
    farthest = (np.abs(mdp.reward).max() + entropy) / target
    if contraction == 0.0 or farthest <= 1.0:
        return FEWEST_ROUNDS
    return FEWEST_ROUNDS + int(np.ceil(np.log(0.5 / farthest) / np.log(contraction)))
