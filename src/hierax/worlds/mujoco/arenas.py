"""Empty arenas: physics settings, a floor, light, and walls around a room."""

from collections.abc import Sequence

import mujoco

CELL = 2.0
"""Edge of a cell of a room (m)."""
WALL_HEIGHT = 2.0
WALL_COLOUR = (0.60, 0.64, 0.71, 1.0)
_SUN = (0.35, 0.45, -1.0)
_LIGHT, _DARK, _HAZE = [0.93, 0.92, 0.90], [0.86, 0.85, 0.82], [0.90, 0.92, 0.94]


def plane() -> mujoco.MjSpec:
    """Return an infinite floor with light, and the solver of `set_solver`."""
    spec = mujoco.MjSpec()
    set_solver(spec)
    add_ground(spec, CELL / 2.0)
    return spec


def set_solver(spec: mujoco.MjSpec) -> None:
    """Set the solver as dm_control's composer does: elliptic cones, five noslip iterations."""
    spec.compiler.boundmass, spec.compiler.boundinertia = 1e-5, 1e-11
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.noslip_iterations, spec.option.noslip_tolerance = 5, 0.0


def add_ground(spec: mujoco.MjSpec, tile: float) -> None:
    """Add a floor with tiles of edge ``tile`` (m), a sky and a directional light."""
    visual = spec.visual
    visual.headlight.ambient, visual.headlight.diffuse = [0.40] * 3, [0.20] * 3
    visual.headlight.specular = [0.0] * 3
    spec.stat.extent = reach = 24.0 * tile  # range of shadows; unit of the next two
    visual.map.znear, visual.map.zfar = 0.001, 8.0
    visual.rgba.haze = [*_HAZE, 1.0]
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, width=64, height=64,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT, rgb1=[0.62, 0.73, 0.84], rgb2=_HAZE,
    )  # fmt: skip
    spec.add_texture(
        name="floor", type=mujoco.mjtTexture.mjTEXTURE_2D, width=128, height=128,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER, rgb1=_LIGHT, rgb2=_DARK,
    )  # fmt: skip
    repeat = 0.5 / tile  # the texture is two tiles wide
    material = spec.add_material(
        name="floor", texuniform=True, texrepeat=[repeat, repeat], specular=0.0
    )
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, dir=_SUN,
        pos=[-reach * along for along in _SUN],
        diffuse=[0.48] * 3, specular=[0.15] * 3, castshadow=True,
    )  # fmt: skip
    spec.worldbody.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.25], material="floor"
    )


def room(cells: int) -> mujoco.MjSpec:
    """Return a room of ``cells`` x ``cells`` cells about the origin, with walls one cell thick."""
    half = cells * CELL / 2.0
    spec = plane()
    reach, middle = half + CELL, half + CELL / 2.0
    for name, x, y, long, wide in (
        ("east", middle, 0.0, CELL / 2.0, reach), ("west", -middle, 0.0, CELL / 2.0, reach),
        ("north", 0.0, middle, half, CELL / 2.0), ("south", 0.0, -middle, half, CELL / 2.0),
    ):  # fmt: skip
        centre, half = (x, y, WALL_HEIGHT / 2.0), (long, wide, WALL_HEIGHT / 2.0)
        add_box_geom(spec.worldbody, f"wall_{name}", centre, half, WALL_COLOUR)
    return spec


def add_box_geom(
    body: mujoco.MjsBody,
    name: str,
    centre: Sequence[float],
    half: Sequence[float],
    colour: Sequence[float],
) -> mujoco.MjsGeom:
    """Add and return a box along the axes of ``body``, with edges of twice ``half`` (m)."""
    return body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX, pos=centre, size=half, rgba=colour
    )
