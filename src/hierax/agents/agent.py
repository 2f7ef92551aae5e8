"""The interface of an agent: pure functions over one pytree.

    state = agent.init(key, environments)
    carry = agent.initial_carry(environments)
    repeat
        carry, action, extras = agent.act(state, carry, observation, key, explore=True)
        state = agent.observe(state, Transition(observation, action, extras, ...))
        state, metrics = agent.learn(state)

An agent is a frozen dataclass of hyper-parameters. One of its fields is the `WorldSpec` of its
world. Everything that changes during training is in its `TrainState`. So `jit`, `vmap` over seeds,
`scan`, checkpoints and exact resume need no special code.

A hierarchy uses the same interface. ``carry`` holds what is kept between steps: a latent, a goal,
the phase of a clock. ``extras`` hold what is stored with a step: the log-probability of an action,
the command of the level above.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import jax
import jax.numpy as jnp

from hierax.spec import WorldSpec

Key: TypeAlias = jax.Array
Carry: TypeAlias = Any
Observation: TypeAlias = Mapping[str, Any]
"""Arrays ``(N, ...)`` by the name of their view."""
Metrics: TypeAlias = Mapping[str, Any]
"""Scalars by name. They include every loss and every gradient norm: training stops at the first
one that is not finite."""


class Transition(NamedTuple):
    """One step of N environments.

    Episodes of a batch end at different times. After the last step of an episode, an environment
    takes one more step that begins the next episode, whatever the action. There ``is_step`` is
    False, and an agent must not learn from it. So the observations of an environment form one
    unbroken row: ``next_observation`` of a step is ``observation`` of the following step.

    Attributes:
        observation: ``(N, ...)`` for each view, before the step.
        action: ``(N, ...)`` as the agent returned it.
        extras: ``(N, ...)`` arrays that the agent returned with the action.
        reward: ``(N,)``.
        terminated: ``(N,)`` bool, the episode ended for good: no value follows.
        truncated: ``(N,)`` bool, the episode was cut off: value is bootstrapped through it.
        next_observation: ``(N, ...)`` for each view, after the step.
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

    @property
    def ended(self) -> Any:
        """``(N,)`` bool, where the episode ended with this step, terminated or truncated."""
        return self.terminated | self.truncated


class TrainState(NamedTuple):
    """Everything that changes while an agent is trained.

    Attributes:
        learner: parameters, target parameters and optimiser states, of all levels.
        replay: stored experience; None in a state that is only used for acting.
        encoders: the agent's observation encoders with their running statistics, by name.
        steps: () int32, environment steps observed, beginnings of episodes included.
        updates: () int32, gradient updates made.
        key: of all random numbers that learning draws.
        frozen: () bool of each part, by name: whether updates leave it as it is.
    """

    learner: Any
    replay: Any
    encoders: Any
    steps: jax.Array
    updates: jax.Array
    key: Key
    frozen: Any = None


class WithStates(Protocol):
    """An object with trained states, such as the result of `hierax.train`.

    Attributes:
        states: the state of each seed.
    """

    @property
    def states(self) -> list[TrainState]: ...  # noqa: D102


def one_state(trained: TrainState | WithStates) -> TrainState:
    """Return the state of a training of one seed.

    Raises:
        ValueError: if there are several seeds.
    """
    if isinstance(trained, TrainState):
        return trained
    if len(trained.states) != 1:
        raise ValueError(
            f"trained must hold the state of one seed, got {len(trained.states)}: give one of its "
            "states"
        )
    return trained.states[0]


class Agent(Protocol):
    """The four verbs of an agent (init, act, observe, learn) and what drivers need besides.

    All methods take N environments at once, on a leading axis.
    """

    @property
    def spec(self) -> WorldSpec:
        """The spec of the world that the agent is made for."""
        ...

    @property
    def learning_starts(self) -> int:
        """Environment steps that are observed before the first update."""
        ...

    @property
    def updates_per_step(self) -> float:
        """Gradient updates for each environment step after that."""
        ...

    @property
    def rollout_length(self) -> int | None:
        """T, if one update follows every T steps of each environment and uses exactly these.

        None for agents that learn from a replay, at the rate ``updates_per_step``.
        """
        ...

    def init(self, key: Key, environments: int = 1) -> TrainState:
        """Return the state of an untrained agent that will observe N environments."""
        ...

    def initial_carry(self, count: int) -> Carry:
        """Return the carry of ``count`` environments at the beginning of an episode."""
        ...

    def act(
        self, state: TrainState, carry: Carry, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Carry, Any, Any]:
        """Return an action for each environment; needs no replay.

        Args:
            state: of the agent.
            carry: from the last call; `initial_carry` where an episode begins.
            observation: ``(N, ...)`` for each view.
            key: of the random numbers of this step.
            explore: whether to act as during training, or as well as possible.

        Returns:
            Carry, action ``(N, ...)`` and extras ``(N, ...)``.
        """
        ...

    def observe(self, state: TrainState, transition: Transition) -> TrainState:
        """Store one step of N environments."""
        ...

    def learn(self, state: TrainState) -> tuple[TrainState, Metrics]:
        """Make one gradient update from what is stored."""
        ...

    def next_batch(self, state: TrainState) -> Any:
        """Return the batch of the next update. It is saved when a loss is not finite."""
        ...

    # Three methods are optional: `ready`, see `is_ready`, and
    #     after_evaluation(state, means) -> state
    #     note(state, steps) -> str
    # The first gives the means of each evaluation during training to an agent that changes with
    # them. The second returns a sentence to show before a run of so many steps, or "".


def is_ready(agent: Agent, state: TrainState) -> Any:
    """Return () bool: whether enough is stored for an update; drivers make none before.

    This is ``agent.ready(state)``, or True for an agent without this method.
    """
    ready = getattr(agent, "ready", None)
    return jnp.array(True) if ready is None else ready(state)
