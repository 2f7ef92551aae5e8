"""Base class of the mazes of HIRO and NORL: the maze, the goals and the reward.

After the code released with Nachum, Gu, Lee and Levine (2018), "Data-efficient hierarchical
reinforcement learning", and Nachum et al. (2019), "Near-optimal representation learning for
hierarchical reinforcement learning". MuJoCo has changed since then, so trajectories differ from
theirs in detail.
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
from hierax.spec import GoalSpec, View
from hierax.worlds.maze import Maze, maze_of
from hierax.worlds.measures import within
from hierax.worlds.mujoco.draws import uniform
from hierax.worlds.mujoco.mazes.layout import MazeMap
from hierax.worlds.mujoco.mazes.maze_model import BLOCK, add_maze
from hierax.worlds.mujoco.mazes.maze_tasks import TASKS, MazeTask, Position, task_of
from hierax.worlds.mujoco.mazes.top_down import PIXELS, TopDown
from hierax.worlds.mujoco.mujoco_world import (
    Array,
    Data,
    InitialState,
    MujocoWorld,
    StepResult,
    TaskState,
)
from hierax.worlds.mujoco.vision import GOAL_COLOUR, Camera, Marker
from hierax.worlds.world import Timestep
from hierax.worlds.world_checks import are_finite

Goal: TypeAlias = tuple[float, ...] | Literal["multi"]

_TIME_SCALE = 0.001
_GOAL, _NEAR = (*GOAL_COLOUR, 1.0), (*GOAL_COLOUR, 0.35)
_MAX_OVERLAP = 4.0  # largest pixel value of images with the error of the released code


@dataclasses.dataclass(frozen=True)
class MazeWorld(MujocoWorld):
    """A maze with a goal for the body or for a block; the reward is the negative distance.

    | | |
    |---|---|
    | view ``"position"`` | (2,): x and y of the torso (m) |
    | view ``"height"`` | (1,): z of the torso (m) |
    | view ``"block"`` | (3,): x, y, z of the block's centre (m), if the goal is for the block |
    | view ``"proprioception"`` | the body's state, see its class |
    | view ``"image"`` | (5, 5, 3): the maze from above, see `TopDown`; in worlds with images |
    | view ``"time"`` | (1,): steps of the episode, divided by 1000 |
    | view ``"goal"`` | (2,), in Fall (3,): goal (m); relative to the torso in worlds with images |
    | reward | ``-sqrt(d^2 + 1e-10)``, d the distance (m) from the goal after the step |
    | initial state | near (0, 0), see the body's class; blocks at rest |
    | termination | never; truncated after ``episode_limit`` steps |
    | success | d < 5 at the last step, for cells of 8 m: five eighths of a cell |
    | further measure | ``"success_within_1.5"``: d < 1.5 at the last step, for cells of 8 m |

    | maze | obstacle | goals ``"multi"`` | evaluation goals |
    |---|---|---|---|
    | ``"maze"`` | the middle wall of a U | [-4, 20]^2 | (16, 0), (16, 16), (0, 16) |
    | ``"push"`` | a block to push aside | [-16, 16] x [-4, 20] | (0, 19) |
    | ``"fall"`` | a chasm to fill with a block | [-4, 12] x [-4, 28] x [0, 5] | (0, 27, 4.5) |
    | ``"block"`` | none; the goal is for a block | [-4, 20]^2 | (16, 0), (16, 16), (0, 16) |
    | ``"block_maze"`` | a U; for a block | [-4, 12] x [-4, 20] | (8, 0), (8, 16), (0, 16) |

    All numbers are metres for cells of 8 m. Goals are uniform, and may be inside walls. In worlds
    with images they are relative to the initial position of the torso, so the evaluation goal of
    Fall is (0, 27, 0) there.

    Attributes:
        episode_limit: steps after which an episode is truncated.
        maze: name of the maze, see the table.
        image: add the view ``"image"``; not in mazes whose goal is for the block.
        goal: the goal of every episode (m), or ``"multi"`` to draw one for each episode.
        truncate: draw images with an error of the released code, see `TopDown`.
        map: other walls in maze ``"maze"``: a name of `hierax.worlds.maze.LAYOUTS`, or a text with
            ``S`` and perhaps ``G``, see there. ``"multi"`` is then the goal of ``G``, or without
            one a point of a free cell.

    Raises:
        ValueError: if there is no such maze, the goal is neither ``"multi"`` nor within the bounds
            of goals (in a free cell of a map), the maze has no images, a field has a wrong type,
            the text is not a map, or the limit is not an integer of at least 1.
    """

    episode_limit: int = 500
    maze: str = "maze"
    image: bool = False
    goal: Goal = "multi"
    truncate: bool = False
    map: str | None = None

    timestep = 0.02
    substeps = 5
    cell: ClassVar[float]
    """Edge of a cell (m)."""
    proprioception_size: ClassVar[int]
    """Size of the view ``"proprioception"``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.one_of("maze", self.maze, tuple(TASKS))
        checks.instance("image", self.image, bool)
        checks.instance("truncate", self.truncate, bool)
        if self.image and self.task.of_block:
            raise ValueError(f"image must be False in maze {self.maze!r}, got True")
        if self.truncate and not self.image:
            raise ValueError("truncate must be False with image=False, got True")
        if self.map is not None and self.maze != "maze":
            raise ValueError(f"map must be None in maze {self.maze!r}, got {self.map!r}")
        if self._of_map is not None:
            self._of_map.check_goal(self.goal)
        elif not (isinstance(self.goal, str) and self.goal == "multi"):
            _check_goal(self.goal, self.task)

    @abc.abstractmethod
    def add_body(self, spec: mujoco.MjSpec) -> None:
        """Add the body to an empty model, and set the defaults of contacts."""

    @abc.abstractmethod
    def initial_body_state(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw initial positions and velocities of the body, for a floor at z = 0."""

    @abc.abstractmethod
    def proprioception(self, data: Data) -> Array:
        """Return the view ``"proprioception"``."""

    def torso_position(self, data: Data) -> Array:
        """Return x, y and z of the torso, ``(N, 3)`` (m)."""
        return data.qpos[:, :3]

    @property
    def success_distance(self) -> float:
        """Distance from the goal that is a success (m): five eighths of a cell."""
        return 5.0 / 8.0 * self.cell

    def measures(self, timestep: Timestep) -> dict[str, Array]:
        """Return success within the smaller radius of the literature, for evaluations."""
        return within(timestep, 1.5 / 8.0 * self.cell)

    @cached_property
    def task(self) -> MazeTask:
        """The maze and its goals."""
        if self._of_map is not None:
            return task_of(self._of_map)
        return TASKS[self.maze].scaled_to(self.cell)

    @cached_property
    def layout(self) -> MazeMap:
        """The map of the maze."""
        return MazeMap(self.task.layout, self.cell)

    @cached_property
    def has_block(self) -> bool:
        """Whether the maze has a movable block."""
        return self.layout.block is not None

    @property
    def evaluation_goals(self) -> tuple[Position, ...]:
        """Goals for evaluation, each a value for the field ``goal``."""
        goals = self.task.evaluation_goals
        return tuple((x, y, *(0.0 for _ in z)) for x, y, *z in goals) if self.image else goals

    @property
    def camera(self) -> Camera:
        """A camera that shows the whole maze."""
        rows, columns = self.layout.letters.shape
        x, y = self.layout.first
        middle = x + self.cell * (columns - 1) / 2.0, y + self.cell * (rows - 1) / 2.0, 0.0
        return Camera(1.3 * self.cell * max(rows, columns), -65.0, lookat=middle)

    def markers(self, task_state: TaskState) -> Sequence[Marker]:
        """Return the goal, and a disc of the success distance."""
        x, y, *z = task_state["goal"].tolist()
        ground = self.layout.ground
        pos, thin = (x, y, *(z or [ground])), 0.01 * self.cell
        return [
            Marker("sphere", pos, (0.08 * self.cell,), _GOAL),
            Marker("cylinder", (x, y, ground + thin), (self.success_distance, thin), _NEAR),
        ]

    def compose(self) -> mujoco.MjSpec:
        """Return the model: the body and the maze."""
        spec = mujoco.MjSpec()
        self.add_body(spec)
        add_maze(spec, self.layout)
        if self._of_map is not None:  # it may be larger than the range of shadows
            spec.lights[0].castshadow = False
        # MuJoCo's bounding volume hierarchy does not help with adjacent cells: without it a step of
        # the ant takes 13 % less time, with the same result.
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_MIDPHASE
        return spec

    @property
    def views(self) -> tuple[View, ...]:
        """Views of an observation, see the table."""
        views = [View("position", (2,)), View("height", (1,))]
        if self.task.of_block:
            views.append(View("block", (3,)))
        views.append(View("proprioception", (self.proprioception_size,)))
        if self.image:
            high = _MAX_OVERLAP if self.truncate else 1.0
            views.append(View("image", (PIXELS, PIXELS, 3), 0.0, high))
        views.append(View("time", (1,), 0.0))
        low, high = min(self.task.low), max(self.task.high)
        if self.image:
            low, high = -math.inf, math.inf
        return (*views, View("goal", (len(self.task.low),), low, high))

    @property
    def goal_spec(self) -> GoalSpec:
        """Goal of the world (m); its view is relative in worlds with images."""
        size = len(self.task.low)
        of_body = "position" if size == 2 else ("position", "height")
        return GoalSpec(
            achieved="block" if self.task.of_block else of_body,
            radius=self.success_distance,
            entries=(0, size) if self.task.of_block else None,
            desired="goal",
            relative=self.image,
        )

    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw the state of the body, and the goal if it is ``"multi"``."""
        qpos, qvel = self.model.qpos0.copy(), np.zeros(self.model.nv)
        body_qpos, body_qvel = self.initial_body_state(random)
        qpos[: len(body_qpos)], qvel[: len(body_qvel)] = body_qpos, body_qvel
        qpos[2] += self.layout.ground
        goal = self._drawn_goal(random)
        if self.image:
            goal = goal + qpos[: len(goal)]
        return InitialState(qpos, qvel, {"goal": goal})

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the views of the table."""
        views = {
            "position": self.torso_position(data)[:, :2],
            "height": self.torso_position(data)[:, 2:3],
            "proprioception": self.proprioception(data),
            "time": _TIME_SCALE * data.steps[:, None],
            "goal": data.task_state["goal"],
        }
        if self.task.of_block:
            views["block"] = self._block(data)
        if self.image:
            block = self._block(data)[:, :2] if self.has_block else None
            views["image"] = self._top_down(views["position"], block)
            views["goal"] = views["goal"] - self._achieved_goal(data)
        return views

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the negative distance from the goal; an episode never terminates."""
        xp = data.qpos.__array_namespace__()
        squared = ((self._achieved_goal(data) - data.task_state["goal"]) ** 2).sum(axis=1)
        near = squared < self.success_distance**2
        return StepResult(
            -xp.sqrt(squared + 1e-10), xp.zeros(len(near), bool), near, data.task_state
        )

    @cached_property
    def _of_map(self) -> Maze | None:
        """The maze of the map; None without one."""
        return None if self.map is None else maze_of(self.map, self.cell)

    def _drawn_goal(self, random: np.random.Generator) -> np.ndarray:
        """Return the goal of an episode (m), before it is made relative."""
        goal = self.goal if self._of_map is None else self._of_map.chosen(self.goal)
        if not isinstance(goal, str):
            return np.array(goal, np.float64)
        if self._of_map is not None:
            return self._of_map.sampled_goal(random)
        bounds = zip(self.task.low, self.task.high, strict=True)
        # One by one: a draw of an array takes longer.
        return np.array([uniform(random, low, high) for low, high in bounds])

    @cached_property
    def _block_columns(self) -> np.ndarray:
        return self.sensor_columns(BLOCK)

    @cached_property
    def _top_down(self) -> TopDown:
        return TopDown(self.layout, self.truncate)

    def _block(self, data: Data) -> Array:
        """Return the centre of the block, ``(N, 3)`` (m)."""
        return data.sensordata[:, self._block_columns]

    def _achieved_goal(self, data: Data) -> Array:
        """Return the position that must reach the goal: ``(N, 2)`` or ``(N, 3)`` (m)."""
        position = self._block(data) if self.task.of_block else self.torso_position(data)
        return position[:, : len(self.task.low)]


def _check_goal(goal: Goal, task: MazeTask) -> None:
    """Raise ValueError unless ``goal`` is a goal of the task."""
    size = len(task.low)
    if not are_finite(goal, size):
        raise ValueError(f"goal must be 'multi' or a tuple of {size} finite numbers, got {goal!r}")
    if not all(a <= x <= b for a, x, b in zip(task.low, goal, task.high, strict=True)):
        raise ValueError(f"goal must be between {task.low} and {task.high}, got {goal}")
