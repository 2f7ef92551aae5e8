"""The objective of NORL as a lower bound of mutual information, on finite joint distributions.

Nachum, Gu, Lee & Levine (2019), equation 7. A context x = (s, π) has probability q(x). The state
s' = s_{t+k}, with k of probability (1 - γ) γ^{k-1} w_k, has the distribution P(s' | x) and the
marginal ρ(s') = Σ_x q(x) P(s' | x). With e(x, s') = -D(f(s'), φ(x)),

    J = E[e(x, s') - log Z(x)],   Z(x) = E_ρ exp e(x, s̃)
      = I(s'; x) - E_x KL(P(· | x) ‖ K(· | x)),   K(s' | x) = ρ(s') exp e(x, s') / Z(x)

Therefore J ≤ I, with equality if e = log P / ρ + a function of x. This needs the marginal as ρ:
with another distribution, J may exceed I by up to KL(marginal ‖ ρ).

If Z is a mean over a pool of M states that holds s' itself and M - 1 draws from ρ, then the
estimate of J is at most log M, and its mean at most I (van den Oord et al., 2018). Without s' in
the pool the mean is above J, because the logarithm is concave, and has no bound.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float
from scipy.special import logsumexp, rel_entr

from hierax.experiments.norl_bounds import Model, offset_weights, outcomes

RATE = 0.05
"""Initial learning rate; it decays to 0 by a cosine."""
INITIAL_SCALE = 0.1
"""Standard deviation of the initial f and φ. From 1, ascent ends in worse optima."""


class Joint(NamedTuple):
    """A joint distribution.

    Attributes:
        contexts: q, ``(X,)``.
        following: P(s' | x), ``(X, S)``.
    """

    contexts: Float[np.ndarray, " X"]
    following: Float[np.ndarray, "X S"]

    @property
    def marginal(self) -> Float[np.ndarray, " S"]:
        """The distribution of s'."""
        return self.contexts @ self.following

    @property
    def information(self) -> float:
        """I(s'; x) in nats."""
        return float(self.contexts @ rel_entr(self.following, self.marginal).sum(axis=1))

    @property
    def log_ratio(self) -> Float[np.ndarray, "X S"]:
        """The best e, log P(s' | x) / ρ(s')."""
        return np.log(self.following) - np.log(self.marginal)


def joint_of(model: Model, contexts: Float[np.ndarray, " X"]) -> Joint:
    """Return the joint distribution of x = (s, π) and s'; ``contexts`` are q in this order."""
    weights = offset_weights(model.interval, model.discount)
    mixture = np.tensordot(weights / weights.sum(), outcomes(model), axes=1)
    return Joint(contexts, mixture.reshape(len(contexts), -1))


def symmetric_channel(size: int, kept: float) -> Joint:
    """Return the joint distribution of a uniform x and s' = x with probability ``kept``.

    The other states are equally likely: I = log n + κ log κ + (1 - κ) log((1 - κ) / (n - 1)).
    """
    other = np.full((size, size), (1.0 - kept) / (size - 1))
    return Joint(np.full(size, 1.0 / size), np.where(np.eye(size, dtype=bool), kept, other))


def objective(
    joint: Joint,
    exponent: Float[np.ndarray, "X S"],
    prior: Float[np.ndarray, " S"] | None = None,
    sign: float = -1.0,
) -> float:
    """Return J.

    Args:
        joint: the joint distribution.
        exponent: e.
        prior: ρ of Z; the marginal by default.
        sign: of log Z. The blog note on the paper has 1 in its summary, which is wrong.
    """
    log_z = logsumexp(exponent, axis=1, b=joint.marginal if prior is None else prior)
    return float(joint.contexts @ ((joint.following * exponent).sum(axis=1) + sign * log_z))


def remainder(joint: Joint, exponent: Float[np.ndarray, "X S"]) -> float:
    """Return E_x KL(P(· | x) ‖ K(· | x)), which is I - J."""
    k = np.exp(exponent - exponent.max(axis=1, keepdims=True)) * joint.marginal
    k /= k.sum(axis=1, keepdims=True)
    return float(joint.contexts @ rel_entr(joint.following, k).sum(axis=1))


def ascend(
    joints: list[Joint], size: int, steps: int, sign: float = -1.0
) -> Float[np.ndarray, "B X S"]:
    """Return e of f and φ in ``size`` dimensions after gradient ascent on J of each joint.

    Args:
        joints: B joint distributions with the same numbers of contexts and states.
        size: d.
        steps: steps of Adam.
        sign: of log Z.
    """
    contexts, following = (np.stack(part) for part in zip(*joints, strict=True))
    marginal = np.stack([joint.marginal for joint in joints])
    optimiser = optax.adam(optax.cosine_decay_schedule(RATE, steps))

    def loss(maps: tuple[jax.Array, jax.Array]) -> jax.Array:
        exponent = _exponent(*maps)
        log_z = jax.nn.logsumexp(exponent, axis=2, b=marginal[:, None])
        return -jnp.sum(contexts * ((following * exponent).sum(axis=2) + sign * log_z))

    @jax.jit
    def trained(maps: tuple[jax.Array, jax.Array]) -> jax.Array:
        def step(at: tuple, _: None) -> tuple[tuple, None]:
            change, state = optimiser.update(jax.grad(loss)(at[0]), at[1])
            return (optax.apply_updates(at[0], change), state), None

        start = (maps, optimiser.init(maps))
        return _exponent(*jax.lax.scan(step, start, length=steps)[0][0])

    rng = np.random.default_rng(size)
    shapes = [(len(joints), number, size) for number in following.shape[:0:-1]]
    with jax.enable_x64(True):
        place, predicted = (jnp.asarray(INITIAL_SCALE * rng.normal(size=s)) for s in shapes)
        return np.asarray(trained((place, predicted)))


def pool_estimates(
    joint: Joint,
    exponent: Float[np.ndarray, "X S"],
    pool: int,
    draws: int,
    has_positive: bool,
    rng: np.random.Generator,
) -> Float[np.ndarray, " draws"]:
    """Return samples of e(x, s') - log Ẑ(x), each with a pool of its own.

    Args:
        joint: the joint distribution.
        exponent: e.
        pool: M.
        draws: number of samples.
        has_positive: whether the pool is s' and M - 1 draws from ρ, or M draws.
        rng: source of the draws.
    """
    contexts, states = joint.following.shape
    pairs = (joint.contexts[:, None] * joint.following).ravel()
    x, following = np.divmod(rng.choice(contexts * states, size=draws, p=pairs), states)
    counts = rng.multinomial(pool - has_positive, joint.marginal, size=draws)
    counts[np.arange(draws), following] += has_positive
    log_z = logsumexp(exponent[x], axis=1, b=counts) - np.log(pool)
    return exponent[x, following] - log_z


def _exponent(place: jax.Array, predicted: jax.Array) -> jax.Array:
    """Return -D ``(B, X, S)`` of f ``(B, S, d)`` and φ ``(B, X, d)``."""
    return -jnp.abs(place[:, None] - predicted[:, :, None]).sum(axis=-1)
