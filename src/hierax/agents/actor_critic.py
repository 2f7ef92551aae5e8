"""The base of actor-critics with continuous actions: SAC, TD3 and latent space policies."""

import dataclasses
from collections.abc import Mapping

import jax

from hierax import checks
from hierax.agents.agent import Key, Observation, TrainState
from hierax.agents.encoder import Encoder
from hierax.agents.off_policy import OffPolicy
from hierax.agents.transitions import TransitionBatch, one_step
from hierax.spec import Continuous

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

    Raises:
        ValueError: if a number is not allowed, the world's actions are not continuous, or it has
            no such view.
    """

    hidden_sizes: tuple[int, ...] = (256, 256)
    tau: float = 0.005
    views: tuple[str, ...] | None = None
    normalise_observations: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.spec.action, Continuous):
            raise ValueError(
                f"{type(self).__name__} needs continuous actions, got {self.spec.name} with "
                f"{self.spec.action.count} discrete actions"
            )
        if self.views is not None:
            checks.instance("views", self.views, tuple)
        if not self.observation_size:
            raise ValueError(f"views must hold at least one number together, got {self.view_names}")
        checks.instance("hidden_sizes", self.hidden_sizes, tuple)
        if not self.hidden_sizes:
            raise ValueError("hidden_sizes must name the units of at least one layer, got ()")
        for units in self.hidden_sizes:
            checks.count("hidden_sizes", units, 1)
        checks.positive("tau", self.tau)
        if self.tau > 1.0:
            raise ValueError(f"tau must be in (0, 1], got {self.tau!r}")

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of the views that are observed."""
        return self.spec.view_names if self.views is None else self.views

    @property
    def observation_size(self) -> int:
        """D, numbers of an observation."""
        return self.spec.size(self.view_names)

    @property
    def action_size(self) -> int:
        """A, numbers of an action."""
        return self.spec.action.shape[0]

    def encoders(self) -> Mapping[str, Encoder]:
        """Return the one encoder, of the views that are observed."""
        normalise = self.normalise_observations
        return {OBSERVATION: Encoder.of(self.spec, self.view_names, normalise=normalise)}

    def preprocess(self, state: TrainState, observation: Observation) -> jax.Array:
        """Return observations ``(N, D)`` as the networks see them."""
        return state.encoders[OBSERVATION](observation)

    def sample(self, state: TrainState, key: Key) -> TransitionBatch:
        """Return a batch of transitions."""
        sequences = self.store.sample(state.replay, key, self.batch_size)
        return self._encoded(state, one_step(sequences, self.discount))

    def _encoded(self, state: TrainState, batch: TransitionBatch) -> TransitionBatch:
        return batch._replace(
            observation=self.preprocess(state, batch.observation),
            next_observation=self.preprocess(state, batch.next_observation),
        )
