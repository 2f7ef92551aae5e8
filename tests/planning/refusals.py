"""What every refusal of bad input must be: a ValueError of one sentence."""

import re
from collections.abc import Callable
from typing import Any

import pytest


def refusal(function: Callable, *arguments: Any) -> str:
    """The sentence with which `function` refuses; fails where it is not one sentence."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the sentence is what is looked at)
        function(*arguments)
    sentence = str(caught.value)
    assert type(caught.value) is ValueError
    assert "\n" not in sentence
    assert not re.search(r"[.!?]\s+[A-Z]", sentence), f"more than one sentence: {sentence}"
    return sentence
