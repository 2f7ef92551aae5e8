"""Second moments of the counters of a path, and the Fisher information that follows from them.

A path is a Markov chain that may end. In state ``s`` an action is taken and counted; the path then
continues to ``t`` with probability ``γ(s, a, t) P(t|s, a)``. With visits ``d = μ₀ᵀ D`` and
``E = (Γ∘P) D`` (McNamee 2019, algorithm 1; the paper omits the discount in ``E``, without which
``C`` is not the second moment):

    C_ij,kl = ⟨n_ij n_kl⟩ = d_i π_ij δ_ik δ_jl + (d_i E_(ij)k + d_k E_(kl)i) π_ij π_kl

One action of each state, ω, is dependent: ``π_iω = 1 - Σ π_ij``. The score of an independent pair
is ``n_ij - (π_ij / π_iω) n_iω``. ``L`` is the matrix of scores over available pairs, and
``I = L C Lᵀ``.
"""

from typing import Any, NamedTuple

import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, is_traced, namespace
from hierax.planning.evaluation import PolicyChain, action_values
from hierax.planning.mdp import TabularMDP, as_model

LARGEST_PAIRS = 20_000
"""Largest number of pairs for which ``(S*A, S*A)`` second moments (3.2 GB) are computed."""


def counter_correlations(mdp: TabularMDP, policy: Any) -> Array:
    """Return the second moments of the counters of state-action pairs, ``C = ⟨n nᵀ⟩``.

    The module has the equation. ``C`` is the Hessian at 0 of the moment generating function
    ``G(h) = ⟨exp(h·n)⟩``. ``Σ C = (1 + γ) / (1 - γ)²`` for a constant discount.

    Args:
        mdp: the model; paths start from ``mdp.initial``.
        policy: ``(S, A)`` probabilities.

    Returns:
        ``(S*A, S*A)``, row-major in (state, action), in counts²; zero at unavailable pairs.

    Raises:
        ValueError: if the policy does not fit the model, or ``S*A`` exceeds 20,000.
    """
    mdp = as_model(mdp)
    _check_size(mdp)
    return _correlations(mdp, PolicyChain(mdp, policy))


def path_fisher_information(mdp: TabularMDP, policy: Any, dependent: Any = None) -> np.ndarray:
    """Return the Fisher information of paths, ``I = L C Lᵀ`` (McNamee 2019, eq. 19).

    It is computed literally from `counter_correlations`, over independent pairs. In exact
    arithmetic it is block diagonal, with the block ``d_i (diag(p) + p pᵀ / π_iω)`` for the
    independent probabilities ``p`` of state ``i``.

    Args:
        mdp: the model.
        policy: ``(S, A)`` probabilities, positive at every available pair.
        dependent: ``(S,)`` index of the dependent action of each state; the greedy one by default.

    Returns:
        ``(N, N)`` over the ``N`` available pairs that are not dependent, state-major, in counts².

    Raises:
        ValueError: if an argument does not fit the model, or ``S*A`` exceeds 20,000.
    """
    return Moments.of(mdp, policy, dependent).fisher_information()


