"""Mazes by name, and batches of them that have gone some way."""

import importlib

import numpy as np

from hierax.worlds.mujoco.mazes.catalogue import MAZES


def made(name, **options):
    module, world, fields, _ = MAZES[name]
    return getattr(importlib.import_module(module), world)(name=name, **{**fields, **options})


WORLDS = {name: made(name) for name in MAZES}
ANTS = [name for name in MAZES if name.startswith("Ant")]
BLIND = [name for name in MAZES if not WORLDS[name].image and "Multi" not in name]


def driven(world, steps, count=1, seed=0, **begun):
    """A batch after so many random steps, and its last timestep."""
    batch = world.batch(count)
    batch.reset(seed)
    if begun:
        put(batch, **begun)
    random = np.random.default_rng(seed)
    for _ in range(steps):
        timestep = batch.step(random.uniform(-1, 1, (count, world.model.nu)))
    return batch, timestep


def put(batch, **joints):
    """Puts a batch of one environment where joints are as given, at rest."""

    def place(data):
        for name, value in joints.items():
            data.joint(name.replace("_", " ")).qpos[:] = value

    now = batch.now._replace(physics=batch.engine.begin(place))
    batch.set_state(now)
