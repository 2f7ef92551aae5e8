"""Tasks that are the same for several bodies."""

import dataclasses

from hierax.worlds.mujoco.bodies import body_named
from hierax.worlds.mujoco.bodies.body import Body
from hierax.worlds.mujoco.embodied import Embodied


@dataclasses.dataclass(frozen=True)
class AnyBody(Embodied):
    """A world in which the body acts that a field names.

    Attributes:
        body: one of `hierax.worlds.mujoco.bodies.BODIES`.

    Raises:
        ValueError: where there is no such body, or the limit is no whole number above 0.
    """

    body: str = "ball"

    def __post_init__(self) -> None:
        super().__post_init__()
        body_named(self.body)

    @property
    def walker(self) -> Body:
        """The body that acts."""
        return body_named(self.body)
