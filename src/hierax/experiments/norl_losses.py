"""Losses of representations against the bounds of NORL, with their tables and the verdict on N1.

The same comparison is made with deliberate mistakes, to see whether it would find them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hierax.experiments.norl_bounds import (
    Check,
    Model,
    Representation,
    check,
    distances,
    objectives,
    offset_weights,
    outcomes,
)
from hierax.experiments.norl_models import (
    chain,
    coin,
    learned_representation,
    random_model,
    random_representation,
)
from hierax.experiments.result import Finding

CHAINS = [(0.1, 0.9), (0.01, 0.9), (1e-3, 0.9), (1e-3, 0.99)]
"""δ and γ of the chain."""
COINS = [(0.1, 0.9), (0.01, 0.5), (1e-3, 0.1), (1e-3, 0.01)]
"""δ and γ of the coin."""
ROUNDING = 1e-9
"""Excess over a bound, relative to 1 + the bound, that counts as rounding."""
EXACT = 1e-7
"""Largest error of an identity."""


def loss_tables(intervals: Sequence[int], seeds: int) -> dict[str, Any]:
    """Return the tables of claim N1.

    Args:
        intervals: c.
        seeds: number of random models for each c.
    """
    checked = {
        f"{kind}, c = {interval}": [_checks(*pair) for pair in _pairs(kind, interval, seeds)]
        for kind in ("random", "learned")
        for interval in intervals
    }
    sharp, sharp_checks = _sharp(intervals)
    every = [checks for group in checked.values() for checks in group] + sharp_checks
    return {
        "bounds": {name: _bounds(group) for name, group in checked.items()},
        "sharp": sharp,
        "mistakes": _mistakes(every),
    }


def judge_bounds(tables: Mapping[str, Any]) -> Finding:
    """Judge N1."""
    rows, sharp, mistakes = list(tables["bounds"].values()), tables["sharp"], tables["mistakes"]
    models = sum(row["models"] for row in rows)

    def share(name: str) -> float:
        return sum(row["models"] * row[name] for row in rows) / models

    violations, identity = mistakes["none"], max(row["identity_error"] for row in rows)
    weight = max(row["weight_error"] for row in rows)
    worst = {name: max(row[f"worst_ratio_{name}"] for row in rows) for name in ("theorem", "claim")}
    reached = {name: max(row[f"ratio_{name}"] for row in sharp) for name in ("theorem", "claim")}
    positive = share("share_with_a_loss")
    informative = {name: share(f"share_with_informative_{name}") for name in ("theorem", "claim")}
    is_exact = max(identity, weight) < EXACT
    return Finding(
        "N1",
        bool(not any(violations.values()) and is_exact and positive > 0.0),
        {
            "representations": models,
            "sharp_cases": len(sharp),
            "violations": violations,
            "share_with_a_loss": positive,
            "share_with_informative_bound": informative,
            "worst_ratio_on_random_models": worst,
            "worst_ratio_on_sharp_cases": reached,
            "identity_error": identity,
            "weight_error": weight,
            "violations_with_a_mistake": mistakes,
        },
        f"Of {models} representations of random models and {len(sharp)} sharp cases, "
        f"{violations['theorem']} exceed the bound of theorem 3, {violations['claim']} that of "
        f"claim 4 at ε² / 2, {violations['claim_eighth']} that at ε² / 8. {positive:.0%} have a "
        f"loss. On random models it is at most {worst['theorem']:.2f} of the theorem's bound and "
        f"{worst['claim']:.2f} of the claim's, on sharp cases {reached['theorem']:.4f} and "
        f"{reached['claim']:.4f}. The objective of Ψ differs from its form with the divergence by "
        f"at most {identity:.0e}. With the mistake w_c = 1 - γ, "
        f"{mistakes['w_c = 1 - γ']['theorem']} losses exceed the theorem's bound. Mistakes in Ψ "
        f"make {mistakes['Ψ minimises']['pinsker']} (wrong sign) and "
        f"{mistakes['Ψ without log ρ - log P']['pinsker']} (without log ρ - log P) steps of the "
        f"proof false, and {mistakes['Ψ minimises']['claim']} and "
        f"{mistakes['Ψ without log ρ - log P']['claim']} losses exceed the claim's bound. The "
        "claim holds if there is no violation, some models have a loss, and the identities are "
        "exact. Limits: the loss is that against the best policy that commits itself for c steps. "
        f"The claim's bound is below the largest possible loss in {informative['claim']:.0%} of "
        f"the cases, the theorem's in {informative['theorem']:.0%}; elsewhere they are true but "
        "not informative.",
    )


def _pairs(kind: str, interval: int, seeds: int) -> list[tuple[Model, Representation]]:
    """Return a random model for each seed, with a random or a learned representation."""
    pairs = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, interval])
        model = random_model(rng, interval)
        random = random_representation(rng, len(model.reward))
        pairs.append((model, random if kind == "random" else learned_representation(rng, model)))
    return pairs


def _checks(model: Model, representation: Representation) -> dict[str, Check]:
    """Return the check of a representation, and those with a mistake each."""
    weights = offset_weights(model.interval, model.discount)
    wrong = weights.copy()
    wrong[-1] *= (1.0 - model.discount) ** 2  # the blog note: 1 - γ instead of 1 / (1 - γ)
    outcome = outcomes(model)
    objective_of = objectives(outcome, representation, weights)
    near = -outcome @ distances(representation.place, representation.goals).T
    nearest = np.tensordot(weights, near, axes=1).argmax(axis=1)
    return {
        "none": check(model, representation),
        "w_c = 1 - γ": check(model, representation, weights=wrong),
        "Ψ minimises": check(model, representation, chosen=objective_of.argmin(axis=1)),
        "Ψ without log ρ - log P": check(model, representation, chosen=nearest),
    }


def _exceeds(loss: float, bound: float) -> bool:
    return loss > bound + ROUNDING * (1.0 + bound)


def _violations(checks: Sequence[Check], factor: float = 1.0) -> dict[str, int]:
    """Return the number of losses above ``factor`` times a bound, and of false Pinsker steps."""
    return {
        "theorem": sum(_exceeds(c.suboptimality, factor * c.theorem_bound) for c in checks),
        "claim": sum(_exceeds(c.suboptimality, factor * c.claim_bound) for c in checks),
        # KL ≤ ε² / 8 allows a quarter of the divergence of ε² / 2: ε is twice as large.
        "claim_eighth": sum(_exceeds(c.suboptimality, factor * 2 * c.claim_bound) for c in checks),
        "pinsker": sum(c.pinsker_excess > ROUNDING for c in checks),
    }


def _ratio(loss: float, bound: float) -> float:
    return loss / bound if bound > ROUNDING else 0.0


def _bounds(group: Sequence[Mapping[str, Check]]) -> dict[str, Any]:
    """Return the row of one kind of representation and one interval."""
    checks = [checks["none"] for checks in group]
    loss, theorem, claim, _, identity, weight, largest = map(np.array, zip(*checks, strict=True))
    return {
        "models": len(checks),
        "violations": _violations(checks),
        "share_with_a_loss": float(np.mean(loss > ROUNDING)),
        "share_with_informative_theorem": float(np.mean(theorem < largest)),
        "share_with_informative_claim": float(np.mean(claim < largest)),
        "worst_ratio_theorem": max(map(_ratio, loss, theorem)),
        "worst_ratio_claim": max(map(_ratio, loss, claim)),
        "identity_error": identity.max(),
        "weight_error": weight.max(),
        "suboptimality": loss,
        "theorem_bound": theorem,
        "claim_bound": claim,
    }


def _sharp(intervals: Sequence[int]) -> tuple[list[dict[str, Any]], list[dict[str, Check]]]:
    """Return rows and checks of the chain and of the coin."""
    rows, found = [], []
    for name, family, cases in (("chain", chain, CHAINS), ("coin", coin, COINS)):
        for interval in intervals:
            for size, discount in cases:
                checks = _checks(*family(size, discount, interval))
                loss, theorem, claim = checks["none"][:3]
                rows.append(
                    {
                        "family": name, "interval": interval, "size": size, "discount": discount,
                        "suboptimality": loss, "ratio_theorem": loss / theorem,
                        "ratio_claim": loss / claim,
                    }
                )  # fmt: skip
                found.append(checks)
    return rows, found


def _mistakes(every: Sequence[Mapping[str, Check]]) -> dict[str, dict[str, int]]:
    """Return the number of violations of all models, by the mistake that was made."""
    by_mistake = {name: [checks[name] for checks in every] for name in every[0]}
    rows = {name: _violations(checks) for name, checks in by_mistake.items()}
    return {**rows, "C halved": _violations(by_mistake["none"], factor=0.5)}
