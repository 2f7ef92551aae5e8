"""What bodies in the mazes of HIRO and NORL share: the maze, the goals and the reward.

After the release that goes with Nachum, Gu, Lee and Levine (2018), "Data-efficient hierarchical
reinforcement learning", and Nachum et al. (2019), "Near-optimal representation learning for
hierarchical reinforcement learning". Today's physics is not that of their time, so episodes are
like theirs in kind and not in every number.
"""

import abc
import dataclasses
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Literal, TypeAlias

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import View
from hierax.worlds.world_checks import are_finite
from hierax.worlds.mujoco.mazes.layout import MazeMap
from hierax.worlds.mujoco.mazes.props import BLOCK, add_maze
from hierax.worlds.mujoco.mazes.tasks import TASKS, MazeTask, Place
from hierax.worlds.mujoco.mazes.top_down import PIXELS, TopDown
from hierax.worlds.mujoco.vision import GOAL_COLOUR, Mark, Outlook
from hierax.worlds.mujoco.world import Array, Beginning, Memory, MujocoWorld, Readings, Verdict

Goal: TypeAlias = tuple[float, ...] | Literal["multi"]

_TIME_SCALE = 0.001
_GOAL, _NEAR = (*GOAL_COLOUR, 1.0), (*GOAL_COLOUR, 0.35)
_CROWD = 4.0  # no pixel is covered more often in pictures with the error of the release


