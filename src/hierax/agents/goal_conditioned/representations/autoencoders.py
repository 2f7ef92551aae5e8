"""Representations that tell the observation: variational autoencoders, without and with dynamics.

Kingma & Welling (2014), "Auto-encoding variational Bayes":

    L(x) = E_q ‖x - decoder(z)‖² / (2 v) + KL(q(z | x) ‖ N(0, I)),   q(z | x) = N(f(x), diag σ²(x))

with the variance v = `DECODER_VARIANCE` of what is decoded. Observations have a variance of 1 here:
with v = 1 the latent would hold next to nothing.

Watter et al. (2015), "Embed to control": the same for x_t and x_{t+1}, where x_{t+1} is decoded
from the step that the latent makes,

    z' = A(z) z + B(z) a + o(z),   A = I + v(z) r(z)ᵀ,   + λ KL(q̂(z' | z, a) ‖ q(z' | x_{t+1}))

with λ = `STEP_WEIGHT`. q̂ is the Gaussian q(z | x_t) moved by that step; its covariance is taken
as diagonal.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.representations.representation import OfSize, Trajectories
from hierax.agents.networks import MLP

STEP_WEIGHT = 0.25
DECODER_VARIANCE = 0.1
LOG_DEVIATION = 5.0
"""Bound of log σ."""


class Coder(NamedTuple):
    """The networks.

    Attributes:
        encoder: features → f and log σ, ``(2 d,)``.
        decoder: latent → features.
        step: latent → v, r, B, o; None without dynamics.
    """

    encoder: MLP
    decoder: MLP
    step: MLP | None


class Gaussian(NamedTuple):
    """Gaussians with diagonal covariance.

    Attributes:
        mean: ``(B, d)``.
        log_deviation: ``(B, d)``.
    """

    mean: jax.Array
    log_deviation: jax.Array

    def sample(self, key: Key) -> jax.Array:
        """Return a draw of each."""
        noise = jax.random.normal(key, self.mean.shape)
        return self.mean + jnp.exp(self.log_deviation) * noise

    def divergence(self, other: "Gaussian") -> jax.Array:
        """Return KL(self ‖ other), ``(B,)``, in nats."""
        ratio = jnp.exp(2 * (self.log_deviation - other.log_deviation))
        shift = (self.mean - other.mean) * jnp.exp(-other.log_deviation)
        return 0.5 * (ratio + shift**2 - 1 - jnp.log(ratio)).sum(axis=-1)


@dataclasses.dataclass(frozen=True)
class Autoencoder(OfSize):
    """A variational autoencoder of single observations.

    Attributes:
        dimensions: d.
        hidden_sizes: units of each hidden layer of encoder and decoder.
    """

    hidden_sizes: tuple[int, ...]

    def build(self, key: Key, features: int) -> Coder:
        """Return untrained networks."""
        encoder_key, decoder_key = jax.random.split(key)
        return Coder(
            MLP(encoder_key, features, self.hidden_sizes, 2 * self.dimensions),
            MLP(decoder_key, self.dimensions, self.hidden_sizes, features),
            None,
        )

    def embed(self, parameters: Coder, features: jax.Array) -> jax.Array:
        """Return f, ``(..., d)``: the mean of q."""
        return parameters.encoder(features)[..., : self.dimensions]

    def posterior(self, parameters: Coder, features: jax.Array) -> Gaussian:
        """Return q of features ``(B, n)``."""
        mean, log_deviation = jnp.split(parameters.encoder(features), 2, axis=-1)
        return Gaussian(mean, jnp.clip(log_deviation, -LOG_DEVIATION, LOG_DEVIATION))

    def loss(
        self, parameters: Coder, trajectories: Trajectories, key: Key
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Return minus the evidence bound of the first observations."""
        features = trajectories.features[0]
        found = self.posterior(parameters, features)
        loss = _missed(parameters, found.sample(key), features) + _from_prior(found)
        return loss.mean(), {}


@dataclasses.dataclass(frozen=True)
class Controlled(Autoencoder):
    """Embed to control: an autoencoder whose latent makes locally linear steps.

    Attributes:
        actions: A.
    """

    actions: int

    def build(self, key: Key, features: int) -> Coder:
        """Return untrained networks."""
        coder_key, step_key = jax.random.split(key)
        outputs = self.dimensions * (3 + self.actions)
        step = MLP(step_key, self.dimensions, self.hidden_sizes, outputs, final_scale=0.1)
        return super().build(coder_key, features)._replace(step=step)

    def loss(
        self, parameters: Coder, trajectories: Trajectories, key: Key
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Return minus the bound for the first step of each decision."""
        before, after = trajectories.features[:2]
        found = self.posterior(parameters, before)
        latent = found.sample(key)
        moved, step = self._step(parameters, latent, trajectories.action[0])
        expected = Gaussian(
            moved + (step @ (found.mean - latent)[..., None])[..., 0],
            0.5 * jnp.log((jnp.square(step) * jnp.exp(2 * found.log_deviation)[:, None]).sum(-1)),
        )
        loss = (
            _missed(parameters, latent, before)
            + _missed(parameters, moved, after)
            + _from_prior(found)
            + STEP_WEIGHT * expected.divergence(self.posterior(parameters, after))
        )
        return loss.mean(), {}

    def _step(
        self, parameters: Coder, latent: jax.Array, action: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Return the latents after a step, ``(B, d)``, and A, ``(B, d, d)``."""
        assert parameters.step is not None
        size = self.dimensions
        found = parameters.step(latent)
        left, right, offset = (found[:, k * size : (k + 1) * size] for k in range(3))
        control = found[:, 3 * size :].reshape(-1, size, self.actions)
        linear = jnp.eye(size) + left[:, :, None] * right[:, None, :]
        moved = (linear @ latent[..., None] + control @ action[..., None])[..., 0] + offset
        return moved, linear


def _missed(parameters: Coder, latent: jax.Array, features: jax.Array) -> jax.Array:
    """Return minus the logarithm of the likelihood of features, ``(B,)``, up to a constant."""
    squared = jnp.square(parameters.decoder(latent) - features).sum(axis=-1)
    return squared / (2 * DECODER_VARIANCE)


def _from_prior(found: Gaussian) -> jax.Array:
    zeros = jnp.zeros_like(found.mean)
    return found.divergence(Gaussian(zeros, zeros))
