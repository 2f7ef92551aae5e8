"""The bi-level problem of options and its hand-derived adjoint, in plain NumPy.

Section 1.5 of the specification, symbol by symbol: option ``k`` plans softly for an intrinsic
reward ``R_k`` and ends by ``β_k = σ(b_k)``; a soft planner chooses among the options' exact models;
what it chooses is paid by the extrinsic reward ``r``. Shares no code with the library.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bilevel:
    """The problem: the world and the planners of both levels.

    ``P (S, A, S)``, ``r (S, A)``, ``γ`` a number or ``(S,)`` on the state entered, ``d0 (S,)``,
    ``available (S, A)``, intrinsic discount ``γo``, temperatures ``τo`` (log-sum-exp) and ``τm``
    (mellowmax), whether actions are choices, and whether the intrinsic task ends with the option.
    """

    P: np.ndarray
    r: np.ndarray
    γ: float | np.ndarray
    d0: np.ndarray
    available: np.ndarray
    γo: float
    τo: float
    τm: float
    primitives: bool
    aware: bool = False

    def solve(self, R, b):
        """``J``, ``∂J/∂R (K, S, A)`` and ``∂J/∂b (K, S)`` for ``R (K, S, A)`` and ``b (K, S)``."""
        D, eye = self.P * self.γ, np.eye(len(self.d0))
        β = 1 / (1 + np.exp(-b))
        lower = [self._lower(*parts) for parts in zip(R, β, strict=True)]
        π = np.array([policy for policy, _, _ in lower])
        Pπ = np.einsum("ksa,sat->kst", π, D)  # discounted: γ P_π
        λ = 1 - β
        N = np.linalg.inv(eye - Pπ * λ[:, None, :])
        rO = np.einsum("kst,ta,kta->ks", N, self.r, π)
        PO = N @ (Pπ * β[:, None, :])
        offered = np.ones(b.T.shape, bool)
        if self.primitives:
            rO, PO = np.concatenate([rO, self.r.T]), np.concatenate([PO, np.moveaxis(D, 1, 0)])
            offered = np.concatenate([offered, self.available], axis=1)
        V, μ = soft_plan(rO.T, np.moveaxis(PO, 0, 1), offered, self.τm, mellow=True)
        Pμ, rμ = np.einsum("so,ost->st", μ, PO), np.einsum("so,os->s", μ, rO)
        vμ = np.linalg.solve(eye - Pμ, rμ)

        w = np.linalg.solve((eye - Pμ).T, self.d0)
        q_v = (rO + PO @ vμ).T
        q̄ = _through_softmax(μ, w[:, None] * q_v, self.τm)
        u = np.linalg.solve((eye - Pμ).T, np.einsum("ost,so->t", PO, q̄))
        a = w[:, None] * μ
        z = q̄ + u[:, None] * μ
        R̄, b̄ = np.zeros_like(R), np.zeros_like(b)
        for k, (_, Vk, Do) in enumerate(lower):
            Wr, Wa, Wz = N[k].T @ (a + z)[:, k], N[k].T @ a[:, k], N[k].T @ z[:, k]
            M̄ = np.outer(Wr, rO[k]) + np.outer(Wa, PO[k] @ vμ) + np.outer(Wz, PO[k] @ V)
            C̄ = np.outer(Wa, vμ) + np.outer(Wz, V)
            P̄π = M̄ * λ[k] + C̄ * β[k]
            β̄ = (Pπ[k] * (C̄ - M̄)).sum(axis=0)
            π̄ = np.einsum("st,sat->sa", P̄π, D) + Wr[:, None] * self.r
            q̄k = _through_softmax(π[k], π̄, self.τo)
            Pk = np.einsum("sa,sat->st", π[k], Do)
            uk = np.linalg.solve((eye - Pk).T, np.einsum("sat,sa->t", Do, q̄k))
            R̄[k] = q̄k + uk[:, None] * π[k]
            if self.aware:  # β shapes the intrinsic task too: entering t is discounted by γo λ(t)
                β̄ -= self.γo * np.einsum("sat,sa->t", self.P, R̄[k]) * Vk
            b̄[k] = β̄ * β[k] * λ[k]
        return self.d0 @ vμ, R̄, b̄

    def _lower(self, Rk, βk):
        """Policy, value and discounted transition of one intrinsic task."""
        Do = self.γo * self.P * (1 - βk if self.aware else 1.0)
        Vk, πk = soft_plan(Rk, Do, self.available, self.τo, mellow=False)
        return πk, Vk, Do


def soft_plan(r, D, offered, τ, mellow):
    """Fixed point ``V`` of ``τ log Σ exp((r + D V) / τ)`` and its policy, by Newton's method."""
    V, charge = np.zeros(len(r)), τ * np.log(offered.sum(axis=1)) if mellow else 0.0
    for _ in range(60):
        q = np.where(offered, r + D @ V, -np.inf)
        top = q.max(axis=1)
        weights = np.exp((q - top[:, None]) / τ)
        π = weights / weights.sum(axis=1, keepdims=True)
        change = top + τ * np.log(weights.sum(axis=1)) - charge - V
        if np.abs(change).max() < 1e-15 * max(1.0, np.abs(V).max()):
            break
        V = V + np.linalg.solve(np.eye(len(r)) - np.einsum("sa,sat->st", π, D), change)
    return V, π


def _through_softmax(π, π̄, τ):
    return π * (π̄ - (π * π̄).sum(axis=1, keepdims=True)) / τ
