"""Helpers for tests of refused input: a ValueError of one sentence that names field and rule."""

import re
from collections.abc import Callable
from typing import Any

import pytest


def refusal(function: Callable, *arguments: Any) -> str:
    """Return the sentence with which `function` refuses; fail where it is not one sentence."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the sentence is what is looked at)
        function(*arguments)
    sentence = str(caught.value)
    assert type(caught.value) is ValueError
    assert "\n" not in sentence
    assert not re.search(r"[.!?]\s+[A-Z]", sentence), f"more than one sentence: {sentence}"
    return sentence


def refuses(call: Callable[[], Any], *parts: str) -> None:
    """Fail unless `call` is refused and every part occurs: the field, the rule, the value."""
    assert_names(refusal(call), *parts)


def assert_names(sentence: str, *parts: str) -> None:
    """Fail unless every part occurs in the sentence of an error, in this order.

    A part may have an ellipsis: "discount ... [0, 1) ... 1.2" is field, rule and value.
    """
    pieces = [piece for part in parts for piece in part.split(" ... ")]
    assert re.search(".*".join(map(re.escape, pieces)), sentence), f"{pieces} not in: {sentence}"
