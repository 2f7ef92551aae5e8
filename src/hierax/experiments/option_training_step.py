"""Time and memory of a training step of options: objective and gradient."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax.planning import condition_on_goals, solve_bellman
from hierax.planning.option_gradient import IntrinsicOptions, PlanningObjective, random_options
from hierax.worlds import four_rooms

OPTIONS, GOALS, BUDGET = 4, 83, 10
"""83 goals are 80 % of those of Sutton's four rooms; larger worlds have the same number."""
TEMPERATURE = 0.02


def time_training_step(size: int, discount: float, repeats: int) -> dict[str, Any]:
    """Return time and memory of a training step in four rooms, with a warm-started planner."""
    world = four_rooms(
        size=size, slip=1 / 3, stay=False, bump=True, reward="arrival", discount=discount,
        sparse=False,
    )  # fmt: skip
    goals = np.random.default_rng(0).permutation(world.mdp.states)[:GOALS]
    optimum = solve_bellman(condition_on_goals(world.mdp, None, goals, primitives=True)).value
    options = random_options(world.mdp, OPTIONS)
    objective = PlanningObjective("area", BUDGET)

    def score(options: IntrinsicOptions, problem: Any, start: Any) -> tuple[Any, Any]:
        mdp, goals, optimum = problem
        option, value = options.plan(mdp, start)
        models = condition_on_goals(mdp, option, goals, primitives=True)
        return objective(models, optimum, TEMPERATURE), value

    problem = jax.tree.map(jnp.asarray, (world.mdp, goals, optimum))
    options = jax.tree.map(jnp.asarray, options)
    start = jnp.zeros(options.termination.shape)
    step = jax.value_and_grad(score, has_aux=True)
    compiled = jax.jit(step).lower(options, problem, start).compile()
    (_, start), _ = compiled(options, problem, start)
    # As in training, planners start at the values of the last step, with slightly other rewards.
    moved = jax.tree.map(lambda leaf: 1.02 * leaf, options)
    return {
        "states": world.mdp.states,
        "options": OPTIONS,
        "goals": GOALS,
        "backups": BUDGET,
        "milliseconds": 1e3 * median_seconds(compiled, (moved, problem, start), repeats),
        "mebibytes": temporary_bytes(compiled) / 2**20,
    }


def median_seconds(compiled: Any, arguments: tuple[Any, ...], repeats: int) -> float:
    """Return the median wall time of a compiled function."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def temporary_bytes(compiled: Any) -> int:
    """Return the size of the temporary buffers of a compiled function."""
    return compiled.memory_analysis().temp_size_in_bytes
