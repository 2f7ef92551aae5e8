"""`kl-identities`: identities of KL-regularised hierarchies, by enumeration (Tirumala et al. 2019).

Claim K1: the divergence of the latents bounds that of the actions, in one step and along all
trajectories of small processes (`kl_bounds`). Claim K2: the optimal policy is a tilted default, the
optimal default a mixture of policies (`kl_optima`). The same comparisons are made with deliberate
mistakes, to see whether they would be found.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.kl_bounds import LARGE_DISCOUNT, objectives, one_step, summation_error
from hierax.experiments.kl_models import (
    LATENTS,
    LOWS,
    distributions,
    random_pair,
    random_process,
)
from hierax.experiments.kl_optimum_checks import (
    LARGE_WEIGHT,
    OTHERS,
    SMALL_WEIGHT,
    default_checks,
    policy_checks,
)
from hierax.experiments.kl_paths import HORIZON
from hierax.experiments.result import Finding, Result

MODELS = {"smoke": 10, "laptop": 100, "paper": 1_000}
"""Random models of every seed and case."""
SIZE = 2
"""Number of states, of latents and of actions in trajectories."""
PERIODS = (1, 2, 3, HORIZON)
LEAST_SIZE, MOST_SIZE = 2, 5
"""Number of latents and of actions in one step; of states and of actions in models for K2."""
MOST_DISCOUNT = 0.95
"""Largest γ of the models for K2."""
DISCOUNTS, LENGTH = (0.0, 0.5, 1.0), 8
"""γ and length of the sequences in (30)."""
EXACT, EXACT_OPTIMA = 1e-12, 1e-10
"""Largest error of an identity of K1 and of K2."""
KNOWN = 1e-9
"""Largest error of a ratio that is known to be 1 or 0, and excess over its range."""
SHOWN = 200
"""Ratios of each case that are kept for the figure."""

Measured = Mapping[str, np.ndarray]


def run(scale: str, seeds: int) -> Result:
    """Check the identities on random models of every seed, and judge K1 and K2."""
    models = MODELS[scale]
    tables = {**_bounds(seeds, models), **_optima(seeds, models)}
    return Result(
        settings={
            "models_of_each_seed_and_case": models,
            "trajectories": {"states, latents and actions": SIZE, "steps": HORIZON},
            "one_step": f"{LEAST_SIZE} to {MOST_SIZE} latents and actions",
            "optima": f"{LEAST_SIZE} to {MOST_SIZE} states and actions",
            "discount": f"uniform in [.05, 1.1], at most 1, for optima {MOST_DISCOUNT}",
            "weight": "log-uniform in [.01, 10]",
        },
        claims=judge(tables),
        tables=tables,
        seeds=range(seeds),
    )


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge K1 and K2."""
    return [_judge_bounds(tables), _judge_optima(tables)]


def draw(result: Result, path: Path) -> None:
    """Draw the divergence of the actions relative to its bound, in each case and model."""
    from hierax.plotting.points import draw_points

    label = f"discounted KL of the actions / its bound, in {HORIZON} steps"
    draw_points(result.tables["ratios"], label).savefig(path)


def _bounds(seeds: int, models: int) -> dict[str, Any]:
    """Return the tables of K1."""
    steps: dict[str, list[Measured]] = {}
    paths: dict[str, list[Measured]] = {}
    for seed in range(seeds):
        for name, found in _one_steps(np.random.default_rng([seed, 0]), models).items():
            steps.setdefault(name, []).append(found)
        for index, (latents, low) in enumerate(product(LATENTS, LOWS), start=1):
            rng = np.random.default_rng([seed, index])
            process = random_process(rng, models, SIZE, SIZE, 1.0)
            pair = random_pair(rng, models, SIZE, latents, low)
            for period in PERIODS:
                found = objectives(process, *pair, period)
                paths.setdefault(f"{latents}, {low}, p = {period}", []).append(found)
    sequences = np.random.default_rng(0).normal(size=(seeds * models, LENGTH))
    random = {name: parts for name, parts in paths.items() if "identity" not in name}
    return {
        "one_step": {name: _row(parts) for name, parts in steps.items()},
        "objective": {name: _row(parts) for name, parts in paths.items()},
        "summation": {f"γ = {g}": _row([summation_error(g, sequences)]) for g in DISCOUNTS},
        "ratios": {
            name: np.concatenate([part["ratio"] for part in parts])[:SHOWN]
            for name, parts in random.items()
        },
    }


