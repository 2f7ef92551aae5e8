"""Twin delayed deep deterministic policy gradient, TD3 (Fujimoto, van Hoof & Meger 2018).

The update is `hierax.agents.updates.td3`. During training Gaussian noise is added to actions.
"""

import dataclasses

import jax
import jax.numpy as jnp
import optax

from hierax import checks
from hierax.agents.actor_critic import OBSERVATION
from hierax.agents.agent import Key, Metrics
from hierax.agents.critics import twin_critics
from hierax.agents.flat_actor_critic import FlatActorCritic
from hierax.agents.networks import MLP
from hierax.agents.parts import Part, Parts
from hierax.agents.transitions import TransitionBatch
from hierax.agents.updates.td3 import TD3Learner, TD3Update, deterministic_action


@dataclasses.dataclass(frozen=True, kw_only=True)
class TD3(FlatActorCritic):
    """TD3. All noise is Gaussian, in units of half the range of an action.

    Attributes:
        exploration_noise: standard deviation of the noise on actions during training.
        target_policy_noise: standard deviation σ' of the noise on target actions.
        target_noise_clip: c, bound of the noise on target actions.
        policy_delay: d, critic updates for each update of actor and targets.
        actor_learning_rate: of Adam, for the actor; None for ``learning_rate``.
        pretanh_penalty: weight of the mean square of actions before the tanh.
    """

    exploration_noise: float = 0.1
    target_policy_noise: float = 0.2
    target_noise_clip: float = 0.5
    policy_delay: int = 2
    actor_learning_rate: float | None = None
    pretanh_penalty: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("exploration_noise", "target_policy_noise", "target_noise_clip"):
            checks.not_negative(name, getattr(self, name))
        checks.not_negative("pretanh_penalty", self.pretanh_penalty)
        checks.count("policy_delay", self.policy_delay, 1)
        if self.actor_learning_rate is not None:
            checks.positive("actor_learning_rate", self.actor_learning_rate)

    @property
    def _update(self) -> TD3Update:
        return TD3Update(
            optimiser=self.optimiser,
            tau=self.tau,
            policy_delay=self.policy_delay,
            target_policy_noise=self.target_policy_noise,
            target_noise_clip=self.target_noise_clip,
            actor_optimiser=self._actor_optimiser,
            pretanh_penalty=self.pretanh_penalty,
        )

    @property
    def _actor_optimiser(self) -> optax.GradientTransformation | None:
        """The optimiser of the actor, if it has a learning rate of its own."""
        if self.actor_learning_rate is None:
            return None
        return dataclasses.replace(
            self, learning_rate=self.actor_learning_rate, actor_learning_rate=None
        ).optimiser

    @property
    def parts(self) -> Parts:
        """Actor and critics."""
        return {
            "actor": Part(
                ("actor",),
                (("target_actor",),),
                (("optimisers", 0), ("actor_metrics",)),
                (OBSERVATION,),
            ),
            "critic": Part(
                ("critics",), (("target_critics",),), (("optimisers", 1),), (OBSERVATION,)
            ),
        }

    def build(self, key: Key) -> TD3Learner:
        """Return actor, critics and their targets."""
        actor_key, critic_key = jax.random.split(key)
        actor = MLP(actor_key, self.observation_size, self.hidden_sizes, self.action_size)
        critics = twin_critics(
            critic_key, self.observation_size, self.action_size, self.hidden_sizes
        )
        return self._update.init(actor, critics)

    def disturbed(self, learner: TD3Learner, observation: jax.Array, noise: jax.Array) -> jax.Array:
        """Return the actor's actions with noise."""
        action = self.exploit(learner, observation)
        return jnp.clip(action + self.exploration_noise * noise, -1.0, 1.0)

    def exploit(self, learner: TD3Learner, observation: jax.Array) -> jax.Array:
        """Return the actor's actions."""
        return deterministic_action(learner.actor, observation)

    def update(
        self, learner: TD3Learner, batch: TransitionBatch, key: Key
    ) -> tuple[TD3Learner, Metrics]:
        """Return the learner after one update, and metrics."""
        return self._update(learner, batch, key)
