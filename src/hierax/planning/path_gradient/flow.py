"""HIMO: hierarchical model-based policy optimisation (McNamee 2019, algorithm 1, corrected).

    initialise log π
    repeat
        value V and visits d of π                      one linear system and its transpose
        step x = I⁻¹ g                                 = Q - V in the metric of paths
        log π ← log π + η x, normalised in each state  (the paper: η = 1; independent actions are
                                                        updated, the dependent one gets the rest)
        record KL(π ‖ π₀) and d - d₀ of each state

This file corrects the paper in three points: a step size, the discount in ``E`` (see `counters`),
and a normalisation that never leaves the simplex. The update of the paper is available as
``parametrisation="dependent"``.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, SupportsFloat

import numpy as np
import scipy.optimize

from hierax import checks
from hierax.planning import model_checks, sweeps
from hierax.planning.backend import is_traced
from hierax.planning.evaluation import PolicyChain
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.path_gradient.counters import dependent_actions
from hierax.planning.path_gradient.natural_gradient import (
    FORMS,
    advantage,
    natural_path_gradient,
    occupancy_gradient,
)
from hierax.planning.path_gradient.trajectory import MOVED, HimoTrajectory, PeakTracker
from hierax.planning.progress_bar import ProgressBar

SWEEPS = 20
"""Gauss-Seidel sweeps of a modified evaluation, starting at the value of the last policy."""
LARGEST_RECORD = 2**28
"""Largest number of entries (2 GiB) for ``record="all"``."""


class SimplexError(ValueError):
    """An error raised if a step of ``parametrisation="dependent"`` leaves the simplex."""


def himo(
    mdp: TabularMDP,
    *,
    foresight: SupportsFloat | None = None,
    step_size: SupportsFloat = 0.02,
    iterations: int = 1000,
    initial_policy: Any = None,
    form: str = "closed",
    parametrisation: str = "softmax",
    dependent: Any = None,
    metric: str = "path",
    evaluation: str = "exact",
    record: str = "all",
) -> HimoTrajectory:
    """Follow the natural path gradient from a prior policy (McNamee 2019, algorithm 1).

    The flow is ``d log π(a|s) / dt = A^π(s, a)``. Its time scales with 1 / reward. Under a constant
    discount, a constant added to all rewards has no effect. The order of states equals that of the
    flow if ``step_size`` times the largest action gap is below about 0.02.

    Args:
        mdp: the model. ``mdp.initial`` affects only ``start_value``, ``counter_difference``, the
            literal form at unreachable states and ``metric="occupancy"``.
        foresight: λ in (0, discount], by default the discount. It replaces the discount everywhere
            in the flow; an array discount is scaled so that λ is its maximum.
        step_size: η > 0, in 1 / reward.
        iterations: number of steps ``T``, at least 1.
        initial_policy: ``(S, A)`` prior π₀, by default uniform over available actions.
        form: ``"closed"`` or ``"literal"``, see `natural_path_gradient`.
        parametrisation: ``"softmax"`` normalises ``log π + η x`` and is valid for every η.
            ``"dependent"`` adds ``η x`` to independent actions; the dependent action gets the rest
            (McNamee 2019, eq. 4 and 20).
        dependent: ``(S,)`` dependent actions for the whole run; by default the greedy action of
            each state at every iteration.
        metric: ``"path"``, or ``"occupancy"`` for the metric of state-action visits, see
            `occupancy_gradient`.
        evaluation: ``"exact"``, or ``"modified"``: 20 Gauss-Seidel sweeps from the last value. The
            latter is faster only with ``record="summary"``: recorded visits need an exact solve.
        record: ``"all"``, or ``"summary"`` to keep only the first and last policies and values, the
            start value of every iteration and the times to peak.

    Returns:
        A `HimoTrajectory`.

    Raises:
        SimplexError: with ``parametrisation="dependent"``, if a step would leave the simplex; the
            message has the state, the iteration and a step size that is small enough.
        ValueError: if an argument is not allowed.
    """
    if is_traced(mdp, foresight, step_size, initial_policy):
        raise ValueError(
            "himo must be called on concrete arrays, got a call under jit, grad or vmap"
        )
    model = with_foresight(mdp, foresight)
    policy = _initial_policy(initial_policy, model)
    step_size, iterations = _check_run(step_size, iterations, record, model)
    choices = _Choices(form, parametrisation, dependent, metric, evaluation)
    _check_choices(choices, policy, model)
    flow = _Flow(model, policy, step_size, choices)
    return _record(flow, iterations, summary=record == "summary")


class _Choices(NamedTuple):
    form: str
    parametrisation: str
    dependent: Any
    metric: str
    evaluation: str


class _Flow:
    """The current policy of a run, kept as log probabilities, with its value."""

    def __init__(self, model: TabularMDP, policy: np.ndarray, step_size: float, choices: _Choices):
        self.model, self.step_size, self.choices = model, step_size, choices
        self.iteration = 0
        self.log_policy = _log(policy)
        self._chain: PolicyChain | None = PolicyChain(model, policy)
        self.value = np.asarray(self._chain.value())
        self._rows = None
        if choices.evaluation == "modified":
            self._rows = sweeps.rows_of(model)

    @property
    def policy(self) -> np.ndarray:
        """``(S, A)`` probabilities."""
        return np.exp(self.log_policy)

    def visits(self) -> np.ndarray:
        """Return the expected discounted visits ``(S,)``."""
        chain = self._chain or PolicyChain(self.model, self.policy)
        return np.asarray(chain.occupancy(self.model.initial))

    def advance(self) -> None:
        """Make one iteration: a step, then the value of the new policy."""
        move = self._softmax if self.choices.parametrisation == "softmax" else self._dependent
        self.log_policy = move(self._direction())
        self.iteration += 1
        self._evaluate()

    def _direction(self) -> np.ndarray:
        if self.choices.metric == "occupancy":
            return occupancy_gradient(self.model, self.policy)
        if self.choices.form == "closed":
            return np.asarray(advantage(self.model, self.value))
        policy, dependent = self.policy, self.choices.dependent
        return np.asarray(natural_path_gradient(self.model, policy, "literal", dependent))

    def _softmax(self, direction: np.ndarray) -> np.ndarray:
        log_policy = self.log_policy + self.step_size * direction
        log_policy -= log_policy.max(axis=1, keepdims=True)
        return log_policy - np.log(np.exp(log_policy).sum(axis=1, keepdims=True))

    def _dependent(self, direction: np.ndarray) -> np.ndarray:
        dependent = self.choices.dependent
        omega = dependent_actions(self.model, self.policy, dependent, self._chain)
        closing = np.arange(self.model.actions) == omega[:, None]
        log_independent = np.where(closing, -np.inf, self.log_policy)
        rest = 1.0 - np.exp(log_independent + self.step_size * direction).sum(axis=1)
        if not (rest > 0).all():
            raise self._simplex_error(log_independent, direction, rest)
        moved = self.log_policy + self.step_size * direction
        return np.where(closing, np.log(rest)[:, None], moved)

    def _simplex_error(
        self, log_independent: np.ndarray, direction: np.ndarray, rest: np.ndarray
    ) -> SimplexError:
        state = int(np.argmin(rest))

        def excess(step_size: float) -> float:
            with np.errstate(over="ignore"):
                sums = np.exp(log_independent + step_size * direction).sum(axis=1)
            return min(float(sums.max()) - 1.0, 1.0)

        advice = "the dependent action has no probability left"
        if excess(0.0) < 0:
            holds = 0.99 * scipy.optimize.brentq(excess, 0.0, self.step_size)
            advice = f"a step size of {holds:.3g} would be small enough here"
        return SimplexError(
            f"step size {self.step_size:g} leaves the simplex at state {state} in iteration "
            f"{self.iteration}: its independent actions would exceed 1 by {-rest[state]:.3g}; "
            f"{advice}, and parametrisation='softmax' is valid for every step size"
        )

    def _evaluate(self) -> None:
        if self._rows is None:
            self._chain = PolicyChain(self.model, self.policy)
            self.value = np.asarray(self._chain.value())
            return
        self._chain = None
        chain = sweeps.chain_of_policy(self._rows, self.policy, np.zeros(self.model.states))
        sweeps.evaluation_sweeps(chain, self.value, SWEEPS, 0.0)


class _Snapshot(NamedTuple):
    policy: np.ndarray
    value: np.ndarray
    divergence: np.ndarray
    visits: np.ndarray


def _record(flow: _Flow, iterations: int, summary: bool) -> HimoTrajectory:
    prior = flow.log_policy
    peaks = PeakTracker(flow.model.states)
    start_value, snapshots, divergence = [], [], np.zeros(flow.model.states)
    for _ in _with_progress(flow, iterations):
        start_value.append(flow.model.initial @ flow.value)
        before, divergence = divergence, _divergence(flow.log_policy, prior)
        if flow.iteration > 0:
            peaks.record((divergence - before) / flow.step_size)
        if not summary or flow.iteration in (0, iterations):
            values = flow.value.copy()  # modified sweeps work in place
            snapshots.append(_Snapshot(flow.policy, values, divergence, flow.visits()))
    policy, value, divergences, visits = map(np.stack, zip(*snapshots, strict=True))
    time_to_peak, peak_velocity = peaks.peak(flow.step_size)
    recorded = (0, iterations) if summary else range(iterations + 1)
    return HimoTrajectory(
        time=np.asarray(recorded) * flow.step_size,
        policy=policy,
        value=value,
        start_value=np.asarray(start_value),
        policy_divergence=divergences,
        counter_difference=visits - visits[0],
        time_to_peak=np.where(_moved(flow.log_policy, prior), time_to_peak, np.nan),
        peak_velocity=peak_velocity,
        foresight=float(np.max(flow.model.discount)),
        step_size=flow.step_size,
    )


def _with_progress(flow: _Flow, iterations: int) -> Iterator[None]:
    """Yield at iterations 0 to ``iterations`` of the flow, and advance it in between."""
    with ProgressBar(f"himo on {flow.model.states} states") as progress:
        yield
        for iteration in range(iterations):
            flow.advance()
            progress.report((iteration + 1) / iterations)
            yield


def _divergence(log_policy: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return ``KL(π ‖ π₀)`` of each state; the term of an action of probability 0 is 0."""
    with np.errstate(invalid="ignore"):
        ratio = np.where(log_policy > -np.inf, log_policy - prior, 0.0)
    return (np.exp(log_policy) * ratio).sum(axis=1)


