"""Gain, bias and recurrent classes of a policy."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse import csgraph

from hierax.planning import model_checks
from hierax.planning.backend import is_traced
from hierax.planning.evaluation import state_transition
from hierax.planning.linear import factorise
from hierax.planning.mdp import TabularMDP, as_model

TRANSIENT = -1


class AverageReward(NamedTuple):
    """The earnings of a policy in the long run.

    Attributes:
        gain: ``(S,)`` average reward of a step from each state on, in units of reward.
        bias: ``(S,)`` expected sum of rewards less the gain, in the same units. Its mean over each
            recurrent class is 0.
        classes: ``(S,)`` number of the recurrent class of each state; -1 for a transient one.
    """

    gain: np.ndarray
    bias: np.ndarray
    classes: np.ndarray


def evaluate_average_reward(mdp: TabularMDP, policy: Any) -> AverageReward:
    """Return gain and bias of a policy (Puterman 1994, section 8.2); the discount is ignored.

    Args:
        mdp: the model; chains may have several recurrent classes, and be periodic.
        policy: ``(S, A)`` probabilities, or integers ``(S,)``.

    Returns:
        An `AverageReward`.

    Raises:
        ValueError: if the policy does not fit the model, or under a JAX transformation.
    """
    mdp = concrete(mdp, policy)
    table = np.asarray(model_checks.policy_table("policy", policy, mdp.available))
    return of_chain(
        sp.csr_matrix(state_transition(mdp.transition, table)), (table * mdp.reward).sum(axis=1)
    )


def concrete(mdp: Any, *more: Any) -> TabularMDP:
    """Return a model on the host; raise under a JAX transformation."""
    mdp = as_model(mdp, discounted=False)
    if is_traced(mdp, *more):
        raise ValueError(
            "average rewards must be computed on concrete arrays, got a call under jit, grad or "
            "vmap"
        )
    return mdp


def of_chain(transition: sp.csr_matrix, reward: np.ndarray) -> AverageReward:
    """Return gain and bias of a chain ``(S, S)`` with rewards ``(S,)``.

    In each recurrent class one state is left out. Visits of the others between two visits of it
    give the stationary distribution, and the bias relative to it solves the transposed system.
    """
    classes = recurrent_classes(transition)
    gain, bias = np.zeros(reward.size), np.zeros(reward.size)
    _, first = np.unique(np.where(classes >= 0, classes, classes.max() + 1), return_index=True)
    left_out = first[: classes.max() + 1]
    others = np.flatnonzero(classes >= 0)
    others = others[~np.isin(others, left_out)]
    count, of_others = left_out.size, classes[others]
    share = np.ones(count), np.zeros(others.size)
    if others.size:
        system = factorise(sp.csr_matrix(transition[others][:, others]))
        entered = np.asarray(transition[left_out][:, others].sum(axis=0)).ravel()
        visits = np.maximum(system.solve_transposed(entered), 0.0)
        total = 1.0 + np.bincount(of_others, visits, count)
        share = 1.0 / total, visits / total[of_others]
        gains = share[0] * reward[left_out] + np.bincount(
            of_others, share[1] * reward[others], count
        )
        bias[others] = system.solve(reward[others] - gains[of_others])
        mean = np.bincount(of_others, share[1] * bias[others], count)
    else:
        gains, mean = reward[left_out], np.zeros(count)
    inside = classes >= 0
    gain[inside] = gains[classes[inside]]
    bias[inside] -= mean[classes[inside]]
    _add_transient(transition, reward, np.flatnonzero(~inside), gain, bias)
    return AverageReward(gain, bias, classes)


def recurrent_classes(transition: sp.csr_matrix) -> np.ndarray:
    """Return the recurrent class of each state, numbered by their first states; -1 for none."""
    count, label = csgraph.connected_components(transition, connection="strong")
    rows = np.repeat(np.arange(label.size), np.diff(transition.indptr))
    leaves = (transition.data > 0.0) & (label[rows] != label[transition.indices])
    is_open = np.bincount(label[rows[leaves]], minlength=count) > 0
    closed = np.where(is_open[label], TRANSIENT, label)
    inside = np.flatnonzero(closed >= 0)
    found, first, number = np.unique(closed[inside], return_index=True, return_inverse=True)
    order = np.empty(found.size, int)
    order[np.argsort(first)] = np.arange(found.size)
    classes = np.full(label.size, TRANSIENT)
    classes[inside] = order[number]
    return classes


def _add_transient(
    transition: sp.csr_matrix,
    reward: np.ndarray,
    states: np.ndarray,
    gain: np.ndarray,
    bias: np.ndarray,
) -> None:
    """Fill in gain and bias of transient states, from those of the recurrent ones."""
    if not states.size:
        return
    rows = sp.csr_matrix(transition[states])
    system = factorise(sp.csr_matrix(rows[:, states]))
    recurrent = np.delete(gain, states)
    if np.ptp(recurrent) == 0.0:
        gain[states] = recurrent[0]
    else:
        gain[states] = system.solve(rows @ gain)  # gain is still 0 in transient states
    bias[states] = system.solve(reward[states] - gain[states] + rows @ bias)
