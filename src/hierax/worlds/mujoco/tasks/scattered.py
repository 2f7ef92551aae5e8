"""Tasks with a body, boxes and targets at random positions, and rewards for conditions.

After Tirumala, Noh, Galashov, Hasenclever, Ahuja, Wayne, Pascanu, Teh and Heess (2019), "Exploiting
hierarchy for learning and transfer in KL-regularized RL", section 5 and appendix D. Details that
the paper omits follow the code that its authors released: control every .05 s, 400 steps, cells of
2 m, boxes of 1.5 kg and 1 m, targets that are cubes of 1 m, and the reward.

**Reward.** Each active condition gives 10 when it becomes true and -10 when it becomes false. One
step after all conditions are true the reward is 50 and the episode ends. The return is therefore
60 with one condition and 70 with two; a condition that becomes false in the last step costs 10.
"""

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, reduce
from itertools import combinations, product
from operator import and_

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import View
from hierax.worlds.mujoco.arenas import CELL, plane, room
from hierax.worlds.mujoco.bodies.body import yaw_quaternion
from hierax.worlds.mujoco.draws import uniform, uniform_points
from hierax.worlds.mujoco.mujoco_world import Array, Data, InitialState, StepResult
from hierax.worlds.mujoco.tasks.any_body import AnyBody
from hierax.worlds.mujoco.tasks.objects import (
    FRICTION,
    TARGET_HALF,
    add_box,
    add_target,
    corners,
    draw_box_pose,
)
from hierax.worlds.mujoco.vision import Camera

CONDITION_REWARD, COMPLETION_REWARD = 10.0, 50.0
OPEN_EDGE, MIN_DISTANCE = 8.0, 1.5
"""Edge of the square without walls, and the least initial distance of objects there (m)."""
MAX_IN_OPEN = 10
"""Largest number of boxes and targets there: all positions are drawn until none are too close.

That takes about 2 ms for 10, and about four times as long for each one more.
"""
_UNTURNED = yaw_quaternion(0.0)


