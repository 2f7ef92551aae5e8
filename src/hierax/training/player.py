"""`load`: what a run learned, ready to act."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.training import checkpoint
from hierax.training.config import NAME, AnyWorld, make_agent, make_world
from hierax.training.run_folder import POLICIES, load_config


@dataclasses.dataclass(frozen=True)
class Player:
    """An agent with what it learned.

    Attributes:
        agent: its hyper-parameters.
        state: what it learned; without replay.
        world: where it learned.
        step: environment steps after which it was saved.
    """

    agent: Agent
    state: TrainState
    world: AnyWorld
    step: int

    def begin(self, count: int = 1) -> Any:
        """What it carries where episodes begin."""
        return self.agent.initial_carry(count)

    def act(
        self, carry: Any, observation: Any, key: jax.Array | None = None, *, explore: bool = False
    ) -> tuple[Any, np.ndarray]:
        """Carry and actions ``(N, ...)`` for observations ``(N, ...)`` of each view.

        Args:
            carry: from `begin` or the last call.
            observation: arrays by the name of their view.
            key: of random numbers; those who do not explore may leave it out.
            explore: whether to act as while learning.
        """
        key = jax.random.key(0) if key is None else key
        carry, action, _ = self.agent.act(self.state, carry, observation, key, explore=explore)
        return carry, np.asarray(action)


def load(
    run: str | Path,
    *,
    step: int | None = None,
    seed: int | None = None,
    agent: Agent | None = None,
    world: AnyWorld | None = None,
) -> Player:
    """Reads what a run learned; nothing is unpickled.

    Args:
        run: folder of the run.
        step: after which it was saved; the last one by default.
        seed: of which of its runs; the first by default.
        agent: where it is none of hierax's own.
        world: where it is none that has a name.

    Raises:
        ValueError: where there is no run, no such seed, or an agent or world that must be given.
        CheckpointError: where there is no such checkpoint or it is damaged.
    """
    path = Path(run)
    config = load_config(path)
    if world is None:
        options = {key: _tuples(value) for key, value in config["world"].items() if key != NAME}
        world = make_world(config["world"][NAME], **options)
    agent = make_agent(config["agent"], world) if agent is None else agent
    seeds = range(config["seed"], config["seed"] + config["seeds"])
    chosen = seeds[0] if seed is None else seed
    if chosen not in seeds:
        raise ValueError(f"seed is {chosen}, but must be one of {', '.join(map(str, seeds))}")
    first = jax.eval_shape(lambda: agent.init(jax.random.key(0)))
    like = [first._replace(replay=None)] * len(seeds)
    states, found, _ = checkpoint.load(path / POLICIES, like, step)
    return Player(agent, states[seeds.index(chosen)], world, found)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
