"""When a run stops to log, to evaluate and to save, counted in beats.

Evaluations and checkpoints fall on logged beats, and all of these on multiples, so a run that is
resumed has the same stops as one that never ended.
"""

import dataclasses

from hierax import checks
from hierax.training.rhythm import Rhythm

LOGS, EVALUATIONS = 100, 20
"""How many of each there are in a run that is not told otherwise."""


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Intervals in beats.

    Attributes:
        learning_starts: beats without updates.
        log: between two lines of metrics.
        evaluate: between two evaluations, a multiple of ``log``.
        checkpoint: between two checkpoints, a multiple of ``log``.
        end: how many beats a run has.
    """

    learning_starts: int
    log: int
    evaluate: int
    checkpoint: int
    end: int

    @classmethod
    def of(
        cls,
        rhythm: Rhythm,
        steps: int,
        *,
        log_every: int | None = None,
        evaluate_every: int | None = None,
        checkpoint_every: int | None = None,
    ) -> "Schedule":
        """The schedule of a run of ``steps`` environment steps; intervals are in such steps too.

        Raises:
            ValueError: where a number is no whole number above 0.
        """
        checks.count("steps", steps, 1)
        given = {
            "log_every": log_every,
            "evaluate_every": evaluate_every,
            "checkpoint_every": checkpoint_every,
        }
        for name, number in given.items():
            if number is not None:
                checks.count(name, number, 1)
        log = rhythm.beats(log_every or -(-steps // LOGS))
        evaluate = rhythm.beats(evaluate_every or -(-steps // EVALUATIONS))
        evaluate = log * -(-evaluate // log)
        saved = rhythm.beats(checkpoint_every) if checkpoint_every else evaluate
        return cls(
            rhythm.learning_starts, log, evaluate, log * -(-saved // log), rhythm.beats(steps)
        )

    def next_stop(self, beat: int) -> int:
        """The first beat after ``beat`` at which there is something to do."""
        logged = (beat // self.log + 1) * self.log
        stops = (logged, self.end, *([self.learning_starts] if beat < self.learning_starts else []))
        return min(stops)

    def logs(self, beat: int) -> bool:
        """Whether metrics are written after ``beat``."""
        return beat % self.log == 0 or beat == self.end

    def evaluates(self, beat: int) -> bool:
        """Whether the agent is evaluated after ``beat``."""
        return beat % self.evaluate == 0 or beat == self.end

    def saves(self, beat: int) -> bool:
        """Whether a checkpoint is written after ``beat``."""
        return beat % self.checkpoint == 0 or beat == self.end
