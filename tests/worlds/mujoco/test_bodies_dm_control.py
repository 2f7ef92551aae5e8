"""Bodies compared with those of dm_control: parameters, and a step from the same state."""

import warnings

import mujoco
import numpy as np
import pytest

from hierax.worlds.mujoco.bodies import BODIES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # its dependencies warn of their own age
]
SUBSTEPS, STATES = 10, 20
SAME_STEP = 1e-9  # of positions up to 2 and velocities up to 30
ROUNDING = 1e-12
COUNTS = ("nq", "nv", "nu", "na", "nbody", "ngeom", "neq", "ntendon", "nexclude", "njnt")
NUMBERS = (
    "body_mass", "body_inertia", "body_ipos", "body_iquat",
    "geom_pos", "geom_type", "geom_quat", "geom_friction", "geom_condim", "geom_contype",
    "geom_conaffinity", "geom_margin", "geom_gap", "geom_solmix", "geom_solref", "geom_solimp",
    "jnt_type", "jnt_pos", "jnt_axis", "jnt_limited", "jnt_range", "jnt_solref", "jnt_solimp",
    "jnt_stiffness", "dof_armature", "dof_damping", "dof_frictionloss",
    "actuator_trntype", "actuator_trnid", "actuator_gear", "actuator_ctrlrange",
    "actuator_ctrllimited", "actuator_dyntype", "actuator_dynprm", "actuator_gainprm",
    "actuator_biasprm", "eq_type", "eq_data", "eq_solref", "eq_solimp",
    "tendon_stiffness", "tendon_damping", "tendon_length0", "wrap_type", "wrap_objid", "wrap_prm",
)  # fmt: skip


@pytest.fixture(scope="module")
def theirs():
    """Return dm_control's compiled models by our names."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("MUJOCO_GL", "disabled")  # nothing is drawn
        pytest.importorskip("dm_control", reason="dm_control is not installed")
        from dm_control import mjcf
        from dm_control.locomotion import arenas, walkers
        from dm_control.suite import common, quadruped

        models = {}
        for name, walker in (("ball", walkers.RollingBallWithHead()), ("ant", walkers.Ant())):
            floor = arenas.Floor(size=(8, 8))
            walker.create_root_joints(floor.attach(walker))
            models[name] = mjcf.Physics.from_mjcf_model(floor.mjcf_model).model.ptr
        models["quadruped"] = mujoco.MjModel.from_xml_string(
            quadruped.make_model().decode(), common.ASSETS
        )
        models["humanoid"] = mujoco.MjModel.from_xml_string(
            common.read_model("humanoid.xml").decode(), common.ASSETS
        )
    for model in models.values():
        _set_options(model.opt)
    return models


def ours(name, floor):
    """Return our body on a floor with the contact parameters of ``floor``."""
    spec = mujoco.MjSpec()
    spec.worldbody.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[8, 8, 1],
        solref=floor.solref, solimp=floor.solimp,
    )  # fmt: skip
    BODIES[name].add(spec)
    model = spec.compile()
    _set_options(model.opt)
    return model


def _set_options(option):
    option.timestep, option.cone = 0.005, mujoco.mjtCone.mjCONE_ELLIPTIC
    option.noslip_iterations, option.noslip_tolerance = 5, 0.0


@pytest.mark.parametrize("name", BODIES)
def test_masses_shapes_joints_and_actuators_equal_those_of_dm_control(theirs, name):
    reference = theirs[name]
    model = ours(name, reference.geom(0))
    for count in COUNTS:
        assert getattr(model, count) == getattr(reference, count), count
    for number in NUMBERS:
        np.testing.assert_allclose(
            getattr(model, number), getattr(reference, number), atol=ROUNDING, err_msg=number
        )
    np.testing.assert_allclose(model.geom_size[1:], reference.geom_size[1:], atol=ROUNDING)


@pytest.mark.parametrize("name", BODIES)
def test_a_step_of_control_equals_that_of_dm_control(theirs, name):
    reference = theirs[name]
    pair = [(model, mujoco.MjData(model)) for model in (ours(name, reference.geom(0)), reference)]
    rng, touched = np.random.default_rng(0), 0
    for _ in range(STATES):
        qpos = BODIES[name].standing_qpos(*rng.uniform(-1.0, 1.0, 3))
        qpos[2] += rng.uniform(-0.01, 0.02)  # in the ground or above it, not at its very surface
        qpos[7:] += rng.uniform(-0.2, 0.2, len(qpos[7:]))
        qvel, ctrl = rng.normal(size=reference.nv), rng.uniform(*reference.actuator_ctrlrange.T)
        act = rng.uniform(-0.5, 0.5, reference.na)
        for model, data in pair:
            mujoco.mj_resetData(model, data)
            data.qpos[:], data.qvel[:], data.ctrl[:], data.act[:] = qpos, qvel, ctrl, act
            mujoco.mj_step(model, data, SUBSTEPS)
        (_, data), (_, expected) = pair
        np.testing.assert_allclose(data.qpos, expected.qpos, rtol=0, atol=SAME_STEP)
        np.testing.assert_allclose(data.qvel, expected.qvel, rtol=0, atol=SAME_STEP)
        np.testing.assert_allclose(data.act, expected.act, rtol=0, atol=SAME_STEP)
        touched += data.ncon > 0
    assert touched >= 3
