"""`lsp-lqr`: trained levels and the optimal policies of linear-quadratic problems.

Linear dynamics and a quadratic reward (`hierax.experiments.lqr`), with one and with two inputs. The
lowest level is the identity. The prior of the first trained level is N(0, I), and that of the
second, with the same reward, is the first. A Riccati equation gives the optimum of both.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents import LatentSpacePolicy, Level, TrainState
from hierax.agents.critics import action_values
from hierax.experiments.learning_runs import OVER_SEEDS, SMALL, learn
from hierax.experiments.lqr import LQR, Solution
from hierax.experiments.result import Result
from hierax.statistics import POSITIVE, interval
from hierax.training.config import describe_agent, describe_world

TEMPERATURE, DISCOUNT = 0.2, 0.95
WORLDS = {
    "one input": LQR(),
    "two inputs": LQR(control=((0.1, 0.0), (0.0, 0.1)), state_cost=(1.0, 1.0)),
}
SETTINGS = {
    **SMALL, "batch_size": 256, "tau": 0.01, "learning_starts": 2_000, "updates_per_step": 1.0,
    "buffer_size": 200_000, "discount": DISCOUNT,
}  # fmt: skip
STATES, DRAWS = 512, 256
"""Number of states, and of actions in each, that a policy is measured with."""
STEPS = {"smoke": 2_400, "laptop": 40_000, "paper": 200_000}
"""Environment steps of each level."""


def run(scale: str, seeds: int) -> Result:
    """Train two levels on each world with every seed."""
    tables = {name: _levels(world, STEPS[scale], seeds) for name, world in WORLDS.items()}
    agents = {name: describe_agent(_agent(world)) for name, world in WORLDS.items()}
    return Result(
        settings={
            "steps": STEPS[scale],
            "worlds": {name: describe_world(world) for name, world in WORLDS.items()},
            "agents": agents,
            "interval": OVER_SEEDS,
        },
        claims=[],
        tables=tables,
        seeds=range(seeds),
    )


def draw(result: Result, path: Path) -> None:
    """Draw errors of gains, covariances and values."""
    from hierax.plotting.lqr import draw_errors

    draw_errors(result.tables).savefig(path)


def _levels(world: LQR, steps: int, seeds: int) -> dict[str, dict[str, Any]]:
    """Train two levels and return a row for each."""
    agent, start = _agent(world), "untrained"  # the level below is the identity
    default = None
    rows: dict[str, dict[str, Any]] = {}
    for name in ("first level", "second level"):
        exact = world.solve(TEMPERATURE, DISCOUNT, default)
        runs = learn(
            agent, world, steps, seeds, evaluate_every=steps, episodes=32,
            metrics=("sampled/return",), start=start,
        )  # fmt: skip
        rows[name] = _row(agent, runs.states, exact)
        added = [agent.add_level(state, _level()) for state in runs.states]
        agent, start = added[0][0], [state for _, state in added]
        default = exact.gain, exact.covariance
    return rows


def _agent(world: LQR) -> LatentSpacePolicy:
    return LatentSpacePolicy(world.spec, levels=(Level(), _level()), **SETTINGS)


def _level() -> Level:
    return Level(temperature=TEMPERATURE)


def _row(agent: LatentSpacePolicy, states: list[TrainState], exact: Solution) -> dict[str, Any]:
    measured = [_measure(agent, state) for state in states]
    gains, covariances, values = (np.array(part) for part in zip(*measured, strict=True))
    value = -0.5 * exact.cost[0, 0] + exact.constant
    return {
        "gain": exact.gain,
        "gain_by_seed": gains,
        "gain_error": interval([_relative(gain, exact.gain) for gain in gains], POSITIVE),
        "covariance": exact.covariance,
        "covariance_error": interval(
            [_relative(c, exact.covariance) for c in covariances], POSITIVE
        ),
        "value": value,
        "value_by_seed": values,
        "value_error": interval(np.abs(values - value) / abs(value), POSITIVE),
    }


def _relative(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def _measure(agent: LatentSpacePolicy, state: TrainState) -> tuple[np.ndarray, np.ndarray, float]:
    """Return gain and covariance of the inputs, and the value of the state (1, 0)."""
    states = jax.random.normal(jax.random.key(3), (STATES, agent.observation_size))
    inputs = np.asarray(_inputs(agent, state, states))
    centred = inputs - inputs.mean(axis=0)
    covariance = np.einsum("dsi,dsj->ij", centred, centred) / (inputs.size / inputs.shape[-1])
    gain = -np.linalg.lstsq(np.asarray(states), inputs.mean(axis=0), rcond=None)[0].T
    return gain, covariance, float(_value(agent, state))


def _inputs(agent: LatentSpacePolicy, state: TrainState, states: jax.Array) -> jax.Array:
    """Return ``(draws, states, m)`` inputs u."""
    noise = jax.random.normal(jax.random.key(4), (DRAWS, len(states), agent.action_size))
    flow = state.learner.top.actor

    def inputs(noise: jax.Array) -> jax.Array:
        output = flow.forward(noise, states)[0]
        return agent.bottom_output(state, {"state": states}, output)

    return jax.lax.map(inputs, noise)


def _value(agent: LatentSpacePolicy, state: TrainState) -> jax.Array:
    """Return E[min Q - α (log π - log p)] at (1, 0)."""
    states = jnp.zeros((4_096, agent.observation_size)).at[:, 0].set(1.0)
    top = state.learner.top
    output, log_ratio = agent.sample_policy(top.actor, states, jax.random.key(5))[:2]
    value = action_values(top.critics, states, output).min(axis=0)
    return (value - TEMPERATURE * log_ratio).mean()
