"""Baselines without training: sub-goal options and eigenoptions.

The hallway options of Sutton, Precup & Singh (1999) are the sub-goal options of the hallway cells.
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
"""Accuracy of the plans, and the relative difference of action values that count as equal."""


def subgoal_options(mdp: TabularMDP, subgoals: Any) -> Option:
    """Return one option per sub-goal: a discounted shortest path to it from every state.

    The policy is uniform over the best actions, and the option ends at the sub-goal. An option that
    starts at its sub-goal leaves and returns, because it takes at least one step.

    Args:
        mdp: the model in which they run; its reward is not used.
        subgoals: ``(K,)`` states.

    Returns:
        A stack of ``K`` options.

    Raises:
        ValueError: if a sub-goal is not a state.
    """
    mdp = as_model(mdp)
    states = np.asarray(subgoals)
    if states.ndim != 1 or states.size == 0 or states.dtype.kind not in "iu":
        raise ValueError(
            "subgoals must be a list of at least one state index, got shape "
            f"{states.shape} and type {states.dtype}"
        )
    if (states < 0).any() or (states >= mdp.states).any():
        wrong = states[(states < 0) | (states >= mdp.states)][0]
        raise ValueError(f"subgoals must hold states from 0 to {mdp.states - 1}, got {wrong}")
    ends = np.eye(mdp.states)[states]
    return Option(np.stack([_way_to(mdp, end) for end in ends]), ends)


def eigenoptions(mdp: TabularMDP, count: int) -> Option:
    """Return options that ascend and descend the smoothest eigenvectors of the state graph.

    The eigenvectors are those of the combinatorial Laplacian of the (undirected) transition graph,
    in order, without the constant one and each with both signs. Option ``±e`` maximises the
    discounted sum of ``e(t) - e(s)`` and ends where no gain is possible (Machado et al. 2017).

    Args:
        mdp: the model in which they run; its reward is not used.
        count: number of options ``K``.

    Returns:
        A stack of ``K`` options.

    Raises:
        ValueError: if ``count`` is below 1, the graph has fewer eigenvectors, or it is not
            connected.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    if count > 2 * (mdp.states - 1):
        raise ValueError(
            f"count must be at most {2 * (mdp.states - 1)}, the eigenoptions of a graph of "
            f"{mdp.states} states, got {count}"
        )
    if csgraph.connected_components(mdp.adjacency(), directed=False)[0] > 1:
        raise ValueError(
            "mdp must have a connected graph for eigenoptions, got one of several parts"
        )
    vectors = slowest_eigenvectors(mdp, 1, (count + 1) // 2)
    signed = [sign * vector for vector in vectors.T for sign in (1.0, -1.0)]
    found = [_climb(mdp, potential) for potential in signed[:count]]
    return Option(*(np.stack(tables) for tables in zip(*found, strict=True)))


def _way_to(mdp: TabularMDP, end: np.ndarray) -> np.ndarray:
    """Return the policy ``(S, A)`` of discounted shortest paths to ``end (S,)``, a one-hot."""
    task = mdp.with_discount(mdp.discount * (1.0 - end)).with_reward(on_pairs(mdp, end))
    return np.asarray(
        uniform_over_best(solve_bellman(task, tolerance=TOLERANCE).action_value, TIED)
    )


def _climb(mdp: TabularMDP, potential: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return policy ``(S, A)`` and termination ``(S,)`` of the option that raises ``potential``.

    Stopping is an additional action with reward 0 that ends the task.
    """
    gain = on_pairs(mdp, potential) - potential[:, None]
    stay = np.broadcast_to(np.eye(mdp.states)[:, None], (mdp.states, 1, mdp.states))
    moves = dense(mdp.transition, mdp.available)
    ending = np.zeros_like(stay)
    discounts = np.broadcast_to(mdp.discount, moves.shape)
    problem = TabularMDP.from_arrays(
        np.concatenate([moves, stay], axis=1),
        np.concatenate([gain, np.zeros((mdp.states, 1))], axis=1),
        np.concatenate([discounts, ending], axis=1),
        layout="sas",
        available=np.concatenate([mdp.available, np.ones((mdp.states, 1), bool)], axis=1),
    )
    going = solve_bellman(problem, tolerance=TOLERANCE).action_value[:, :-1]
    gains_nothing = going.max(axis=1) <= TIE * np.abs(potential).max()
    return np.asarray(uniform_over_best(going, TIED)), gains_nothing.astype(float)
