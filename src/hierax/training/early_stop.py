"""Callbacks of a training, and the threshold of an evaluation that ends it early."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, TypeAlias

from hierax import checks
from hierax.training.evaluation import MODES

Callback: TypeAlias = Callable[[int, list[dict[str, float]]], Any]
"""(step, metrics of each seed) → False to stop the training; anything else goes on."""


@dataclasses.dataclass(frozen=True)
class EarlyStop:
    """When a training ends before its last step.

    Attributes:
        on_log: is called with every line of metrics.
        on_evaluation: is called with the lines that have an evaluation.
        until: name of a metric of the evaluation, such as ``"deterministic/success"``, and the
            value that it reaches with every seed at the end; None trains to the last step.

    Raises:
        ValueError: if one of them has another form.
    """

    on_log: Callback | None = None
    on_evaluation: Callback | None = None
    until: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        for name in ("on_log", "on_evaluation"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise ValueError(f"{name} must be a function, got {getattr(self, name)!r}")
        if self.until is None:
            return
        checks.instance("until", self.until, tuple, list)
        if len(self.until) != 2:
            raise ValueError(f"until must be a name and a number, got {self.until!r}")
        name, least = self.until
        checks.instance("name in until", name, str)
        if name.partition("/")[0] not in MODES:
            raise ValueError(
                f"until must name a metric of an evaluation, such as 'deterministic/return', got "
                f"{name!r}"
            )
        if not isinstance(least, Real) or not math.isfinite(least):
            raise ValueError(f"number in until must be finite, got {least!r}")

    def asked(self, step: int, metrics: Sequence[Mapping[str, float]], evaluated: bool) -> bool:
        """Call the callbacks, and return whether the training ends here."""
        called = (self.on_log, self.on_evaluation if evaluated else None)
        answers = [
            callback(step, [dict(found) for found in metrics])
            for callback in called
            if callback is not None
        ]
        return any(answer is False for answer in answers) or (evaluated and self.reached(metrics))

    def reached(self, metrics: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether an evaluation reached the threshold with every seed.

        Raises:
            ValueError: if it has no metric of that name.
        """
        if self.until is None:
            return False
        name, least = self.until
        for found in metrics:
            checks.one_of(
                "name in until", name, tuple(key for key in found if key.partition("/")[0] in MODES)
            )
        return all(found[name] >= least for found in metrics)
