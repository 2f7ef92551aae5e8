"""`option-gradient-rooms`: options trained on 80 % of the goals, measured on the other 20 %.

The experiment of the note in Sutton's four rooms with his noise; every cell is a goal. We measure
how many sweeps of value iteration from zero reach a fraction of the optimal value of held-out
goals, with each library of options added to the actions. Settings were chosen on this map with
other splits. They were not tuned on the second map.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.jobs import do_jobs
from hierax.experiments.option_libraries import Recipe, Split
from hierax.experiments.option_measures import measure, scalars
from hierax.experiments.option_study import Study, examine
from hierax.experiments.ranges import range_of
from hierax.experiments.result import Finding, Result
from hierax.planning.option_gradient import (
    PlanningObjective,
    laplacian_features,
    train_options,
)
from hierax.statistics import over_rows
from hierax.worlds import four_rooms, room_lattice

TASK: dict[str, Any] = {
    "slip": 1 / 3,
    "stay": False,
    "bump": True,
    "reward": "arrival",
    "discount": 0.95,
}
RECIPES = {
    "smoke": Recipe(count=4, steps=40, restarts=1, draws=1, searched=10),
    "laptop": Recipe(count=4, steps=600, restarts=3),
    "paper": Recipe(count=4, steps=1500, restarts=10, searched=3000),
}
SECOND_RECIPES = {
    "smoke": Recipe(count=2, steps=2, restarts=1, draws=1, searched=2, features=8, returns=False),
    "laptop": Recipe(
        count=8, steps=80, restarts=3, draws=1, searched=20, features=100, returns=False
    ),
    "paper": Recipe(count=8, steps=1500, restarts=10, searched=1000),
}
SECOND_SPLITS = 5
SECOND_MAPS = {"smoke": ((2, 2), (2, 3)), "laptop": ((4, 4), (4, 5)), "paper": ((4, 4), (4, 5))}
EXACT = 1e-6
VARIANT_STEPS = {"smoke": 2, "laptop": 100, "paper": 600}
VARIANT_SPLITS = {"smoke": 1, "laptop": 2, "paper": 10}
VARIANTS: dict[str, dict[str, Any]] = {
    "log gap of 20 sweeps": {"objective": PlanningObjective("log_gap", 20)},
    "log gap of 10 sweeps": {"objective": PlanningObjective("log_gap", 10)},
    "log gap of 30 sweeps": {"objective": PlanningObjective("log_gap", 30)},
    "area of 10 sweeps": {"objective": PlanningObjective("area", 10)},
    "area of 20 sweeps": {"objective": PlanningObjective("area", 20)},
    "value after 4 sweeps": {"objective": PlanningObjective("final", 4)},
    "decision discount .7": {"objective": PlanningObjective("decision_discount")},
    "options only": {"objective": PlanningObjective("options_only")},
    "return after 4 sweeps": {"objective": PlanningObjective("return", 4)},
    "termination-aware, log gap of 20": {
        "objective": PlanningObjective("log_gap", 20),
        "intrinsic": "termination_aware",
    },
    "smooth, log gap of 20": {"objective": PlanningObjective("log_gap", 20), "features": 50},
    "8 options, log gap of 20": {"objective": PlanningObjective("log_gap", 20), "count": 8},
}
"""Other settings, each with the same number of steps and one training per split. ``features`` is
the number of `laplacian_features`."""
SMOKE_VARIANTS = ("smooth, log gap of 20",)


def run(scale: str, seeds: int) -> Result:
    """Train and measure on ``seeds`` splits, and judge O3, O4 and O5."""
    study, second, variants = _study(scale, seeds)
    held_out, training = study.table("test"), study.table("train")
    held_out_second = second.table("test")
    tables = {
        "held_out": held_out,
        "training_goals": training,
        "cost": _costs(held_out, study),
        "training": study.scores(),
        "held_out_second_map": held_out_second,
        "training_goals_second_map": second.table("train"),
        "cost_second_map": _costs(held_out_second, second),
        "training_second_map": second.scores(),
        "variants": variants,
    }
    return Result(
        settings={
            **study.settings(),
            "task": TASK,
            "second_map": second.settings(),
            "variant_steps": VARIANT_STEPS[scale],
            "variant_splits": VARIANT_SPLITS[scale],
        },
        claims=[_plans_with_options(study), *judge(tables)],
        tables=tables,
        curves={
            "held_out": study.curves(),
            "held_out_second_map": second.curves(),
            "options": study.drawn_options(),
        },
        seeds=range(seeds),
    )


def _study(scale: str, seeds: int) -> tuple[Study, Study, dict[str, Any]]:
    """Run both maps and the variants, longest jobs first."""
    recipe, second_recipe = RECIPES[scale], SECOND_RECIPES[scale]
    world, lattice = four_rooms(**TASK), room_lattice(*SECOND_MAPS[scale], **TASK)
    splits = [Split.draw(world, seed) for seed in range(seeds)]
    second_splits = [Split.draw(lattice, seed) for seed in range(min(seeds, SECOND_SPLITS))]
    names = SMOKE_VARIANTS if scale == "smoke" else tuple(VARIANTS)
    varied = splits[: VARIANT_SPLITS[scale]]
    measured = do_jobs(
        [
            *((examine, (split, second_recipe)) for split in second_splits),
            *((examine, (split, recipe)) for split in splits),
            *(
                (_examine_variant, (split, n, VARIANT_STEPS[scale]))
                for n in names
                for split in varied
            ),
        ],
        workers=1 if scale == "smoke" else os.cpu_count() or 1,
        description="option-gradient-rooms",
    )
    second = Study(second_recipe, second_splits, measured[: len(second_splits)])
    del measured[: len(second_splits)]
    study = Study(recipe, splits, measured[: len(splits)])
    del measured[: len(splits)]
    variants = {
        name: over_rows(measured[n * len(varied) : (n + 1) * len(varied)], range_of)
        for n, name in enumerate(names)
    }
    return study, second, variants


def judge(tables: Mapping[str, Any]) -> list[Finding]:
    """Judge O4 and O5; O3 is measured in `run`."""
    return [_learns(tables["training_goals"]), _generalises(tables)]


def draw(result: Result, path: Path) -> None:
    """Draw planning curves on held-out goals with intervals, and the learned options."""
    from hierax.plotting import OptionTables, draw_options, likely_successor, world_canvas

    world, learned = four_rooms(**TASK), result.curves["options"]
    choice = np.asarray(learned["choice"])
    successor = np.stack([likely_successor(world.mdp, actions) for actions in choice])
    options = OptionTables(choice, successor, np.asarray(learned["termination"]))
    second = result.settings["second_map"]["world"]
    maps = {
        "Sutton's four rooms": result.curves["held_out"],
        second: result.curves["held_out_second_map"],
    }
    draw_options(options, maps, world_canvas(world, task=False)).savefig(path)


def _cost(row: Mapping[str, Any], primitives: Mapping[str, Any], states: int) -> dict[str, Any]:
    """Return the cost of 90 % of the value of a goal, and the number of goals to amortise models.

    ``goals_to_pay_back`` counts rows of options and actions alike; the ``sparse`` variant counts
    rows of actions as sparse.
    """
    once = row["model_operations"]["mean"]
    saved = primitives["operations"]["mean"] - row["operations"]["mean"]
    saved_sparse = primitives["multiplications"]["mean"] - row["multiplications"]["mean"]
    return {
        "operations": row["operations"]["mean"],
        "multiplications": row["multiplications"]["mean"],
        "model_operations": once,
        "goals_to_pay_back": once / saved if saved > 0 else None,
        "goals_to_pay_back_sparse": once * states**2 / saved_sparse if saved_sparse > 0 else None,
    }


def _costs(table: Mapping[str, Any], study: Study) -> dict[str, Any]:
    states = study.world.mdp.states
    return {name: _cost(row, table["primitives"], states) for name, row in table.items()}


def _examine_variant(split: Split, name: str, steps: int) -> dict[str, Any]:
    """Return held-out measurements of hardened options that were trained with other settings."""
    mdp, changes = split.world.mdp, dict(VARIANTS[name])
    if "features" in changes:
        changes["features"] = laplacian_features(mdp, changes["features"])
    trained = train_options(mdp, split.train, steps=steps, restarts=1, seed=split.seed, **changes)
    option = trained.options.hardened(mdp)
    return scalars(measure(split, [option], split.test, split.optimum(split.test), False))


def _plans_with_options(study: Study) -> Finding:
    numbers = study.with_and_without_actions()
    exact = all(row["largest_error_with_actions"] < EXACT for row in numbers.values())
    return Finding(
        "O3",
        bool(exact),
        numbers,
        f"{_values_of_options(numbers)} The claim holds if values with actions differ from the "
        f"optimum by less than {EXACT:.0e}. With actions the fixed point is the optimal value for "
        "any options; options alone lose what they cannot express. Only split 0 was measured.",
    )


def _values_of_options(numbers: Mapping[str, Mapping[str, float]]) -> str:
    """Return the values of O3 in words."""
    values = "; ".join(
        f"{name.replace('_', ' ')} options {row['options_alone']:.3f} alone and "
        f"{row['with_actions']:.3f} with actions"
        for name, row in numbers.items()
    )
    return f"Values relative to the optimum, on held-out goals: {values}."


def _learns(training: Mapping[str, Any]) -> Finding:
    numbers = {
        name: {key: training[name][key] for key in ("k90", "v4")}
        for name in ("primitives", "random", "learned", "learned_hardened")
    }
    learned, untrained = numbers["learned"], numbers["random"]
    return Finding(
        "O4",
        bool(learned["k90"]["high"] < untrained["k90"]["low"]),
        numbers,
        "Mean sweeps to 90 % of the optimal value of the training goals: "
        f"{_sweeps(numbers)}. The claim holds if the interval of learned options lies below that "
        "of random ones, with which training starts. The note's objective, the converged value, "
        "has no gradient where actions are available, so the planner needs a budget of sweeps.",
    )


def _generalises(tables: Mapping[str, Any]) -> Finding:
    held_out = tables["held_out"]
    measures = ("k90", "k95", "k99", "v4", "operations", "multiplications")
    numbers: dict[str, Any] = {
        name: {key: row[key] for key in measures} for name, row in held_out.items()
    }
    learned, primitives = held_out["learned_hardened"], held_out["primitives"]
    better = {
        key: bool(learned[key]["high"] < primitives[key]["low"])
        for key in ("k90", "k95", "k99", "operations", "multiplications")
    }
    return Finding(
        "O5",
        all(better.values()) or (None if any(better.values()) else False),
        {"hardened_better_than_actions_alone": better, **numbers},
        "Mean sweeps to 90 % of the optimal value of held-out goals: "
        f"{_sweeps(held_out)}. Hardened learned options beat actions alone in "
        f"{_listed(better, True)}; they do not in {_listed(better, False)}. The claim holds if the "
        "intervals over splits do not overlap in any of these measures, and depends if that is so "
        "in some. An operation backs up one choice in all states; multiplications count rows of "
        "actions as sparse and those of options as full. The cost of training is not included.",
    )


def _sweeps(rows: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {row['k90']['mean']:.1f}"
        if row["k90"]["mean"] is not None
        else f"{name.replace('_', ' ')} not always reached"
        for name, row in rows.items()
    )


def _listed(better: Mapping[str, bool], wanted: bool) -> str:
    return ", ".join(name for name, found in better.items() if found is wanted) or "no measure"
