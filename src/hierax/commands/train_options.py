"""The options of an agent and a world, from the fields of their classes.

The first two words of a command line name the agent and the world. The fields of their
dataclasses, except ``spec`` and ``name``, become groups of options: ``--agent.FIELD``,
``--world.FIELD``, ``--agent.levels.N.FIELD`` and ``--curriculum.N.FIELD``.
"""

import ast
import dataclasses
import inspect
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, get_type_hints

from tyro.conf import arg

from hierax.commands.errors import UsageError
from hierax.commands.parsing import normal, values_of
from hierax.registry import Stage

_DOCUMENTED = re.compile(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)
_NOT_SET = ("spec", "name")
"""Fields that the world of a run and its name give."""


@dataclasses.dataclass(frozen=True)
class StageOptions:
    """A stage of the curriculum.

    Attributes:
        world: name of the world that the level is trained in; None for the world of the run.
        steps: environment steps that the level is trained for.
    """

    world: str | None = None
    steps: int | None = None


def options_class(kind: type, defaults: Mapping[str, Any], words: Sequence[str], owner: str) -> Any:
    """Return a dataclass with the fields of an agent or a world as options.

    Args:
        kind: the class.
        defaults: values in place of those of the class.
        words: of the command line. They say how many levels there are.
        owner: ``"agent"`` or ``"world"``.

    Raises:
        UsageError: if a number of a level is left out.
    """
    hints, documented = get_type_hints(kind), documentation(kind)
    options: list[Any] = []
    for field in _own_first(kind):
        if field.name in _NOT_SET or not field.init:
            continue
        default = _default(field, defaults)
        if holds_dataclasses(default):
            default = _extended(default, f"--{owner}.{field.name}", words)
        typed = type(default) if _is_dataclass(default) else hints[field.name]
        hint = Annotated[typed, arg(help=documented.get(field.name, ""))]
        if default is dataclasses.MISSING:
            options.append((field.name, hint))
        else:
            factory = partial(_itself, default)
            options.append((field.name, hint, dataclasses.field(default_factory=factory)))
    return dataclasses.make_dataclass(kind.__name__, options, kw_only=True)


def _own_first(kind: type) -> "list[dataclasses.Field[Any]]":
    """Return the fields of a class: those that it declares itself come first."""
    own = vars(kind).get("__annotations__", {})
    return sorted(dataclasses.fields(kind), key=lambda field: field.name not in own)


def stage_options(known: Sequence[Stage], below: int) -> tuple[StageOptions, ...]:
    """Return the options of a curriculum, one stage for each level ``below`` the top."""
    stages = [StageOptions(stage.world, stage.steps) for stage in known[:below]]
    return (*stages, *(below - len(stages)) * [StageOptions()])


def read_curriculum(stages: Sequence[StageOptions]) -> tuple[Stage, ...]:
    """Return the curriculum that options set.

    Raises:
        UsageError: if the steps of a stage are missing or not allowed.
    """
    for number, stage in enumerate(stages):
        if stage.steps is None or stage.steps < 1:
            raise UsageError(
                f"--curriculum.{number}.steps must be an integer >= 1, got {stage.steps}: "
                f"level {number} is trained before the levels above it"
            )
    return tuple(Stage(stage.world, stage.steps or 0) for stage in stages)


def values_without_type(words: Sequence[str], owner: str) -> tuple[dict[str, Any], list[str]]:
    """Return the options of an owner whose fields have no known types, and all other words.

    Each value is read as a literal of Python, or else as text. Several words are a tuple.
    """
    prefix, found, rest = f"--{owner}.", {}, []
    is_own = False
    for word in words:
        if word.startswith("--"):
            is_own = word.startswith(prefix)
            if is_own:
                option = normal(word)
                values = [_literal(value) for value in values_of(option, words)] or [True]
                name = option.removeprefix(prefix).replace("-", "_")
                found[name] = values[0] if len(values) == 1 else tuple(values)
        if not is_own:
            rest.append(word)
    return found, rest


def _literal(word: str) -> Any:
    if word.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[word.lower()]
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word


def _itself(value: Any) -> Any:
    return value


def _default(field: "dataclasses.Field[Any]", defaults: Mapping[str, Any]) -> Any:
    if field.name in defaults:
        return defaults[field.name]
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def holds_dataclasses(value: Any) -> bool:
    """Return whether a value is a tuple of dataclasses, whose options are numbered."""
    return isinstance(value, tuple) and bool(value) and all(map(_is_dataclass, value))


def _is_dataclass(value: Any) -> bool:
    """Return whether a value is an instance of a dataclass."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _extended(items: tuple[Any, ...], option: str, words: Sequence[str]) -> tuple[Any, ...]:
    """Return a tuple with further items of default values, as far as options name them."""
    pattern = re.compile(re.escape(normal(option)) + r"\.(\d+)\.")
    named = {int(found[1]) for word in words if (found := pattern.match(normal(word)))}
    count = max(named, default=-1) + 1
    for number in range(len(items), count):
        if number not in named:
            raise UsageError(
                f"{option} must be numbered from 0 without gaps, got an option of number "
                f"{count - 1} but none of number {number}"
            )
    return (*items, *(type(items[-1])() for _ in range(len(items), count)))


def documentation(kind: type) -> dict[str, str]:
    """Return the text on each attribute in the docstrings of a class and its bases."""
    found: dict[str, str] = {}
    for cls in reversed(kind.__mro__):
        _, _, section = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")
        for name, text in _DOCUMENTED.findall(section.partition("\n\n")[0]):
            found[name] = " ".join(text.split()).replace("``", "")
    return found
