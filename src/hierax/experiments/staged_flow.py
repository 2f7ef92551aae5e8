"""HIMO integrated until the value of every state has converged, in stages of doubling step size.

With short foresight, a state far from the goal peaks ``γ^-distance`` times later than the goal. By
then all nearer states have converged. Where the advantages are constant, a step of any size is
exact. So each stage doubles the step size, and times are resolved to a constant fraction of the
time passed.
"""

from typing import NamedTuple

import numpy as np

from hierax.planning import HimoTrajectory, TabularMDP, himo, occupancy, solve_bellman

STAGE = 400
"""Iterations of a stage. Times are resolved to 1 / 400 of the time passed."""
MOST_STAGES = 40
SETTLED = 1e-3
"""The integration ends when the relative gap to the optimal value is this small in every state."""
TIE = 1e-6
"""Relative difference below which two times count as equal (symmetric states)."""


class StagedFlow(NamedTuple):
    """HIMO at ``R`` times, dense early and sparse late.

    Attributes:
        time: ``(R,)`` in 1 / reward.
        divergence: ``(R, S)`` policy divergence from the prior, in nats.
        visits: ``(R, S)`` expected discounted visits.
        start_value: ``(R,)`` value of the initial distribution.
        time_to_peak: ``(S,)`` time at which the divergence grows fastest.
        peak_velocity: ``(S,)`` growth of the divergence at that time.
        optimal: the optimal value of the initial distribution at this foresight.
    """

    time: np.ndarray
    divergence: np.ndarray
    visits: np.ndarray
    start_value: np.ndarray
    time_to_peak: np.ndarray
    peak_velocity: np.ndarray
    optimal: float


def integrate(mdp: TabularMDP, foresight: float, step_size: float) -> StagedFlow:
    """Integrate HIMO from the uniform policy until the value of every state has converged.

    Args:
        mdp: the model.
        foresight: discount, in place of that of ``mdp``.
        step_size: of the first stage.
    """
    model = mdp.with_discount(foresight)
    optimal = solve_bellman(model, tolerance=1e-10).value
    times, divergences, visits, start_values = [0.0], [], [], []
    policy, prior = None, None
    for stage in range(MOST_STAGES):
        step = step_size * 2**stage
        run = himo(model, step_size=step, iterations=STAGE, initial_policy=policy)
        prior = run.policy[0] if prior is None else prior
        first = 0 if stage == 0 else 1
        divergences.append(_divergence(run.policy[first:], prior))
        visits.append(_visits(run, model)[first:])
        start_values.append(run.start_value[first:])
        times.extend(times[-1] + step * np.arange(1, STAGE + 1))
        policy = run.policy[-1]
        if (run.value[-1] >= (1.0 - SETTLED) * optimal).all():
            break
    time, divergence = np.asarray(times), np.concatenate(divergences)
    peak_time, velocity = _peaks(time, divergence)
    return StagedFlow(
        time=time,
        divergence=divergence,
        visits=np.concatenate(visits),
        start_value=np.concatenate(start_values),
        time_to_peak=np.where(divergence[-1] > 0, peak_time, np.nan),
        peak_velocity=velocity,
        optimal=float(model.initial @ optimal),
    )


def ranks(times: np.ndarray) -> np.ndarray:
    """Return the ``(S,)`` rank of each time, 1 for the earliest; ties share the lowest rank."""
    earlier = times[None, :] < times[:, None] - TIE * np.abs(times[:, None])
    return 1 + earlier.sum(axis=1)


def _divergence(policies: np.ndarray, prior: np.ndarray) -> np.ndarray:
    ratio = np.divide(policies, prior, out=np.ones_like(policies), where=policies > 0)
    return (policies * np.log(ratio)).sum(axis=-1)


def _visits(run: HimoTrajectory, model: TabularMDP) -> np.ndarray:
    return run.counter_difference + occupancy(model, run.policy[0])


def _peaks(time: np.ndarray, curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return time and height of each curve's steepest rise, by a parabola through three points."""
    middle = 0.5 * (time[1:] + time[:-1])
    velocity = np.diff(curves, axis=0) / np.diff(time)[:, None]
    states = np.arange(curves.shape[1])
    peak = np.clip(velocity.argmax(axis=0), 1, len(middle) - 2)
    around = (peak - 1, peak, peak + 1)
    t0, t1, t2 = (middle[k] for k in around)
    v0, v1, v2 = (velocity[k, states] for k in around)
    left, right = (v1 - v0) / (t1 - t0), (v2 - v1) / (t2 - t1)
    bend = np.where(right < left, (right - left) / (t2 - t0), -np.inf)
    vertex = 0.5 * (t0 + t1) - 0.5 * left / bend
    return vertex, velocity[velocity.argmax(axis=0), states]
