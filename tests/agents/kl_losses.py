"""One update of an agent, beside its losses and their gradients in NumPy."""

import functools

import jax

from agents import kl_numpy, kl_retrace
from agents.kl_rollouts import losses_of as losses_of_vtrace
from agents.kl_rollouts import modules_of, rollout_of, update


def losses_of(agent, modules, window):
    """The losses of an update, as a function of the parameters that it is to change."""
    of = kl_retrace.losses_of if agent.learner.judges_actions else losses_of_vtrace
    return of(agent, modules, window)


@functools.cache
def updated(agent):
    """Modules, window, modules after the update, and metrics."""
    modules, window = jax.device_get((modules_of(agent), rollout_of(agent)))
    return modules, window, *update(agent, modules, window)


@functools.cache
def differences(agent):
    """The gradients of all losses in NumPy."""
    modules, window, *_ = updated(agent)
    losses = losses_of(agent, modules, window)
    return kl_numpy.slopes(lambda now: losses(now).total, kl_numpy.arrays(modules.parameters))
