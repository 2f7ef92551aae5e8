"""The mazes of HIRO and NORL and what is asked for in them.

After the release that goes with Nachum, Gu, Lee and Levine (2018), "Data-efficient hierarchical
reinforcement learning", and Nachum et al. (2019), "Near-optimal representation learning for
hierarchical reinforcement learning". Where the first one's appendix lists other free cells, this
has those of the release, which agree with each other.
"""

from typing import NamedTuple, TypeAlias

Place: TypeAlias = tuple[float, ...]
"""x and y, and z where the height counts."""

_CELL = 8.0


class MazeTask(NamedTuple):
    """A maze and its goals, in metres where cells are 8 m long, as they are for the ant.

    Attributes:
        layout: the maze, see `hierax.worlds.mujoco.mazes.layout`.
        low: least goal of an episode.
        high: the largest.
        evaluation_goals: where agents are judged.
        of_block: whether the goal is for the block, not for the body.
    """

    layout: str
    low: Place
    high: Place
    evaluation_goals: tuple[Place, ...]
    of_block: bool = False

    def in_cells_of(self, cell: float) -> "MazeTask":
        """The same task where cells are ``cell`` metres long."""
        low, high, *goals = (
            tuple(cell / _CELL * x for x in place)
            for place in (self.low, self.high, *self.evaluation_goals)
        )
        return self._replace(low=low, high=high, evaluation_goals=tuple(goals))


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
