"""Bodies to act with, by name."""

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
    """The body called ``name``.

    Raises:
        ValueError: where there is none.
    """
    if name not in BODIES:
        raise ValueError(f"body is {name!r}, but must be one of {', '.join(BODIES)}")
    return BODIES[name]
