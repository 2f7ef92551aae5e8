"""Tasks of going somewhere and of pushing boxes somewhere, which pay when it is done.

After Tirumala, Noh, Galashov, Hasenclever, Ahuja, Wayne, Pascanu, Teh and Heess (2019), "Exploiting
hierarchy for learning and transfer in KL-regularized RL", section 5 and appendix D, with what the
paper leaves open as in its authors' release: control every .05 s, 400 steps, cells of 2 m, boxes of
1.5 kg and 1 m, targets that are cubes of 1 m, and the reward.

**Reward.** Each active condition pays 10 when it comes true and takes 10 back when it ceases to be.
One step after all are true, 50 are paid and the episode ends. So one condition pays 60 in all and
two pay 70; who leaves the target in that last step loses 10.
"""

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from itertools import product

import mujoco
import numpy as np

from hierax.planning import checks
from hierax.spec import View
from hierax.worlds.mujoco.arenas import CELL, plane, room
from hierax.worlds.mujoco.bodies import body_named
from hierax.worlds.mujoco.bodies.body import TORSO_AXES, Body, place_geoms, turned
from hierax.worlds.mujoco.props import TARGET_HALF, add_box, add_target, box_pose, corners
from hierax.worlds.mujoco.world import Array, Beginning, MujocoWorld, Readings, Verdict

CHANGE, ALL_DONE = 10.0, 50.0
PADDING = 2
"""Cells between those where things begin and the walls, on each side."""
OPEN, APART = 8.0, 1.5
"""Edge of the square without walls, and the least distance between things there (m)."""


