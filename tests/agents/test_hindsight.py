"""Batches of agents without levels against lists in plain Python: n-step returns, hindsight."""

import dataclasses
import functools

import jax
import numpy as np
import pytest
import scipy.stats

from agents.episodes import episodes
from hierax.agents import SAC, TD3, Transition
from hierax.agents.replay import Index, Replay
from hierax.spec import Continuous, GoalSpec, View, WorldSpec
from refusals import refuses

VIEWS = (View("place", (3,)), View("goal", (2,)))
GOAL = GoalSpec(achieved="place", entries=(1, 3), desired="goal", radius=0.5)
GOALS = {
    "distance": GOAL,
    "reached": dataclasses.replace(GOAL, reward="reached"),
    "relative": dataclasses.replace(GOAL, relative=True),
}
KINDS = [
    ({}, "distance"),
    ({"n_step": 3}, "reached"),
    ({"control_interval": 3}, "reached"),
    ({"n_step": 4}, "relative"),
]
COUNT, DISCOUNT = 3, 0.5


def agent_of(goal="distance", **changes):
    spec = WorldSpec("Somewhere-v0", VIEWS, Continuous(1), 50, goal=GOALS[goal])
    given = {"hidden_sizes": (4,), "batch_size": 600, "buffer_size": 120, "discount": DISCOUNT}
    return TD3(spec, **{**given, **changes})


@functools.partial(jax.jit, static_argnums=0)
def stored(agent, rows):
    """The replay after these rows, and a batch of it."""
    state = agent.init(jax.random.key(3), COUNT)
    add = lambda replay, row: (agent.store.add(replay, row), None)  # noqa: E731
    replay = jax.lax.scan(add, state.replay, rows)[0]
    return replay, agent.sample(state._replace(replay=replay), jax.random.key(0))


def batch_of(agent, rows):
    return jax.device_get(stored(agent, jax.tree.map(lambda *leaves: np.stack(leaves), *rows)))


def walk(seed, goal, steps=90, limit=8):
    """Steps of random walks; they end at the goal, by chance, or by the limit of an episode."""
    rng = np.random.default_rng(seed)
    place = np.float32(rng.normal(size=(COUNT, 3)))
    target = np.float32(rng.normal(size=(COUNT, 2)))
    age, ended = np.zeros(COUNT, int), np.zeros(COUNT, bool)

    def shown():
        return {"place": place, "goal": target - goal.relative * place[:, 1:]}

    for _ in range(steps):
        before, is_step = shown(), ~ended
        age = np.where(is_step, age + 1, 0)
        new = np.float32(rng.normal(size=(COUNT, 2)))
        target = np.where(is_step[:, None], target, new)
        place = np.float32(place + 0.5 * rng.normal(size=(COUNT, 3)))
        reached = goal.success_of(place[:, 1:], target) & (goal.reward == "reached")
        terminated = is_step & (reached | (rng.random(COUNT) < 0.05))
        truncated = is_step & ~terminated & (age == limit)
        yield Transition(
            before, np.float32(rng.uniform(-1, 1, (COUNT, 1))), {},
            np.float32(goal.reward_of(place[:, 1:], target)),
            terminated, truncated, shown(), is_step,
        )  # fmt: skip
        ended = terminated | truncated


class Steps:
    """All that was stored, as a list of episodes, each a list of steps."""

    def __init__(self, rows, goal):
        self.goal, self.where = goal, {}
        for n in range(COUNT):
            episode = []
            for row in rows:
                if not row.is_step[n]:
                    episode = []
                    continue
                # An episode grows after its steps are filed.
                self.where[tuple(row.observation["place"][n])] = episode, len(episode)
                episode.append(jax.tree.map(lambda leaf, n=n: np.asarray(leaf)[n], row))

    def expected(self, first, target, length, original):
        """Reward, discount, last place of the transition that begins at ``first``."""
        episode, at = self.where[tuple(first)]
        total, factor = 0.0, 1.0
        for step in episode[at : at + length]:
            place = step.next_observation["place"]
            reward, ends = step.reward, step.terminated
            if not original:
                distance = np.sqrt(((place[1:] - target) ** 2).sum())
                given = self.goal.desired_goal(step.next_observation)
                reward = -distance
                if self.goal.reward == "reached":
                    reward = float(distance < self.goal.radius)
                    was = np.sqrt(((place[1:] - given) ** 2).sum()) < self.goal.radius
                    ends = reward > 0 or (step.terminated and not was)
            total += factor * reward
            factor *= DISCOUNT
            if ends:
                return total, 0.0, place
        return total, factor, place

    def later(self, first):
        """Places after the step at ``first`` and after each that follows in its episode."""
        episode, at = self.where[tuple(first)]
        return [step.next_observation["place"][1:] for step in episode[at:]]


