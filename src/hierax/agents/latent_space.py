"""Latent space policies: stacks of invertible maximum-entropy policies, one trained at a time.

Haarnoja, Hartikainen, Abbeel & Levine (2018), "Latent space policies for hierarchical
reinforcement learning". With levels 0 .. K - 1 from the bottom, all of which see the present state,

    x_{K-1} = f_{K-1}(z; s),  z ~ N(0, I);     x_k = f_k(x_{k+1}; s);     action = tanh(x_0)

Level k learns by soft actor-critic (`hierax.agents.soft`) while those below are frozen and part of
its world; its action is x_k, and p is what the frozen levels were trained under:

    k = 0   uniform actions in the cube, log p = -d log 2, of the action tanh(x_0)
    k > 0   log p = log N(x_k; 0, I), of x_k as it is

Since f is a bijection, KL(π_k ‖ p) is the same in every space on the way down: level k is
KL-regularised towards the policy of the levels below. It can leave that policy altogether, for
f_k may undo f_{k-1}; the price of that is the KL.

Every level has a latent of the size d of the action. An upper level is never squashed: through a
tanh it could not reach a third of what the level below was trained on.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from hierax import checks
from hierax.agents import statistics
from hierax.agents.agent import Key, Metrics, Observation, TrainState, Transition
from hierax.agents.critics import action_values, twin_critics
from hierax.agents.decisions import decision
from hierax.agents.distributions import log_det_tanh
from hierax.agents.flows import Flow, standard_log_prob
from hierax.agents.level import Level
from hierax.agents.networks import flatten_views
from hierax.agents.off_policy import Batch, OffPolicy
from hierax.agents.replay import Replay, Stretch
from hierax.agents.soft import SoftLearner, SoftUpdate
from hierax.spec import WorldSpec

LARGEST_UNIFORM = 1.0 - 1e-6
"""Uniform actions keep this far from ±1, where x = artanh a would be infinite."""


class Frozen(NamedTuple):
    """A level that no longer learns.

    Attributes:
        flow: its policy.
        statistics: what its observations are normalised by, as they were when it was frozen; None
            where they are not.
    """

    flow: Flow
    statistics: Any


class LevelsLearner(NamedTuple):
    """What was learned by all levels.

    Attributes:
        below: the frozen levels, the bottom first.
        top: the level that learns.
    """

    below: tuple[Frozen, ...]
    top: SoftLearner


class Held(NamedTuple):
    """What is held between steps.

    Attributes:
        age: ``(N,)`` int32, steps since the episode began.
        noise: ``(N, d)``, z of the last decision of the top level.
        outputs: ``(N, d)`` of each level, the bottom first: x_k of its last decision.
    """

    age: jax.Array
    noise: jax.Array
    outputs: tuple[jax.Array, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatentSpacePolicy(OffPolicy):
    """A stack of levels, of which the top one learns.

    ``hidden_sizes`` holds for critics and for the torsos of flows.

    Attributes:
        levels: from the bottom to the top. Those that name no views see ``views``.
        deterministic: how z is chosen where it does not explore: ``"zero"``, which is not the mode
            of a flow's density; ``"fixed"``, one z for each episode; or ``"best_of_n"``, at each
            decision the one of n candidates that the critics value most.
        candidates: n of ``"best_of_n"``.
    """

    levels: tuple[Level, ...] = (Level(),)
    deterministic: Literal["zero", "fixed", "best_of_n"] = "zero"
    candidates: int = 32

    def __post_init__(self) -> None:
        checks.instance("levels", self.levels, tuple)
        if not self.levels:
            raise ValueError("levels is (), but must hold at least one level")
        for level in self.levels:
            checks.instance("level", level, Level)
        named = tuple(dataclasses.replace(x, views=self._views_of(x)) for x in self.levels)
        object.__setattr__(self, "levels", named)
        super().__post_init__()
        for number, level in enumerate(self.levels):
            if not self.spec.size(level.views):
                raise ValueError(
                    f"views of level {number} are {level.views}, but must hold at least one number"
                )
        intervals = [level.control_interval for level in self.levels]
        for number, (below, above) in enumerate(itertools.pairwise(intervals)):
            if above % below:
                raise ValueError(
                    f"control_interval of level {number + 1} is {above}, but must be a multiple "
                    f"of that of the level below, {below}"
                )
        checks.one_of("deterministic", self.deterministic, ("zero", "fixed", "best_of_n"))
        checks.count("candidates", self.candidates, 1)

    @property
    def top(self) -> Level:
        """The level that learns."""
        return self.levels[-1]

    @property
    def replay(self) -> Replay:
        """How decisions of the top level are kept: the steps of each side by side."""
        interval = self.top.control_interval
        return Replay(self.buffer_size, interval, aligned=interval > 1)

    def build(self, key: Key) -> LevelsLearner:
        """See `OffPolicy`; levels below the top are as `Level.identity` says."""
        critic_key, *keys = jax.random.split(key, 1 + len(self.levels))
        *below, top = (self._flow(each, number) for number, each in enumerate(keys))
        critics = twin_critics(
            critic_key, self.observation_size, self.action_size, self.hidden_sizes
        )
        level = self.top
        first = level.initial_temperature if level.temperature is None else level.temperature
        return LevelsLearner(
            tuple(map(self._frozen, below, self.levels[:-1])),
            self._soft_update.init(top, critics, first),
        )

    def begin(self, count: int) -> Held:
        """See `Agent`: nothing is held yet, and all levels decide in the first step."""
        nothing = jnp.zeros((count, self.action_size))
        return Held(jnp.zeros(count, jnp.int32), nothing, (nothing,) * len(self.levels))

    def act(
        self, state: TrainState, carry: Held, observation: Observation, key: Key, *, explore: bool
    ) -> tuple[Held, jax.Array, Mapping[str, jax.Array]]:
        """See `Agent`; the extra is ``"output"``, x of the top level."""
        seen = self.see(state, observation)
        noise_key, uniform_key = jax.random.split(key)
        noise = self._noise(state, carry, seen, noise_key, explore)
        decided = state.learner.top.actor.forward(noise, seen)[0]
        if explore:
            begun = self._uninformed(noise, uniform_key)
            decided = jnp.where(state.steps < self.learning_starts, begun, decided)
        output = self._held(carry, len(self.levels) - 1, decided)
        outputs = (output, *self._descend(state.learner.below, carry, observation, output))
        carry = Held(carry.age + 1, noise, outputs[::-1])
        return carry, jnp.tanh(outputs[-1]), {"output": output}

    def executed(self, state: TrainState, observation: Observation, output: jax.Array) -> jax.Array:
        """Actions ``(N, d)`` that outputs x of the top level come to, where all levels decide."""
        return jnp.tanh(self.at_bottom(state, observation, output))

    def at_bottom(
        self, state: TrainState, observation: Observation, output: jax.Array
    ) -> jax.Array:
        """As `executed`, before the tanh: x_0."""
        begun = self.begin(len(output))
        outputs = [output, *self._descend(state.learner.below, begun, observation, output)]
        return outputs[-1]

    def observe(self, state: TrainState, transition: Transition) -> TrainState:
        """See `Agent`; what is stored as the action is x of the top level."""
        output = transition.extras["output"]
        return super().observe(state, transition._replace(action=output, extras={}))

    def update(
        self, learner: LevelsLearner, batch: Batch, key: Key
    ) -> tuple[LevelsLearner, Metrics]:
        """See `OffPolicy`; metrics begin with the number of the level, ``"level_1/kl"``."""
        top, metrics = self._soft_update(learner.top, batch, key)
        number = len(self.levels) - 1
        told = {f"level_{number}/{name}": value for name, value in metrics.items()}
        return learner._replace(top=top), told

    def add_level(
        self, state: TrainState, level: Level, spec: WorldSpec | None = None
    ) -> tuple["LatentSpacePolicy", TrainState]:
        """Freezes what was learned, and puts a level on top that has learned nothing.

        Critics, optimisers, temperature, statistics and counters are those of a new agent, as what
        they were about has changed: the action now is the latent of the level below.

        Args:
            state: what was learned.
            level: the new one.
            spec: of the world that it learns in; by default the present one. Views of the levels
                below have to be there, of the same size.

        Returns:
            The agent with one level more, and its state without replay: `hierax.train` takes it as
            ``start``.

        Raises:
            ValueError: where the new world has other actions or views than the frozen levels need.
        """
        spec = self.spec if spec is None else spec
        seen = itertools.chain.from_iterable(level.views or () for level in self.levels)
        for name in dict.fromkeys(seen):
            if spec.view(name).shape != self.spec.view(name).shape:
                raise ValueError(
                    f"view {name!r} of {spec.name} has shape {spec.view(name).shape}, but a level "
                    f"below learned with {self.spec.view(name).shape}"
                )
        if spec.action != self.spec.action:
            raise ValueError(
                f"{spec.name} has {spec.action}, but the level below learned with "
                f"{self.spec.action}"
            )
        agent = dataclasses.replace(self, spec=spec, levels=(*self.levels, level))
        fresh = agent.untrained(jax.random.fold_in(state.key, len(agent.levels)))
        below = (*state.learner.below, Frozen(state.learner.top.actor, state.statistics))
        return agent, fresh._replace(learner=fresh.learner._replace(below=below))

    def up_to(self, number: int, spec: WorldSpec) -> "LatentSpacePolicy":
        """The agent whose top level is that one, in the world where it learns."""
        return dataclasses.replace(self, spec=spec, levels=self.levels[: number + 1])

    def _noise(
        self, state: TrainState, carry: Held, seen: jax.Array, key: Key, explore: bool
    ) -> jax.Array:
        """The noise z of the top level, ``(N, d)``."""
        kind = self.top.noise if explore else self.deterministic
        if kind == "best_of_n":
            return self._best(state.learner.top, seen, key)
        drawn = jax.random.normal(key, carry.noise.shape)
        if kind == "zero":
            return jnp.zeros_like(drawn)
        return drawn if kind == "step" else jnp.where(carry.age[:, None] == 0, drawn, carry.noise)

    def _best(self, top: SoftLearner, seen: jax.Array, key: Key) -> jax.Array:
        """Of n candidates for z the one whose output the critics value most, ``(N, d)``."""
        noise = jax.random.normal(key, (self.candidates, len(seen), self.action_size))

        def value(noise: jax.Array) -> jax.Array:
            output = top.actor.forward(noise, seen)[0]
            return action_values(top.critics, seen, self._valued(output)).min(axis=0)

        best = jax.vmap(value)(noise).argmax(axis=0)
        return jnp.take_along_axis(noise, best[None, :, None], axis=0)[0]

    def _uninformed(self, noise: jax.Array, key: Key) -> jax.Array:
        """Outputs of the top level before it learns: the prior that they are measured against."""
        if len(self.levels) > 1:
            return noise
        bound = LARGEST_UNIFORM
        return jnp.arctanh(jax.random.uniform(key, noise.shape, minval=-bound, maxval=bound))

    def _descend(
        self,
        below: tuple[Frozen, ...],
        carry: Held,
        observation: Observation,
        output: jax.Array,
    ) -> list[jax.Array]:
        """Outputs of the frozen levels for that of the top one, from above to the bottom."""
        outputs = []
        for number in reversed(range(len(below))):
            level, frozen = self.levels[number], below[number]
            seen = flatten_views(observation, level.views or ())
            if frozen.statistics is not None:
                seen = statistics.normalise(frozen.statistics, seen)
            output = self._held(carry, number, frozen.flow.forward(output, seen)[0])
            outputs.append(output)
        return outputs

    def _held(self, carry: Held, number: int, decided: jax.Array) -> jax.Array:
        """What the level decides, or what it decided before where that still holds."""
        interval = self.levels[number].control_interval
        if interval == 1:
            return decided
        return jnp.where(carry.age[:, None] % interval == 0, decided, carry.outputs[number])

    def _flow(self, key: Key, number: int) -> Flow:
        """An untrained level."""
        level, size = self.levels[number], self.action_size
        # Each flow begins with the half that moved last below, so that it can undo it.
        turns = sum(each.couplings - 1 for each in self.levels[:number])
        return Flow(
            key,
            self.spec.size(level.views),
            size,
            self.hidden_sizes,
            level.moved(size, begin_with=turns % 2),
            level.coupling_units,
            level.scale_limit,
            final_scale=0.0 if level.identity else 1.0,
        )

    def _frozen(self, flow: Flow, level: Level) -> Frozen:
        if not self.normalise_observations:
            return Frozen(flow, None)
        return Frozen(flow, statistics.empty(self.spec.size(level.views)))

    @property
    def _names(self) -> tuple[str, ...]:
        return self.top.views or ()

    def _views_of(self, level: Level) -> tuple[str, ...]:
        if level.views is not None:
            return level.views
        return self.spec.view_names if self.views is None else self.views

    @property
    def _soft_update(self) -> SoftUpdate:
        at_bottom, level = len(self.levels) == 1, self.top
        usual = self.action_size * (1.0 + at_bottom * math.log(2.0))
        target = usual if level.target_kl is None else level.target_kl
        return SoftUpdate(
            sample=self.sample,
            optimiser=optax.adam(self.learning_rate),
            tau=self.tau,
            target_ratio=target if level.temperature is None else None,
        )

    def sample(
        self, flow: Flow, observation: jax.Array, key: Key
    ) -> tuple[jax.Array, jax.Array, Metrics]:
        """What the critics value of the top level's outputs, their log π − log p, and its means."""
        noise = jax.random.normal(key, (len(observation), self.action_size))
        noise = jax.lax.optimization_barrier(noise)  # not made anew wherever it is used
        output, log_det = flow.forward(noise, observation)
        log_prob = standard_log_prob(noise) - log_det
        if len(self.levels) > 1:
            log_prior = standard_log_prob(output)
        else:
            log_prob -= log_det_tanh(output)
            log_prior = -self.action_size * math.log(2.0)
        log_ratio = log_prob - log_prior
        return (
            self._valued(output),
            log_ratio,
            {
                "kl": log_ratio.mean(),
                "entropy": -log_prob.mean(),
                "log_det_least": log_det.min(),
                "log_det_most": log_det.max(),
            },
        )

    def _valued(self, output: jax.Array) -> jax.Array:
        """Outputs of the top level as its critics see them: at the bottom, actions."""
        return output if len(self.levels) > 1 else jnp.tanh(output)

    def _batch(self, state: TrainState, drawn: Stretch) -> Batch:
        held = decision(drawn, self.discount)
        return Batch(
            observation=self.see(state, held.first),
            action=self._valued(drawn.action[0]),
            reward=held.reward,
            discount=held.discount,
            next_observation=self.see(state, held.last),
        )
