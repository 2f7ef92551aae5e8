"""Tables of environments of Gymnasium's toy-text form: ``env.unwrapped.P``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hierax.planning.exploration import Tables, explore


def read_environment(env: Any) -> tuple[Tables, Any]:
    """Return the tables of an environment, and its first state or their distribution.

    ``P[state][action]`` lists ``(probability, next state, reward, done)``. A limit of steps is not
    part of the tables.

    Raises:
        ValueError: if the environment has no such table, or the table is no model.
    """
    env = _made(env) if isinstance(env, str) else env
    world = getattr(env, "unwrapped", env)
    table = getattr(world, "P", None)
    if not isinstance(table, Mapping | Sequence) or not len(table):
        raise ValueError(
            "env must have a table of transitions, env.unwrapped.P, got none in "
            f"{type(world).__name__}: FrozenLake, Taxi and CliffWalking have one; others need "
            "from_function"
        )
    states = [int(state) for state in (table if isinstance(table, Mapping) else range(len(table)))]

    def actions(state: int) -> Iterator[int]:
        row = table[state]
        yield from row if isinstance(row, Mapping) else range(len(row))

    def step(state: int, action: int) -> Iterator[Sequence[Any]]:
        for outcome in table[state][action]:
            if len(outcome) != 4 or int(outcome[1]) not in known:
                raise ValueError(
                    "P must list (probability, next state, reward, done) with states of P, got "
                    f"{tuple(outcome)!r} at state {state}, action {action}"
                )
            probability, after, reward, done = outcome
            yield probability, int(after), reward, done

    known = set(states)
    tables = explore(states, actions, step, len(states) + 1)
    return tables, _initial(env, world, len(tables.names.states))


def _made(name: str) -> Any:
    """Return the environment called ``name``."""
    import gymnasium

    try:
        return gymnasium.make(name)
    except gymnasium.error.Error as error:
        reason = str(error).split("\n", maxsplit=1)[0].split(". ", maxsplit=1)[0].rstrip(".")
        raise ValueError(
            f"env must be an environment of Gymnasium, got {name!r}: {reason}"
        ) from None


def _initial(env: Any, world: Any, states: int) -> Any:
    given = getattr(world, "initial_state_distrib", None)
    if given is None:
        return int(env.reset(seed=0)[0])
    first = np.asarray(given, np.float64).ravel()
    return np.append(first, np.zeros(states - first.size))
