"""Objectives of NORL's representation, as published, as released, and with two known errors.

Each is trained alone, on random walks in a U-shaped maze. An observation is x, y, the cosine and
the sine of a heading that means nothing, and eight numbers N(0, 1).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.representations import Predictive, Trajectories
from hierax.agents.goal_conditioned.representations.predictive import (
    Maps,
    drawn_offsets,
    huber_distance,
    log_partition,
    log_ratio,
)
from hierax.agents.goal_conditioned.space_metrics import linear_fit
from hierax.agents.optimisation import adam, gradient_step
from hierax.worlds import PointU

WALKS, LENGTH, INTERVAL, BATCH, POOL = 400, 200, 10, 100, 512
NOISE, KNOWN = 8, 2
LEARNING_RATE = 1e-3
OPTIMISER = adam(LEARNING_RATE)
MODEL = Predictive(2, (100, 100), 2, INTERVAL, 0.99, "published")


class Embedded(NamedTuple):
    """A batch in the goal space.

    Attributes:
        predicted: ``(B, d)``, φ.
        following: ``(B, d)``, f of what followed.
        fresh: ``(M, d)``, f of other states, without gradient.
    """

    predicted: jax.Array
    following: jax.Array
    fresh: jax.Array


TrainedMaps: TypeAlias = tuple[Maps, Any]
"""Networks, and the state of their optimiser."""
Objective: TypeAlias = Callable[[Embedded], jax.Array]


def far(batch: Embedded, pool: jax.Array) -> jax.Array:
    """Return the released surrogate of log Z, whose value is about 1 and whose gradient counts.

    The negatives are the neighbours in the batch; there is no gradient through the denominator.
    """
    denominator = jax.lax.stop_gradient(log_partition(batch.predicted, pool))
    predicted, denominator = (jnp.roll(each, -1, axis=0) for each in (batch.predicted, denominator))
    distances = huber_distance(predicted - batch.following)
    return jnp.exp(-distances - denominator)[:-1].mean()


def close(batch: Embedded) -> jax.Array:
    """Return the mean of D(φ - f(s_{t+k}))."""
    return huber_distance(batch.predicted - batch.following).mean()


def with_positives(batch: Embedded) -> jax.Array:
    """Return the pool of the fresh states and of those that followed, without gradient."""
    return jnp.concatenate([batch.fresh, jax.lax.stop_gradient(batch.following)])


OBJECTIVES: Mapping[str, Objective] = {
    "released: surrogate, positives in the pool": lambda each: (
        close(each) + far(each, with_positives(each))
    ),
    "surrogate, pool without positives": lambda each: close(each) + far(each, each.fresh),
    "log Z, pool without positives": lambda each: (
        close(each) + log_partition(each.predicted, each.fresh).mean()
    ),
    "log Z over the positives (here)": lambda each: (
        -log_ratio(each.predicted, each.following, each.following).mean()
    ),
    "log Z with the sign of the note": lambda each: (
        close(each) - log_partition(each.predicted, with_positives(each)).mean()
    ),
}


def trained(objective: Objective, updates: Sequence[int], seed: int) -> list[dict[str, float]]:
    """Return what f is like after each of these numbers of updates."""
    walk_key, build_key, train_key, test_key = jax.random.split(jax.random.key(seed), 4)
    data = _walks(walk_key)
    maps = MODEL.build(build_key, data[0].shape[-1])
    state, done, found = (maps, OPTIMISER.init(maps)), 0, []
    for until in updates:
        key = jax.random.fold_in(train_key, until)
        state, done = _trained(objective, until - done, state, *data, key), until
        measured = jax.device_get(_measured(state[0], *data, test_key))
        found.append({name: float(value) for name, value in measured.items()})
    return found


@partial(jax.jit, static_argnums=(0, 1))
def _trained(
    objective: Objective,
    updates: int,
    state: TrainedMaps,
    observation: jax.Array,
    action: jax.Array,
    key: Key,
) -> TrainedMaps:
    def step(state: TrainedMaps, key: Key) -> tuple[TrainedMaps, None]:
        maps, optimiser = state
        drawn = _drawn(observation, action, key)

        def loss(maps: Maps) -> tuple[jax.Array, None]:
            return objective(_embedded(maps, *drawn)), None

        found = gradient_step(OPTIMISER, loss, maps, optimiser)
        return (found.parameters, found.optimiser), None

    return jax.lax.scan(step, state, jax.random.split(key, updates))[0]


@jax.jit
def _measured(
    maps: Maps, observation: jax.Array, action: jax.Array, key: Key
) -> dict[str, jax.Array]:
    flat = observation.reshape(-1, observation.shape[-1])
    place = MODEL.embed(maps, flat)
    explained = linear_fit(place, flat)[1]
    moved = MODEL.embed(maps, observation)
    batch = _embedded(maps, *_drawn(observation, action, key))
    return {
        "fit_of_position": explained[:KNOWN].min(),
        "fit_of_nuisance": explained[-NOISE:].max(),
        "spread": place.std(axis=0).mean(),
        "moved_in_a_decision": jnp.abs(moved[:, INTERVAL:] - moved[:, :-INTERVAL]).mean(),
        "information": log_ratio(batch.predicted, batch.following, with_positives(batch)).mean(),
    }


def _embedded(maps: Maps, trajectories: Trajectories, fresh: jax.Array, key: Key) -> Embedded:
    steps = drawn_offsets(key, trajectories.length, MODEL.probabilities)
    return Embedded(
        MODEL.predicted(maps, trajectories.course),
        MODEL.embed(maps, trajectories.after(steps)),
        jax.lax.stop_gradient(MODEL.embed(maps, fresh)),
    )


def _drawn(
    observation: jax.Array, action: jax.Array, key: Key
) -> tuple[Trajectories, jax.Array, Key]:
    """Return segments, other states, and a key."""
    walk_key, start_key, fresh_key, offset_key = jax.random.split(key, 4)
    walk = jax.random.randint(walk_key, (BATCH,), 0, WALKS)
    start = jax.random.randint(start_key, (BATCH,), 0, LENGTH - INTERVAL)
    number = start + jnp.arange(INTERVAL + 1)[:, None]
    flat = observation.reshape(-1, observation.shape[-1])
    fresh = flat[jax.random.randint(fresh_key, (POOL,), 0, len(flat))]
    trajectories = Trajectories(
        observation[walk, number],
        action[walk, number[:-1]],
        jnp.ones((INTERVAL, BATCH), bool),
    )
    return trajectories, fresh, offset_key


@jax.jit
def _walks(key: Key) -> tuple[jax.Array, jax.Array]:
    """Return observations ``(W, T + 1, 12)`` and uniform actions ``(W, T, 2)`` of random walks."""
    world = PointU()
    reset_key, cell_key, offset_key, action_key, turn_key, noise_key = jax.random.split(key, 6)
    centres = jnp.asarray(world.maze.centres, jnp.float32)
    cell = jax.random.randint(cell_key, (WALKS,), 0, len(centres))
    offset = jax.random.uniform(offset_key, (WALKS, 2), minval=-2.0, maxval=2.0)
    state = jax.vmap(world.reset)(jax.random.split(reset_key, WALKS))[0]
    state = state._replace(position=centres[cell] + offset)
    action = jax.random.uniform(action_key, (LENGTH, WALKS, 2), minval=-1.0, maxval=1.0)

    def step(state: Any, action: jax.Array) -> tuple[Any, jax.Array]:
        keys = jax.random.split(action_key, WALKS)
        following = jax.vmap(world.step)(state, action, keys)[0]
        return following, following.position

    visited = jax.lax.scan(step, state, action)[1]
    position = jnp.concatenate([state.position[None], visited])
    heading = jax.random.uniform(turn_key, position.shape[:2], maxval=2 * math.pi)
    noise = jax.random.normal(noise_key, (*position.shape[:2], NOISE))
    parts = [position, jnp.cos(heading)[..., None], jnp.sin(heading)[..., None], noise]
    observation = jnp.concatenate(parts, axis=-1)
    return jnp.moveaxis(observation, 0, 1), jnp.moveaxis(action, 0, 1)


def rows(updates: Sequence[int], seeds: int) -> dict[str, dict[str, Any]]:
    """Return what each objective leads to after each of these numbers of updates, by seed."""
    found = {
        name: [trained(objective, updates, seed) for seed in range(seeds)]
        for name, objective in OBJECTIVES.items()
    }
    return {
        f"{name}, {until:,} updates": {
            key: np.array([run[number][key] for run in runs]) for key in runs[0][number]
        }
        for name, runs in found.items()
        for number, until in enumerate(updates)
    }
