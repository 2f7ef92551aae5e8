"""The Tower of Hanoi as a decision model over its state graph, whose drawing is Sierpinski's.

World of the first simulation of McNamee (2019), "Hierarchical model-based policy optimization",
section 4, for any number of discs.

| | |
|---|---|
| state | the peg (0, 1, 2) of each disc, smallest disc first; 3^n states |
| state index | the name read as a number in base 3: ``int("110", 3)`` |
| actions | smallest disc clockwise, smallest disc anticlockwise, other disc, stay |
| available | *other disc* is missing where all discs share a peg, all else everywhere |
| reward | 1 by one of the rules of `hierax.worlds.tabular` |
| end | never, except under reward ``"terminal"`` |

Exactly one move is legal between the two pegs that do not hold the smallest disc: their smaller
top disc goes onto the other peg. Together with the two moves of the smallest disc these are all
legal moves, so four actions cover the game. Every move can be undone.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from hierax import checks
from hierax.planning.mdp import TabularMDP
from hierax.worlds.tabular import RewardRule, TabularWorld, goal_task, join_actions
from hierax.worlds.world_checks import StateIndex, check_below_one, check_state

Place: TypeAlias = StateIndex | Sequence[int] | np.ndarray

ACTION_NAMES = ("smallest clockwise", "smallest anticlockwise", "other disc", "stay")

# With more discs, the 4 * 3^n transitions no longer fit the 32-bit indices of a sparse matrix.
MOST_DISCS = 18

# Where the towers on pegs 0, 1, 2 stand in a drawing: corners of a triangle with unit sides.
_CORNERS = np.array([[0.5, np.sqrt(0.75)], [0.0, 0.0], [1.0, 0.0]])


def tower_of_hanoi(
    discs: int = 3,
    reward: RewardRule = "stay",
    discount: float = 0.97,
    goal: Place | None = None,
    start: Place | None = None,
    sparse: bool | None = None,
) -> TabularWorld:
    """Builds the Tower of Hanoi with ``discs`` discs.

    Clusters are the states that share the peg of the largest disc. Bottlenecks are the ends of
    the three moves of the largest disc (six states; three with one disc). The two that join the
    cluster of the start to that of the goal come first, in this order, the others by index. For
    towers at start and goal these two lie on the one shortest path, of 2^n - 1 moves.

    Args:
        discs: number of discs n, from 1 to 18.
        reward: the rule by which the goal pays.
        discount: discount of every step, in [0, 1).
        goal: index of a state, or the peg of each disc with the smallest first; None is the
            tower on peg 2.
        start: as ``goal``; None is the tower on peg 0.
        sparse: whether the model is held sparse; None decides by size (sparse from 7 discs).

    Returns:
        The world. Its drawing is the Hanoi graph with moves of length 1: the towers are the
        corners of a triangle with sides 2^n - 1, peg 0 at the top and peg 2 at the right.

    Raises:
        ValueError: if an argument lies outside its range.
    """
    checks.count("discs", discs, 1)
    if discs > MOST_DISCS:
        raise ValueError(f"discs is {discs}, but must be at most {MOST_DISCS}")
    discount = check_below_one("discount", discount)
    pegs = _pegs_of_states(discs)
    begin = 0 if start is None else _state_of("start", start, discs)
    end = len(pegs) - 1 if goal is None else _state_of("goal", goal, discs)
    matrices, available = _moves(pegs)
    bare = TabularMDP(
        join_actions(matrices, sparse),
        np.zeros(available.shape),
        discount,
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
    """Returns ``(discs,)``: what a step of each disc to the next peg adds to the state index."""
    return 3 ** np.arange(discs - 1, -1, -1)


def _pegs_of_states(discs: int) -> np.ndarray:
    """Returns ``(3^discs, discs)``: the peg of each disc, smallest first, in each state."""
    states = np.arange(3**discs)[:, None]
    return (states // _place_values(discs) % 3).astype(np.int8)


def _names(pegs: np.ndarray) -> tuple[str, ...]:
    """Returns the digits of each state run together, such as ``"110"``."""
    digits = np.ascontiguousarray(pegs.astype(np.uint8) + ord("0"))
    return tuple(digits.view(f"S{pegs.shape[1]}").ravel().astype(str).tolist())


def _moves(pegs: np.ndarray) -> tuple[list[sp.csr_matrix], np.ndarray]:
    """Returns one ``(S, S)`` matrix for each action, and ``(S, 4)`` whether it is available."""
    states = np.arange(len(pegs))
    place_values = _place_values(pegs.shape[1])
    smallest = pegs[:, 0].astype(int)
    off_peg = pegs != pegs[:, :1]
    has_other = off_peg.any(axis=1)
    other = off_peg.argmax(axis=1)
    other_peg = pegs[states, other].astype(int)
    # The three pegs sum to 3, so the one that neither disc stands on is 3 minus the two.
    other_step = (3 - smallest - 2 * other_peg) * place_values[other]
    successors = (
        states + ((smallest + 1) % 3 - smallest) * place_values[0],
        states + ((smallest + 2) % 3 - smallest) * place_values[0],
        states + other_step,
        states,
    )
    available = np.ones((len(states), len(successors)), dtype=bool)
    available[:, ACTION_NAMES.index("other disc")] = has_other
    matrices = [_sure_moves(to, can) for to, can in zip(successors, available.T, strict=True)]
    return matrices, available


def _sure_moves(successor: np.ndarray, available: np.ndarray) -> sp.csr_matrix:
    """Returns the ``(S, S)`` matrix that leads each available state to its successor."""
    states = len(successor)
    rows = np.concatenate([[0], np.cumsum(available)])
    parts = (np.ones(rows[-1]), successor[available], rows)
    return sp.csr_matrix(parts, shape=(states, states))


def _sierpinski(pegs: np.ndarray) -> np.ndarray:
    """Returns ``(S, 2)`` places at which every legal move has length 1.

    The largest disc picks one of three sub-triangles, the next one a sub-triangle of it, and so
    on. The tower of smaller discs on peg q stands where the largest disc, on peg p, can move to
    the third peg; so, inside the sub-triangle at p, peg q points to where peg -p - q (mod 3)
    pointed outside it, and q = p to its own corner. These maps compose to x -> a + b x.
    """
    places = np.zeros((len(pegs), 2))
    offset, sign = np.zeros(len(pegs), dtype=int), 1
    for disc in range(pegs.shape[1] - 1, -1, -1):
        peg = pegs[:, disc].astype(int)
        places += 2.0**disc * _CORNERS[(offset + sign * peg) % 3]
        offset, sign = offset - sign * peg, -sign
    return places


def _cluster_exits(discs: int, first: int, last: int) -> np.ndarray:
    """Returns the states in which the largest disc can move, from ``first`` to ``last`` first.

    The largest disc moves from peg p to peg q if all others stand on the third peg.
    """
    tower = (3**discs - 1) // 2 - 1  # 11..10 in base 3: all but the largest disc on peg 1
    exits = {(p, q): tower * (3 - p - q) + p for p in range(3) for q in range(3) if p != q}
    chosen = [exits[first, last], exits[last, first]] if first != last else []
    return np.array(list(dict.fromkeys([*chosen, *sorted(exits.values())])))


def _state_of(name: str, place: Place, discs: int) -> int:
    """Returns the state index of an index or of the pegs of all discs, smallest first."""
    if not isinstance(place, Sequence | np.ndarray):
        return check_state(name, place, 3**discs)
    if np.shape(place) != (discs,) or not np.isin(place, (0, 1, 2)).all():
        raise ValueError(
            f"{name} is {place!r}, but must give a peg 0, 1 or 2 for each of {discs} discs"
        )
    return int(np.dot(place, _place_values(discs)))
