"""Options of an agent that may have one of several learners.

``--agent.learner NAME`` chooses the learner; without it, the preset or the actions of the world do.
The fields of the chosen one are ``--agent.learner.FIELD``.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from tyro.conf import arg

from hierax.commands.errors import UsageError
from hierax.commands.parsing import normal, values_of
from hierax.commands.train_options import values_without_type

LEARNER = "learner"
"""Name of the field."""
_OPTION = f"--agent.{LEARNER}"
_CHOICE = "learner_name"
"""Name of the option in the dataclass of options."""
_TEXT = "how the modules are updated; further options of the learner are those of this one"


def default(
    kind: Any,
    fields: Mapping[str, Any],
    place: tuple[str | None, Mapping[str, Any]],
    words: Sequence[str],
) -> dict[str, Any]:
    """Return the learner by the name of its field; nothing where an agent has no choice.

    Args:
        kind: class of the agent.
        fields: of the agent, by its preset.
        place: name and fields of the world, as far as they are known.
        words: of the command line.

    Raises:
        UsageError: if an option is one of another learner.
    """
    if len(getattr(kind, "learners", ())) < 2:
        return {}
    named = values_of(_OPTION, words)
    found = [each for each in kind.learners if [_name_of(each)] == named]
    known = fields.get(LEARNER)
    if known is None or found not in ([], [type(known)]):
        known = (found[0] if found else _implied(kind, place, words))()
    _refuse_others(kind.learners, type(known), words)
    return {LEARNER: known}


def with_choice(options: type, kind: Any, learner: Mapping[str, Any]) -> type:
    """Return options with the name of the learner as a further one."""
    names = tuple(map(_name_of, kind.learners))
    hint = Annotated[Literal[names], arg(name=LEARNER, help=_TEXT)]
    chosen = dataclasses.field(default=_name_of(type(learner[LEARNER])))
    return dataclasses.make_dataclass(
        options.__name__, [(_CHOICE, hint, chosen)], bases=(options,), kw_only=True
    )


def without_choice(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an agent without the name of its learner."""
    return {name: value for name, value in fields.items() if name != _CHOICE}


def _refuse_others(learners: Sequence[type], chosen: type, words: Sequence[str]) -> None:
    """Raise UsageError if an option is a field of another learner alone."""
    for option in (normal(word) for word in words if normal(word).startswith(f"{_OPTION}.")):
        name = option.removeprefix(f"{_OPTION}.").replace("-", "_")
        owners = [each for each in learners if name in _fields(each)]
        if owners and chosen not in owners:
            raise UsageError(
                f"{option} is an option of {_name_of(owners[0])}, but the learner is "
                f"{_name_of(chosen)}; {_OPTION} {_name_of(owners[0])} chooses the other"
            )


def _fields(learner: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(learner)]


def _name_of(learner: type) -> str:
    return learner.__name__.lower()


def _implied(kind: Any, place: tuple[str | None, Mapping[str, Any]], words: Sequence[str]) -> Any:
    """Return the learner for the actions of a world; one that cannot be made is refused later."""
    from hierax.worlds.registry import make

    name, fields = place
    given, _ = values_without_type(words, "world")
    try:
        action = make(name or "", **{**fields, **given}).spec.action
    except (ValueError, TypeError):
        return kind.learners[0]
    return kind.learner_for(action)
