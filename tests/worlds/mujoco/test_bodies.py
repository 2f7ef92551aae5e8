"""Bodies compared with published numbers, and proprioception under rotation and translation."""

import math

import mujoco
import numpy as np
import pytest

from hierax.worlds.mujoco.bodies import BODIES, body_named
from hierax.worlds.mujoco.bodies.body import UP, add_geom_position_sensors, yaw_quaternion
from hierax.worlds.mujoco.bodies.maze_ant import MazeAnt
from hierax.worlds.mujoco.mujoco_world import SensorColumns
from refusals import refuses

FALLING = [name for name in BODIES if name != "ball"]
LEGS = ("front left", "front right", "back right", "back left")
PUBLISHED = {  # mass (kg), positions, velocities, actuators, activations, numbers felt
    "ball": (22.0, 5, 5, 2, 0, 10),
    "ant": (12.3813, 15, 14, 8, 0, 41),
    "quadruped": (107.1179, 23, 22, 12, 12, 57),
    "humanoid": (40.8440, 28, 27, 21, 0, 67),
}


def compiled(body):
    """Return the model of a body on a floor with isotropic friction."""
    spec = mujoco.MjSpec()
    spec.option.timestep, spec.option.cone = 0.005, mujoco.mjtCone.mjCONE_ELLIPTIC
    body.add(spec)
    spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[8, 8, 1])
    add_geom_position_sensors(spec, getattr(body, "geoms", ()))
    return spec.compile()


MODELS = {name: compiled(body) for name, body in BODIES.items()}


def at(name, qpos):
    model = MODELS[name]
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_forward(model, data)
    return data


def felt(name, data):
    return data.sensordata[SensorColumns(MODELS[name])(*BODIES[name].proprioception)]


@pytest.mark.parametrize("name", BODIES)
def test_masses_and_sizes_are_the_published_numbers(name):
    model = MODELS[name]
    mass, *counts, numbers = PUBLISHED[name]
    np.testing.assert_allclose(model.body_mass.sum(), mass, atol=1e-4)
    assert [model.nq, model.nv, model.nu, model.na] == counts
    assert len(SensorColumns(model)(*BODIES[name].proprioception)) == numbers


def test_gears_are_the_published_numbers():
    assert MODELS["ball"].actuator_gear[:, 0].tolist() == [-50, 30]
    assert MODELS["ant"].actuator_gear[:, 0].tolist() == [75] * 8
    leg, arm = [40, 40, 120, 80, 20, 20], [20, 20, 40]
    humanoid = MODELS["humanoid"].actuator_gear[:, 0].tolist()
    assert humanoid == [40] * 3 + leg + leg + arm + arm
    quadruped = MODELS["quadruped"]
    assert quadruped.actuator_gainprm[:, 0].tolist() == [1000] * 12
    assert quadruped.actuator_biasprm[:, :3].tolist() == [[0, -1000, 0]] * 12
    assert quadruped.actuator_dynprm[:, 0].tolist() == [0.1] * 12


def test_only_the_quadruped_has_asymmetric_control_ranges():
    for name in ("ball", "ant", "humanoid"):
        model = MODELS[name]
        assert model.actuator_ctrlrange.tolist() == [[-1, 1]] * model.nu
    leg = [[-1, 1], [-1, 1.1], [-0.8, 0.8]]
    assert MODELS["quadruped"].actuator_ctrlrange.tolist() == leg * 4
    assert all(model.actuator_ctrllimited.all() for model in MODELS.values())


def test_joints_are_limited_to_the_published_ranges():
    ranges = {name: np.degrees(model.jnt_range[1:]) for name, model in MODELS.items()}
    limits = np.degrees([0.52359, 0.34906] * 4)
    np.testing.assert_allclose(ranges["ant"], np.stack([-limits, limits], axis=1))
    np.testing.assert_allclose(
        ranges["quadruped"], [[-50, 50], [-20, 60], [-60, 50], [-45, 55]] * 4
    )
    trunk, foot = [[-45, 45], [-75, 30], [-35, 35]], [[-160, 2], [-50, 50], [-50, 50]]
    right = [[-25, 5], [-60, 35], [-110, 20], *foot]
    left = [[-25, 5], [-60, 35], [-120, 20], *foot]
    arms = [[-85, 60], [-85, 60], [-90, 50], [-60, 85], [-60, 85], [-90, 50]]
    np.testing.assert_allclose(ranges["humanoid"], trunk + right + left + arms, atol=1e-12)
    for name in FALLING:
        assert MODELS[name].jnt_limited.tolist() == [False] + [True] * (MODELS[name].njnt - 1)


