"""Objectives of NORL's representation, as published, as released, and with two known errors.

Each is trained alone, on random walks in a U-shaped maze. An observation is x, y, the cosine and
the sine of a heading that means nothing, and eight numbers N(0, 1).
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.representations import Predictive, Segment
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


def trained(objective: Objective, steps: int, seed: int) -> dict[str, float]:
    """Return what f is like after so many updates."""
    walk_key, build_key, train_key, test_key = jax.random.split(jax.random.key(seed), 4)
    observation, action = _walks(walk_key)
    maps = MODEL.build(build_key, observation.shape[-1])
    maps = _trained(objective, steps, maps, observation, action, train_key)
    return {
        name: float(value) for name, value in _measured(maps, observation, action, test_key).items()
    }


@partial(jax.jit, static_argnums=(0, 1))
def _trained(
    objective: Objective,
    steps: int,
    maps: Maps,
    observation: jax.Array,
    action: jax.Array,
    key: Key,
) -> Maps:
    optimiser = adam(LEARNING_RATE)

    def step(carried: Any, key: Key) -> tuple[Any, None]:
        maps, state = carried
        drawn = _drawn(observation, action, key)

        def loss(maps: Maps) -> tuple[jax.Array, None]:
            return objective(_embedded(maps, *drawn)), None

        found = gradient_step(optimiser, loss, maps, state)
        return (found.parameters, found.optimiser), None

    keys = jax.random.split(key, steps)
    (maps, _), _ = jax.lax.scan(step, (maps, optimiser.init(maps)), keys)
    return maps


@jax.jit
def _measured(
    maps: Maps, observation: jax.Array, action: jax.Array, key: Key
) -> dict[str, jax.Array]:
    flat = observation.reshape(-1, observation.shape[-1])
    place = MODEL.embed(maps, flat)
    explained = linear_fit(place, flat, jnp.ones(len(flat)))[1]
    moved = MODEL.embed(maps, observation)
    batch = _embedded(maps, *_drawn(observation, action, key))
    return {
        "fit_of_position": explained[:KNOWN].min(),
        "fit_of_nuisance": explained[-NOISE:].max(),
        "spread": place.std(axis=0).mean(),
        "moved_in_a_decision": jnp.abs(moved[:, INTERVAL:] - moved[:, :-INTERVAL]).mean(),
        "information": log_ratio(batch.predicted, batch.following, with_positives(batch)).mean(),
    }


def _embedded(maps: Maps, segment: Segment, fresh: jax.Array, key: Key) -> Embedded:
    steps = drawn_offsets(key, segment.length, MODEL.probabilities)
    return Embedded(
        MODEL.predicted(maps, segment),
        MODEL.embed(maps, segment.after(steps)),
        jax.lax.stop_gradient(MODEL.embed(maps, fresh)),
    )


def _drawn(observation: jax.Array, action: jax.Array, key: Key) -> tuple[Segment, jax.Array, Key]:
    """Return segments, other states, and a key."""
    walk_key, start_key, fresh_key, offset_key = jax.random.split(key, 4)
    walk = jax.random.randint(walk_key, (BATCH,), 0, WALKS)
    start = jax.random.randint(start_key, (BATCH,), 0, LENGTH - INTERVAL)
    number = start + jnp.arange(INTERVAL + 1)[:, None]
    flat = observation.reshape(-1, observation.shape[-1])
    fresh = flat[jax.random.randint(fresh_key, (POOL,), 0, len(flat))]
    segment = Segment(
        observation[walk, number],
        action[walk, number[:-1]],
        jnp.ones((INTERVAL, BATCH), bool),
        jnp.zeros(BATCH, jnp.int32),
    )
    return segment, fresh, offset_key


@jax.jit
def _walks(key: Key) -> tuple[jax.Array, jax.Array]:
    """Return observations ``(W, T + 1, 12)`` and uniform actions ``(W, T, 2)`` of random walks."""
    world = PointU()
    start_key, action_key, rest_key = jax.random.split(key, 3)
    centres = jnp.asarray(world.maze.centres, jnp.float32)
    cell_key, offset_key = jax.random.split(start_key)
    cell = jax.random.randint(cell_key, (WALKS,), 0, len(centres))
    offset = jax.random.uniform(offset_key, (WALKS, 2), minval=-2.0, maxval=2.0)
    state = jax.vmap(world.reset)(jax.random.split(start_key, WALKS))[0]
    state = state._replace(position=centres[cell] + offset)
    action = jax.random.uniform(action_key, (LENGTH, WALKS, 2), minval=-1.0, maxval=1.0)

    def step(state: Any, action: jax.Array) -> tuple[Any, jax.Array]:
        keys = jax.random.split(action_key, WALKS)
        following = jax.vmap(world.step)(state, action, keys)[0]
        return following, following.position

    visited = jax.lax.scan(step, state, action)[1]
    position = jnp.concatenate([state.position[None], visited])
    turn_key, noise_key = jax.random.split(rest_key)
    heading = jax.random.uniform(turn_key, position.shape[:2], maxval=2 * math.pi)
    noise = jax.random.normal(noise_key, (*position.shape[:2], NOISE))
    parts = [position, jnp.cos(heading)[..., None], jnp.sin(heading)[..., None], noise]
    observation = jnp.concatenate(parts, axis=-1)
    return jnp.moveaxis(observation, 0, 1), jnp.moveaxis(action, 0, 1)


def rows(steps: int, seeds: int) -> dict[str, dict[str, Any]]:
    """Return what each objective leads to, by seed."""
    found = {
        name: [trained(objective, steps, seed) for seed in range(seeds)]
        for name, objective in OBJECTIVES.items()
    }
    return {
        name: {key: np.array([each[key] for each in runs]) for key in runs[0]}
        for name, runs in found.items()
    }
