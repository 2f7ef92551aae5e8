"""Libraries of options that nobody trained, to compare with: sub-goals, eigenoptions, random ones.

Options that lead to the hallways between rooms (Sutton, Precup & Singh 1999) are the sub-goal
options of the hallway cells.
"""

from typing import Any

import numpy as np
import scipy.linalg

from hierax.planning import checks
from hierax.planning.bellman import solve_bellman
from hierax.planning.mdp import TabularMDP, as_model, dense
from hierax.planning.operators import TIE, uniform_over_best
from hierax.planning.option_gradient.intrinsic import IntrinsicOptions, on_pairs
from hierax.planning.options.option import Option

REWARD_SPREAD, LOGIT_SPREAD = 0.1, 0.5
"""Options that begin alike stay alike, for they receive the same gradients: begin with noise."""
FIRST_LOGIT = -2.0
"""β is .12 at first: options of some eight steps, and a sigmoid that is not yet flat."""
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
        ValueError: where ``count`` is below 1 or the graph has fewer eigenvectors.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    if count > 2 * (mdp.states - 1):
        raise ValueError(
            f"count is {count}, but a graph of {mdp.states} states has {2 * (mdp.states - 1)} "
            "eigenoptions"
        )
    vectors = _slowest_eigenvectors(mdp, 1, (count + 1) // 2)
    signed = [sign * vector for vector in vectors.T for sign in (1.0, -1.0)]
    found = [_climb(mdp, potential) for potential in signed[:count]]
    return Option(*(np.stack(tables) for tables in zip(*found, strict=True)))


def random_options(mdp: TabularMDP, count: int, seed: Any = 0, **settings: Any) -> IntrinsicOptions:
    """Options as a training begins with them: rewards near 0, terminations near .12.

    Args:
        mdp: the model in which they act.
        count: number of options ``K``.
        seed: of the random numbers, as ``numpy.random.default_rng`` takes it.
        **settings: further arguments of `IntrinsicOptions`; with ``features`` the noise is in
            their weights.

    Raises:
        ValueError: where ``count`` is below 1.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    features = settings.get("features")
    size = mdp.states if features is None else np.shape(features)[-1]
    reward, logits = np.random.default_rng(seed).normal(size=(2, count, size))
    first = np.full(mdp.states, FIRST_LOGIT)
    if features is not None:
        first = np.linalg.lstsq(features, first)[0]
    return IntrinsicOptions(REWARD_SPREAD * reward, first + LOGIT_SPREAD * logits, **settings)


def laplacian_features(mdp: TabularMDP, count: int) -> np.ndarray:
    """The ``D`` smoothest eigenvectors of the graph of moves, ``(S, D)``; the first is constant.

    Features for `IntrinsicOptions`: what is learned on some goals then carries over to their
    neighbours (proto-value functions; Mahadevan & Maggioni 2007). Columns have mean square 1.

    Args:
        mdp: the model.
        count: number of features ``D``, at most ``S``.

    Raises:
        ValueError: where ``count`` is not between 1 and ``S``.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    if count > mdp.states:
        raise ValueError(f"count is {count}, but must be at most the {mdp.states} states")
    return np.sqrt(mdp.states) * _slowest_eigenvectors(mdp, 0, count)


def _slowest_eigenvectors(mdp: TabularMDP, first: int, count: int) -> np.ndarray:
    """``(S, count)`` eigenvectors of the Laplacian, with eigenvalues ascending from ``first``."""
    last = first + count - 1
    return scipy.linalg.eigh(_laplacian(mdp), subset_by_index=[first, last])[1]


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


def _laplacian(mdp: TabularMDP) -> np.ndarray:
    """``D - W`` of the undirected graph of moves between different states, ``(S, S)``."""
    moves = mdp.adjacency().toarray()
    weights = np.maximum(moves, moves.T)
    return np.diag(weights.sum(axis=1)) - weights
