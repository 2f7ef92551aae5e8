"""Tasks of going somewhere and of pushing boxes somewhere, in a room as `Scattered` has it."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import mujoco
import numpy as np

from hierax import checks
from hierax.spec import View
from hierax.worlds.mujoco.bodies.body import place_geoms
from hierax.worlds.mujoco.tasks.props import TARGET_HALF
from hierax.worlds.mujoco.tasks.scattered import Scattered
from hierax.worlds.mujoco.vision import MOST_MARKS, Mark
from hierax.worlds.mujoco.world import Array, Memory, Readings

_MOVERS = ("body", "boxes")
COLOURS = ((0.84, 0.37, 0.25), (0.20, 0.47, 0.72), (0.22, 0.60, 0.42), (0.58, 0.40, 0.70))
"""Of targets."""
_ASKED, _OTHER = 0.75, 0.2  # opacity of targets


@dataclasses.dataclass(frozen=True)
class Arrangement(Scattered):
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

    Further fields are those of `hierax.worlds.mujoco.tasks.scattered.Scattered`.

    Attributes:
        targets: K, at most 100.
        boxes: N.
        movers: who may be asked to be on a target: ``"body"``, ``"boxes"`` or both.
        together: whether body and box are asked at once, for different targets; otherwise one of
            all is drawn.

    Raises:
        ValueError: where a number is out of range, a name is unknown, the room is too small, or
            nobody is there to do what is asked for.
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
        if self.targets > MOST_MARKS:
            raise ValueError(
                f"targets is {self.targets}, but must be at most {MOST_MARKS}, so that all can "
                "be drawn"
            )
        if not _are_movers(self.movers):
            raise ValueError(
                f"movers is {self.movers!r}, but must be a tuple of 'body', 'boxes' or both"
            )
        if "boxes" in self.movers and not self.boxes:
            raise ValueError(f"movers is {self.movers}, but there is no box: take boxes above 0")
        if self.together and (self.askable != (0, 1) or self.targets < 2):
            raise ValueError(
                f"together is True with movers {self.movers}, {self.boxes} boxes and "
                f"{self.targets} targets, but must be False unless movers are 'body' and 'boxes' "
                "and there are one box and two targets or more"
            )

    @property
    def things(self) -> tuple[int, int]:
        """N and K."""
        return self.boxes, self.targets

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
        told = len(self.asked(np.random.default_rng(0))["task"])
        return (*super().views, View("task", (told,), 0.0, 1.0)) if told else super().views

    def compose(self) -> mujoco.MjSpec:
        """See `MujocoWorld.compose`."""
        spec = super().compose()
        place_geoms(spec, self.walker.geoms)
        return spec

    def asked(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """``asked``: who has to be where, a single True for each condition; ``task``: its view."""
        where = random.permutation(self.targets)[: self.conditions]
        who = random.permutation(self.askable)[: self.conditions]
        if self.together:
            who = np.array(self.askable)
        asked = np.zeros((self.conditions, 1 + self.boxes, self.targets), bool)
        asked[np.arange(self.conditions), who, where] = True
        return {"asked": asked, "task": self.told(asked)}

    def observe(self, now: Readings) -> Mapping[str, Array]:
        """See `MujocoWorld.observe`."""
        return {**super().observe(now), "task": now.memory["task"]}

    def marks(self, memory: Memory) -> Sequence[Mark]:
        """The targets; those that are asked for stand out."""
        asked = memory["asked"].any((0, 1))
        return [
            Mark("box", place, [TARGET_HALF] * 3, self.colour(number, bool(asked[number])))
            for number, place in enumerate(memory["targets"])
        ]

    def colour(self, target: int, asked: bool) -> tuple[float, ...]:
        """Colour and opacity of a target."""
        return (*COLOURS[target % len(COLOURS)], _ASKED if asked else _OTHER)

    def holds(self, now: Readings) -> Array:
        """See `Scattered.holds`."""
        count = now.sensors.shape[0]
        places = now.sensors[:, self._movers].reshape(count, -1, 1, 3)
        inside = (abs(places - now.memory["targets"][:, None]) <= TARGET_HALF).all(3)
        geoms = len(self.walker.geoms)
        chosen = now.memory["asked"]  # (N, conditions, movers, targets), a single 1 for each
        xp = inside.__array_namespace__()
        movers = xp.concat([inside[:, :geoms].any(1, keepdims=True), inside[:, geoms:]], axis=1)
        return (chosen & movers[:, None]).any((2, 3))

    @cached_property
    def _movers(self) -> np.ndarray:
        """Sensors of where the body's geoms are, and then the boxes."""
        things = (*self.walker.geoms, *(f"box{n}" for n in range(self.boxes)))
        return self.columns(*(f"{thing} place" for thing in things))

    def told(self, asked: np.ndarray) -> np.ndarray:
        """What the view ``"task"`` shows of that: only what could have been otherwise."""
        who, where = np.any(asked, 2)[:, list(self.askable)], np.any(asked, 1)
        parts = [part for part in (who, where) if part.shape[1] > 1]
        return np.concatenate([*parts, np.zeros((self.conditions, 0))], axis=1).ravel()


def _are_movers(words: Any) -> bool:
    plain = isinstance(words, tuple) and len(words) > 0
    return plain and all(isinstance(word, str) and word in _MOVERS for word in words)
