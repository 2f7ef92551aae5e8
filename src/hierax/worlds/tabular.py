"""What every tabular world is: a decision model together with names, a drawing and a task.

A tabular world has one goal and pays for it by one of four rules, the same in every world:

- ``"stay"``: 1 for the action of staying at the goal, at every step.
- ``"goal"``: 1 for every action taken at the goal, staying or leaving.
- ``"arrival"``: 1 for entering the goal from another state; the agent may leave and come back.
- ``"terminal"``: as ``"arrival"``, and the run ends there: the discount on entering the goal is 0.

Under ``"terminal"`` the goal keeps its actions, so its own value is that of a run that begins
there; no other state's value depends on it.
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

World = TypeVar("World", bound="TabularWorld")
RewardRule = Literal["stay", "goal", "arrival", "terminal"]
REWARD_RULES: tuple[str, ...] = get_args(RewardRule)

# A dense model of this size with five actions takes 160 MB; the next world up would double it.
SPARSE_FROM_STATES = 2000


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TabularWorld:
    """A decision model with a task, names for its states and actions, and a place for each state.

    Attributes:
        name: what the world is called.
        mdp: the model with the task's reward and discount; ``mdp.initial`` is all on ``start``,
            or uniform where there is no start.
        state_names: one name for each of the S states.
        action_names: one name for each of the A actions; ``"stay"`` names the action of resting.
        coordinates: ``(S, 2)`` places for a drawing, x to the right and y up.
        start: the state in which a run begins, or None.
        goal: the state that the task is about.
        bottlenecks: ``(B,)`` states that join clusters to each other.
        clusters: ``(S,)`` label of the cluster that each state belongs to, -1 for none.
        reward: the rule by which the goal pays, see the module's list.
        discount: the discount of every step in [0, 1), before a goal that ends the run sets its
            own to 0.
        marks: further states worth naming, by name.
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

    def with_goal(self: World, state: StateIndex, reward: RewardRule | None = None) -> World:
        """Returns the same world with its goal at ``state``; start and bottlenecks do not change.

        Args:
            state: index of the new goal.
            reward: the rule by which it pays; None keeps the present rule.

        Raises:
            ValueError: if there is no such state, or the rule is unknown or needs an action that
                this world lacks.
        """
        goal = check_state("goal", state, self.mdp.states)
        rule = self.reward if reward is None else reward
        mdp = goal_task(self.mdp, goal, rule, self.discount, self.action_names)
        return dataclasses.replace(self, mdp=mdp, goal=goal, reward=rule)

    def adjacency(self) -> sp.csr_matrix:
        """Returns ``(S, S)``, 1 where some action may lead from the row's state to another one."""
        return self.mdp.adjacency()

    def distances_from(self, state: StateIndex) -> Float[np.ndarray, "S"]:
        """Returns ``(S,)``: the fewest steps in which each state can be reached from ``state``.

        A step counts where its probability is above 0; a state out of reach is at infinity.
        """
        source = check_state("state", state, self.mdp.states)
        return csgraph.dijkstra(self.adjacency(), indices=source, unweighted=True)

    def distances_to(self, state: StateIndex) -> Float[np.ndarray, "S"]:
        """Returns ``(S,)``: the fewest steps in which ``state`` can be reached from each state."""
        target = check_state("state", state, self.mdp.states)
        return csgraph.dijkstra(self.adjacency().T.tocsr(), indices=target, unweighted=True)

    def on_shortest_path(self) -> Bool[np.ndarray, "S"]:
        """Returns ``(S,)`` bool: whether a state lies on some shortest path from start to goal.

        All are False where the goal is out of reach.

        Raises:
            ValueError: if the world has no start.
        """
        if self.start is None:
            raise ValueError(f"{self.name} has no start, so no shortest path from start to goal")
        through = self.distances_from(self.start) + self.distances_to(self.goal)
        return np.isfinite(through) & (through == through[self.goal])


def goal_task(
    mdp: TabularMDP, goal: int, rule: str, discount: float, action_names: Sequence[str]
) -> TabularMDP:
    """Returns ``mdp`` with the reward ``(S, A)`` and discount of reaching ``goal`` under ``rule``.

    The rules are those of the module's list. Rewards are expectations over the next state, so
    a step that slips into the goal counts by its probability.
    """
    checks.one_of("reward", rule, REWARD_RULES)
    if rule == "stay" and "stay" not in action_names:
        raise ValueError(
            "reward is 'stay', but must be another rule in a world without the action of staying"
        )
    if rule == "stay":
        reward = np.zeros((mdp.states, mdp.actions))
        reward[goal, list(action_names).index("stay")] = 1.0
    elif rule == "goal":
        reward = np.zeros((mdp.states, mdp.actions))
        reward[goal] = mdp.available[goal]
    else:
        reward = _landing_probability(mdp, goal)
        reward[goal] = 0.0
    ends = np.where(np.arange(mdp.states) == goal, 0.0, discount)
    return mdp.with_reward(reward).with_discount(ends if rule == "terminal" else discount)


def _landing_probability(mdp: TabularMDP, state: int) -> Float[np.ndarray, "S A"]:
    """Returns ``(S, A)``: how likely each pair is to lead to ``state`` in one step."""
    if mdp.is_sparse:
        return mdp.transition[:, [state]].toarray().reshape(mdp.states, mdp.actions)
    return np.array(mdp.transition[:, :, state])


def join_actions(
    matrices: Sequence[sp.csr_matrix], as_sparse: bool | None
) -> Sequence[sp.csr_matrix] | np.ndarray:
    """Returns A matrices ``(S, S)`` as they are, or as one dense ``(S, A, S)`` array.

    Args:
        matrices: one transition matrix for each action.
        as_sparse: which of the two; None leaves matrices sparse from `SPARSE_FROM_STATES` states.
    """
    if as_sparse is None:
        as_sparse = matrices[0].get_shape()[0] >= SPARSE_FROM_STATES
    if as_sparse:
        return matrices
    return np.stack([matrix.toarray() for matrix in matrices], axis=1)
