"""Evaluations: whole episodes of an agent that is not trained meanwhile.

Each mode has its own environments and random numbers, so evaluations do not change a run. The modes
are acting as well as possible (``"deterministic"``) and as during training (``"sampled"``).
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import Agent, TrainState
from hierax.precision import in_float32
from hierax.training import finiteness
from hierax.training.acting import Acting, Behaviour, HostBehaviour, host_steps, step
from hierax.training.episodes import Episodes, summary
from hierax.training.host_driver import environment_seed
from hierax.training.pace import Pace
from hierax.training.sharing import shared
from hierax.training.strong_types import strongly_typed
from hierax.worlds.functional_batch import FunctionalBatch
from hierax.worlds.host import HostBatch, HostWorld, tells_success
from hierax.worlds.measures import measures
from hierax.worlds.world import Timestep, World

MODES: Mapping[str, bool] = {"deterministic": False, "sampled": True}
"""Whether the agent explores, for each mode."""


class Evaluator(Protocol):
    """Plays episodes of one agent in one world."""

    @property
    def world(self) -> World | HostWorld:
        """The world."""
        ...

    @property
    def tells_success(self) -> bool:
        """Whether the world reports success, or has reported it in an episode of `run`."""
        ...

    def run(self, state: TrainState, seed: int, *, explore: bool) -> Episodes:
        """Play the episodes of ``seed`` with a state of the agent.

        Raises:
            NotFiniteError: if an observation, action or reward is not finite.
        """
        ...

    def close(self) -> None:
        """Release the environments."""
        ...


def make_evaluator(
    agent: Agent, world: Any, episodes: int, environments: int | None = None
) -> Evaluator:
    """Return the evaluator for ``world``, which is chosen by ``world.spec.stepped``.

    Args:
        agent: the agent.
        world: a functional world, or one that is stepped from the host.
        episodes: E, number of episodes in each run.
        environments: see `HostEvaluator`; only for worlds that are stepped from the host.
    """
    if world.spec.stepped == "host":
        return HostEvaluator(agent, world, episodes, environments)  # it has environments of its own
    return shared(ScanEvaluator, agent, world, episodes)


@dataclasses.dataclass(frozen=True)
class ScanEvaluator:
    """An evaluator in a functional world: all episodes run in one compiled function.

    Attributes:
        agent: the agent.
        world: the world.
        episodes: E, number of episodes.
    """

    agent: Agent
    world: World
    episodes: int

    @property
    def tells_success(self) -> bool:
        """Whether the world reports success."""
        return bool(self.world.spec.has_success)

    @in_float32
    def run(self, state: TrainState, seed: int, *, explore: bool) -> Episodes:
        """Play the episodes of ``seed`` with a state of the agent.

        Raises:
            NotFiniteError: if an observation, action or reward is not finite.
        """
        play, pace = self._explore if explore else self._exploit, self._pace
        state = state._replace(replay=None)
        at = self._begin(state, jax.random.key(seed))
        while not (bool(at.done.all()) or int(at.fault)):
            began = time.perf_counter()
            at, made = play(state, at, np.int32(pace.number))
            made = int(made)  # fewer steps than asked for, if the episodes end
            pace.took(time.perf_counter() - began, made)
        _require_finite(at.fault, at.acting.worlds.timestep, at.action)
        return Episodes(*jax.device_get(at.last))

    def close(self) -> None:
        """Do nothing: an evaluator holds only arrays."""

    @cached_property
    def _explore(self) -> Any:
        return jax.jit(lambda *given: self._play(*given, explore=True))

    @cached_property
    def _exploit(self) -> Any:
        return jax.jit(lambda *given: self._play(*given, explore=False))

    @cached_property
    def _begin(self) -> Any:
        return jax.jit(self._begun)

    @cached_property
    def _batch(self) -> FunctionalBatch:
        return FunctionalBatch(self.world, self.episodes)

    @cached_property
    def _pace(self) -> Pace:
        return Pace()

    def _begun(self, state: TrainState, key: jax.Array) -> "_Playing":
        reset_key, key = jax.random.split(key)
        first = self._batch.reset(reset_key)
        acting = Acting(first, self.agent.initial_carry(self.episodes), key)
        behaviour = Behaviour(self.agent, explore=False)
        acted = jax.eval_shape(lambda: step(behaviour, self._batch, state, acting)[1])
        return strongly_typed(
            _Playing(
                acting,
                _results(self.world, first.timestep),
                jnp.zeros(self.episodes, bool),
                finiteness.first_fault((first.timestep.observation,)),
                jnp.zeros(acted.shape, acted.dtype),
            )
        )

    def _play(
        self, state: TrainState, at: "_Playing", steps: jax.Array, *, explore: bool
    ) -> tuple["_Playing", jax.Array]:
        """Make so many steps, or fewer if all episodes end or a number is not finite.

        Return the episodes, and the number of steps.
        """
        behaviour = Behaviour(self.agent, explore)

        def goes_on(now: tuple[jax.Array, _Playing]) -> jax.Array:
            made, at = now
            return (made < steps) & ~at.done.all() & (at.fault == 0)

        def one_step(now: tuple[jax.Array, _Playing]) -> tuple[jax.Array, _Playing]:
            made, at = now
            acting, action, _ = step(behaviour, self._batch, state, at.acting)
            shown = acting.worlds.timestep
            results = _results(self.world, shown)
            last = jax.tree.map(lambda a, b: jnp.where(at.done, a, b), at.last, results)
            fault = finiteness.first_fault((shown.observation, action, shown.reward))
            return made + 1, _Playing(acting, last, at.done | shown.ended, fault, action)

        made, at = jax.lax.while_loop(goes_on, one_step, (jnp.zeros((), jnp.int32), at))
        return strongly_typed((at, made))


class _Playing(NamedTuple):
    """Episodes that are being played.

    Attributes:
        acting: environments and the agent's carry.
        last: results of each episode so far.
        done: ``(E,)`` bool, whether it ended.
        fault: () int32, see `hierax.training.finiteness`.
        action: ``(E, ...)``, the last one.
    """

    acting: Acting
    last: Any
    done: jax.Array
    fault: jax.Array
    action: Any


@dataclasses.dataclass(frozen=True)
class HostEvaluator:
    """An evaluator in environments that are stepped from the host.

    Attributes:
        agent: the agent.
        world: the world.
        episodes: E, number of episodes.
        environments: M, stepped together, each for its share of the episodes; None makes one for
            each episode.
    """

    agent: Agent
    world: HostWorld
    episodes: int
    environments: int | None = None

    @in_float32
    def run(self, state: TrainState, seed: int, *, explore: bool) -> Episodes:
        """Play the episodes of ``seed`` with a state of the agent.

        Raises:
            NotFiniteError: if an observation, action or reward is not finite.
        """
        behaviour = self._explore if explore else self._exploit
        timestep = self._batch.reset(environment_seed(seed, 0))
        _require_finite(finiteness.step_fault(timestep, True), timestep, ())
        steps = host_steps(
            behaviour,
            self._batch,
            behaviour.parameters(state),
            self.agent.initial_carry(self._count),
            timestep,
            jax.random.key_data(jax.random.key(seed)),
        )
        share, more = divmod(self.episodes, self._count)
        left = np.full(self._count, share)
        left[:more] += 1
        found: list[list[Any]] = [[] for _ in range(self._count)]
        while left.any():
            made = next(steps)
            timestep = made.timestep
            fault = finiteness.step_fault(timestep, made.is_finite)
            _require_finite(fault, timestep, made.action)
            counted = timestep.ended & (left > 0)
            for number in np.flatnonzero(counted):
                results = _results(self.world, timestep)
                found[number].append(jax.tree.map(lambda each, n=number: each[n], results))
            left = left - counted
        rows = [each for own in found for each in own]
        return Episodes(*jax.tree.map(lambda *values: np.array(values), *rows))

    @property
    def tells_success(self) -> bool:
        """Whether the world reports success, or has reported it in an episode of `run`."""
        return tells_success(self._batch)

    def close(self) -> None:
        """Close the environments; the next `run` makes new ones."""
        if "_batch" in self.__dict__:
            self.__dict__.pop("_batch").close()

    @cached_property
    def _batch(self) -> HostBatch:
        return self.world.batch(self._count)

    @property
    def _count(self) -> int:
        return self.episodes if self.environments is None else self.environments

    @cached_property
    def _explore(self) -> HostBehaviour:
        return shared(_HostActing, self.agent, True).behaviour

    @cached_property
    def _exploit(self) -> HostBehaviour:
        return shared(_HostActing, self.agent, False).behaviour


@dataclasses.dataclass(frozen=True)
class _HostActing:
    """The compiled acting of an agent, shared by equal trainings."""

    agent: Agent
    explore: bool

    @cached_property
    def behaviour(self) -> HostBehaviour:
        shapes = jax.eval_shape(lambda: self.agent.init(jax.random.key(0)))
        behaviour = Behaviour(self.agent, self.explore)
        return HostBehaviour(behaviour, shapes._replace(replay=None))


def in_both_modes(
    evaluator: Evaluator, states: Sequence[TrainState], seeds: Sequence[int]
) -> dict[str, Any]:
    """Return the `summary` of all episodes in each mode; that of "sampled" is nested.

    Args:
        evaluator: of the agent and the world.
        states: of the agent, one for each of several runs.
        seeds: of the episodes of each run.
    """
    modes: dict[str, Any] = {}
    for mode, explore in MODES.items():
        each = [
            evaluator.run(state, seed, explore=explore)
            for state, seed in zip(states, seeds, strict=True)
        ]
        plain = [tuple(episodes) for episodes in each]
        together = Episodes(*jax.tree.map(lambda *parts: np.concatenate(parts), *plain))
        modes[mode] = summary(together, evaluator.tells_success)
        modes[mode]["by_seed"] = [float(episodes.returns.mean()) for episodes in each]
    return {**modes["deterministic"], "sampled": modes["sampled"]}


def _require_finite(fault: Any, timestep: Timestep, action: Any) -> None:
    if fault:
        raise finiteness.NotFiniteError(
            f"{finiteness.ACTING[int(fault) - 1]} is not finite, so the evaluation was stopped",
            finiteness.step_evidence(timestep, action),
        )


def _results(world: Any, timestep: Timestep) -> tuple[Any, Any, Any, Any]:
    measured = measures(world, timestep)
    return timestep.episode_return, timestep.episode_length, timestep.success, measured
