"""Columns of sensors by name, on models with known sensors."""

import pickle

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from hierax.worlds.mujoco.mujoco_world import SensorColumns
from refusals import refuses


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
def test_columns_are_in_the_order_of_the_names(names, columns):
    found = COLUMNS(*names)
    assert found.tolist() == columns
    assert np.arange(8.0)[found].tolist() == columns


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("gyro", ("'gyro'", "'angle', 'place', 'turn'")),
        *(
            (f"{sensor}.{suffix}", (f"'{sensor}.{suffix}'", "x, y or z", repr(suffix), f"{size}"))
            for sensor, suffix, size in (
                ("place", "w", 3), ("place", "xy", 3), ("place", "", 3),
                ("angle", "z", 1), ("angle", "x", 1), ("turn", "x", 4),
            )
        ),
    ],
)  # fmt: skip
def test_unknown_sensors_and_suffixes_are_refused(name, parts):
    refuses(lambda: COLUMNS(name), *parts)


def test_a_model_without_sensors_has_no_columns():
    refuses(lambda: SensorColumns(model_with())("place"), "'place'", "none")


@pytest.mark.parametrize("names", [("place",), ("angle", "place"), ("turn", "angle"), ()])
def test_a_reader_reads_the_columns_with_numpy_and_jax(names):
    given, read = np.arange(16.0).reshape(2, 8), pickle.loads(pickle.dumps(COLUMNS.reader(*names)))
    expected = given[:, COLUMNS(*names)]
    np.testing.assert_array_equal(read(given), expected)
    np.testing.assert_array_equal(jax.jit(lambda x: read(x))(jnp.asarray(given)), expected)
