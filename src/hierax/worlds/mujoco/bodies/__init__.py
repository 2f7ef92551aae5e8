"""The bodies of the tasks, by name."""

from hierax import checks
from hierax.worlds.mujoco.bodies.ant import Ant
from hierax.worlds.mujoco.bodies.ball import Ball
from hierax.worlds.mujoco.bodies.body import Body
from hierax.worlds.mujoco.bodies.humanoid import Humanoid
from hierax.worlds.mujoco.bodies.quadruped import Quadruped

BODIES: dict[str, Body] = {
    "ball": Ball(),
    "ant": Ant(),
    "quadruped": Quadruped(),
    "humanoid": Humanoid(),
}


def body_named(name: str) -> Body:
    """Return the body called ``name``.

    Raises:
        ValueError: if there is no such body.
    """
    checks.one_of("body", name, tuple(BODIES))
    return BODIES[name]
