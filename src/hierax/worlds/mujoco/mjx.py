"""MuJoCo worlds with physics in JAX (MJX), for accelerators.

Observations, rewards and terminations use the same functions as on the host. On a CPU the host
batches are much faster and need no compilation.
"""

import contextlib
import dataclasses
import io
from functools import cached_property
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.spec import WorldSpec
from hierax.worlds.mujoco.batch import MujocoBatch
from hierax.worlds.mujoco.mujoco_world import Data, MujocoState, MujocoWorld
from hierax.worlds.mujoco.physics import SIGNATURE
from hierax.worlds.mujoco.vision import VISION
from hierax.worlds.world import Key, Timestep


@dataclasses.dataclass(frozen=True)
class MjxWorld:
    """A MuJoCo world as a functional world whose physics runs in JAX.

    ``FunctionalBatch(MjxWorld(make("AntMaze-v0")), 4096)`` has 4096 environments. The task is the
    same as in `hierax.worlds.mujoco.MujocoBatch`; the physics differs:

    | | `MjxWorld` | `MujocoBatch` |
    |---|---|---|
    | precision | 32 bits, JAX's default | 64 bits |
    | ``noslip`` iterations | none, so contacts creep slightly | five; in mazes none |
    | contacts | MJX's own, computed for every pair of geoms | computed where geoms are near |
    | initial states | one of ``initial_states``, made once on the host | drawn for each episode |
    | unstable physics | states become NaN without an error | ``UnstableError`` |

    The first steps therefore agree to some digits; long trajectories diverge.

    Attributes:
        world: made by `hierax.worlds.make`. Later changes of its model's options have no effect.
        initial_states: number of different initial states.
        seed: seed of the initial states.

    Raises:
        ImportError: if mujoco-mjx is not installed (the extra ``gpu``).
        ValueError: if MJX does not support the model, the world has the view ``"vision"``, or a
            number is out of range.
    """

    world: MujocoWorld
    initial_states: int = 1_024
    seed: int = 0

    def __post_init__(self) -> None:
        checks.instance("world", self.world, MujocoWorld)
        checks.count("initial_states", self.initial_states, 1)
        checks.count("seed", self.seed, 0)
        if VISION in self.spec.views:
            raise ValueError(
                f"world must not have the view {VISION.name!r}, which only the host renders, got "
                f"{self.spec.name}; use FunctionalMujoco, or a world without this view"
            )
        _ = self._compiled  # raises errors here, and makes the arrays outside of `jit`

    @property
    def spec(self) -> WorldSpec:
        """Description of the world for agents, as a functional one."""
        return dataclasses.replace(self.world.spec, stepped="jit")

    def reset(self, key: Key) -> tuple[MujocoState, Timestep]:
        """Begin an episode in one of the initial states."""
        number = jax.random.randint(key, (), 0, self.initial_states)
        state = jax.tree.map(lambda leaf: jnp.asarray(leaf)[number], self._initial_states)
        no = jnp.zeros((), bool)
        action = jnp.zeros(self.spec.action.shape)
        return state, Timestep(self._observe(state, action), jnp.zeros((), jnp.float32), no, no)

    def step(self, state: MujocoState, action: jax.Array, key: Key) -> tuple[MujocoState, Timestep]:
        """Take one step; ``key`` is not used."""
        chosen = jnp.clip(action, -1.0, 1.0)
        moved = MujocoState(*self._move(state.mjstate, chosen), state.steps + 1, state.task_state)
        result = self.world.reward_and_termination(
            self._data(state, chosen), self._data(moved, chosen)
        )
        task_state = {
            name: jnp.asarray(values[0], state.task_state[name].dtype)
            for name, values in result.task_state.items()
        }
        moved = moved._replace(task_state=task_state)
        reward, terminated, success = (
            jnp.asarray(values[0], dtype)
            for values, dtype in zip(result[:3], (jnp.float32, bool, bool), strict=True)
        )
        return moved, Timestep(self._observe(moved, chosen), reward, terminated, success)

    def _move(self, mjstate: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return state vector and sensor data after a step, as `Physics.step` on the host."""
        mjx, (model, data) = _mjx(), self._compiled
        low, high = self.world.model.actuator_ctrlrange.T
        control = (low + high) / 2.0 + (high - low) / 2.0 * action
        data = mjx.set_state(model, data, mjstate, SIGNATURE).replace(ctrl=control)

        def substep(data: Any, _: None) -> tuple[Any, None]:
            return mjx.step(model, data), None

        data, _ = jax.lax.scan(substep, data, length=self.world.substeps)
        for update in (mjx.kinematics, mjx.com_pos, mjx.com_vel, mjx.sensor_pos, mjx.sensor_vel):
            data = update(model, data)
        return mjx.get_state(model, data, SIGNATURE), data.sensordata

    def _observe(self, state: MujocoState, action: jax.Array) -> dict[str, jax.Array]:
        found = self.world.observe(self._data(state, action))
        return {view.name: jnp.asarray(found[view.name][0], view.dtype) for view in self.spec.views}

    def _data(self, state: MujocoState, action: jax.Array) -> Data:
        """Return the data of a batch of one environment."""
        return self.world.data(jax.tree.map(lambda leaf: leaf[None], state), action[None])

    @cached_property
    def _compiled(self) -> tuple[Any, Any]:
        """MJX's model and data."""
        mjx, model = _mjx(), self.world.model
        try:
            return mjx.put_model(model, impl="jax"), mjx.make_data(model, impl="jax")
        except NotImplementedError as error:
            raise ValueError(
                f"the model of {self.spec.name} must be supported by MJX, got: {error}; step the "
                "world from the host, as a batch or as FunctionalMujoco"
            ) from None

    @cached_property
    def _initial_states(self) -> MujocoState:
        """All initial states: NumPy arrays with a leading axis."""
        batch = MujocoBatch(self.world, self.initial_states)
        batch.reset(self.seed)
        return batch.state._replace(task_state=dict(batch.state.task_state))


def _mjx() -> ModuleType:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints that warp is missing
            from mujoco import mjx
    except ImportError:
        raise ImportError(
            "mujoco-mjx is not installed; run pip install 'hierax[gpu]', or step the world from "
            "the host, as a batch or as FunctionalMujoco"
        ) from None
    return mjx
