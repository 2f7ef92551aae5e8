"""Verdicts on NORL from tables that are made up: who succeeds on which seed, and what f holds."""

import json

import numpy as np
import pytest
import scipy.stats

from hierax.experiments import norl_low_reward, norl_on_policy, norl_point, norl_representation
from hierax.experiments.norl_arms import WORLDS
from hierax.to_json import to_json

SEEDS = 10
PERFECT, HOPELESS = np.ones(SEEDS), np.zeros(SEEDS)
HIGH = np.linspace(0.9, 1.0, SEEDS)
LOW = np.linspace(0.3, 0.1, SEEDS)
"""Success of each seed, where seeds differ."""
VARIED = np.linspace(0.0, 0.8, SEEDS)
"""Seeds that differ more than agents do."""
UNSURE = (np.tile([0.7, 0.2], SEEDS // 2), np.tile([0.2, 0.8], SEEDS // 2))
"""Two agents, the second of which is better on average, but not beyond chance."""
SHORTFALL = np.linspace(-0.02, 0.02, SEEDS)


def row(success):
    return {"by_seed": success, "seeds_at_0.9": int((success >= 0.9).sum())}


def verdict(module, tables):
    """The one finding from these tables, which is the same after they were stored."""
    (finding,) = module.judge(tables)
    (again,) = module.judge(json.loads(json.dumps(to_json(tables, 8))))
    assert (again.holds, again.note) == (finding.holds, finding.note)
    return finding


def only(**worlds):
    """Tables of these worlds, by their first letters."""
    names = {"point": WORLDS[0], "rower": WORLDS[1]}
    return {f"{names[name]}: arms": rows for name, rows in worlds.items()}


def missing(success, seeds):
    """The same successes, but none on the first so many seeds."""
    return np.where(np.arange(SEEDS) < seeds, 0.0, success)


# N4: close to the oracle, and better than the spaces that it names


def goals(norl, oracle, others, **changed):
    """The arms of a world; ``changed`` are others by the name of their representation."""
    rows = {norl_point.LEARNED: norl, norl_point.ORACLE: oracle, norl_point.WITHOUT: norl}
    rows |= {label: changed.get(kind, others) for label, kind in norl_point.OTHERS.items()}
    return {label: row(success) for label, success in rows.items()}


@pytest.mark.parametrize(
    ("arms", "is_close", "is_better"),
    [
        ((PERFECT, PERFECT, PERFECT), True, False),
        ((HIGH, HIGH, HIGH), True, False),
        ((HIGH, PERFECT, LOW), True, True),
        ((PERFECT, PERFECT, HOPELESS), True, True),
        ((PERFECT, LOW, LOW), True, True),  # better than the oracle too
        ((LOW, HIGH, HIGH), False, False),
        ((HOPELESS, PERFECT, PERFECT), False, False),
        ((HIGH - 0.4 - SHORTFALL, HIGH, LOW), False, True),
        ((HIGH - 0.05 - SHORTFALL, HIGH, LOW), True, True),
        ((HIGH - 0.15 - SHORTFALL, HIGH, LOW), False, True),
        # One seed of ten may fail, two may not.
        ((missing(HIGH, 1), HIGH, LOW), True, True),
        ((missing(HIGH, 2), HIGH, LOW), False, True),
        ((UNSURE[1], UNSURE[1], UNSURE[0]), True, False),
    ],
)
def test_goals_in_the_learned_space_have_to_be_close_and_better(arms, is_close, is_better):
    rows = goals(*arms)
    finding = verdict(norl_point, only(point=rows, rower=rows))
    assert finding.claim == "N4"
    assert (finding.numbers["is_close"], finding.numbers["is_better"]) == (is_close, is_better)
    expected = {2: True, 1: None, 0: False}[is_close + is_better]
    assert finding.holds is expected
    for name in WORLDS:
        short, norl, oracle = finding.numbers["less_the_oracle"][name], *arms[:2]
        mean = scipy.stats.trim_mean(np.subtract(norl, oracle), 0.25)
        assert short["iqm"] == pytest.approx(mean, abs=1e-12)
        assert f"{name}: NORL {norl.mean():.2f}" in finding.note
        assert f"NORL less the oracle {mean:+.2f}" in finding.note


@pytest.mark.parametrize("kind", ["observation", "vae", "e2c", "random", "slow"])
def test_norl_has_to_be_better_than_each_space_that_the_claim_names(kind):
    """A random map and slow features are shown beside them."""
    good, equal = goals(HIGH, HIGH, LOW), goals(HIGH, HIGH, LOW, **{kind: HIGH})
    finding = verdict(norl_point, only(point=good, rower=equal))
    assert finding.holds is (True if kind in ("random", "slow") else None)


def test_one_world_is_not_enough_for_the_goals():
    good = goals(HIGH, HIGH, LOW)
    close, better, bad = goals(HIGH, HIGH, HIGH), goals(LOW, HIGH, HOPELESS), goals(LOW, HIGH, HIGH)
    for part in (close, better):
        for tables in (only(point=good, rower=part), only(point=part, rower=good)):
            assert verdict(norl_point, tables).holds is None
    assert verdict(norl_point, only(point=good, rower=bad)).holds is not True
    assert verdict(norl_point, only(point=bad, rower=bad)).holds is False


def test_arms_of_the_smoke_scale_are_enough_for_a_verdict():
    names = norl_point.BUDGETS["smoke"].only
    rows = {name: each for name, each in goals(HIGH, HIGH, LOW).items() if name in names}
    finding = verdict(norl_point, only(point=rows, rower=rows))
    assert finding.holds is True
    assert set(finding.numbers["less_the_others"][WORLDS[0]]) == {"VAE"}


# N5: the term of mutual information


def rewards(plain, informed, far=None):
    """The arms of a world; ``far`` are the successes with the weights of the paper."""
    found = {name: row(HIGH) for name in norl_low_reward.SETTINGS}
    near = plain, informed
    for pair, successes in zip(norl_low_reward.PAIRS, (near, far or near), strict=True):
        found |= dict(zip(pair, map(row, successes), strict=True))
    return found


BETTER, WORSE, EQUAL = (LOW, HIGH), (HIGH, LOW), (HIGH, HIGH)
"""Successes without and with information."""


@pytest.mark.parametrize(
    ("pair", "holds"),
    [
        (BETTER, True), ((HOPELESS, PERFECT), True), ((VARIED, VARIED + HIGH / 6), True),
        (WORSE, False), ((PERFECT, HOPELESS), False), (EQUAL, None), (UNSURE, False),
        ((PERFECT, PERFECT), None), ((LOW, LOW), False),
    ],
)  # fmt: skip
def test_the_information_has_to_raise_success_seed_by_seed(pair, holds):
    rows = rewards(*pair)
    finding = verdict(norl_low_reward, only(point=rows, rower=rows))
    assert (finding.claim, finding.holds) == ("N5", holds)
    assert len(finding.numbers) == (5 if holds is None else 4)
    assert finding.numbers.get("tested_as_written", True) is (holds is not None)
    mean = scipy.stats.trim_mean(np.subtract(*pair[::-1]), 0.25)
    for name in WORLDS:
        for _, informed in norl_low_reward.PAIRS:
            label = f"{name}: {informed}"
            assert finding.numbers[label]["iqm"] == pytest.approx(mean, abs=1e-12)
            assert f"{label} {mean:+.2f} [" in finding.note


def test_pairs_without_room_to_improve_do_not_count():
    full, good, bad = rewards(*EQUAL), rewards(*BETTER), rewards(*WORSE)
    assert verdict(norl_low_reward, only(point=full, rower=good)).holds is True
    assert verdict(norl_low_reward, only(point=full, rower=bad)).holds is False


@pytest.mark.parametrize("other", [WORSE, UNSURE])
def test_the_information_helps_in_part_where_it_helps_one_pair(other):
    good, bad, mixed = rewards(*BETTER), rewards(*other), rewards(*other, far=BETTER)
    assert verdict(norl_low_reward, only(point=good, rower=bad)).holds is None
    assert verdict(norl_low_reward, only(point=bad, rower=good)).holds is None
    assert verdict(norl_low_reward, only(point=good, rower=mixed)).holds is None
    assert verdict(norl_low_reward, only(point=bad, rower=mixed)).holds is None


def test_the_rewards_of_the_smoke_scale_are_enough_for_a_verdict():
    names = norl_low_reward.BUDGETS["smoke"].only
    rows = {name: each for name, each in rewards(*BETTER).items() if name in names}
    finding = verdict(norl_low_reward, only(point=rows, rower=rows))
    assert finding.holds is True
    assert len(finding.numbers) == 2


# N8: a replay that forgets


@pytest.mark.parametrize(
    ("every", "recent", "holds"),
    [
        (*BETTER, True), (HOPELESS, PERFECT, True), (VARIED, VARIED + HIGH / 6, True),
        (*WORSE, None), (*EQUAL, None), (PERFECT, PERFECT, None), (*UNSURE, None),
    ],
)  # fmt: skip
def test_a_short_replay_has_to_be_better_beyond_chance(every, recent, holds):
    """It is not on-policy, and takes data from f as well: it cannot speak against the claim."""
    rows = dict.fromkeys(norl_on_policy.SETTINGS, row(HIGH))
    rows |= {norl_on_policy.ALL: row(every), norl_on_policy.RECENT: row(recent)}
    finding = verdict(norl_on_policy, only(point=rows))
    assert (finding.claim, finding.holds) == ("N8", holds)
    found = finding.numbers["recent_less_all"]
    assert found["iqm"] == pytest.approx(scipy.stats.trim_mean(recent - every, 0.25), abs=1e-12)
    assert finding.numbers["mean"][norl_on_policy.RECENT] == pytest.approx(recent.mean())
    assert f"{found['iqm']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]" in finding.note


# N3: what the goal space holds


def spaces(judged, others=(0.1, 0.9), label="corners, f alone"):
    """What f of each agent holds: of the position, and of nuisance where there is any."""
    names = [
        f"{first}, {prediction}"
        for first in norl_representation.EXPLORATION
        for prediction in norl_representation.PREDICTION
    ]
    assert label in names
    return {
        name: {
            key: np.broadcast_to(share, SEEDS).astype(float)
            for key, share in zip(("goal_fit", "nuisance_fit"), shares, strict=False)
        }
        for name in names
        for shares in [judged if name == label else others[: len(judged)]]
    }


def held(point, rower, ant=0.99):
    """Tables of three worlds, the last one of which has no nuisance."""
    return {
        "objectives": {"anything": {"goal_fit": [0.0]}},
        f"{WORLDS[0]}: spaces": spaces(point),
        f"{WORLDS[1]}: spaces": spaces(rower),
        f"{norl_representation.ANT}: spaces": spaces((ant,)),
    }


GOOD = (np.linspace(0.95, 1.0, SEEDS), np.linspace(0.0, 0.02, SEEDS))
ONE_SEED = (np.where(np.arange(SEEDS) == 3, 0.94, 1.0), 0.0)
NOISY = (1.0, np.where(np.arange(SEEDS) == 3, 0.03, 0.0))
POOR = (0.2, 0.5)


@pytest.mark.parametrize(
    ("point", "rower", "ant", "holds"),
    [
        (GOOD, GOOD, 0.99, True), ((1.0, 0.0), (1.0, 0.0), 1.0, True),
        (ONE_SEED, GOOD, 0.99, None), (GOOD, NOISY, 0.99, None), (GOOD, GOOD, 0.94, None),
        (GOOD, POOR, 0.2, None), (POOR, POOR, 0.99, None),
        (ONE_SEED, NOISY, 0.94, False), (POOR, POOR, 0.2, False), ((0.0, 1.0), POOR, 0.0, False),
        ((np.nan, 0.0), POOR, 0.2, False), ((1.0, np.nan), POOR, 0.2, False),
    ],
)  # fmt: skip
def test_all_seeds_have_to_hold_the_position_and_no_nuisance(point, rower, ant, holds):
    tables = held(point, rower, ant)
    (finding,) = norl_representation.judge(tables)
    assert (finding.claim, finding.holds) == ("N3", holds)
    assert set(finding.numbers) == {*WORLDS, norl_representation.ANT}
    for name, numbers in finding.numbers.items():
        row = tables[f"{name}: spaces"]["corners, f alone"]
        for key in row:
            np.testing.assert_array_equal(numbers[key], row[key])
        least, most = row["goal_fit"].min(), row["goal_fit"].max()
        assert f"{name}: position {least:.3f} to {most:.3f}" in finding.note


def test_the_verdict_on_the_goal_space_rests_on_what_is_stored():
    assert verdict(norl_representation, held(GOOD, POOR)).holds is None


def test_only_the_agent_with_the_usual_settings_is_judged():
    """Random corners, φ without actions: the others may hold less, or more."""
    poor = spaces(POOR, others=(1.0, 0.0))
    for other in ("uniform, f alone", "corners, f and actions", "corners, held, f alone"):
        tables = held(GOOD, GOOD)
        for name in WORLDS:
            tables[f"{name}: spaces"] = spaces(POOR, others=(1.0, 0.0), label=other)
        assert verdict(norl_representation, tables).holds is True
    tables = {name: poor if name.startswith(WORLDS) else rows for name, rows in tables.items()}
    assert verdict(norl_representation, tables).holds is None  # it is good in AntMaze alone
