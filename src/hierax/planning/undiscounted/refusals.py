"""Models whose undiscounted value is not finite, or not defined, and the states that show it."""

import numpy as np

from hierax.planning.undiscounted.collapse import Collapsed
from hierax.planning.undiscounted.components import end_components, surely_ending
from hierax.planning.undiscounted.pairs import Pairs

SWEEPS = 100_000
"""Largest number of backups that look for the mean reward of a cycle."""
CURE = "use a discount below 1, or solve_average_reward"


def require_ends(found: Collapsed) -> np.ndarray:
    """Return a policy that ends from each node; raise ValueError where the optimum is not finite.

    Raises:
        ValueError: if a policy could earn for ever, rewards of a cycle add up to 0, or no policy
            ends from a state; the message names a state.
    """
    _require_no_gain(found)
    can_end, choice = surely_ending(found.pairs)
    if not can_end.all():
        raise ValueError(
            "with discount 1 a policy must be able to end with probability 1 from every state, got "
            f"none at state {_state(found, ~can_end)}: let it enter a state with discount 0, or "
            "one that every action keeps with reward 0"
        )
    return choice


def _require_no_gain(found: Collapsed) -> None:
    """Raise unless all policies that never end lose for ever."""
    pairs = found.pairs
    label, stays = end_components(pairs, np.ones(pairs.node.size, bool))
    if not (pairs.reward[stays] > 0.0).any():  # no cycle is without reward, so each has costs
        return
    low, high = _mean_rewards(pairs, label, stays)
    for component in range(low.size):
        if high[component] < 0.0:
            continue
        state = _state(found, label == component)
        if low[component] > 0.0:
            raise ValueError(
                f"with discount 1 no policy may earn for ever, got one at state {state} with a "
                f"mean reward of {low[component]:.6g} or more for each step: {CURE}"
            )
        raise ValueError(
            f"with discount 1 no policy may go on for ever without losing, got one at state "
            f"{state} whose rewards add up to 0 in the long run: {CURE}"
        )


def _mean_rewards(
    pairs: Pairs, label: np.ndarray, stays: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds on the largest mean reward of each component, as far as its sign is concerned.

    Relative value iteration with half of each step staying, which makes all chains aperiodic.
    """
    rows = np.flatnonzero(stays)
    inside = np.flatnonzero(label >= 0)
    starts = np.searchsorted(pairs.node[rows], inside)
    transition, reward = pairs.transition[rows][:, inside], pairs.reward[rows]
    member, count = label[inside], label.max() + 1
    value = np.zeros(inside.size)
    low, high = np.full(count, -np.inf), np.full(count, np.inf)
    for _ in range(SWEEPS):
        change = np.maximum.reduceat(reward + transition @ value, starts) - value
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(low, member, change)
        np.maximum.at(high, member, change)
        if ((high < 0.0) | (low > 0.0)).all():
            break
        if (high - low <= 1e-12 * np.abs(reward).max()).all():
            break
        value += 0.5 * change
        value -= high[member] * 0.5
    return low, high


def _state(found: Collapsed, nodes: np.ndarray) -> int:
    """Return the first state of the model that belongs to one of these nodes."""
    return int(np.flatnonzero(nodes[found.node])[0])
