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


WHOLE = "must be a whole number not below 1"
POSITIVE = "must be a positive finite number"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("views", ["position"], "views is list, but must be an instance of tuple"),
        ("views", "position", "views is 'position', but must be an instance of tuple"),
        ("world", 3, "world is 3, but must be an instance of str"),
        ("world", ("Plane-v0",), "world is tuple, but must be an instance of str"),
        ("steps", 0, f"steps is 0, but {WHOLE}"),
        ("steps", 1e5, f"steps is 100000.0, but {WHOLE}"),
        ("control_interval", 0, f"control_interval is 0, but {WHOLE}"),
        ("control_interval", None, f"control_interval is None, but {WHOLE}"),
        ("control_interval", True, f"control_interval is True, but {WHOLE}"),
        ("temperature", 0.0, f"temperature is 0.0, but {POSITIVE}"),
        ("temperature", -0.1, f"temperature is -0.1, but {POSITIVE}"),
        ("temperature", "auto", f"temperature is 'auto', but {POSITIVE}"),
        ("initial_temperature", 0.0, f"initial_temperature is 0.0, but {POSITIVE}"),
        ("initial_temperature", None, f"initial_temperature is None, but {POSITIVE}"),
        ("target_kl", 0.0, f"target_kl is 0.0, but {POSITIVE}"),
        ("target_kl", -2.0, f"target_kl is -2.0, but {POSITIVE}"),
        ("target_kl", float("nan"), f"target_kl is nan, but {POSITIVE}"),
        ("noise", "held", "noise is 'held', but must be one of 'step', 'episode'"),
        ("noise", None, "noise is None, but must be one of 'step', 'episode'"),
        ("policy", "mixture", "policy is 'mixture', but must be one of 'flow', 'gaussian'"),
        ("couplings", 0, f"couplings is 0, but {WHOLE}"),
        ("couplings", 2.0, f"couplings is 2.0, but {WHOLE}"),
        ("coupling_units", 0, f"coupling_units is 0, but {WHOLE}"),
        ("scale_limit", 0.0, f"scale_limit is 0.0, but {POSITIVE}"),
        ("scale_limit", float("inf"), f"scale_limit is inf, but {POSITIVE}"),
        ("identity", 1, "identity is 1, but must be an instance of bool"),
        ("identity", None, "identity is None, but must be an instance of bool"),
    ],
)
def test_refusals(field, value, sentence):
    assert refusal(lambda: Level(**{field: value})) == sentence