def _one_steps(rng: np.random.Generator, models: int) -> dict[str, Measured]:
    """Return (6) for random pairs, and for pairs in which the gap is known."""
    latents, actions = _sizes(rng)
    high, default_high = (distributions(rng, models, latents) for _ in range(2))
    low, default_low = (distributions(rng, models, latents, actions) for _ in range(2))
    identity = np.broadcast_to(np.eye(latents), (models, latents, latents))
    blind = np.broadcast_to(low[:, :1], low.shape)
    return {
        "separate": one_step(high, low, default_high, default_low),
        "shared": one_step(high, low, default_high, low),
        "equal": one_step(high, low, high, low),
        "identity": one_step(high, identity, default_high, identity),
        "blind": one_step(high, blind, default_high, blind),
    }


def _optima(seeds: int, models: int) -> dict[str, Any]:
    """Return the tables of K2."""
    found: dict[str, list[Measured]] = {"policies": [], "defaults": []}
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 100])
        states, actions = _sizes(rng)
        process = random_process(rng, models, states, actions, MOST_DISCOUNT)
        found["policies"].append(policy_checks(rng, process))
        found["defaults"].append(default_checks(rng, process))
    return {"optima": {name: _row(parts) for name, parts in found.items()}}


def _sizes(rng: np.random.Generator) -> tuple[int, int]:
    first, second = rng.integers(LEAST_SIZE, MOST_SIZE + 1, 2)
    return int(first), int(second)


def _row(parts: Sequence[Measured]) -> dict[str, Any]:
    """Return counts of what is true, largest errors, and the range of other measurements."""
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    row: dict[str, Any] = {"models": len(next(iter(joined.values())))}
    for key, values in joined.items():
        if values.dtype == bool:
            row[key] = int(values.sum())
        elif key.endswith("_error"):
            row[key] = values.max()
        else:
            row[key] = {"least": values.min(), "mean": values.mean(), "largest": values.max()}
    return row


