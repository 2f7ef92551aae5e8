"""The stops of a run: when it logs, evaluates and saves, counted in iterations.

Evaluations and checkpoints happen at logged iterations. All intervals are counted from the start of
the run, so a resumed run has the same stops as one that was never interrupted.
"""

import dataclasses

from hierax import checks
from hierax.training.iteration import Iteration

LOGS, EVALUATIONS = 100, 20
"""Default number of logged iterations and of evaluations in a run."""


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Intervals in iterations.

    Attributes:
        learning_starts: number of iterations without updates.
        log: interval between two lines of metrics.
        evaluate: interval between two evaluations, a multiple of ``log``.
        checkpoint: interval between two checkpoints, a multiple of ``log``.
        end: number of iterations of the run.
    """

    learning_starts: int
    log: int
    evaluate: int
    checkpoint: int
    end: int

    @classmethod
    def of(
        cls,
        iteration: Iteration,
        steps: int,
        *,
        log_every: int | None = None,
        evaluate_every: int | None = None,
        checkpoint_every: int | None = None,
    ) -> "Schedule":
        """Return the schedule of a run of ``steps`` environment steps.

        Args:
            iteration: size of an iteration.
            steps: environment steps of the run.
            log_every: environment steps between two lines of metrics.
            evaluate_every: environment steps between two evaluations.
            checkpoint_every: environment steps between two checkpoints.

        Raises:
            ValueError: if a number is not a whole number above 0.
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
        log = iteration.count(log_every or -(-steps // LOGS))
        evaluate = iteration.count(evaluate_every or -(-steps // EVALUATIONS))
        evaluate = log * -(-evaluate // log)
        saved = iteration.count(checkpoint_every) if checkpoint_every else evaluate
        return cls(
            iteration.learning_starts,
            log,
            evaluate,
            log * -(-saved // log),
            iteration.count(steps),
        )

    def next_stop(self, done: int) -> int:
        """Return the next stop after ``done`` iterations."""
        logged = (done // self.log + 1) * self.log
        stops = (logged, self.end, *([self.learning_starts] if done < self.learning_starts else []))
        return min(stops)

    def logs(self, done: int) -> bool:
        """Return whether metrics are written after ``done`` iterations."""
        return done % self.log == 0 or done == self.end

    def evaluates(self, done: int) -> bool:
        """Return whether the agent is evaluated after ``done`` iterations."""
        return done % self.evaluate == 0 or done == self.end

    def saves(self, done: int) -> bool:
        """Return whether a checkpoint is written after ``done`` iterations."""
        return done % self.checkpoint == 0 or done == self.end
