"""Trajectories of hierarchies with a latent, by exact enumeration.

A latent is drawn at the steps t = 1, 1 + p, 1 + 2p, .. and held in between. η_t = (s₁, z₁, a₁, ..,
s_t, z_t, a_t) has the latents, τ_t = (s₁, a₁, .., s_t, a_t) has not. The marginal policy
π(a_t | τ_{t-1}, s_t) needs the distribution of the latent given τ_{t-1}, a filter.
"""

import numpy as np
from jaxtyping import Float
from scipy.special import rel_entr

from hierax.experiments.kl_models import Hierarchy, Process

HORIZON = 4
"""T."""


def divergence(
    p: Float[np.ndarray, "*batch X"], q: Float[np.ndarray, "*batch X"]
) -> Float[np.ndarray, "*batch"]:
    """Return KL(p ‖ q) in nats along the last axis."""
    return rel_entr(p, q).sum(axis=-1)


def kernels(high: Float[np.ndarray, "M Z S Z"], period: int) -> list[Float[np.ndarray, "M Z S Z"]]:
    """Return P(z_t | z_{t-1}, s_t) for t = 1 .. T: π^H, or the identity where z is held."""
    held = np.broadcast_to(np.eye(high.shape[-1])[:, None], high.shape)
    return [held if after % period else high for after in range(HORIZON)]


def path_probabilities(
    process: Process, hierarchy: Hierarchy, period: int
) -> list[Float[np.ndarray, "M *path"]]:
    """Return P(η_t) for t = 1 .. T, each with the axes M, s₁, z₁, a₁, .., s_t, z_t, a_t."""
    first, *others = kernels(hierarchy.high, period)
    models, latents, states, actions = hierarchy.low.shape
    paths = [np.einsum("ms,msz,mzsa->msza", process.start, first[:, 0], hierarchy.low)]
    for kernel in others:
        step = np.einsum("mPBs,mLsz,mzsa->mPLBsza", process.transition, kernel, hierarchy.low)
        past = paths[-1].reshape(models, -1, states, latents, actions, 1, 1, 1)
        paths.append((past * step[:, None]).reshape(*paths[-1].shape, states, latents, actions))
    return paths


def posterior_divergence(
    path: Float[np.ndarray, "M *path"], default: Float[np.ndarray, "M *path"]
) -> Float[np.ndarray, " M"]:
    """Return E KL(π(ζ | τ_t) ‖ π₀(ζ | τ_t)) over τ_t, with the latents ζ, from P(η_t) of both."""
    latents = tuple(range(2, path.ndim, 3))
    likely, likely_default = (p.sum(axis=latents, keepdims=True) for p in (path, default))
    each = likely * rel_entr(_ratio(path, likely), _ratio(default, likely_default))
    return each.reshape(len(path), -1).sum(axis=1)


def filtered(hierarchy: Hierarchy, period: int) -> list[Float[np.ndarray, "M _ S A"]]:
    """Return π(a_t | τ_{t-1}, s_t) for t = 1 .. T; the axes are M, τ_{t-1}, s_t and a_t.

    A forward filter over z: P(z_t, a_t | τ_{t-1}, s_t) = Σ_z' P(z' | τ_{t-1}) P(z_t | z', s_t)
    π^L(a_t | z_t, s_t). It is 0 where τ_{t-1} is impossible.
    """
    models, latents = hierarchy.low.shape[:2]
    belief = np.broadcast_to(np.eye(latents)[0], (models, 1, latents))
    found = []
    for kernel in kernels(hierarchy.high, period):
        now = np.einsum("mnL,mLsz->mnsz", belief, kernel)
        joint = np.einsum("mnsz,mzsa->mnsaz", now, hierarchy.low)
        found.append(joint.sum(axis=-1))
        belief = _ratio(joint, found[-1][..., None]).reshape(models, -1, latents)
    return found


def marginal_terms(
    process: Process,
    acting: list[Float[np.ndarray, "M _ S A"]],
    policy: list[Float[np.ndarray, "M _ S A"]],
    default: list[Float[np.ndarray, "M _ S A"]],
) -> tuple[Float[np.ndarray, "M T"], Float[np.ndarray, "M T"]]:
    """Return E r_t and E KL(policy ‖ default) for t = 1 .. T, where ``acting`` chooses a_t."""
    reach, rewards, found = process.start[:, None], [], []
    for chosen, p, q in zip(acting, policy, default, strict=True):
        found.append((reach * divergence(p, q)).sum(axis=(1, 2)))
        visits = reach[..., None] * chosen
        rewards.append(np.einsum("mnsa,msa->m", visits, process.reward))
        reach = visits[..., None] * process.transition[:, None]
        reach = reach.reshape(len(reach), -1, reach.shape[-1])
    return np.stack(rewards, axis=1), np.stack(found, axis=1)


def latent_terms(
    process: Process, policy: Hierarchy, default: Hierarchy, period: int
) -> tuple[Float[np.ndarray, "M T"], Float[np.ndarray, "M T"], Float[np.ndarray, "M T"]]:
    """Return E r_t, E KL(z_t | x_t), also where z is held, and E KL(a_t | z_t, x_t)."""
    high, low = (divergence(p, q) for p, q in zip(policy, default, strict=True))
    before = process.start[:, None] * np.eye(high.shape[1])[0][:, None]
    found = []
    for kernel in kernels(policy.high, period):
        now = np.einsum("mLs,mLsz->mzs", before, kernel)
        visits = now[..., None] * policy.low
        reward = np.einsum("mzsa,msa->m", visits, process.reward)
        found.append((reward, (before * high).sum(axis=(1, 2)), (now * low).sum(axis=(1, 2))))
        before = np.einsum("mzsa,msaS->mzS", visits, process.transition)
    rewards, highs, lows = (np.stack(part, axis=1) for part in zip(*found, strict=True))
    return rewards, highs, lows


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, and 0 where both are 0."""
    return part / np.where(whole > 0.0, whole, 1.0)
