"""The long-run average of rewards: gain, bias and policies, of any number of recurrent classes.

Puterman (1994), "Markov decision processes", chapters 8 and 9. The gain ``g(s)`` of a policy is the
average reward of a step from s on. The bias ``h(s)`` is the expected sum of what is earned beyond
it. They solve

    g = P g        g + h = r + P h

and the bias of a recurrent class has mean 0 under its stationary distribution. The discount of the
model is ignored.
"""

from hierax.planning.average_reward.evaluate import AverageReward, evaluate_average_reward
from hierax.planning.average_reward.solve import AverageRewardSolution, solve_average_reward

__all__ = [
    "AverageReward",
    "AverageRewardSolution",
    "evaluate_average_reward",
    "solve_average_reward",
]
