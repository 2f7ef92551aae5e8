"""Targets of value functions: n-step returns, soft values, Retrace and V-trace.

All functions map arrays to arrays. The first axis is time, T steps; batch axes follow. Entry t of
every array belongs to the step x_t, a_t, r_t → x_{t+1}:

    reward       r_t
    discount     γ d_t, with d_t = 0 where the step terminated, 1 where it was truncated
    next_value   V(x_{t+1}); at a truncation the value of the episode's last observation
    next_cost    α KL(x_{t+1}), the cost of the policy's divergence from its default policy
    log_ratio    log π(a_t|x_t) - log μ(a_t|x_t), where μ is the behaviour policy

Where step t began an episode (`Transition.is_step` is False), its ``log_ratio`` must be -∞:
``jnp.where(is_step, log_ratio, -jnp.inf)``. The same holds for the padding of a window
(`Sequences.is_step`). Then its weight is 0, and nothing flows from it into the steps before, not
even NaN: a product with a weight or a discount of 0 is 0. The target of such a step is meaningless:
mask it in the loss, with ``jnp.where``.

n-step returns and targets of Retrace and V-trace are constants: no gradient passes through them.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from hierax import checks


class VTrace(NamedTuple):
    """The targets of V-trace for a critic, and the advantages for an actor.

    Attributes:
        value: v_t, the target of V(x_t).
        advantage: ρ_t (r_t + γ (v_{t+1} - α KL_{t+1}) - V_t), the weight of ∇ log π(a_t|x_t).
    """

    value: Float[Array, "time *batch"]
    advantage: Float[Array, "time *batch"]


def n_step_return(
    reward: Float[Array, "time *batch"],
    discount: Float[Array, "time *batch"],
    bootstrap_value: Float[Array, "*batch"],
) -> Float[Array, "time *batch"]:
    """Return the discounted rewards from each step to the end of the window, bootstrapped there.

    G_t = r_t + γ d_t G_{t+1} with G_T = V(x_T). Entry 0 is the T-step return, the last entry the
    one-step return. In a padded window, `Sequences`, the discount must be 1 where it is padded.

    Args:
        reward: r_t.
        discount: γ d_t.
        bootstrap_value: V(x_T), after the last step.

    Raises:
        ValueError: if shapes disagree.
    """
    _require_same_shape(reward, discount=discount)
    checks.require_shape("bootstrap_value", bootstrap_value, reward.shape[1:])

    def backward(following: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        target = step[0] + _weighted(step[1], following)
        return target, target

    _, target = jax.lax.scan(backward, bootstrap_value, (reward, discount), reverse=True)
    return jax.lax.stop_gradient(target)


def soft_value(
    action_value: Float[Array, "..."],
    log_ratio: Float[Array, "..."],
    temperature: float | Float[Array, ""],
) -> Float[Array, "..."]:
    """Return Q(x, a) - α log[π(a|x) / p(a|x)], whose mean over a ~ π is the soft value of x.

    p is a default policy, or 1 for plain entropy. Gradients pass through, so an actor can maximise
    it.

    Args:
        action_value: Q(x, a) of actions sampled from π.
        log_ratio: log π(a|x) - log p(a|x).
        temperature: α.

    Raises:
        ValueError: if shapes disagree.
    """
    checks.require_shape("log_ratio", log_ratio, action_value.shape)
    return action_value - temperature * log_ratio


def retrace(
    action_value: Float[Array, "time *batch"],
    next_value: Float[Array, "time *batch"],
    reward: Float[Array, "time *batch"],
    discount: Float[Array, "time *batch"],
    log_ratio: Float[Array, "time *batch"],
    *,
    next_cost: Float[Array, "time *batch"] | None = None,
    trace_decay: float = 1.0,
) -> Float[Array, "time *batch"]:
    """Return Retrace targets of Q(x_t, a_t) (Munos et al. 2016), with the cost of a default policy.

        G_t = Q_t + Σ_{s≥t} γ^{s-t} (Π_{i=t+1..s} c_i) δ_s
        δ_s = r_s + γ (V_{s+1} - α KL_{s+1}) - Q_s,   c_i = λ min(1, π(a_i|x_i) / μ(a_i|x_i))

    This is equation 19 of Tirumala et al. (2019), whose product is printed with wrong bounds: the
    target of step t does not depend on c_t, because a_t is already taken. The cost is subtracted
    here and only here. So ``next_value`` is E_π Q without the cost. The cost at x_t is not part of
    the target, because it does not depend on a_t.

    Args:
        action_value: Q(x_t, a_t) of the target network.
        next_value: E_{a ~ π} Q(x_{t+1}, a) of the target network.
        reward: r_t.
        discount: γ d_t.
        log_ratio: log π(a_t|x_t) - log μ(a_t|x_t); the first entry is not used.
        next_cost: α KL(x_{t+1}); None for no cost.
        trace_decay: λ in [0, 1].

    Raises:
        ValueError: if shapes disagree or λ is out of range.
    """
    if not 0.0 <= trace_decay <= 1.0:
        raise ValueError(f"trace_decay must be in [0, 1], got {trace_decay!r}")
    _require_same_shape(
        reward,
        action_value=action_value,
        next_value=next_value,
        discount=discount,
        log_ratio=log_ratio,
    )
    trace = trace_decay * _clipped_ratio(log_ratio, 1.0)
    one_step = reward + _weighted(discount, _less_cost(next_value, next_cost))

    def backward(correction: Array, step: tuple[Array, ...]) -> tuple[Array, Array]:
        one_step, discount, trace, action_value = step
        target = one_step + _weighted(discount, correction)
        return _weighted(trace, target - action_value), target

    steps = (one_step, discount, trace, action_value)
    _, target = jax.lax.scan(backward, jnp.zeros_like(reward[0]), steps, reverse=True)
    return jax.lax.stop_gradient(target)


def vtrace(
    value: Float[Array, "time *batch"],
    next_value: Float[Array, "time *batch"],
    reward: Float[Array, "time *batch"],
    discount: Float[Array, "time *batch"],
    log_ratio: Float[Array, "time *batch"],
    *,
    next_cost: Float[Array, "time *batch"] | None = None,
    clip_ratio: float = 1.0,
    clip_trace: float = 1.0,
) -> VTrace:
    """Return V-trace targets and advantages, with the cost of a default policy.

        v_s = V_s + Σ_{t≥s} γ^{t-s} (Π_{i=s..t-1} c_i) δ_t
        δ_t = ρ_t (r_t + γ (V_{t+1} - α KL_{t+1}) - V_t)
        c_i = min(c̄, w_i),   ρ_i = min(ρ̄, w_i),   w_i = π(a_i|x_i) / μ(a_i|x_i)

    This is V-trace of Espeholt et al. (2018), with equations 21 and 22 of Tirumala et al. (2019).
    The fixed point is the value of the policy ∝ min(ρ̄μ, π), which is π if no ratio is above ρ̄. The
    cost is subtracted only here, as in `retrace`.

    Args:
        value: V(x_t).
        next_value: V(x_{t+1}).
        reward: r_t.
        discount: γ d_t.
        log_ratio: log w_t.
        next_cost: α KL(x_{t+1}); None for no cost.
        clip_ratio: ρ̄ > 0, determines the fixed point.
        clip_trace: c̄ > 0, determines the speed of convergence.

    Raises:
        ValueError: if shapes disagree or a threshold is not positive.
    """
    for name, threshold in (("clip_ratio", clip_ratio), ("clip_trace", clip_trace)):
        checks.positive(name, threshold)
    _require_same_shape(
        reward, value=value, next_value=next_value, discount=discount, log_ratio=log_ratio
    )
    ratio = _clipped_ratio(log_ratio, clip_ratio)
    bootstrap = _less_cost(next_value, next_cost)
    error = _weighted(ratio, reward + _weighted(discount, bootstrap) - value)

    def backward(following: Array, step: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        error, decay = step
        correction = error + _weighted(decay, following)
        return correction, (correction, following)

    steps = (error, _weighted(_clipped_ratio(log_ratio, clip_trace), discount))
    _, (correction, following) = jax.lax.scan(
        backward, jnp.zeros_like(reward[0]), steps, reverse=True
    )
    # v_{t+1} is V_{t+1} plus its correction, which is 0 at the end of the window.
    advantage = _weighted(ratio, reward + _weighted(discount, bootstrap + following) - value)
    return jax.lax.stop_gradient(VTrace(value + correction, advantage))


def _weighted(weight: Array, value: Array) -> Array:
    """Return ``weight * value``, and 0 where the weight is 0 and the value is not finite."""
    return jnp.where(weight == 0, 0.0, weight * value)


def _clipped_ratio(log_ratio: Array, threshold: float) -> Array:
    """Return min(threshold, π/μ), clipped before the exponential, which could overflow."""
    return jnp.exp(jnp.minimum(log_ratio, jnp.log(jnp.asarray(threshold, log_ratio.dtype))))


def _less_cost(next_value: Array, next_cost: Array | None) -> Array:
    if next_cost is None:
        return next_value
    checks.require_shape("next_cost", next_cost, next_value.shape)
    return next_value - next_cost


def _require_same_shape(reward: Array, **arrays: Array) -> None:
    if reward.ndim == 0 or reward.shape[0] == 0:
        raise ValueError(
            f"reward must have a first axis of at least one step, got shape {reward.shape}"
        )
    for name, array in arrays.items():
        checks.require_shape(name, array, reward.shape)
