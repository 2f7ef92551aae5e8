"""What a catalogue of worlds of MuJoCo says of each, without importing MuJoCo."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A world that has a name.

    Attributes:
        module: where its class is.
        world: name of the class.
        fields: what it is made with where options do not say otherwise.
        summary: what there is to do, in one line.
    """

    module: str
    world: str
    fields: Mapping[str, Any]
    summary: str
