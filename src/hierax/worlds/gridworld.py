"""Grid worlds: tabular worlds whose states are the free cells of a map.

| | |
|---|---|
| state | a free cell, in reading order, with the name ``"(row,column)"`` |
| actions | up, down, left, right, and optionally stay and wormhole |
| available | moves into free cells; with ``bump`` all four moves everywhere (`GridMoves`) |
| slip | a move goes in one of the other directions instead (`GridMoves`) |
| reward | 1, by one of the rules of `hierax.worlds.tabular` |
| termination | never, except with the reward rule ``"terminal"`` |
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage

from hierax.planning.mdp import TabularMDP
from hierax.worlds.grid_map import Cell, GridMap
from hierax.worlds.grid_moves import GridMoves
from hierax.worlds.tabular import RewardRule, TabularWorld, goal_task, join_actions
from hierax.worlds.world_checks import check_below_one


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GridWorld(TabularWorld):
    """A tabular world on a map.

    Bottlenecks are the doors of the map (`GridMap.doors`) in reading order. Clusters are the rooms
    between the doors, numbered in reading order; doors have label -1. In a drawing, cells are
    unit squares with row 0 at the top.

    Attributes:
        cells: ``(S, 2)`` row and column of each state.
        free: ``(rows, columns)`` bool, True for free cells.
    """

    cells: Int[np.ndarray, "S 2"]
    free: Bool[np.ndarray, "rows columns"]

    @property
    def text(self) -> str:
        """The map in the text format of `from_text`, without wormholes."""
        start = None if self.start is None else self._cell(self.start)
        return GridMap(self.free, start, self._cell(self.goal)).text()

    def state_at(self, cell: Cell) -> int:
        """Return the state of a cell (row, column); raise ValueError unless it is free."""
        return GridMap(self.free).state_at("cell", cell)

    def _cell(self, state: int) -> Cell:
        return int(self.cells[state, 0]), int(self.cells[state, 1])

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        start: Cell | None = None,
        goal: Cell | None = None,
        slip: float = 0.0,
        stay: bool = True,
        bump: bool = False,
        wormholes: Sequence[tuple[Cell, Cell]] = (),
        reward: RewardRule = "stay",
        discount: float = 0.99,
        sparse: bool | None = None,
        name: str = "GridWorld",
    ) -> "GridWorld":
        """Build a world from a map of ``#`` or ``w`` (wall), ``.`` or blank (free), S and G.

        `hierax.worlds.map_text` describes the text format.

        Args:
            text: one line for each row.
            start: cell (row, column) that replaces the map's ``S``. Without a start, the initial
                state is uniform over all cells.
            goal: cell (row, column) that replaces the map's ``G``.
            slip: probability in [0, 1) that a move slips (`GridMoves`).
            stay: whether there is an action *stay*.
            bump: whether a move into a wall is available (and does not change the state).
            wormholes: pairs of cells that the action *wormhole* connects.
            reward: reward rule of `hierax.worlds.tabular`.
            discount: discount of every step, in [0, 1).
            sparse: whether the model is stored sparse; None decides by size.
            name: name of the world.

        Raises:
            ValueError: if the text is not a map, an argument is out of range, there is no goal,
                or a cell has no action.
        """
        drawn = GridMap.from_text(text)
        grid_map = GridMap(
            drawn.free,
            drawn.start if start is None else start,
            drawn.goal if goal is None else goal,
        )
        moves = GridMoves(slip, stay, bump, tuple(wormholes))
        return cls.from_map(grid_map, moves, reward, discount, sparse=sparse, name=name)

    @classmethod
    def from_map(
        cls,
        grid_map: GridMap,
        moves: GridMoves,
        reward: RewardRule = "stay",
        discount: float = 0.99,
        *,
        sparse: bool | None = None,
        name: str = "GridWorld",
    ) -> "GridWorld":
        """Build a world from a `GridMap`; arguments and errors are as in `from_text`."""
        if grid_map.goal is None:
            raise ValueError(
                "the map must have a goal: mark a cell with 'G' or set goal=(row, column)"
            )
        goal = grid_map.state_at("goal", grid_map.goal)
        start = None if grid_map.start is None else grid_map.state_at("start", grid_map.start)
        discount = check_below_one("discount", discount)
        matrices = moves.matrices(grid_map)
        available = np.stack([matrix.getnnz(axis=1) > 0 for matrix in matrices.values()], axis=1)
        bare = TabularMDP.from_arrays(
            join_actions(list(matrices.values()), sparse),
            np.zeros(available.shape),
            discount,
            layout="ass",
            initial=start,
            available=available,
        )
        cells, doors = grid_map.cells(), grid_map.doors()
        rooms, _ = ndimage.label(grid_map.free & ~doors)
        return cls(
            name=name,
            mdp=goal_task(bare, goal, reward, discount, tuple(matrices)),
            state_names=_names(cells),
            action_names=tuple(matrices),
            coordinates=_drawing(cells, len(grid_map.free)),
            start=start,
            goal=goal,
            bottlenecks=np.flatnonzero(doors[grid_map.free]),
            clusters=rooms[grid_map.free] - 1,
            reward=reward,
            discount=discount,
            cells=cells,
            free=grid_map.free,
        )


def _names(cells: np.ndarray) -> tuple[str, ...]:
    rows, columns = cells[:, 0].tolist(), cells[:, 1].tolist()
    return tuple(f"({row},{column})" for row, column in zip(rows, columns, strict=True))


def _drawing(cells: np.ndarray, rows: int) -> np.ndarray:
    """Return coordinates of cells ``(S, 2)``, x to the right and y up."""
    return np.stack([cells[:, 1], rows - 1 - cells[:, 0]], axis=1).astype(float)
