"""The states that a policy keeps for ever: there its value is 0, or not finite."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from hierax.planning.undiscounted.components import end_components
from hierax.planning.undiscounted.pairs import Pairs, ending_pairs


def states_kept(model: Any, policy: np.ndarray, transition: Any, reward: np.ndarray) -> np.ndarray:
    """Return the states that a policy keeps for ever, ``(S,)`` bool.

    Args:
        model: a concrete model with discount 1.
        policy: ``(S, A)`` probabilities.
        transition: its discounted state transition ``(S, S)``.
        reward: its expected reward of a step ``(S,)``.

    Raises:
        ValueError: if one of them has a reward, so that the sum of rewards is not defined.
    """
    states = reward.size
    chain = sp.csr_matrix(transition)
    chain.eliminate_zeros()
    ends = np.any((policy > 0.0) & ending_pairs(model), axis=1)
    pairs = Pairs(np.arange(states), chain, reward, ends)
    kept = end_components(pairs, np.ones(states, bool))[0] >= 0
    wrong = kept & (reward != 0.0)
    if wrong.any():
        state = int(np.argmax(wrong))
        raise ValueError(
            "with discount 1 a policy must end, or go on without reward, got one that returns to "
            f"state {state} for ever with a reward of {reward[state]:.6g} there: use a discount "
            "below 1, or evaluate_average_reward"
        )
    return kept


def without_states_kept(transition: Any, kept: np.ndarray) -> Any:
    """Return a state transition ``(S, S)`` with empty rows where states are kept for ever."""
    if not kept.any():
        return transition
    if sp.issparse(transition):
        return sp.csr_matrix(sp.diags((~kept).astype(float)) @ transition)
    return np.where(kept[:, None], 0.0, transition)
