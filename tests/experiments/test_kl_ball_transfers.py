"""Further experiments with a ball: what arms start with, and verdicts on made-up runs."""

import jax
import numpy as np
import pytest

from hierax.experiments import (
    kl_asymmetry,
    kl_ball_push,
    kl_ball_to_ant,
    kl_gap,
    kl_latent_prior,
    kl_paper_tasks,
    kl_regimes,
)
from hierax.experiments.kl_ball_arms import SHARED

SEEDS = 5
SPREAD = np.linspace(0.0, 0.04, SEEDS)


def fields(worlds, unit=1.0, **columns):
    """Tables and curves; a rate is that of all evaluations, and in seeds a little above it."""
    tables, curves = {}, {}
    for world, rates in worlds.items():
        by_seed = {  # seeds of two arms differ by different amounts
            name: unit * (rate + np.roll(SPREAD, number))
            for number, (name, rate) in enumerate(rates.items())
        }
        tables[f"{world}: arms"] = {
            name: {
                "by_seed": values,
                "return_by_seed": values,
                **{column: given[name] for column, given in columns.items() if name in given},
            }
            for name, values in by_seed.items()
        }
        for name, values in by_seed.items():
            curves[f"{world}: {name}"] = {"values": np.repeat(values[:, None], 10, axis=1)}
    return {"tables": tables, "curves": curves}


def verdicts(module, *given, **columns):
    return [finding.holds for finding in module.judge_fields(fields(*given, **columns))]


def test_a_separate_low_level_is_judged_by_its_return():
    def judged(**rates):
        named = {kl_gap.SHARED: 0.5, **dict.fromkeys(kl_gap.SEPARATE, 0.5), **rates}
        return verdicts(kl_gap, {kl_gap.TARGET: named}, 36.0)

    both = dict.fromkeys(kl_gap.SEPARATE, 0.8)
    assert judged(**both) == [True]
    assert judged(**{kl_gap.WEIGHED: 0.8}) == [None]
    assert judged() == [False]


def test_a_moved_hierarchy_is_judged_beside_one_from_scratch_and_distral():
    def judged(**rates):
        return verdicts(kl_ball_push, {kl_ball_push.MID: rates})[0]

    moved = f"{kl_ball_push.AR1}, moved"
    other = f"{kl_ball_push.DEFAULT}, moved"
    assert judged(**{moved: 0.8, kl_ball_push.AR1: 0.4, other: 0.4}) is True
    assert judged(**{moved: 0.8, kl_ball_push.AR1: 0.4, other: 0.9}) is None
    assert judged(**{moved: 0.3, kl_ball_push.AR1: 0.4, other: 0.9}) is False


@pytest.mark.parametrize(("latents", "holds"), [(1.0, True), (2.0, None), (3.0, False)])
def test_divergences_are_compared_beyond_their_intervals(latents, holds):
    names = list(kl_ball_push.PRINTED)
    nats = {"high/kl_by_seed": {names[0]: latents + SPREAD}}
    nats["policy/kl_by_seed"] = {names[1]: 2.0 + SPREAD}
    rates = {kl_ball_push.MID: dict.fromkeys([*names, f"{kl_ball_push.AR1}, moved"], 0.5)}
    assert verdicts(kl_ball_push, rates, **nats)[1] is holds


def test_the_right_asymmetry_must_be_above_all_others():
    def judged(**rates):
        named = {kl_asymmetry.RIGHT: 0.8, **dict.fromkeys(kl_asymmetry.WRONG, 0.2), **rates}
        return verdicts(kl_asymmetry, {kl_asymmetry.BOTH: named})

    assert judged() == [True]
    assert judged(**{kl_asymmetry.WRONG[1]: 0.8}) == [None]
    assert judged(**dict.fromkeys(kl_asymmetry.WRONG, 0.9)) == [False]


def test_a_high_level_of_another_body_must_be_above_all_others():
    def judged(**rates):
        names = (kl_ball_to_ant.NO_KL, kl_ball_to_ant.SCRATCH, kl_ball_to_ant.FLAT)
        named = {kl_ball_to_ant.KL_REWARD: 0.6, **dict.fromkeys(names, 0.1), **rates}
        return verdicts(kl_ball_to_ant, {kl_ball_to_ant.ANT: named})

    assert judged() == [True]
    assert judged(**{kl_ball_to_ant.NO_KL: 0.6}) == [None]
    assert judged(**{kl_ball_to_ant.KL_REWARD: 0.0}) == [False]


def test_both_regimes_are_judged():
    def judged(hierarchies, other):
        rates = dict.fromkeys((kl_regimes.ISOTROPIC, kl_regimes.AR1), hierarchies)
        rates |= dict.fromkeys((kl_regimes.FLAT, kl_regimes.DEFAULT), 0.5)
        short = rates | dict.fromkeys((kl_regimes.ISOTROPIC, kl_regimes.AR1), other)
        return verdicts(kl_regimes, {kl_regimes.ONE: rates, kl_regimes.SHORT: short})

    assert (judged(0.8, 0.8), judged(0.8, 0.4), judged(0.4, 0.4)) == ([True], [None], [False])


