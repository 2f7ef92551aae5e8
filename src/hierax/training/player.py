"""`load`: read a trained agent from the folder of a run."""

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.precision import in_float32
from hierax.training import checkpoint
from hierax.training.config import AnyWorld, make_agent, remake_world
from hierax.training.run_folder import POLICIES, load_config


@dataclasses.dataclass(frozen=True)
class Player:
    """A trained agent that can act.

    Attributes:
        agent: the agent.
        state: of the agent, without replay.
        world: that it was trained in.
        step: environment steps after which the state was saved.
    """

    agent: Agent
    state: TrainState
    world: AnyWorld
    step: int
    _calls: Iterator[int] = dataclasses.field(
        default_factory=itertools.count, init=False, repr=False, compare=False
    )

    @in_float32
    def initial_carry(self, count: int = 1) -> Any:
        """Return the carry of ``count`` environments at the beginning of an episode."""
        return self.agent.initial_carry(count)

    @in_float32
    def act(
        self, carry: Any, observation: Any, key: jax.Array | None = None, *, explore: bool = False
    ) -> tuple[Any, np.ndarray]:
        """Return carry and actions ``(N, ...)``.

        Args:
            carry: from the last call; from `initial_carry` at the beginning of an episode.
            observation: arrays ``(N, ...)`` by the name of their view.
            key: of random numbers; by default every call has another one, and two players that
                were loaded alike have the same ones.
            explore: whether to act as during training.
        """
        key = jax.random.key(next(self._calls)) if key is None else key
        carry, action, _ = self.agent.act(self.state, carry, observation, key, explore=explore)
        return carry, np.asarray(action)


@in_float32
def load(
    run: str | Path,
    *,
    step: int | None = None,
    seed: int | None = None,
    agent: Agent | None = None,
    world: AnyWorld | None = None,
) -> Player:
    """Read a trained agent from the folder of a run; nothing is unpickled.

    Args:
        run: folder of the run.
        step: after which the agent was saved; the last one by default.
        seed: of the run; the first one by default.
        agent: needed if it is not one of hierax's own agents.
        world: needed if it cannot be made by its name.

    Returns:
        The agent, its state and its world.

    Raises:
        ValueError: if there is no such run or seed, or the agent or the world must be given.
        CheckpointError: if there is no such checkpoint, or it is damaged.
    """
    path = Path(run)
    config = load_config(path)
    if world is None:
        world = remake_world(config["world"])
    agent = make_agent(config["agent"], world) if agent is None else agent
    seeds = range(config["seed"], config["seed"] + config["seeds"])
    chosen = seeds[0] if seed is None else seed
    if chosen not in seeds:
        raise ValueError(f"seed must be one of {', '.join(map(str, seeds))}, got {chosen}")
    first = jax.eval_shape(lambda: agent.init(jax.random.key(0)))
    like = [first._replace(replay=None)] * len(seeds)
    states, found, _ = checkpoint.load(path / POLICIES, like, step)
    return Player(agent, states[seeds.index(chosen)], world, found)
