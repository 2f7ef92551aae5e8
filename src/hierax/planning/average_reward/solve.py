"""`solve_average_reward`: policy iteration for any number of recurrent classes, with a bound."""

import math
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax import checks
from hierax.planning.average_reward.evaluate import AverageReward, concrete, of_chain
from hierax.planning.bellman import solve_bellman
from hierax.planning.mdp import TabularMDP

FIRST_DISCOUNT = 0.999
"""Discount of the policy that the search begins with."""
ROUNDING = 1e-12
"""Relative difference of two gains, or of two values, above which it is more than rounding."""
MOST_POLICIES = 1_000
WEIGHTS = 10.0 ** np.arange(0, 13, 2)
"""Weights of the gain in the certificate that are tried."""


class AverageRewardSolution(NamedTuple):
    """The largest average reward from each state.

    Attributes:
        gain: ``(S,)`` largest average reward of a step, in units of reward.
        bias: ``(S,)`` of ``policy``; its mean over each recurrent class is 0.
        policy: ``(S, A)`` one-hot.
        error_bound: bound on ``‖gain - g*‖∞``, up to rounding.
        classes: ``(S,)`` recurrent class of each state under ``policy``; -1 for a transient one.
        steps: number of policies.
        converged: ``error_bound <= tolerance``.
    """

    gain: np.ndarray
    bias: np.ndarray
    policy: np.ndarray
    error_bound: float
    classes: np.ndarray
    steps: int
    converged: bool


def solve_average_reward(mdp: TabularMDP, tolerance: float = 1e-8) -> AverageRewardSolution:
    """Return the largest long-run average of rewards, for every model.

    Policy iteration for several recurrent classes (Puterman 1994, section 9.2) from the policy that
    is optimal with discount 0.999. An action is exchanged first where it leads to a larger gain,
    then, among actions with the same gain, where ``r + P h`` is larger. Chains may be periodic.

    The bound is a certificate. If ``g ≥ P g`` and ``g + h' ≥ r + P h'`` for all pairs, then g is at
    least the optimum (Puterman 1994, theorem 9.1.2). Here ``h' = h + M g``, with the smallest shift
    of g for which this holds.

    Args:
        mdp: the model; its discount is ignored.
        tolerance: largest allowed ``error_bound``, absolute, in units of reward for each step.

    Returns:
        An `AverageRewardSolution`. Failure to converge does not raise: check ``converged``.

    Raises:
        ValueError: if an argument is not allowed, or under a JAX transformation.
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    mdp = concrete(mdp)
    pairs = _Pairs(mdp)
    first = solve_bellman(mdp.with_discount(FIRST_DISCOUNT))
    choice = np.asarray(first.policy).argmax(axis=1)
    seen: set[int] = set()
    while True:
        seen.add(hash(choice.tobytes()))
        found = pairs.evaluate(choice)
        new = pairs.improved(found, choice)
        if len(seen) == MOST_POLICIES or hash(new.tobytes()) in seen:
            break
        choice = new
    bound = pairs.error_bound(found, choice)
    policy = np.zeros(mdp.available.shape)
    policy[np.arange(choice.size), choice] = 1.0
    return AverageRewardSolution(
        found.gain, found.bias, policy, bound, found.classes, len(seen), bound <= tolerance
    )


class _Pairs:
    """The pairs of a model, and what can be said of them from gain and bias."""

    def __init__(self, mdp: TabularMDP):
        states = mdp.states
        table = mdp.transition
        self._table = table if sp.issparse(table) else table.reshape(-1, states)
        self._reward = np.where(mdp.available, mdp.reward, -np.inf)
        self._shape = mdp.available.shape
        self._available = mdp.available

    def evaluate(self, choice: np.ndarray) -> AverageReward:
        """Return gain and bias of a deterministic policy ``(S,)``."""
        rows = np.arange(choice.size) * self._shape[1] + choice
        chain = sp.csr_matrix(self._table[rows])
        return of_chain(chain, self._reward.ravel()[rows])

    def improved(self, found: AverageReward, choice: np.ndarray) -> np.ndarray:
        """Return a better policy, or the same one."""
        at = np.arange(choice.size), choice
        gain = np.where(self._available, self._next(found.gain), -np.inf)
        slack = ROUNDING * np.abs(found.gain).max(initial=0.0)
        best = gain.max(axis=1)
        if (best > gain[at] + slack).any():
            return np.where(best > gain[at] + slack, gain.argmax(axis=1), choice)
        size = np.abs(found.bias).max(initial=0.0) + np.abs(found.gain).max(initial=0.0)
        worth = np.where(gain >= best[:, None] - slack, self._worth(found.bias), -np.inf)
        better = worth.max(axis=1) > worth[at] + ROUNDING * size
        return np.where(better, worth.argmax(axis=1), choice)

    def error_bound(self, found: AverageReward, choice: np.ndarray) -> float:
        """Return a bound on the error of the gain; infinite if none was found."""
        gain, bias = found.gain, found.bias
        at = np.arange(choice.size), choice
        own = np.abs(self._worth(bias)[at] - gain - bias).max()
        size = np.abs(gain).max() + np.abs(bias).max()
        fall = np.where(self._available, self._next(gain) - gain[:, None], -np.inf)
        if fall.max() > ROUNDING * np.abs(gain).max():
            return math.inf
        # Where the gain falls by no more than rounding it does not fall.
        fall = np.where(fall > -ROUNDING * np.abs(gain).max(), 0.0, fall)
        excess = self._worth(bias) - (gain + bias)[:, None]
        above = min(
            float(np.where(self._available, excess + weight * fall, -np.inf).max())
            for weight in WEIGHTS
        )
        return max(float(own), above, 0.0) + 0.5 * math.ulp(float(size))

    def _next(self, values: np.ndarray) -> np.ndarray:
        """Return ``P v``, ``(S, A)``."""
        return np.asarray(self._table @ values).reshape(self._shape)

    def _worth(self, bias: np.ndarray) -> np.ndarray:
        """Return ``r + P h``, ``(S, A)``; ``-inf`` at unavailable pairs."""
        return self._reward + self._next(bias)
