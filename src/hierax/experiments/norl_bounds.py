"""The theory of NORL on small models, computed exactly by enumeration.

Nachum, Gu, Lee & Levine (2019), "Near-optimal representation learning for hierarchical
reinforcement learning", theorems 1 and 3 and claims 2 and 4. A high level chooses a goal g every c
steps. The low level Ψ(s, g) turns it into a policy π of c steps; here π is a sequence of actions,
π ∈ A^c. With the weights w_k = 1 for k < c, w_c = 1 / (1 - γ), and w̄ = Σ_k γ^{k-1} w_k,

    TV(π, π') = 1/w̄ Σ_k γ^{k-1} w_k ½ Σ_s' |P_π(s_{t+k} = s' | s_t) - P_π'(s_{t+k} = s' | s_t)|
    KL(π ‖ g) = 1/w̄ Σ_k γ^{k-1} w_k KL(P_π(s_{t+k} | s_t) ‖ K_g)
    K_g(s')   = ρ(s') exp(-D(f(s'), g)) / Z_g,   D(x, y) = Σ_j |x_j - y_j|

The reward depends on the state alone. SubOpt is the largest loss of value over states, against the
best policy that chooses any sequence of A^c every c steps. A policy that chooses in every step may
have a higher value; the theorems do not bound the loss against it. With R = max |R(s)| and
C = 2 γ R / ((1 - γ) (1 - γ^c)),

    theorem 1, 3:  SubOpt ≤ C ε   if for all s, π there is a g with TV(π, Ψ(s, g)) ≤ ε
    claim 2, 4:    SubOpt ≤ C ε   if for all s, π there is a g with KL(π ‖ g) ≤ ε² / 2,
                   and Ψ(s, g) = argmax_π Σ_k γ^{k-1} w_k E[-D(f(s_{t+k}), g) + log ρ - log P_π]

The objective of Ψ is w̄ (log Z_g - KL(π ‖ g)), so Ψ minimises the divergence. Therefore
TV(π, Ψ(s, g)) ≤ √(KL(π ‖ g) / 2) + √(KL(Ψ(s, g) ‖ g) / 2) ≤ 2 √(KL(π ‖ g) / 2) for every g, by
Pinsker's and Jensen's inequalities. The final version of the paper has ε² / 8 in the claims, which
is what the proof needs if the total variation lacks its factor ½.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import logsumexp, rel_entr, xlogy


class Model(NamedTuple):
    """A model with a reward of states, and the interval of its high level.

    Attributes:
        transition: P(s' | s, a), ``(S, A, S)``.
        reward: R, ``(S,)``.
        discount: γ.
        interval: c.
    """

    transition: Float[np.ndarray, "S A S"]
    reward: Float[np.ndarray, " S"]
    discount: float
    interval: int


class Representation(NamedTuple):
    """Embeddings of states, and goals.

    Attributes:
        place: f, ``(S, d)``.
        goals: ``(G, d)``.
        prior: ρ, ``(S,)``, positive.
    """

    place: Float[np.ndarray, "S d"]
    goals: Float[np.ndarray, "G d"]
    prior: Float[np.ndarray, " S"]


class Check(NamedTuple):
    """The loss of a representation in a model, its bounds, and the errors of the identities.

    Attributes:
        suboptimality: SubOpt.
        theorem_bound: C ε of theorem 3, with the least ε.
        claim_bound: C ε of claim 4 at ε² / 2, with the least ε.
        pinsker_excess: largest TV(π, Ψ(s, g)) - 2 √(KL(π ‖ g) / 2) over s, π and g.
        identity_error: largest |objective of Ψ - w̄ (log Z_g - KL(π ‖ g))|.
        weight_error: |w̄ - 1 / (1 - γ)|.
        largest_loss: γ (max R - min R) / (1 - γ), which no loss can exceed.
    """

    suboptimality: float
    theorem_bound: float
    claim_bound: float
    pinsker_excess: float
    identity_error: float
    weight_error: float
    largest_loss: float


def offset_weights(interval: int, discount: float) -> Float[np.ndarray, " c"]:
    """Return γ^{k-1} w_k for k = 1 .. c; their sum w̄ is 1 / (1 - γ).

    The blog note on the paper has w_c = 1 - γ in its summary, which is wrong.
    """
    weight = np.ones(interval)
    weight[-1] = 1.0 / (1.0 - discount)
    return discount ** np.arange(interval) * weight


def outcomes(model: Model) -> Float[np.ndarray, "c S N S"]:
    """Return P_π(s_{t+k} | s_t) for k = 1 .. c and all N = A^c sequences, in the order of product.

    Axes are k, s_t, π and s_{t+k}.
    """
    states, actions, _ = model.transition.shape
    sequences = np.array(list(product(range(actions), repeat=model.interval)))
    reached = np.broadcast_to(np.eye(states), (len(sequences), states, states))
    found = []
    for action in sequences.T:
        reached = reached @ model.transition[:, action].swapaxes(0, 1)
        found.append(reached.swapaxes(0, 1))
    return np.stack(found)


def distances(
    place: Float[np.ndarray, "S d"], goals: Float[np.ndarray, "G d"]
) -> Float[np.ndarray, "G S"]:
    """Return D, the sum of absolute differences, of each goal and each f(s)."""
    return np.abs(goals[:, None] - place).sum(axis=2)


def log_model(
    representation: Representation,
) -> tuple[Float[np.ndarray, "G S"], Float[np.ndarray, " G"]]:
    """Return log K_g(s') and log Z_g of all goals."""
    exponent = np.log(representation.prior) - distances(representation.place, representation.goals)
    log_partition = logsumexp(exponent, axis=1)
    return exponent - log_partition[:, None], log_partition


def tabular(log_ratio: Float[np.ndarray, "G S"], prior: Float[np.ndarray, " S"]) -> Representation:
    """Return a representation in d = S dimensions with -D = ``log_ratio`` + a constant of g.

    Let f(s) = M e_s, and g in [0, M]^S. Then -D(f(s), g) = 2 g_s - M - Σ_j g_j. With 2 g equal to
    the logarithm of K_g / ρ, up to a constant, K_g is any positive distribution.
    """
    goals = (log_ratio - log_ratio.min(axis=1, keepdims=True)) / 2.0
    return Representation(goals.max() * np.eye(len(prior)), goals, prior)


def objectives(
    outcome: Float[np.ndarray, "c S N S"],
    representation: Representation,
    weights: Float[np.ndarray, " c"],
) -> Float[np.ndarray, "S N G"]:
    """Return Σ_k γ^{k-1} w_k E[-D(f(s_{t+k}), g) + log ρ(s_{t+k}) - log P_π(s_{t+k} | s_t)].

    Equation 9 of the paper (equation 5 for c = 1).
    """
    gain = np.log(representation.prior) - distances(representation.place, representation.goals)
    entropy = -xlogy(outcome, outcome).sum(axis=-1)
    return np.tensordot(weights, outcome @ gain.T + entropy[..., None], axes=1)


def divergences(
    outcome: Float[np.ndarray, "c S N S"],
    log_k: Float[np.ndarray, "G S"],
    weights: Float[np.ndarray, " c"],
) -> Float[np.ndarray, "S N G"]:
    """Return KL(π ‖ g) from each state."""
    each = rel_entr(outcome[:, :, :, None], np.exp(log_k)).sum(axis=-1)
    return np.tensordot(weights / weights.sum(), each, axes=1)


def variations(
    outcome: Float[np.ndarray, "c S N S"],
    chosen: Int[np.ndarray, "S G"],
    weights: Float[np.ndarray, " c"],
) -> Float[np.ndarray, "S N G"]:
    """Return TV(π, Ψ(s, g)) from each state; ``chosen`` are the indices of the sequences Ψ."""
    induced = np.take_along_axis(outcome, chosen[None, :, :, None], axis=2)
    each = np.abs(outcome[:, :, :, None] - induced[:, :, None]).sum(axis=-1) / 2.0
    return np.tensordot(weights / weights.sum(), each, axes=1)


def committed_value(
    model: Model, outcome: Float[np.ndarray, "c S N S"], available: Bool[np.ndarray, "S N"]
) -> Float[np.ndarray, " S"]:
    """Return the value of the best policy that chooses an available sequence every c steps.

    V(s) = max_π [Σ_{k<c} γ^k E R(s_{t+k}) + γ^c E V(s_{t+c})], by policy iteration.
    """
    discounts = model.discount ** np.arange(1, model.interval + 1)
    rewards = model.reward[:, None] + np.tensordot(
        discounts[:-1], outcome[:-1] @ model.reward, axes=1
    )
    rewards = np.where(available, rewards, -np.inf)
    states = np.arange(len(model.reward))
    choice = rewards.argmax(axis=1)
    while True:
        chain = discounts[-1] * outcome[-1, states, choice]
        value = np.linalg.solve(np.eye(len(states)) - chain, rewards[states, choice])
        q = rewards + discounts[-1] * outcome[-1] @ value
        is_better = q.max(axis=1) > q[states, choice] + 1e-12 * (1.0 + np.abs(value))
        if not is_better.any():
            return value
        choice = np.where(is_better, q.argmax(axis=1), choice)


def suboptimality(
    model: Model, outcome: Float[np.ndarray, "c S N S"], chosen: Int[np.ndarray, "S G"]
) -> float:
    """Return SubOpt: the largest loss of value if only sequences Ψ(s, g) can be chosen."""
    everything = np.ones(outcome.shape[1:3], bool)
    induced = np.zeros_like(everything)
    np.put_along_axis(induced, chosen, values=True, axis=1)
    best, limited = (committed_value(model, outcome, part) for part in (everything, induced))
    return float((best - limited).max())


def constant(model: Model, weights: Float[np.ndarray, " c"]) -> float:
    """Return C = 2 γ max |R| w̄ / (1 - γ^c)."""
    gamma = model.discount
    scale = 2.0 * gamma * np.abs(model.reward).max()
    return float(scale * weights.sum() / (1.0 - gamma**model.interval))


def check(
    model: Model,
    representation: Representation,
    weights: Float[np.ndarray, " c"] | None = None,
    chosen: Int[np.ndarray, "S G"] | None = None,
) -> Check:
    """Return the loss of a representation in a model, and its bounds.

    Args:
        model: the model.
        representation: f, the goals and ρ.
        weights: γ^{k-1} w_k; those of the paper by default.
        chosen: Ψ as indices of sequences; by default the maximum of its objective.
    """
    if weights is None:
        weights = offset_weights(model.interval, model.discount)
    outcome = outcomes(model)
    log_k, log_z = log_model(representation)
    objective = objectives(outcome, representation, weights)
    divergence = divergences(outcome, log_k, weights)
    sequences = objective.argmax(axis=1) if chosen is None else chosen
    variation = variations(outcome, sequences, weights)
    c = constant(model, weights)
    identity = objective - weights.sum() * (log_z - divergence)
    return Check(
        suboptimality=suboptimality(model, outcome, sequences),
        theorem_bound=c * float(variation.min(axis=2).max()),
        claim_bound=c * float(np.sqrt(2.0 * divergence.min(axis=2).max())),
        pinsker_excess=float((variation - 2.0 * np.sqrt(divergence / 2.0)).max()),
        identity_error=float(np.abs(identity).max()),
        weight_error=float(abs(weights.sum() - 1.0 / (1.0 - model.discount))),
        largest_loss=float(model.discount * np.ptp(model.reward) / (1.0 - model.discount)),
    )
