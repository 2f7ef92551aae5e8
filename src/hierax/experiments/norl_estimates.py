"""The objective of NORL against mutual information, with its tables and the verdict on N2."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hierax.experiments.norl_bounds import distances, tabular
from hierax.experiments.norl_information import (
    Joint,
    ascend,
    joint_of,
    objective,
    pool_estimates,
    remainder,
    symmetric_channel,
)
from hierax.experiments.norl_models import ACTIONS, informative_model, random_prior
from hierax.experiments.result import Finding

STATES, INTERVAL = 6, 2
"""S and c of the models whose joint distributions are used."""
DIMENSIONS = (1, 2, 4, 8)
WRONG_DIMENSIONS = 2
"""d of the ascent with the wrong sign of log Z."""
CHANNEL = (32, 0.9)
"""States of the symmetric channel, and the probability that s' = x."""
POOLS = (2, 8, 32, 128, 512)
STEEP = 8.0
"""Factor of the distances of the steep maps."""
ROUNDING = 1e-9
EXACT = 1e-7
"""Largest error of the identity J + E KL = I."""
APPROACHED = 0.99
"""Least share of the information that the best maps have to reach."""


def information_tables(joints: int, maps: int, steps: int, draws: int) -> dict[str, Any]:
    """Return the tables of claim N2.

    Args:
        joints: number of joint distributions.
        maps: number of random f and φ for each of them.
        steps: steps of gradient ascent.
        draws: samples of each estimate with pools.
    """
    found = [_joint(seed) for seed in range(joints)]
    return {
        "maps": _maps(found, maps, steps),
        "added_log_partition": _added_log_partition(found, steps),
        "other_prior": _other_prior(found),
        "pools": _pools(draws),
    }


def judge_information(tables: Mapping[str, Any]) -> Finding:
    """Judge N2."""
    maps, pools = tables["maps"], tables["pools"]
    excess = max(row["largest_excess"] for row in maps.values())
    identity = max(row["identity_error"] for row in maps.values())
    best = maps["closed form, d = S"]["least_share"]
    ascents = {n: row["mean_share"] for n, row in maps.items() if n.startswith("ascent")}
    above = sum(_is_above(row, "with_positive") for row in pools)
    without = sum(_is_above(row, "without_positive") for row in pools)
    wrong = tables["added_log_partition"]
    holds = excess < ROUNDING and identity < EXACT and best > APPROACHED and above == 0
    steps = ", ".join(f"{share:.1%} for {name[8:]}" for name, share in ascents.items())
    return Finding(
        "N2",
        bool(holds),
        {
            "maps": sum(row["maps"] for row in maps.values()),
            "largest_excess": excess,
            "identity_error": identity,
            "share_of_the_information": {n: row["mean_share"] for n, row in maps.items()},
            "least_share_of_the_closed_form": best,
            "pools_above_the_information_or_log_pool": {"with": above, "without": without},
            "excess_if_the_prior_is_not_the_marginal": tables["other_prior"],
            "largest_distance_with_the_wrong_sign": wrong["largest_distance"],
        },
        f"The objective of {sum(row['maps'] for row in maps.values())} pairs f, φ exceeds the "
        f"mutual information by at most {excess:.0e}. The closed form reaches {best:.4f} of it, "
        f"gradient ascent on average {steps}. With s' in the pool, {above} of {len(pools)} "
        "estimates exceed the information, by more than 3 standard errors, or the logarithm of the "
        f"pool size; without it, {without} do. With log Z added instead of subtracted, ascent ends "
        f"at distances of at most {wrong['largest_distance']:.0e}, a constant "
        "f. The claim holds if the excess is rounding, the best f and φ come within 1 %, and pools "
        "with s' respect both limits. It needs the marginal of s' as ρ: with another ρ the "
        f"objective exceeds the information by up to {tables['other_prior']['largest_excess']:.2f} "
        "nats. The information is that of s' at a random k, as K does not depend on k.",
    )


def _is_above(row: Mapping[str, Any], kind: str) -> bool:
    """Return whether an estimate is above I by 3 standard errors, or a sample above log M."""
    found = row[kind]
    return bool(
        found["mean"] > row["information"] + 3.0 * found["standard_error"]
        or found["largest"] > row["log_pool"] + ROUNDING
    )


