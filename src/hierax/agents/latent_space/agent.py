"""Latent space policies: stacks of invertible maximum-entropy policies, trained one at a time.

Haarnoja, Hartikainen, Abbeel & Levine (2018), "Latent space policies for hierarchical
reinforcement learning". With levels 0 .. K - 1 from the bottom, which all observe the state s,

    x_{K-1} = f_{K-1}(z; s),  z ~ N(0, I);     x_k = f_k(x_{k+1}; s);     action = tanh(x_0)

Level k is trained by soft actor-critic (`hierax.agents.updates.soft`), while the levels below are
frozen and part of its environment. Its action is x_k. The prior p is the distribution that the
frozen levels were trained under:

    k = 0   uniform actions in the cube, log p = -d log 2, of the action tanh(x_0)
    k > 0   log p = log N(x_k; 0, I), of x_k itself

f is a bijection, so KL(π_k ‖ p) is the same in every space below: level k is KL-regularised towards
the policy of the levels below. It can still represent any other policy, since f_k can invert
f_{k-1}; the KL is the price.

Every level has a latent of the size d of the action. Upper levels are never squashed: through a
tanh they could not reach a third of the latents that the level below was trained on.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping
from typing import Literal

import jax
import jax.numpy as jnp

from hierax import checks
from hierax.agents.actor_critic import OBSERVATION, ActorCritic
from hierax.agents.agent import (
    Key,
    Metrics,
    Observation,
    TrainState,
    WithStates,
    one_state,
)
from hierax.agents.critics import action_values, twin_critics
from hierax.agents.distributions import log_det_tanh
from hierax.agents.encoder import Encoder
from hierax.agents.latent_space.flows import Flow, standard_log_prob
from hierax.agents.latent_space.level import Level
from hierax.agents.latent_space.stack import (
    FrozenLevel,
    StackCarry,
    StackLearner,
    held,
    through_frozen,
)
from hierax.agents.parts import Parts
from hierax.agents.replay import Index
from hierax.agents.transitions import TransitionBatch, held_decision
from hierax.agents.updates.soft import SoftLearner, SoftUpdate, soft_parts
from hierax.precision import in_float32
from hierax.spec import WorldSpec

LARGEST_UNIFORM = 1.0 - 1e-6
"""Uniform actions keep this far from ±1, where x = artanh a would be infinite."""
DECISIONS = "decisions"
OUTPUT = "output"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatentSpacePolicy(ActorCritic):
    """A stack of levels; the top level is trained, the levels below are frozen.

    ``hidden_sizes`` holds for critics and for the torsos of flows.

    Attributes:
        levels: from the bottom to the top. Levels without views of their own observe ``views``.
        deterministic: how z is chosen without exploration. ``"zero"`` is not the mode of a flow's
            density. ``"fixed"`` draws one z for each episode. ``"best_of_n"`` takes, at each
            decision, the best of n candidates by the critics' values.
        candidates: n of ``"best_of_n"``.
    """

    levels: tuple[Level, ...] = (Level(),)
    deterministic: Literal["zero", "fixed", "best_of_n"] = "zero"
    candidates: int = 32

    def __post_init__(self) -> None:
        checks.instance("levels", self.levels, tuple)
        if not self.levels:
            raise ValueError("levels must hold at least one level, got ()")
        for level in self.levels:
            checks.instance("level", level, Level)
        named = tuple(dataclasses.replace(x, views=self._views_of(x)) for x in self.levels)
        object.__setattr__(self, "levels", named)
        super().__post_init__()
        for number, level in enumerate(self.levels):
            if not self.spec.size(level.views):
                raise ValueError(
                    f"views of level {number} must hold at least one number together, got "
                    f"{level.views}"
                )
        intervals = [level.control_interval for level in self.levels]
        for number, (below, above) in enumerate(itertools.pairwise(intervals)):
            if above % below:
                raise ValueError(
                    f"control_interval of level {number + 1} must be a multiple of that of the "
                    f"level below, {below}, got {above}"
                )
        checks.one_of("deterministic", self.deterministic, ("zero", "fixed", "best_of_n"))
        checks.count("candidates", self.candidates, 1)

    @property
    def top(self) -> Level:
        """The level that is trained."""
        return self.levels[-1]

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of the views that the top level observes."""
        return self.top.views or ()

    @property
    def indices(self) -> Mapping[str, Index]:
        """Decisions of the top level: the steps that each was held for."""
        interval = self.top.control_interval
        return {DECISIONS: Index(interval, aligned=interval > 1)}

    @property
    def parts(self) -> Parts:
        """Actor, critics and temperature of the top level; the levels below are always frozen."""
        return soft_parts(("top",), OBSERVATION)

    def build(self, key: Key) -> StackLearner:
        """Return all levels; those below the top start as `Level.identity` says."""
        critic_key, *keys = jax.random.split(key, 1 + len(self.levels))
        *below, top = (self._flow(each, number) for number, each in enumerate(keys))
        critics = twin_critics(
            critic_key, self.observation_size, self.action_size, self.hidden_sizes
        )
        level = self.top
        first = level.initial_temperature if level.temperature is None else level.temperature
        frozen = tuple(
            FrozenLevel(flow, self._encoder(lower), lower.control_interval)
            for flow, lower in zip(below, self.levels[:-1], strict=True)
        )
        return StackLearner(frozen, self._soft_update.init(top, critics, first))

    def initial_carry(self, count: int) -> StackCarry:
        """Return a carry of zeros; all levels decide in the first step."""
        nothing = jnp.zeros((count, self.action_size))
        return StackCarry(jnp.zeros(count, jnp.int32), nothing, (nothing,) * len(self.levels))

    def act(
        self,
        state: TrainState,
        carry: StackCarry,
        observation: Observation,
        key: Key,
        *,
        explore: bool,
    ) -> tuple[StackCarry, jax.Array, dict[str, jax.Array]]:
        """Return carry, actions, and ``"output"``: x of the top level."""
        encoded = self.preprocess(state, observation)
        noise_key, uniform_key = jax.random.split(key)
        noise = self._noise(state, carry, encoded, noise_key, explore)
        decided = state.learner.top.actor.forward(noise, encoded)[0]
        if explore:
            prior = self._prior_sample(noise, uniform_key)
            decided = jnp.where(state.steps < self.learning_starts, prior, decided)
        output = held(carry, len(self.levels) - 1, self.top.control_interval, decided)
        outputs = (output, *through_frozen(state.learner.below, carry, observation, output))
        carry = StackCarry(carry.age + 1, noise, outputs[::-1])
        return carry, jnp.tanh(outputs[-1]), {OUTPUT: output}

    def bottom_output(
        self, state: TrainState, observation: Observation, output: jax.Array
    ) -> jax.Array:
        """Return x_0 ``(N, d)`` for outputs x of the top level, where all levels decide.

        The action is its tanh.
        """
        carry = self.initial_carry(len(output))
        return [output, *through_frozen(state.learner.below, carry, observation, output)][-1]

    def sample(self, state: TrainState, key: Key) -> TransitionBatch:
        """Return a batch of decisions of the top level."""
        sequences = self.store.sample(state.replay, key, self.batch_size, DECISIONS)
        batch = self._encoded(state, held_decision(sequences, self.discount))
        return batch._replace(action=self._valued(sequences.extras[OUTPUT][0]))

    def update(
        self, learner: StackLearner, batch: TransitionBatch, key: Key
    ) -> tuple[StackLearner, Metrics]:
        """Return the learner after one update, and metrics such as ``"level_1/kl"``."""
        top, metrics = self._soft_update(learner.top, batch, key)
        number = len(self.levels) - 1
        named = {f"level_{number}/{name}": value for name, value in metrics.items()}
        return learner._replace(top=top), named

    @in_float32
    def add_level(
        self, trained: TrainState | WithStates, level: Level, spec: WorldSpec | None = None
    ) -> tuple["LatentSpacePolicy", TrainState]:
        """Freeze the trained levels, and put an untrained level on top.

        Critics, optimisers, temperature, statistics and counters are those of a new agent: the
        action is now the latent of the level below.

        Args:
            trained: the state of this agent, or what `hierax.train` returned for one seed.
            level: the new level.
            spec: of the world that the new level is trained in; None for the present one. It must
                have the views of the levels below, with the same shapes.

        Returns:
            The agent with one level more, and its state without replay: `hierax.train` takes it as
            ``start``.

        Raises:
            ValueError: if the new world has other actions or views than the frozen levels need, or
                the training has several seeds.
        """
        state = one_state(trained)
        spec = self.spec if spec is None else spec
        self._require_fitting(spec)
        agent = dataclasses.replace(self, spec=spec, levels=(*self.levels, level))
        fresh = agent.acting_state(jax.random.fold_in(state.key, len(agent.levels)))
        frozen = FrozenLevel(
            state.learner.top.actor, state.encoders[OBSERVATION], self.top.control_interval
        )
        below = (*state.learner.below, frozen)
        return agent, fresh._replace(learner=fresh.learner._replace(below=below))

    def up_to(self, number: int, spec: WorldSpec) -> "LatentSpacePolicy":
        """Return the agent whose top level is that one, in the world where it is trained."""
        return dataclasses.replace(self, spec=spec, levels=self.levels[: number + 1])

    def sample_policy(
        self, flow: Flow, observation: jax.Array, key: Key
    ) -> tuple[jax.Array, jax.Array, Metrics]:
        """Return sampled actions as the critics take them, their log π − log p, and metrics."""
        noise = jax.random.normal(key, (len(observation), self.action_size))
        noise = jax.lax.optimization_barrier(noise)  # not drawn anew wherever it is used
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

    def _noise(
        self, state: TrainState, carry: StackCarry, encoded: jax.Array, key: Key, explore: bool
    ) -> jax.Array:
        """Return the noise z of the top level, ``(N, d)``."""
        kind = self.top.noise if explore else self.deterministic
        if kind == "best_of_n":
            return self._best(state.learner.top, encoded, key)
        drawn = jax.random.normal(key, carry.noise.shape)
        if kind == "zero":
            return jnp.zeros_like(drawn)
        return drawn if kind == "step" else jnp.where(carry.age[:, None] == 0, drawn, carry.noise)

    def _best(self, top: SoftLearner, encoded: jax.Array, key: Key) -> jax.Array:
        """Return the best of n candidates for z by the critics' values, ``(N, d)``."""
        noise = jax.random.normal(key, (self.candidates, len(encoded), self.action_size))

        def value(noise: jax.Array) -> jax.Array:
            output = top.actor.forward(noise, encoded)[0]
            return action_values(top.critics, encoded, self._valued(output)).min(axis=0)

        best = jax.vmap(value)(noise).argmax(axis=0)
        return jnp.take_along_axis(noise, best[None, :, None], axis=0)[0]

    def _prior_sample(self, noise: jax.Array, key: Key) -> jax.Array:
        """Return outputs of the top level before training starts: samples of its prior.

        They last as long as ``noise`` does: a step, or an episode.
        """
        if len(self.levels) > 1:
            return noise
        bound = LARGEST_UNIFORM
        if self.top.noise == "episode":  # 2 Φ(z) - 1 is uniform, and constant where z is
            uniform = jnp.clip(jax.scipy.special.erf(noise / math.sqrt(2.0)), -bound, bound)
            return jnp.arctanh(uniform)
        return jnp.arctanh(jax.random.uniform(key, noise.shape, minval=-bound, maxval=bound))

    def _valued(self, output: jax.Array) -> jax.Array:
        """Return outputs of the top level as its critics take them: actions at the bottom."""
        return output if len(self.levels) > 1 else jnp.tanh(output)

    def _flow(self, key: Key, number: int) -> Flow:
        """Return the untrained flow of a level."""
        level, size = self.levels[number], self.action_size
        # Each flow begins with the half that moved last below, so that it can invert it.
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

    def _encoder(self, level: Level) -> Encoder:
        return Encoder.of(self.spec, level.views or (), normalise=self.normalise_observations)

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
            sample=self.sample_policy,
            optimiser=self.optimiser,
            tau=self.tau,
            target_ratio=target if level.temperature is None else None,
        )

    def _require_fitting(self, spec: WorldSpec) -> None:
        """Raise unless the levels of this agent can act in a world of that spec."""
        views = itertools.chain.from_iterable(level.views or () for level in self.levels)
        for name in dict.fromkeys(views):
            if spec.view(name).shape != self.spec.view(name).shape:
                raise ValueError(
                    f"view {name!r} of {spec.name} must have shape {self.spec.view(name).shape} as "
                    f"in the training of a level below, got {spec.view(name).shape}"
                )
        if spec.action != self.spec.action:
            raise ValueError(
                f"actions of {spec.name} must be {self.spec.action} as in the training of the "
                f"level below, got {spec.action}"
            )
