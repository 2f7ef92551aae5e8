"""All tasks under random actions: shapes, finite numbers, and bounds of views."""

import numpy as np
import pytest

from hierax.worlds.mujoco.tasks.ant_cross import AntCross
from hierax.worlds.mujoco.tasks.arrangement import Arrangement
from hierax.worlds.mujoco.tasks.gap import Gap
from hierax.worlds.mujoco.tasks.gather import Gather
from hierax.worlds.mujoco.tasks.humanoid_tasks import HumanoidGoTo, HumanoidWalk
from hierax.worlds.mujoco.tasks.speed import AntSpeed, HumanoidSpeed, SwimmerSpeed
from worlds.mujoco.acted import timesteps

_BOTH = {"boxes": 1, "targets": 2, "movers": ("body", "boxes")}
WORLDS = {
    world.name: world
    for world in (
        *(Arrangement(f"GoTo {body}", body=body, cells=0) for body in ("ball", "ant", "quadruped")),
        Arrangement("Push", boxes=2, targets=2, movers=("boxes",)),
        Arrangement("Or", body="ant", **_BOTH),
        Arrangement("And", body="quadruped", together=True, **_BOTH),
        *(Gather(f"Gather {body}", body=body) for body in ("ball", "ant", "quadruped")),
        *(Gap(f"Gap {body}", body=body) for body in ("ball", "ant", "quadruped")),
        AntSpeed("AntSpeed"), SwimmerSpeed("SwimmerSpeed"), HumanoidSpeed("HumanoidSpeed"),
        AntCross("AntCross"), HumanoidWalk("HumanoidWalk"), HumanoidGoTo("HumanoidGoTo"),
    )
}  # fmt: skip


def assert_sound(world, steps, count):
    for timestep in timesteps(world, steps, count):
        assert np.isfinite(timestep.reward).all()
        for view in world.views:
            shown = timestep.observation[view.name]
            assert shown.shape == (count, *view.shape)
            assert np.isfinite(shown).all()
            assert (shown >= view.low).all()
            assert (shown <= view.high).all()


@pytest.mark.parametrize("name", WORLDS)
def test_random_actions_give_sound_timesteps(name):
    assert_sound(WORLDS[name], 50, 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_many_random_actions_give_sound_timesteps(name):
    assert_sound(WORLDS[name], 3_125, 32)
