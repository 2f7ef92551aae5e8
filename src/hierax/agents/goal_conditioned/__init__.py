"""Two-level goal-conditioned agents: a high level sets goals, a low level reaches them."""

from hierax.agents.goal_conditioned.goals import Entries, Goals
from hierax.agents.goal_conditioned.hiro import HIRO
from hierax.agents.goal_conditioned.norl import NORL
from hierax.agents.goal_conditioned.two_levels import TwoLevels

__all__ = ["HIRO", "NORL", "Entries", "Goals", "TwoLevels"]