@dataclasses.dataclass(frozen=True)
class MazeWorld(MujocoWorld):
    """A body is paid for being near a goal, or for a block being there.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y of the torso (m) |
    | view ``"height"`` | (1,): z of the torso (m) |
    | view ``"block"`` | (3,): x, y, z of the block's centre (m); where goals are a block's |
    | view ``"proprioception"`` | what the body feels of itself, see its class |
    | view ``"image"`` | (5, 5, 3): the maze from above, see `TopDown`; in worlds with images |
    | view ``"time"`` | (1,): steps taken, divided by 1000 |
    | view ``"goal"`` | (2,), in Fall (3,): of the goal (m); from the torso in worlds with images |
    | reward | ``-sqrt(d^2 + 1e-10)``, d the distance (m) from the goal after the step |
    | begin | about (0, 0), see the body's class; blocks at rest |
    | end | never; cut off after ``episode_limit`` steps |
    | success | d < 5 at the last step, where cells are 8 m long |

    | maze | in the way | goals ``"multi"`` | agents are judged at |
    |---|---|---|---|
    | ``"maze"`` | the middle wall of a U | [-4, 20]^2 | (16, 0), (16, 16), (0, 16) |
    | ``"push"`` | a block, to be pushed aside | [-16, 16] x [-4, 20] | (0, 19) |
    | ``"fall"`` | a chasm, to be filled | [-4, 12] x [-4, 28] x [0, 5] | (0, 27, 4.5) |
    | ``"block"`` | nothing; goals are a block's | [-4, 20]^2 | (16, 0), (16, 16), (0, 16) |
    | ``"block_maze"`` | a U; goals are a block's | [-4, 12] x [-4, 20] | (8, 0), (8, 16), (0, 16) |

    These, too, are metres where cells are 8 m long. Goals are uniform, in walls too. In worlds with
    images they count from where the torso is when the episode begins, so in Fall agents are judged
    at (0, 27, 0) there.

    Attributes:
        episode_limit: most steps of an episode.
        maze: one of those above.
        image: whether the maze is seen from above; not where goals are a block's.
        goal: that of every episode, or ``"multi"`` for one that is drawn in each.
        truncate: images with the error of the release, see `TopDown`.

    Raises:
        ValueError: where there is no such maze, the goal is neither ``"multi"`` nor in the box of
            goals, an image is asked for where there is none, a field is of another type, or the
            limit is no whole number above 0.
    """

    episode_limit: int = 500
    maze: str = "maze"
    image: bool = False
    goal: Goal = "multi"
    truncate: bool = False

    timestep = 0.02
    substeps = 5
    cell: ClassVar[float]
    """Edge of a cell (m)."""
    success_distance: ClassVar[float]
    """From the goal (m)."""
    feelings: ClassVar[int]
    """Size of the view ``"proprioception"``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.one_of("maze", self.maze, tuple(TASKS))
        checks.instance("image", self.image, bool)
        checks.instance("truncate", self.truncate, bool)
        if self.image and self.task.of_block:
            raise ValueError(f"image is True, but must be False in maze {self.maze!r}")
        if self.truncate and not self.image:
            raise ValueError("truncate is True, but must be False where there is no image")
        if not self._draws_goals:
            _check_goal(self.goal, self.task)

    @abc.abstractmethod
    def add_body(self, spec: mujoco.MjSpec) -> None:
        """Puts the body into an empty model, and sets how geoms touch each other in it."""

    @abc.abstractmethod
    def take_stance(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Positions and velocities of the body where an episode begins on a floor at z = 0."""

    @abc.abstractmethod
    def feel(self, now: Readings) -> Array:
        """The view ``"proprioception"``."""

    @cached_property
    def task(self) -> MazeTask:
        """The maze and its goals."""
        return TASKS[self.maze].in_cells_of(self.cell)

    @cached_property
    def layout(self) -> MazeMap:
        """Where things are."""
        return MazeMap(self.task.layout, self.cell)

    @cached_property
    def has_block(self) -> bool:
        """Whether something can be moved."""
        return self.layout.block is not None

    @property
    def evaluation_goals(self) -> tuple[Place, ...]:
        """Where agents are judged: a ``goal`` each for a world that is otherwise this one."""
        goals = self.task.evaluation_goals
        return tuple((x, y, *(0.0 for _ in z)) for x, y, *z in goals) if self.image else goals

    @property
    def outlook(self) -> Outlook:
        """Onto the maze as a whole."""
        rows, columns = self.layout.letters.shape
        x, y = self.layout.first
        middle = x + self.cell * (columns - 1) / 2.0, y + self.cell * (rows - 1) / 2.0, 0.0
        return Outlook(1.3 * self.cell * max(rows, columns), -65.0, at=middle)

    def marks(self, memory: Memory) -> Sequence[Mark]:
        """The goal, and how far success reaches."""
        x, y, *z = memory["goal"].tolist()
        ground = self.layout.ground
        place, thin = (x, y, *(z or [ground])), 0.01 * self.cell
        return [
            Mark("sphere", place, (0.08 * self.cell,), _GOAL),
            Mark("disc", (x, y, ground + thin), (self.success_distance, thin), _NEAR),
        ]

    def compose(self) -> mujoco.MjSpec:
        """The body and the maze."""
        spec = mujoco.MjSpec()
        self.add_body(spec)
        add_maze(spec, self.layout)
        # Cells side by side fill the tree of boxes that ought to spare pairs: without it an ant's
        # step takes 13 % less time, and goes the same way.
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_MIDPHASE
        return spec

    @property
    def views(self) -> tuple[View, ...]:
        """See the table."""
        low, high = self.task.low, self.task.high
        views = [View("position", (2,)), View("height", (1,))]
        if self.task.of_block:
            views.append(View("block", (3,)))
        views.append(View("proprioception", (self.feelings,)))
        if self.image:
            crowd = _CROWD if self.truncate else 1.0
            views.append(View("image", (PIXELS, PIXELS, 3), 0.0, crowd))
        views.append(View("time", (1,), 0.0, _TIME_SCALE * (self.episode_limit + 1)))
        least, largest = (-math.inf, math.inf) if self.image else (min(low), max(high))
        return (*views, View("goal", (len(low),), least, largest))

    def begin(self, random: np.random.Generator) -> Beginning:
        """See the table."""
        qpos, qvel = self.model.qpos0.copy(), np.zeros(self.model.nv)
        pose, motion = self.take_stance(random)
        qpos[: len(pose)], qvel[: len(motion)] = pose, motion
        qpos[2] += self.layout.ground
        if self._draws_goals:
            goal = random.uniform(self.task.low, self.task.high)
        else:
            goal = np.array(self.goal, np.float64)
        if self.image:
            goal = goal + qpos[: len(goal)]
        return Beginning(qpos, qvel, {"goal": goal})

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See the table."""
        seen = {
            "position": now.qpos[:, :2],
            "height": now.qpos[:, 2:3],
            "proprioception": self.feel(now),
            "time": _TIME_SCALE * now.steps[:, None],
            "goal": now.memory["goal"],
        }
        if self.task.of_block:
            seen["block"] = self._block(now)
        if self.image:
            block = self._block(now)[:, :2] if self.has_block else None
            seen["image"] = self._top_down(seen["position"], block)
            seen["goal"] = seen["goal"] - self._judged(now)
        return seen

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """Pays for being near."""
        xp = now.qpos.__array_namespace__()
        squared = ((self._judged(now) - now.memory["goal"]) ** 2).sum(axis=1)
        near = squared < self.success_distance**2
        return Verdict(-xp.sqrt(squared + 1e-10), xp.zeros_like(near), near, now.memory)

    @property
    def _draws_goals(self) -> bool:
        return isinstance(self.goal, str) and self.goal == "multi"

    @cached_property
    def _block_columns(self) -> np.ndarray:
        return self.columns(BLOCK)

    @cached_property
    def _top_down(self) -> TopDown:
        return TopDown(self.layout, self.truncate)

    def _block(self, now: Readings) -> Array:
        """``(N, 3)`` centre of the block."""
        return now.sensors[:, self._block_columns]

    def _judged(self, now: Readings) -> Array:
        """``(N, 2)`` or ``(N, 3)``: where that is which has a goal."""
        place = self._block(now) if self.task.of_block else now.qpos
        return place[:, : len(self.task.low)]


def _check_goal(goal: Goal, task: MazeTask) -> None:
    """Raises ValueError for what is no goal."""
    size = len(task.low)
    if not are_finite(goal, size):
        raise ValueError(f"goal is {goal!r}, but must be 'multi' or a tuple of {size} numbers")
    if not all(a <= x <= b for a, x, b in zip(task.low, goal, task.high, strict=True)):
        raise ValueError(f"goal is {goal}, but must lie between {task.low} and {task.high}")
