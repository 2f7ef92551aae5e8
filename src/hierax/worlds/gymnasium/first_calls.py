"""The first reset and the first step of a Gymnasium environment, checked in its own terms.

No call is added, so nothing is done to a machine that the environment stands for.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils.passive_env_checker import check_obs

from hierax import checks


def check_spaces(environment: Any, name: str) -> None:
    """Raise ValueError unless the environment has spaces, and actions to choose from."""
    for kind in ("observation_space", "action_space"):
        space = getattr(environment, kind, None)
        if not isinstance(space, gymnasium.Space):
            raise ValueError(f"{kind} of {name} must be a space of Gymnasium, got {space!r}")
    for kind in ("observation_space", "action_space"):
        space = getattr(environment, kind)
        if isinstance(space, spaces.Box) and not np.prod(space.shape):
            raise ValueError(f"{kind} of {name} must have at least one entry, got {space}")


def check_first_calls(environment: gymnasium.Env[Any, Any], name: str) -> None:
    """Check the next ``reset`` and the next ``step`` of the innermost environment when they come.

    A call that does not keep Gymnasium's contract raises ValueError. Gymnasium's own checker warns
    of the rest.
    """
    inner: Any = environment.unwrapped
    reset, step = inner.reset, inner.step
    own = {method: vars(inner)[method] for method in ("reset", "step") if method in vars(inner)}
    if not _takes_seed(reset):
        raise ValueError(
            f"reset() of {name} must take a seed, as in reset(self, *, seed=None, options=None)"
        )

    def first_reset(**given: Any) -> Any:
        _restore(inner, "reset", own)
        result = reset(**given)
        if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], dict):
            raise ValueError(
                f"reset() of {name} must return (observation, info), got {_of(result)}"
            )
        _check_observation(inner, name, result[0], "reset")
        return result

    def first_step(action: Any) -> Any:
        _restore(inner, "step", own)
        result = step(action)
        _check_step(name, result)
        _check_observation(inner, name, result[0], "step")
        return result

    inner.reset, inner.step = first_reset, first_step


def _check_step(name: str, result: Any) -> None:
    if not isinstance(result, tuple) or len(result) != 5:
        old = isinstance(result, tuple) and len(result) == 4
        cure = ": return terminated and truncated in place of done" if old else ""
        raise ValueError(
            f"step() of {name} must return (observation, reward, terminated, truncated, info), got "
            f"{_of(result)}{cure}"
        )
    _, reward, terminated, truncated, info = result
    if np.ndim(reward) or np.asarray(reward).dtype.kind not in "fiub":
        raise ValueError(
            f"reward of {name} must be a number, got {_of(reward)}: return float(reward)"
        )
    for kind, value in (("terminated", terminated), ("truncated", truncated)):
        if np.ndim(value) or np.asarray(value).dtype.kind not in "biu":
            raise ValueError(f"{kind} of {name} must be True or False, got {_of(value)}")
    checks.instance(f"info of {name}", info, dict)


def _check_observation(environment: Any, name: str, observation: Any, method: str) -> None:
    space, what = environment.observation_space, f"observation of {method}() of {name}"
    if isinstance(space, spaces.Dict):
        if not isinstance(observation, dict) or set(observation) != set(space):
            given = list(observation) if isinstance(observation, dict) else _of(observation)
            raise ValueError(f"{what} must have the keys {list(space)}, got {given}")
        parts = {key: (part, observation[key]) for key, part in space.items()}
    else:
        parts = {None: (space, observation)}
    for key, (part, value) in parts.items():
        if isinstance(part, spaces.Box) and np.shape(value) != part.shape:
            place = what if key is None else f"{key!r} of the {what}"
            raise ValueError(
                f"{place} must have shape {part.shape}, as its space says, got {np.shape(value)}"
            )
    try:
        check_obs(observation, space, method)
    except AssertionError as error:
        raise ValueError(f"{what}: {error}") from None


def _takes_seed(reset: Any) -> bool:
    parameters = inspect.signature(reset).parameters.values()
    return any(each.name == "seed" or each.kind is each.VAR_KEYWORD for each in parameters)


def _restore(environment: Any, method: str, own: Mapping[str, Any]) -> None:
    """Make ``method`` of the environment what it was: that of its class, or an attribute."""
    if method in own:
        setattr(environment, method, own[method])
    else:
        vars(environment).pop(method, None)


def _of(value: Any) -> str:
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return type(value).__name__
