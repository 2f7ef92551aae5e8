"""What holds for every task: shapes, soundness under random actions, and two kinds of arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.worlds.mujoco.tasks.ant_cross import AntCross
from hierax.worlds.mujoco.tasks.arrangement import Arrangement
from hierax.worlds.mujoco.tasks.gap import Gap
from hierax.worlds.mujoco.tasks.gather import Gather
from hierax.worlds.mujoco.tasks.humanoid import HumanoidGoTo, HumanoidWalk
from hierax.worlds.mujoco.tasks.speed import AntSpeed, HumanoidSpeed, SwimmerSpeed
from worlds.mujoco.acted import data_of, timesteps

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


def stays_sound(world, steps, count):
    for timestep in timesteps(world, steps, count):
        assert np.isfinite(timestep.reward).all()
        for view in world.views:
            shown = timestep.observation[view.name]
            assert shown.shape == (count, *view.shape)
            assert np.isfinite(shown).all()
            assert (shown >= view.low).all()
            assert (shown <= view.high).all()


@pytest.mark.parametrize("name", WORLDS)
def test_random_actions_lead_to_nothing_unsound(name):
    stays_sound(WORLDS[name], 125, 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_many_random_actions_lead_to_nothing_unsound(name):
    stays_sound(WORLDS[name], 3_125, 32)


@pytest.mark.parametrize(
    "name",
    ["And", "Gather ball", "Gap ant", "AntSpeed", "SwimmerSpeed", "AntCross", "HumanoidWalk"],
)
def test_numpy_and_jax_give_the_same(name, x64):
    world = WORLDS[name]
    batch, random = world.batch(3, 1), np.random.default_rng(0)
    batch.reset(0)
    before = data_of(batch)
    action = random.uniform(-1, 1, (3, world.model.nu))
    batch.step(action)
    now = data_of(batch, 1, action)._replace(task_state=before.task_state)
    plain = dict(world.observe(now)), world.reward_and_termination(before, now)
    given = jax.tree.map(jnp.asarray, (before, now))
    fast = jax.jit(
        lambda before, now: (dict(world.observe(now)), world.reward_and_termination(before, now))
    )(*given)
    assert jax.tree.structure(plain) == jax.tree.structure(fast)
    for here, there in zip(jax.tree.leaves(plain), jax.tree.leaves(fast), strict=True):
        assert here.dtype == there.dtype
        np.testing.assert_allclose(here, there, atol=1e-9)
