"""Tasks to move the body, or a box, to a target, in a room or on an open floor."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import View
from hierax.worlds.mujoco.bodies.body import add_geom_position_sensors
from hierax.worlds.mujoco.mujoco_world import Array, Data, TaskState
from hierax.worlds.mujoco.tasks.objects import TARGET_HALF
from hierax.worlds.mujoco.tasks.scattered import Scattered
from hierax.worlds.mujoco.vision import MAX_MARKERS, Marker

_Pairs: TypeAlias = tuple[tuple[int, int], ...]
"""Mover and target of each condition."""

_MOVERS = ("body", "boxes")
COLOURS = ((0.84, 0.37, 0.25), (0.20, 0.47, 0.72), (0.22, 0.60, 0.42), (0.58, 0.40, 0.70))
"""Colours of targets."""
_REQUIRED, _OTHER = 0.75, 0.2  # opacity of targets


@dataclasses.dataclass(frozen=True)
class Arrangement(Scattered):
    """A task with targets: the body or a box must be on a given target.

    | | |
    |---|---|
    | view ``"proprioception"`` | the body's sensors of itself, see its class |
    | view ``"targets"`` | (3 K,): each target in the torso's frame (m) |
    | view ``"boxes"`` | (24 N,): the eight corners of each box in the torso's frame (m) |
    | view ``"task"`` | for each active condition one-hot codes of the mover and of the target |
    | action | one number in [-1, 1] for each actuator of the body |
    | reward | 10 per condition that becomes true, -10 if it becomes false, 50 one step after all |
    | initial state | body, boxes, targets in different cells; directions uniform; at rest |
    | termination | with the 50; torso upside down; truncated after ``episode_limit`` steps |
    | success | with the 50 |

    Empty views are left out. A body is on a target if the centre of any of its geoms is inside the
    target's cube; a box is on it if its own centre is.

    Further fields are those of `hierax.worlds.mujoco.tasks.scattered.Scattered`.

    Attributes:
        targets: K, number of targets, at most 100.
        boxes: N, number of boxes.
        movers: objects that may have to be on a target: ``"body"``, ``"boxes"`` or both.
        together: whether the body and the box must both be on targets, on different ones. If not,
            one condition is drawn for each episode.

    Raises:
        ValueError: if a number is out of range, a name is unknown, the room is too small, or no
            object can fulfil the task.
    """

    targets: int = 3
    boxes: int = 0
    movers: tuple[str, ...] = ("body",)
    together: bool = False

    def __post_init__(self) -> None:
        checks.count("targets", self.targets, 1)
        checks.count("boxes", self.boxes, 0)
        checks.instance("together", self.together, bool)
        super().__post_init__()
        if self.targets > MAX_MARKERS:
            raise ValueError(
                f"targets must be at most {MAX_MARKERS}, the largest number of markers, got "
                f"{self.targets}"
            )
        if not _are_movers(self.movers):
            raise ValueError(
                f"movers must be a tuple of 'body', 'boxes' or both, got {self.movers!r}"
            )
        if "boxes" in self.movers and not self.boxes:
            raise ValueError(f"movers must not have 'boxes' with boxes=0, got {self.movers}")
        if self.together and (self.possible_movers != (0, 1) or self.targets < 2):
            raise ValueError(
                "together must be False unless movers are 'body' and 'boxes' and there are 1 box "
                f"and 2 targets or more, got True with movers {self.movers}, {self.boxes} boxes "
                f"and {self.targets} targets"
            )

    @property
    def objects(self) -> tuple[int, int]:
        """N and K."""
        return self.boxes, self.targets

    @cached_property
    def possible_movers(self) -> tuple[int, ...]:
        """Numbers of the objects that may have to be on a target: 0 the body, 1 ... N boxes."""
        body, boxes = (0,), tuple(range(1, self.boxes + 1))
        return (body if "body" in self.movers else ()) + (boxes if "boxes" in self.movers else ())

    @property
    def conditions(self) -> int:
        """Number of conditions that must be true at once."""
        return 2 if self.together else 1

    @property
    def views(self) -> tuple[View, ...]:
        """Views of an observation, without empty ones."""
        size = len(self.draw_task(np.random.default_rng(0))["task"])
        return (*super().views, View("task", (size,), 0.0, 1.0)) if size else super().views

    def compose(self) -> mujoco.MjSpec:
        """Return the model, with sensors of the positions of the body's geoms."""
        spec = super().compose()
        add_geom_position_sensors(spec, self.walker.geoms)
        return spec

    def draw_task(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Draw the conditions of an episode.

        Returns:
            ``required``, ``(conditions, 1 + N, K)`` with one True (mover and target) for each
            condition, and ``task``, the view of it.
        """
        targets = random.permutation(self.targets)[: self.conditions].tolist()
        movers = self.possible_movers
        if len(movers) > 1:
            shuffled = random.permutation(movers).tolist()
            movers = movers if self.together else shuffled[:1]
        drawn = tuple(zip(movers, targets, strict=True))
        if drawn not in self._tasks:
            self._tasks[drawn] = self._task(drawn)
        return self._tasks[drawn]

    @cached_property
    def _tasks(self) -> dict[_Pairs, Mapping[str, np.ndarray]]:
        """The tasks drawn so far; to compute one takes as long as the rest of a reset."""
        return {}

    def _task(self, drawn: _Pairs) -> Mapping[str, np.ndarray]:
        required = np.zeros((self.conditions, 1 + self.boxes, self.targets), bool)
        for condition, (mover, target) in enumerate(drawn):
            required[condition, mover, target] = True
        task = self.task_view(required)
        for shared in (required, task):
            shared.setflags(write=False)
        return {"required": required, "task": task}

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the sensors of each view, and the task."""
        return {**super().observe(data), "task": data.task_state["task"]}

    def markers(self, task_state: TaskState) -> Sequence[Marker]:
        """Return the targets; required ones are more opaque."""
        required = task_state["required"].any((0, 1))
        return [
            Marker("box", centre, [TARGET_HALF] * 3, self.colour(number, bool(required[number])))
            for number, centre in enumerate(task_state["targets"])
        ]

    def colour(self, target: int, required: bool) -> tuple[float, ...]:
        """Return colour and opacity of a target."""
        return (*COLOURS[target % len(COLOURS)], _REQUIRED if required else _OTHER)

    def conditions_met(self, data: Data) -> Array:
        """Return where the required movers are on their targets: ``(N, conditions)``."""
        count = data.sensordata.shape[0]
        positions = self._read_positions(data.sensordata).reshape(count, -1, 1, 3)
        inside = (abs(positions - data.task_state["targets"][:, None]) <= TARGET_HALF).all(3)
        if isinstance(inside, np.ndarray) and not np.count_nonzero(inside):  # in most steps
            return np.zeros((count, self.conditions), bool)
        # (N, conditions, movers, targets), of which the first mover counts once for each geom
        required = data.task_state["required"].take(self._movers_of_positions, 2)
        return (required & inside[:, None]).any((2, 3))

    @cached_property
    def _movers_of_positions(self) -> np.ndarray:
        """Numbers of the movers to which the positions belong."""
        return np.array([0] * len(self.walker.geoms) + list(range(1, 1 + self.boxes)))

    @cached_property
    def _read_positions(self) -> Callable[[Array], Array]:
        """The function to the positions of the body's geoms, then of the boxes."""
        objects = (*self.walker.geoms, *(f"box{n}" for n in range(self.boxes)))
        return self.sensor_columns.reader(*(f"{each} position" for each in objects))

    def task_view(self, required: np.ndarray) -> np.ndarray:
        """Return the view ``"task"``: codes of mover and target, each only if it can vary."""
        movers = np.any(required, 2)[:, list(self.possible_movers)]
        targets = np.any(required, 1)
        parts = [part for part in (movers, targets) if part.shape[1] > 1]
        return np.concatenate([*parts, np.zeros((self.conditions, 0))], axis=1).ravel()


def _are_movers(words: Any) -> bool:
    is_tuple = isinstance(words, tuple) and len(words) > 0
    return is_tuple and all(isinstance(word, str) and word in _MOVERS for word in words)
