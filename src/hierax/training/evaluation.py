"""Whole episodes of an agent that does not learn meanwhile.

Each mode, as well as the agent can (``"deterministic"``) and as it acts while it learns
(``"sampled"``), has environments of its own and random numbers of its own, so that evaluating
leaves no trace in a run.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from hierax.agents.agent import Agent, TrainState
from hierax.training.host_driver import environment_seed
from hierax.training.scan_driver import begun_anew
from hierax.worlds.functional_batch import FunctionalBatch
from hierax.worlds.host import HostWorld
from hierax.worlds.world import Timestep, World

MODES: Mapping[str, bool] = {"deterministic": False, "sampled": True}
"""Whether the agent explores, for each mode."""


class Episodes(NamedTuple):
    """What became of E episodes.

    Attributes:
        returns: ``(E,)`` sums of rewards.
        lengths: ``(E,)`` steps.
        successes: ``(E,)`` bool, whether the task was fulfilled at the last step.
    """

    returns: np.ndarray
    lengths: np.ndarray
    successes: np.ndarray

    def means(self, has_success: bool) -> dict[str, float]:
        """Means of all three, of successes where the world has any."""
        found = {"return": float(self.returns.mean()), "length": float(self.lengths.mean())}
        return {**found, "success": float(self.successes.mean())} if has_success else found


def summary(episodes: Episodes, has_success: bool) -> dict[str, Any]:
    """Mean, interquartile mean and number of episodes; the rate of success where there is any."""
    found = {
        "mean": float(episodes.returns.mean()),
        "iqm": float(scipy.stats.trim_mean(episodes.returns, 0.25)),
        "episodes": len(episodes.returns),
    }
    rate = {"success_rate": float(episodes.successes.mean())} if has_success else {}
    return {**found, **rate, "mean_length": float(episodes.lengths.mean())}


@dataclasses.dataclass(frozen=True)
class ScanEvaluator:
    """Evaluates in a functional world, all episodes side by side in one compiled function.

    Attributes:
        agent: who acts.
        world: where.
        episodes: E, how many episodes.
    """

    agent: Agent
    world: World
    episodes: int

    def run(self, state: TrainState, seed: int, *, explore: bool) -> Episodes:
        """Plays the episodes that begin with ``seed``."""
        play = self._explore if explore else self._exploit
        return Episodes(*jax.device_get(play(state._replace(replay=None), jax.random.key(seed))))

    def close(self) -> None:
        """Does nothing: all that is held is arrays."""

    @cached_property
    def _explore(self) -> Any:
        return jax.jit(lambda state, key: self._play(state, key, explore=True))

    @cached_property
    def _exploit(self) -> Any:
        return jax.jit(lambda state, key: self._play(state, key, explore=False))

    def _play(self, state: TrainState, key: jax.Array, *, explore: bool) -> tuple[Any, Any, Any]:
        batch = FunctionalBatch(self.world, self.episodes)
        reset_key, key = jax.random.split(key)
        first = batch.reset(reset_key)

        def goes_on(at: tuple[Any, ...]) -> jax.Array:
            return ~at[-1].all()

        def step(at: tuple[Any, ...]) -> tuple[Any, ...]:
            worlds, carry, key, last, done = at
            key, act_key, world_key = jax.random.split(key, 3)
            carry = begun_anew(self.agent, carry, worlds.timestep)
            seen = worlds.timestep.observation
            carry, action, _ = self.agent.act(state, carry, seen, act_key, explore=explore)
            worlds = batch.step(worlds, action, world_key)
            last = jax.tree.map(lambda a, b: jnp.where(done, a, b), last, _told(worlds.timestep))
            return worlds, carry, key, last, done | worlds.timestep.ended

        carry = self.agent.initial_carry(self.episodes)
        none = jnp.zeros(self.episodes, bool)
        at = (first, carry, key, _told(first.timestep), none)
        return jax.lax.while_loop(goes_on, step, at)[3]


@dataclasses.dataclass(frozen=True)
class HostEvaluator:
    """Evaluates in environments that are stepped from the host.

    Attributes:
        agent: who acts.
        world: where.
        episodes: E, how many episodes.
    """

    agent: Agent
    world: HostWorld
    episodes: int

    def run(self, state: TrainState, seed: int, *, explore: bool) -> Episodes:
        """Plays the episodes that begin with ``seed``."""
        state, key = state._replace(replay=None), jax.random.key(seed)
        timestep = self._batch.reset(environment_seed(seed, 0))
        carry, last = self.agent.initial_carry(self.episodes), _told(timestep)
        done = np.zeros(self.episodes, bool)
        while not done.all():
            carry, action, key = self._act(state, carry, timestep, key, explore=explore)
            timestep = self._batch.step(np.asarray(action))
            last = tuple(np.where(done, a, b) for a, b in zip(last, _told(timestep), strict=True))
            done |= timestep.ended
        return Episodes(*last)

    def close(self) -> None:
        """Lets go of the environments; others are made where it is run again."""
        if "_batch" in self.__dict__:
            self.__dict__.pop("_batch").close()

    @cached_property
    def _batch(self) -> Any:
        return self.world.batch(self.episodes)

    @cached_property
    def _act(self) -> Any:
        def act(
            state: TrainState, carry: Any, timestep: Timestep, key: jax.Array, explore: bool
        ) -> tuple[Any, Any, jax.Array]:
            key, act_key = jax.random.split(key)
            carry = begun_anew(self.agent, carry, timestep)
            carry, action, _ = self.agent.act(
                state, carry, timestep.observation, act_key, explore=explore
            )
            return carry, action, key

        return jax.jit(act, static_argnames="explore")


def in_both_modes(
    evaluator: ScanEvaluator | HostEvaluator, states: Sequence[TrainState], seeds: Sequence[int]
) -> dict[str, Any]:
    """The `summary` of all episodes in each mode, that of the sampled one within the other.

    Args:
        evaluator: plays the episodes.
        states: what was learned, in each of several runs.
        seeds: of the episodes of each.
    """
    modes: dict[str, Any] = {}
    for mode, explore in MODES.items():
        each = [
            evaluator.run(state, seed, explore=explore)
            for state, seed in zip(states, seeds, strict=True)
        ]
        together = Episodes(*map(np.concatenate, zip(*each, strict=True)))
        modes[mode] = summary(together, evaluator.world.spec.has_success)
        modes[mode]["by_seed"] = [float(episodes.returns.mean()) for episodes in each]
    return {**modes["deterministic"], "sampled": modes["sampled"]}


def _told(timestep: Timestep) -> tuple[Any, Any, Any]:
    return timestep.episode_return, timestep.episode_length, timestep.success
