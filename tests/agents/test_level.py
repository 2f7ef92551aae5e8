"""What a level is made of, and what it refuses."""

import pytest

from hierax.agents.flows import alternating, everything
from hierax.agents.level import Level
from planning.refusals import refusal


def test_layers_of_a_flow_move_in_turn():
    assert Level().moved(5, begin_with=0) == alternating(5, 2)
    assert Level(couplings=3).moved(5, begin_with=1) == ((2, 5), (0, 2), (2, 5))
    assert Level(couplings=1).moved(1, begin_with=1) == ((0, 1),)


def test_a_gaussian_level_has_one_layer_whatever_its_couplings():
    level = Level(policy="gaussian", couplings=4)
    assert level.moved(5, begin_with=0) == level.moved(5, begin_with=1) == everything(5)


def test_levels_are_values():
    """An agent that holds them is a static argument of compiled functions."""
    made = [Level(views=("position", "velocity"), world="Plane-v0", steps=100) for _ in range(2)]
    assert made[0] == made[1]
    assert hash(made[0]) == hash(made[1])
    assert made[0] != Level(views=("velocity", "position"), world="Plane-v0", steps=100)


@pytest.mark.parametrize(
    "fields",
    [
        {"control_interval": 10, "noise": "episode"},
        {"temperature": 0.1},
        {"target_kl": 2},
        {"policy": "gaussian", "identity": False},
        {"views": ()},
    ],
)
def test_what_is_allowed(fields):
    level = Level(**fields)
    assert {name: getattr(level, name) for name in fields} == fields


WHOLE = "must be an integer >= 1"
POSITIVE = "must be a finite number > 0"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("views", ["position"], "views must be of type tuple, got a list"),
        ("views", "position", "views must be of type tuple, got 'position'"),
        ("world", 3, "world must be of type str, got 3"),
        ("world", ("Plane-v0",), "world must be of type str, got a tuple"),
        ("steps", 0, f"steps {WHOLE}, got 0"),
        ("steps", 1e5, f"steps {WHOLE}, got 100000.0"),
        ("control_interval", 0, f"control_interval {WHOLE}, got 0"),
        ("control_interval", None, f"control_interval {WHOLE}, got None"),
        ("control_interval", True, f"control_interval {WHOLE}, got True"),
        ("temperature", 0.0, f"temperature {POSITIVE}, got 0.0"),
        ("temperature", -0.1, f"temperature {POSITIVE}, got -0.1"),
        ("temperature", "auto", f"temperature {POSITIVE}, got 'auto'"),
        ("initial_temperature", 0.0, f"initial_temperature {POSITIVE}, got 0.0"),
        ("initial_temperature", None, f"initial_temperature {POSITIVE}, got None"),
        ("target_kl", 0.0, f"target_kl {POSITIVE}, got 0.0"),
        ("target_kl", -2.0, f"target_kl {POSITIVE}, got -2.0"),
        ("target_kl", float("nan"), f"target_kl {POSITIVE}, got nan"),
        ("noise", "held", "noise must be one of 'step', 'episode', got 'held'"),
        ("noise", None, "noise must be one of 'step', 'episode', got None"),
        ("policy", "mixture", "policy must be one of 'flow', 'gaussian', got 'mixture'"),
        ("couplings", 0, f"couplings {WHOLE}, got 0"),
        ("couplings", 2.0, f"couplings {WHOLE}, got 2.0"),
        ("coupling_units", 0, f"coupling_units {WHOLE}, got 0"),
        ("scale_limit", 0.0, f"scale_limit {POSITIVE}, got 0.0"),
        ("scale_limit", float("inf"), f"scale_limit {POSITIVE}, got inf"),
        ("identity", 1, "identity must be of type bool, got 1"),
        ("identity", None, "identity must be of type bool, got None"),
    ],
)
def test_refusals(field, value, sentence):
    assert refusal(lambda: Level(**{field: value})) == sentence
