"""Base class of tasks that support several bodies."""

import dataclasses

from hierax.worlds.mujoco.bodies import body_named
from hierax.worlds.mujoco.bodies.body import Body
from hierax.worlds.mujoco.body_world import BodyWorld


@dataclasses.dataclass(frozen=True)
class AnyBody(BodyWorld):
    """A world whose body is a field.

    Attributes:
        body: name of the body, one of `hierax.worlds.mujoco.bodies.BODIES`.

    Raises:
        ValueError: if there is no such body, or the limit is not an integer of at least 1.
    """

    body: str = "ball"

    def __post_init__(self) -> None:
        super().__post_init__()
        body_named(self.body)

    @property
    def walker(self) -> Body:
        """The body that the field names."""
        return body_named(self.body)