def _joint(seed: int) -> Joint:
    """Return the joint distribution of a random model, with a random distribution of (s, π)."""
    rng = np.random.default_rng([seed, 0])
    model = informative_model(rng, INTERVAL, STATES)
    contexts = STATES * ACTIONS**INTERVAL
    return joint_of(model, rng.dirichlet(np.ones(contexts)))


def _maps(joints: list[Joint], number: int, steps: int) -> dict[str, dict[str, Any]]:
    """Return a row for each kind of f and φ."""
    exponents = {
        "constant": [np.zeros_like(joint.following)[None] for joint in joints],
        "random, d = 2": [
            _random_exponents(joint, number, seed) for seed, joint in enumerate(joints)
        ],
    }
    for size in DIMENSIONS:
        exponents[f"ascent, d = {size}"] = list(ascend(joints, size, steps)[:, None])
    exponents["closed form, d = S"] = [_closed_form(joint)[None] for joint in joints]
    return {name: _map_row(joints, parts) for name, parts in exponents.items()}


def _closed_form(joint: Joint) -> np.ndarray:
    """Return -D ``(X, S)`` of the best f and φ, in as many dimensions as there are states."""
    best = tabular(joint.log_ratio, joint.marginal)
    return -distances(best.place, best.goals)


def _random_exponents(joint: Joint, number: int, seed: int) -> np.ndarray:
    """Return -D ``(number, X, S)`` of random f and φ in two dimensions."""
    rng = np.random.default_rng([seed, 1])
    contexts, states = joint.following.shape
    found = []
    for _ in range(number):
        scale = 10.0 ** rng.uniform(-1.5, 0.5)
        place, predicted = (scale * rng.normal(size=(n, 2)) for n in (states, contexts))
        found.append(-distances(place, predicted))
    return np.stack(found)


def _map_row(joints: Sequence[Joint], exponents: Sequence[np.ndarray]) -> dict[str, float]:
    pairs = [
        (joint, exponent)
        for joint, part in zip(joints, exponents, strict=True)
        for exponent in part
    ]
    found = np.array([objective(*pair) for pair in pairs])
    known = np.array([joint.information for joint, _ in pairs])
    rest = np.array([remainder(*pair) for pair in pairs])
    return {
        "maps": len(pairs),
        "objective": found.mean(),
        "information": known.mean(),
        "least_share": (found / known).min(),
        "mean_share": (found / known).mean(),
        "largest_share": (found / known).max(),
        "largest_excess": (found - known).max(),
        "identity_error": np.abs(found + rest - known).max(),
    }


def _added_log_partition(joints: list[Joint], steps: int) -> dict[str, float]:
    """Return what ascent finds with the sign of the blog note: all distances are 0."""
    exponents = ascend(joints, WRONG_DIMENSIONS, steps, sign=1.0)
    pairs = list(zip(joints, exponents, strict=True))
    return {
        "dimensions": WRONG_DIMENSIONS,
        "largest_wrong_objective": max(objective(*pair, sign=1.0) for pair in pairs),
        "largest_distance": float(-exponents.min()),
        "largest_objective": max(objective(*pair) for pair in pairs),
    }


def _other_prior(joints: Sequence[Joint]) -> dict[str, float]:
    """Return the largest excess of the objective over I if ρ is not the marginal of s'."""
    excess = []
    for seed, joint in enumerate(joints):
        prior = random_prior(np.random.default_rng([seed, 2]), len(joint.marginal))
        best = np.log(joint.following) - np.log(prior)
        excess.append(objective(joint, best, prior) - joint.information)
    return {"least_excess": min(excess), "largest_excess": max(excess)}


def _pools(draws: int) -> list[dict[str, Any]]:
    """Return the estimates with pools, for the best maps of a channel and for steep ones."""
    joint = symmetric_channel(*CHANNEL)
    rows = []
    for name, factor in (("best", 1.0), ("steep", STEEP)):
        exponent = factor * joint.log_ratio
        for pool in POOLS:
            rng = np.random.default_rng(pool)
            row = {
                "maps": name, "pool": pool, "log_pool": np.log(pool),
                "information": joint.information, "objective": objective(joint, exponent),
            }  # fmt: skip
            for kind, has_positive in (("with_positive", True), ("without_positive", False)):
                found = pool_estimates(joint, exponent, pool, draws, has_positive, rng)
                row[kind] = {
                    "mean": found.mean(),
                    "standard_error": found.std() / np.sqrt(draws),
                    "largest": found.max(),
                }
            rows.append(row)
    return rows
