"""What a level is made of, and what it refuses."""

import pytest

from hierax.agents.latent_space.flows import all_entries, alternating
from hierax.agents.latent_space.level import Level
from refusals import refuses


def test_layers_of_a_flow_move_in_turn():
    assert Level().moved(5, begin_with=0) == alternating(5, 2)
    assert Level(couplings=3).moved(5, begin_with=1) == ((2, 5), (0, 2), (2, 5))
    assert Level(couplings=1).moved(1, begin_with=1) == ((0, 1),)


def test_a_gaussian_level_has_one_layer_whatever_its_couplings():
    level = Level(policy="gaussian", couplings=4)
    assert level.moved(5, begin_with=0) == level.moved(5, begin_with=1) == all_entries(5)


def test_levels_are_values():
    """An agent that holds them is a static argument of compiled functions."""
    made = [Level(views=("position", "velocity"), control_interval=4) for _ in range(2)]
    assert made[0] == made[1]
    assert hash(made[0]) == hash(made[1])
    assert made[0] != Level(views=("velocity", "position"), control_interval=4)


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


WHOLE = "an integer >= 1"
POSITIVE = "a finite number > 0"


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("views", ["position"], "tuple"),
        ("views", "position", "tuple"),
        ("views", (3,), "str"),
        ("control_interval", 0, WHOLE),
        ("control_interval", None, WHOLE),
        ("control_interval", True, WHOLE),
        ("temperature", 0.0, POSITIVE),
        ("temperature", -0.1, POSITIVE),
        ("temperature", "auto", POSITIVE),
        ("initial_temperature", 0.0, POSITIVE),
        ("initial_temperature", None, POSITIVE),
        ("target_kl", 0.0, POSITIVE),
        ("target_kl", -2.0, POSITIVE),
        ("target_kl", float("nan"), POSITIVE),
        ("noise", "held", "'step', 'episode'"),
        ("noise", None, "'step', 'episode'"),
        ("policy", "mixture", "'flow', 'gaussian'"),
        ("couplings", 0, WHOLE),
        ("couplings", 2.0, WHOLE),
        ("coupling_units", 0, WHOLE),
        ("scale_limit", 0.0, POSITIVE),
        ("scale_limit", float("inf"), POSITIVE),
        ("identity", 1, "bool"),
        ("identity", None, "bool"),
    ],
)
def test_refusals(field, value, rule):
    shown = {"list": "list", "tuple": "3"}.get(type(value).__name__, repr(value))
    refuses(lambda: Level(**{field: value}), field, rule, "got", shown)


@pytest.mark.parametrize("field", ["world", "steps"])
def test_where_and_how_long_it_is_trained_is_not_part_of_a_level(field):
    with pytest.raises(TypeError, match=field):
        Level(**{field: 100})
