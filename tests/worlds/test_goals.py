"""The goal in the spec of a world is the goal of its rewards and of its success."""

import jax
import numpy as np
import pytest

from hierax.registry import WORLDS
from hierax.worlds import FunctionalHostWorld, GridWorld, PointU, RowerU, make
from hierax.worlds.acting_world import ActingWorld
from hierax.worlds.host import stepped_from_host
from worlds.mujoco.mazes.made import MAZES

WITHOUT = ("PointSpeed-v0", "SpinSpeed-v0", "BallGoTo3-v0", "AntGap-v0", "HumanoidGoTo-v0")
FUNCTIONAL = {
    "cross": make("PointCross-v0", goal=(0.4, 0.3), goal_radius=0.5),
    "spin": make("SpinCross-v0", goal=(0.4, 0.3), goal_radius=0.5),
    "maze": make("PointMaze-v0", goal=(2.0, 0.0)),
    "mazes": make("PointMaze-v0"),
    "point": PointU(),
    "rower": RowerU(goal="multi", nuisance=3),
    "rooms": ActingWorld(GridWorld.from_text("S..\n.#.\n..G", slip=0.2, reward="terminal")),
    "tower": make("Hanoi3-v0", reward="terminal"),
}
HOST = {
    "near": make("AntCross-v0", goal=(1.95, 0.0)),
    "far": make("AntCross-v0"),
    **{name: make(name) for name in MAZES},
}


def steps_of(world, count=4, steps=60):
    """Return the timesteps of random steps, without those that begin an episode."""
    world = world if stepped_from_host(world) else FunctionalHostWorld(world)
    batch, random = world.batch(count), np.random.default_rng(0)
    shown = [batch.reset(0)]
    for _ in range(steps):
        shape = (count, *world.spec.action.shape)
        if shape[1:]:
            action = random.uniform(-1.0, 1.0, shape)
        else:
            action = random.integers(0, world.spec.action.count, shape)
        shown.append(batch.step(action))
    batch.close()
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *shown)
    return jax.tree.map(lambda leaf: leaf[stacked.is_step], stacked)


@pytest.mark.parametrize("world", [*FUNCTIONAL.values(), *HOST.values()], ids=[*FUNCTIONAL, *HOST])
def test_rewards_and_success_are_those_of_the_goal(world):
    goal, shown = world.spec.goal, steps_of(world, steps=60 if world in FUNCTIONAL.values() else 12)
    achieved, desired = (of(shown.observation) for of in (goal.achieved_goal, goal.desired_goal))
    assert achieved.shape == desired.shape == (len(shown.reward), world.spec.goal_size)
    reward = goal.reward_of(achieved, desired)
    np.testing.assert_allclose(reward, shown.reward, rtol=1e-5, atol=2e-6)
    np.testing.assert_array_equal(goal.success_of(achieved, desired), shown.success)


@pytest.mark.parametrize("name", ["cross", "spin", "maze", "rooms", "tower"])
def test_random_steps_reach_some_goals(name):
    success = steps_of(FUNCTIONAL[name]).success
    assert 0 < success.mean() < 1


def test_goals_that_are_drawn_differ_between_episodes():
    for name in ("mazes", "rower"):
        world = FUNCTIONAL[name]
        goals = world.spec.goal.desired_goal(steps_of(world, steps=2).observation)
        assert len(np.unique(goals, axis=0)) == 4


def test_relative_goals_of_worlds_with_images_stay_where_they_are():
    world = HOST["AntFallImages-v0"]
    goal, shown = world.spec.goal, steps_of(world, count=1, steps=12)
    desired = goal.desired_goal(shown.observation)
    np.testing.assert_allclose(desired - desired[0], 0.0, atol=1e-5)
    moved = goal.with_goal(shown.observation, goal.achieved_goal(shown.observation))
    np.testing.assert_allclose(moved["goal"], 0.0, atol=1e-6)


def test_which_worlds_have_a_goal():
    for name in WITHOUT:
        assert make(name).spec.goal is None
    others = ("PointCross-v0", "SpinCross-v0", "PointMaze-v0", "PointU-v0", "RowerU-v0")
    for name in (*others, "FourRooms-v0", "Hanoi3-v0", "AntCross-v0"):
        assert name in WORLDS
        assert make(name).spec.goal is not None
    assert make("AntBlock-v0").spec.goal.views == ("block",)
    assert make("AntFall-v0").spec.goal.views == ("position", "height")


def test_rewards_of_tabular_worlds_that_depend_on_more_are_not_computed():
    assert make("FourRooms-v0", reward="stay").spec.goal.reward is None
    everywhere = GridWorld.from_text("..G", reward="terminal")
    assert ActingWorld(everywhere).spec.goal.reward is None
