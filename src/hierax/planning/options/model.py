"""Option models: options as choices of a planner.

For a planner an option is a choice with a reward and a discounted transition (`DecisionModel`). An
action is an option that ends after one step. `concatenate` combines both in one model.
"""

from typing import Any

import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, is_traced, namespace, planning_namespace
from hierax.planning.decision_model import DecisionModel
from hierax.planning.mdp import TabularMDP, as_model, dense
from hierax.planning.options.multistep import execute
from hierax.planning.options.option import Option, read_initiation

ROW = ("option", "state")


class OptionModel(DecisionModel):
    """A model of ``K`` options: expected reward, state at the end and duration, from each state.

    Args:
        reward: ``(K, S)`` expected discounted reward until the option ends.
        transition: ``(K, S, S)`` *discounted* probabilities of the state where it ends. They
            include the discount of all steps, so rows sum to less than 1.
        duration: ``(K, S)`` expected discounted number of steps, 1 for an action.
        initiation: ``(K, S)`` bool: the states where an option may start; all when omitted.

    Attributes:
        reward: as given, 0 where an option may not start.
        transition: as given, 0 where an option may not start.
        duration: as given.
        available: ``(S, K)`` bool: the options that may start in a state.

    Raises:
        ValueError: if a shape is wrong, an entry is not finite, a probability or a duration is
            negative, or a row sums to more than 1.
    """

    reward: Array
    transition: Array
    duration: Array
    available: Array

    def __init__(self, reward: Any, transition: Any, duration: Any, initiation: Any = None):
        rounding = model_checks.rounding_of(transition).total
        reward = model_checks.numeric("reward", reward)
        if reward.ndim != 2 or 0 in reward.shape:
            raise ValueError(
                "reward must have shape (K, S) with at least one option and one state, got "
                f"{reward.shape}"
            )
        transition = model_checks.numeric("transition", transition)
        checks.require_shape("transition", transition, (*reward.shape, reward.shape[1]))
        duration = model_checks.numeric("duration", duration)
        checks.require_shape("duration", duration, reward.shape)
        given = np.ones(reward.shape, bool) if initiation is None else initiation
        startable = read_initiation(given, reward.shape)
        xp = namespace(reward, transition, startable)
        self.available = startable.T
        self.reward = xp.where(self.initiation, reward, 0.0)
        table = xp.where(self.initiation[:, :, None], transition, 0.0)
        self.duration = duration
        model_checks.require_finite("reward", self.reward, ROW)
        model_checks.require_finite("transition", table, (*ROW, "next state"))
        self.transition = _at_most_one(table, rounding)
        model_checks.require_finite("duration", self.duration, ROW)
        _check_duration(self.duration)

    @property
    def initiation(self) -> Array:
        """``(K, S)`` bool: the states where an option may start."""
        return self.available.T

    @property
    def expected_reward(self) -> Array:
        """``(S, K)``: ``reward`` with the state first."""
        return self.reward.T

    @property
    def discounted_transition(self) -> Array:
        """``(S, K, S)``: ``transition`` with the state first."""
        return namespace(self.transition).moveaxis(self.transition, 0, 1)

    def expected_value(self, value: Array) -> Array:
        """Return ``Σₜ P°(s, k, t) v(t)``, ``(S, K)``, from values ``v (S,)``; unchecked."""
        return (self.transition @ value).T


def _at_most_one(transition: Array, rounding: float) -> Array:
    """Return the transition, of a type with this ``rounding``; raise where no row can be right."""
    if is_traced(transition):
        return transition
    if (transition < -rounding).any():
        index = model_checks.first(transition < -rounding)
        where = model_checks.place((*ROW, "next state"), index)
        raise ValueError(f"transition must not be negative, got {transition[index]} at {where}")
    sums = transition.sum(axis=-1)
    wrong = sums > 1.0 + rounding
    if wrong.any():
        index = model_checks.first(wrong)
        raise ValueError(
            f"transition must sum to at most 1, got {sums[index]:.12g} at "
            f"{model_checks.place(ROW, index)}"
        )
    if rounding == model_checks.DOUBLE.total:
        return transition
    return np.maximum(transition, 0.0) / np.maximum(sums, 1.0)[..., None]


