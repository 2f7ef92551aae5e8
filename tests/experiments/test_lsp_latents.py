"""Latents through a trained and through an untrained level."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents import LatentSpacePolicy, Level
from hierax.experiments.lsp_latents import SECTORS, agreement, fan_latents, measure, rollout
from hierax.worlds import FunctionalBatch, make

WORLD = make("SpinSpeed-v0")
VIEWS = ("velocity", "phase")
POINTS, STEPS = 3, 6


def stepped(actions, start):
    """Positions of each point, in a world stepped with `actions`, one point at a time."""
    paths, step = [], jax.jit(WORLD.step)
    for point in range(POINTS):
        state = jax.tree.map(lambda leaf, at=point: leaf[at], start.states)
        observation = {name: start.timestep.observation[name][point] for name in VIEWS}
        path = [state.position]
        for time in range(STEPS):
            state, timestep = step(state, actions(time, point, observation), jax.random.key(1))
            observation = timestep.observation
            path.append(state.position)
        paths.append(path)
    return np.array(paths).swapaxes(0, 1)


@pytest.mark.parametrize("identity", [True, False])
def test_a_rollout_steps_the_world_with_the_actions_of_the_level(identity):
    agent = LatentSpacePolicy(
        WORLD.spec, levels=(Level(views=VIEWS, identity=identity),), hidden_sizes=(8,)
    )
    trained = agent.acting_state(jax.random.key(2))
    flow = trained.learner.top.actor
    forward = jax.jit(lambda latent, encoded: flow.forward(latent, encoded)[0])
    latents = jax.random.normal(jax.random.key(3), (STEPS, POINTS, 2))

    def action(time, point, observation):
        if identity:
            return jnp.tanh(latents[time, point])
        encoded = jnp.concatenate([observation[name] for name in VIEWS])
        return jnp.tanh(forward(latents[time, point][None], encoded[None])[0])

    start = FunctionalBatch(WORLD, POINTS).reset(jax.random.key(4))
    found = rollout(*agent.add_level(trained, Level()), WORLD, start, latents)
    # Positions of less than 1 in float32, in another order of rounding.
    np.testing.assert_allclose(found, stepped(action, start), atol=1e-5)


def paths(ends, times=11):
    """Straight paths from the origin at a constant speed."""
    return np.linspace(np.zeros_like(ends), ends, times)


def ring(count, offset=0.5):
    angles = 2.0 * np.pi * (np.arange(count) + offset) / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_straight_paths_in_all_directions_are_measured_as_that():
    found = measure(paths(5.0 * ring(SECTORS)))
    # Ten steps make one unit of time, see hierax.worlds.point.
    assert found == pytest.approx(
        {"distance": 5.0, "speed": 5.0, "straightness": 1.0, "directions": SECTORS}
    )


def test_two_directions_count_as_two_for_any_number_of_paths():
    ends = np.array([[3.0, 1.0]] * 5 + [[-1.0, 3.0]] * 5)
    assert measure(paths(ends))["directions"] == pytest.approx(2.0)
    assert measure(paths(ends[:5]))["directions"] == pytest.approx(1.0)


def test_a_path_that_returns_has_speed_but_no_distance():
    out = paths(ring(4))
    found = measure(np.concatenate([out, out[-2::-1]]))
    assert found["distance"] == pytest.approx(0.0)
    assert found["straightness"] == pytest.approx(0.0)
    assert found["speed"] == pytest.approx(1.0)


def test_agreement_is_one_if_all_starts_give_the_same_direction():
    same = np.repeat(ring(6)[:, None], 4, axis=1)
    assert agreement(paths(same)) == pytest.approx(1.0)
    by_start = np.repeat(ring(4)[None], 6, axis=0)
    assert agreement(paths(by_start)) == pytest.approx(0.0, abs=1e-9)
    # The half of two unit vectors at a right angle is as long as 1 / √2.
    assert agreement(paths(by_start[:, :2])) == pytest.approx(np.sqrt(0.5))


def test_the_fan_has_each_direction_on_each_circle():
    latents = fan_latents()
    radii, counts = np.unique(np.linalg.norm(latents, axis=1).round(9), return_counts=True)
    assert (radii.tolist(), counts.tolist()) == ([0.5, 1.0, 2.0], [16, 16, 16])
    np.testing.assert_allclose(latents.sum(axis=0), 0.0, atol=1e-12)
