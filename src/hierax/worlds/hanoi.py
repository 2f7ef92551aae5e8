"""The Tower of Hanoi as a tabular world.

The world of the first simulation of McNamee (2019), "Hierarchical model-based policy optimization",
section 4, with any number of discs.

| | |
|---|---|
| state | the peg (0, 1, 2) of each disc, smallest disc first; 3^n states |
| state index | the name as a number in base 3: ``int("110", 3)`` |
| actions | smallest disc clockwise, smallest disc anticlockwise, other disc, stay |
| available | *other disc* unless all discs are on one peg; the others everywhere |
| reward | 1, by one of the rules of `hierax.worlds.tabular` |
| termination | never, except with the reward rule ``"terminal"`` |

Between the two pegs without the smallest disc exactly one move is legal: the smaller of their top
discs moves to the other peg. With the two moves of the smallest disc, these are all legal moves.
Every move can be undone. Drawn with moves of length 1, the state graph is a Sierpinski triangle.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from hierax import checks
from hierax.planning.mdp import TabularMDP
from hierax.worlds.tabular import RewardRule, TabularWorld, goal_task, join_actions
from hierax.worlds.world_checks import StateIndex, check_below_one, check_state

HanoiState: TypeAlias = StateIndex | Sequence[int] | np.ndarray
"""Index of a state, or the peg of each disc with the smallest disc first."""

ACTION_NAMES = ("smallest clockwise", "smallest anticlockwise", "other disc", "stay")

# With more discs, 4 * 3^n transitions exceed the 32-bit indices of a sparse matrix.
MOST_DISCS = 18

# Corners of a triangle with unit sides: coordinates of the towers on pegs 0, 1, 2.
_CORNERS = np.array([[0.5, np.sqrt(0.75)], [0.0, 0.0], [1.0, 0.0]])


def tower_of_hanoi(
    discs: int = 3,
    reward: RewardRule = "stay",
    discount: float = 0.97,
    goal: HanoiState | None = None,
    start: HanoiState | None = None,
    sparse: bool | None = None,
) -> TabularWorld:
    """Build a Tower of Hanoi with ``discs`` discs.

    A cluster is the set of states with the largest disc on one peg. Bottlenecks are the states
    before and after the three moves of the largest disc (six states; three with one disc). The
    two between the clusters of start and goal come first, the others follow by index. From tower
    to tower these two are on the only shortest path, of 2^n - 1 moves.

    Args:
        discs: number of discs n, from 1 to 18.
        reward: reward rule of `hierax.worlds.tabular`.
        discount: discount of every step, in [0, 1).
        goal: index of a state, or the peg of each disc with the smallest disc first; None is the
            tower on peg 2.
        start: as ``goal``; None is the tower on peg 0.
        sparse: whether the model is stored sparse; None decides by size (sparse from 7 discs).

    Returns:
        The world. In its drawing every move has length 1. The towers are the corners of a
        triangle with sides 2^n - 1, peg 0 at the top and peg 2 at the right.

    Raises:
        ValueError: if an argument is out of range.
    """
    checks.count("discs", discs, 1)
    if discs > MOST_DISCS:
        raise ValueError(f"discs must be at most {MOST_DISCS}, got {discs}")
    discount = check_below_one("discount", discount)
    pegs = _pegs_of_states(discs)
    begin = 0 if start is None else _state_of("start", start, discs)
    end = len(pegs) - 1 if goal is None else _state_of("goal", goal, discs)
    matrices, available = _moves(pegs)
    bare = TabularMDP.from_arrays(
        join_actions(matrices, sparse),
        np.zeros(available.shape),
        discount,
        layout="ass",
        initial=begin,
        available=available,
    )
    return TabularWorld(
        name=f"Hanoi{discs}-v0",
        mdp=goal_task(bare, end, reward, discount, ACTION_NAMES),
        state_names=_names(pegs),
        action_names=ACTION_NAMES,
        coordinates=_sierpinski(pegs),
        start=begin,
        goal=end,
        bottlenecks=_cluster_exits(discs, int(pegs[begin, -1]), int(pegs[end, -1])),
        clusters=pegs[:, -1].astype(int),
        reward=reward,
        discount=discount,
    )


def _place_values(discs: int) -> np.ndarray:
    """Return the change of the state index when each disc moves one peg on, ``(discs,)``."""
    return 3 ** np.arange(discs - 1, -1, -1)


def _pegs_of_states(discs: int) -> np.ndarray:
    """Return the peg of each disc, smallest first, in each state, ``(3^discs, discs)``."""
    states = np.arange(3**discs)[:, None]
    return (states // _place_values(discs) % 3).astype(np.int8)


def _names(pegs: np.ndarray) -> tuple[str, ...]:
    """Return the name of each state, such as ``"110"``."""
    digits = np.ascontiguousarray(pegs.astype(np.uint8) + ord("0"))
    return tuple(digits.view(f"S{pegs.shape[1]}").ravel().astype(str).tolist())


def _moves(pegs: np.ndarray) -> tuple[list[sp.csr_matrix], np.ndarray]:
    """Return a matrix ``(S, S)`` for each action, and its availability ``(S, 4)``."""
    states = np.arange(len(pegs))
    place_values = _place_values(pegs.shape[1])
    smallest = pegs[:, 0].astype(int)
    off_peg = pegs != pegs[:, :1]
    has_other = off_peg.any(axis=1)
    other = off_peg.argmax(axis=1)
    other_peg = pegs[states, other].astype(int)
    # The pegs sum to 3, so the peg without either disc is 3 minus their pegs.
    other_step = (3 - smallest - 2 * other_peg) * place_values[other]
    successors = (
        states + ((smallest + 1) % 3 - smallest) * place_values[0],
        states + ((smallest + 2) % 3 - smallest) * place_values[0],
        states + other_step,
        states,
    )
    available = np.ones((len(states), len(successors)), dtype=bool)
    available[:, ACTION_NAMES.index("other disc")] = has_other
    matrices = [_deterministic(to, can) for to, can in zip(successors, available.T, strict=True)]
    return matrices, available


def _deterministic(successor: np.ndarray, available: np.ndarray) -> sp.csr_matrix:
    """Return the matrix ``(S, S)`` of a deterministic action."""
    states = len(successor)
    rows = np.concatenate([[0], np.cumsum(available)])
    parts = (np.ones(rows[-1]), successor[available], rows)
    return sp.csr_matrix(parts, shape=(states, states))


def _sierpinski(pegs: np.ndarray) -> np.ndarray:
    """Return coordinates ``(S, 2)`` at which every legal move has length 1.

    The peg of the largest disc selects one of three sub-triangles, the next disc a sub-triangle
    of it, and so on. With the largest disc on peg p, the tower of smaller discs on peg q is where
    the largest disc can move to the third peg. Inside the sub-triangle of p, peg q therefore has
    the corner that peg -p - q (mod 3) has outside. These maps compose to x -> a + b x.
    """
    coordinates = np.zeros((len(pegs), 2))
    offset, sign = np.zeros(len(pegs), dtype=int), 1
    for disc in range(pegs.shape[1] - 1, -1, -1):
        peg = pegs[:, disc].astype(int)
        coordinates += 2.0**disc * _CORNERS[(offset + sign * peg) % 3]
        offset, sign = offset - sign * peg, -sign
    return coordinates


def _cluster_exits(discs: int, first: int, last: int) -> np.ndarray:
    """Return the states in which the largest disc can move; ``first`` to ``last`` come first.

    The largest disc can move from peg p to peg q if all others are on the third peg.
    """
    tower = (3**discs - 1) // 2 - 1  # 11..10 in base 3: all but the largest disc on peg 1
    exits = {(p, q): tower * (3 - p - q) + p for p in range(3) for q in range(3) if p != q}
    chosen = [exits[first, last], exits[last, first]] if first != last else []
    return np.array(list(dict.fromkeys([*chosen, *sorted(exits.values())])))


def _state_of(name: str, state: HanoiState, discs: int) -> int:
    """Return the index of a state, given as an index or as the peg of each disc."""
    if not isinstance(state, Sequence | np.ndarray):
        return check_state(name, state, 3**discs)
    if np.shape(state) != (discs,) or not np.isin(state, (0, 1, 2)).all():
        raise ValueError(
            f"{name} must have a peg 0, 1 or 2 for each of {discs} discs, got {state!r}"
        )
    return int(np.dot(state, _place_values(discs)))
