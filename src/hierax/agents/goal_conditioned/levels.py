"""The two levels of a goal-conditioned agent: what is learned, and how one level is updated."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from hierax import checks
from hierax.agents.agent import Key, Metrics, TrainState
from hierax.agents.critics import twin_critics
from hierax.agents.encoder import Encoder
from hierax.agents.goal_conditioned.representations import LearnedSpace
from hierax.agents.networks import MLP
from hierax.agents.optimisation import adam
from hierax.agents.parts import Part, Path
from hierax.agents.updates.td3 import TD3Learner, TD3Update
from hierax.spec import WorldSpec

State = TypeVar("State")

HIGH, LOW, SPACE = "high", "low", "space"
"""Names of the levels, and of the goal space, in metrics and encoders."""
FINAL_WEIGHT = 0.003
"""Bound of the initial weights of last layers, as in the released code of HIRO."""
SCORES = 5
"""Evaluations whose mean decides whether the low level is frozen."""
ROUNDING = 1e-6
"""Error of such a mean in 32 bits: five times 0.9 is on average 0.9."""


class Levels(NamedTuple):
    """Everything that is learned.

    Attributes:
        high: sets goals: (observation) → goal before the tanh.
        low: acts: (observation, goal) → action before the tanh.
        low_frozen: () bool, whether the low level is no longer trained.
        scores: ``(SCORES,)``, share of successes in the last evaluations; -inf before them.
        space: what is learned of the goal space; None where it is fixed.
    """

    high: TD3Learner
    low: TD3Learner
    low_frozen: jax.Array
    scores: jax.Array
    space: LearnedSpace | None = None


class GoalCarry(NamedTuple):
    """The carry of N environments.

    Attributes:
        age: ``(N,)`` int32, steps since the episode began.
        target: ``(N, d)``, z*, the point of the goal space that is pursued.
        is_random: ``(N,)`` bool, whether it was drawn at random.
        action: ``(N, A)``, the last action.
    """

    age: jax.Array
    target: jax.Array
    is_random: jax.Array
    action: jax.Array


@dataclasses.dataclass(frozen=True)
class LevelTraining:
    """How both levels are built and updated: TD3 with one learning rate for each kind of network.

    Attributes:
        hidden_sizes: units of each hidden layer, of all networks.
        actor_learning_rate: of Adam, for actors.
        critic_learning_rate: of Adam, for critics.
        tau: τ in (0, 1], share of the online parameters in a Polyak update of the targets.
        policy_delay: critic updates for each update of actor and targets.
        target_policy_noise: standard deviation of the noise on target actions.
        target_noise_clip: bound of that noise.
        critic_loss: ``"squared"`` or ``"huber"``.
        pretanh_penalty: weight of the mean square of actions before the tanh.
    """

    hidden_sizes: tuple[int, ...]
    actor_learning_rate: float
    critic_learning_rate: float
    tau: float
    policy_delay: int
    target_policy_noise: float
    target_noise_clip: float
    critic_loss: Literal["squared", "huber"]
    pretanh_penalty: float

    def check(self) -> None:
        """Raise ValueError unless all values are allowed."""
        checks.hidden_sizes(self.hidden_sizes)
        checks.positive("actor_learning_rate", self.actor_learning_rate)
        checks.positive_share("tau", self.tau)
        checks.count("policy_delay", self.policy_delay, 1)
        for name in ("target_policy_noise", "target_noise_clip", "pretanh_penalty"):
            checks.not_negative(name, getattr(self, name))
        checks.one_of("critic_loss", self.critic_loss, ("squared", "huber"))

    @property
    def update(self) -> TD3Update:
        """The update of one level."""
        return TD3Update(
            optimiser=adam(self.critic_learning_rate),
            actor_optimiser=adam(self.actor_learning_rate),
            tau=self.tau,
            policy_delay=self.policy_delay,
            target_policy_noise=self.target_policy_noise,
            target_noise_clip=self.target_noise_clip,
            critic_loss=self.critic_loss,
            pretanh_penalty=self.pretanh_penalty,
        )

    def build(self, key: Key, inputs: int, outputs: int) -> TD3Learner:
        """Return an untrained level, whose first actions are near 0."""
        actor_key, critic_key = jax.random.split(key)
        scale = FINAL_WEIGHT * math.sqrt(self.hidden_sizes[-1])
        actor = MLP(actor_key, inputs, self.hidden_sizes, outputs, final_scale=scale)
        critics = twin_critics(critic_key, inputs, outputs, self.hidden_sizes, scale)
        return self.update.init(actor, critics)


def untrained(high: TD3Learner, low: TD3Learner) -> Levels:
    """Return both levels before the first update."""
    return Levels(high, low, jnp.zeros((), bool), jnp.full(SCORES, -jnp.inf))


def updated_if(
    condition: jax.Array, update: Callable[[State], tuple[State, Metrics]], state: State
) -> tuple[State, Metrics]:
    """Return what ``update`` does to the state where () bool ``condition`` is True.

    Elsewhere the state is left as it is, and metrics are 0.
    """

    def left(state: State) -> tuple[State, Metrics]:
        metrics = jax.eval_shape(update, state)[1]
        return state, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), metrics)

    return jax.lax.cond(condition, update, left, state)


class LowEncoder(Encoder):
    """An encoder whose statistics stay as they are once the low level is frozen.

    Attributes:
        frozen: () bool.
    """

    frozen: jax.Array

    @classmethod
    def of(cls, spec: WorldSpec, views: Sequence[str], *, normalise: bool = False) -> "LowEncoder":
        """Return an encoder that has seen nothing and is not frozen."""
        new = Encoder.of(spec, views, normalise=normalise)
        return cls(new.views, new.statistics, jnp.zeros((), bool))

    def updated(self, observation: Mapping[str, Any], is_step: ArrayLike) -> "LowEncoder":
        """Return the encoder with N more observations in its statistics, unless it is frozen."""
        new = super().updated(observation, is_step).statistics
        kept = jax.tree.map(lambda a, b: jnp.where(self.frozen, a, b), self.statistics, new)
        return LowEncoder(self.views, kept, self.frozen)


def with_low_frozen(state: TrainState, frozen: Any) -> TrainState:
    """Return the state with the low level frozen where () bool ``frozen`` is True.

    A frozen low level acts with its averaged actor, in training too: that is the policy that was
    evaluated.
    """
    learner = state.learner
    frozen = learner.low_frozen | frozen
    actor = jax.tree.map(
        lambda online, averaged: jnp.where(frozen, averaged, online),
        learner.low.actor,
        learner.low.target_actor,
    )
    low = learner.low._replace(actor=actor)
    # A copy: no two arrays of a state may share their memory.
    kept = {
        name: LowEncoder(encoder.views, encoder.statistics, jnp.copy(frozen))
        for name, encoder in state.encoders.items()
        if isinstance(encoder, LowEncoder)
    }
    return state._replace(
        learner=learner._replace(low=low, low_frozen=frozen),
        encoders={**state.encoders, **kept},
    )


def level_part(name: str, encoders: tuple[str, ...], more: tuple[Path, ...] = ()) -> Part:
    """Return where a level is in `Levels`.

    Args:
        name: `HIGH` or `LOW`.
        encoders: names of those that it sees through.
        more: paths of what else belongs to it.
    """
    rest = ("critics", "target_critics", "optimisers", "updates", "actor_metrics")
    return Part(
        (name, "actor"),
        ((name, "target_actor"),),
        (*((name, each) for each in rest), *more),
        encoders,
    )
