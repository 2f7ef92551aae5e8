"""The mazes of HIRO and NORL and their goals.

After the code released with Nachum, Gu, Lee and Levine (2018), "Data-efficient hierarchical
reinforcement learning", and Nachum et al. (2019), "Near-optimal representation learning for
hierarchical reinforcement learning". Some free cells in the appendix of the first paper differ
from both releases, which agree; the mazes here follow the releases.
"""

from typing import NamedTuple, TypeAlias

import numpy as np

from hierax.worlds.maze import Maze

Position: TypeAlias = tuple[float, ...]
"""x and y (m), and z in mazes where the height counts."""

_CELL = 8.0


class MazeTask(NamedTuple):
    """A maze and its goals, in metres for cells of 8 m (those of the ant).

    Attributes:
        layout: text of the maze, see `hierax.worlds.mujoco.mazes.layout`.
        low: lower bounds of goals.
        high: upper bounds of goals.
        evaluation_goals: goals for evaluation.
        of_block: whether the block, not the body, must reach the goal.
    """

    layout: str
    low: Position
    high: Position
    evaluation_goals: tuple[Position, ...]
    of_block: bool = False

    def scaled_to(self, cell: float) -> "MazeTask":
        """Return the same task for cells with an edge of ``cell`` (m)."""
        low, high, *goals = (
            tuple(cell / _CELL * x for x in position)
            for position in (self.low, self.high, *self.evaluation_goals)
        )
        return self._replace(low=low, high=high, evaluation_goals=tuple(goals))


def task_of(maze: Maze) -> MazeTask:
    """Return the task of a maze of `hierax.worlds.maze`, in its own units."""
    free = maze.grid_map.free
    letters = np.where(free, ".", "#")
    letters[maze.grid_map.start] = "S"
    if free[[0, -1]].any() or free[:, [0, -1]].any():
        letters = np.pad(letters, 1, constant_values="#")
    return MazeTask(
        " ".join("".join(row) for row in letters[::-1]),
        (maze.low, maze.low),
        (maze.high, maze.high),
        maze.evaluation_goals,
    )


TASKS: dict[str, MazeTask] = {
    "maze": MazeTask(
        "##### #S..# ###.# #...# #####",
        (-4.0, -4.0),
        (20.0, 20.0),
        ((16.0, 0.0), (16.0, 16.0), (0.0, 16.0)),
    ),
    "push": MazeTask(
        "##### #.S## #.B.# ##.## #####",
        (-16.0, -4.0),
        (16.0, 20.0),
        ((0.0, 19.0),),
    ),
    "fall": MazeTask(
        "#### #S.# #.F# #~~# #..# ####",
        (-4.0, -4.0, 0.0),
        (12.0, 28.0, 5.0),
        ((0.0, 27.0, 4.5),),
    ),
    "block": MazeTask(
        "##### #O..# #...# #...# #####",
        (-4.0, -4.0),
        (20.0, 20.0),
        ((16.0, 0.0), (16.0, 16.0), (0.0, 16.0)),
        of_block=True,
    ),
    "block_maze": MazeTask(
        "#### #O.# ##.# #..# ####",
        (-4.0, -4.0),
        (12.0, 20.0),
        ((8.0, 0.0), (8.0, 16.0), (0.0, 16.0)),
        of_block=True,
    ),
}
