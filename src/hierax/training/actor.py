"""An actor: steps environments on the host and returns rows, from parameters that it is given.

    parameters                   from a learner, in this process or in another one
    carry, key, last timestep    the actor's own, in its `ActorState`
    rows                         timesteps, actions and extras, for a learner

An actor needs nothing of a learner but the parameters, so it can run in another process.
"""

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.training import finiteness
from hierax.training.acting import Behaviour, Environments, HostBehaviour, HostStep, host_steps
from hierax.training.strong_types import strongly_typed
from hierax.worlds.world import Timestep

MOST_ARGUMENTS = 128
"""Largest number of rows whose actions a compiled function takes one by one and stacks."""


class ActorState(NamedTuple):
    """The state that an actor keeps between steps.

    Attributes:
        carry: of the agent.
        action: ``(N, ...)``, the last one.
        timestep: the last one, in NumPy.
        key: ``jax.random.key_data`` of the random numbers of acting.
        fault: () int32, see `hierax.training.finiteness`.
    """

    carry: Any
    action: Any
    timestep: Timestep
    key: Any
    fault: Any


class Rows(NamedTuple):
    """K steps of N environments.

    Attributes:
        timesteps: ``(K + 1, N, ...)`` in NumPy: the one before the steps, then one of each step.
        acted: a list of K pairs (action, extras) of arrays ``(N, ...)`` as acting returned them. If
            K is above `MOST_ARGUMENTS`, one pair of arrays ``(K, N, ...)``.
    """

    timesteps: Timestep
    acted: list[tuple[Any, Any]] | tuple[Any, Any]


@dataclasses.dataclass(frozen=True)
class Actor:
    """Acts in N environments as during training.

    Attributes:
        agent: the agent.
        environments: N.
    """

    agent: Agent
    environments: int

    def start(self, key: jax.Array, timestep: Timestep) -> ActorState:
        """Return the state before the first step.

        Args:
            key: of the random numbers of acting.
            timestep: from ``HostBatch.reset``.
        """
        return self._start(key, timestep)._replace(timestep=timestep)

    def parameters(self, state: TrainState) -> list[Any]:
        """Return the arrays of ``state`` that acting reads, the argument of `rows`."""
        return self._behaviour.parameters(state)

    def rows(
        self, batch: Environments, parameters: list[Any], state: ActorState, steps: int
    ) -> tuple[Rows, ActorState]:
        """Make ``steps`` steps, or fewer if a number is not finite.

        Args:
            batch: the environments, after the timestep of ``state``.
            parameters: from `parameters`.
            state: of this actor.
            steps: K.
        """
        made: list[HostStep] = []
        at = state.carry, state.timestep, state.key
        for step in islice(host_steps(self._behaviour, batch, parameters, *at), steps):
            made.append(step)
            state = ActorState(
                step.carry,
                step.action,
                step.timestep,
                step.key,
                finiteness.step_fault(step.timestep, step.is_finite),
            )
            if state.fault:
                break
        return _rows(at[1], made), state

    def _first(self, key: jax.Array, timestep: Timestep) -> ActorState:
        carry = self.agent.initial_carry(self.environments)
        shapes = jax.eval_shape(
            lambda *given: self.agent.act(*given, explore=True),
            *(self._shapes, carry, timestep.observation, key),
        )
        state = ActorState(
            carry,
            jnp.zeros(shapes[1].shape, shapes[1].dtype),
            timestep,
            jax.random.key_data(key),
            finiteness.first_fault((timestep.observation,)),
        )
        return strongly_typed(state)

    @cached_property
    def _start(self) -> Any:
        return jax.jit(self._first)

    @cached_property
    def _shapes(self) -> TrainState:
        shapes = jax.eval_shape(lambda: self.agent.init(jax.random.key(0), self.environments))
        return shapes._replace(replay=None)

    @cached_property
    def _behaviour(self) -> HostBehaviour:
        return HostBehaviour(Behaviour(self.agent, explore=True), self._shapes)


def _rows(first: Timestep, steps: Sequence[HostStep]) -> Rows:
    """Return the rows of ``steps``, which follow the timestep ``first``."""
    timesteps = _stacked([first, *(step.timestep for step in steps)])
    acted = [(step.action, step.extras) for step in steps]
    return Rows(timesteps, _stacked(acted) if len(acted) > MOST_ARGUMENTS else acted)


def _stacked(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.array(leaves), *trees)  # faster than `np.stack`
