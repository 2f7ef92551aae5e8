"""Tables of a model whose steps are given by a function of arrays of states."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from hierax.planning import model_checks

VectorStep = Callable[[np.ndarray, int], Any]
_SHAPES = "probability (S, K), next state (S, K), reward (S, K) or (S,)[, ends (S, K)]"


class Outcomes(NamedTuple):
    """K outcomes of an action in each state; an outcome that ends leads to state S."""

    probability: np.ndarray
    following: np.ndarray
    gain: np.ndarray


def tabulate(states: int, actions: int, step: VectorStep) -> tuple[sp.csr_matrix, np.ndarray, bool]:
    """Return CSR ``(S*A, S)``, expected reward ``(S, A)``, and whether an end was added to S."""
    outcomes = [
        _outcomes(step(np.arange(states), action), states, action) for action in range(actions)
    ]
    has_end = any(((o.following == states) & (o.probability > 0.0)).any() for o in outcomes)
    most = max(o.following.shape[1] for o in outcomes)
    total = states + has_end
    probability = np.zeros((total, actions, most))
    following = np.zeros((total, actions, most), np.int32 if total < 2**31 else np.int64)
    reward = np.zeros((total, actions))
    for action, found in enumerate(outcomes):
        width = found.following.shape[1]
        probability[:states, action, :width] = found.probability
        following[:states, action, :width] = np.minimum(found.following, total - 1)
        reward[:states, action] = found.gain
    if has_end:
        probability[states, :, 0], following[states] = 1.0, states
    starts = most * np.arange(total * actions + 1)
    shape = (total * actions, total)
    table = sp.csr_matrix((probability.ravel(), following.ravel(), starts), shape=shape)
    table.sum_duplicates()
    table.eliminate_zeros()
    return table, reward, has_end


def _outcomes(given: Any, states: int, action: int) -> Outcomes:
    """Return checked outcomes of an action."""
    if not isinstance(given, tuple) or len(given) not in (3, 4):
        raise ValueError(
            f"step must return {_SHAPES}, got {type(given).__name__} for action {action}"
        )
    probability, following, reward = (np.asarray(each) for each in given[:3])
    ends = np.asarray(given[3], bool) if len(given) == 4 else np.zeros(following.shape, bool)
    shape = probability.shape
    fits = len(shape) == 2 and shape[0] == states and shape == following.shape == ends.shape
    if not fits or reward.shape not in (shape, shape[:1]) or following.dtype.kind not in "iu":
        found = ", ".join(f"{each.dtype} {each.shape}" for each in (probability, following, reward))
        raise ValueError(
            f"step must return {_SHAPES} with integers as next states and S = {states}, got "
            f"{found} for action {action}"
        )
    wrong = (probability > 0.0) & ~ends & ((following < 0) | (following >= states))
    if wrong.any():
        state, outcome = model_checks.first(wrong)
        raise ValueError(
            f"next state must be from 0 to {states - 1}, got {following[state, outcome]} at state "
            f"{state}, action {action}, outcome {outcome}"
        )
    weight = np.where(probability > 0.0, reward if reward.ndim == 2 else reward[:, None], 0.0)
    kept = np.where(probability == 0.0, 0, np.where(ends, states, following))
    return Outcomes(probability, kept, (probability * weight).sum(axis=1))
