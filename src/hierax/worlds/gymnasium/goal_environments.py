"""Environments whose observations are those of goal-conditioned Gymnasium environments.

Libraries with hindsight experience replay, such as Stable-Baselines3, expect the form of
Gymnasium-Robotics: a dictionary of observation, achieved and desired goal, and a function
``compute_reward``.

| key | array |
|---|---|
| ``"observation"`` | all views but that of the goal, flat and side by side |
| ``"achieved_goal"`` | what is compared with the goal |
| ``"desired_goal"`` | the goal of the episode |

Rewards of steps are exactly those of ``compute_reward``. They differ from those of the world by
rounding only.
"""

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from hierax.spec import GoalSpec, WorldSpec
from hierax.worlds.gymnasium.environment import HieraxEnv, Observation
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.spaces import in_order, observation_space
from hierax.worlds.gymnasium.vector_environment import HieraxVectorEnv


class _WithGoals:
    """The part that is the same for one environment and for many."""

    world: Any
    _episode_world: Any

    def __init__(self, world: Any, *arguments: Any, **options: Any):
        _require_reward(world.spec)
        super().__init__(world, *arguments, **options)  # type: ignore[call-arg]
        self._views = _shown_views(world.spec)

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """Return the rewards ``(...)`` of steps to achieved goals ``(..., d)``.

        Args:
            achieved_goal: ``(..., d)``.
            desired_goal: ``(..., d)``.
            info: not used.
        """
        return _goal(self.world).reward_of(np.asarray(achieved_goal), np.asarray(desired_goal))

    def _observation(self, timestep: Any) -> Observation:
        views = super()._observation(timestep)  # type: ignore[misc]
        goal = _goal(self._episode_world)
        achieved, desired = goal.achieved_goal(views), goal.desired_goal(views)
        lead = achieved.shape[:-1]
        parts = [_flat(space, views[name], lead) for name, space in self._views.items()]
        return {
            "observation": np.concatenate(parts, axis=-1),
            "achieved_goal": np.array(achieved, np.float32),
            "desired_goal": np.array(desired, np.float32),
        }

    def _computed(self, observation: Observation) -> Any:
        return self.compute_reward(observation["achieved_goal"], observation["desired_goal"], {})


class _OneWithGoals(_WithGoals):
    """The part that is the same for both kinds of one environment."""

    def __init__(self, world: Any, render_mode: str | None = None, *, truncates: bool = True):
        super().__init__(world, render_mode, truncates=truncates)
        self.observation_space = _goal_space(world.spec)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take one step; the reward is that of `compute_reward`."""
        observation, _, terminated, truncated, info = super().step(action)  # type: ignore[misc]
        return observation, float(self._computed(observation)), terminated, truncated, info


class HieraxGoalEnv(_OneWithGoals, HieraxEnv):
    """A `HieraxEnv` with observation, achieved and desired goal, and ``compute_reward``.

    ``gymnasium.make("hierax/PointMaze-v0", goal_observations=True)`` makes one.
    `hierax.worlds.gymnasium.goal_environments` describes the observations.

    Args:
        world: a functional world with a goal.
        render_mode: as that of `HieraxEnv`.
        truncates: as that of `HieraxEnv`.

    Raises:
        ValueError: if the world has no goal, its reward depends on more than achieved and desired
            goal, or the render mode is not available.
    """


class HostGoalEnv(_OneWithGoals, HostEnv):
    """A `HostEnv` with observation, achieved and desired goal, and ``compute_reward``.

    ``gymnasium.make("hierax/AntMaze-v0", goal_observations=True)`` makes one.
    `hierax.worlds.gymnasium.goal_environments` describes the observations.

    Args:
        world: a host world with a goal.
        render_mode: as that of `HostEnv`.
        truncates: as that of `HostEnv`.

    Raises:
        ValueError: as `HieraxGoalEnv`.
    """


class HieraxGoalVectorEnv(_WithGoals, HieraxVectorEnv):
    """A `HieraxVectorEnv` with observation, achieved and desired goal, and ``compute_reward``.

    ``gymnasium.make_vec("hierax/AntMaze-v0", num_envs=32, goal_observations=True)`` makes one.
    `hierax.worlds.gymnasium.goal_environments` describes the observations.

    Args:
        world: a host world with a goal.
        num_envs: N.
        render_mode: as that of `HieraxVectorEnv`.
        **options: as those of `HieraxVectorEnv`.

    Raises:
        ValueError: as `HieraxGoalEnv` and `HieraxVectorEnv`.
    """

    def __init__(self, world: Any, num_envs: int, render_mode: str | None = None, **options: Any):
        super().__init__(world, num_envs, render_mode, **options)
        single = self.single_observation_space = _goal_space(world.spec)
        self.observation_space = in_order(
            (name, batch_space(space, num_envs)) for name, space in single.items()
        )

    def step(self, actions: Any) -> Any:
        """Step each environment, see `HieraxVectorEnv.step`."""
        begins: Any = self._ended
        observation, _, *rest = super().step(actions)
        reward = np.where(begins, 0.0, self._computed(observation))
        return observation, reward, *rest


def _goal(world: Any) -> GoalSpec:
    return world.spec.goal


def _require_reward(spec: WorldSpec) -> None:
    """Raise unless the world has a goal, and its reward follows from it."""
    if spec.goal is None:
        raise ValueError(f"goal_observations need a world with a goal, got {spec.name}")
    if spec.goal.reward is None:
        raise ValueError(
            "goal_observations need a reward that depends on achieved and desired goal alone, got "
            f"that of {spec.name}: for a tabular world with a start, use reward='terminal'"
        )


def _shown_views(spec: WorldSpec) -> dict[str, spaces.Space[Any]]:
    """Return the space of each view but that of the goal."""
    views: Any = observation_space(spec)
    hidden = None if spec.goal is None else spec.goal.desired
    return {name: space for name, space in views.items() if name != hidden}


def _goal_space(spec: WorldSpec) -> Any:
    """Return the space of observation, achieved and desired goal of one environment."""
    goal: Any = spec.goal
    views: Any = observation_space(spec)
    achieved = _side_by_side([views[name] for name in goal.views], goal.entries)
    is_shown = goal.desired is not None and not goal.relative
    return in_order(
        [
            ("observation", _side_by_side(list(_shown_views(spec).values()))),
            ("achieved_goal", achieved),
            ("desired_goal", views[goal.desired] if is_shown else achieved),
        ]
    )


def _side_by_side(
    parts: list[spaces.Space[Any]], entries: tuple[int, int] | None = None
) -> spaces.Box:
    """Return the space of some entries of views that are flat and side by side."""
    flat: list[Any] = [spaces.flatten_space(part) for part in parts]
    low, high = (
        np.concatenate([getattr(part, end) for part in flat])[slice(*(entries or (None,)))]
        for end in ("low", "high")
    )
    return spaces.Box(low.astype(np.float32), high.astype(np.float32))


def _flat(space: spaces.Space[Any], array: Any, lead: tuple[int, ...]) -> np.ndarray:
    """Return a view as flat float32 numbers ``(*lead, n)``, a single integer as a one-hot code."""
    if isinstance(space, spaces.Discrete):
        codes = np.eye(int(space.n), dtype=np.float32)
        return codes[np.asarray(array) - int(space.start)]
    return np.asarray(array, np.float32).reshape(*lead, -1)
