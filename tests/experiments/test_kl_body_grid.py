"""The study of body transfer: its arms, verdicts on made-up tables, and fields made by hand."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents.distributions import DiagonalGaussian
from hierax.experiments import kl_body_field
from hierax.experiments.kl_body_arms import DEFAULTS, Arm, Setting, agent_of, high_level
from hierax.experiments.kl_body_grid import BUDGETS, HARD, PAPER, SWEPT, arms, judge, label
from hierax.worlds import BodyGrid
from hierax.worlds.body_grid import ACTIONS

SIZE = 4
EVERY = kl_body_field.cells(SIZE)
ALL = arms(BUDGETS["laptop"])
MOVES = np.array([*ACTIONS, (0, 0)])


def row(least, most=None):
    values = np.linspace(least, least if most is None else most, 5)
    return {"by_seed": values, "return_by_seed": values}


def field(cosine, spread=0.01):
    nats = {f"nats_{name}_by_seed": np.ones(5) for name in ("towards", "staying", "away")}
    return {"cosine": {"iqm": cosine, "low": cosine - spread, "high": cosine + spread}, **nats}


def tables(kl=1.0, others=0.2, taught=0.45, cosine=0.8):
    """Tables of the setting of the paper, and of one more."""
    moved = {f"KL, {default}": row(kl) for default in DEFAULTS}
    beside = {name: row(others) for name in ("no KL, learned", "flat (IMPALA)", "kl alone, ar1")}
    return {
        "body of one step": {f"8 × 8, {default}": row(taught) for default in DEFAULTS},
        PAPER.name: {**moved, **beside},
        HARD[0].name: {"KL, learned": row(1.0), "no KL, learned": row(0.0)},
        "field": {f"8 × 8, {default}": field(cosine) for default in DEFAULTS},
    }


def verdicts(**given):
    return {finding.claim: finding.holds for finding in judge(tables(**given))}


def test_every_setting_has_all_kinds_of_arms_and_all_default_policies():
    for setting in (PAPER, *HARD):
        found = [arm for arm in ALL if arm.setting == setting]
        for kind in ("kl", "none"):
            assert {arm.default for arm in found if arm.kind == kind} == set(DEFAULTS)
        assert {arm.kind for arm in found} >= {"scratch", "flat", "constant", "kl alone"}
    for setting in SWEPT:
        swept = {arm.weight for arm in ALL if (arm.setting, arm.kind) == (setting, "kl")}
        assert max(swept) / min(swept) >= 10
        begun = {arm.default for arm in ALL if (arm.setting, arm.kind) == (setting, "scratch")}
        assert begun == set(DEFAULTS)


def test_no_two_arms_of_a_setting_have_the_same_name():
    names = [(arm.setting, label(arm)) for arm in ALL]
    assert len(set(names)) == len(names)


def test_agents_that_begin_anew_have_the_weight_of_the_first_body():
    for default, weight in DEFAULTS.items():
        assert agent_of(Arm("scratch", PAPER, default)).kl_weight == weight
        assert high_level(8, default)[0].kl_weight == weight
    assert agent_of(Arm("kl", PAPER)).kl_weight == 0.1
    assert agent_of(Arm("none", PAPER)).kl_weight == 0.0


def test_the_flat_policy_has_as_many_layers_as_both_levels():
    flat = agent_of(Arm("flat", PAPER))
    below = agent_of(Arm("scratch", PAPER))
    assert flat.hidden_sizes == 2 * below.hidden_sizes
    assert flat.value_hidden_sizes == below.value_hidden_sizes


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"K9": True, "K10": True, "K14": True}),
        ({"others": 0.96}, {"K9": None, "K10": True, "K14": True}),  # KL is not needed
        ({"kl": 0.9}, {"K9": None, "K10": True, "K14": None}),  # nor is it enough
        ({"taught": 0.39}, {"K9": True, "K10": True, "K14": None}),
        ({"cosine": 0.5}, {"K9": True, "K10": False, "K14": True}),
        ({"kl": 0.9, "taught": 0.3}, {"K9": None, "K10": True, "K14": False}),
    ],
)
def test_verdicts(given, expected):
    assert verdicts(**given) == expected


def test_the_control_without_a_task_reward_has_the_kl_and_is_no_rival():
    found = tables()
    found[PAPER.name]["kl alone, ar1"] = row(1.0)
    assert judge(found)[0].holds


class Ruler(eqx.Module):
    """A high level whose latent is its way to the goal: `x - goal` in the view of the task."""

    def __call__(self, seen):
        way = -seen[..., -2:] * SIZE
        return jnp.concatenate([way, 0 * way], axis=-1)


class Origin(eqx.Module):
    """N(0, I), whatever came before: each nat is half a squared distance to the goal."""

    def __call__(self, previous, begins):
        return DiagonalGaussian(0 * previous, 0 * previous)


@pytest.fixture(scope="module")
def drawn():
    """The field of a high level whose cost is half the squared distance to the goal."""
    agent, _ = high_level(8, "isotropic")
    world = BodyGrid(1, SIZE)
    agent = dataclasses.replace(agent, spec=world.spec, latent_size=2)
    state = agent.init(jax.random.key(0), 1)
    parameters = {**state.learner.parameters, "high": Ruler(), "high_default": Origin()}
    state = state._replace(learner=state.learner._replace(parameters=parameters))
    return kl_body_field.rewards(agent, state, world)


def test_the_reward_of_a_move_is_less_the_divergence_where_it_arrives(drawn):
    for number, goal in enumerate(EVERY):
        after = np.clip(EVERY[:, None] + MOVES, 0, SIZE - 1)
        expected = -0.5 * ((after - goal) ** 2).sum(axis=-1)
        np.testing.assert_allclose(drawn[number], expected, atol=1e-5)


def test_a_move_into_the_goal_costs_nothing(drawn):
    for number, goal in enumerate(EVERY):
        enters = ((EVERY[:, None] + MOVES) == goal).all(axis=-1)
        np.testing.assert_array_equal(drawn[number][enters], 0.0)


def test_a_field_of_squared_distances_leads_to_the_goal(drawn):
    found = kl_body_field.summary(drawn, SIZE)
    assert found["cosine"] > 0.75
    assert found["share_towards"] == 1.0
    assert found["nats_towards"] < found["nats_staying"] < found["nats_away"]
    away = kl_body_field.summary(-drawn, SIZE)
    assert away["cosine"] == pytest.approx(-found["cosine"])


def test_the_field_of_shortest_paths_is_its_own_best_match():
    wanted = kl_body_field.shortest(SIZE)
    moves = np.maximum(wanted @ ACTIONS.T, 0.0)
    found = np.concatenate([moves, np.zeros((*moves.shape[:2], 1))], axis=-1)
    assert kl_body_field.summary(found, SIZE)["cosine"] == pytest.approx(1.0)


def test_a_setting_tells_its_world():
    setting = Setting(16, 8, "goal", 1e-2, 1.0)
    assert setting.world == BodyGrid(16, 8, "goal")
    assert setting.name == "16 steps, 8 × 8, goal alone, entropy 0.01, scale 1"


def test_a_smoke_run_has_all_tables_and_curves(smoke):
    record, folder = smoke("kl-body-grid")
    assert set(record["tables"]) == {"body of one step", PAPER.name, "field"}
    assert set(record["tables"][PAPER.name]) == {"KL, learned", "flat (IMPALA)"}
    assert len(record["curves"]) == 2
    assert record["settings"]["learner_steps"].startswith("as environment steps")
    assert (folder / "figure.png").is_file()
