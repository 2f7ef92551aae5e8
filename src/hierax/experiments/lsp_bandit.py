"""`lsp-bandit`: stacked levels on bandits with a known optimum for each number of levels.

With the same reward on each level, K levels are equivalent to one level at a K times lower
temperature (`hierax.experiments.bandits`). We compare with (a) one level at that temperature and
(b) one flow with twice the couplings at half the temperature.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from hierax.experiments.bandits import (
    Bandit,
    CubeBandit,
    Flows,
    GaussianBandit,
    Size,
    divergence,
    evaluate,
    inverse_error,
    train_stack,
)
from hierax.experiments.learning_runs import OVER_SEEDS
from hierax.experiments.result import Finding, Result
from hierax.statistics import POSITIVE, interval

BANDITS: dict[str, Bandit] = {"gaussian": GaussianBandit(), "cube": CubeBandit()}
BOUNDS = {"gaussian": 0.01, "cube": 0.05}
"""Bound on KL(π ‖ π*) for each level below which the optimum is reached."""
LARGEST_ERROR = 1e-3
"""Bound on errors of inverses in float32; each layer stretches by a factor of up to 20."""


class Budget(NamedTuple):
    """Sizes of a scale.

    Attributes:
        levels: largest number of levels K.
        samples: number of samples of each expectation.
        gaussian: flow for the Gaussian bandit.
        small: flow for the cube, of the size used in agents.
        large: flow for the cube, large enough for four modes.
    """

    levels: int
    samples: int
    gaussian: Size
    small: Size
    large: Size


BUDGETS = {
    "smoke": Budget(2, 5_000, Size(2, 16, 200), Size(2, 16, 200), Size(4, 16, 200)),
    "laptop": Budget(
        4, 200_000, Size(2, 16, 1_500), Size(4, 32, 3_000), Size(8, 64, 10_000, batch=1_024)
    ),
    "paper": Budget(
        4, 1_000_000, Size(2, 16, 5_000), Size(4, 32, 10_000), Size(12, 128, 30_000, batch=4_096)
    ),
}


def run(scale: str, seeds: int) -> Result:
    """Train all stacks with every seed."""
    budget = BUDGETS[scale]
    cases = {
        "gaussian": ("gaussian", budget.gaussian),
        "cube, small flow": ("cube", budget.small),
        "cube, large flow": ("cube", budget.large),
    }
    tables: dict[str, Any] = {}
    for case, (name, size) in cases.items():
        tables[case] = _table(BANDITS[name], size, budget, seeds)
    return Result(
        settings={
            **budget._asdict(),
            "bandits": {name: repr(bandit) for name, bandit in BANDITS.items()},
            "interval": OVER_SEEDS,
        },
        claims=judge(tables),
        tables=tables,
        seeds=range(seeds),
    )


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge L1."""
    return [_verdict(tables)]


def draw(result: Result, path: Path) -> None:
    """Draw the KL to the optimum by the number of levels."""
    from hierax.plotting.bandits import draw_divergences

    draw_divergences(result.tables).savefig(path)


def _table(bandit: Bandit, size: Size, budget: Budget, seeds: int) -> dict[str, dict[str, Any]]:
    """Return a row for each number of levels and each method."""
    rows: dict[str, dict[str, Any]] = {}
    keys = [jax.random.key(seed) for seed in range(seeds)]
    stacks = [train_stack(bandit, [(size, 1.0)] * budget.levels, key) for key in keys]
    for levels in range(1, budget.levels + 1):
        parts = [flows[:levels] for flows in stacks]
        rows[f"{levels} stacked"] = _row(bandit, parts, levels, "stacked", budget)
    for levels in range(2, budget.levels + 1):
        alone = [train_stack(bandit, [(size, float(levels))], key) for key in keys]
        rows[f"1 at {levels} rho"] = _row(bandit, alone, levels, "one level at K rho", budget)
    deep = size._replace(couplings=2 * size.couplings)
    alone = [train_stack(bandit, [(deep, 2.0)], key) for key in keys]
    rows["1 at 2 rho, twice the couplings"] = _row(bandit, alone, 2, "as deep as two", budget)
    return rows


def _row(
    bandit: Bandit, stacks: list[Flows], levels: int, method: str, budget: Budget
) -> dict[str, Any]:
    values = [evaluate(bandit, flows, jax.random.key(7), budget.samples) for flows in stacks]
    reward, kl_to_prior = np.array(values, float).T
    kl = divergence(bandit, levels, reward, kl_to_prior)
    return {
        "way": method,
        "levels": levels,
        "kl": interval(kl, POSITIVE),
        "kl_by_seed": kl,
        "reward": interval(reward),
        "optimal_reward": bandit.mean_reward(levels),
        "inverse_error": max(inverse_error(flows[-1], jax.random.key(8)) for flows in stacks),
    }


def _verdict(tables: Mapping[str, Any]) -> Finding:
    """Judge L1: inverses are exact, and the optimum is reached."""
    rows = [row for table in tables.values() for row in table.values()]
    error = max(row["inverse_error"] for row in rows)
    kl = {
        case: [row["kl"]["mean"] for row in table.values() if row["way"] == "stacked"]
        for case, table in tables.items()
    }
    fits = all(
        found <= levels * BOUNDS[case.partition(",")[0]]
        for case in ("gaussian", "cube, large flow")
        for levels, found in enumerate(kl[case], start=1)
    )
    return Finding(
        "L1",
        bool(fits and error < LARGEST_ERROR),
        {"error of inverses": error, **{f"KL, {case}": found for case, found in kl.items()}},
        f"KL to the optimum after 1 to {len(kl['gaussian'])} levels, means over seeds: "
        f"{'; '.join(f'{case} {_listed(found)}' for case, found in kl.items())}. Inverses have "
        f"errors of at most {error:.0e}. The claim holds if these are below {LARGEST_ERROR:g} and "
        f"the KL of each level is at most {BOUNDS['gaussian']:g} for the Gaussian and "
        f"{BOUNDS['cube']:g} for the cube with the large flow. The small flow, of the size used in "
        "agents, is too small for the four modes of the cube.",
    )


def _listed(numbers: list[float]) -> str:
    return ", ".join(f"{number:.2g}" for number in numbers)
