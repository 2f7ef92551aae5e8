"""A task for an arm: hold its tip in a ball. SAC is trained in it."""

import dataclasses
from collections.abc import Mapping

import mujoco
import numpy as np

import hierax
from hierax.agents import SAC
from hierax.spec import View
from hierax.worlds.mujoco import MujocoWorld
from hierax.worlds.mujoco.arenas import plane
from hierax.worlds.mujoco.bodies.body import add_motor
from hierax.worlds.mujoco.mujoco_world import Array, Data, InitialState, StepResult
from hierax.worlds.mujoco.vision import Camera

LINK, HEIGHT = 0.5, 0.1
"""Length of each link, and its height above the floor (m)."""
NEAR, HOLD = 0.1, 5
"""Radius of the ball (m), and the number of steps for which the tip must be in it."""


@dataclasses.dataclass(frozen=True)
class Arm(MujocoWorld):
    """An arm of two links whose tip must reach a ball and stay in it.

    | | |
    |---|---|
    | view ``"joints"`` | (3,): angle of the elbow (rad); speeds of shoulder and elbow (rad/s) |
    | view ``"ball"`` | (2,): position of the ball from the tip, in axes of the outer link (m) |
    | view ``"held"`` | (1,): number of steps that the tip has been in the ball, divided by 5 |
    | action | (2,) in [-1, 1]: torques of 4 N m on the shoulder, of 2 N m on the elbow |
    | reward | negative distance of the tip from the ball's centre (m) |
    | initial state | angles uniform; at rest; the ball .3 to .9 m from the shoulder |
    | termination | with success; truncated after ``episode_limit`` steps of .05 s |
    | success | the tip was in the ball (radius .1 m) for 5 steps in a row |
    """

    name: str = "Arm-v0"
    episode_limit: int = 100

    timestep = 0.01
    substeps = 5
    camera = Camera(distance=2.5, elevation=-60.0, lookat=(0.0, 0.0, HEIGHT))
    views = (
        View("joints", (3,), -10.0, 10.0),
        View("ball", (2,), -2.0, 2.0),
        View("held", (1,), 0.0, 1.0),
    )

    def compose(self) -> mujoco.MjSpec:
        """Return the model: the arm and the ball above a floor."""
        spec = plane()
        inner = spec.worldbody.add_body(name="inner", pos=[0, 0, HEIGHT])
        outer = inner.add_body(name="outer", pos=[LINK, 0, 0])
        for link, joint, torque in ((inner, "shoulder", 4.0), (outer, "elbow", 2.0)):
            link.add_joint(name=joint, axis=[0, 0, 1], damping=[torque / 2.0, 0, 0])
            link.add_geom(
                type=mujoco.mjtGeom.mjGEOM_CAPSULE, fromto=[0, 0, 0, LINK, 0, 0],
                size=[0.03, 0, 0], mass=1.0,
            )  # fmt: skip
            add_motor(spec, joint, torque)
        spec.joint("elbow").range = [-150, 150]
        outer.add_site(name="tip", pos=[LINK, 0, 0])
        ball = spec.worldbody.add_body(name="ball", mocap=True)  # moved by initial_state only
        ball.add_geom(
            size=[NEAR, 0, 0], rgba=[0.22, 0.60, 0.42, 0.5], contype=0, conaffinity=0
        )  # visible, without contacts
        _add_sensors(spec)
        return spec

    def initial_state(self, random: np.random.Generator) -> InitialState:
        """Draw the angles, and the position of the ball."""
        angle, distance = random.uniform(-np.pi, np.pi), random.uniform(0.3, 0.9)
        ball = np.array([distance * np.cos(angle), distance * np.sin(angle), HEIGHT])
        return InitialState(
            qpos=random.uniform([-np.pi, -2.5], [np.pi, 2.5]),
            qvel=np.zeros(2),
            task_state={"held": np.array(0)},
            mocap={"ball": (ball, np.array([1.0, 0.0, 0.0, 0.0]))},
        )

    def observe(self, data: Data) -> Mapping[str, Array]:
        """Return the views of the table."""
        columns = self.sensor_columns
        return {
            "joints": data.sensordata[:, columns("bend", "shoulder speed", "elbow speed")],
            "ball": data.sensordata[:, columns("ball.x", "ball.y")],
            "held": data.task_state["held"][:, None] / HOLD,
        }

    def reward_and_termination(self, previous: Data, data: Data) -> StepResult:
        """Return the negative distance, and whether the tip was in the ball for long enough."""
        distance = (data.sensordata[:, self.sensor_columns("ball")] ** 2).sum(1) ** 0.5
        held = (data.task_state["held"] + 1) * (distance < NEAR)
        done = held == HOLD
        return StepResult(-distance, terminated=done, success=done, task_state={"held": held})


def _add_sensors(spec: mujoco.MjSpec) -> None:
    kind, thing = mujoco.mjtSensor, mujoco.mjtObj
    for name, what, joint in (
        ("bend", kind.mjSENS_JOINTPOS, "elbow"),
        ("shoulder speed", kind.mjSENS_JOINTVEL, "shoulder"),
        ("elbow speed", kind.mjSENS_JOINTVEL, "elbow"),
    ):
        spec.add_sensor(name=name, type=what, objtype=thing.mjOBJ_JOINT, objname=joint)
    spec.add_sensor(
        name="ball", type=kind.mjSENS_FRAMEPOS, objtype=thing.mjOBJ_XBODY, objname="ball",
        reftype=thing.mjOBJ_SITE, refname="tip",
    )  # fmt: skip


def train_arm(steps=40_000, **options):
    """Train a small SAC agent, with one update for every four steps."""
    world = Arm()
    agent = SAC(
        world.spec, hidden_sizes=(64, 64), learning_rate=1e-3, batch_size=128, updates_per_step=0.25
    )
    return hierax.train(agent, world, steps, **options)


if __name__ == "__main__":
    print(f"{train_arm(run='runs/arm').summary['success_rate']:.0%} of episodes succeed")
