"""Q-learning from replayed steps, for worlds whose states and actions have numbers."""

import dataclasses

import jax
import jax.numpy as jnp

import hierax
from hierax.agents import Replay, TrainState, Transition
from hierax.planning import evaluate_policy, solve_bellman
from hierax.spec import WorldSpec
from hierax.worlds import make


@dataclasses.dataclass(frozen=True)
class QLearning:
    """Q(s, a) ← Q(s, a) + β (r + γ max_b Q(s', b) − Q(s, a)), with tables that begin at 1."""

    spec: WorldSpec
    discount: float = 0.99
    learning_rate: float = 0.1
    epsilon: float = 0.1
    batch_size: int = 128
    buffer_size: int = 100_000
    learning_starts: int = 1_000
    updates_per_step: float = 0.25

    def init(self, key, environments=1):
        """A hopeful table, and a memory for one transition of each environment at a time."""
        states, actions = int(self.spec.view("state").high) + 1, self.spec.action.count
        views = {v.name: jnp.zeros((environments, *v.shape), v.dtype) for v in self.spec.views}
        reward, no = jnp.zeros(environments), jnp.zeros(environments, bool)
        nothing = Transition(views, jnp.int32(reward), {}, reward, no, no, views, no)
        replay = Replay(self.buffer_size).init(nothing)
        table = jnp.ones((states, actions))
        return TrainState(table, replay, None, jnp.int32(0), jnp.int32(0), key)

    def begin(self, count):
        """Nothing is carried from step to step."""
        return ()

    def act(self, state, carry, observation, key, *, explore):
        """The best action; while learning, one action in ten by chance."""
        action = state.learner[observation["state"]].argmax(axis=-1).astype(jnp.int32)
        if explore:
            which_key, action_key = jax.random.split(key)
            by_chance = jax.random.uniform(which_key, action.shape) < self.epsilon
            other = jax.random.randint(action_key, action.shape, 0, self.spec.action.count)
            action = jnp.where(by_chance, other, action)
        return carry, action, {}

    def observe(self, state, transition):
        """Stores the transition; steps that begin an episode are never drawn from the replay."""
        replay = Replay(self.buffer_size).add(state.replay, transition)
        return state._replace(replay=replay, steps=state.steps + transition.is_step.size)

    def draw(self, state):
        """The batch of the next update."""
        _, draw_key = jax.random.split(state.key)
        return Replay(self.buffer_size).sample(state.replay, draw_key, self.batch_size)

    def learn(self, state):
        """One update; pairs that were drawn several times move by their mean error."""
        table, drawn = state.learner, self.draw(state)
        (before, after), action = drawn.observation["state"], drawn.action[0]
        discount = jnp.where(drawn.terminated[0], 0.0, self.discount)
        error = drawn.reward[0] + discount * table[after].max(axis=-1) - table[before, action]
        times = jnp.zeros_like(table).at[before, action].add(1.0)[before, action]
        table = table.at[before, action].add(self.learning_rate * error / times)
        key, _ = jax.random.split(state.key)
        state = state._replace(learner=table, updates=state.updates + 1, key=key)
        return state, {"loss": jnp.square(error).mean()}


def learn_the_rooms(steps=50_000, **options):
    """Trains in four rooms; the exact planner tells which share of the optimum was learned."""
    world = make("FourRooms-v0", reward="terminal", slip=0.1, bump=True)
    trained = hierax.train(QLearning(world.spec), world, steps, **options)

    table, mdp, start = trained.states[0].learner, world.tabular.mdp, world.tabular.start
    policy = jax.nn.one_hot(table.argmax(axis=-1), mdp.actions)
    learned, best = evaluate_policy(mdp, policy)[start], solve_bellman(mdp).value[start]
    return trained, learned / best


if __name__ == "__main__":
    print(f"{learn_the_rooms(run='runs/rooms')[1]:.1%} of the optimal value")
