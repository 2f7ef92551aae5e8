"""In which rhythm a run alternates between acting and learning.

One beat is a number of steps in all environments, then a number of updates: the fewest whole
numbers of both whose ratio is what the agent asks for.
"""

import dataclasses
from fractions import Fraction

from hierax import checks
from hierax.agents.agent import Agent

LARGEST_DENOMINATOR = 10_000


@dataclasses.dataclass(frozen=True)
class Rhythm:
    """How many steps and updates make a beat, and how many beats a warm-up.

    Attributes:
        environments: N, stepped at once.
        steps: steps of each environment in a beat.
        updates: updates that follow.
        learning_starts: beats before the first that has updates.
    """

    environments: int
    steps: int
    updates: int
    learning_starts: int

    @classmethod
    def of(cls, agent: Agent, environments: int, least_steps: int = 1) -> "Rhythm":
        """The rhythm that ``agent`` asks for.

        Args:
            agent: its ``updates_per_step`` and ``learning_starts``.
            environments: N.
            least_steps: steps of each environment that a beat must have at least.

        Raises:
            ValueError: where there is no environment, or next to no update.
        """
        checks.count("environments", environments, 1)
        ratio = Fraction(agent.updates_per_step).limit_denominator(LARGEST_DENOMINATOR)
        if not ratio:
            raise ValueError(
                f"updates_per_step is {agent.updates_per_step}, but must be at least "
                f"{1 / LARGEST_DENOMINATOR}"
            )
        shortest = (ratio * environments).denominator
        steps = shortest * -(-least_steps // shortest)
        updates = int(ratio * environments * steps)
        return cls(
            environments, steps, updates, -(-agent.learning_starts // (steps * environments))
        )

    @property
    def size(self) -> int:
        """Environment steps of a beat, all environments together."""
        return self.steps * self.environments

    def beats(self, steps: int) -> int:
        """How many beats it takes to make ``steps`` environment steps or a few more."""
        return -(-steps // self.size)
