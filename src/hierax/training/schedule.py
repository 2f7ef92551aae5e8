"""The stops of a run: when it logs, evaluates and saves, counted in iterations.

Evaluations and checkpoints happen at logged iterations. All intervals are counted from the start of
the run, so a resumed run has the same stops as one that was never interrupted.
"""

import dataclasses

from hierax import checks
from hierax.training.iteration import Iteration

LOGS = 100
"""Default number of logged iterations of a run."""
LEAST_EVALUATIONS, MOST_EVALUATIONS = 10, 20
"""Bounds on the default number of evaluations of a run."""
EVALUATION_SHARE = 0.25
"""Bound on the steps of all evaluations by default, relative to the steps of the run."""


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
        evaluation_steps: int = 0,
    ) -> "Schedule":
        """Return the schedule of a run of ``steps`` environment steps.

        Args:
            iteration: size of an iteration.
            steps: environment steps of the run.
            log_every: environment steps between two lines of metrics.
            evaluate_every: environment steps between two evaluations.
            checkpoint_every: environment steps between two checkpoints.
            evaluation_steps: most environment steps of one evaluation. By default there are 20
                evaluations, or fewer if they would take more than a quarter of the steps of the
                run, but at least 10.

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
        number = _evaluations(steps, evaluation_steps)
        evaluate = iteration.count(evaluate_every or -(-steps // number))
        evaluate = log * -(-evaluate // log)
        end = iteration.count(steps)
        if evaluate_every is None and -(-end // evaluate) < LEAST_EVALUATIONS:
            evaluate = log * max(1, end // number // log)
        saved = iteration.count(checkpoint_every) if checkpoint_every else evaluate
        return cls(
            iteration.learning_starts,
            log,
            evaluate,
            log * -(-saved // log),
            end,
        )

    @property
    def learns_nothing(self) -> bool:
        """Whether the run ends before its first update."""
        return self.learning_starts >= self.end

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


def _evaluations(steps: int, evaluation_steps: int) -> int:
    """Return the default number of evaluations of a run."""
    if not evaluation_steps:
        return MOST_EVALUATIONS
    allowed = int(EVALUATION_SHARE * steps / evaluation_steps)
    return min(max(allowed, LEAST_EVALUATIONS), MOST_EVALUATIONS)
