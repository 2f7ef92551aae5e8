"""Gymnasium's HalfCheetah-v5 with a sparse reward for a goal far ahead.

HalfCheetah is a standard benchmark with momentum. A held action does not move it far, since a
constant torque is a posture and not a gait.

Importing this module registers two environments with Gymnasium. Episodes have 1,000 steps of .05 s;
actions are six torques. ``x`` is the position of the body in metres along its track. View
``observation`` (17,) is that of HalfCheetah-v5, without x; view ``position`` (1,) is x / 10.

| id | reward | termination |
|---|---|---|
| ``hierax/CheetahReach-v0`` | 1 at the goal | at the goal, x >= 10: success |
| ``hierax/CheetahCloser-v0`` | 1 at the goal, .1 for each metre forward | the same |
"""

from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict

BODY, PROPRIOCEPTION, LIMIT, GOAL = "HalfCheetah-v5", "observation", 1_000, 10.0
REACH, CLOSER = (f"hierax/Cheetah{task}-v0" for task in ("Reach", "Closer"))
Observation: TypeAlias = dict[str, Any]


class CheetahReach(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A half cheetah with reward 1 at the goal.

    Args:
        closer: additional reward for each metre forward.
    """

    def __init__(self, closer: float = 0.0):
        super().__init__(gymnasium.make(BODY, disable_env_checker=True).unwrapped)
        self.closer = closer
        position = Box(-np.inf, np.inf, (1,))
        self.observation_space = Dict(
            {PROPRIOCEPTION: self.env.observation_space, "position": position}
        )

    def reset(self, **options: Any) -> tuple[Observation, dict[str, Any]]:
        """Start an episode."""
        proprioception, info = self.env.reset(**options)
        self._x = float(info["x_position"])
        return self._observation(proprioception), info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take one step."""
        proprioception, _, _, _, info = self.env.step(action)
        before, self._x = self._x, float(info["x_position"])
        success = self._x >= GOAL
        reward = float(success) + self.closer * (self._x - before)
        observation = self._observation(proprioception)
        return observation, reward, success, False, {**info, "is_success": success}

    def _observation(self, proprioception: Any) -> Observation:
        return {PROPRIOCEPTION: proprioception, "position": np.array([self._x / GOAL], np.float32)}


gymnasium.register(REACH, f"{__name__}:CheetahReach", max_episode_steps=LIMIT)
gymnasium.register(
    CLOSER, f"{__name__}:CheetahReach", max_episode_steps=LIMIT, kwargs={"closer": 0.1}
)
