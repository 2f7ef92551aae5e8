"""Libraries of options for one split of goals: trained, hand-made, drawn at random, none.

A library is a stack of options to which the actions are added. Libraries that involve chance are
drawn several times, and their measurements averaged.
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
"""Streams of random numbers. Settings were chosen while looking at splits of other streams."""
TRAINED_ON = 0.8
"""The part of all goal positions that options are trained on (the note's 80 %)."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How the libraries of a world are made.

    Attributes:
        count: number of options ``K``.
        steps: gradient steps of each training.
        restarts: trainings, of which the best on the training goals is kept.
        draws: libraries that are drawn where chance decides, and averaged.
        searched: random sub-goal libraries that the search tries on the training goals.
        kind: objective of the training.
        budget: number of backups of the objective.
        features: number of `laplacian_features` that rewards and logits are made of; None for
            parameters of each state.
        returns: whether the returns of greedy policies are measured, which takes longest.
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
    """Goals to train on and goals held out, with their optimal values.

    Attributes:
        world: where the goals are.
        seed: of the permutation of states that the split is.
        train: ``(n,)`` four fifths of all states.
        test: the others.
    """

    world: GridWorld
    seed: int
    train: np.ndarray
    test: np.ndarray

    @classmethod
    def draw(cls, world: GridWorld, seed: int) -> "Split":
        """The split of a seed: other permutations than those on which settings were chosen."""
        order = np.random.default_rng([SPLITS, seed]).permutation(world.mdp.states)
        number = round(TRAINED_ON * order.size)
        return cls(world, seed, np.sort(order[:number]), np.sort(order[number:]))

    def models(self, option: Option | None, goals: np.ndarray) -> GoalOptionModels:
        """A library and the actions, as choices in the tasks of ``goals``."""
        return condition_on_goals(self.world.mdp, option, goals, primitives=True)

    def optimum(self, goals: np.ndarray) -> np.ndarray:
        """``(G, S)`` optimal values."""
        return np.asarray(solve_bellman(self.models(None, goals)).value)


def make_libraries(
    split: Split, recipe: Recipe
) -> tuple[dict[str, list[Option | None]], TrainedOptions]:
    """Every library of a split by name, each in one or several draws, and the training."""
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
    """The best of many random sub-goal libraries by mean log gap on the training goals.

    It uses the goals and the budget of the training, and the score of its default objective.
    """
    mdp = split.world.mdp
    ways = subgoal_options(mdp, np.arange(mdp.states))
    optimum = split.optimum(split.train)
    best, score = None, -np.inf
    for _ in range(recipe.searched):
        states = rng.choice(mdp.states, recipe.count, replace=False)
        option = Option(ways.policy[states], ways.termination[states])
        curve = planning_curve(split.models(option, split.train), optimum, recipe.budget)
        found = -np.log(1.0 + SMALLEST_GAP - curve.relative_value).mean()
        if found > score:
            best, score = option, found
    assert best is not None
    return best
