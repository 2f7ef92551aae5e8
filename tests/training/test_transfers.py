"""Transfer of parts between agents: what is kept, frozen, initialised, new, and refused."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from hierax import load, train, transfer
from hierax.agents import (
    HIRO,
    IMPALA,
    KL,
    NORL,
    SAC,
    SVG0,
    TD3,
    Distral,
    Entries,
    LatentSpacePolicy,
    Retrace,
    VTrace,
)
from hierax.agents.parts import at
from hierax.training import CheckpointError, Trained
from hierax.training.serialisation import tree_digest
from hierax.worlds import BodyGrid, PointSpeed
from refusals import refuses

GRID, SPEED = BodyGrid(2, size=4), PointSpeed(episode_limit=20)
SMALL = {"hidden_sizes": (4,), "batch_size": 8, "buffer_size": 300, "learning_starts": 16}
LEVELS = {"control_interval": 3, "random_goals": 10, "random_actions": 10, "updates_per_step": 0.25}
SHARED = KL(GRID.spec, period=2, high_views=("task",), hidden_sizes=(4,), default="learned")
SEPARATE = KL(
    GRID.spec, period=2, hidden_sizes=(4,), low_level="separate", normalise_observations=True
)
WINDOWS = Retrace(
    window_length=4, batch_size=8, buffer_size=300, learning_starts=16, updates_per_step=0.25
)
AGENTS = {
    "kl": (SHARED, GRID),
    "separate": (SEPARATE, GRID),
    "impala": (IMPALA(GRID.spec, hidden_sizes=(4,)), GRID),
    "svg0": (SVG0(SPEED.spec, hidden_sizes=(4,), learner=WINDOWS), SPEED),
    "distral": (Distral(SPEED.spec, hidden_sizes=(4,), learner=WINDOWS), SPEED),
    "distral, lstm": (
        Distral(SPEED.spec, hidden_sizes=(4,), default="lstm", memory_size=2, learner=WINDOWS),
        SPEED,
    ),
    "kl, retrace": (KL(SPEED.spec, hidden_sizes=(4,), learner=WINDOWS), SPEED),
    "sac": (SAC(SPEED.spec, normalise_observations=True, **SMALL), SPEED),
    "td3": (TD3(SPEED.spec, **SMALL), SPEED),
    "lsp": (LatentSpacePolicy(SPEED.spec, **SMALL), SPEED),
    "hiro": (HIRO(SPEED.spec, goal_space=Entries("velocity"), **SMALL, **LEVELS), SPEED),
    "norl": (NORL(SPEED.spec, levels_start=0, **SMALL, **LEVELS), SPEED),
}
FAST = ("kl", "sac")
every_agent = pytest.mark.parametrize(
    "name",
    [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in AGENTS],
)
HIGH = ("high", "high_default")


def trained(name, seed=0, **options):
    agent, world = AGENTS[name]
    given = {"environments": 4, "episodes": 2, "progress": False, **options}
    return train(agent, world, 200, seed, **given)


@pytest.fixture(scope="module")
def known():
    """Trained agents by name; each is trained once."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = trained(name)
        return found[name]

    return of


def digests(agent, state):
    """Of each part, with the encoders that it sees through."""
    return {
        name: tree_digest(
            [
                [at(state.learner, path) for path in part.paths],
                [state.encoders[each] for each in part.encoders],
            ]
        )
        for name, part in agent.parts.items()
    }


def parameters(agent, state):
    return {n: tree_digest(at(state.learner, p.parameters)) for n, p in agent.parts.items()}


@every_agent
def test_a_part_that_is_kept_and_frozen_stays_and_all_else_is_new(name, known):
    agent, source = AGENTS[name][0], known(name)
    before = digests(agent, source.states[0])
    for part in agent.parts:
        (state,) = transfer(source, agent, keep=(part,), freeze=(part,), seed=7)
        begun, fresh = digests(agent, state), digests(agent, agent.acting_state(jax.random.key(7)))
        if (name, part) not in (("hiro", "low"), ("norl", "low")):  # acts as it was evaluated
            assert begun[part] == before[part]
        shared = set(agent.parts[part].encoders)
        for other in agent.parts:
            if other != part and not shared & set(agent.parts[other].encoders):
                assert begun[other] == fresh[other]
        again = trained(name, seed=7, start=[state])
        after = digests(agent, again.states[0])
        assert after[part] == begun[part]
        assert again.summary["frozen"] == {part: {"digests": [begun[part]], "unchanged": True}}
        moved = {other for other in after if after[other] != begun[other]}
        assert moved >= {n for n in agent.parts if n != part and has_arrays(agent, state, n)} - {
            "temperature"
        }