class Moments(NamedTuple):
    """The terms of the literal form of the natural path gradient.

    Attributes:
        correlations: ``C (P, P)`` over the ``P`` available pairs, state-major.
        scores: ``L (N, P)``, one row per independent pair.
        visits: ``d_i π_ij (P,)``.
        reward: ``r (P,)``.
        pairs: ``(P,)`` index ``s*A + a`` of each available pair.
        independent: ``(P,)`` bool: the pairs that have a parameter.
    """

    correlations: np.ndarray
    scores: np.ndarray
    visits: np.ndarray
    reward: np.ndarray
    pairs: np.ndarray
    independent: np.ndarray

    @classmethod
    def of(cls, mdp: TabularMDP, policy: Any, dependent: Any = None) -> "Moments":
        """Return the moments of a model and an interior policy."""
        if is_traced(mdp, policy):
            raise ValueError(
                "the path Fisher information must be computed on concrete arrays, got a call under "
                "jit, grad or vmap"
            )
        mdp = as_model(mdp)
        _check_size(mdp)
        policy = model_checks.interior_policy("policy", policy, mdp.available)
        chain = PolicyChain(mdp, policy)
        omega = dependent_actions(mdp, policy, dependent, chain)
        pairs = np.flatnonzero(mdp.available)
        independent = pairs % mdp.actions != omega[pairs // mdp.actions]
        return cls(
            correlations=np.asarray(_correlations(mdp, chain))[np.ix_(pairs, pairs)],
            scores=_scores(policy, omega, pairs, independent),
            visits=(chain.occupancy(mdp.initial)[:, None] * policy).ravel()[pairs],
            reward=np.asarray(mdp.reward).ravel()[pairs],
            pairs=pairs,
            independent=independent,
        )

    def fisher_information(self) -> np.ndarray:
        """Return ``I = L C Lᵀ``, ``(N, N)``: the Fisher information of paths."""
        return self.scores @ self.correlations @ self.scores.T

    def gradient(self) -> np.ndarray:
        """Return ``g = L C r``, ``(N,)``: gradient of the start value (McNamee 2019, eq. 18)."""
        return self.scores @ (self.correlations @ self.reward)

    def visit_jacobian(self) -> np.ndarray:
        """Return ``L C (N, P)``: derivative of visits ``d_k π_kl`` by independent preferences."""
        return self.scores @ self.correlations


def dependent_actions(
    mdp: TabularMDP, policy: np.ndarray, dependent: Any, chain: PolicyChain | None = None
) -> np.ndarray:
    """Return the dependent action of each state ``(S,)``: as given, or greedy by action values."""
    if dependent is None:
        chain = chain or PolicyChain(mdp, policy)
        return np.argmax(action_values(mdp, chain.value()), axis=1)
    omega = np.asarray(dependent)
    checks.require_shape("dependent", omega, (mdp.states,))
    if omega.dtype.kind not in "iu":
        raise ValueError(f"dependent must hold action indices, got type {omega.dtype}")
    inside = (omega >= 0) & (omega < mdp.actions)
    offered = inside & mdp.available[np.arange(mdp.states), np.where(inside, omega, 0)]
    if not offered.all():
        (state,) = model_checks.first(~offered)
        raise ValueError(
            f"dependent must be an action available there, got {omega[state]} at state {state}"
        )
    return omega


def _correlations(mdp: TabularMDP, chain: PolicyChain) -> Array:
    policy, visits = chain.policy, chain.occupancy(mdp.initial)
    xp = namespace(policy, visits)
    table = mdp.discounted_transition
    later = (table @ chain.successor_representation()).reshape(-1, mdp.states)
    before = xp.repeat(xp.repeat(visits, mdp.actions)[:, None] * later, mdp.actions, axis=1)
    probability = policy.ravel()
    same = xp.diag(xp.repeat(visits, mdp.actions) * probability)
    return same + (before + before.T) * (probability[:, None] * probability)


def _scores(
    policy: np.ndarray, omega: np.ndarray, pairs: np.ndarray, independent: np.ndarray
) -> np.ndarray:
    states, actions = np.divmod(pairs[independent], policy.shape[1])
    position = np.full(policy.size, -1)
    position[pairs] = np.arange(pairs.size)
    rows = np.arange(states.size)
    scores = np.zeros((states.size, pairs.size))
    scores[rows, position[pairs[independent]]] = 1.0
    ratio = policy[states, actions] / policy[states, omega[states]]
    scores[rows, position[states * policy.shape[1] + omega[states]]] = -ratio
    return scores


def _check_size(mdp: TabularMDP) -> None:
    if mdp.states * mdp.actions > LARGEST_PAIRS:
        raise ValueError(
            f"counter correlations must have at most {LARGEST_PAIRS} pairs, got "
            f"{mdp.states * mdp.actions}: use the closed form"
        )
