"""A half cheetah with a goal far ahead: Gymnasium's HalfCheetah-v5, paid once.

A body of the field's standard benchmarks and not of our making. It has momentum, and an action
that is held gets it nowhere for a reason of its own: a held torque is a posture, not a gait.

Importing this registers two environments with Gymnasium, with episodes of 1,000 steps of .05 s and
six torques. ``x`` is where the body is, in metres along its track. View ``observation`` (17,) is
that of HalfCheetah-v5, without x; view ``position`` (1,) is x / 10.

| id | reward | end |
|---|---|---|
| ``hierax/CheetahReach-v0`` | 1 at the goal | at the goal, x >= 10: success |
| ``hierax/CheetahCloser-v0`` | 1 at the goal, .1 for each metre forward | the same |
"""

from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict

BODY, VIEW, LIMIT, GOAL = "HalfCheetah-v5", "observation", 1_000, 10.0
REACH, CLOSER = (f"hierax/Cheetah{task}-v0" for task in ("Reach", "Closer"))
Seen: TypeAlias = dict[str, Any]


class CheetahReach(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Pays at the goal.

    Args:
        closer: what each metre forward pays besides.
    """

    def __init__(self, closer: float = 0.0):
        super().__init__(gymnasium.make(BODY, disable_env_checker=True).unwrapped)
        self.closer = closer
        felt = self.env.observation_space
        self.observation_space = Dict({VIEW: felt, "position": Box(-np.inf, np.inf, (1,))})

    def reset(self, **options: Any) -> tuple[Seen, Seen]:
        """Begins an episode."""
        felt, info = self.env.reset(**options)
        self._x = float(info["x_position"])
        return self._seen(felt), info

    def step(self, action: Any) -> tuple[Seen, float, bool, bool, Seen]:
        """Takes a step."""
        felt, _, _, _, info = self.env.step(action)
        before, self._x = self._x, float(info["x_position"])
        there = self._x >= GOAL
        reward = float(there) + self.closer * (self._x - before)
        return self._seen(felt), reward, there, False, {**info, "is_success": there}

    def _seen(self, felt: Any) -> Seen:
        return {VIEW: felt, "position": np.array([self._x / GOAL], np.float32)}


gymnasium.register(REACH, f"{__name__}:CheetahReach", max_episode_steps=LIMIT)
gymnasium.register(
    CLOSER, f"{__name__}:CheetahReach", max_episode_steps=LIMIT, kwargs={"closer": 0.1}
)
