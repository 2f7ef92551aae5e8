"""A grid for bodies that need n steps for one cell, of Tirumala et al. (2019), section 5.4.

The body has an inner position in a square. Each of the four actions moves it by 1 along one axis.
Where it would leave the square, its inner coordinate along that axis becomes 0 and the body moves
on by one cell:

    i' = i + a;   |i'| = n:   cell' = clip(cell + a),  i' = 0

All bodies have the same task, in cells. A body with n = 1 has no inner position. With a large n,
random actions hardly ever reach another cell.
"""

import dataclasses
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from hierax import checks
from hierax.planning.mdp import TabularMDP
from hierax.spec import Discrete, View, WorldSpec
from hierax.worlds.world import Key, Timestep

RewardRule = Literal["paper", "goal"]
ACTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)], np.int32)
"""Right, left, up, down."""
STEP_COST, COLLISION_COST = 0.1, 0.2
"""Cost of a step, and of running against the border besides, by the rule ``"paper"``."""


class BodyState(NamedTuple):
    """The state of an episode; cells and inner coordinates are int32.

    Attributes:
        cell: ``(2,)`` x and y of the body, from 0.
        inner: ``(2,)`` inner coordinates, from -n + 1 to n - 1.
        goal: ``(2,)`` x and y of the goal.
    """

    cell: jax.Array
    inner: jax.Array
    goal: jax.Array


