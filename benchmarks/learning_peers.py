"""Arms of the peers, Stable-Baselines3 (PyTorch) and SBX (JAX), through what they document alone.

This module runs in the environment of the peers, where hierax need not be installed.
"""

import os
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np

Work = Callable[[], int]

STORED = 100_000
CHUNK = 256
WARMUP = 1_000


class Nowhere(gymnasium.Env):
    """An environment for its spaces alone."""

    def __init__(self, observation_size: int, action_size: int):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (observation_size,))
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (action_size,))


def updates(
    library: str,
    learner: str,
    width: int,
    batch: int,
    observation_size: int,
    action_size: int,
    per_call: int,
) -> Work:
    """Gradient updates by ``train`` from a filled buffer, ``per_call`` at once."""
    environment = Nowhere(observation_size, action_size)
    model = _model(library, learner, environment, width, batch, buffer_size=STORED)
    _fill(model.replay_buffer, observation_size, action_size)
    calls = max(1, CHUNK // per_call)

    def work() -> int:
        for _ in range(calls):
            model.train(per_call, batch)
        return calls * per_call

    return work


def steps(library: str, learner: str, world: str, every: int) -> Work:
    """Environment steps by ``learn``, with one update for each, ``every`` steps at once."""
    environment = gymnasium.make(world)
    options = {"learning_starts": WARMUP, "train_freq": every, "gradient_steps": every}
    model = _model(library, learner, environment, 256, 256, **options)
    model.learn(WARMUP)

    def work() -> int:
        model.learn(CHUNK, reset_num_timesteps=False)
        return CHUNK

    return work


def acting(library: str, world: str) -> Work:
    """Actions without exploration by ``predict`` in one environment."""
    model = _model(library, "sac", gymnasium.make(world), 256, 256, buffer_size=WARMUP)
    observation = np.zeros(model.observation_space.shape, np.float32)

    def work() -> int:
        for _ in range(CHUNK):
            model.predict(observation, deterministic=True)
        return CHUNK

    return work


def _model(
    library: str, learner: str, environment: Any, width: int, batch: int, **options: Any
) -> Any:
    warnings.simplefilter("ignore")
    if library == "stable_baselines3":
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        options["device"] = "cpu"
    kind = getattr(import_module(library), learner.upper())
    layers = {"net_arch": [width, width]}
    model = kind("MlpPolicy", environment, batch_size=batch, policy_kwargs=layers, **options)
    from stable_baselines3.common.logger import configure

    model.set_logger(configure(None, []))  # writes nothing
    return model


def _fill(buffer: Any, observation_size: int, action_size: int) -> None:
    random = np.random.default_rng(0)
    never = np.zeros(1, bool)
    for _ in range(STORED):
        before, after = random.normal(size=(2, 1, observation_size))
        action = random.uniform(-1.0, 1.0, (1, action_size))
        buffer.add(before, after, action, random.normal(size=1), never, [{}])