@pytest.mark.parametrize(("options", "kind"), KINDS)
def test_batches_are_those_of_the_lists(options, kind):
    agent, goal = agent_of(kind, hindsight=0.75, **options), GOALS[kind]
    rows = list(walk(0, goal))
    _, batch = batch_of(agent, rows)
    steps, length = Steps(rows, goal), max(options.values(), default=1)
    ended = []
    for b in range(agent.batch_size):
        first, shown = batch.observation[b, :3], batch.observation[b, 3:]
        target = shown + goal.relative * first[1:]
        found = [np.allclose(target, place, atol=1e-5) for place in steps.later(first)]
        assert any(found) == (b < 450)
        reward, discount, last = steps.expected(first, target, length, original=b >= 450)
        assert batch.reward[b] == pytest.approx(reward, abs=1e-4)
        assert batch.discount[b] == pytest.approx(discount)
        np.testing.assert_array_equal(batch.next_observation[b, :3], last)
        following = batch.next_observation[b, 3:] + goal.relative * last[1:]
        np.testing.assert_allclose(following, target, atol=1e-5)
        ended.append(discount)
    # The cases that matter occur: whole ones, cut ones, terminated ones.
    assert {0.0, DISCOUNT**length} <= set(ended)
    assert len(set(ended)) > min(length, 2)


def test_without_hindsight_goals_are_those_that_were_set():
    agent = agent_of(n_step=3)
    rows = list(walk(1, GOAL))
    replay, batch = batch_of(agent, rows)
    assert replay.ring.step.age is None
    steps = Steps(rows, GOAL)
    for b in range(100):
        reward, discount, last = steps.expected(batch.observation[b, :3], None, 3, original=True)
        assert batch.reward[b] == pytest.approx(reward, abs=1e-4)
        assert batch.discount[b] == pytest.approx(discount)
        np.testing.assert_array_equal(batch.next_observation[b, :3], last)


@functools.cache
def compiled():
    replay = Replay(75, {"transitions": Index()}, keeps_age=True)
    return jax.jit(replay.add), jax.jit(replay.sample_with_later, static_argnums=2)


def place(number):
    """Row and environment of an observation of `episodes`, counted from the first one."""
    n, t = divmod(np.asarray(number, int)[..., 0] - 1, 100_000)
    return t, n


@pytest.mark.parametrize(
    ("count", "longest", "limit", "broken"),
    [(10, 12, 25, 0.0), (61, 12, 25, 0.05), (200, 12, 25, 0.0), (200, 10**9, 8, 0.0)],
)
def test_later_observations_are_uniform_in_what_remains_of_the_episode(
    count, longest, limit, broken
):
    """Before the ring is full, and after it has turned over and over.

    In the last case the overwritten rows hold the same steps of their episodes as the new ones.
    """
    stream = list(episodes(2, COUNT, count, longest, limit, broken=broken))
    replay = Replay(75, {"transitions": Index()}, keeps_age=True)
    add, sample = compiled()
    memory = replay.init(stream[0])
    for transition in stream:
        memory = add(memory, transition)
    drawn, later = jax.device_get(sample(memory, jax.random.key(1), 20_000))
    (begin, n), (row, same) = place(drawn.observation["number"][0]), place(later["number"])
    np.testing.assert_array_equal(n, same)
    assert (row > begin).all()
    assert (row <= count).all()
    assert (later["byte"] == later["number"][:, 0] % 256).all()
    remaining = {}
    for t in range(count):
        for each in range(COUNT):
            end = t
            while end + 1 < count and stream[end + 1].is_step[each]:
                end += 1
            remaining[t, each] = end + 1 - t
    most = np.array([remaining[at] for at in zip(begin, n, strict=True)])
    steps = row - begin
    assert (steps <= most).all()
    assert set(steps[most > 5]) >= set(range(1, 6))
    for number in range(2, 6):
        counts = np.bincount(steps[most == number], minlength=number + 1)[1:]
        assert scipy.stats.chisquare(counts).pvalue > 1e-3
    spread = (steps - np.random.default_rng(0).random(len(steps))) / most
    assert scipy.stats.chisquare(np.histogram(spread, 20, (0, 1))[0]).pvalue > 1e-3


def test_a_replay_that_is_broken_off_has_no_later_observations_behind_the_break():
    replay = Replay(75, {"transitions": Index()}, keeps_age=True)
    add, sample = compiled()
    stream = list(episodes(0, COUNT, 8, 10**9))
    memory = replay.init(stream[0])
    for transition in stream:
        memory = add(memory, transition)
    memory = replay.break_off(memory)
    for transition in episodes(0, COUNT, 8, 10**9):
        later_age = transition._replace(
            observation={**transition.observation, "byte": np.full(COUNT, 255, np.uint8)},
            next_observation={**transition.next_observation, "byte": np.full(COUNT, 255, np.uint8)},
        )
        memory = add(memory, later_age)
    drawn, later = jax.device_get(sample(memory, jax.random.key(1), 500))
    np.testing.assert_array_equal(drawn.observation["byte"][0] == 255, later["byte"] == 255)


def test_refusals():
    plain = WorldSpec("Plain-v0", VIEWS, Continuous(1), 50)
    refuses(lambda: SAC(plain, hindsight=0.5), "hindsight", "Plain-v0")
    spec = agent_of().spec
    refuses(lambda: SAC(spec, hindsight=0.5, views=("place",)), "hindsight", "'goal'")
    for goal in (
        GoalSpec(achieved="place", fixed=(1.0, 2.0, 3.0), radius=1.0),
        dataclasses.replace(GOAL, reward=None),
    ):
        other = dataclasses.replace(spec, goal=goal)
        refuses(lambda other=other: TD3(other, hindsight=0.5), "hindsight", "Somewhere-v0")
    replay = Replay(75)
    memory = replay.init(next(episodes(0, COUNT, 1, 9)))
    refuses(
        lambda: replay.sample_with_later(memory, jax.random.key(0), 4),
        "keeps_age must be True", "got False",
    )  # fmt: skip
