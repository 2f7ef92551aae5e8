"""Streams of numbered steps, for tests of stores."""

import numpy as np

from hierax.agents.agent import Transition


def episodes(seed, environments, steps, longest, limit=None, broken=0.0):
    """Rows of numbered steps: each observation, action and reward says where it is from.

    After each step an environment is reset with probability ``broken``, though nothing ended.
    """
    rng = np.random.default_rng(seed)
    age, ended = np.zeros(environments, int), np.zeros(environments, bool)
    number = np.float32(1) + np.arange(environments, dtype=np.float32) * np.float32(1e5)
    for _ in range(steps):
        before, is_step = number, ~ended
        number = number + 1
        age = np.where(is_step, age + 1, 0)
        over = is_step & (rng.random(environments) < 1 / longest)
        cut = is_step & ~over & (age >= (limit or 10**9))
        yield Transition(
            observation={"number": before[:, None], "byte": (before % 256).astype(np.uint8)},
            action=np.stack([before + 0.25, -before], 1),
            extras={"phase": age.astype(np.int32)},
            reward=before + 0.5,
            terminated=over,
            truncated=cut,
            next_observation={"number": number[:, None], "byte": (number % 256).astype(np.uint8)},
            is_step=is_step,
        )
        ended = over | cut
        if broken:
            ended = ended | (rng.random(environments) < broken)
