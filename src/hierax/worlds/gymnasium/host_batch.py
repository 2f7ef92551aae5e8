"""Gymnasium environments as a batch that is stepped from the host."""

from collections.abc import Callable
from typing import Any, TypeAlias

import gymnasium
import numpy as np

from hierax import checks
from hierax.spec import WorldSpec
from hierax.worlds.actions import checked_actions
from hierax.worlds.gymnasium.environment import HieraxEnv
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.spaces import action_writer, view_readers
from hierax.worlds.world import Timestep

Environment: TypeAlias = gymnasium.Env[Any, Any]

_SUCCESS_KEYS = ("is_success", "success")


class GymnasiumBatch:
    """N copies of a Gymnasium environment as a `hierax.worlds.host.HostBatch`.

    | Gymnasium | here |
    |---|---|
    | ``Box`` observation | one view ``"observation"``, float32, int32 or uint8 |
    | ``Discrete`` observation | one view ``"observation"``, a vector with a single 1 |
    | ``Dict`` of these | a view for each key |
    | ``Box`` action | [-1, 1]^d, stretched to the box; what lies beyond is clipped |
    | ``Discrete`` action | 0 .. n - 1 |
    | ``truncated`` | truncated, unless the step also terminated |
    | ``info["is_success"]``, or ``"success"`` | success |

    Environments are stepped one after another in this process: where a step takes microseconds,
    handing actions to other processes costs many times as much.

    `save` gives None, since what is inside an environment cannot be read: a run that is resumed
    begins new episodes, by `reset` with a seed of its own, such as one drawn from the run's seed
    and the number of times that it was begun.

    Args:
        environment: an id for ``gymnasium.make``, or a function that makes an environment.
        count: N.
        episode_limit: steps after which an episode is cut off; None takes the environment's own.
        **options: what ``gymnasium.make`` passes on.

    Raises:
        ValueError: where there is nothing to make, no limit, or a space has no counterpart here.
    """

    def __init__(
        self,
        environment: str | Callable[[], Environment],
        count: int,
        *,
        episode_limit: int | None = None,
        **options: Any,
    ):
        checks.count("count", count, 1)
        if episode_limit is not None:
            checks.count("episode_limit", episode_limit, 1)
        self.count = count
        if isinstance(environment, str) and episode_limit is not None:
            options = {**options, "max_episode_steps": episode_limit}
        self._environments = [_make(environment, options) for _ in range(count)]
        first = self._environments[0]
        self._readers = view_readers(first.observation_space)
        self._writer = action_writer(first.action_space)
        name = _name(first)
        self.spec = WorldSpec(
            name,
            tuple(view for view, _ in self._readers),
            self._writer.action,
            _limit(first, name, episode_limit),
            _tells_success(first),
            stepped="host",
        )
        self._length = np.zeros(count, np.int32)
        self._return = np.zeros(count)
        self._ended: np.ndarray | None = None

    def reset(self, seed: int) -> Timestep:
        """Begins an episode in every environment, each with a seed drawn from ``seed``.

        Raises:
            ValueError: where it is no whole number, or below 0.
        """
        checks.count("seed", seed, 0)
        seeds = np.random.SeedSequence(seed).generate_state(self.count).tolist()
        each = zip(self._environments, seeds, strict=True)
        steps = [_begun(environment, its_seed) for environment, its_seed in each]
        return self._timestep(steps, np.ones(self.count, bool))

    def step(self, action: np.ndarray) -> Timestep:
        """See `hierax.worlds.host.HostBatch.step`; raises ValueError for what is no action."""
        if self._ended is None:
            raise RuntimeError("no episode has begun: call reset first")
        chosen = checked_actions(self.spec.action, action, self._ended)
        each = zip(self._environments, self._writer.write(chosen), self._ended, strict=True)
        steps = [
            _begun(environment) if ended else environment.step(chosen)
            for environment, chosen, ended in each
        ]
        return self._timestep(steps, self._ended)

    def save(self) -> None:
        """Gives None: the inside of an environment cannot be read."""

    def restore(self, saved: None) -> None:
        """Does nothing, see the class: `reset` has to follow."""

    def picture(self, number: int = 0) -> np.ndarray:
        """``(height, width, 3)`` bytes: what an environment draws of itself.

        Raises:
            ValueError: where it was not made to, or there is no such environment.
        """
        checks.index("number", number, self.count)
        drawn: Any = self._environments[number].render()
        if np.ndim(drawn) != 3:
            raise ValueError(
                f"{self.spec.name} draws {type(drawn).__name__} and no image: make the environment "
                "with render_mode='rgb_array'"
            )
        return np.asarray(drawn, np.uint8)

    def close(self) -> None:
        """Closes every environment."""
        for environment in self._environments:
            environment.close()

    def _timestep(self, steps: list[tuple[Any, ...]], begins: np.ndarray) -> Timestep:
        """What every environment answered, and whether it was the beginning of an episode."""
        observations, rewards, terminations, truncations, infos = zip(*steps, strict=True)
        self._length = np.where(begins, 0, self._length + 1)
        self._return = np.where(begins, 0.0, self._return + rewards)
        terminated = np.array(terminations, bool)
        cut = np.array(truncations, bool) | (self._length >= self.spec.episode_limit)
        timestep = Timestep(
            observation={view.name: read(observations) for view, read in self._readers},
            reward=np.array(rewards, np.float32),
            terminated=terminated,
            truncated=cut & ~terminated,
            success=np.array([_is_success(info) for info in infos]),
            is_step=~begins,
            episode_return=self._return.astype(np.float32),
            episode_length=self._length,
        )
        self._ended = timestep.ended
        return timestep


def _make(environment: str | Callable[[], Environment], options: dict[str, Any]) -> Environment:
    if isinstance(environment, str):
        return gymnasium.make(environment, disable_env_checker=True, **options)
    if not callable(environment):
        raise ValueError(
            f"environment is {environment!r}, but must be an id for gymnasium.make or a function "
            "that makes an environment"
        )
    made = environment(**options)
    checks.instance("environment()", made, gymnasium.Env)
    return made


def _begun(environment: Environment, seed: int | None = None) -> tuple[Any, ...]:
    """A new episode, in the form of a step."""
    observation, _ = environment.reset(seed=seed)
    return observation, 0.0, False, False, {}


def _is_success(info: dict[str, Any]) -> bool:
    return any(bool(info.get(key, False)) for key in _SUCCESS_KEYS)


def _tells_success(environment: Environment) -> bool:
    """Whether a step's info speaks of success: one step is tried, no space says it."""
    environment.reset(seed=0)
    environment.action_space.seed(0)
    *_, info = environment.step(environment.action_space.sample())
    return any(key in info for key in _SUCCESS_KEYS)


def _name(environment: Environment) -> str:
    return type(environment.unwrapped).__name__ if environment.spec is None else environment.spec.id


def _limit(environment: Environment, name: str, given: int | None) -> int:
    """The first limit that cuts an episode off: the one given, or the environment's own."""
    limits = [given] if given is not None else []
    if environment.spec is not None and environment.spec.max_episode_steps is not None:
        limits.append(environment.spec.max_episode_steps)
    if isinstance(environment.unwrapped, HieraxEnv | HostEnv):
        limits.append(environment.unwrapped.world.spec.episode_limit)
    if not limits:
        raise ValueError(
            f"episode_limit is missing and {name} has no limit of its own: give episode_limit, the "
            "steps after which an episode is cut off"
        )
    return min(limits)
