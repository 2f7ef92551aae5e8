"""Where bodies live: the settings of the physics, a floor, light, and walls around a room."""

import mujoco

CELL = 2.0
"""Edge of a cell of a room, in metres."""
WALL_HEIGHT = 2.0
_LIGHT, _DARK, _WALL = [0.87, 0.86, 0.83], [0.80, 0.79, 0.76], [0.55, 0.58, 0.64, 1.0]


def plane(half: float) -> mujoco.MjSpec:
    """A lit floor without end, drawn ``half`` metres to each side.

    The settings of the solver are those of dm_control's composer, whose tasks these are: elliptic
    cones of friction, and five iterations against slip.
    """
    spec = mujoco.MjSpec()
    spec.compiler.boundmass, spec.compiler.boundinertia = 1e-5, 1e-11
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.noslip_iterations, spec.option.noslip_tolerance = 5, 0.0
    spec.visual.headlight.ambient = [0.45, 0.45, 0.45]
    spec.visual.headlight.diffuse = [0.5, 0.5, 0.5]
    spec.visual.map.znear = 0.01
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, width=64, height=64,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT, rgb1=[0.93, 0.95, 0.97], rgb2=[0.6, 0.7, 0.8],
    )  # fmt: skip
    spec.add_texture(
        name="floor", type=mujoco.mjtTexture.mjTEXTURE_2D, width=128, height=128,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER, rgb1=_LIGHT, rgb2=_DARK,
    )  # fmt: skip
    material = spec.add_material(name="floor", texuniform=True, texrepeat=[1 / CELL, 1 / CELL])
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    spec.worldbody.add_light(pos=[0, 0, 12], dir=[0.2, 0.3, -1], castshadow=True)
    spec.worldbody.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[half, half, 0.25], material="floor"
    )
    return spec


def room(cells: int) -> mujoco.MjSpec:
    """A square room of ``cells`` by ``cells`` cells about the origin, with walls one cell thick."""
    half = cells * CELL / 2.0
    spec = plane(half + CELL)
    reach, middle = half + CELL, half + CELL / 2.0
    for name, x, y, long, wide in (
        ("east", middle, 0.0, CELL / 2.0, reach), ("west", -middle, 0.0, CELL / 2.0, reach),
        ("north", 0.0, middle, half, CELL / 2.0), ("south", 0.0, -middle, half, CELL / 2.0),
    ):  # fmt: skip
        spec.worldbody.add_geom(
            name=f"wall_{name}", type=mujoco.mjtGeom.mjGEOM_BOX, rgba=_WALL,
            pos=[x, y, WALL_HEIGHT / 2.0], size=[long, wide, WALL_HEIGHT / 2.0],
        )  # fmt: skip
    return spec
