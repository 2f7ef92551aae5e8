"""From words on the command line to the value of a field whose type is known.

| type | words |
|---|---|
| ``int``, ``float``, ``str`` | one |
| ``bool`` | ``true`` or ``false``; none for true |
| ``Literal`` | one of those allowed |
| ``tuple`` | several, or one with commas between them |
| ``... | None`` | also ``none`` |
"""

import ast
import math
from collections.abc import Sequence
from typing import Any

from hierax.commands.errors import UsageError, nearest

BOOLEANS = {"true": True, "false": False}
_SINGLE = {"int": "a whole number", "float": "a finite number", "str": "a word"}
_SEVERAL = {"int": "whole numbers", "float": "numbers", "str": "words"}


def read_value(option: str, kind: ast.expr, words: Sequence[str]) -> Any:
    """The value of a field from the words that stand after its option.

    Args:
        option: how the field was named there.
        kind: its type.
        words: any number.

    Raises:
        UsageError: where they are no such value.
    """
    try:
        return _read(kind, words)
    except ValueError:
        given = repr(" ".join(words)) if words else "given no value"
        choices = [choice for part in _parts(kind) for choice in _choices(part)]
        meant = nearest(words[0], choices) if len(words) == 1 and choices else None
        question = f"; did you mean {meant}?" if meant else ""
        raise UsageError(f"{option} is {given}, but must be {allowed(kind)}{question}") from None


def guess_value(words: Sequence[str]) -> Any:
    """The value that words stand for where no type is known: numbers, true, false, none, text."""
    split = _split(words)
    if len(split) != 1:
        return tuple(guess_value([word]) for word in split) if split else True
    (word,) = split
    if word.lower() in (*BOOLEANS, "none"):
        return BOOLEANS.get(word.lower())
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    return word


def finite(word: str) -> float:
    """The number that a word is; raises ValueError where it is none, or NaN, or infinite."""
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(f"{word!r} is no finite number")
    return number


def allowed(kind: ast.expr) -> str:
    """The values of a type, in words."""
    return " or ".join(_allowed(part) for part in _parts(kind))


def _read(kind: ast.expr, words: Sequence[str]) -> Any:
    """The value of a type; raises ValueError where the words are no such value."""
    # Nothing before words: "none" is a word, too.
    for part in sorted(_parts(kind), key=lambda part: not _is_none(part)):
        try:
            return _read_part(part, words)
        except ValueError:
            continue
    raise ValueError


def _read_part(part: ast.expr, words: Sequence[str]) -> Any:
    if isinstance(part, ast.Subscript) and ast.unparse(part.value) == "tuple":
        return _read_tuple(part, _split(words))
    if ast.unparse(part) == "bool" and not words:
        return True
    if len(words) != 1:
        raise ValueError
    return _read_single(part, words[0])


def _read_single(part: ast.expr, word: str) -> Any:
    name = ast.unparse(part)
    readers = {"int": int, "float": finite, "str": str}
    if name in readers:
        return readers[name](word)
    values = {"none": None} if _is_none(part) else BOOLEANS if name == "bool" else _choices(part)
    if word.lower() not in values:
        raise ValueError
    return values[word.lower()]


def _read_tuple(part: ast.Subscript, words: Sequence[str]) -> tuple[Any, ...]:
    kinds = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
    if _is_open(part):
        kinds = [kinds[0]] * len(words)
    if not words or len(kinds) != len(words):
        raise ValueError
    return tuple(_read(kind, [word]) for kind, word in zip(kinds, words, strict=True))


def _allowed(part: ast.expr) -> str:
    name = ast.unparse(part)
    if isinstance(part, ast.Subscript) and ast.unparse(part.value) == "tuple":
        kinds = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
        several = _SEVERAL.get(ast.unparse(kinds[0]), "values")
        return f"one or more {several}" if _is_open(part) else f"{len(kinds)} {several}"
    if name == "bool":
        return " or ".join(BOOLEANS)
    return "none" if _is_none(part) else _SINGLE.get(name) or " or ".join(_choices(part))


def _parts(kind: ast.expr) -> list[ast.expr]:
    """The alternatives of a type."""
    if isinstance(kind, ast.BinOp):
        return [*_parts(kind.left), *_parts(kind.right)]
    return [kind]


def _choices(part: ast.expr) -> dict[str, Any]:
    """The values of a ``Literal`` by the words for them; nothing for other types."""
    if not isinstance(part, ast.Subscript) or ast.unparse(part.value) != "Literal":
        return {}
    values = ast.literal_eval(part.slice)
    return {
        str(value).lower(): value for value in (values if isinstance(values, tuple) else (values,))
    }


def _is_none(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is None


def _is_open(part: ast.Subscript) -> bool:
    """Whether a tuple may have any length."""
    return isinstance(part.slice, ast.Tuple) and ast.unparse(part.slice.elts[-1]) == "..."


def _split(words: Sequence[str]) -> list[str]:
    """Words that commas part, too."""
    return [piece for word in words for piece in word.split(",") if piece]
