"""The V-trace learner of modules: one update from the last T steps.

Tirumala et al. (2019), appendix B.3, equations 21 to 25, with α where it was dropped. For steps t
of a rollout, with the policy π, its value V, the cost k_t = α KL at x_t, and δv_t and v_t of
`hierax.agents.targets.vtrace`:

    policy     -mean ρ_t log π(a_t|x_t) δv_t + mean k_t - w mean H(π(·|x_t))
    default    mean KL_t
    value      mean ½ (v_t - V_t)²

The cost k_{t+1} is part of what follows step t, and so of v_t; k_t is not, because a_t does not
change it. Its gradient is taken in the loss. Where the policy has a latent z = μ(x) + σ(x) ε, the
first term reaches the high level through z. Value and policy have no parameter in common, and the
value does not pass a gradient to z.
"""

import dataclasses
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from hierax import checks
from hierax.agents.agent import Key, Transition
from hierax.agents.kl.learner import (
    DEFAULT,
    VALUE,
    Learner,
    Losses,
    Parameters,
    Unrolled,
    Weights,
    Window,
    mean,
)
from hierax.agents.rollout import FromRollouts
from hierax.agents.targets import vtrace


@dataclasses.dataclass(frozen=True, kw_only=True)
class VTrace(FromRollouts, Learner):
    """Updates by V-trace, from exactly the last T steps.

    Attributes:
        rollout_length: T, steps of each environment between two updates; several periods of a high
            level that is trained, because it learns nothing of latents that were drawn before.
        learning_rate: of Adam; each module has an optimiser of its own.
        max_gradient_norm: largest norm of the gradient of a module; longer ones are scaled down.
            None scales none.
        clip_ratio: ρ̄, largest importance ratio in targets.
        clip_trace: c̄, largest importance ratio in traces.
        target_period: updates between two copies of the default policies, with which the policy is
            compared; 0 compares it with the present ones.

    Raises:
        ValueError: if a value is not allowed.
    """

    judges_actions: ClassVar[bool] = False

    rollout_length: int = 16
    learning_rate: float = 2e-3
    max_gradient_norm: float | None = 1.0
    clip_ratio: float = 1.0
    clip_trace: float = 1.0
    target_period: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("rollout_length", self.rollout_length, 1)
        for name in ("clip_ratio", "clip_trace"):
            checks.positive(name, getattr(self, name))
        checks.count("target_period", self.target_period, 0)

    def ready(self, stored: Any) -> Array:
        """Return () bool: True."""
        del stored
        return jnp.array(True)

    def window(self, stored: Any, key: Key) -> Transition:
        """Return the last T steps of each environment."""
        del key
        rollout = self.store.read(stored)
        every = jax.tree.map(
            lambda before, after: jnp.concatenate([before, after[-1:]]),
            rollout.observation,
            rollout.next_observation,
        )
        return rollout._replace(observation=every, next_observation=None)

    def steps_of(self, updates: Array, window: Window) -> Array:
        """Return the environment steps of so many updates: each step is learned from once."""
        return updates.astype(jnp.float32) * window.is_step.size

    def has_target(self, name: str) -> bool:
        """Return whether earlier parameters of a module are kept: of default policies, if P > 0."""
        return self.target_period > 0 and name.endswith(DEFAULT)

    def losses(
        self,
        unrolled: Unrolled,
        parameters: Parameters,
        targets: Parameters,
        window: Window,
        key: Key,
        weights: Weights,
    ) -> Losses:
        """Return the losses of policies and value."""
        del targets, key
        is_step, average = window.is_step, partial(mean, window.is_step)
        policy = jax.tree.map(lambda leaf: leaf[:-1], unrolled.policy)
        value, cost = parameters[VALUE](unrolled.judged)[..., 0], weights.kl * unrolled.nats
        log_prob = policy.log_prob(window.action)
        log_ratio = jnp.where(is_step, log_prob - window.extras["log_prob"], -jnp.inf)
        found = vtrace(
            value=value[:-1],
            next_value=value[1:],
            reward=window.reward,
            discount=jnp.where(window.terminated, 0.0, weights.discount),
            log_ratio=log_ratio,
            next_cost=cost[1:],
            clip_ratio=self.clip_ratio,
            clip_trace=self.clip_trace,
        )
        gain, error = found.advantage * log_prob, found.value - value[:-1]
        return Losses(
            policy=average(cost[:-1] - gain - weights.entropy * policy.entropy()),
            value=average(0.5 * error**2),
            target=found.value,
            error=error,
            log_ratio=log_ratio,
            clip=self.clip_ratio,
        )
