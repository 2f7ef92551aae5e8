"""The base of actor-critics with continuous actions: SAC, TD3 and latent space policies."""

import dataclasses
from collections.abc import Mapping

import jax
import optax

from hierax import checks
from hierax.agents.agent import Key, Observation, TrainState
from hierax.agents.encoder import Encoder
from hierax.agents.off_policy import OffPolicy
from hierax.agents.optimisation import adam
from hierax.agents.transitions import TransitionBatch, one_step

OBSERVATION = "observation"
"""Name of the one encoder."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ActorCritic(OffPolicy[TransitionBatch]):
    """An actor-critic with continuous actions in [-1, 1]^A and one observation encoder.

    Attributes:
        spec: the world that the agent acts in.
        hidden_sizes: units of each hidden layer, of actor and critics alike.
        tau: τ in (0, 1], share of the online parameters in a Polyak update of the targets.
        views: names of the views that are observed, in this order; None for all of the world's.
        normalise_observations: whether observations are shifted and scaled by their running mean
            and standard deviation.
        learning_rate_end: learning rate after ``learning_rate_updates`` updates, to which it falls
            linearly; None keeps it constant.
        learning_rate_updates: number of updates of a network over which its learning rate falls.
        max_gradient_norm: largest norm of the gradient of a network; longer gradients are scaled
            down to it. None does not clip.
        reward_scale: factor of the rewards in updates; logged returns are not scaled.

    Raises:
        ValueError: if a number is not allowed, the world's actions are not continuous, or it has
            no such view.
    """

    hidden_sizes: tuple[int, ...] = (256, 256)
    tau: float = 0.005
    views: tuple[str, ...] | None = None
    normalise_observations: bool = False
    learning_rate_end: float | None = None
    learning_rate_updates: int = 1_000_000
    max_gradient_norm: float | None = None
    reward_scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_continuous()
        if self.views is not None:
            checks.instance("views", self.views, tuple)
        if not self.observation_size:
            raise ValueError(f"views must hold at least one number together, got {self.view_names}")
        checks.hidden_sizes(self.hidden_sizes)
        checks.positive_share("tau", self.tau)
        if self.learning_rate_end is not None:
            checks.not_negative("learning_rate_end", self.learning_rate_end)
        checks.count("learning_rate_updates", self.learning_rate_updates, 1)
        if self.max_gradient_norm is not None:
            checks.positive("max_gradient_norm", self.max_gradient_norm)
        checks.positive("reward_scale", self.reward_scale)
        self._warn_of_pictures(self.view_names)

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of the views that are observed."""
        return self.spec.view_names if self.views is None else self.views

    @property
    def observation_size(self) -> int:
        """D, numbers of an observation."""
        return self.spec.size(self.view_names)

    def encoders(self) -> Mapping[str, Encoder]:
        """Return the one encoder, of the views that are observed."""
        normalise = self.normalise_observations
        return {OBSERVATION: Encoder.of(self.spec, self.view_names, normalise=normalise)}

    @property
    def optimiser(self) -> optax.GradientTransformation:
        """Adam, for each network of its own."""
        return adam(
            self.learning_rate,
            self.learning_rate_end,
            self.learning_rate_updates,
            self.max_gradient_norm,
        )

    def preprocess(self, state: TrainState, observation: Observation) -> jax.Array:
        """Return observations ``(N, D)`` as the networks see them."""
        return state.encoders[OBSERVATION](observation)

    def sample(self, state: TrainState, key: Key) -> TransitionBatch:
        """Return a batch of transitions."""
        sequences = self.store.sample(state.replay, key, self.batch_size)
        return self._encoded(state, one_step(sequences, self.discount))

    def _encoded(self, state: TrainState, batch: TransitionBatch) -> TransitionBatch:
        """Return a batch as the networks see it: encoded observations, scaled rewards."""
        if self.reward_scale != 1.0:
            batch = batch._replace(reward=self.reward_scale * batch.reward)
        return batch._replace(
            observation=self.preprocess(state, batch.observation),
            next_observation=self.preprocess(state, batch.next_observation),
        )
