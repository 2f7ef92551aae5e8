"""Splits of goals, libraries of options, and what is measured of them."""

import numpy as np
import pytest

from hierax.experiments.option_gradient_rooms import TASK
from hierax.experiments.option_libraries import Recipe, Split, make_libraries
from hierax.experiments.option_measures import NEWTON_STEPS, measure
from hierax.planning.option_gradient import subgoal_options
from hierax.worlds import GridWorld, four_rooms

SMALL = GridWorld.from_text("#######\n#G.#..#\n#.....#\n#..#..#\n#######", **TASK)


def test_a_split_holds_a_fifth_of_all_goals_out():
    split = Split.draw(four_rooms(**TASK), 3)
    assert (len(split.train), len(split.test)) == (83, 21)
    assert sorted([*split.train, *split.test]) == list(range(104))
    np.testing.assert_array_equal(split.test, Split.draw(split.world, 3).test)
    assert set(split.test) != set(Split.draw(split.world, 4).test)


def test_every_library_is_made_of_training_goals_alone(monkeypatch):
    asked = []
    split = Split.draw(SMALL, 0)
    original = Split.models
    monkeypatch.setattr(
        Split,
        "models",
        lambda self, option, goals: asked.append(goals) or original(self, option, goals),
    )
    recipe = Recipe(count=2, steps=2, restarts=1, draws=2, searched=3)
    libraries, trained = make_libraries(split, recipe)
    assert set(libraries) == {
        "primitives", "hallways", "subgoals", "searched_subgoals", "eigenoptions", "random",
        "learned", "learned_hardened",
    }  # fmt: skip
    assert all(goals is split.train for goals in asked)
    assert [len(libraries[name]) for name in ("subgoals", "random", "learned")] == [2, 2, 1]
    assert trained.history.shape == (1, 2)


def test_the_search_prefers_what_plans_faster():
    split = Split.draw(SMALL, 0)
    few, many = (
        make_libraries(split, Recipe(count=1, steps=1, restarts=1, draws=1, searched=n))[0]
        for n in (1, 40)
    )
    optimum = split.optimum(split.train)
    first, best = (
        -np.log(
            1.005 - measure(split, made["searched_subgoals"], split.train, optimum)["curve"][:20]
        )
        for made in (few, many)
    )
    assert best.mean() >= first.mean()  # the mean log gap is what it looks for


def test_measurements_of_hand_made_libraries_agree_with_the_spec():
    # Spec of the option gradient, section 4.2: primitives 27, 31, 39; hallways 10 to 11, 13, 19.
    split = Split.draw(four_rooms(**TASK), 0)
    optimum = split.optimum(split.test)
    actions = measure(split, [None], split.test, optimum)
    assert [actions[k] for k in ("k90", "k95", "k99", "operations")] == [27, 31, 39, 108]
    assert actions["model_operations"] == 0
    hallways = measure(
        split, [subgoal_options(split.world.mdp, split.world.bottlenecks)], split.test, optimum
    )
    assert hallways["k90"] in (10, 11)
    assert [hallways[k] for k in ("k95", "k99")] == [13, 19]
    assert hallways["operations"] == 8 * hallways["k90"]
    entries = np.count_nonzero(split.world.mdp.transition)
    assert hallways["multiplications"] == hallways["k90"] * (4 * 104**2 + entries)
    assert hallways["model_operations"] == pytest.approx(4 * 104 * (2 + NEWTON_STEPS / 3))
    assert hallways["g4"] == pytest.approx(0.93, abs=0.02)


def test_draws_are_averaged():
    split = Split.draw(SMALL, 1)
    optimum = split.optimum(split.test)
    drawn = [subgoal_options(SMALL.mdp, [state]) for state in (0, 5)]
    both = measure(split, drawn, split.test, optimum)
    each = [measure(split, [one], split.test, optimum) for one in drawn]
    assert both["v3"] == pytest.approx(np.mean([row["v3"] for row in each]))
    np.testing.assert_allclose(both["curve"], np.mean([row["curve"] for row in each], axis=0))
