"""Worlds of MuJoCo whose physics is a JAX function too (MJX), for accelerators.

What a world is beside its physics are functions of arrays, the same here as on the host. On a CPU
the host is faster by far, and has nothing to compile.
"""

import contextlib
import dataclasses
import io
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import WorldSpec
from hierax.worlds.mujoco.batch import MujocoBatch
from hierax.worlds.mujoco.engine import ROW
from hierax.worlds.mujoco.vision import VISION
from hierax.worlds.mujoco.world import Array, Memory, MujocoWorld, Readings
from hierax.worlds.world import Key, Timestep


class MjxState(NamedTuple):
    """One environment between two steps.

    Attributes:
        row: ``(size,)``, the physics, as in `hierax.worlds.mujoco.engine.Physics`.
        sensors: ``(nsensordata,)``.
        memory: of the episode.
        steps: ``()`` of the episode so far.
    """

    row: Array
    sensors: Array
    memory: Memory
    steps: Array


@dataclasses.dataclass(frozen=True)
class MjxWorld:
    """A world of MuJoCo as a `hierax.worlds.World` that runs where JAX does, physics and all.

    ``FunctionalBatch(MjxWorld(make("AntMaze-v0")), 4096)`` is 4096 of its environments.
    Nothing of the task differs from that of `hierax.worlds.mujoco.MujocoBatch`; what does is physics:

    | | here | there |
    |---|---|---|
    | numbers | 32 bits, as JAX has them by default | 64 bits |
    | iterations against slip | none: what pushes creeps a little | five, in mazes none |
    | contacts | MJX's own, sought for every pair of geoms | sought where geoms are near |
    | beginnings | drawn from ``beginnings`` that the host made once | each anew |
    | out of hand | states become NaN, and nothing is raised | ``UnstableError`` |

    So the first steps agree to some digits, and an episode in kind.

    Attributes:
        world: made by `hierax.worlds.make`; its model's options are those of when this is made.
        beginnings: how many different episodes there are.
        seed: of the beginnings.

    Raises:
        ImportError: where mujoco-mjx is not installed, which the extra ``gpu`` brings.
        ValueError: where the model has something that MJX lacks, the world shows pictures that
            the host draws, or a number is out of range.
    """

    world: MujocoWorld
    beginnings: int = 1_024
    seed: int = 0

    def __post_init__(self) -> None:
        checks.instance("world", self.world, MujocoWorld)
        checks.count("beginnings", self.beginnings, 1)
        checks.count("seed", self.seed, 0)
        if VISION in self.spec.views:
            raise ValueError(
                f"{self.spec.name} shows {VISION.name!r}, which the host draws: take "
                "FunctionalMujoco, or a world without it"
            )
        _ = self._compiled  # what is wrong is said here, and arrays are made outside of `jit`

    @property
    def spec(self) -> WorldSpec:
        """That of the world, as a functional one."""
        return dataclasses.replace(self.world.spec, stepped="jit")

    def reset(self, key: Key) -> tuple[MjxState, Timestep]:
        """Begins one of the episodes."""
        number = jax.random.randint(key, (), 0, self.beginnings)
        state = jax.tree.map(lambda rows: jnp.asarray(rows)[number], self._begun)
        no = jnp.zeros((), bool)
        still = jnp.zeros(self.spec.action.shape)
        return state, Timestep(self._seen(state, still), jnp.zeros((), jnp.float32), no, no)

    def step(self, state: MjxState, action: jax.Array, key: Key) -> tuple[MjxState, Timestep]:
        """Takes one step; ``key`` is not needed."""
        chosen = jnp.clip(action, -1.0, 1.0)
        row, sensors = self._moved(state.row, chosen)
        now = MjxState(row, sensors, state.memory, state.steps + 1)
        verdict = self.world.judge(self._readings(state, chosen), self._readings(now, chosen))
        kept = {
            name: jnp.asarray(values[0], state.memory[name].dtype)
            for name, values in verdict.memory.items()
        }
        now = now._replace(memory=kept)
        reward, terminated, success = (
            jnp.asarray(values[0], kind)
            for values, kind in zip(verdict[:3], (jnp.float32, bool, bool), strict=True)
        )
        return now, Timestep(self._seen(now, chosen), reward, terminated, success)

    def _moved(self, row: jax.Array, chosen: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Physics and sensors after a step, see `hierax.worlds.mujoco.engine`."""
        mjx, (model, data) = _mjx(), self._compiled
        low, high = self.world.model.actuator_ctrlrange.T
        control = (low + high) / 2.0 + (high - low) / 2.0 * chosen
        data = mjx.set_state(model, data, row, ROW).replace(ctrl=control)

        def substep(data: Any, _: None) -> tuple[Any, None]:
            return mjx.step(model, data), None

        data, _ = jax.lax.scan(substep, data, length=self.world.substeps)
        for bring in (mjx.kinematics, mjx.com_pos, mjx.com_vel, mjx.sensor_pos, mjx.sensor_vel):
            data = bring(model, data)
        return mjx.get_state(model, data, ROW), data.sensordata

    def _seen(self, state: MjxState, action: jax.Array) -> dict[str, jax.Array]:
        seen = self.world.observe(self._readings(state, action))
        return {view.name: jnp.asarray(seen[view.name][0], view.dtype) for view in self.spec.views}

    def _readings(self, state: MjxState, action: jax.Array) -> Readings:
        """Of a batch of one."""
        model = self.world.model
        first, middle, last = 1, 1 + model.nq, 1 + model.nq + model.nv
        row, sensors, memory, steps = jax.tree.map(lambda leaf: leaf[None], state)
        qpos, qvel = row[:, first:middle], row[:, middle:last]
        return Readings(qpos, qvel, sensors, action[None], steps, memory)

    @cached_property
    def _compiled(self) -> tuple[Any, Any]:
        """The model, and data without a state."""
        mjx, model = _mjx(), self.world.model
        try:
            return mjx.put_model(model, impl="jax"), mjx.make_data(model, impl="jax")
        except NotImplementedError as error:
            raise ValueError(
                f"{self.spec.name} has something that MJX lacks ({error}): step it from the host, "
                "by its batch or as FunctionalMujoco"
            ) from None

    @cached_property
    def _begun(self) -> MjxState:
        """All beginnings, NumPy arrays with a leading axis."""
        batch = MujocoBatch(self.world, self.beginnings)
        batch.reset(self.seed)
        (row, sensors), memory, timestep = batch.now
        return MjxState(row, sensors, dict(memory), timestep.episode_length)


def _mjx() -> ModuleType:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints that there is no warp
            from mujoco import mjx
    except ImportError:
        raise ImportError(
            "mujoco-mjx is not installed; run pip install 'hierax[gpu]', or step the world from "
            "the host, by its batch or as FunctionalMujoco"
        ) from None
    return mjx
