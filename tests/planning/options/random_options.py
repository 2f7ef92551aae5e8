"""Random options and oracles of their execution that share no code with hierax."""

import numpy as np

from hierax.planning import Option, TabularMDP
from planning.models import random_policy

NEGLIGIBLE = 1e-18
"""An oracle stops when the discounted probability that the option still runs is below this."""


def random_options(
    available: np.ndarray, number: int = 3, seed: int = 0, initiation: bool = False
) -> Option:
    """A stack of options whose terminations include 0 and 1; option 0 may be started anywhere."""
    rng = np.random.default_rng(seed)
    shape = (number, len(available))
    policy = np.stack([random_policy(available, 7 * seed + option) for option in range(number)])
    termination = rng.random(shape)
    termination[rng.random(shape) < 0.2] = 1.0
    termination[rng.random(shape) < 0.2] = 0.0
    startable = rng.random(shape) < 0.6
    startable[0] = True
    return Option(policy, termination, startable if initiation else None)


def followed(
    table: np.ndarray, reward: np.ndarray, policy: np.ndarray, termination: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reward ``(S,)``, endings ``(S, S)`` and duration ``(S,)`` of one option, step after step.

    ``table (S, A, S)`` are the discounted transitions, ``reward (S, A)`` that of a step.
    """
    states = len(termination)
    running = np.eye(states)  # row: where it began; column: where it is, discounted
    earned, ended, lasted = np.zeros(states), np.zeros((states, states)), np.zeros(states)
    while running.max() > NEGLIGIBLE:
        acting = running[:, :, None] * policy
        earned += (acting * reward).sum(axis=(1, 2))
        lasted += running.sum(axis=1)
        entered = np.tensordot(acting, table, axes=2)
        ended += entered * termination
        running = entered * (1.0 - termination)
    return earned, ended, lasted


def call_and_return(
    table: np.ndarray, reward: np.ndarray, option: Option, choosing: np.ndarray
) -> np.ndarray:
    """Value ``(S,)`` of choosing options by ``choosing (S, K)``, each followed to its end.

    A chain on pairs (state, running option) that moves by single steps: on entering ``t`` the
    option ends with β(t), and only then is there a new choice.
    """
    states, options = choosing.shape
    chain = np.zeros((states, options, states, options))
    gain = np.zeros((states, options))
    for state in range(states):
        for running in range(options):
            acting = option.policy[running, state]
            gain[state, running] = acting @ reward[state]
            for entered in range(states):
                chance = acting @ table[state, :, entered]
                ends = option.termination[running, entered]
                chain[state, running, entered, running] += chance * (1.0 - ends)
                chain[state, running, entered] += chance * ends * choosing[entered]
    pairs = states * options
    system = np.eye(pairs) - chain.reshape(pairs, pairs)
    return (choosing * np.linalg.solve(system, gain.ravel()).reshape(states, options)).sum(axis=1)


def actions_as_options(mdp: TabularMDP) -> Option:
    """Each action as an option: always take it, always end."""
    policy = np.broadcast_to(np.eye(mdp.actions)[:, None], (mdp.actions, *mdp.available.shape))
    return Option(policy, np.ones(policy.shape[:2]), mdp.available.T)


def joined(one: Option, other: Option) -> Option:
    """The options of both, in their order."""
    return Option(
        np.concatenate([one.policy, other.policy]),
        np.concatenate([one.termination, other.termination]),
        np.concatenate([one.startable, other.startable]),
    )
