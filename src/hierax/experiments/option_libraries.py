"""Libraries of options for a split of goals: trained, hand-made, random, and none.

A library is a stack of options that is added to the actions. Random libraries are drawn several
times and their measurements are averaged.
"""

import dataclasses

import numpy as np

from hierax.planning import (
    GoalOptionModels,
    Option,
    condition_on_goals,
    planning_curve,
    solve_bellman,
)
from hierax.planning.option_gradient import (
    PlanningObjective,
    TrainedOptions,
    eigenoptions,
    laplacian_features,
    random_options,
    subgoal_options,
    train_options,
)
from hierax.planning.option_gradient.objectives import SMALLEST_GAP
from hierax.worlds import GridWorld

SPLITS, SUBGOALS = 1000, 2000
"""Streams of random numbers. Settings were chosen on splits of other streams."""
TRAINED_ON = 0.8
"""Fraction of all goal positions that options are trained on (80 % in the note)."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Settings of the libraries of a world.

    Attributes:
        count: number of options ``K``.
        steps: gradient steps of each training.
        restarts: number of trainings; the best on the training goals is kept.
        draws: number of draws of each random library.
        searched: number of random sub-goal libraries that the search evaluates.
        kind: objective of the training.
        budget: number of backups of the objective.
        features: number of `laplacian_features` of rewards and logits; None for tabular
            parameters.
        returns: whether to measure returns of greedy policies, which takes longest.
    """

    count: int
    steps: int
    restarts: int
    draws: int = 3
    searched: int = 300
    kind: str = "log_gap"
    budget: int = 20
    features: int | None = None
    returns: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Training goals and held-out goals of a world.

    Attributes:
        world: the world.
        seed: seed of the permutation of states.
        train: ``(n,)`` states, four fifths of all.
        test: the other states.
    """

    world: GridWorld
    seed: int
    train: np.ndarray
    test: np.ndarray

    @classmethod
    def draw(cls, world: GridWorld, seed: int) -> "Split":
        """Return the split of a seed; settings were chosen on other permutations."""
        order = np.random.default_rng([SPLITS, seed]).permutation(world.mdp.states)
        number = round(TRAINED_ON * order.size)
        return cls(world, seed, np.sort(order[:number]), np.sort(order[number:]))

    def models(self, option: Option | None, goals: np.ndarray) -> GoalOptionModels:
        """Return models of a library and the actions in the tasks of ``goals``."""
        return condition_on_goals(self.world.mdp, option, goals, primitives=True)

    def optimum(self, goals: np.ndarray) -> np.ndarray:
        """Return ``(G, S)`` optimal values."""
        return np.asarray(solve_bellman(self.models(None, goals)).value)


def make_libraries(
    split: Split, recipe: Recipe
) -> tuple[dict[str, list[Option | None]], TrainedOptions]:
    """Return all draws of every library of a split by name, and the training."""
    mdp, rng = split.world.mdp, np.random.default_rng([SUBGOALS, split.seed])
    trained = train_options(
        mdp,
        split.train,
        recipe.count,
        objective=PlanningObjective(recipe.kind, recipe.budget),
        steps=recipe.steps,
        restarts=recipe.restarts,
        seed=split.seed,
        features=None if recipe.features is None else laplacian_features(mdp, recipe.features),
    )
    drawn = [rng.choice(mdp.states, recipe.count, replace=False) for _ in range(recipe.draws)]
    libraries: dict[str, list[Option | None]] = {
        "primitives": [None],
        "hallways": [subgoal_options(mdp, split.world.bottlenecks)],
        "subgoals": [subgoal_options(mdp, states) for states in drawn],
        "searched_subgoals": [_search_subgoals(split, recipe, rng)],
        "eigenoptions": [eigenoptions(mdp, recipe.count)],
        "random": [
            random_options(mdp, recipe.count, [split.seed, draw]).option(mdp)
            for draw in range(recipe.draws)
        ],
        "learned": [trained.options.option(mdp)],
        "learned_hardened": [trained.options.hardened(mdp)],
    }
    return libraries, trained


def _search_subgoals(split: Split, recipe: Recipe, rng: np.random.Generator) -> Option:
    """Return the best of many random sub-goal libraries by mean log gap on the training goals.

    Goals, budget and score are those of training with the default objective.
    """
    mdp = split.world.mdp
    all_options = subgoal_options(mdp, np.arange(mdp.states))
    optimum = split.optimum(split.train)
    best, score = None, -np.inf
    for _ in range(recipe.searched):
        states = rng.choice(mdp.states, recipe.count, replace=False)
        option = Option(all_options.policy[states], all_options.termination[states])
        curve = planning_curve(split.models(option, split.train), optimum, recipe.budget)
        found = -np.log(1.0 + SMALLEST_GAP - curve.relative_value).mean()
        if found > score:
            best, score = option, found
    assert best is not None
    return best