def _evidence(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return sums of violations and of mistakes, and the largest errors, over rows."""
    rows = list(rows)

    def over(kind: str, reduce: Callable[[Iterable[Any]], Any]) -> dict[str, Any]:
        keys = dict.fromkeys(key for row in rows for key in row if kind in key)
        return {key: reduce(row[key] for row in rows if key in row) for key in keys}

    return {
        "violations": sum(row.get("violations", 0) for row in rows),
        "errors": over("_error", max),
        "mistakes": over("mistake_", sum),
    }


def _judge_bounds(tables: Mapping[str, Any]) -> Finding:
    steps, paths = tables["one_step"], tables["objective"]
    found = _evidence([*steps.values(), *paths.values(), *tables["summation"].values()])
    errors, mistakes = found["errors"], found["mistakes"]
    models = [sum(row["models"] for row in rows.values()) for rows in (steps, paths)]
    tight = [steps["equal"], steps["identity"]]
    tight += [row for name, row in paths.items() if "identity" in name]
    least = min(row["ratio"]["least"] for row in tight)
    blind = steps["blind"]["ratio"]["largest"]
    mean = float(np.mean([paths[name]["ratio"]["mean"] for name in tables["ratios"]]))
    printed = [paths[f"independent, {low}, p = 1"] for low in ("shared", "separate")]
    shared, separate = (row["mistake_printed_indicator"] / row["models"] for row in printed)
    is_exact = max(errors.values()) < EXACT and max(1.0 - least, blind) < KNOWN
    return Finding(
        "K1",
        bool(not found["violations"] and is_exact and all(mistakes.values())),
        {
            "comparisons": dict(zip(("one_step", "objective"), models, strict=True)),
            **found,
            "mean_ratio": mean,
            "least_ratio_if_a_is_z_or_π_is_π₀": least,
            "ratio_if_the_low_level_ignores_z": blind,
            "share_violated_by_the_printed_indicator": {"shared": shared, "separate": separate},
        },
        f"Of {models[0]} comparisons of (6) and {models[1]} of (27), {found['violations']} violate "
        f"the bound. The gap of (6) is exact to {errors['one_step_gap_error']:.0e}, that of (27) "
        f"to {errors['gap_error']:.0e}, and (30) to {errors['summation_error']:.0e}. In random "
        f"hierarchies the KL of the actions is on average {mean:.2f} of its bound. Both are equal "
        f"if a = z or π = π₀ (ratio {least:.6f}). If the low level ignores z, the actions have no "
        f"KL. At p = 1 the printed [t mod p = 1] violates (27) in {shared:.0%} of the models with "
        f"a shared and {separate:.0%} with a separate low level. Other mistakes violate a bound in "
        f"{mistakes['mistake_reverse']} (KL(π₀ ‖ π)), {mistakes['mistake_no_filter']} (no filter) "
        f"and {mistakes['mistake_large_discount']} (γ = {LARGE_DISCOUNT}) comparisons. In "
        f"{mistakes['mistake_single_steps']} a single step is above its part of the bound. The "
        f"claim holds if there is no violation, errors are below {EXACT:.0e}, known ratios are met "
        f"and every mistake is found. Limits: finite spaces, {HORIZON} steps, 0 ≤ γ ≤ 1. For "
        "p > 1, or an autoregressive default, the bound is on the sum over steps and not on each "
        "of them. It is often far from tight.",
    )


def _judge_optima(tables: Mapping[str, Any]) -> Finding:
    policies, defaults = tables["optima"]["policies"], tables["optima"]["defaults"]
    found = _evidence([policies, defaults])
    errors, mistakes = found["errors"], found["mistakes"]
    weak, strong = policies["large_weight_share"], policies["small_weight_share"]
    is_limit = all(r["least"] > -KNOWN and r["largest"] < 1.0 + KNOWN for r in (weak, strong))
    is_exact = max(errors.values()) < EXACT_OPTIMA
    return Finding(
        "K2",
        bool(not found["violations"] and is_exact and is_limit and all(mistakes.values())),
        {
            "models": policies["models"],
            **found,
            "share_of_the_limit": {"large_weight": weak, "small_weight": strong},
        },
        f"In {policies['models']} models, {found['violations']} policies of (2) or defaults of (5) "
        f"are worse than one of {OTHERS} others. π* sums to 1 to {errors['sum_error']:.0e}. V* is "
        f"the value of π* to {errors['value_error']:.0e}. The objective of another default is "
        "lower by α / (1 - γ) times the visit-weighted KL from (5) to it, exact to "
        f"{errors['gain_error']:.0e}. With a full view the best default is π, to "
        f"{errors['unrestricted_error']:.0e}. At α = {LARGE_WEIGHT:.0e}, |π* - π₀| is at most "
        f"{policies['large_weight_difference']['largest']:.0e}. At α = {SMALL_WEIGHT:.0e}, the "
        f"return of π* is at most {policies['small_weight_loss']['largest']:.0e} below that of the "
        f"greedy policy in the support of π₀. These are at most {weak['largest']:.2f} and "
        f"{strong['largest']:.2f} of their theoretical limits. (2) without π₀ is worse in "
        f"{mistakes['mistake_untilted']} models, (5) without the visits in "
        f"{mistakes['mistake_unweighted']}. The claim holds if nothing is better, errors are below "
        f"{EXACT_OPTIMA:.0e}, the limits are met and both mistakes are found. Limits: small Markov "
        "models with known transitions. (2) is the best policy for a fixed default, (5) the best "
        "default for a fixed policy. The best pair is not tested.",
    )
