"""Claims about levels are compared with one level at a lower temperature.

K levels with one reward are equivalent to one level at a K times lower temperature.
"""

import dataclasses

import numpy as np
import pytest

from hierax.agents import LatentSpacePolicy
from hierax.experiments import lsp_bandit, lsp_layers
from hierax.experiments.learning_runs import Runs
from hierax.worlds import make

TWO, CONTINUED, COLDER = lsp_layers.TWO, lsp_layers.CONTINUED, lsp_layers.COLDER


@pytest.fixture(scope="module")
def arms():
    return lsp_layers._arms(make("SpinSpeed-v0"), lsp_layers.CASES["SpinSpeed-v0"])


def test_two_levels_are_compared_with_one_at_half_the_temperature(arms):
    usual, colder = arms[CONTINUED], arms[COLDER]
    half = dataclasses.replace(usual.top, temperature=usual.top.temperature / 2)
    assert colder == dataclasses.replace(usual, levels=(half,))
    assert arms[TWO] == usual
    deep, cold_and_deep = (arms[name] for name in arms if name.startswith(lsp_layers.DEEP))
    assert deep.top.couplings == cold_and_deep.top.couplings == 2 * usual.top.couplings
    assert cold_and_deep.top.temperature == colder.top.temperature


def test_all_arms_take_the_same_steps_and_both_levels_have_one_temperature(arms, monkeypatch):
    taken = []

    def learn(agent, world, steps, seeds, start=None, **_):
        taken.append((agent, steps))
        measured = {name: np.zeros((seeds, 1)) for name in (lsp_layers.METRIC, lsp_layers.OTHER)}
        return Runs(np.array([steps]), measured, [None] * seeds, 0.0)

    def add_level(agent, state, level):
        return dataclasses.replace(agent, levels=(*agent.levels, level)), state

    monkeypatch.setattr(lsp_layers, "learn", learn)
    monkeypatch.setattr(LatentSpacePolicy, "add_level", add_level)
    budget = lsp_layers.Budget({}, evaluations=1, episodes=1)
    for arm, agent in arms.items():
        taken.clear()
        runs = lsp_layers._train(agent, None, 50, budget, 2, add_level=arm == TWO)
        assert sum(steps for _, steps in taken) == runs.steps[-1] == 100
        assert [len(each.levels) for each, _ in taken] == ([1, 2] if arm == TWO else [1])
        top = taken[-1][0].levels
        assert {level.temperature for level in top} == {agent.top.temperature}


def table(two, continued, colder):
    ends = {TWO: two, CONTINUED: continued, COLDER: colder}
    return {
        "World-v0": {
            arm: {"sampled_return": {"mean": mean, "iqm": mean, "low": mean - 1, "high": mean + 1}}
            for arm, mean in ends.items()
        }
    }


@pytest.mark.parametrize(
    ("ends", "holds"),
    [
        ((10, 5, 5), True),
        ((10, 5, 10), None),  # a lower temperature explains it
        ((10, 5, 20), None),
        ((10, 10, 5), False),
        ((5, 10, 20), False),
    ],
)
def test_a_gain_that_a_lower_temperature_gives_too_is_no_evidence(ends, holds):
    verdict = lsp_layers._second_level(table(*ends))
    assert verdict.holds is holds
    assert "control" in verdict.note


def test_stacks_of_a_bandit_are_compared_with_one_level_at_k_rho(monkeypatch):
    trained = []

    def train_stack(bandit, levels, key):
        trained.append(levels)
        return tuple(levels)

    monkeypatch.setattr(lsp_bandit, "train_stack", train_stack)
    monkeypatch.setattr(
        lsp_bandit, "_row", lambda bandit, stacks, levels, method, budget: (stacks, levels)
    )
    budget = lsp_bandit.BUDGETS["laptop"]
    size = budget.small
    rows = lsp_bandit._table(lsp_bandit.BANDITS["cube"], size, budget, 1)
    for levels in range(2, budget.levels + 1):
        assert rows[f"{levels} stacked"] == ([((size, 1.0),) * levels], levels)
        assert rows[f"1 at {levels} rho"] == ([((size, float(levels)),)], levels)
    deep = size._replace(couplings=2 * size.couplings)
    assert rows["1 at 2 rho, twice the couplings"] == ([((deep, 2.0),)], 2)