def has_arrays(agent, state, name):
    return bool(jax.tree.leaves(at(state.learner, agent.parts[name].parameters)))


@every_agent
def test_what_is_kept_without_freezing_is_trained_on(name, known):
    agent = AGENTS[name][0]
    part = next(iter(agent.parts))
    start = transfer(known(name), agent, keep=(part,))
    again = trained(name, start=start)
    assert digests(agent, again.states[0])[part] != digests(agent, start[0])[part]
    assert "frozen" not in again.summary


def test_a_part_can_begin_with_the_weights_of_another(known):
    """Then the divergence of the low level begins at 0; its optimiser is new."""
    source = known("separate")
    (state,) = transfer(source, SEPARATE, initialise={"low": "low_default"}, keep=("low_default",))
    weights = parameters(SEPARATE, state)
    assert weights["low"] == weights["low_default"]
    assert weights["low"] == parameters(SEPARATE, source.states[0])["low_default"]
    fresh = SEPARATE.acting_state(jax.random.key(0)).learner.optimisers
    assert tree_digest(state.learner.optimisers["low"]) == tree_digest(fresh["low"])
    kept = state.learner.optimisers["low_default"]
    assert tree_digest(kept) == tree_digest(source.states[0].learner.optimisers["low_default"])


def test_a_high_level_moves_to_another_body(known, tmp_path):
    """From a folder, with the same numbers as from what `train` returned."""
    trained("kl", run=tmp_path / "source")
    larger = BodyGrid(3, size=4)
    above = KL(larger.spec, period=3, high_views=("task",), hidden_sizes=(4,), default="learned")
    sources = tmp_path / "source", str(tmp_path / "source"), load(tmp_path / "source")
    states = [transfer(each, above, keep=HIGH, freeze=HIGH)[0] for each in (*sources, known("kl"))]
    assert len({tree_digest(state._replace(key=None)) for state in states}) == 1
    run = {"environments": 4, "episodes": 2, "progress": False, "run": tmp_path / "run"}
    train(above, larger, 200, start=[states[0]], **run)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert {name: found["unchanged"] for name, found in summary["frozen"].items()} == {
        "high": True,
        "high_default": True,
    }
    # What is frozen stays so in a run that goes on.
    longer = train(above, larger, 400, start=[states[0]], **run)
    assert all(found["unchanged"] for found in longer.summary["frozen"].values())
    changed = parameters(above, longer.states[0])
    assert changed["low"] != parameters(above, states[0])["low"]


def test_each_seed_has_a_part_of_its_own_or_all_have_the_same(known):
    two = train(SHARED, GRID, 100, seeds=2, environments=4, episodes=2, progress=False)
    states = transfer(two, SHARED, keep=("high",), seed=3)
    assert [parameters(SHARED, state)["high"] for state in states] == [
        parameters(SHARED, state)["high"] for state in two.states
    ]
    assert len({parameters(SHARED, state)["low"] for state in states}) == 2
    three = transfer(known("kl"), SHARED, keep=("high",), seeds=3)
    assert len({parameters(SHARED, state)["high"] for state in three}) == 1
    assert len({parameters(SHARED, state)["low"] for state in three}) == 3
    refuses(lambda: transfer(two, SHARED, keep=("high",), seeds=3), "one seed ... 3 ... got 2")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"keep": ("hig",)}, "part must be one of 'high', 'low' ... 'hig'"),
        ({"keep": ("high",), "freeze": ("low",)}, "freeze ... kept or initialised ... low"),
        ({"keep": ("high",), "initialise": ("high",)}, "kept or initialised ... both for high"),
        ({"initialise": {"low": "lower"}}, "part of the source must be one of ... 'lower'"),
        ({"keep": "high"}, "keep must be a tuple of names, got 'high': write ('high',)"),
        ({"initialise": "low"}, "initialise must be a tuple of names, got 'low'"),
        ({"keep": ("high",), "seeds": 0}, "seeds must be an integer >= 1, got 0"),
    ],
)
def test_names_that_are_not_parts_are_refused(given, told, known):
    refuses(lambda: transfer(known("kl"), SHARED, **given), told)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"high_views": ("task", "body")}, "'high' must see the same views ... 'task' in the"),
        ({"latent_size": 3}, "'high' must have the views, sizes"),
        ({"hidden_sizes": (5,)}, "'high' must have the views, sizes"),
    ],
)
def test_another_kind_of_module_is_refused(changes, told, known):
    settings = {"high_views": ("task",), "hidden_sizes": (4,), "default": "learned", **changes}
    other = KL(GRID.spec, period=2, **settings)
    refuses(lambda: transfer(known("kl"), other, keep=("high",)), told)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"default": "isotropic"}, "'high_default' must be as in the source, AutoRegressive(corre"),
        ({"default_correlation": 0.5}, "correlation=0.9), got AutoRegressive(correlation=0.5)"),
        ({"learner": VTrace(target_period=3)}, "as many copies as in the source, 0, got 1: init"),
    ],
)
def test_another_default_policy_is_refused(changes, told, known):
    settings = {"hidden_sizes": (4,), "low_level": "separate", "normalise_observations": True}
    other = KL(GRID.spec, period=2, **settings, **changes)
    refuses(lambda: transfer(known("separate"), other, keep=("high_default",)), told)