@pytest.mark.parametrize("name", BODIES)
def test_all_geoms_except_the_eyes_count_as_the_body(name):
    model = MODELS[name]
    geoms = {model.geom(number).name for number in range(model.ngeom)}
    assert geoms - {"floor", "right eye", "left eye"} == set(BODIES[name].geoms)
    data = at(name, BODIES[name].standing_qpos(0.7, -0.4, 1.0))
    place = SensorColumns(model)(*(f"{geom} position" for geom in BODIES[name].geoms))
    expected = [data.geom(geom).xpos for geom in BODIES[name].geoms]
    np.testing.assert_array_equal(data.sensordata[place], np.concatenate(expected))


@pytest.mark.parametrize("yaw", [0.0, 1.0, -2.5])
@pytest.mark.parametrize("name", BODIES)
def test_a_standing_body_is_upright_at_its_position_and_faces_along_its_yaw(name, yaw):
    data = at(name, BODIES[name].standing_qpos(0.5, -1.5, yaw))
    torso = data.body(BODIES[name].torso)
    np.testing.assert_allclose(torso.xpos[:2], [0.5, -1.5], atol=1e-12)
    np.testing.assert_allclose(
        data.sensordata[SensorColumns(MODELS[name])(*UP)], [0, 0, 1], atol=1e-12
    )
    ahead = -data.cam("egocentric").xmat.reshape(3, 3)[:, 2]
    assert math.hypot(*ahead[:2]) > 0.9
    np.testing.assert_allclose(math.atan2(ahead[1], ahead[0]), yaw, atol=1e-6)


@pytest.mark.parametrize("name", BODIES)
def test_a_standing_body_is_at_most_a_centimetre_above_the_ground(name):
    standing = BODIES[name].standing_qpos(0.0, 0.0, 0.0)
    raised, sunk = standing.copy(), standing.copy()
    raised[2] += 1e-6
    sunk[2] -= 0.0101
    assert at(name, raised).ncon == 0
    assert at(name, sunk).ncon > 0