def _moved(log_policy: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return ``(S,)`` bool: whether the policy differs from the prior by more than rounding."""
    with np.errstate(invalid="ignore"):
        change = np.where(prior > -np.inf, np.abs(log_policy - prior), 0.0)
    return change.max(axis=1) > MOVED


def _log(policy: np.ndarray) -> np.ndarray:
    return np.log(policy, where=policy > 0, out=np.full(policy.shape, -np.inf))


def with_foresight(mdp: TabularMDP, foresight: SupportsFloat | None) -> TabularMDP:
    """Return the model of `himo`, with ``foresight`` as its discount.

    Args:
        mdp: the model.
        foresight: λ in (0, discount]; an array discount is scaled so that λ is its maximum. None
            keeps the discount.

    Raises:
        ValueError: if λ is not positive or exceeds the (largest) discount.
    """
    mdp = as_model(mdp)
    if foresight is None:
        return mdp
    largest, reach = float(np.max(mdp.discount)), checks.positive("foresight", foresight)
    if reach > largest:
        raise ValueError(
            f"foresight must be at most the discount of the model, {largest}, got {reach}"
        )
    # The array times foresight / largest could differ from foresight by rounding.
    scaled = reach * (np.asarray(mdp.discount) / largest)
    return mdp.with_discount(scaled if np.ndim(mdp.discount) else reach)


def _initial_policy(policy: Any, model: TabularMDP) -> np.ndarray:
    if policy is None:
        available = np.asarray(model.available)
        return available / available.sum(axis=1, keepdims=True)
    return np.asarray(model_checks.policy_table("initial_policy", policy, model.available))


def _check_run(
    step_size: Any, iterations: Any, record: str, model: TabularMDP
) -> tuple[float, int]:
    """Return step size and iterations as Python numbers."""
    checks.count("iterations", iterations, least=1)
    checks.one_of("record", record, ("all", "summary"))
    step_size, iterations = checks.positive("step_size", step_size), int(iterations)
    numbers = (iterations + 1) * model.states * model.actions
    if record == "all" and numbers > LARGEST_RECORD:
        raise ValueError(
            f"record='all' must keep at most {LARGEST_RECORD} probabilities, got {numbers}: "
            "use record='summary' or fewer iterations"
        )
    return step_size, iterations


def _check_choices(choices: _Choices, policy: np.ndarray, model: TabularMDP) -> None:
    form, parametrisation, dependent, metric, evaluation = choices
    checks.one_of("form", form, FORMS)
    checks.one_of("parametrisation", parametrisation, ("softmax", "dependent"))
    checks.one_of("metric", metric, ("path", "occupancy"))
    checks.one_of("evaluation", evaluation, ("exact", "modified"))
    closed_path = form == "closed" and metric == "path"
    if evaluation == "modified" and not closed_path:
        raise ValueError(
            "evaluation must be 'exact' unless form='closed' and metric='path', got 'modified'"
        )
    if metric == "occupancy" and form == "literal":
        raise ValueError("form must be 'closed' if metric='occupancy', got 'literal'")
    if form == "literal" or parametrisation == "dependent":
        model_checks.interior_policy("initial_policy", policy, model.available)
    elif dependent is not None:
        raise ValueError(
            "dependent must be None unless form='literal' or parametrisation='dependent', got "
            f"{type(dependent).__name__}"
        )
    if dependent is not None:
        dependent_actions(model, policy, dependent)
