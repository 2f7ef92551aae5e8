"""Options that are the soft-optimal answers to intrinsic rewards, with terminations of their own.

Option ``k`` maximises an intrinsic reward ``R_k`` softly, and ends by ``β_k = σ(b_k)``:

    V_k = Ω(R_k + Γ_k∘P V_k),   π_k = ∇Ω

Its reward may be one on states entered, ``R_k(s, a) = Σₜ P(t|s, a) w_k(t)``, or on pairs. The task
of option ``k`` is *plain* if it goes on for ever, discounted by γ (the note's choice), or
*termination-aware* if it ends with the option: entering ``t`` is then discounted by ``γ (1 -
β_k(t))``, and the termination shapes the policy (as in Veeriah et al. 2021).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, is_traced, namespace, planning_namespace
from hierax.planning.bellman import solve_bellman
from hierax.planning.bellman_traced import differentiable_value
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.operators import LogSumExp, Operator, require_operator
from hierax.planning.options.option import Option

TERMINATIONS = ("learned", "given")
TASKS = ("plain", "termination_aware")
TOLERANCE = 1e-10
"""Accuracy of the plans; under JAX before the last Newton step, which squares it."""
REWARD_SPREAD, LOGIT_SPREAD = 0.1, 0.5
"""Options that begin alike stay alike, for they receive the same gradients: begin with noise."""
FIRST_LOGIT = -2.0
"""β is .12 at first: options of some eight steps, and a sigmoid that is not yet flat."""


class IntrinsicOptions(eqx.Module):
    """``K`` options in terms of what they want and when they end.

    With ``features φ (S, D)`` the parameters are weights: ``w = reward φᵀ`` and ``b =
    termination_logits φᵀ``, which are smooth where the features are.

    Args:
        reward: ``(K, S)`` reward for entering a state, or ``(K, S, A)`` reward of pairs; ``(K, D)``
            with features.
        termination_logits: ``(K, S)``, ``b`` with ``β = σ(b)`` on the state entered; ``(K, D)``
            with features.
        features: ``(S, D)``, such as `laplacian_features`; none by default.
        operator: the planner's smooth maximum, by default `LogSumExp` with temperature .1; its
            policies have derivatives only if it is smooth.
        discount: γ of the intrinsic tasks, by default that of the model.
        terminations: ``"learned"``, or ``"given"`` to hold ``b`` constant under differentiation.
        intrinsic: ``"plain"`` or ``"termination_aware"``, see the module.

    Raises:
        ValueError: where a shape is wrong, or an operator or word is none of those allowed.
    """

    reward: Array
    termination_logits: Array
    features: Array | None
    operator: Operator
    discount: Any
    terminations: str = eqx.field(static=True)
    intrinsic: str = eqx.field(static=True)

    def __init__(
        self,
        reward: Any,
        termination_logits: Any,
        *,
        features: Any = None,
        operator: Operator = LogSumExp(0.1),  # noqa: B008 (immutable)
        discount: Any = None,
        terminations: str = "learned",
        intrinsic: str = "plain",
    ):
        require_operator(operator)
        checks.one_of("terminations", terminations, TERMINATIONS)
        checks.one_of("intrinsic", intrinsic, TASKS)
        self.reward = model_checks.numeric("reward", reward)
        self.features = None if features is None else model_checks.numeric("features", features)
        if self.reward.ndim not in ((2, 3) if features is None else (2,)):
            allowed = "(K, S) or (K, S, A)" if features is None else "(K, D)"
            raise ValueError(f"reward has shape {self.reward.shape}, but must have shape {allowed}")
        self.termination_logits = model_checks.numeric("termination_logits", termination_logits)
        checks.require_shape("termination_logits", self.termination_logits, self.reward.shape[:2])
        if self.features is not None and self.features.shape[1:] != self.reward.shape[1:]:
            raise ValueError(
                f"features has shape {self.features.shape}, but must have shape "
                f"(S, {self.reward.shape[1]})"
            )
        self.operator = operator
        self.discount = discount
        self.terminations = terminations
        self.intrinsic = intrinsic

    @property
    def count(self) -> int:
        """Number of options ``K``."""
        return self.reward.shape[0]

    @property
    def termination(self) -> Array:
        """``β = σ(b)``, ``(K, S)``."""
        logits = self._on_states(self.termination_logits)
        if self.terminations == "given" and is_traced(logits):
            logits = jax.lax.stop_gradient(logits)
        xp = namespace(logits)
        return 0.5 * (1.0 + xp.tanh(0.5 * logits))

    @property
    def state_reward(self) -> Array:
        """``(K, S)`` reward for entering a state, or ``(K, S, A)`` reward of pairs."""
        return self._on_states(self.reward)

    def _on_states(self, parameters: Array) -> Array:
        return parameters if self.features is None else parameters @ self.features.T

    def option(self, mdp: TabularMDP) -> Option:
        """The options ``(K, …)`` in a model; differentiable under a JAX transformation.

        Raises:
            ValueError: where the rewards do not fit the model.
        """
        return self.plan(mdp)[0]

    def plan(self, mdp: TabularMDP, start: Array | None = None) -> tuple[Option, Array]:
        """The options, and the values ``V_k (K, S)`` of their intrinsic tasks.

        Args:
            mdp: the model in which they act; its own reward plays no part.
            start: ``(K, S)`` values from which the search begins under a JAX transformation. Only
                the number of steps depends on it.
        """
        mdp = as_model(mdp)
        reward, termination = self.state_reward, self.termination
        checks.require_shape("reward of an option", reward[0], (mdp.states,), mdp.available.shape)
        if planning_namespace(self, mdp) is np:
            plans = [
                solve_bellman(self._task(mdp, *parts), self.operator, tolerance=TOLERANCE)
                for parts in zip(reward, termination, strict=True)
            ]
            policy, value = (
                np.stack([p.policy for p in plans]),
                np.stack([p.value for p in plans]),
            )
        else:
            first = jnp.zeros(termination.shape) if start is None else start
            policy, value = jax.vmap(lambda *parts: self._differentiable(mdp, *parts))(
                jnp.asarray(reward), termination, first
            )
        return Option(policy, termination), value

    def hardened(self, mdp: TabularMDP, operator: Operator = LogSumExp(0.03)) -> Option:  # noqa: B008
        """The options made crisp: planned with a colder ``operator``, ended where ``β > ½``.

        An option whose β nowhere exceeds ½ then goes on for ever, towards what it wants.

        Args:
            mdp: the model in which they act.
            operator: the planner of the hardened options; `HardMax` for deterministic ones.

        Raises:
            ValueError: under a JAX transformation.
        """
        if is_traced(self, mdp):
            raise ValueError("options are hardened on concrete arrays, not under jit, grad or vmap")
        ended = np.asarray(np.asarray(self.termination) > 0.5, dtype=np.float64)
        colder = eqx.tree_at(lambda options: options.operator, self, operator)
        return Option(colder.option(mdp).policy, ended)

    def _task(self, mdp: TabularMDP, reward: Array, termination: Array) -> TabularMDP:
        """The task that one option plans in."""
        if self.discount is not None:
            mdp = mdp.with_discount(self.discount)
        if self.intrinsic == "termination_aware":
            mdp = mdp.with_discount(mdp.discount * (1.0 - termination))
        return mdp.with_reward(reward if reward.ndim == 2 else on_pairs(mdp, reward))

    def _differentiable(
        self, mdp: TabularMDP, reward: Array, termination: Array, start: Array
    ) -> tuple[Array, Array]:
        task = self._task(mdp, reward, termination)
        value, _ = differentiable_value(task, self.operator, "auto", TOLERANCE, True, start)
        return self.operator.policy(task.backup(value)), value


def random_options(mdp: TabularMDP, count: int, seed: Any = 0, **settings: Any) -> IntrinsicOptions:
    """Options as a training begins with them: rewards near 0, terminations near .12.

    Args:
        mdp: the model in which they act.
        count: number of options ``K``.
        seed: of the random numbers, as ``numpy.random.default_rng`` takes it.
        **settings: further arguments of `IntrinsicOptions`; with ``features`` the noise is in
            their weights.

    Raises:
        ValueError: where ``count`` is below 1 or ``features`` are none of this model.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    first = np.full(mdp.states, FIRST_LOGIT)
    if settings.get("features") is not None:
        features = model_checks.numeric("features", settings["features"])
        if features.ndim != 2 or features.shape[0] != mdp.states:
            raise ValueError(
                f"features has shape {features.shape}, but must have shape ({mdp.states}, D)"
            )
        first = np.linalg.lstsq(features, first)[0]
    reward, logits = np.random.default_rng(seed).normal(size=(2, count, first.size))
    return IntrinsicOptions(REWARD_SPREAD * reward, first + LOGIT_SPREAD * logits, **settings)


def on_pairs(mdp: TabularMDP, entered: Array) -> Array:
    """``Σₜ P(t|s, a) w(t)``, ``(S, A)``: the reward of pairs from one on states entered."""
    return (mdp.transition @ entered).reshape(mdp.available.shape)
