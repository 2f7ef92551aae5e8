"""Options with soft-optimal policies for intrinsic rewards, and parametric terminations.

The policy of option ``k`` is soft-optimal for an intrinsic reward ``R_k``; its termination is
``β_k = σ(b_k)``:

    V_k = Ω(R_k + Γ_k∘P V_k),   π_k = ∇Ω

The reward is one on states entered, ``R_k(s, a) = Σₜ P(t|s, a) w_k(t)``, or on pairs. The task of
option ``k`` is *plain* if it continues for ever with discount γ (as in the note). It is
*termination-aware* if it ends with the option: the discount on entering ``t`` is
``γ (1 - β_k(t))``, and the policy depends on the termination (as in Veeriah et al. 2021).
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
"""Accuracy of the plans; under JAX before the last Newton step, which squares the error."""
REWARD_SPREAD, LOGIT_SPREAD = 0.1, 0.5
"""Standard deviations of the initial noise: equal options would stay equal in training."""
FIRST_LOGIT = -2.0
"""The initial β is 0.12: options of about eight steps, where the sigmoid is not flat."""


class IntrinsicOptions(eqx.Module):
    """A set of ``K`` options, parametrised by intrinsic rewards and termination logits.

    With ``features φ (S, D)`` the parameters are weights: ``w = reward φᵀ`` and ``b =
    termination_logits φᵀ``, which are smooth if the features are.

    Args:
        reward: ``(K, S)`` reward for entering a state, or ``(K, S, A)`` reward of pairs; ``(K, D)``
            with features.
        termination_logits: ``(K, S)``, ``b`` with ``β = σ(b)`` on the state entered; ``(K, D)``
            with features.
        features: ``(S, D)``, such as `laplacian_features`; none by default.
        operator: the smooth maximum of the planner, by default `LogSumExp` with temperature 0.1.
            The policies have derivatives only if it is smooth.
        discount: γ of the intrinsic tasks, by default that of the model.
        terminations: ``"learned"``, or ``"given"`` to keep ``b`` constant under differentiation.
        intrinsic: ``"plain"`` or ``"termination_aware"``, see the module.

    Raises:
        ValueError: if a shape is wrong, or an operator or word is not allowed.
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
            raise ValueError(f"reward must have shape {allowed}, got {self.reward.shape}")
        self.termination_logits = model_checks.numeric("termination_logits", termination_logits)
        checks.require_shape("termination_logits", self.termination_logits, self.reward.shape[:2])
        if self.features is not None and self.features.shape[1:] != self.reward.shape[1:]:
            raise ValueError(
                f"features must have shape (S, {self.reward.shape[1]}), got {self.features.shape}"
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
        """Return the options ``(K, …)`` in a model; differentiable under a JAX transformation.

        Raises:
            ValueError: if the rewards do not fit the model.
        """
        return self.plan(mdp)[0]

    def plan(self, mdp: TabularMDP, start: Array | None = None) -> tuple[Option, Array]:
        """Return the options, and the values ``V_k (K, S)`` of their intrinsic tasks.

        Args:
            mdp: the model in which they run; its reward is not used.
            start: ``(K, S)`` initial values of the search under a JAX transformation. Only the
                number of steps depends on them.
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
        """Return hardened options: planned with a colder ``operator``, ended where ``β > ½``.

        An option whose β is never above ½ then does not end.

        Args:
            mdp: the model in which they run.
            operator: the operator of the hardened options; `HardMax` for deterministic ones.

        Raises:
            ValueError: under a JAX transformation.
        """
        if is_traced(self, mdp):
            raise ValueError(
                "hardened must be called on concrete arrays, got a call under jit, grad or vmap"
            )
        ended = np.asarray(np.asarray(self.termination) > 0.5, dtype=np.float64)
        colder = eqx.tree_at(lambda options: options.operator, self, operator)
        return Option(colder.option(mdp).policy, ended)

    def _task(self, mdp: TabularMDP, reward: Array, termination: Array) -> TabularMDP:
        """Return the intrinsic task of one option."""
        if self.discount is not None:
            mdp = as_model(mdp.with_discount(self.discount))
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
    """Return the initial options of a training: rewards near 0, terminations near 0.12.

    Args:
        mdp: the model in which they run.
        count: number of options ``K``.
        seed: seed for ``numpy.random.default_rng``.
        **settings: further arguments of `IntrinsicOptions`; with ``features`` the noise is added to
            the weights.

    Raises:
        ValueError: if ``count`` is below 1 or ``features`` do not fit the model.
    """
    mdp = as_model(mdp)
    checks.count("count", count, 1)
    first = np.full(mdp.states, FIRST_LOGIT)
    if settings.get("features") is not None:
        features = model_checks.numeric("features", settings["features"])
        if features.ndim != 2 or features.shape[0] != mdp.states:
            raise ValueError(f"features must have shape ({mdp.states}, D), got {features.shape}")
        first = np.linalg.lstsq(features, first)[0]
    reward, logits = np.random.default_rng(seed).normal(size=(2, count, first.size))
    return IntrinsicOptions(REWARD_SPREAD * reward, first + LOGIT_SPREAD * logits, **settings)


def on_pairs(mdp: TabularMDP, entered: Array) -> Array:
    """Return ``Σₜ P(t|s, a) w(t)``, ``(S, A)``: pair rewards from rewards on states entered."""
    return (mdp.transition @ entered).reshape(mdp.available.shape)