def test_positions_of_feet_of_a_standing_body():
    model, ant = MODELS["ant"], at("ant", BODIES["ant"].standing_qpos(3.0, 2.0, 1.2))
    feet = SensorColumns(model)(*(f"{leg} foot from torso" for leg in LEGS))
    expected = [[0.4, 0.4, 0], [0.4, -0.4, 0], [-0.4, -0.4, 0], [-0.4, 0.4, 0]]
    np.testing.assert_allclose(ant.sensordata[feet].reshape(4, 3), expected, atol=1e-12)
    model, animal = (
        MODELS["quadruped"],
        at("quadruped", BODIES["quadruped"].standing_qpos(3, 2, 1.2)),
    )
    toes = SensorColumns(model)(*(f"{leg} toe from torso" for leg in LEGS))
    out = 0.2 + 0.55 * math.sqrt(0.5)
    expected = [[x * out, y * out, -0.44] for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    np.testing.assert_allclose(animal.sensordata[toes].reshape(4, 3), expected, atol=1e-12)


@pytest.mark.parametrize("name", BODIES)
def test_proprioception_does_not_depend_on_position_or_heading(name):
    model, here, there = MODELS[name], (0.0, 0.0, 0.0), (3.0, -2.0, 2.2)
    rng = np.random.default_rng(0)
    bent = rng.uniform(-0.1, 0.1, model.nq)
    bent[:7] = 0.0
    controls = rng.uniform(*model.actuator_ctrlrange.T, (20, model.nu))
    told, places, touched = [], [], False
    for pose in (here, there):
        data = at(name, BODIES[name].standing_qpos(*pose) + bent)
        steps = []
        for control in controls:
            data.ctrl[:] = control
            mujoco.mj_step(model, data, 2)
            steps.append(felt(name, data).copy())
            touched |= data.ncon > 0
        told.append(np.array(steps))
        places.append(data.body(BODIES[name].torso).xpos[:2].copy())
    assert touched
    assert np.linalg.norm(places[0] - places[1]) > 1.0
    assert np.abs(told[0][-1] - told[0][0]).max() > 0.1
    np.testing.assert_allclose(told[0], told[1], atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("name", FALLING)
def test_proprioception_has_the_upward_direction(name):
    upside_down = BODIES[name].standing_qpos(0.0, 0.0, 0.7)
    upside_down[2:7] = 5.0, 0.0, math.cos(0.35), math.sin(0.35), 0.0
    tilted = BODIES[name].standing_qpos(0.0, 0.0, 0.0)
    tilted[3:7] = math.cos(0.2), 0.0, math.sin(0.2), 0.0  # its nose down
    up = SensorColumns(MODELS[name])(*UP)
    assert at(name, upside_down).sensordata[up][2] < -0.99
    expected = [-math.sin(0.4), 0.0, math.cos(0.4)]
    np.testing.assert_allclose(at(name, tilted).sensordata[up], expected, atol=1e-12)


def test_activations_are_part_of_the_state_of_the_quadruped():
    model, states = MODELS["quadruped"], []
    for activation in (0.0, 0.5):
        data = at("quadruped", BODIES["quadruped"].standing_qpos(0.0, 0.0, 0.0))
        data.act[:] = activation
        mujoco.mj_step(model, data, 10)
        states.append(data.qpos.copy())
    assert np.abs(states[0] - states[1])[7:].max() > 0.1


def test_pitch_knee_and_ankle_of_the_quadruped_sum_to_0():
    model = MODELS["quadruped"]
    data = at("quadruped", BODIES["quadruped"].standing_qpos(0.0, 0.0, 0.0))
    for control in np.random.default_rng(0).uniform(*model.actuator_ctrlrange.T, (30, 12)):
        data.ctrl[:] = control
        mujoco.mj_step(model, data, 10)
    angles = data.qpos[7:].reshape(4, 4)[:, 1:]
    assert np.abs(angles).max() > 0.2
    assert np.abs(angles.sum(1)).max() < 0.05


def test_an_unknown_body_is_refused():
    for name in ("swan", ["ball"], None):
        known = "'ball', 'ant', 'quadruped', 'humanoid'"
        refuses(lambda name=name: body_named(name), "body", f"one of {known}", repr(name))
    assert body_named("ant") is BODIES["ant"]


def test_the_ant_of_the_mazes_has_the_published_numbers():
    model = compiled(MazeAnt())
    np.testing.assert_allclose(model.body_mass.sum(), 0.911, atol=1e-3)
    assert [model.nq, model.nv, model.nu] == [15, 14, 8]
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_RK4
    assert model.actuator_ctrlrange.tolist() == [[-30, 30]] * 8
    assert model.actuator_gear[:, 0].tolist() == [1] * 8
    order = [model.joint(number).name for number in model.actuator_trnid[:, 0]]
    assert order == [f"{leg} {joint}" for leg in "4123" for joint in ("hip", "ankle")]
    hip, forward, backward = [-30, 30], [30, 70], [-70, -30]
    expected = [hip, forward, hip, backward, hip, backward, hip, forward]
    np.testing.assert_allclose(np.degrees(model.jnt_range[1:]), expected)
    axis, diagonal = np.array([[0, 0, 1.0]] * 8), math.sqrt(0.5)
    axis[1::4], axis[3::4] = [-diagonal, diagonal, 0], [diagonal, diagonal, 0]
    np.testing.assert_allclose(model.jnt_axis[1:], axis)
    assert model.dof_armature.tolist() == model.dof_damping.tolist() == [0] * 6 + [1] * 8


@pytest.mark.parametrize(("stiff", "softness"), [(False, 0.8), (True, 0.995)])
def test_walls_have_the_contact_parameters_of_the_ant_of_the_mazes(stiff, softness):
    spec = mujoco.MjSpec()
    MazeAnt(stiff).add(spec)
    spec.worldbody.add_geom(name="wall", size=[1, 0, 0])
    model = spec.compile()
    assert model.geom_solimp[:, :3].tolist() == [[softness, softness, 0.01]] * 14
    assert model.geom_friction.tolist() == [[1, 0.5, 0.5]] * 14
    assert model.geom_margin.tolist() == [0.01] * 14
    assert model.geom("wall").conaffinity == 1
    assert not model.geom_conaffinity[model.geom_bodyid > 0].any()


def test_legs_of_the_ant_of_the_mazes_are_on_their_diagonals():
    model = compiled(MazeAnt())
    data = mujoco.MjData(model)
    data.qpos[:] = MazeAnt().standing_qpos(2.0, 1.0, 0.0)
    mujoco.mj_forward(model, data)
    assert data.body("torso_body").xpos.tolist() == [2.0, 1.0, 0.75]
    for leg, x, y in (("1", 1, 1), ("2", -1, 1), ("3", -1, -1), ("4", 1, -1)):
        middle = np.array([2.0, 1.0, 0.75]) + 0.6 * np.array([x, y, 0])
        np.testing.assert_allclose(data.geom(f"{leg} shin").xpos, middle, atol=1e-12)
        # Between its limits every ankle bends its foot down.
        data.joint(f"{leg} ankle").qpos[0] = np.mean(model.joint(f"{leg} ankle").range)
    mujoco.mj_forward(model, data)
    drop = 0.4 * math.sqrt(0.5) * math.sin(math.radians(50))
    for leg in "1234":
        np.testing.assert_allclose(data.geom(f"{leg} shin").xpos[2], 0.75 - drop, atol=1e-12)


def test_yaw_quaternion_rotates_about_the_vertical():
    np.testing.assert_allclose(yaw_quaternion(math.pi / 2), [math.sqrt(0.5), 0, 0, math.sqrt(0.5)])
