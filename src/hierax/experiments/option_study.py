"""All libraries of options on all splits of one world, and what was measured."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from hierax.experiments.option_libraries import TRAINED_ON, Recipe, Split, make_libraries
from hierax.experiments.option_measures import measure, scalars
from hierax.planning import condition_on_goals, solve_bellman
from hierax.planning.option_gradient import TrainedOptions
from hierax.statistics import interval, over_rows

DRAWN_SWEEPS = 45


class Outcome(NamedTuple):
    """What one split gave.

    Attributes:
        rows: measurements by ``"test"`` or ``"train"`` goals, then by library.
        trained: the training.
    """

    rows: dict[str, dict[str, dict[str, Any]]]
    trained: TrainedOptions


def examine(split: Split, recipe: Recipe) -> Outcome:
    """Make all libraries of a split and measure them."""
    libraries, trained = make_libraries(split, recipe)
    rows = {}
    for part, goals in (("test", split.test), ("train", split.train)):
        optimum = split.optimum(goals)
        rows[part] = {
            name: measure(split, drawn, goals, optimum, recipe.returns and part == "test")
            for name, drawn in libraries.items()
        }
    return Outcome(rows, trained)


class Study:
    """All libraries on all splits of one world.

    Args:
        recipe: how libraries were made.
        splits: the splits of the world.
        outcomes: what `examine` returned for each.
    """

    def __init__(self, recipe: Recipe, splits: Sequence[Split], outcomes: Sequence[Outcome]):
        self.world, self.recipe, self.splits = splits[0].world, recipe, splits
        self._rows = {
            part: [outcome.rows[part] for outcome in outcomes] for part in ("test", "train")
        }
        self._trained = [outcome.trained for outcome in outcomes]

    def settings(self) -> dict[str, Any]:
        """What was chosen."""
        return {
            "world": self.world.name,
            "states": self.world.mdp.states,
            "goals": "each cell: entering it pays 1 and ends the task",
            "trained_on": TRAINED_ON,
            "training_goals": len(self.splits[0].train),
            "held_out_goals": len(self.splits[0].test),
            "splits": len(self.splits),
            "held_out": [split.test for split in self.splits],
            "restarts": self.recipe.restarts,
            "options": self.recipe.count,
            "objective": f"{self.recipe.kind} of {self.recipe.budget} backups",
            "steps": self.recipe.steps,
            "features": self.recipe.features,
            "searched_subgoal_libraries": self.recipe.searched,
            "interval": "95 % percentile bootstrap of the mean over splits",
        }

    def table(self, part: str) -> dict[str, Any]:
        """For each library each measurement on ``"test"`` or ``"train"`` goals over splits."""
        return {
            name: over_rows([scalars(row[name]) for row in self._rows[part]])
            for name in self._rows[part][0]
        }

    def curves(self) -> dict[str, Any]:
        """For each library the held-out relative value after each sweep, over splits."""
        made = {}
        for name in self._rows["test"][0]:
            values = np.array([row[name]["curve"] for row in self._rows["test"]])[:, :DRAWN_SWEEPS]
            points = [interval(column) for column in values.T]
            made[name] = {key: [point[key] for point in points] for key in ("mean", "low", "high")}
        return made

    def scores(self) -> dict[str, Any]:
        """The objective on all training goals of every training of every split."""
        return {
            "best": interval([trained.score for trained in self._trained]),
            "first_step": interval([trained.history[:, 0].mean() for trained in self._trained]),
            "all": [trained.scores for trained in self._trained],
        }

    def drawn_options(self) -> dict[str, Any]:
        """Best actions and terminations ``(K, S)`` of the options learned on the first split."""
        options = self._trained[0].options
        policy = options.hardened(self.world.mdp).policy
        return {"choice": policy.argmax(axis=-1), "termination": options.termination}

    def with_and_without_actions(self) -> dict[str, dict[str, float]]:
        """Converged planning with options alone and with actions, on the first split."""
        split, options = self.splits[0], self._trained[0].options
        optimum = split.optimum(split.test)
        counted = np.arange(self.world.mdp.states) != split.test[:, None]
        found = {}
        for name, option in (
            ("learned", options.option(self.world.mdp)),
            ("learned_hardened", options.hardened(self.world.mdp)),
        ):
            alone = solve_bellman(condition_on_goals(self.world.mdp, option, split.test)).value
            together = solve_bellman(split.models(option, split.test)).value
            found[name] = {
                "options_alone": float((alone / optimum)[counted].mean()),
                "with_actions": float((together / optimum)[counted].mean()),
                "largest_error_with_actions": float(np.abs(together - optimum).max()),
            }
        return found