def _check_duration(duration: Array) -> None:
    if not is_traced(duration) and (duration < 0).any():
        index = model_checks.first(duration < 0)
        where = model_checks.place(ROW, index)
        raise ValueError(f"duration must not be negative, got {duration[index]} at {where}")


def option_model(mdp: TabularMDP, option: Option) -> OptionModel:
    """Return the exact model of options: ``r° = N r_π``, ``P° = N T_π diag(β)`` (`multistep`).

    Args:
        mdp: the model in which they run.
        option: a stack of ``K`` options, or one (``K = 1``).

    Raises:
        ValueError: if an option does not fit the model, or the model has more than 20,000 states.
    """
    mdp, option = as_model(mdp), require_option(mdp, option)
    xp = planning_namespace(mdp, option)
    found = execute(mdp, option.policy, 1.0 - option.termination)
    return OptionModel(
        reward=xp.einsum("kst,kt->ks", found.occupancy, found.reward),
        transition=found.ending,
        duration=found.occupancy.sum(axis=-1),
        initiation=option.startable,
    )


def require_option(mdp: TabularMDP, option: Any) -> Option:
    """Return ``option`` as a stack; raise if it does not fit ``mdp``."""
    if not isinstance(option, Option):
        raise ValueError(
            f"option must be an Option, got {type(option).__name__} {str(option)[:40]!r}"
        )
    stack = _with_table(option.stacked(), mdp.actions)
    checks.require_shape("policy of the option", stack.policy[0], mdp.available.shape)
    if not is_traced(stack.policy, mdp.available):
        wrong = (np.asarray(stack.policy) > 0) & ~mdp.available
        if wrong.any():
            index = model_checks.first(wrong)
            raise ValueError(
                "policy must be 0 where the action is not available, got "
                f"{stack.policy[index]:.12g} at "
                f"{model_checks.place(('option', 'state', 'action'), index)}"
            )
    return stack


def _with_table(stack: Option, actions: int) -> Option:
    """Return a stack of options with probabilities ``(K, S, A)`` as its policies."""
    if not stack.is_deterministic:
        return stack
    policy = model_checks.one_hot("policy of the option", stack.policy, actions, ROW)
    return Option(policy, stack.termination, stack.initiation)


def primitive_model(mdp: TabularMDP) -> OptionModel:
    """Return the actions as ``A`` options of one step: ``r°ₐ = r(·, a)``, ``P°ₐ = Γ∘P(·, a)``.

    An action may start where it is available.

    Raises:
        ValueError: if ``mdp`` is not a `TabularMDP`.
    """
    mdp = as_model(mdp)
    xp = planning_namespace(mdp)
    table = dense(mdp.discounted_transition, mdp.available)
    return OptionModel(
        reward=mdp.reward.T,
        transition=xp.moveaxis(table, 1, 0),
        duration=xp.ones((mdp.actions, mdp.states)),
        initiation=mdp.available.T,
    )


def concatenate(*models: OptionModel) -> OptionModel:
    """Return one model with the options of all ``models``, in their order.

    Raises:
        ValueError: if there is no model, or the models differ in their number of states.
    """
    if not models or not all(isinstance(model, OptionModel) for model in models):
        kinds = ", ".join(type(model).__name__ for model in models) or "nothing"
        raise ValueError(f"models must be of type OptionModel, got {kinds}")
    for model in models:
        if model.states != models[0].states:
            raise ValueError(
                "models must have the same number of states, got "
                f"{models[0].states} and {model.states}"
            )
    xp = planning_namespace(*models)
    fields = ("reward", "transition", "duration", "initiation")
    return OptionModel(*(xp.concatenate([getattr(m, f) for m in models]) for f in fields))
