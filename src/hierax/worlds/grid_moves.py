"""Transition matrices of moves on a map: steps, slips, bumps and wormholes."""

import dataclasses
from typing import Any

import numpy as np
import scipy.sparse as sp

from hierax.worlds.grid_map import Cell, GridMap
from hierax.worlds.world_checks import check_below_one

# Change of row and column; rows count downward.
MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


@dataclasses.dataclass(frozen=True)
class GridMoves:
    """The actions of a grid world: up, down, left, right, and optionally stay and wormhole.

    A slip leads in one of the *other* directions with equal probability. The actions stay and
    wormhole never slip, and no slip leads through a wormhole.

    Attributes:
        slip: probability in [0, 1) that a move slips.
        stay: whether there is an action *stay*.
        bump: if True, all four moves are available everywhere and a move into a wall does not
            change the state; a slip is one of the other three moves, bumps included. If False,
            only moves into free cells are available; a slip is one of the other available moves,
            and the only move of a cell never slips.
        wormholes: pairs of cells. The action *wormhole*, available only there, leads from each
            cell of a pair to the other.

    Raises:
        ValueError: if ``slip`` is not in [0, 1), or ``wormholes`` are not pairs of cells.
    """

    slip: float = 0.0
    stay: bool = True
    bump: bool = False
    wormholes: tuple[tuple[Cell, Cell], ...] = ()

    def __post_init__(self) -> None:
        check_below_one("slip", self.slip)
        if not all(map(_is_pair_of_cells, self.wormholes)):
            raise ValueError(
                f"wormholes must be pairs of cells (row, column), got {self.wormholes!r}"
            )

    def matrices(self, grid_map: GridMap) -> dict[str, sp.csr_matrix]:
        """Return the transition matrix ``(S, S)`` of each action by name.

        States are the free cells in reading order. A row is empty where the action is not
        available.

        Raises:
            ValueError: if a wormhole end is not free or is used twice, or a cell has no action.
        """
        targets, exists = _steps(grid_map, self.bump)
        matrices = {
            name: _transition(targets, _slip_weights(exists, move, self.slip))
            for move, name in enumerate(MOVES)
        }
        if self.stay:
            matrices["stay"] = sp.csr_matrix(sp.identity(len(targets)))
        if self.wormholes:
            matrices["wormhole"] = _wormhole_transition(self.wormholes, grid_map, len(targets))
        _refuse_stuck(matrices, grid_map)
        return matrices


def _is_pair_of_cells(pair: Any) -> bool:
    return np.shape(pair) == (2, 2)


def _steps(grid_map: GridMap, bump: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the next state of each move and whether the move exists, both ``(S, 4)``."""
    cells = grid_map.cells()
    states = np.arange(len(cells))
    state_of = np.full(np.add(grid_map.free.shape, 2), -1)  # with a wall around the map
    state_of[1:-1, 1:-1][grid_map.free] = states
    rows, columns = cells.T + 1
    ahead = [state_of[rows + down, columns + right] for down, right in MOVES.values()]
    targets = np.stack(ahead, axis=1)
    if bump:
        return np.where(targets < 0, states[:, None], targets), np.ones(targets.shape, dtype=bool)
    return targets, targets >= 0


def _slip_weights(exists: np.ndarray, move: int, slip: float) -> np.ndarray:
    """Return the probability of each direction if ``move`` is chosen, ``(S, 4)``.

    A row is zero where ``move`` does not exist.
    """
    others = exists.sum(axis=1) - exists[:, move]
    weights = np.where(exists, (slip / np.maximum(others, 1))[:, None], 0.0)
    weights[:, move] = np.where(others > 0, 1.0 - slip, 1.0)
    return weights * exists[:, [move]]


def _transition(targets: np.ndarray, weights: np.ndarray) -> sp.csr_matrix:
    """Return the matrix ``(S, S)`` that leads to ``targets[s, d]`` with ``weights[s, d]``."""
    possible = weights > 0
    rows = np.concatenate([[0], np.cumsum(possible.sum(axis=1))])
    parts = (weights[possible], targets[possible], rows)
    matrix = sp.csr_matrix(parts, shape=(len(targets), len(targets)))
    matrix.sum_duplicates()  # adds up several bumps in one cell
    return matrix


def _wormhole_transition(
    wormholes: tuple[tuple[Cell, Cell], ...], grid_map: GridMap, states: int
) -> sp.csr_matrix:
    """Return the matrix ``(S, S)`` that leads from each wormhole end to the other one."""
    cells = [cell for pair in wormholes for cell in pair]
    ends = np.array([grid_map.state_at("wormhole end", cell) for cell in cells])
    if len(np.unique(ends)) != len(ends):
        raise ValueError(f"wormholes must have ends in different cells, got {wormholes!r}")
    others = ends.reshape(-1, 2)[:, ::-1].ravel()
    return sp.csr_matrix((np.ones(len(ends)), (ends, others)), shape=(states, states))


def _refuse_stuck(matrices: dict[str, sp.csr_matrix], grid_map: GridMap) -> None:
    choices = sum(matrix.getnnz(axis=1) for matrix in matrices.values())
    stuck = np.flatnonzero(choices == 0)
    if len(stuck):
        row, column = grid_map.cells()[stuck[0]]
        raise ValueError(
            f"every cell must have an action, but cell ({row}, {column}) has none: open a "
            "neighbouring cell, or use stay=True or bump=True"
        )
