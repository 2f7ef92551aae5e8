"""Measurements of all libraries of options on all splits of a world."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from hierax.experiments.option_libraries import TRAINED_ON, Recipe, Split, make_libraries
from hierax.experiments.option_measures import measure, scalars
from hierax.experiments.ranges import range_of
from hierax.planning import condition_on_goals, solve_bellman
from hierax.planning.option_gradient import TrainedOptions
from hierax.statistics import INTERVAL, UNIT, interval, iqm_interval, over_rows

DRAWN_SWEEPS = 45


class SplitResult(NamedTuple):
    """Measurements of one split.

    Attributes:
        rows: measurements by ``"test"`` or ``"train"`` goals, then by library.
        trained: the trained options.
    """

    rows: dict[str, dict[str, dict[str, Any]]]
    trained: TrainedOptions


def examine(split: Split, recipe: Recipe) -> SplitResult:
    """Make all libraries of a split and measure them."""
    libraries, trained = make_libraries(split, recipe)
    rows = {}
    for part, goals in (("test", split.test), ("train", split.train)):
        optimum = split.optimum(goals)
        rows[part] = {
            name: measure(split, drawn, goals, optimum, recipe.returns and part == "test")
            for name, drawn in libraries.items()
        }
    return SplitResult(rows, trained)


class Study:
    """All libraries on all splits of one world.

    Args:
        recipe: how libraries were made.
        splits: the splits of the world.
        results: the return values of `examine`.
    """

    def __init__(self, recipe: Recipe, splits: Sequence[Split], results: Sequence[SplitResult]):
        self.world, self.recipe, self.splits = splits[0].world, recipe, splits
        self._rows = {part: [result.rows[part] for result in results] for part in ("test", "train")}
        self._trained = [result.trained for result in results]

    def settings(self) -> dict[str, Any]:
        """Return the settings."""
        return {
            "world": self.world.name,
            "states": self.world.mdp.states,
            "goals": "each cell; entering it gives reward 1 and ends the task",
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
            "interval": f"{INTERVAL} over splits",
        }

    def table(self, part: str) -> dict[str, Any]:
        """Return measurements over splits on ``"test"`` or ``"train"`` goals, by library."""
        return {
            name: over_rows([scalars(row[name]) for row in self._rows[part]], range_of)
            for name in self._rows[part][0]
        }

    def curves(self) -> dict[str, Any]:
        """Return relative values of held-out goals by sweeps over splits, by library."""
        made = {}
        for name in self._rows["test"][0]:
            values = np.array([row[name]["curve"] for row in self._rows["test"]])[:, :DRAWN_SWEEPS]
            made[name] = {
                "metric": "relative_value",
                **iqm_interval(values, UNIT),
                "values": values,
            }
        return made

    def scores(self) -> dict[str, Any]:
        """Return the objective on the training goals for every training of every split."""
        return {
            "best": interval([trained.score for trained in self._trained]),
            "first_step": interval([trained.history[:, 0].mean() for trained in self._trained]),
            "all": [trained.scores for trained in self._trained],
        }

    def drawn_options(self) -> dict[str, Any]:
        """Return best actions and terminations ``(K, S)`` of the options of the first split."""
        options = self._trained[0].options
        policy = options.hardened(self.world.mdp).policy
        return {"choice": policy.argmax(axis=-1), "termination": options.termination}

    def with_and_without_actions(self) -> dict[str, dict[str, float]]:
        """Return values of converged planning with options alone and with actions, split 0."""
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
