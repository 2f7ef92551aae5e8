"""Arms of the studies: each agent fits its world, and all have the same settings."""

import dataclasses

import pytest

from hierax.agents import Level
from hierax.experiments import cheetah, cross_study, lsp_ant_cross, lsp_cheetah_reach
from hierax.worlds import PointCross, SpinCross

STUDIES = {
    "point": lambda: cross_study.arms(PointCross(), Level(views=("velocity",)), (3, 10)),
    "spin": lambda: cross_study.arms(SpinCross(), Level(views=("velocity", "phase")), (2, 3, 10)),
    "cheetah": lambda: lsp_cheetah_reach.arms(Level(views=(cheetah.PROPRIOCEPTION,))),
    "ant": lambda: lsp_ant_cross.arms(
        Level(views=("proprioception",)), 1_000, lsp_ant_cross.SETTINGS["laptop"]
    ),
}


@pytest.mark.parametrize("study", STUDIES)
def test_every_agent_is_made_for_its_world(study):
    for name, arm in STUDIES[study]().items():
        specs = (dataclasses.replace(each.spec, goal=None) for each in arm[:2])  # not their rewards
        assert len(set(specs)) == 1, name


@pytest.mark.parametrize("study", STUDIES)
def test_all_agents_have_the_same_networks_batches_and_updates(study):
    agents = [arm.agent for arm in STUDIES[study]().values()]
    for field in (
        "hidden_sizes",
        "batch_size",
        "learning_rate",
        "updates_per_step",
        "learning_starts",
    ):
        assert len({getattr(agent, field) for agent in agents}) == 1, field


@pytest.mark.parametrize("study", STUDIES)
def test_arms_with_a_trained_lower_level_have_two_levels(study):
    arms = STUDIES[study]()
    skilled = [arm for arm in arms.values() if arm.with_skill]
    assert skilled
    assert all(len(arm.agent.levels) == 2 for arm in skilled)
