"""Policy iteration under the hard maximum in float64, with strict improvements only.

An action is exchanged only for one that is better by more than rounding, so ties end the search
instead of making it cycle. Values never fall: each is the larger one of the new and the old, both
of which are values of policies.
"""

from collections.abc import Callable

import numpy as np

from hierax.planning import sweeps
from hierax.planning.linear import factorise, transition_of_chain

ROUNDING = 8.0 * np.finfo(np.float64).eps
"""Relative difference of two values above which it is more than rounding."""
MOST_POLICIES = 1_000
CLOSE_TO_ONE = 1e-5
"""Smallest ``1 - c`` for which float64 can evaluate a policy to ten digits."""


def iterate_policies(
    rows: sweeps.Rows, contraction: float, target: float, report: Callable[[float, float], None]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return a value, actions ``(S,)`` that are greedy before it, and the number of rounds.

    The search ends if a backup changes no value by more than ``target`` or rounding, if no action
    is strictly better, or if a policy returns. It does not begin if ``1 - c`` is below
    `CLOSE_TO_ONE`. ``report(change, target)`` is called in each round.
    """
    value, states = np.zeros(rows.reward.shape[0]), np.arange(rows.reward.shape[0])
    choice = rows.reward.argmax(axis=1)
    if 1.0 - contraction < CLOSE_TO_ONE:
        return value, choice, 0
    seen: set[int] = set()
    made = 0
    for made in range(1, MOST_POLICIES + 1):
        q = sweeps.action_values(rows, value)
        best = q.max(axis=1)
        change, rounding = np.abs(best - value).max(), ROUNDING * np.abs(best)
        report(change, target)
        if change <= max(target, rounding.max()):
            return best, choice, made
        better = best > q[states, choice] + rounding
        choice = np.where(better, q.argmax(axis=1), choice)
        policy = hash(choice.tobytes())
        if made > 1 and (policy in seen or not better.any()):
            break
        seen.add(policy)
        evaluated = _value(rows, choice)
        value = evaluated if made == 1 else np.maximum(value, evaluated)
    return value, choice, made


def _value(rows: sweeps.Rows, choice: np.ndarray) -> np.ndarray:
    """Return the value of a policy, with self loops eliminated."""
    policy = (choice[:, None] == np.arange(rows.reward.shape[1])).astype(np.float64)
    chain = sweeps.chain_of_policy(rows, policy, np.zeros(choice.size))
    return np.asarray(factorise(transition_of_chain(chain)).solve(chain.reward))
