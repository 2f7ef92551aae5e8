"""Q-learning from a replay, for worlds with numbered states and actions."""

import dataclasses

import jax
import jax.numpy as jnp

import hierax
from hierax.agents import OffPolicy, Sequences
from hierax.planning import evaluate_policy, solve_bellman
from hierax.worlds import make


@dataclasses.dataclass(frozen=True, kw_only=True)
class QLearning(OffPolicy[Sequences]):
    """Q(s, a) ← Q(s, a) + β (r + γ max_b Q(s', b) − Q(s, a)), with tables that start at 1.

    Attributes:
        epsilon: share of random actions during training.
    """

    learning_rate: float = 0.1
    batch_size: int = 128
    buffer_size: int = 100_000
    updates_per_step: float = 0.25
    epsilon: float = 0.1

    def encoders(self):
        """No networks, so no encoders."""
        return {}

    def build(self, key):
        """Return an optimistic table ``(S, A)``."""
        return jnp.ones((int(self.spec.view("state").high) + 1, self.spec.action.count))

    def initial_carry(self, count):
        """Return an empty carry."""
        return ()

    def act(self, state, carry, observation, key, *, explore):
        """Return the greedy action; during training a random one with probability epsilon."""
        action = state.learner[observation["state"]].argmax(axis=-1).astype(jnp.int32)
        if explore:
            which_key, action_key = jax.random.split(key)
            by_chance = jax.random.uniform(which_key, action.shape) < self.epsilon
            other = jax.random.randint(action_key, action.shape, 0, self.spec.action.count)
            action = jnp.where(by_chance, other, action)
        return carry, action, {}

    def sample(self, state, key):
        """Return a batch of single steps."""
        return self.store.sample(state.replay, key, self.batch_size)

    def update(self, table, batch, key):
        """Make one update; a pair that was sampled several times moves by its mean error."""
        (before, after), action = batch.observation["state"], batch.action[0]
        discount = jnp.where(batch.terminated[0], 0.0, self.discount)
        error = batch.reward[0] + discount * table[after].max(axis=-1) - table[before, action]
        times = jnp.zeros_like(table).at[before, action].add(1.0)[before, action]
        table = table.at[before, action].add(self.learning_rate * error / times)
        return table, {"loss": jnp.square(error).mean()}


def learn_the_rooms(steps=50_000, **options):
    """Train in four rooms; return the result and its value as a share of the exact optimum."""
    world = make("FourRooms-v0", reward="terminal", slip=0.1, bump=True)
    trained = hierax.train(QLearning(world.spec), world, steps, **options)

    table, mdp, start = trained.states[0].learner, world.tabular.mdp, world.tabular.start
    policy = jax.nn.one_hot(table.argmax(axis=-1), mdp.actions)
    learned, best = evaluate_policy(mdp, policy)[start], solve_bellman(mdp).value[start]
    return trained, learned / best


if __name__ == "__main__":
    print(f"{learn_the_rooms(run='runs/rooms')[1]:.1%} of the optimal value")
