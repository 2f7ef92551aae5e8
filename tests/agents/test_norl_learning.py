"""The map of NORL on random walks in a room: where the walker is, and nothing else, is learned."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.goal_conditioned.representations import Predictive, SpaceTraining, Trajectories
from hierax.agents.goal_conditioned.representations.predictive import huber_distance, log_partition

C, BATCH, HALF, NOISE = 10, 128, 6.0, 8
WALKERS, STEPS = 200, 200
OURS = Predictive(2, (64, 64), None, C, 0.99, "published")


class WithoutPositives(Predictive):
    """The pool are first states, not those that followed."""

    def loss(self, parameters, trajectories, key):
        start, following, pool = _embedded(self, parameters, trajectories)
        log_z = log_partition(start, pool)
        return (huber_distance(following - start) + log_z).mean(), {"information": log_z.mean()}


class WrongSign(Predictive):
    """The objective of a blog note on the paper, where log Z has the other sign."""

    def loss(self, parameters, trajectories, key):
        start, following, _ = _embedded(self, parameters, trajectories)
        log_z = log_partition(start, following)
        return (huber_distance(following - start) - log_z).mean(), {"information": log_z.mean()}


def _embedded(phi, parameters, trajectories):
    """First places and following ones of half a batch, and first places of the other half."""
    start, following = (phi.embed(parameters, trajectories.features[k]) for k in (0, -1))
    half = len(start) // 2
    return start[:half], following[:half], start[half:]


@functools.cache
def walks():
    """Observations ``(STEPS, WALKERS, 4 + NOISE)``: position, direction, and noise."""
    rng = np.random.default_rng(0)
    position = rng.uniform(-HALF, HALF, (WALKERS, 2))
    heading, rows = rng.uniform(-np.pi, np.pi, WALKERS), []
    for _ in range(STEPS):
        heading = heading + rng.normal(scale=0.3, size=WALKERS)
        direction = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        position = np.clip(position + 0.06 * direction, -HALF, HALF)
        rows.append(
            np.concatenate([position, direction, rng.normal(size=(WALKERS, NOISE))], axis=1)
        )
    return jnp.float32(rows)


@functools.partial(jax.jit, static_argnums=(0, 1))
def learned(representation, updates, data):
    """The goal space after so many updates, and the information of each."""
    training = SpaceTraining(representation, 1e-3)
    key, number = jax.random.key(0), jnp.arange(C + 1)[:, None]

    def one(space, key):
        row_key, walker_key, update_key = jax.random.split(key, 3)
        row = jax.random.randint(row_key, (BATCH,), 0, STEPS - C)
        walker = jax.random.randint(walker_key, (BATCH,), 0, WALKERS)
        trajectories = Trajectories(
            data[row + number, walker],
            jnp.zeros((C, BATCH, 1)),
            jnp.ones((C, BATCH), bool),
        )
        space, metrics = training.update(space, trajectories, update_key)
        return space, metrics["information"]

    keys = jax.random.split(key, updates)
    return jax.lax.scan(one, training.build(key, data.shape[-1]), keys)


def of_map(representation, updates):
    """R² of each observed number, spread of f, and information at the end."""
    space, information = learned(representation, updates, walks())
    rows = np.asarray(walks()).reshape(-1, 4 + NOISE)[::7]
    place = np.asarray(representation.embed(space.parameters, jnp.asarray(rows)))
    design = np.column_stack([place, np.ones(len(place))])
    missed = rows - design @ np.linalg.lstsq(design, rows, rcond=None)[0]
    shares = 1 - missed.var(axis=0) / rows.var(axis=0)
    return shares, place.std(axis=0), float(information[-50:].mean())


def test_where_the_walker_is_is_learned_and_noise_is_not():
    shares, spread, information = of_map(OURS, 1_500)
    assert shares[:2].min() > 0.95
    assert shares[4:].max() < 0.02
    assert spread.min() > 3
    assert spread.max() < 20
    assert 2 < information < np.log(BATCH)


def test_without_positives_in_the_pool_the_spread_grows_without_end():
    spread = of_map(WithoutPositives(*dataclasses.astuple(OURS)), 1_000)[1]
    assert spread.min() > 200


def test_with_the_other_sign_of_log_z_the_map_becomes_constant():
    spread = of_map(WrongSign(*dataclasses.astuple(OURS)), 500)[1]
    assert spread.max() < 1e-3
