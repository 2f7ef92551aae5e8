"""Options that set fields by their names: ``--agent.hidden-sizes 64 64``, ``--level.0.steps=9000``."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hierax.commands.declared import declared_fields, source_of
from hierax.commands.errors import UsageError, unknown
from hierax.commands.values import guess_value, read_value

OWNERS = ("agent", "world", "level.N")
_LEVEL = re.compile(r"level\.\d+")
Dotted: TypeAlias = Mapping[str, tuple[str, ...]]
"""Words by the option that they follow, such as ``agent.hidden_sizes``."""


def separate(words: Sequence[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Takes dotted options out of a command line.

    The values of such an option are all words up to the next option, so the command's arguments
    have to come first.

    Raises:
        UsageError: where an option is given twice, or one belongs to something else.

    Returns:
        The words that remain, and the words of each option.
    """
    rest: list[str] = []
    dotted: dict[str, tuple[str, ...]] = {}
    place = 0
    while place < len(words):
        name, has_value, value = words[place].partition("=")
        place += 1
        if not (name.startswith("--") and "." in name):
            rest.append(words[place - 1])
            continue
        end = next((k for k in range(place, len(words)) if words[k].startswith("--")), len(words))
        option = _named(name)
        if option in dotted:
            raise UsageError(f"--{option} is given twice, but must be given once at most")
        dotted[option] = (value, *words[place:end]) if has_value else tuple(words[place:end])
        place = end
    return rest, dotted


def levels_named(dotted: Dotted) -> list[int]:
    """Numbers of the levels that options name, in order."""
    owners = (option.rpartition(".")[0] for option in dotted)
    return sorted({int(owner[6:]) for owner in owners if _LEVEL.fullmatch(owner)})


def fields_of(owner: str, name: str, dotted: Dotted) -> dict[str, Any]:
    """Values of the fields that were set of an agent, a world or a level.

    Args:
        owner: one of `OWNERS`.
        name: of the agent or the world; ``"level"`` for a level.
        dotted: from `separate`.

    Raises:
        UsageError: where it has no such field or a value is not of its type. Where nothing is known
            of its fields, values are taken for what they look like.
    """
    given = {
        option.rpartition(".")[2]: words
        for option, words in dotted.items()
        if option.rpartition(".")[0] == owner
    }
    if not given:
        return {}
    if source_of(name) is None:
        return {field: guess_value(words) for field, words in given.items()}
    fields = declared_fields(name)
    values = {}
    for field, words in given.items():
        if field not in fields:
            raise unknown(f"field of {name}", field, fields)
        values[field] = read_value(f"--{owner}.{field}", fields[field].kind, words)
    return values


def _named(flag: str) -> str:
    """``agent.learning_rate`` for ``--agent.learning-rate``."""
    owner, _, field = flag.removeprefix("--").rpartition(".")
    if owner not in ("agent", "world") and not _LEVEL.fullmatch(owner):
        raise unknown("option", flag, [f"--{known}.FIELD" for known in OWNERS])
    return f"{owner}.{field.replace('-', '_')}"
