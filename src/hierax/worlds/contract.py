"""The contract of worlds: `check_world` and the checks that training makes on entry.

Each error names what the world returned, in the world's own terms.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from hierax.precision import in_float32
from hierax.spec import Continuous, WorldSpec
from hierax.worlds.host import FunctionalHostWorld, stepped_from_host
from hierax.worlds.world import Timestep

_STEPS = 50
"""Random steps of `check_world`."""
_ENDS = ("terminated", "success")
_OF_A_BATCH = ("truncated", "is_step")


def check_world(world: Any) -> WorldSpec:
    """Return the spec of a world, after a check of everything that training relies on.

    Names, shapes and types of the views, rewards and ends are compared with the spec, in random
    steps of two environments. Training checks the same without a step of its own.

    Args:
        world: a functional world, or one that is stepped from the host.

    Raises:
        ValueError: if the world breaks the contract; the message names what it returned.
    """
    require_world(world)
    _require_hash(world)
    batch = (world if stepped_from_host(world) else FunctionalHostWorld(world)).batch(2)
    try:
        _require_episodes(batch)
    finally:
        batch.close()
    return world.spec


@in_float32
def require_world(world: Any) -> None:
    """Raise ValueError unless ``world`` is a world; of a functional one, check what it returns.

    No step is taken: a functional world is traced.
    """
    _require_kind(world)
    if stepped_from_host(world):
        return
    spec = world.spec
    key = jax.eval_shape(lambda: jax.random.key(0))
    state, timestep = _pair("reset()", spec, jax.eval_shape(world.reset, key))
    require_timestep(timestep, spec, (), "reset()")
    dtype = np.float32 if isinstance(spec.action, Continuous) else np.int32
    action = jax.ShapeDtypeStruct(spec.action.shape, dtype)
    after, timestep = _pair("step()", spec, jax.eval_shape(world.step, state, action, key))
    require_timestep(timestep, spec, (), "step()")
    _require_same_state(spec, state, after)


def require_timestep(timestep: Any, spec: WorldSpec, lead: tuple[int, ...], source: str) -> None:
    """Raise ValueError unless ``timestep`` has the names, shapes and types of ``spec``.

    Args:
        timestep: of one environment, or of N.
        spec: of the world.
        lead: ``()``, or ``(N,)``.
        source: of the timestep, such as ``"reset()"``.
    """
    where = f"{source} of {spec.name}"
    if not isinstance(timestep, Timestep):
        raise ValueError(f"{where} must return a Timestep, got {_shown(timestep)}")
    _require_views(timestep.observation, spec, lead, where)
    _require_array(f"reward of {where}", timestep.reward, lead, "a float", "fi")
    for name in (*_ENDS, *(_OF_A_BATCH if lead else ())):
        _require_array(f"{name} of {where}", getattr(timestep, name), lead, "bool", "b")
    if lead:
        _require_array(f"episode_return of {where}", timestep.episode_return, lead, "a float", "f")
        _require_array(f"episode_length of {where}", timestep.episode_length, lead, "int32", "i")


def _require_kind(world: Any) -> None:
    """Raise unless ``world`` has a `WorldSpec`; name what was given instead."""
    cure = None
    if isinstance(world, str):
        cure = f"the name {world!r}: use hierax.training.make_world({world!r})"
    elif isinstance(world, type):
        cure = f"the class {world.__name__}: make an instance, {world.__name__}()"
    elif isinstance(world, WorldSpec):
        cure = "its spec: give the world itself"
    elif hasattr(world, "observation_space") and hasattr(world, "action_space"):
        cure = (
            f"an environment of Gymnasium ({type(world).__name__}): use "
            "hierax.training.make_world(environment)"
        )
    elif hasattr(world, "entry_point"):
        cure = "a spec of Gymnasium: use hierax.training.make_world(spec)"
    elif not hasattr(world, "spec"):
        cure = f"{type(world).__name__}, which has no spec"
    elif not isinstance(world.spec, WorldSpec):
        cure = f"{type(world).__name__}, whose spec is {_shown(world.spec)} and no WorldSpec"
    if cure is not None:
        raise ValueError(f"world must be a world, got {cure}")


def _require_hash(world: Any) -> None:
    try:
        hash(world)
    except TypeError:
        raise ValueError(
            f"{type(world).__name__} must be hashable: use tuples in its fields, no lists or arrays"
        ) from None


def _pair(source: str, spec: WorldSpec, result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise ValueError(
            f"{source} of {spec.name} must return (state, Timestep), got {_shown(result)}"
        )
    return result


def _require_views(observation: Any, spec: WorldSpec, lead: tuple[int, ...], where: str) -> None:
    if not isinstance(observation, Mapping):
        raise ValueError(
            f"observation of {where} must be a dictionary of the views, got {_shown(observation)}"
        )
    if set(observation) != set(spec.view_names):
        raise ValueError(
            f"observation of {where} must have the views {_listed(spec.view_names)} of its spec, "
            f"got {_listed(observation)}"
        )
    for view in spec.views:
        array, shape = observation[view.name], (*lead, *view.shape)
        name = f"view {view.name!r} of {where}"
        if np.shape(array) != shape:
            raise ValueError(f"{name} must have shape {shape}, as its spec says, got {array.shape}")
        if array.dtype != view.dtype:
            raise ValueError(f"{name} must be {view.dtype}, as its spec says, got {array.dtype}")


def _require_array(name: str, array: Any, lead: tuple[int, ...], rule: str, kinds: str) -> None:
    shape, dtype = getattr(array, "shape", None), getattr(array, "dtype", None)
    if shape != lead or np.dtype(dtype).kind not in kinds:
        kind = "" if dtype is None else f" {dtype}"
        given = _shown(array) if shape is None else f"shape {shape}{kind}"
        raise ValueError(f"{name} must be {rule} of shape {lead}, got {given}")


def _require_same_state(spec: WorldSpec, before: Any, after: Any) -> None:
    """Raise unless both states have the same arrays, as loops inside ``jit`` need."""
    if jax.tree.structure(before) != jax.tree.structure(after):
        raise ValueError(
            f"step() of {spec.name} must return a state with the arrays of reset(), got "
            f"{jax.tree.structure(after)} after {jax.tree.structure(before)}"
        )
    pairs = zip(jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True)
    for (path, first), second in pairs:
        if (first.shape, first.dtype) != (second.shape, second.dtype):
            name = jax.tree_util.keystr(path, simple=True, separator="/") or "the state"
            raise ValueError(
                f"{name} of step() of {spec.name} must be {first.dtype} of shape {first.shape}, "
                f"as in reset(), got {second.dtype} of shape {second.shape}"
            )


def _require_episodes(batch: Any) -> None:
    """Raise unless a batch keeps the contract in two resets and some random steps."""
    spec, lead, random = batch.spec, (batch.count,), np.random.default_rng(0)
    begun = [batch.reset(seed) for seed in (0, 0)]
    for timestep in begun:
        require_timestep(timestep, spec, lead, "reset()")
        _require_values(timestep, spec, np.ones(lead, bool), "reset()")
    if not _are_equal(*(timestep.observation for timestep in begun)):
        raise ValueError(f"reset(0) of {spec.name} must begin the same episodes each time")
    timestep = begun[-1]
    for _ in range(_STEPS):
        begins = np.array(timestep.ended)
        timestep = batch.step(_random_actions(spec, batch.count, random))
        require_timestep(timestep, spec, lead, "step()")
        _require_values(timestep, spec, begins, "step()")
        _require_goal_reward(timestep, spec)


def _require_values(timestep: Timestep, spec: WorldSpec, begins: np.ndarray, source: str) -> None:
    """Raise unless numbers are finite and within bounds, and episodes begin where they must."""
    for view in spec.views:
        array = np.asarray(timestep.observation[view.name])
        low, high = array.min(initial=view.high), array.max(initial=view.low)
        slack = 1e-5 * max(1.0, abs(low), abs(high))
        if not np.isfinite(array).all() or low < view.low - slack or high > view.high + slack:
            raise ValueError(
                f"view {view.name!r} of {source} of {spec.name} must be finite and within its "
                f"bounds [{view.low:g}, {view.high:g}], got {low:g} to {high:g}"
            )
    if not np.isfinite(timestep.reward).all():
        raise ValueError(f"reward of {source} of {spec.name} must be finite, got {timestep.reward}")
    if not np.array_equal(timestep.is_step, ~begins):
        raise ValueError(
            f"is_step of {source} of {spec.name} must be False where an episode begins, after a "
            f"step that ended one, and True elsewhere, got {np.asarray(timestep.is_step).tolist()}"
        )
    for name in ("reward", "terminated", "truncated", "episode_length"):
        if np.asarray(getattr(timestep, name))[begins].any():
            raise ValueError(
                f"{name} of {source} of {spec.name} must be 0 or False where an episode begins, "
                f"got {np.asarray(getattr(timestep, name)).tolist()}"
            )


def _require_goal_reward(timestep: Timestep, spec: WorldSpec) -> None:
    """Raise unless rewards of steps are those of the goal, if it says how they follow from it."""
    goal = spec.goal
    if goal is None or goal.reward is None:
        return
    seen = {name: np.asarray(array) for name, array in timestep.observation.items()}
    expected = goal.reward_of(goal.achieved_goal(seen), goal.desired_goal(seen))
    wrong = ~np.isclose(timestep.reward, expected, rtol=1e-4, atol=1e-4) & timestep.is_step
    if wrong.any():
        raise ValueError(
            f"reward of step() of {spec.name} must be that of the goal in its spec, "
            f"{expected[wrong][0]:g}, got {np.asarray(timestep.reward)[wrong][0]:g}: correct the "
            "goal, or give it reward=None"
        )


def _random_actions(spec: WorldSpec, count: int, random: np.random.Generator) -> np.ndarray:
    shape = (count, *spec.action.shape)
    if isinstance(spec.action, Continuous):
        return random.uniform(-1.0, 1.0, shape).astype(np.float32)
    return random.integers(0, spec.action.count, shape).astype(np.int32)


def _are_equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return f"{type(value).__name__}"


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names)) or "none"
