"""What an agent is: four pure functions over one pytree.

    state = agent.init(key, environments)
    carry = agent.begin(environments)
    repeat
        carry, action, extras = agent.act(state, carry, observation, key, explore=True)
        state = agent.observe(state, Transition(observation, action, extras, ...))
        state, metrics = agent.learn(state)

An agent is a frozen dataclass of hyper-parameters, with a `WorldSpec` among them; whatever changes
is in its `TrainState`. So `jit`, `vmap` over seeds, `scan`, checkpoint and exact resume need no
code of their own. A hierarchy is no special case: what it holds between steps (a latent, a goal,
the phase of its clock) is in ``carry``, and what it has to remember of a step beside the transition
(the log-probability of an action, the command of the level above) is in ``extras``.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import jax

from hierax.spec import WorldSpec

Key: TypeAlias = jax.Array
Carry: TypeAlias = Any
Observation: TypeAlias = Mapping[str, Any]
"""Arrays ``(N, ...)`` by the name of their view."""
Metrics: TypeAlias = Mapping[str, Any]
"""Scalars by name. Every loss and the norm of every gradient is among them: a driver stops at the
first that is not finite."""


class Transition(NamedTuple):
    """One step of N environments.

    Episodes of a batch end at different times. After its last step an environment takes one more
    that begins the next episode, whatever the action; there ``is_step`` is False, and nothing is to
    be learned from it. Observations so form one unbroken row for each environment, in which
    ``next_observation`` of a step is ``observation`` of the following one, ends included.

    Attributes:
        observation: ``(N, ...)`` for each view, what was seen before the step.
        action: ``(N, ...)`` as the agent gave it.
        extras: ``(N, ...)`` arrays that the agent gave beside the action.
        reward: ``(N,)``.
        terminated: ``(N,)`` bool, the episode ended for good: no value follows.
        truncated: ``(N,)`` bool, the episode was cut off: value is bootstrapped through it.
        next_observation: ``(N, ...)`` for each view, what was seen after the step.
        is_step: ``(N,)`` bool, False where the step began an episode.
    """

    observation: Any
    action: Any
    extras: Any
    reward: Any
    terminated: Any
    truncated: Any
    next_observation: Any
    is_step: Any


class TrainState(NamedTuple):
    """All that changes while an agent learns.

    Attributes:
        learner: parameters, target parameters and states of optimisers, of all levels.
        replay: stored experience; None in a state that only acts.
        statistics: what observations are normalised by; None where they are not.
        steps: () int32, environment steps observed, beginnings of episodes among them.
        updates: () int32, gradient updates made.
        key: of all random numbers that learning draws.
    """

    learner: Any
    replay: Any
    statistics: Any
    steps: jax.Array
    updates: jax.Array
    key: Key


class Agent(Protocol):
    """Four pure functions, beside what is carried between steps and what is learned from.

    All of them take N environments at once, on a leading axis.
    """

    @property
    def spec(self) -> WorldSpec:
        """The world that it is made for."""
        ...

    @property
    def learning_starts(self) -> int:
        """Environment steps that are observed before the first update."""
        ...

    @property
    def updates_per_step(self) -> float:
        """Gradient updates for each environment step after that."""
        ...

    def init(self, key: Key, environments: int = 1) -> TrainState:
        """Makes the state of an agent that has seen nothing and will observe N environments."""
        ...

    def begin(self, count: int) -> Carry:
        """What each of ``count`` environments carries where an episode begins: ``(count, ...)``."""
        ...

    def act(
        self, state: TrainState, carry: Carry, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Carry, Any, Any]:
        """Chooses an action in each environment; needs no replay.

        Args:
            state: what was learned.
            carry: what the last call returned, begun anew where an episode begins.
            observation: ``(N, ...)`` for each view.
            key: of the random numbers of this step.
            explore: whether to act as the agent does while it learns, or as well as it can.

        Returns:
            Carry, action ``(N, ...)`` and extras ``(N, ...)``.
        """
        ...

    def observe(self, state: TrainState, transition: Transition) -> TrainState:
        """Stores one step of N environments."""
        ...

    def learn(self, state: TrainState) -> tuple[TrainState, Metrics]:
        """Makes one gradient update from what was stored."""
        ...

    def draw(self, state: TrainState) -> Any:
        """What the next `learn` would learn from: the evidence, where that is not finite."""
        ...