@dataclasses.dataclass(frozen=True)
class Scattered(AnyBody):
    """The base class of these tasks; a subclass sets the objects and the conditions.

    The field ``body`` is that of `hierax.worlds.mujoco.tasks.any_body.AnyBody`.

    Attributes:
        cells: number of initial cells along each side of a walled room. 0 is a square of 8 m
            without walls, with initial positions anywhere, 1.5 m apart, and at most 10 boxes and
            targets.
        padding: cells between the initial ones and the walls, on each side.
        box_mass: mass of a box (kg).
        friction: sliding friction of boxes. At 1, that of the papers, a ball cannot push a box
            steadily, but only by impacts of 3 m/s and more; at .5 it can.
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if a number is out of range, a name is unknown, or the room is too small.
    """

    cells: int = 3
    padding: int = 1
    box_mass: float = 1.5
    friction: float = FRICTION
    episode_limit: int = 400

    conditions = 1
    """Number of conditions that must be true at once."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("cells", self.cells, 0)
        checks.count("padding", self.padding, 0)
        checks.positive("box_mass", self.box_mass)
        checks.positive("friction", self.friction)
        boxes, targets = self.objects
        count = 1 + boxes + targets
        enough = math.isqrt(count - 1) + 1
        if self.cells and self.cells < enough:
            raise ValueError(
                f"cells must be at least {enough} for a body, {boxes} boxes and {targets} targets, "
                f"got {self.cells}"
            )
        if not self.cells and count > 1 + MAX_IN_OPEN:
            raise ValueError(
                f"boxes + targets must be at most {MAX_IN_OPEN} without walls (cells=0), got "
                f"{count - 1}; use fewer, or cells={enough} or more"
            )

    @property
    @abc.abstractmethod
    def objects(self) -> tuple[int, int]:
        """Numbers of boxes and of targets."""

    @abc.abstractmethod
    def conditions_met(self, data: Data) -> Array:
        """Return which conditions are true: ``(N, conditions)``."""

    @property
    def views(self) -> tuple[View, ...]:
        """Views of an observation, without empty ones."""
        sizes = {name: len(self.sensor_columns(*each)) for name, each in self._sensors.items()}
        return tuple(View(name, (size,)) for name, size in sizes.items())

    @property
    def camera(self) -> Camera:
        """A camera that shows the room, or the square of the initial positions."""
        walled = CELL * (self.cells / 2.0 + self.padding)
        half = walled if self.cells else OPEN_EDGE / 2.0 + MIN_DISTANCE
        return Camera(2.45 * half, -55.0, lookat=(0.0, -0.04 * half, 0.0))

    def compose(self) -> mujoco.MjSpec:
        """Return the model: a room or a floor, the body, boxes and targets."""
        spec = room(self.cells + 2 * self.padding) if self.cells else plane()
        self.walker.add(spec)
        boxes, targets = self.objects
        for number in range(boxes):
            add_box(spec, number, self.box_mass, self.walker.torso, self.friction)
        for number in range(targets):
            add_target(spec, number, self.walker.torso)
        return spec

    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw positions, directions and the task of an episode; everything is at rest."""
        boxes, targets = self.objects
        positions = self._draw_positions(random)
        (x, y), *others = positions
        parts = [self.walker.standing_qpos(x, y, uniform(random, -np.pi, np.pi))]
        parts += [draw_box_pose(centre, random, bool(self.cells)) for centre in others[:boxes]]
        cubes = np.array([[x, y, TARGET_HALF] for x, y in others[boxes:]]).reshape(targets, 3)
        return InitialState(
            np.concatenate(parts) if boxes else parts[0],
            np.zeros(self.model.nv),
            task_state={
                "targets": cubes,
                "met": np.zeros(self.conditions, bool),
                **self.draw_task(random),
            },
            mocap={f"target{k}": (centre, _UNTURNED) for k, centre in enumerate(cubes)},
        )

    def draw_task(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Draw the task of an episode, a part of its task state; empty if there is one task."""
        return {}

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the sensors of each view."""
        return {name: read(data.sensordata) for name, read in self._readers.items()}

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the reward of the conditions that changed, and the end of the episode."""
        before, met = data.task_state["met"], self.conditions_met(data)
        # `all(1)` and `sum(1)` take longer for few conditions.
        done = reduce(and_, before.T)
        change = met.astype(float) - before.astype(float)
        reward = change.dot(self._condition_rewards) + COMPLETION_REWARD * done
        return StepResult(reward, done | self.fallen(data), done, {**data.task_state, "met": met})

    @cached_property
    def _condition_rewards(self) -> np.ndarray:
        return np.full(self.conditions, CONDITION_REWARD)

    def fallen(self, data: Data) -> Array:
        """Return where the torso is upside down: ``(N,)``."""
        return data.sensordata[:, self.upright_column] < 0.0

    @property
    def _sensors(self) -> dict[str, Sequence[str]]:
        """Sensors of the views that consist of sensors, without empty ones."""
        boxes, targets = self.objects
        names = {
            "proprioception": self.walker.proprioception,
            "targets": [f"target{k} from torso" for k in range(targets)],
            "boxes": [f"{corner} from torso" for corner in corners(boxes)],
        }
        return {view: sensors for view, sensors in names.items() if sensors}

    @cached_property
    def _readers(self) -> dict[str, Callable[[Array], Array]]:
        """The functions from ``sensordata`` to these views."""
        return {view: self.sensor_columns.reader(*each) for view, each in self._sensors.items()}

    def _draw_positions(self, random: np.random.Generator) -> Sequence[Sequence[float]]:
        """Draw different positions of the body, boxes and targets."""
        count = 1 + sum(self.objects)
        if self.cells:
            return random.permutation(_centres(self.cells))[:count].tolist()
        while True:
            positions = uniform_points(random, -OPEN_EDGE / 2.0, OPEN_EDGE / 2.0, count)
            if _are_apart(positions):
                return positions


@cache
def _centres(cells: int) -> np.ndarray:
    """Return the centres of the initial cells: ``(cells^2, 2)`` (m)."""
    return CELL * (np.array(list(product(range(cells), repeat=2))) - (cells - 1) / 2.0)


def _are_apart(positions: Sequence[Sequence[float]]) -> bool:
    """Return whether no two are too close; for a few points Python is faster than NumPy."""
    least = MIN_DISTANCE**2
    for (x, y), (u, v) in combinations(positions, 2):  # a generator takes twice as long
        along, across = x - u, y - v
        if along * along + across * across < least:
            return False
    return True
