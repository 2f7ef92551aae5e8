"""`option-gradient-rooms`: do options learned on 80 % of the goals speed up planning for the rest?

The experiment of the note: Sutton's four rooms with his noise, each cell in turn a goal, four
fifths of them to train on. Measured is how many sweeps of value iteration from zero values reach a
part of the optimal value of goals that were held out, with each library of options beside the
actions. A second map, on which nothing was tuned, follows.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hierax.experiments.option_libraries import Recipe, Split
from hierax.experiments.option_measures import measure
from hierax.experiments.option_study import Study
from hierax.experiments.result import Result, Verdict
from hierax.experiments.statistics import over_rows
from hierax.planning.option_gradient import (
    PlanningObjective,
    TrainedOptions,
    laplacian_features,
    train_options,
)
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
    "laptop": Recipe(count=8, steps=300, restarts=3, searched=100),
    "paper": Recipe(count=8, steps=1500, restarts=10, searched=1000),
}
SECOND_SPLITS = 5
EXACT = 1e-6
VARIANT_STEPS, VARIANT_SPLITS = 200, 3
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
"""What else was tried, all with the same number of steps and one training a split; ``features`` is
the number of `laplacian_features`."""


def run(scale: str, seeds: int) -> Result:
    """Train, measure and judge on ``seeds`` splits."""
    study = Study(four_rooms(**TASK), RECIPES[scale], seeds)
    held_out, training = study.table("test"), study.table("train")
    settings = {**study.settings(), "task": TASK}
    tables = {
        "held_out": held_out,
        "training_goals": training,
        "cost": _costs(held_out, study),
        "training": study.scores(),
    }
    curves = {"held_out": study.curves(), "options": study.drawn_options()}
    if scale in SECOND_RECIPES:
        second = Study(room_lattice(**TASK), SECOND_RECIPES[scale], min(seeds, SECOND_SPLITS))
        settings |= {"second_map": second.settings(), "variant_steps": VARIANT_STEPS}
        held_out = second.table("test")
        tables |= {
            "held_out_second_map": held_out,
            "training_goals_second_map": second.table("train"),
            "cost_second_map": _costs(held_out, second),
            "training_second_map": second.scores(),
            "variants": _variants(study),
        }
        curves["held_out_second_map"] = second.curves()
    return Result(
        settings=settings,
        claims=[_plans_with_options(study), _learns(training), _generalises(tables)],
        tables=tables,
        curves=curves,
        seeds=range(seeds),
    )


def draw(result: Result, path: Path) -> None:
    """Planning curves on held-out goals with intervals, and the learned options."""
    from hierax.plotting import OptionTables, draw_options, likely_successor, world_canvas

    world, learned = four_rooms(**TASK), result.curves["options"]
    choice = np.asarray(learned["choice"])
    successor = np.stack([likely_successor(world.mdp, actions) for actions in choice])
    options = OptionTables(choice, successor, np.asarray(learned["termination"]))
    maps = {"Sutton's four rooms": result.curves["held_out"]}
    if "held_out_second_map" in result.curves:
        maps["4 by 4 rooms"] = result.curves["held_out_second_map"]
    draw_options(options, maps, world_canvas(world, task=False)).savefig(path)


def _cost(row: Mapping[str, Any], primitives: Mapping[str, Any], states: int) -> dict[str, Any]:
    """What 90 % of the value of one goal costs, and after how many goals models are paid back.

    Where rows of options and actions count alike, and where those of actions are sparse.
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


def _variants(study: Study) -> dict[str, Any]:
    """Held-out sweeps of hardened options that were trained otherwise."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in VARIANTS}
    for split in study.splits[:VARIANT_SPLITS]:
        optimum = split.optimum(split.test)
        for name, changes in VARIANTS.items():
            option = _train_variant(split, dict(changes)).options.hardened(split.world.mdp)
            rows[name].append(measure(split, [option], split.test, optimum))
    return {name: over_rows(found) for name, found in rows.items()}


def _train_variant(split: Split, changes: dict[str, Any]) -> TrainedOptions:
    mdp = split.world.mdp
    if "features" in changes:
        changes["features"] = laplacian_features(mdp, changes["features"])
    return train_options(
        mdp, split.train, steps=VARIANT_STEPS, restarts=1, seed=split.seed, **changes
    )


def _plans_with_options(study: Study) -> Verdict:
    numbers = study.with_and_without_actions()
    exact = all(row["largest_error_with_actions"] < EXACT for row in numbers.values())
    return Verdict(
        "O3",
        bool(exact),
        numbers,
        "One solver takes options alone and options with actions. With actions beside them the "
        "fixed point is the optimal value whatever the options; options alone lose what they "
        "cannot express. Values are relative to the optimum, on held-out goals of split 0.",
    )


def _learns(training: Mapping[str, Any]) -> Verdict:
    numbers = {
        name: {key: training[name][key] for key in ("k90", "v4")}
        for name in ("primitives", "random", "learned", "learned_hardened")
    }
    learned, untrained = numbers["learned"], numbers["random"]
    return Verdict(
        "O4",
        bool(learned["k90"]["high"] < untrained["k90"]["low"]),
        numbers,
        "On the training goals: sweeps to 90 % of the optimal value, and the value after four "
        "sweeps, for options as training begins with them and after it. The note's objective, the "
        "converged value, has no gradient where actions are among the choices; the planner has to "
        "be bounded.",
    )


def _generalises(tables: Mapping[str, Any]) -> Verdict:
    held_out = tables["held_out"]
    numbers = {
        name: {key: row[key] for key in ("k90", "k95", "k99", "v4", "operations")}
        for name, row in held_out.items()
    }
    best = held_out["learned_hardened"]
    return Verdict(
        "O5",
        bool(best["k90"]["high"] < held_out["primitives"]["k90"]["low"]),
        numbers,
        "Sweeps of value iteration to 90, 95 and 99 % of the optimal value of goals that were held "
        "out, mean over splits with a 95 % interval. Operations (choices times sweeps to 90 %) "
        "fall by less than sweeps do, and the rows of actions are sparse where those of options "
        "are full: see the table of costs.",
    )
