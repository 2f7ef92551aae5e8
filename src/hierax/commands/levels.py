"""The levels that `hierax train lsp` trains: those that a world begins with, changed by options."""

import dataclasses
from typing import TYPE_CHECKING

from hierax.commands.dotted import Dotted, fields_of, levels_named
from hierax.commands.errors import UsageError, one_line

if TYPE_CHECKING:
    from hierax.agents import Level


def levels_of(world: str, dotted: Dotted) -> tuple["Level", ...]:
    """The levels for a world.

    Args:
        world: its name; a world without levels of its own gets a single one.
        dotted: options such as ``level.0.steps``. The number after the last is a new level.

    Raises:
        UsageError: where a number is left out, or a field or its value is not allowed.
    """
    changes = {
        number: fields_of(f"level.{number}", "level", dotted) for number in levels_named(dotted)
    }
    from hierax.agents import Level
    from hierax.training.curriculum import CURRICULA

    levels = list(CURRICULA.get(world, (Level(),)))
    for number, fields in changes.items():
        if number > len(levels):
            raise UsageError(
                f"there is an option for level {number}, but none for level {len(levels)}: levels "
                "are numbered from 0 at the bottom, and none may be left out"
            )
        try:
            if number == len(levels):
                levels.append(Level(**fields))
            else:
                levels[number] = dataclasses.replace(levels[number], **fields)
        except ValueError as error:
            raise UsageError(f"level {number}: {one_line(error)}") from None
    return tuple(levels)
