"""The KL reward of a high level as a field on the grid, beside that of the shortest paths.

For a goal, a cell x and a neighbour x', the KL reward of the move is -KL(π^H(·|x') ‖ π₀^H(·|z)) in
nats, with z the mean latent at x. A move into the border stays at x. The field at x is the sum of
the four moves, each times its reward. A move into the goal ends the episode and costs nothing. The
field of the shortest paths is the sum of the moves that lead nearer to the goal. Both are compared
by their cosine.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import TrainState
from hierax.agents.distributions import kl_divergence
from hierax.agents.kl import KL
from hierax.agents.kl.agent import HIGH, HIGH_DEFAULT
from hierax.agents.kl.heads import gaussian
from hierax.worlds import BodyGrid
from hierax.worlds.body_grid import ACTIONS, BodyState


def cells(size: int) -> np.ndarray:
    """Return x and y of all cells, ``(size², 2)``."""
    return np.stack(np.meshgrid(*2 * [np.arange(size)], indexing="ij"), axis=-1).reshape(-1, 2)


def rewards(agent: KL, state: TrainState, world: BodyGrid) -> np.ndarray:
    """Return the KL reward of each move, and of staying, in nats.

    Returns:
        ``(goals, cells, 5)``: by goal and cell, in the order of `cells`; the last move stays. There
        is no training at the goal itself, so the numbers there mean nothing.
    """
    every = jnp.asarray(cells(world.size), jnp.int32)

    def of_goal(goal: jax.Array) -> jax.Array:
        def shown(cell: jax.Array) -> Any:
            return world.observe(BodyState(cell, jnp.zeros(2, jnp.int32), goal))

        seen = state.encoders[HIGH](jax.vmap(shown)(every))
        high = gaussian(state.learner.parameters[HIGH](seen))
        default = state.learner.parameters[HIGH_DEFAULT]
        begins = jnp.zeros(len(every), bool)
        moves = jnp.asarray([*ACTIONS, (0, 0)], jnp.int32)

        def of_move(move: jax.Array) -> jax.Array:
            after = jnp.clip(every + move, 0, world.size - 1)
            there = after[:, 0] * world.size + after[:, 1]
            policy = jax.tree.map(lambda leaf: leaf[there], high)
            cost = kl_divergence(policy, default(high.mean, begins))
            return jnp.where((after == goal).all(axis=-1), 0.0, -cost)

        return jax.vmap(of_move, out_axes=1)(moves)

    return np.asarray(jax.jit(jax.vmap(of_goal))(every), np.float64)


def shortest(size: int) -> np.ndarray:
    """Return the field of the shortest paths, ``(goals, cells, 2)``; 0 at the goal."""
    every = cells(size)
    return np.sign(every[:, None] - every[None]).astype(float)


def summary(found: np.ndarray, size: int) -> dict[str, Any]:
    """Return how the field of `rewards` goes with that of the shortest paths.

    Returns:
        The mean cosine over all goals and cells but the goal's own, and the mean cost in nats of
        moves nearer to the goal, of staying, and of moves away.
    """
    field, wanted = found[..., :-1] @ ACTIONS, shortest(size)
    elsewhere = (wanted != 0).any(axis=-1)
    lengths = np.linalg.norm(field, axis=-1) * np.linalg.norm(wanted, axis=-1)
    cosine = (field * wanted).sum(axis=-1)[elsewhere] / np.maximum(lengths[elsewhere], 1e-12)
    nearer = wanted @ ACTIONS.T > 0
    away = wanted @ ACTIONS.T < 0
    cost = -found
    return {
        "cosine": float(cosine.mean()),
        "share_towards": float((cosine > 0).mean()),
        "nats_towards": float(cost[..., :-1][nearer].mean()),
        "nats_staying": float(cost[..., -1][elsewhere].mean()),
        "nats_away": float(cost[..., :-1][away].mean()),
    }
