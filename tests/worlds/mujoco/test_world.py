"""SensorColumns of sensors by name, on models whose sensors are known."""

import re

import mujoco
import numpy as np
import pytest

from hierax.worlds.mujoco.world import SensorColumns


def model_with(*sensors):
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body(name="body")
    body.add_joint(name="hinge", axis=[0, 0, 1])
    body.add_geom(size=[0.1, 0, 0])
    kind, of = mujoco.mjtSensor, mujoco.mjtObj
    known = {
        "angle": {"type": kind.mjSENS_JOINTPOS, "objtype": of.mjOBJ_JOINT, "objname": "hinge"},
        "place": {"type": kind.mjSENS_FRAMEPOS, "objtype": of.mjOBJ_XBODY, "objname": "body"},
        "turn": {"type": kind.mjSENS_FRAMEQUAT, "objtype": of.mjOBJ_XBODY, "objname": "body"},
    }
    for sensor in sensors:
        spec.add_sensor(name=sensor, **known[sensor])
    return spec.compile()


COLUMNS = SensorColumns(model_with("angle", "place", "turn"))


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (("turn", "angle"), [4, 5, 6, 7, 0]),
        (("place.x", "place.y", "place.z"), [1, 2, 3]),
        (("place", "place.y"), [1, 2, 3, 2]),
        ((), []),
    ],
)
def test_columns_are_those_of_the_sensors_in_the_order_of_their_names(names, columns):
    found = COLUMNS(*names)
    assert found.tolist() == columns
    assert np.arange(8.0)[found].tolist() == columns


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gyro", "sensor is 'gyro', but those of the model are angle, place, turn"),
        *(
            (
                f"{sensor}.{part}",
                f"part of sensor '{sensor}.{part}' is {part!r}, but must be x, y or z of a sensor "
                f"with three numbers, and {sensor!r} has {size}",
            )
            for sensor, part, size in (
                ("place", "w", 3), ("place", "xy", 3), ("place", "", 3),
                ("angle", "z", 1), ("angle", "x", 1), ("turn", "x", 4),
            )
        ),
    ],
)  # fmt: skip
def test_what_a_sensor_has_not_is_refused(name, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        COLUMNS(name)


def test_a_model_without_sensors_has_no_columns():
    with pytest.raises(ValueError, match=r"^sensor is 'place', but those of the model are none$"):
        SensorColumns(model_with())("place")
