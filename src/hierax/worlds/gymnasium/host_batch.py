"""N Gymnasium environments as a host batch."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec

from hierax import checks
from hierax.spec import WorldSpec
from hierax.worlds.actions import checked_actions
from hierax.worlds.gymnasium.environment import HieraxEnv
from hierax.worlds.gymnasium.first_calls import check_first_calls, check_spaces
from hierax.worlds.gymnasium.host_environment import HostEnv
from hierax.worlds.gymnasium.spaces import action_writer, view_readers
from hierax.worlds.world import Timestep

Environment: TypeAlias = gymnasium.Env[Any, Any]


class GymnasiumBatch:
    """N copies of a Gymnasium environment as a `hierax.worlds.HostBatch`.

    | Gymnasium | hierax |
    |---|---|
    | ``Box`` observation | one view ``"observation"``, float32, int32 or uint8 |
    | ``Discrete`` observation | one view ``"observation"``, one-hot |
    | ``Dict`` of these | one view per key |
    | ``Box`` action | [-1, 1]^d, scaled to the bounds of the box and clipped |
    | ``Discrete`` action | 0, ..., n - 1 |
    | ``truncated`` | truncated, unless the step is also terminated |
    | ``info["is_success"]``, or ``"success"`` | success; of an episode, if its last step has it |

    Environments are stepped one after the other in this process. For steps of a few microseconds
    this is much faster than sending actions to other processes.

    The state of an environment cannot be read, so `save` returns None. A resumed run begins new
    episodes by `reset`, with a seed from the run's seed and its number of starts.

    Args:
        environment: an id for ``gymnasium.make``, a spec of Gymnasium, a function or a class that
            makes an environment, or an environment, which is then the only one.
        count: N.
        episode_limit: steps after which an episode is truncated; None uses the environment's
            limit.
        **options: further arguments of ``gymnasium.make``, or of the function.

    Raises:
        ValueError: if the environment cannot be made, has no limit, or has a space that is not
            supported.
    """

    def __init__(
        self,
        environment: Any,
        count: int,
        *,
        episode_limit: int | None = None,
        **options: Any,
    ):
        checks.count("count", count, 1)
        if episode_limit is not None:
            checks.count("episode_limit", episode_limit, 1)
        self.count = count
        self._is_owner = not isinstance(environment, gymnasium.Env)
        if not self._is_owner and count > 1:
            name = type(environment).__name__
            raise ValueError(
                f"environments must be 1 for the only {name}, got {count}: give a "
                "function that makes environments"
            )
        self._environments = [
            make_environment(environment, options, episode_limit) for _ in range(count)
        ]
        first = self._environments[0]
        check_spaces(first, _name(first))
        for each in self._environments[:1]:
            check_first_calls(each, _name(each))
        self.spaces = first.observation_space, first.action_space
        self._readers = view_readers(first.observation_space)
        self._writer = action_writer(first.action_space)
        name = _name(first)
        self.spec = WorldSpec(
            name,
            tuple(view for view, _ in self._readers),
            self._writer.action,
            _limit(first, name, episode_limit),
            _declared_success(first),
            stepped="host",
        )
        self._length = np.zeros(count, np.int32)
        self._return = np.zeros(count)
        self._ended: np.ndarray | None = None
        self.tells_success = bool(self.spec.has_success)

    def reset(self, seed: int) -> Timestep:
        """Begin an episode in every environment, each with its own seed from ``seed``.

        Raises:
            ValueError: if ``seed`` is not a whole number, or is negative.
        """
        checks.count("seed", seed, 0)
        seeds = np.random.SeedSequence(seed).generate_state(self.count).tolist()
        each = zip(self._environments, seeds, strict=True)
        steps = [_reset(environment, its_seed) for environment, its_seed in each]
        return self._timestep(steps, np.ones(self.count, bool))

    def step(self, action: np.ndarray) -> Timestep:
        """Step each environment, or begin a new episode where the last one ended.

        Raises:
            RuntimeError: if no episode has begun.
            ValueError: if an action is invalid.
        """
        if self._ended is None:
            raise RuntimeError("no episode has begun: call reset first")
        chosen = checked_actions(self.spec.action, action, self._ended)
        each = zip(self._environments, self._writer.write(chosen), self._ended, strict=True)
        steps = [
            _reset(environment) if ended else environment.step(given)
            for environment, given, ended in each
        ]
        return self._timestep(steps, self._ended)

    def save(self) -> None:
        """Return None: the state of an environment cannot be read."""

    def restore(self, saved: None) -> None:
        """Do nothing; call `reset` to begin new episodes."""

    def picture(self, number: int = 0) -> np.ndarray:
        """Return the rendered image of one environment, ``(height, width, 3)`` uint8.

        Raises:
            ValueError: if the environment does not render images, or ``number`` is out of range.
        """
        checks.index("number", number, self.count)
        image: Any = self._environments[number].render()
        if np.ndim(image) != 3:
            raise ValueError(
                f"render() of {self.spec.name} must return an image, got {type(image).__name__}: "
                "make the environment with render_mode='rgb_array'"
            )
        return np.asarray(image, np.uint8)

    def close(self) -> None:
        """Close every environment that this batch has made."""
        for environment in self._environments if self._is_owner else ():
            environment.close()

    def _timestep(self, steps: list[tuple[Any, ...]], begins: np.ndarray) -> Timestep:
        """Return the timestep of all environments; ``begins`` is True after a reset."""
        observations, rewards, terminations, truncations, infos = zip(*steps, strict=True)
        self.tells_success = self.tells_success or any(map(_speaks_of_success, infos))
        self._length, self._return = self._length + 1, self._return + rewards
        if np.count_nonzero(begins):
            self._length = np.where(begins, 0, self._length)
            self._return = np.where(begins, 0.0, self._return)
        terminated = np.array(terminations, bool)
        at_limit = np.array(truncations, bool) | (self._length >= self.spec.episode_limit)
        timestep = Timestep(
            observation={view.name: read(observations) for view, read in self._readers},
            reward=np.array(rewards, np.float32),
            terminated=terminated,
            truncated=at_limit & ~terminated,
            success=np.array([_is_success(info) for info in infos]),
            is_step=~begins,
            episode_return=self._return.astype(np.float32),
            episode_length=self._length,
        )
        self._ended = timestep.ended
        return timestep


def make_environment(
    environment: Any, options: Mapping[str, Any], episode_limit: int | None = None
) -> Environment:
    """Return one environment; the arguments are those of `GymnasiumBatch`."""
    if isinstance(environment, str | EnvSpec):
        limit = {} if episode_limit is None else {"max_episode_steps": episode_limit}
        options = {**options, **limit}
        return gymnasium.make(environment, disable_env_checker=True, **options)
    if isinstance(environment, gymnasium.Env):
        if options:
            raise ValueError(
                f"options of {_name(environment)} must be left out, because it is made already, "
                f"got {', '.join(map(repr, options))}"
            )
        return environment
    if not callable(environment):
        raise ValueError(
            "environment must be an id for gymnasium.make, or a function that makes an "
            f"environment, got {environment!r}"
        )
    made: Any = environment(**options)
    checks.instance("environment()", made, gymnasium.Env)
    return made


def _reset(environment: Environment, seed: int | None = None) -> tuple[Any, ...]:
    """Begin an episode; return it in the form of a step."""
    observation, _ = environment.reset(seed=seed)
    return observation, 0.0, False, False, {}


def _is_success(info: dict[str, Any]) -> bool:
    return bool(info.get("is_success", False)) or bool(info.get("success", False))


def _speaks_of_success(info: dict[str, Any]) -> bool:
    return "is_success" in info or "success" in info


def _declared_success(environment: Environment) -> bool | None:
    """Return whether a world of hierax reports success; None for another environment."""
    plain = environment.unwrapped
    return plain.world.spec.has_success if isinstance(plain, HieraxEnv | HostEnv) else None


def _name(environment: Environment) -> str:
    return type(environment.unwrapped).__name__ if environment.spec is None else environment.spec.id


def _limit(environment: Environment, name: str, given: int | None) -> int:
    """Return the lowest of the limits: the argument and those of the environment."""
    limits = [given] if given is not None else []
    if environment.spec is not None and environment.spec.max_episode_steps is not None:
        limits.append(environment.spec.max_episode_steps)
    if isinstance(environment.unwrapped, HieraxEnv | HostEnv):
        limits.append(environment.unwrapped.world.spec.episode_limit)
    if not limits:
        raise ValueError(
            f"episode_limit must be set, because {name} has no time limit: it is the number of "
            "steps after which an episode is truncated"
        )
    return min(limits)
