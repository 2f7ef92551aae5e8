"""The acting loop of drivers, evaluators and films.

    restart the carry where an episode begins
    carry, action, extras = agent.act(state, carry, observation, key, explore=...)
    step the environments

`step` does this inside `jit` in a batch of a functional world. `host_steps` does it in environments
that are stepped from the host.
"""

import dataclasses
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Agent, Carry, Observation, TrainState, Transition
from hierax.precision import in_float32
from hierax.training import finiteness
from hierax.training.strong_types import strongly_typed
from hierax.worlds.functional_batch import BatchState, FunctionalBatch
from hierax.worlds.world import Timestep


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """The way an agent acts: as during training, or as well as possible.

    Attributes:
        agent: the agent.
        explore: whether to act as during training.
    """

    agent: Agent
    explore: bool

    def act(
        self,
        state: TrainState,
        carry: Carry,
        observation: Observation,
        begins: Any,
        key: jax.Array,
    ) -> tuple[Carry, Any, Any]:
        """Return carry, actions and extras of N environments.

        Args:
            state: of the agent; needs no replay.
            carry: from the last call.
            observation: ``(N, ...)`` for each view.
            begins: ``(N,)`` bool, where an episode has just begun: the carry restarts there.
            key: of the random numbers of this step.
        """

        def restarted(first: jax.Array, held: jax.Array) -> jax.Array:
            return jnp.where(begins.reshape(begins.shape + (1,) * (held.ndim - 1)), first, held)

        carry = jax.tree.map(restarted, self.agent.initial_carry(begins.shape[0]), carry)
        return self.agent.act(state, carry, observation, key, explore=self.explore)


class Acting(NamedTuple):
    """N environments of a functional world and the agent's carry in them.

    Attributes:
        worlds: the environments.
        carry: of the agent.
        key: of the random numbers of acting and of the worlds.
    """

    worlds: BatchState
    carry: Any
    key: jax.Array


def step(
    behaviour: Behaviour, batch: FunctionalBatch, state: TrainState, acting: Acting
) -> tuple[Acting, Any, Any]:
    """Act once and step the worlds, inside `jit`; return the new `Acting`, actions and extras."""
    key, act_key, world_key = jax.random.split(acting.key, 3)
    shown = acting.worlds.timestep
    carry, action, extras = behaviour.act(
        state, acting.carry, shown.observation, shown.episode_length == 0, act_key
    )
    return Acting(batch.step(acting.worlds, action, world_key), carry, key), action, extras


class HostBehaviour:
    """A `Behaviour` as one compiled function, called from the host at every step.

    The function takes only those arrays of a state that acting reads: the networks of the policy,
    but no critics and no optimiser states. Passing all of them takes longer than acting.

    Args:
        behaviour: the agent and whether it explores.
        like: a state of the agent, or its shapes; without a replay.
    """

    def __init__(self, behaviour: Behaviour, like: TrainState):
        self.behaviour = behaviour
        self._like, self._structure = jax.tree.flatten(like)

    def parameters(self, state: TrainState) -> list[Any]:
        """Return the arrays of ``state`` that acting reads."""
        leaves = jax.tree.leaves(state._replace(replay=None) if state else state)
        return [leaf for leaf, read in zip(leaves, self._read, strict=True) if read]

    @cached_property
    def act(self) -> Any:
        """The compiled function.

        It maps (parameters, carry, observation, begins, key) to (carry, action, extras, key). Both
        keys are ``jax.random.key_data``: calls with typed keys take longer.
        """

        def act(
            parameters: list[Any], carry: Carry, observation: Observation, begins: Any, key: Any
        ) -> tuple[Carry, Any, Any, Any]:
            given = iter(parameters)
            leaves = [
                next(given) if read else _zeros(leaf)
                for leaf, read in zip(self._like, self._read, strict=True)
            ]
            return self._act(leaves, carry, observation, begins, key)

        return in_float32(jax.jit(act))

    def _act(
        self, leaves: list[Any], carry: Carry, observation: Observation, begins: Any, key: Any
    ) -> tuple[Carry, Any, Any, Any]:
        state = jax.tree.unflatten(self._structure, leaves)
        following, act_key = jax.random.split(jax.random.wrap_key_data(key))
        acted = self.behaviour.act(state, carry, observation, begins, act_key)
        return *strongly_typed(acted), jax.random.key_data(following)

    @cached_property
    @in_float32
    def _read(self) -> list[bool]:
        """Whether acting reads each leaf of a state."""
        agent = self.behaviour.agent
        traced = jax.make_jaxpr(self._act)(
            self._like,
            jax.eval_shape(lambda: agent.initial_carry(1)),
            {view.name: jnp.zeros((1, *view.shape), view.dtype) for view in agent.spec.views},
            jnp.zeros(1, bool),
            jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0))),
        ).jaxpr
        read = {id(variable) for equation in traced.eqns for variable in equation.invars}
        read |= {id(variable) for variable in traced.outvars}
        return [id(variable) in read for variable in traced.invars[: len(self._like)]]


class Environments(Protocol):
    """The one method of a `HostBatch` that acting needs."""

    def step(self, action: np.ndarray) -> Timestep:
        """Step each environment."""
        ...


class HostStep(NamedTuple):
    """One step of N environments on the host.

    Attributes:
        carry: of the agent after the step.
        action: ``(N, ...)``.
        extras: ``(N, ...)``.
        key: data of the key of the next step.
        timestep: after the step, in NumPy.
        is_finite: whether the action was finite. If not, the environments were not stepped.
    """

    carry: Any
    action: Any
    extras: Any
    key: Any
    timestep: Timestep
    is_finite: bool


def host_steps(
    behaviour: HostBehaviour,
    batch: Environments,
    parameters: list[Any],
    carry: Carry,
    timestep: Timestep,
    key: Any,
) -> Iterator[HostStep]:
    """Act and step the environments, without end; ends after an action that is not finite.

    Args:
        behaviour: the agent.
        batch: the environments.
        parameters: from `HostBehaviour.parameters`.
        carry: of the agent.
        timestep: the last one of ``batch``.
        key: data of the key of the first step.
    """
    is_finite = True
    while is_finite:
        begins = np.equal(timestep.episode_length, 0)
        carry, action, extras, key = behaviour.act(
            parameters, carry, timestep.observation, begins, key
        )
        chosen = np.asarray(action)
        is_finite = finiteness.is_finite(chosen)
        timestep = batch.step(chosen) if is_finite else timestep
        yield HostStep(carry, action, extras, key, timestep, is_finite)


def transition(before: Observation, action: Any, extras: Any, after: Timestep) -> Transition:
    """Return the step from the observation ``before`` to the timestep ``after``."""
    return Transition(
        observation=before,
        action=action,
        extras=extras,
        reward=after.reward,
        terminated=after.terminated,
        truncated=after.truncated,
        next_observation=after.observation,
        is_step=after.is_step,
    )


def _zeros(leaf: Any) -> Any:
    """An array in the place of one that is not read."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jnp.broadcast_to(jax.random.key(0), leaf.shape)
    return jnp.zeros(leaf.shape, leaf.dtype)
