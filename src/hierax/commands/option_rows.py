"""The rows of a help, from a dataclass of options."""

import dataclasses
import types
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from tyro.conf import FlagCreatePairsOff

from hierax.commands.help_pages import Group, Row
from hierax.commands.train_options import documentation, holds_dataclasses, options_class

_VALUES = {int: "INT", float: "FLOAT", str: "STR", types.NoneType: "None"}


def rows(options: type, prefix: str = "--") -> list[Row]:
    """Return a row for each option of a dataclass, but none for numbered ones, see `numbered`."""
    documented, found = documentation(options), []
    for field in dataclasses.fields(options):
        kind, marks = _parts(field.type)
        default = _default(field)
        name = _mark(marks, "name") or field.name.replace("_", "-")
        nested = type(default) if dataclasses.is_dataclass(default) else kind
        if dataclasses.is_dataclass(nested):
            found += rows(_class_of(nested, default), f"{prefix}{name}.")
        elif not holds_dataclasses(default):
            is_pair = kind is bool and FlagCreatePairsOff not in marks
            hint = _mark(marks, "help_behavior_hint")
            values = _mark(marks, "metavar")
            found.append(
                Row(
                    f"{prefix}{name}",
                    _values(kind) if values is None else values,
                    _mark(marks, "help") or documented.get(field.name, ""),
                    _told(default) if hint is None else hint.replace("[default: ", "["),
                    f"{prefix}no-{name}" if is_pair else "",
                )
            )
    return found


def numbered(title: str, prefix: str, items: Sequence[Any], *, each: bool) -> list[Group]:
    """Return the rows of options that are numbered from 0, such as ``--agent.levels.0.views``.

    Args:
        title: what is numbered.
        prefix: of the options, such as ``--agent.levels``.
        items: a dataclass for each number.
        each: whether to return a group for each number, or one group with N in place of a number.
    """
    if not each:
        general = rows(_class_of(type(items[0]), items[0]), f"{prefix}.N.")
        group = Group(f"{title}, N from 0", [row._replace(default="") for row in general])
        return [group]
    pages = [rows(_class_of(type(x), x), f"{prefix}.{number}.") for number, x in enumerate(items)]
    return [Group(f"{title} {number}", page) for number, page in enumerate(pages)]


def numbered_fields(options: type) -> dict[str, Sequence[Any]]:
    """Return the fields of a dataclass of options that hold numbered dataclasses."""
    found = {field.name: _default(field) for field in dataclasses.fields(options)}
    return {name: items for name, items in found.items() if holds_dataclasses(items)}


def _class_of(kind: Any, value: Any) -> type:
    """Return the options of a dataclass whose defaults are the fields of ``value``."""
    fields = () if value is dataclasses.MISSING else dataclasses.fields(value)
    given = {field.name: getattr(value, field.name) for field in fields}
    return options_class(kind, given, (), "")


def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type and its marks."""
    return (hint.__origin__, hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())


def _mark(marks: Sequence[Any], name: str) -> Any:
    found = (getattr(mark, name, None) for mark in marks)
    return next((value for value in found if value is not None), None)


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _told(default: Any) -> str:
    if default is dataclasses.MISSING:
        return "(required)"
    return f"[{' '.join(map(str, default)) if isinstance(default, tuple) else default}]"


def _values(kind: Any) -> str:
    """Return in words what an option of a type takes."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is bool:
        return ""
    if origin is Literal:
        return "|".join(map(str, arguments))
    if origin in (Union, types.UnionType):
        return "|".join(map(_values, arguments))
    if origin is tuple:
        first, *rest = arguments
        return f"{_values(first)}..." if rest == [...] else " ".join(map(_values, arguments))
    return _VALUES.get(kind, "VALUE")
