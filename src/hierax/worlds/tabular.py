"""Tabular worlds: a Markov decision process with names, coordinates and a goal.

Every tabular world has one goal and one of four reward rules:

| rule | reward 1 for | termination |
|---|---|---|
| ``"stay"`` | the action *stay* at the goal, in every step | never |
| ``"goal"`` | every action at the goal, in every step | never |
| ``"arrival"`` | entering the goal from another state, also repeatedly | never |
| ``"terminal"`` | entering the goal from another state | there: the discount of that step is 0 |

With ``"terminal"`` the goal keeps its actions. Its value is that of an episode that begins at the
goal; the values of other states do not depend on it.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar, get_args

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int
from scipy.sparse import csgraph

from hierax import checks
from hierax.planning.mdp import TabularMDP
from hierax.worlds.world_checks import StateIndex, check_state

SameTabularWorld = TypeVar("SameTabularWorld", bound="TabularWorld")
RewardRule = Literal["stay", "goal", "arrival", "terminal"]
REWARD_RULES: tuple[str, ...] = get_args(RewardRule)

# A dense model of this size with five actions takes 160 MB.
SPARSE_FROM_STATES = 2000


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TabularWorld:
    """A Markov decision process with a goal, names and coordinates.

    Attributes:
        name: name of the world.
        mdp: the model, with reward and discount of the task. ``mdp.initial`` is 1 at ``start``,
            or uniform if there is no start.
        state_names: names of the S states.
        action_names: names of the A actions; ``"stay"`` is the action that does not move.
        coordinates: ``(S, 2)`` coordinates of the states in a drawing, x to the right and y up.
        start: the initial state, or None.
        goal: the goal state.
        bottlenecks: ``(B,)`` states that connect clusters.
        clusters: ``(S,)`` label of each state's cluster, -1 for none.
        reward: the reward rule, see the table of `hierax.worlds.tabular`.
        discount: discount of every step, in [0, 1); with ``"terminal"``, the step into the goal
            has discount 0 instead.
        marks: further named states.
    """

    name: str
    mdp: TabularMDP
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]
    coordinates: Float[np.ndarray, "S 2"]
    start: int | None
    goal: int
    bottlenecks: Int[np.ndarray, "B"]
    clusters: Int[np.ndarray, "S"]
    reward: RewardRule
    discount: float
    marks: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        start = "anywhere" if self.start is None else self.state_names[self.start]
        return (
            f"{type(self).__name__}({self.name!r}: {self.mdp.states} states, {self.mdp.actions} "
            f"actions, from {start} to {self.state_names[self.goal]}, reward {self.reward!r})"
        )

    def with_goal(
        self: SameTabularWorld, state: StateIndex, reward: RewardRule | None = None
    ) -> SameTabularWorld:
        """Return the same world with another goal; start and bottlenecks do not change.

        Args:
            state: index of the new goal.
            reward: the new reward rule; None keeps the rule.

        Raises:
            ValueError: if there is no such state, the rule is unknown, or the rule is ``"stay"``
                and the world has no action *stay*.
        """
        goal = check_state("goal", state, self.mdp.states)
        rule = self.reward if reward is None else reward
        mdp = goal_task(self.mdp, goal, rule, self.discount, self.action_names)
        return dataclasses.replace(self, mdp=mdp, goal=goal, reward=rule)

    def adjacency(self) -> sp.csr_matrix:
        """Return ``(S, S)``, 1 where some action leads from the row's state to another state."""
        return self.mdp.adjacency()

    def distances_from(self, state: StateIndex) -> Float[np.ndarray, "S"]:
        """Return the number of steps of a shortest path from ``state`` to each state, ``(S,)``.

        A path may use every transition with positive probability. The distance of an unreachable
        state is infinite.
        """
        source = check_state("state", state, self.mdp.states)
        return csgraph.dijkstra(self.adjacency(), indices=source, unweighted=True)

    def distances_to(self, state: StateIndex) -> Float[np.ndarray, "S"]:
        """Return the number of steps of a shortest path from each state to ``state``, ``(S,)``."""
        target = check_state("state", state, self.mdp.states)
        return csgraph.dijkstra(self.adjacency().T.tocsr(), indices=target, unweighted=True)

    def on_shortest_path(self) -> Bool[np.ndarray, "S"]:
        """Return which states are on a shortest path from start to goal, ``(S,)`` bool.

        All are False if the goal is unreachable.

        Raises:
            ValueError: if the world has no start.
        """
        if self.start is None:
            raise ValueError(
                f"{self.name} must have a start for a shortest path from start to goal, got None"
            )
        through = self.distances_from(self.start) + self.distances_to(self.goal)
        return np.isfinite(through) & (through == through[self.goal])


def goal_task(
    mdp: TabularMDP, goal: int, rule: str, discount: float, action_names: Sequence[str]
) -> TabularMDP:
    """Return ``mdp`` with the reward ``(S, A)`` and the discount of a reward rule.

    Rewards are expectations over the next state: a step that slips into the goal with probability
    p has reward p.
    """
    checks.one_of("reward", rule, REWARD_RULES)
    if rule == "stay" and "stay" not in action_names:
        raise ValueError(
            "reward must be 'goal', 'arrival' or 'terminal' in a world without the action 'stay', "
            "got 'stay'"
        )
    if rule == "stay":
        reward = np.zeros((mdp.states, mdp.actions))
        reward[goal, list(action_names).index("stay")] = 1.0
    elif rule == "goal":
        reward = np.zeros((mdp.states, mdp.actions))
        reward[goal] = mdp.available[goal]
    else:
        reward = _entry_probability(mdp, goal)
        reward[goal] = 0.0
    ends = np.where(np.arange(mdp.states) == goal, 0.0, discount)
    return mdp.with_reward(reward).with_discount(ends if rule == "terminal" else discount)


def _entry_probability(mdp: TabularMDP, state: int) -> Float[np.ndarray, "S A"]:
    """Return the probability of a step from each state and action to ``state``, ``(S, A)``."""
    if mdp.is_sparse:
        return mdp.transition[:, [state]].toarray().reshape(mdp.states, mdp.actions)
    return np.array(mdp.transition[:, :, state])


def join_actions(
    matrices: Sequence[sp.csr_matrix], as_sparse: bool | None
) -> Sequence[sp.csr_matrix] | np.ndarray:
    """Return A matrices ``(S, S)`` unchanged, or as one dense array ``(A, S, S)``.

    Args:
        matrices: one transition matrix for each action.
        as_sparse: True leaves them unchanged; None does so from `SPARSE_FROM_STATES` states.
    """
    if as_sparse is None:
        as_sparse = matrices[0].get_shape()[0] >= SPARSE_FROM_STATES
    if as_sparse:
        return matrices
    return np.stack([matrix.toarray() for matrix in matrices])
