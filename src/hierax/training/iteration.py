"""The size of a training iteration: some environment steps, then some updates.

An iteration is as short as the agent's ratio of updates to steps allows: both numbers are whole.
"""

import dataclasses
from fractions import Fraction

from hierax import checks
from hierax.agents.agent import Agent

LARGEST_DENOMINATOR = 10_000


@dataclasses.dataclass(frozen=True)
class Iteration:
    """Steps and updates of one iteration.

    Attributes:
        environments: N, stepped together.
        steps: steps of each environment.
        updates: gradient updates after these steps.
        learning_starts: number of iterations before the first one with updates.
    """

    environments: int
    steps: int
    updates: int
    learning_starts: int

    @classmethod
    def of(cls, agent: Agent, environments: int, least_steps: int = 1) -> "Iteration":
        """Return the iteration that ``agent`` asks for.

        Args:
            agent: its ``rollout_length``, ``updates_per_step`` and ``learning_starts`` are read.
            environments: N.
            least_steps: lower bound of ``steps``. It does not hold for agents with a
                ``rollout_length``, which need exactly that many steps.

        Raises:
            ValueError: if ``environments`` is below 1 or ``updates_per_step`` is close to 0.
        """
        checks.count("environments", environments, 1)
        steps, updates = (
            _by_ratio(agent.updates_per_step, environments, least_steps)
            if agent.rollout_length is None
            else (agent.rollout_length, 1)
        )
        learning_starts = -(-agent.learning_starts // (steps * environments))
        return cls(environments, steps, updates, learning_starts)

    @property
    def size(self) -> int:
        """Environment steps of an iteration, of all environments together."""
        return self.steps * self.environments

    def count(self, steps: int) -> int:
        """Return the number of iterations that make at least ``steps`` environment steps."""
        return -(-steps // self.size)


def _by_ratio(updates_per_step: float, environments: int, least_steps: int) -> tuple[int, int]:
    ratio = Fraction(updates_per_step).limit_denominator(LARGEST_DENOMINATOR)
    if not ratio:
        raise ValueError(
            f"updates_per_step must be at least {1 / LARGEST_DENOMINATOR}, got {updates_per_step}"
        )
    shortest = (ratio * environments).denominator
    steps = shortest * -(-least_steps // shortest)
    return steps, int(ratio * environments * steps)
