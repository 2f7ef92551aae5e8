"""Libraries of options that nobody trained, to compare with: sub-goals and eigenoptions.

Options that lead to the hallways between rooms (Sutton, Precup & Singh 1999) are the sub-goal
options of the hallway cells.
"""

from typing import Any

import numpy as np
from scipy.sparse import csgraph

from hierax import checks
from hierax.planning.bellman import solve_bellman
from hierax.planning.mdp import TabularMDP, as_model, dense
from hierax.planning.operators import TIE, uniform_over_best
from hierax.planning.option_gradient.features import slowest_eigenvectors
from hierax.planning.option_gradient.intrinsic import on_pairs
from hierax.planning.options.option import Option

TOLERANCE, TIED = 1e-11, 1e-9
"""Accuracy of the plans, and the relative difference of action values that no plan can tell."""


def subgoal_options(mdp: TabularMDP, subgoals: Any) -> Option:
    """One option a sub-goal: go there from anywhere by the shortest discounted way, and end there.

    The policy is uniform over the best actions. Started at its sub-goal an option leaves and comes
    back, since an option takes at least one step.

    Args:
        mdp: the model in which they act; its reward plays no part.
        subgoals: ``(K,)`` states.

    Returns:
        A stack of ``K`` options.

    Raises:
        ValueError: where a sub-goal is no state.
    """
    mdp = as_model(mdp)
    states = np.asarray(subgoals)
    if states.ndim != 1 or states.size == 0 or states.dtype.kind not in "iu":
        raise ValueError(
            f"subgoals has shape {states.shape} and type {states.dtype}, but must be a list of at "
            "least one state index"
        )
    if (states < 0).any() or (states >= mdp.states).any():
        wrong = states[(states < 0) | (states >= mdp.states)][0]
        raise ValueError(f"subgoals holds {wrong}, but must hold states from 0 to {mdp.states - 1}")
    ends = np.eye(mdp.states)[states]
    return Option(np.stack([_way_to(mdp, end) for end in ends]), ends)


def eigenoptions(mdp: TabularMDP, count: int) -> Option:
    """Options that climb and descend the slowest eigenvectors of the graph of states.

    Of the combinatorial Laplacian of the (undirected) graph of moves the eigenvectors after the
    constant one are taken in order, each with both signs. Option ``±e`` maximises the discounted
    sum of ``e(t) - e(s)`` and ends where it cannot gain any more (Machado et al. 2017).

    Args:
        mdp: the model in which they act; its reward plays no part.
        count: number of options ``K``.

    Returns:
        A stack of ``K`` options.

    Raises:
        ValueError: where ``count`` is below 1, the graph has fewer eigenvectors, or it is not
            connected.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    if count > 2 * (mdp.states - 1):
        raise ValueError(
            f"count is {count}, but a graph of {mdp.states} states has {2 * (mdp.states - 1)} "
            "eigenoptions"
        )
    if csgraph.connected_components(mdp.adjacency(), directed=False)[0] > 1:
        raise ValueError(
            "mdp falls into parts with no way between them, where options climb nothing"
        )
    vectors = slowest_eigenvectors(mdp, 1, (count + 1) // 2)
    signed = [sign * vector for vector in vectors.T for sign in (1.0, -1.0)]
    found = [_climb(mdp, potential) for potential in signed[:count]]
    return Option(*(np.stack(tables) for tables in zip(*found, strict=True)))


def _way_to(mdp: TabularMDP, end: np.ndarray) -> np.ndarray:
    """The policy ``(S, A)`` that enters ``end (S,)``, a one-hot, as soon as discounting asks."""
    task = mdp.with_discount(mdp.discount * (1.0 - end)).with_reward(on_pairs(mdp, end))
    return np.asarray(
        uniform_over_best(solve_bellman(task, tolerance=TOLERANCE).action_value, TIED)
    )


def _climb(mdp: TabularMDP, potential: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Policy ``(S, A)`` and termination ``(S,)`` of gaining ``potential``, with leave to stop.

    Stopping is one more action, worth 0 and followed by nothing.
    """
    gain = on_pairs(mdp, potential) - potential[:, None]
    stay = np.broadcast_to(np.eye(mdp.states)[:, None], (mdp.states, 1, mdp.states))
    moves = dense(mdp.transition, mdp.available)
    ending = np.zeros_like(stay)
    discounts = np.broadcast_to(mdp.discount, moves.shape)
    problem = TabularMDP(
        np.concatenate([moves, stay], axis=1),
        np.concatenate([gain, np.zeros((mdp.states, 1))], axis=1),
        np.concatenate([discounts, ending], axis=1),
        available=np.concatenate([mdp.available, np.ones((mdp.states, 1), bool)], axis=1),
    )
    going = solve_bellman(problem, tolerance=TOLERANCE).action_value[:, :-1]
    gains_nothing = going.max(axis=1) <= TIE * np.abs(potential).max()
    return np.asarray(uniform_over_best(going, TIED)), gains_nothing.astype(float)
