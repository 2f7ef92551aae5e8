"""Policy iteration with refined evaluations: the solver of the hard maximum next to discount 1.

The value of a policy is found by iterative refinement. A solve in float64 gives a correction, which
loses about ``log₁₀ 1 / (1 - c)`` of its 16 digits, and the next residual is computed in twice the
precision (`twofold`). A few corrections give the value to full precision for discounts up to
``1 - 1e-12``. The gains of the other actions are as precise, so rounding cannot make policies
cycle.

Before the next solve, sweeps propagate the gains and choose actions. Gains are differences of
values, so float64 is enough for them.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from hierax.planning.chain import relaxation
from hierax.planning.corrections import correction_solver
from hierax.planning.kernel import ONE, compiled, count
from hierax.planning.ordering import outwards
from hierax.planning.sweeps import Rows
from hierax.planning.twofold import add, advantages, chosen_advantages

ACCURACY = 1e-10
"""Error of the value, relative to the largest value, below which no action is exchanged."""
MOST_POLICIES = 1_000
MOST_CORRECTIONS = 60
LARGEST_SHARE = 0.5
"""Corrections end if one leaves more than this share of the residual."""
SWEEPS = 60
"""Most sweeps between two solves, alternately outwards from the best reward and back."""
SMALLEST_CHANGE = 0.03
"""Sweeps end if they switch no action and change the gains by less than this fraction."""
EDGE = 0.98
"""Largest squared spectral radius for which a sweep of gains is over-relaxed."""
EPSILON = np.finfo(np.float64).eps
CLEARLY = 8.0 * EPSILON
"""Relative difference of two sums above which it is more than rounding."""


class Refined(NamedTuple):
    """The result of `refine`.

    Attributes:
        value: ``(S,)``.
        policy: ``(S, A)`` one-hot; the first of the actions that are equally good.
        policies: number of policies evaluated.
    """

    value: np.ndarray
    policy: np.ndarray
    policies: int


def refine(
    rows: Rows,
    value: np.ndarray,
    choice: np.ndarray,
    contraction: float,
    tolerance: float,
    report: Callable[[float, float], None],
) -> Refined:
    """Return the optimal value by policy iteration that starts from the actions ``choice (S,)``.

    It ends when no action gains so much that a value would change by ``tolerance``, or by
    `ACCURACY` relative to the largest value. ``value (S,)`` is the start of the first evaluation.
    ``report(change, target)`` is called after each policy.
    """
    scale = _power_of_two(rows.reward)
    search = _Search(rows._replace(reward=rows.reward / scale), value / scale, choice, contraction)
    search.evaluate()
    over_relaxed = rose = True
    while True:
        gain = advantages(search.rows, search.high, search.low)
        slack = max(search.slack, 0.2 * search.margin * tolerance / scale, 2.0 * search.left)
        report(gain.max(), slack)
        enough = slack if rose else max(slack, EPSILON * search.size)
        if gain.max() <= enough or search.policies >= MOST_POLICIES:
            break
        before = search.choice, search.high, search.low, search.left
        if not search.improve(gain, slack, over_relaxed):
            if not over_relaxed:
                break
            over_relaxed = False  # its sweeps came back to the policy
            continue
        search.evaluate()
        rise, clear = search.high - before[1], 0.1 * ACCURACY * search.size
        rose = rise.max() > clear
        if rise.min() < -clear:  # over-relaxed sweeps may choose a worse policy
            search.choice, search.high, search.low, search.left = before
            if not over_relaxed:
                break
            over_relaxed, rose = False, True
        over_relaxed = over_relaxed and rose
    first = np.argmax(gain >= gain.max(axis=1, keepdims=True) - slack, axis=1)
    policy = (first[:, None] == np.arange(gain.shape[1])).astype(np.float64)
    return Refined(search.high * scale, policy, search.policies)


def _power_of_two(reward: np.ndarray) -> float:
    """Return the size of the largest reward as a power of two, by which division is exact."""
    largest = np.abs(reward[np.isfinite(reward)]).max()
    return 2.0 ** (np.frexp(largest)[1] - 1) if largest > 0.0 else 1.0


class _Search:
    """A model with a policy, the value ``high + low`` of the policy and the residual ``left``."""

    def __init__(
        self, rows: Rows, value: np.ndarray, choice: np.ndarray, contraction: float
    ) -> None:
        states, actions = rows.reward.shape
        self.rows = rows
        self.margin = 1.0 - contraction
        self.choice = choice.astype(np.int64)
        self.high = value if self._is_plausible(value) else np.zeros(states)
        self.low = np.zeros(states)
        self.left = np.inf
        self.policies = 0
        entries = (rows.weights, rows.columns.astype(np.int64), rows.starts.astype(np.int64))
        self._table = sp.csr_matrix(entries, shape=(states * actions, states))
        self._order = outwards(*rows)

    def _is_plausible(self, value: np.ndarray) -> bool:
        """Return whether a value is within the bounds that rewards below 2 allow."""
        return bool(np.abs(value).max() <= 2.0 / self.margin)  # false for a NaN

    @property
    def size(self) -> float:
        """The largest magnitude of a value."""
        return float(np.abs(self.high).max())

    @property
    def slack(self) -> float:
        """The largest gain that changes no value by more than `ACCURACY`."""
        return self.margin * ACCURACY * self.size

    def evaluate(self) -> None:
        """Correct the value until it is that of the policy."""
        self.policies += 1
        residual = self._residual(self.high, self.low)
        self.left = float(np.abs(residual).max())
        solve = self._solver()
        for _ in range(MOST_CORRECTIONS):
            high, low = self.high.copy(), self.low.copy()
            add(high, low, solve(residual))
            residual = self._residual(high, low)
            left = float(np.abs(residual).max())
            if not np.isfinite(left):
                break
            # From a value near 0 the residual may rise with the value: compare relative ones too.
            size = np.abs(high).max()
            if left * min(size, self.size) > LARGEST_SHARE * self.left * size:
                break
            self.high, self.low, self.left = high, low, left
            if left <= 0.01 * self.slack:
                break

    def _residual(self, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        return chosen_advantages(self.rows, self.choice, high, low)

    def _solver(self) -> Callable[[np.ndarray], np.ndarray]:
        pairs = np.arange(self.choice.size) * self.rows.reward.shape[1] + self.choice
        with warnings.catch_warnings():  # a singular matrix gives corrections that are not finite
            warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)
            try:
                return correction_solver(self._table[pairs])
            except RuntimeError:
                return np.zeros_like

    def improve(self, gain: np.ndarray, slack: float, over_relaxed: bool) -> bool:
        """Choose better actions by sweeps of the gains; return whether the policy changed."""
        before, more = self.choice, np.zeros(self.choice.size)
        self.choice = before.copy()
        gain = np.where(np.abs(gain) > slack, gain, 0.0)
        for sweep in range(SWEEPS):
            switched, change = improve(
                self.rows, gain, self.choice, more, self._order, sweep % 2 == 1, over_relaxed
            )
            if switched == 0 and change <= SMALLEST_CHANGE * more.max():
                break
        return bool((self.choice != before).any())


@compiled
def improve(rows, gain, choice, more, order, backward, over_relaxed):
    """Make one sweep of ``more ← max_a (gain + γ P more)`` in place.

    Returns the number of actions that were switched and the largest change of ``more``.
    Self loops are eliminated. ``choice (S,)`` changes where another action is clearly better.
    ``order`` has the states by place and their places. With over-relaxation, as in `greedy`, one
    sweep propagates a gain along all paths that mostly follow the order.
    """
    starts, columns, weights, _ = rows
    placed, place = order
    states, actions = count(gain.shape[0]), count(gain.shape[1])
    switched, change = 0, 0.0
    for k in range(states):
        state = count(placed[states - ONE - k if backward else k])
        row = state * actions
        best, held, chosen, weight_done, weight_ahead = -np.inf, -np.inf, count(0), 0.0, 0.0
        for action in range(actions):
            total, loop, done, ahead = gain[state, action], 0.0, 0.0, 0.0
            for entry in range(starts[row], starts[row + ONE]):
                column, weight = columns[entry], weights[entry]
                if column == state:
                    loop += weight
                    continue
                total += weight * more[column]
                if (place[column] < place[state]) != backward:
                    done += weight
                else:
                    ahead += weight
            total /= 1.0 - loop
            if total > best:
                best, chosen = total, action
                weight_done, weight_ahead = done / (1.0 - loop), ahead / (1.0 - loop)
            if action == count(choice[state]):
                held = total
            row += ONE
        if best > held + CLEARLY * abs(best):
            choice[state] = chosen
            switched += 1
        if over_relaxed:
            best = more[state] + relaxation(weight_done, weight_ahead, EDGE) * (best - more[state])
        best = max(best, 0.0)
        change = max(change, abs(best - more[state]))
        more[state] = best
    return switched, change