@dataclasses.dataclass(frozen=True)
class BodyGrid:
    """A grid with a goal, for a body that needs ``body`` steps for one cell.

    | | |
    |---|---|
    | view ``"task"`` | (4 ``size`` + 2,): x and y of body and goal, one-hot; the way to the goal |
    | view ``"body"`` | (2,): inner coordinates, in units of ``body`` |
    | action | 0, 1, 2, 3: the inner coordinate moves right, left, up, down |
    | reward ``"paper"`` | -0.1 a step, -0.2 more against the border, 1 more at the goal |
    | reward ``"goal"`` | 1 at the goal, else 0 |
    | initial state | different cells for body and goal, uniform; inner coordinates 0 |
    | termination | at the goal; truncated after ``episode_limit`` steps |
    | success | the body is in the goal's cell |

    The view ``"task"`` is the same for all bodies. The way to the goal is in units of ``size``.

    Attributes:
        body: n, steps for one cell.
        size: cells along each side.
        reward: the rule of rewards.
        episode_limit: steps after which an episode is truncated.

    Raises:
        ValueError: if a number is too small, or there is no such rule.
    """

    body: int = 1
    size: int = 8
    reward: RewardRule = "paper"
    episode_limit: int = 400

    def __post_init__(self) -> None:
        checks.count("body", self.body, 1)
        checks.count("size", self.size, 2)
        checks.one_of("reward", self.reward, get_args(RewardRule))
        checks.count("episode_limit", self.episode_limit, 1)

    @property
    def name(self) -> str:
        """Name of the world: BodyGrid8-v0 for a body of 8 steps."""
        return f"BodyGrid{self.body}-v0"

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        views = View("task", (4 * self.size + 2,), -1.0, 1.0), View("body", (2,), -1.0, 1.0)
        return WorldSpec(
            self.name, views, Discrete(len(ACTIONS)), self.episode_limit, has_success=True
        )

    def reset(self, key: Key) -> tuple[BodyState, Timestep]:
        """Begin an episode with cells that are drawn uniformly, never the same."""
        cells = self.size**2
        body_key, goal_key = jax.random.split(key)
        body = jax.random.randint(body_key, (), 0, cells)
        goal = (body + jax.random.randint(goal_key, (), 1, cells)) % cells
        state = BodyState(self._cell(body), jnp.zeros(2, jnp.int32), self._cell(goal))
        return state, self._timestep(state, jnp.float32(0.0))

    def step(self, state: BodyState, action: jax.Array, key: Key) -> tuple[BodyState, Timestep]:
        """Move the inner coordinate of one axis, or the body by one cell; ``key`` is not used."""
        del key
        cell, inner, ran_into = _moved(
            state.cell, state.inner, jnp.array(ACTIONS)[action], self.body, self.size
        )
        state = BodyState(cell, inner, state.goal)
        is_there = (cell == state.goal).all()
        return state, self._timestep(state, jnp.float32(self._reward(is_there, ran_into)))

    def observe(self, state: BodyState) -> dict[str, jax.Array]:
        """Return the views of a state."""
        where = jax.nn.one_hot(jnp.concatenate([state.cell, state.goal]), self.size).ravel()
        way = (state.goal - state.cell) / self.size
        return {"task": jnp.concatenate([where, way]), "body": state.inner / self.body}

    def model(self, goal: tuple[int, int], discount: float) -> TabularMDP:
        """Return the exact model of the task with one goal, for planners.

        State (x, y, i, j) has the index ((x size + y) (2 n - 1) + i + n - 1) (2 n - 1) + j + n - 1.
        The first state is drawn as in episodes with that goal. The step into the goal has discount
        0; there is no limit of steps.

        Args:
            goal: x and y of its cell.
            discount: of each step, in [0, 1).

        Raises:
            ValueError: if the goal is outside the grid, or the discount is not allowed.
        """
        self._check_goal(goal)
        checks.discount("discount", discount)
        cell, inner = self._states()
        states, at_goal = len(cell), (cell == goal).all(axis=1)
        rows, matrices, rewards = np.arange(states), [], []
        for action in ACTIONS:
            after, placed, ran_into = _moved(cell, inner, action, self.body, self.size)
            is_there = (after == goal).all(axis=1) & ~at_goal
            following = rows, self._index(after, placed)
            matrices.append(sp.csr_matrix((np.ones(states), following), (states, states)))
            rewards.append(self._reward(is_there, ran_into))
        begins = ~at_goal & (inner == 0).all(axis=1)
        return TabularMDP.from_arrays(
            matrices,
            np.stack(rewards, axis=1),
            np.where(at_goal, 0.0, discount),
            "ass",
            initial=begins / begins.sum(),
        )

    def _reward(self, is_there: Any, ran_into: Any) -> Any:
        """Return the reward of steps by bools of NumPy or JAX: at the goal, against the border."""
        if self.reward == "goal":
            return 1.0 * is_there
        return 1.0 * is_there - STEP_COST - COLLISION_COST * ran_into

    def _check_goal(self, goal: tuple[int, int]) -> None:
        if len(goal) != 2 or not all(0 <= each < self.size for each in goal):
            raise ValueError(
                f"goal must hold x and y of a cell, from 0 to {self.size - 1}, got {goal}"
            )

    def _states(self) -> tuple[np.ndarray, np.ndarray]:
        """Return cell and inner coordinates of all states, ``(S, 2)`` each."""
        width = 2 * self.body - 1
        shape = self.size, self.size, width, width
        every = np.indices(shape).reshape(4, -1).T
        return every[:, :2], every[:, 2:] - (self.body - 1)

    def _index(self, cell: np.ndarray, inner: np.ndarray) -> np.ndarray:
        """Return the numbers of states, ``(S,)``."""
        width = 2 * self.body - 1
        placed = inner + self.body - 1
        return ((cell[:, 0] * self.size + cell[:, 1]) * width + placed[:, 0]) * width + placed[:, 1]

    def _cell(self, number: jax.Array) -> jax.Array:
        return jnp.stack([number // self.size, number % self.size]).astype(jnp.int32)

    def _timestep(self, state: BodyState, reward: jax.Array) -> Timestep:
        is_there = (state.cell == state.goal).all()
        return Timestep(self.observe(state), reward, terminated=is_there, success=is_there)


def _moved(cell: Any, inner: Any, action: Any, body: int, size: int) -> tuple[Any, Any, Any]:
    """Return cell and inner coordinates after an action, and whether the body ran into the border.

    Arrays are of NumPy or JAX, ``(..., 2)``; the last is ``(...)`` bool.
    """
    inner = inner + action
    crosses = abs(inner) == body
    wanted = cell + crosses * action
    after = wanted.clip(0, size - 1)
    return after, inner * ~crosses, (wanted != after).any(axis=-1)
