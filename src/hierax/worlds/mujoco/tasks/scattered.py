"""Tasks with a body, boxes and targets at random places, which pay when conditions come true.

After Tirumala, Noh, Galashov, Hasenclever, Ahuja, Wayne, Pascanu, Teh and Heess (2019), "Exploiting
hierarchy for learning and transfer in KL-regularized RL", section 5 and appendix D, with what the
paper leaves open as in its authors' release: control every .05 s, 400 steps, cells of 2 m, boxes of
1.5 kg and 1 m, targets that are cubes of 1 m, and the reward.

**Reward.** Each active condition pays 10 when it comes true and takes 10 back when it ceases to be.
One step after all are true, 50 are paid and the episode ends. So one condition pays 60 in all and
two pay 70; who ends a condition in that last step loses 10.
"""

import abc
import dataclasses
import math
from collections.abc import Mapping
from functools import cached_property
from itertools import product

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import View
from hierax.worlds.mujoco.arenas import CELL, plane, room
from hierax.worlds.mujoco.bodies.body import turned
from hierax.worlds.mujoco.tasks.any_body import AnyBody
from hierax.worlds.mujoco.tasks.props import TARGET_HALF, add_box, add_target, box_pose, corners
from hierax.worlds.mujoco.vision import Outlook
from hierax.worlds.mujoco.world import Array, Beginning, Readings, Verdict

CHANGE, ALL_DONE = 10.0, 50.0
PADDING = 1
"""Cells between those where things begin and the walls, on each side."""
OPEN, APART = 8.0, 1.5
"""Edge of the square without walls, and the least distance between things there (m)."""
MOST_IN_OPEN = 10
"""Boxes and targets there: all places are drawn anew until none is too near another.

With so many it takes some 20 ms, and with each one more about five times as long.
"""


@dataclasses.dataclass(frozen=True)
class Scattered(AnyBody):
    """What these tasks share; a task says what there is and what has to be true.

    The field ``body`` is that of `hierax.worlds.mujoco.tasks.any_body.AnyBody`.

    Attributes:
        cells: that things begin in, on each side of a walled room; 0 for an 8 m square without
            walls, where they begin anywhere, 1.5 m apart, and where there are at most 10 boxes and
            targets.
        box_mass: in kg.
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where a number is out of range, a name is unknown, or there is too little room.
    """

    cells: int = 3
    box_mass: float = 1.5
    episode_limit: int = 400

    conditions = 1
    """How many have to be true at once."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("cells", self.cells, 0)
        checks.positive("box_mass", self.box_mass)
        count = 1 + sum(self.things)
        enough = math.isqrt(count - 1) + 1
        if self.cells and self.cells < enough:
            raise ValueError(
                f"cells is {self.cells}, but {count} things need as many cells: take at least "
                f"{enough}"
            )
        if not self.cells and count > 1 + MOST_IN_OPEN:
            raise ValueError(
                f"cells is 0 with {count - 1} boxes and targets, but there is room for "
                f"{MOST_IN_OPEN} without walls: take fewer, or cells={enough} or more"
            )

    @property
    @abc.abstractmethod
    def things(self) -> tuple[int, int]:
        """How many boxes and how many targets there are."""

    @abc.abstractmethod
    def holds(self, now: Readings) -> Array:
        """``(N, conditions)``: which of them are true."""

    @property
    def views(self) -> tuple[View, ...]:
        """The parts of an observation that have something to tell."""
        return tuple(View(name, (len(at),)) for name, at in self._columns.items())

    @property
    def outlook(self) -> Outlook:
        """Onto the room, or the square in which things begin."""
        half = CELL * (self.cells / 2.0 + PADDING) if self.cells else OPEN / 2.0 + APART
        return Outlook(2.45 * half, -55.0, at=(0.0, -0.04 * half, 0.0))

    def compose(self) -> mujoco.MjSpec:
        """See `MujocoWorld.compose`."""
        spec = room(self.cells + 2 * PADDING) if self.cells else plane()
        self.walker.add(spec)
        boxes, targets = self.things
        for number in range(boxes):
            add_box(spec, number, self.box_mass, self.walker.torso)
        for number in range(targets):
            add_target(spec, number, self.walker.torso)
        return spec

    def begin(self, random: np.random.Generator) -> Beginning:
        """See `MujocoWorld.begin`."""
        boxes, targets = self.things
        places = self._places(random)
        x, y = places[0]
        parts = [self.walker.standing(x, y, random.uniform(-np.pi, np.pi))]
        parts += [box_pose(place, random, bool(self.cells)) for place in places[1 : 1 + boxes]]
        cubes = np.column_stack([places[1 + boxes :], np.full(targets, TARGET_HALF)])
        return Beginning(
            np.concatenate(parts),
            np.zeros(self.model.nv),
            memory={
                "targets": cubes,
                "true": np.zeros(self.conditions, bool),
                **self.asked(random),
            },
            mocap={f"target{k}": (place, turned(0.0)) for k, place in enumerate(cubes)},
        )

    def asked(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """What an episode asks for, to be remembered; nothing where all ask for the same."""
        return {}

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See `MujocoWorld.observe`."""
        return {name: now.sensors[:, at] for name, at in self._columns.items()}

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """See `MujocoWorld.judge`."""
        was, true = now.memory["true"], self.holds(now)
        done = was.all(1)
        reward = CHANGE * (true * 1.0 - was).sum(1) + ALL_DONE * done
        return Verdict(reward, done | self.fallen(now), done, {**now.memory, "true": true})

    def fallen(self, now: Readings) -> Array:
        """``(N,)``: whose torso is upside down."""
        return now.sensors[:, self.up] < 0.0

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        """Sensors of the views that show them."""
        boxes, targets = self.things
        names = {
            "proprioception": self.walker.proprioception,
            "targets": [f"target{k} from torso" for k in range(targets)],
            "boxes": [f"{corner} from torso" for corner in corners(boxes)],
        }
        return {view: self.columns(*sensors) for view, sensors in names.items() if sensors}

    def _places(self, random: np.random.Generator) -> np.ndarray:
        """Different places ``(1 + N + K, 2)`` for all that there is."""
        count = 1 + sum(self.things)
        if self.cells:
            cells = np.array(list(product(range(self.cells), repeat=2))) - (self.cells - 1) / 2.0
            return CELL * random.permutation(cells)[:count]
        places = random.uniform(-OPEN / 2.0, OPEN / 2.0, (count, 2))
        while _least_distance(places) < APART:
            places = random.uniform(-OPEN / 2.0, OPEN / 2.0, (count, 2))
        return places


def _least_distance(places: np.ndarray) -> float:
    between = np.linalg.norm(places[:, None] - places, axis=2)
    return float(between[np.triu_indices(len(places), 1)].min())