@dataclasses.dataclass(frozen=True)
class Arrangement(MujocoWorld):
    """A body, boxes and targets; the body or a box has to be on one of the targets.

    | | |
    |---|---|
    | view ``"proprioception"`` | what the body feels of itself, see its class |
    | view ``"targets"`` | (3 K,): each target from the torso, in its axes (m) |
    | view ``"boxes"`` | (24 N,): the eight corners of each box from the torso, in its axes (m) |
    | view ``"task"`` | for each active condition a 1 for who, and a 1 for which target |
    | action | one number in [-1, 1] for each actuator of the body |
    | reward | 10 where a condition comes true, -10 where it ceases, 50 a step after all are true |
    | begin | body, boxes and targets in different cells; directions uniform; at rest |
    | end | with the 50; where the torso turns upside down; cut off after ``episode_limit`` steps |
    | success | with the 50 |

    A view with nothing to tell is left out. A body is on a target if the centre of any of its
    geoms is inside the target's cube, a box if its own centre is.

    Attributes:
        body: one of `hierax.worlds.mujoco.bodies.BODIES`.
        targets: K.
        boxes: N.
        movers: who may be asked to be on a target: ``"body"``, ``"boxes"`` or both.
        together: whether body and box are asked at once, for different targets; otherwise one of
            all is drawn.
        cells: that things begin in, on each side of a walled room; 0 for an 8 m square without
            walls, where they begin anywhere, 1.5 m apart.
        box_mass: in kg.
        episode_limit: most steps of an episode.

    Raises:
        ValueError: where a number is out of range, a name is unknown, or the room is too small.
    """

    body: str = "ball"
    targets: int = 3
    boxes: int = 0
    movers: tuple[str, ...] = ("body",)
    together: bool = False
    cells: int = 3
    box_mass: float = 1.5
    episode_limit: int = 400

    def __post_init__(self) -> None:
        super().__post_init__()
        body_named(self.body)
        checks.count("targets", self.targets, 0)
        checks.count("boxes", self.boxes, 0)
        checks.count("cells", self.cells, 0)
        checks.positive("box_mass", self.box_mass)
        things = 1 + self.boxes + self.targets
        if self.cells and self.cells**2 < things:
            raise ValueError(
                f"cells is {self.cells}, but {things} things need as many cells: take at least "
                f"{int(np.ceil(np.sqrt(things)))}"
            )

    @cached_property
    def walker(self) -> Body:
        """The body that acts."""
        return body_named(self.body)

    @cached_property
    def askable(self) -> tuple[int, ...]:
        """Who may be asked: 0 is the body, 1 ... N are boxes."""
        body, boxes = (0,), tuple(range(1, self.boxes + 1))
        return (body if "body" in self.movers else ()) + (boxes if "boxes" in self.movers else ())

    @property
    def conditions(self) -> int:
        """How many are active at once."""
        return 2 if self.together else 1

    @property
    def views(self) -> tuple[View, ...]:
        """The parts of an observation that have something to tell."""
        shown = tuple(View(name, (len(at),)) for name, at in self._columns.items())
        told = len(self._told(self._ask(np.random.default_rng(0))))
        return (*shown, View("task", (told,), 0.0, 1.0)) if told else shown

    def compose(self) -> mujoco.MjSpec:
        """See `MujocoWorld.compose`."""
        spec = room(self.cells + 2 * PADDING) if self.cells else plane(OPEN)
        self.walker.add(spec)
        place_geoms(spec, self.walker.geoms)
        for number in range(self.boxes):
            add_box(spec, number, self.box_mass, self.walker.torso)
        for number in range(self.targets):
            add_target(spec, number, self.walker.torso)
        return spec

    def begin(self, random: np.random.Generator) -> Beginning:
        """See `MujocoWorld.begin`."""
        places = self._scattered(random)
        x, y = places[0]
        parts = [self.walker.standing(x, y, random.uniform(-np.pi, np.pi))]
        parts += [box_pose(place, random, bool(self.cells)) for place in places[1 : 1 + self.boxes]]
        targets = np.column_stack([places[1 + self.boxes :], np.full(self.targets, TARGET_HALF)])
        asked = self._ask(random)
        return Beginning(
            np.concatenate(parts),
            np.zeros(self.model.nv),
            memory={
                "targets": targets,
                "asked": asked,
                "task": self._told(asked),
                "true": np.zeros(self.conditions, bool),
            },
            mocap={f"target{k}": (place, turned(0.0)) for k, place in enumerate(targets)},
        )

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See `MujocoWorld.observe`."""
        seen = {name: now.sensors[:, at] for name, at in self._columns.items()}
        return {**seen, "task": now.memory["task"]}

    def judge(self, before: Readings, now: Readings) -> Verdict:
        """See `MujocoWorld.judge`."""
        was, true = now.memory["true"], self.holds(now)
        done = was.all(1)
        reward = CHANGE * (true * 1.0 - was).sum(1) + ALL_DONE * done
        fallen = now.sensors[:, self._up] < 0.0
        return Verdict(reward, done | fallen, done, {**now.memory, "true": true})

    def holds(self, now: Readings) -> Array:
        """``(N, conditions)``: which of the active conditions are true."""
        count = now.sensors.shape[0]
        places = now.sensors[:, self._places].reshape(count, -1, 1, 3)
        inside = (abs(places - now.memory["targets"][:, None]) <= TARGET_HALF).all(3)
        geoms = len(self.walker.geoms)
        chosen = now.memory["asked"]  # (N, conditions, movers, targets), a single 1 for each
        xp = inside.__array_namespace__()
        movers = xp.concat([inside[:, :geoms].any(1, keepdims=True), inside[:, geoms:]], axis=1)
        return (chosen & movers[:, None]).any((2, 3))

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        """Sensors of the views that show them."""
        names = {
            "proprioception": self.walker.proprioception,
            "targets": [f"target{k} from torso" for k in range(self.targets)],
            "boxes": [f"{corner} from torso" for corner in corners(self.boxes)],
        }
        return {view: self.columns(*sensors) for view, sensors in names.items() if sensors}

    @cached_property
    def _places(self) -> np.ndarray:
        """Sensors of where the body's geoms are, and then the boxes."""
        things = (*self.walker.geoms, *(f"box{n}" for n in range(self.boxes)))
        return self.columns(*(f"{thing} place" for thing in things))

    @cached_property
    def _up(self) -> int:
        """The sensor of whether the torso is upright."""
        return int(self.columns(f"{TORSO_AXES[2]}.z")[0])

    def _ask(self, random: np.random.Generator) -> np.ndarray:
        """Who has to be where: ``(conditions, movers, targets)``, a single True for each."""
        where = random.permutation(self.targets)[: self.conditions]
        who = random.permutation(self.askable)[: self.conditions]
        if self.together:
            who = np.array(self.askable)
        asked = np.zeros((self.conditions, 1 + self.boxes, self.targets), bool)
        asked[np.arange(self.conditions), who, where] = True
        return asked

    def _told(self, asked: np.ndarray) -> np.ndarray:
        """What the view ``"task"`` shows of that: only what could have been otherwise."""
        who, where = np.any(asked, 2)[:, list(self.askable)], np.any(asked, 1)
        parts = [part for part in (who, where) if part.shape[1] > 1]
        return np.concatenate([*parts, np.zeros((self.conditions, 0))], axis=1).ravel()

    def _scattered(self, random: np.random.Generator) -> np.ndarray:
        """Different places ``(1 + N + K, 2)`` for all that there is."""
        things = 1 + self.boxes + self.targets
        if self.cells:
            cells = np.array(list(product(range(self.cells), repeat=2))) - (self.cells - 1) / 2.0
            return CELL * random.permutation(cells)[:things]
        places = random.uniform(-OPEN / 2.0, OPEN / 2.0, (things, 2))
        while _least_distance(places) < APART:
            places = random.uniform(-OPEN / 2.0, OPEN / 2.0, (things, 2))
        return places


def _least_distance(places: np.ndarray) -> float:
    between = np.linalg.norm(places[:, None] - places, axis=2)
    return float(between[np.triu_indices(len(places), 1)].min())
