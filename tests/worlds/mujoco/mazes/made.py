"""Mazes by name, and batches of them after some steps."""

import numpy as np

from hierax.registry import MUJOCO, worlds_of
from hierax.worlds import make

MAZES = [name for name, entry in worlds_of(MUJOCO).items() if ".mazes." in entry.target]
WORLDS = {name: make(name) for name in MAZES}
ANTS = [name for name in MAZES if name.startswith("Ant")]
BLIND = [name for name in MAZES if not WORLDS[name].image and "Multi" not in name]


def driven(world, steps, count=1, seed=0, **begun):
    """Return a batch after so many random steps, and its last timestep."""
    batch = world.batch(count)
    batch.reset(seed)
    if begun:
        put(batch, **begun)
    random = np.random.default_rng(seed)
    for _ in range(steps):
        timestep = batch.step(random.uniform(-1, 1, (count, world.model.nu)))
    return batch, timestep


def put(batch, **joints):
    """Set the joints of a batch of one environment, at rest."""

    def place(data):
        for name, value in joints.items():
            data.joint(name.replace("_", " ")).qpos[:] = value

    mjstate, sensordata = (part[None] for part in batch.physics.initial_state(place))
    batch.set_state(batch.state._replace(mjstate=mjstate, sensordata=sensordata))