def test_other_statistics_of_observations_are_refused(known):
    other = KL(GRID.spec, period=2, hidden_sizes=(4,), low_level="separate")
    refuses(
        lambda: transfer(known("separate"), other, keep=("low",)),
        "'low' must have normalise_observations=True as in the source, got False",
    )


def test_other_spreads_of_continuous_actions_are_refused():
    """They are no parameters, and with others the same parameters are another policy."""
    agent = IMPALA(SPEED.spec, hidden_sizes=(4,))
    source = Trained(agent, [agent.init(jax.random.key(0), 1)], {})
    other = dataclasses.replace(agent, action_scales=(0.2, 1.0))
    refuses(
        lambda: transfer(source, other, keep=("policy",)),
        "'policy' must have the settings of the source, {'action_scales': (0.1, 1.0)}, got",
    )
    transfer(source, other, keep=("value",))


@pytest.mark.parametrize("name", ["low", "value"])
def test_a_module_that_sees_the_phase_is_refused_where_none_is_seen(name, known):
    other = KL(GRID.spec, period=1, high_views=("task",), hidden_sizes=(4,), default="learned")
    told = f"'{name}' must have the settings of the source, {{'sees_phase': True}}, got"
    refuses(lambda: transfer(known("kl"), other, keep=(name,)), told)


def test_a_source_of_several_seeds_gives_as_many_states():
    agent = IMPALA(GRID.spec, hidden_sizes=(4,))
    states = [agent.init(jax.random.key(seed), 1) for seed in range(3)]
    source = Trained(agent, states, {})
    told = "source must have one seed, or as many as are asked for, 2, got 3: choose one of them"
    refuses(lambda: transfer(source, agent, keep=("policy",), seeds=2), told)
    start = transfer(source, agent, keep=("policy",))
    found = [digests(agent, state)["policy"] for state in start]
    assert found == [digests(agent, state)["policy"] for state in states]


def test_names_may_come_from_iterators(known):
    start = transfer(known("kl"), SHARED, keep=iter(HIGH), freeze=iter(HIGH), seeds=2)
    for state in start:
        assert {name for name, frozen in state.frozen.items() if frozen} == set(HIGH)
    start = transfer(known("kl"), SHARED, initialise=iter(HIGH), seeds=2)
    assert len({parameters(SHARED, state)["high"] for state in start}) == 1


def test_a_view_of_another_size_is_refused(known):
    wide = BodyGrid(2, size=5)
    other = KL(wide.spec, period=2, high_views=("task",), hidden_sizes=(4,), default="learned")
    refuses(lambda: transfer(known("kl"), other, keep=("high",)), "'high' must have ... (18, 4)")


def test_a_source_that_is_no_run_or_is_damaged_is_refused(tmp_path):
    refuses(lambda: transfer(tmp_path, SHARED, keep=("high",)), "is not the folder of a run")
    trained("kl", run=tmp_path / "source")
    newest = max((tmp_path / "source" / "policies").glob("[0-9]*"))
    largest = max(newest.iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"is whole|no earlier"):
        transfer(tmp_path / "source", SHARED, keep=("high",))


def test_states_share_no_arrays_with_their_source(known):
    """Drivers overwrite the arrays of a state."""
    source = known("kl")
    before = tree_digest(source.states[0].learner)
    start = transfer(source, SHARED, keep=tuple(SHARED.parts))
    trained("kl", start=start)
    assert tree_digest(source.states[0].learner) == before
    np.testing.assert_array_equal(start[0].learner.parameters["high"].layers[0].bias.shape, (4,))


def test_a_list_of_states_is_taken_with_its_agent(known):
    source = Trained(SHARED, known("kl").states * 2, {})
    assert len(transfer(source, SHARED, keep=("value",))) == 2
