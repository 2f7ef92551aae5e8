"""Policy iteration under the hard maximum in float64, which ends at ties.

Near the end an action is exchanged only for one that is better by more than rounding, so ties end
the search instead of making it cycle. Before, the first of several best actions is taken: where
neighbours break ties alike, fewer rounds are needed. Values never fall: each is the larger one of
the new and the old, both of which are values of policies.
"""

from collections.abc import Callable

import numpy as np

from hierax.planning.kernel import ONE, Index, compiled, count
from hierax.planning.linear import factorise, transition_of_chain
from hierax.planning.sweeps import Rows, chain_of_policy

ROUNDING = 8.0 * np.finfo(np.float64).eps
"""Relative difference of two values above which it is more than rounding."""
NEAR_THE_END = 1e-6
"""Relative change of values from which on ties are kept."""
MOST_POLICIES = 1_000
CLOSE_TO_ONE = 1e-5
"""Smallest ``1 - c`` for which float64 can evaluate a policy to ten digits."""


def iterate_policies(
    rows: Rows, contraction: float, target: float, report: Callable[[float, float], None]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return a value, actions ``(S,)`` that are greedy before it, and the number of rounds.

    The search ends if a backup changes no value by more than ``target`` or rounding, if no action
    is strictly better, or if a policy returns. It does not begin if ``1 - c`` is below
    `CLOSE_TO_ONE`. ``report(change, target)`` is called in each round.
    """
    value, choice = np.zeros(rows.reward.shape[0]), rows.reward.argmax(axis=1).astype(Index)
    if 1.0 - contraction < CLOSE_TO_ONE:
        return value, choice, 0
    policy, bonus = np.zeros(rows.reward.shape), np.zeros(choice.size)
    policy[np.arange(choice.size), choice] = 1.0
    seen: set[int] = set()
    made, keeps_ties = 0, False
    for made in range(1, MOST_POLICIES + 1):
        backup, change, largest, improved = improve(rows, value, choice, policy, keeps_ties)
        keeps_ties = change <= NEAR_THE_END * largest
        report(change, target)
        if change <= max(target, ROUNDING * largest):
            return backup, choice, made
        chosen = hash(choice.tobytes())
        if made > 1 and (chosen in seen or not improved):
            break
        seen.add(chosen)
        chain = chain_of_policy(rows, policy, bonus)
        evaluated = np.asarray(factorise(transition_of_chain(chain)).solve(chain.reward))
        value = evaluated if made == 1 else np.maximum(value, evaluated)
    return value, choice, made


@compiled
def improve(rows, value, choice, policy, keeps_ties):
    """Exchange actions for better ones, in ``choice (S,)`` and one-hot ``policy (S, A)``.

    Returns the backup ``T value``, its largest change and largest magnitude, and the number of
    states with a strictly better action.
    """
    starts, columns, weights, reward = rows
    actions, row = count(reward.shape[1]), count(0)
    backup, change, largest, improved = np.empty(value.size), 0.0, 0.0, 0
    for state in range(count(value.size)):
        best, held, chosen, holds = -np.inf, -np.inf, count(0), choice[state]
        for action in range(actions):
            total = reward[state, action]
            for entry in range(starts[row], starts[row + ONE]):
                total += weights[entry] * value[columns[entry]]
            if total > best:
                best, chosen = total, action
            if action == holds:
                held = total
            row += ONE
        backup[state] = best
        gap = abs(best - value[state])
        change = gap if gap > change or gap != gap else change  # not max: a NaN must show
        largest = max(largest, abs(best))
        is_better = best > held + ROUNDING * abs(best)
        if is_better or not keeps_ties:
            policy[state, holds], policy[state, chosen] = 0.0, 1.0
            choice[state] = chosen
        improved += is_better
    return backup, change, largest, improved
