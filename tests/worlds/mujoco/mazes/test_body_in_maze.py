"""Bodies of the other tasks in mazes: they move, walls stop them, and a ball gets to the goal."""

import numpy as np
import pytest

from hierax.worlds import check_world, make
from refusals import refuses

WAY = ((8.0, 0.0), (8.0, 8.0), (0.0, 8.0))


@pytest.mark.parametrize(
    ("body", "actions", "height"), [("ball", 2, 0.6), ("ant", 8, 0.5), ("quadruped", 12, 0.5)]
)
def test_views_and_initial_states(body, actions, height):
    world = make("BallMaze-v0", body=body)
    assert check_world(world).action.size == actions
    seen = world.batch(64).reset(0).observation
    assert np.abs(seen["position"]).max() <= 0.1
    np.testing.assert_allclose(seen["height"], height, atol=0.2)
    np.testing.assert_allclose(np.linalg.norm(seen["heading"], axis=1), 1.0, atol=1e-5)
    assert np.abs(seen["heading"].mean(axis=0)).max() < 0.4  # any direction


def steered(seen, goals):
    """Return actions of a ball that faces its goals and rolls there."""
    across = seen["heading"]  # the ball faces along the second axis of its head
    facing = np.stack([-across[:, 1], across[:, 0]], axis=1)
    way = goals - seen["position"]
    wrong = np.arctan2(
        facing[:, 0] * way[:, 1] - facing[:, 1] * way[:, 0], (facing * way).sum(axis=1)
    )
    ahead = np.where(np.abs(wrong) < 0.4, -np.minimum(np.linalg.norm(way, axis=1) / 2, 0.6), 0.0)
    return np.stack([ahead, np.clip(-2.0 * wrong, -1.0, 1.0)], axis=1)


def test_a_ball_reaches_the_goal_and_walls_stop_it():
    batch = make("BallMaze-v0", goal=WAY[-1]).batch(4)
    timestep, stage = batch.reset(0), np.zeros(4, int)
    for _ in range(500):
        goals = np.array(WAY)[stage]
        timestep = batch.step(steered(timestep.observation, goals))
        near = np.linalg.norm(goals - timestep.observation["position"], axis=1) < 0.7
        stage = np.minimum(stage + near, len(WAY) - 1)
    assert timestep.success.all()
    assert timestep.truncated.all()
    batch.reset(1)
    for _ in range(150):  # straight at the middle wall
        goals = np.tile([0.0, 8.0], (4, 1))
        timestep = batch.step(steered(batch.timestep.observation, goals))
    y = timestep.observation["position"][:, 1]
    assert ((y > 1.6) & (y < 1.9)).all()  # its radius is 0.2
    assert not timestep.success.any()


def test_a_quadruped_has_the_walls_of_a_map():
    world = make("QuadrupedMaze-v0", map="S..\n..G")
    assert world.evaluation_goals == ((8.0, -4.0),)
    assert world.layout.mask("#").sum() == 14


def test_what_is_no_body_or_has_blocks_is_refused():
    refuses(lambda: make("BallMaze-v0", body="bal"), "body", "'ball'", "'bal'")
    refuses(lambda: make("BallMaze-v0", maze="push"), "maze", "'maze'", "'push'")
