"""Option models for many goals, by one rank-one correction per goal.

In the task of goal ``g`` the reward for entering ``g`` is 1 and the episode ends there. An option
that passes through ``g`` is interrupted there, so its model differs between tasks:
``M_g = M (I - e_g e_gᵀ)``. By the Sherman-Morrison formula, with ``N M = N - I``,

    (I - M_g)⁻¹ y = N y - (N e_g - e_g) (N y)_g / N(g, g),

so one inverse ``N`` of an option is enough for all goals. With ``C = N T_π diag(β)``:

    reward   x - κ_g x_g              x = N P_π e_g,  κ_g = (N e_g - e_g) / N(g, g)
    backup   y - κ_g y_g              y = C (v ∘ 1_{≠ g})

An action is an option with ``N = I``: its ``κ_g`` is 0.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np

from hierax.planning.backend import Array, is_traced, namespace, on_host, planning_namespace
from hierax.planning.mdp import TabularMDP, as_model, dense
from hierax.planning.options.model import OptionModel, require_option
from hierax.planning.options.multistep import chains, execute
from hierax.planning.options.option import Option


class GoalOptionModels(eqx.Module):
    """Option models of ``G`` goals over the same ``K`` options, made by `condition_on_goals`.

    Attributes:
        goals: ``(G,)`` goal state of each task.
        reward: ``(K, G, S)`` expected discounted probability to reach the goal before the option
            ends.
        transition: ``(K, S, S)`` discounted probabilities of the state where an option ends if no
            goal interrupts it. This, reward and correction are valid in every state, also outside
            the initiation set.
        correction: ``(K, G, S)`` ``κ_g``, the correction for the interruption at the goal; see the
            module.
        duration: ``(K, S)`` expected discounted number of steps if no goal interrupts the option.
        initiation: ``(K, S)`` bool: the states where an option may start.
    """

    goals: Array
    reward: Array
    transition: Array
    correction: Array
    duration: Array
    initiation: Array

    def __len__(self) -> int:
        return self.goals.shape[0]

    @property
    def states(self) -> int:
        """Number of states ``S``."""
        return self.reward.shape[2]

    @property
    def options(self) -> int:
        """Number of options ``K``, actions included."""
        return self.reward.shape[0]

    @property
    def available(self) -> Array:
        """``(S, K)`` bool: the options that may start in a state."""
        return self.initiation.T

    def backup(self, value: Array) -> Array:
        """Return one backup of every task, ``(G, S, K)`` from values ``(G, S)``; unchecked.

        ``q(g, s, k) = r°(k, g, s) + Σ_{t ≠ g} P°_g(k, s, t) v(g, t)``; ``-inf`` where option ``k``
        may not start.
        """
        xp = planning_namespace(self, value)
        elsewhere = xp.where(xp.arange(self.states) == self.goals[:, None], 0.0, value)
        reached = xp.einsum("kst,gt->kgs", self.transition, elsewhere, optimize=True)
        q = self.reward + _cut(self.correction, reached, self.goals)
        return xp.where(self.available, xp.moveaxis(q, 0, -1), -xp.inf)

    def model(self, index: Any) -> OptionModel:
        """Return the option model of task ``index``."""
        xp = namespace(self, index)
        goals, reward, transition, corrections, duration = (
            xp.asarray(table)  # the index may be traced where the tables are not
            for table in (self.goals, self.reward, self.transition, self.correction, self.duration)
        )
        goal, correction = goals[index], corrections[:, index]
        cut = transition - correction[:, :, None] * transition[:, goal][:, None, :]
        return OptionModel(
            reward=reward[:, index],
            transition=xp.where(xp.arange(self.states) == goal, 0.0, cut),
            duration=duration - correction * duration[:, goal][:, None],
            initiation=self.initiation,
        )

    def models(self) -> Iterator[OptionModel]:
        """Return an iterator over the option models of all tasks."""
        return (self.model(index) for index in range(len(self)))


class _Parts(NamedTuple):
    """The tables of options, or of actions, in `GoalOptionModels`."""

    reward: Array
    transition: Array
    correction: Array
    duration: Array
    initiation: Array


def condition_on_goals(
    mdp: TabularMDP, option: Option | None, goals: Any, primitives: bool = False
) -> GoalOptionModels:
    """Return the models of options in the tasks of reaching each of ``goals``.

    The reward for entering a goal is 1. The episode ends there, also in the middle of an option.
    The reward of ``mdp`` is not used. Its discount is used, so ``mdp`` should have no goal.

    Args:
        mdp: the model in which the options run.
        option: a stack of ``K`` options, or one; None, with ``primitives``, for actions only.
        goals: ``(G,)`` indices of states.
        primitives: whether to add the actions of ``mdp`` after the options, as choices
            ``K … K + A - 1``.

    Returns:
        `GoalOptionModels`, for ``solve_bellman`` and ``planning_curve``.

    Raises:
        ValueError: if an option does not fit the model, a goal is not a state, or there is neither
            an option nor an action.
    """
    mdp = as_model(mdp)
    goals = _read_goals(goals, mdp.states)
    parts = []
    if option is not None:
        parts.append(_of_options(mdp, require_option(mdp, option), goals))
    if primitives:
        parts.append(_of_actions(mdp, goals))
    if not parts:
        raise ValueError("option must be an Option if primitives is False, got None")
    xp = planning_namespace(mdp, parts)
    return GoalOptionModels(goals, *(xp.concatenate(fields) for fields in zip(*parts, strict=True)))


def _of_options(mdp: TabularMDP, option: Option, goals: Array) -> _Parts:
    xp = planning_namespace(mdp, option, goals)
    found = execute(mdp, option.policy, 1.0 - option.termination)
    occupancy = xp.asarray(found.occupancy)  # goals may be traced where the model is not
    landing = xp.asarray(chains(mdp.transition, option.policy))[:, :, goals]
    visits = xp.swapaxes(occupancy[:, :, goals], 1, 2)
    here = xp.asarray(xp.arange(mdp.states) == goals[:, None], dtype=visits.dtype)
    correction = (visits - here) / _at_goal(visits, goals)
    reached = xp.swapaxes(occupancy @ landing, 1, 2)
    return _Parts(
        reward=_cut(correction, reached, goals),
        # Also where an option may not start: it may pass there, and be interrupted.
        transition=found.ending,
        correction=correction,
        duration=occupancy.sum(axis=-1),
        initiation=option.startable,
    )


def _of_actions(mdp: TabularMDP, goals: Array) -> _Parts:
    xp = planning_namespace(mdp, goals)
    landing, table = (
        xp.moveaxis(dense(table, mdp.available), 1, 0)
        for table in (mdp.transition, mdp.discounted_transition)
    )
    reward = xp.swapaxes(landing[:, :, goals], 1, 2)
    return _Parts(
        reward=reward,
        transition=table,
        correction=xp.zeros_like(reward),
        duration=xp.ones(table.shape[:2]),
        initiation=mdp.available.T,
    )


def _cut(correction: Array, reached: Array, goals: Array) -> Array:
    """Return ``y - κ_g y_g`` for ``y (K, G, S)``."""
    return reached - correction * _at_goal(reached, goals)


def _at_goal(table: Array, goals: Array) -> Array:
    """Return the entries of each task's own goal, ``(K, G, 1)``, in a table ``(K, G, S)``."""
    xp = namespace(table, goals)
    index = xp.broadcast_to(goals[None, :, None], (*table.shape[:2], 1))
    return xp.take_along_axis(table, index, axis=2)


def _read_goals(goals: Any, states: int) -> Array:
    given = goals if is_traced(goals) else np.asarray(on_host(goals))
    if given.ndim != 1 or given.shape[0] == 0 or given.dtype.kind not in "iu":
        raise ValueError(
            "goals must be a list of at least one state index, got shape "
            f"{given.shape} and type {given.dtype}"
        )
    if not is_traced(given):
        wrong = (given < 0) | (given >= states)
        if wrong.any():
            raise ValueError(
                f"goals must hold states from 0 to {states - 1}, got {given[wrong][0]}"
            )
    return given