def test_default_policies_are_judged_in_both_tasks():
    def judged(first, far):
        scratch = ("SVG(0), from scratch", "network, from scratch")
        kinds = dict.fromkeys(kl_latent_prior.KINDS, first)
        return verdicts(
            kl_latent_prior,
            {
                kl_latent_prior.FIRST: {**kinds, kl_latent_prior.FLAT: 0.5},
                kl_latent_prior.AGAIN: kinds,
                kl_latent_prior.FAR: {
                    **dict.fromkeys(kl_latent_prior.KINDS, far),
                    **dict.fromkeys(scratch, 0.5),
                },
            },
        )

    assert (judged(0.8, 0.8), judged(0.4, 0.8), judged(0.4, 0.4)) == ([True], [None], [False])


def test_hierarchies_must_be_further_ahead_in_the_harder_task():
    def judged(easy, hard):
        worlds = zip(kl_paper_tasks.PUSHES, (easy, hard), strict=True)
        return verdicts(
            kl_paper_tasks,
            {
                world: {
                    kl_paper_tasks.FLAT: 0.1,
                    kl_paper_tasks.DEFAULT: 0.3,
                    **dict.fromkeys(kl_paper_tasks.HIERARCHIES, rate),
                }
                for world, rate in worlds
            },
        )

    assert (judged(0.5, 0.8), judged(0.8, 0.5)) == ([True], [None])


def same(first, second):
    """Whether two modules have the same numbers."""
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return all(bool((np.asarray(a) == np.asarray(b)).all()) for a, b in pairs)


def begun(agent):
    return [agent.acting_state(jax.random.key(7))]


@pytest.fixture(scope="module")
def gap():
    source = kl_gap._source()
    states = begun(source.agent)
    return states[0].learner.parameters, kl_gap.arms(source, states)


@pytest.mark.parametrize(
    ("arm", "low", "low_default"),
    [
        (kl_gap.SHARED, True, None),
        (kl_gap.WEIGHED, True, True),
        (kl_gap.ANEW, False, True),
        (kl_gap.LOOSE, True, None),
    ],
)
def test_arms_of_the_gap_take_what_their_names_say(gap, arm, low, low_default):
    given, arms = gap
    (state,) = arms[arm].start
    found = state.learner.parameters
    assert same(found["low"], given["low"]) is low
    if low_default is None:
        assert "low_default" not in found
    else:
        assert same(found["low_default"], given["low"]) is low_default


def test_an_arm_from_scratch_has_no_start(gap):
    assert gap[1][kl_gap.SCRATCH].start is None


@pytest.mark.parametrize("name", kl_asymmetry.MOVES)
def test_arms_of_the_asymmetry_see_and_weigh_what_their_names_say(name):
    move = kl_asymmetry.MOVES[name]
    agent = kl_asymmetry._arm(kl_asymmetry.BOTH, move.method, move.seen, has_kl=move.has_kl).agent
    part = "policy_default" if move.method == kl_asymmetry.DEFAULT else "low"
    assert ("boxes" in agent.views[part]) is ("body alone" not in name)
    assert (agent.kl_weight == 0.0) is ("no KL" in name)
    assert not {"task", "targets"} & set(agent.views[part])
    assert move.source is None or set(kl_asymmetry.SOURCES[move.source][1]) == set(move.seen)


def test_the_high_level_of_the_ball_sees_no_body_and_moves_to_the_ant():
    source = kl_ball_to_ant._hierarchy(kl_ball_to_ant.BALL)
    states = begun(source.agent)
    found = kl_ball_to_ant.arms(source, states)
    assert source.agent.views["high"] == kl_ball_to_ant.TASK
    for name in (kl_ball_to_ant.KL_REWARD, kl_ball_to_ant.NO_KL):
        parameters = found[name].start[0].learner.parameters
        assert same(parameters["high"], states[0].learner.parameters["high"])
    assert found[kl_ball_to_ant.NO_KL].agent.kl_weight == 0.0
    assert found[kl_ball_to_ant.SCRATCH].start is found[kl_ball_to_ant.FLAT].start is None


def test_arms_of_the_regimes_differ_by_replay_or_environments_alone():
    arms = kl_regimes.arms()
    short, one = (arms[regime] for regime in (kl_regimes.SHORT, kl_regimes.ONE))
    assert {arm.environments for arm in one.values()} == {1}
    assert {arm.environments for arm in short.values()} == {32}
    for name in kl_regimes.METHODS:
        assert short[name].agent.learner.buffer_size == 12_800
        assert one[name].agent.learner == SHARED["learner"]


def test_tasks_of_the_paper_have_its_networks_and_batches():
    for name, seen in kl_paper_tasks.TASKS.items():
        agent = kl_paper_tasks._arm(name, "AR(1)", kl_paper_tasks.LEARNER, seen).agent
        learner = agent.learner
        assert (learner.batch_size, learner.window_length, learner.action_samples) == (512, 10, 10)
        assert (learner.learning_rate, learner.target_period) == (1e-4, 100)
        assert agent.value_hidden_sizes == (400, 300)
        assert agent.views["low"] == seen
