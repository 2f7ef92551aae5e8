"""From the words of a command line to the options of a command, by tyro.

tyro explains an error in a box of several lines. Here it becomes one line: what was given, what is
allowed, and the nearest option or value.
"""

import contextlib
import io
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from hierax.commands.errors import UsageError, one_line, unknown
from hierax.registry import nearest

T = TypeVar("T")
_LISTED = 12
"""Largest number of options that an error lists."""
_RULE = re.compile(r"[╭╰]|─{4}|-{4}")
_KINDS = {"INT": "an integer", "FLOAT": "a number", "STR": "a word"}


def parse(options: type[T], words: Sequence[str], program: str, text: str = "") -> T:
    """Return the options that the words of a command line set.

    Args:
        options: a dataclass; each field is an option.
        words: after the name of the command.
        program: how the command is called, for its help.
        text: above the options in its help.

    Raises:
        UsageError: if an option is unknown, is given twice, or has a value that is not allowed.
        SystemExit: after printing the help, if the words contain ``-h`` or ``--help``.
    """
    import tyro

    _refuse_repeated(words)
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(options, prog=program, description=text, args=list(words))
    except SystemExit as end:
        if not end.code:
            raise
    except ValueError as error:
        raise UsageError(one_line(error)) from None
    raise _refusal(complaint.getvalue(), options, words, program)


def values_of(option: str, words: Sequence[str]) -> list[str]:
    """Return the words that follow an option, up to the next one."""
    for place, word in enumerate(words):
        if word.startswith("--") and normal(word) == option:
            _, has_value, value = word.partition("=")
            rest = itertools.takewhile(lambda each: not each.startswith("--"), words[place + 1 :])
            return [value, *rest] if has_value else [*rest]
    return []


def normal(flag: str) -> str:
    """Return the name of an option with hyphens: ``--agent.batch_size`` has two spellings."""
    return flag.partition("=")[0].replace("_", "-")


def _refuse_repeated(words: Iterable[str]) -> None:
    seen = set()
    for name in (normal(word) for word in words if word.startswith("--")):
        if name in seen:
            raise UsageError(f"{name} is given twice, but may be given once")
        seen.add(name)


def _flags(options: type, program: str) -> list[str]:
    """Return the names of all options, from the help."""
    import tyro

    shown = io.StringIO()
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(shown):
        tyro.cli(options, prog=program, args=["--help"])
    return sorted(set(re.findall(r"(?<![\w-])--\w[\w.-]*\w", shown.getvalue())))


def _refusal(box: str, options: type, words: Sequence[str], program: str) -> UsageError:
    """Return tyro's complaint as an error of one line."""
    flags = _flags(options, program)
    for word in words:
        if word.startswith("--") and normal(word) not in flags:
            return _unknown_option(word.partition("=")[0], flags, program)
    text = _content(box)
    if found := re.match(r"Unrecognized options: (\S+?),?(\s|$)", text):
        text = f"unexpected word {found[1]!r}"
    elif text.startswith("Missing from"):
        text = f"missing: {', '.join(_missing(box))}"
    elif found := re.match(r"Missing value for argument '(.*?)'. Expected (\d+)", text):
        given = " ".join(values_of(normal(found[1]), words)) or "none"
        wanted = "a value" if found[2] == "1" else f"{found[2]} values"
        text = f"{found[1]} must have {wanted}, got {given}"
    elif found := re.match(r"invalid choice '(.*)' for argument '(.*)'. Expected.*\((.*)\)", text):
        choices = re.findall(r"'(.*?)'", found[3])
        text = f"{found[2]} must be {_either(choices)}, got {found[1]!r}"
        closest = nearest(found[1], choices)
        text += f"; did you mean {closest!r}?" if closest else ""
    elif found := re.match(r"Error parsing (\S+): (must be .*)", text):
        text = f"{found[1]} {found[2]}"
    elif found := re.match(r"Error parsing ([^-]\S+): (.*)", text):
        text = f"{found[1]}: {found[2]}"
    elif found := re.match(r"Error parsing (\S+): ", text):
        given = " ".join(values_of(normal(found[1]), words))
        metavar = re.search(
            rf"Argument helptext:[\s│]*{re.escape(found[1])} (.*?)[ │]*$", box, re.M
        )
        rule = f" must be {_kinds(metavar[1])}, got" if metavar else " does not allow"
        text = f"{found[1]}{rule} {given!r}"
    return UsageError(f"{text}; see {program} --help")


def _unknown_option(option: str, flags: Sequence[str], program: str) -> UsageError:
    """Return the error for an unknown option, with the nearest one, or one that shares a word."""
    if nearest(option, flags) or len(flags) <= _LISTED:
        return unknown("option", option, flags)
    words = [word for word in re.split(r"[\W_]+", option) if len(word) > 2]
    for flag in flags:
        own = re.split(r"[\W_]+", flag.rpartition(".")[2].strip("-"))
        if any(a.startswith(b) or a.endswith(b) or b.startswith(a) for a in words for b in own):
            return UsageError(f"unknown option {option!r}; did you mean {flag!r}?")
    return UsageError(f"unknown option {option!r}; see {program} --help")


def _content(box: str) -> str:
    """Return the first part of a box of several lines, as one line."""
    lines = [line.strip("│ ") for line in box.splitlines()]
    rules = [k for k, line in enumerate(lines) if _RULE.match(line)] + 2 * [len(lines)]
    return one_line(" ".join(lines[rules[0] + 1 : rules[1]])).rstrip(".")


def _missing(box: str) -> list[str]:
    """Return the options and arguments that a complaint says are missing."""
    lines = box.replace("│", " ").splitlines()
    first = next(k for k, line in enumerate(lines) if "Missing from" in line)
    indent = len(lines[first]) - len(lines[first].lstrip()) + 4
    below = itertools.takewhile(lambda line: not _RULE.match(line.strip()), lines[first + 1 :])
    return [x.split()[0] for x in below if x.strip() and len(x) - len(x.lstrip()) == indent]


def _kinds(metavar: str) -> str:
    """Return in words what a metavar of tyro allows, such as ``{None}|FLOAT``."""
    return _either([_kind(part.strip("{}")) for part in metavar.split("|")])


def _kind(part: str) -> str:
    several = {"INT": "integers", "FLOAT": "numbers", "STR": "words"}
    names = part.replace("[", "").replace("]", "").replace("...", "").split()
    if names and names[0] in several and len(names) > 1:
        return several[names[0]] if part.startswith("[") else f"{len(names)} {several[names[0]]}"
    return _KINDS.get(part) or _either(part.split(","))


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
