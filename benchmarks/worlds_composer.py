"""Side of `worlds.py` (see `contest_worker`): dm_control's composer, without hierax."""

import os
from collections.abc import Callable

os.environ.setdefault("MUJOCO_GL", "disabled")

import numpy as np
from dm_control import composer
from dm_control.locomotion.arenas import floors
from dm_control.locomotion.tasks import go_to_target
from dm_control.locomotion.walkers import ant, jumping_ball

WALKERS = {"ball": jumping_ball.RollingBallWithHead, "ant": ant.Ant}
STEPS = 20
"""Steps in a unit of work."""


def steps(body: str) -> Callable[[], int]:
    """Return the work of going to a target: control every .05 s, physics .005 s, limit 20 s."""
    task = go_to_target.GoToTarget(
        WALKERS[body](), floors.Floor((8.0, 8.0)), physics_timestep=0.005, control_timestep=0.05
    )
    environment = composer.Environment(task, time_limit=20.0, random_state=0)
    spec = environment.action_spec()
    environment.reset()
    action = np.random.default_rng(0).uniform(spec.minimum, spec.maximum, (STEPS, *spec.shape))

    def work() -> int:
        for chosen in action:
            if environment.step(chosen).last():
                environment.reset()
        return STEPS

    return work
