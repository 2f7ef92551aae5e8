"""The result of a HIMO run: policies, values and the measures of the paper."""

from dataclasses import dataclass

import numpy as np

MOVED = 1e-12
"""Largest change of log probabilities of a state whose policy counts as unchanged."""

NOISE = 1e-14
"""Magnitude, in nats or visits, below which a curve is rounding error and normalised to 0."""


@dataclass(frozen=True)
class HimoTrajectory:
    """A trajectory of policies of HIMO, with ``T`` iterations and ``R`` recorded times.

    ``R = T + 1`` with ``record="all"``, and 2 (first and last) with ``record="summary"``. Time is
    step size times iterations, in 1 / reward: the time of the continuous flow.

    Attributes:
        time: ``(R,)`` recorded times.
        policy: ``(R, S, A)`` probabilities.
        value: ``(R, S)`` value of each state, in units of reward, at the foresight of the run.
        start_value: ``(T + 1,)`` value of the initial distribution.
        policy_divergence: ``(R, S)`` PD, ``KL(π_t ‖ π_0)`` at each state, in nats.
        counter_difference: ``(R, S)`` CD, expected visits minus those of the initial policy.
        time_to_peak: ``(S,)`` time at which PD grows fastest, interpolated between iterations by a
            parabola; NaN for a state whose policy never changes. If the growth still increases at
            the end of the run, it is the time of the last step.
        peak_velocity: ``(S,)`` the growth of PD at that time, in nats × reward.
        foresight: the discount of the run; its maximum if it varies.
        step_size: η.
    """

    time: np.ndarray
    policy: np.ndarray
    value: np.ndarray
    start_value: np.ndarray
    policy_divergence: np.ndarray
    counter_difference: np.ndarray
    time_to_peak: np.ndarray
    peak_velocity: np.ndarray
    foresight: float
    step_size: float

    @property
    def normalised_policy_divergence(self) -> np.ndarray:
        """``(R, S)`` PD divided by its largest recorded value; 0 if the policy never changes."""
        return _normalised(self.policy_divergence)

    @property
    def normalised_counter_difference(self) -> np.ndarray:
        """``(R, S)`` CD divided by its largest recorded magnitude; 0 if visits never change."""
        return _normalised(self.counter_difference)

    @property
    def policy_divergence_velocity(self) -> np.ndarray:
        """``(R - 1, S)`` growth of PD between recorded times, in nats × reward."""
        return _velocity(self.policy_divergence, self.time)

    @property
    def counter_difference_velocity(self) -> np.ndarray:
        """``(R - 1, S)`` growth of CD between recorded times, in visits × reward."""
        return _velocity(self.counter_difference, self.time)

    @property
    def order(self) -> np.ndarray:
        """``(M,)`` the states whose policy changes, by time to peak; ties by index."""
        order = np.argsort(self.time_to_peak, kind="stable")
        return order[: np.isfinite(self.time_to_peak).sum()]


def _normalised(curves: np.ndarray) -> np.ndarray:
    largest = np.abs(curves).max(axis=0)
    return curves / np.where(largest > NOISE, largest, np.inf)


def _velocity(curves: np.ndarray, time: np.ndarray) -> np.ndarray:
    return np.diff(curves, axis=0) / np.diff(time)[:, None]


class PeakTracker:
    """A tracker of the highest velocity of each state and its neighbours in time."""

    def __init__(self, states: int):
        self._last = np.full((2, states), -np.inf)
        self._peak = np.full((3, states), -np.inf)
        self._index = np.zeros(states, dtype=np.int64)
        self._seen = 0

    def record(self, velocity: np.ndarray) -> None:
        """Record the velocities ``(S,)`` of one more step."""
        # A peak needs its successor, so compare the step before this one.
        self._settle(velocity)
        self._last = np.stack([self._last[1], velocity])
        self._seen += 1

    def _settle(self, following: np.ndarray) -> None:
        higher = self._last[1] > self._peak[1]
        self._peak[:, higher] = np.stack([*self._last, following])[:, higher]
        self._index[higher] = self._seen - 1

    def peak(self, step_size: float) -> tuple[np.ndarray, np.ndarray]:
        """Return time and height of each state's peak; velocity ``k`` is at ``(k + 1/2) η``."""
        self._settle(np.full_like(self._last[1], -np.inf))
        before, height, after = self._peak
        inner = np.isfinite(before) & np.isfinite(after)
        left, right = np.where(inner, [before, after], height[None])
        curvature = left - 2.0 * height + right
        offset = np.where(curvature < 0, 0.5 * (left - right) / np.minimum(curvature, -1e-300), 0.0)
        return (self._index + 0.5 + offset) * step_size, height - 0.25 * (left - right) * offset
