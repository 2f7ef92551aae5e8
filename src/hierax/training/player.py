"""`load`: read a trained agent from the folder of a run."""

import dataclasses
import itertools
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.precision import in_float32
from hierax.training import checkpoint
from hierax.training.config import AnyWorld, make_agent, remake_world
from hierax.training.run_folder import POLICIES, load_config

if TYPE_CHECKING:
    from hierax.worlds.gymnasium.interface import Interface


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
    _held: list[Any] = dataclasses.field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def reset(self) -> None:
        """Begin an episode in all environments of `predict`: forget the carry of the last call."""
        self._held.clear()

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """Return actions for a Gymnasium environment, in its own units, and the carry.

        Arguments and results are those of Stable-Baselines3. Agents whose decisions last several
        steps need the carry and the beginnings of episodes::

            start = True
            while True:
                action, _ = player.predict(observation, episode_start=start)
                observation, reward, terminated, truncated, info = environment.step(action)
                start = terminated or truncated
                if start:
                    observation, info = environment.reset()

        Args:
            observation: of one environment, or of N with a leading axis, as the environment returns
                it: a dictionary or an array. Flat arrays of dictionaries are taken as well.
            state: carry from the last call; None continues with that of the last call, which the
                player holds itself.
            episode_start: where an episode begins, a bool or ``(N,)``; the first call and the one
                after `reset` begin episodes everywhere.
            deterministic: whether to act without exploration.

        Returns:
            The action of one environment, or ``(N, ...)``; and the carry.

        Raises:
            ValueError: if the observation does not fit the environment.
        """
        views, is_single = self._interface.read(observation)
        count = len(next(iter(views.values())))
        carry = self._carry(count) if state is None else state
        if np.any(episode_start):
            carry = _restarted(
                self.initial_carry(count), carry, np.broadcast_to(episode_start, count)
            )
        carry, action = self.act(carry, views, explore=not deterministic)
        self._held[:] = [count, carry]
        chosen = self._interface.write(action)
        return (chosen[0] if is_single else chosen), carry

    @in_float32
    def initial_carry(self, count: int = 1) -> Any:
        """Return the carry of ``count`` environments at the beginning of an episode."""
        return self.agent.initial_carry(count)

    def act(
        self, carry: Any, observation: Any, key: jax.Array | None = None, *, explore: bool = False
    ) -> tuple[Any, np.ndarray]:
        """Return carry and actions ``(N, ...)`` of the agent: in [-1, 1], or integers from 0.

        Args:
            carry: from the last call; from `initial_carry` at the beginning of an episode.
            observation: arrays ``(N, ...)`` by the name of their view.
            key: of random numbers; by default every call has another one, and two players that
                were loaded alike have the same ones.
            explore: whether to act as during training.
        """
        number = next(self._calls) if key is None else key
        act = self._exploring if explore else self._exploiting
        carry, action = act(carry, observation, number)
        return carry, np.asarray(action)

    def _carry(self, count: int) -> Any:
        """Return the carry of the last call, or a new one if the number of environments changed."""
        held = self._held and self._held[0] == count
        return self._held[1] if held else self.initial_carry(count)

    @cached_property
    def _exploring(self) -> Any:
        return self._compiled(explore=True)

    @cached_property
    def _exploiting(self) -> Any:
        return self._compiled(explore=False)

    def _compiled(self, *, explore: bool) -> Any:
        """Return acting as one compiled function of carry, observation, and a key or its number.

        The state is a constant of the function: passing its many arrays takes longer than acting.
        """

        def act(carry: Any, observation: Any, number: Any) -> tuple[Any, Any]:
            is_key = jnp.issubdtype(jnp.asarray(number).dtype, jax.dtypes.prng_key)
            key = number if is_key else jax.random.key(number)
            return self.agent.act(self.state, carry, observation, key, explore=explore)[:2]

        return in_float32(jax.jit(act))

    @cached_property
    def _interface(self) -> "Interface":
        from hierax.worlds.gymnasium.interface import Interface

        return Interface.of(self.world)


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
    players = load_all(run, step=step, agent=agent, world=world)
    chosen = next(iter(players)) if seed is None else seed
    if chosen not in players:
        raise ValueError(f"seed must be one of {', '.join(map(str, players))}, got {chosen}")
    return players[chosen]


def load_all(
    run: str | Path,
    *,
    step: int | None = None,
    agent: Agent | None = None,
    world: AnyWorld | None = None,
) -> dict[int, Player]:
    """Read the trained agents of all seeds of a run, by seed; see `load`."""
    path = Path(run)
    config = load_config(path)
    if world is None:
        world = remake_world(config["world"])
    agent = make_agent(config["agent"], world) if agent is None else agent
    seeds = range(config["seed"], config["seed"] + config["seeds"])
    first = jax.eval_shape(lambda: agent.init(jax.random.key(0)))
    like = [first._replace(replay=None)] * len(seeds)
    states, found, _ = checkpoint.load(path / POLICIES, like, step)
    return {
        seed: Player(agent, state, world, found) for seed, state in zip(seeds, states, strict=True)
    }


def _restarted(first: Any, held: Any, begins: np.ndarray) -> Any:
    """Return the carry ``held``, or ``first`` where an episode begins."""

    def chosen(new: Any, old: Any) -> np.ndarray:
        new, old = np.asarray(new), np.asarray(old)
        return np.where(begins.reshape(begins.shape + (1,) * (old.ndim - 1)), new, old)

    return jax.tree.map(chosen, first, held)
