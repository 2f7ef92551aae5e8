"""Training options by gradient through both planners.

    θ = (intrinsic rewards, termination logits)
    repeat
        plan each option's policy for its intrinsic reward        Newton, implicit derivative
        exact option models of a batch of goals                   one inverse per option
        plan over options and actions within the budget           `PlanningObjective`
        θ ← AdamW(θ, gradient)                                    τ of the planner is annealed

There are several random starts; the result with the best objective over all training goals is kept.
Finding the best options is NP-hard even in deterministic worlds (Jinnai et al. 2019). This method
is a heuristic, and its result depends on the start.
"""

from typing import Any, NamedTuple, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, is_traced
from hierax.planning.bellman import solve_bellman
from hierax.planning.mdp import TabularMDP, as_model
from hierax.planning.operators import HardMax, LogSumExp, Operator
from hierax.planning.option_gradient.intrinsic import IntrinsicOptions, random_options
from hierax.planning.option_gradient.objectives import PlanningObjective
from hierax.planning.options.goals import condition_on_goals
from hierax.planning.progress_bar import ProgressBar

Parameters: TypeAlias = tuple[Any, Any]
"""Intrinsic rewards and termination logits."""

TEMPERATURES = (0.02, 0.002)
"""First and last temperature of the planner over options, relative to the optimal value."""
TOLERANCE, LEAST_VALUE = 1e-12, 1e-8
"""Accuracy of optimal values, and the smallest one allowed: objectives divide by them."""
STEPS_BETWEEN_REPORTS = 20


class TrainedOptions(NamedTuple):
    """The best options of several training runs.

    Attributes:
        options: the trained options; plan with ``options.option(mdp)`` or
            ``options.hardened(mdp)``.
        score: their objective over all training goals, at the last temperature.
        scores: ``(restarts,)`` scores of all runs.
        history: ``(restarts, steps)`` objective of each step on its batch of goals.
    """

    options: IntrinsicOptions
    score: float
    scores: np.ndarray
    history: np.ndarray


def train_options(
    mdp: TabularMDP,
    goals: Any,
    count: int = 4,
    *,
    objective: PlanningObjective = PlanningObjective(),  # noqa: B008 (immutable)
    steps: int = 300,
    restarts: int = 3,
    seed: int = 0,
    learning_rate: float = 0.07,
    weight_decay: float = 0.1,
    goals_per_step: int | None = 40,
    operator: Operator = LogSumExp(0.1),  # noqa: B008 (immutable)
    terminations: str = "learned",
    intrinsic: str = "plain",
    features: Any = None,
    initial: IntrinsicOptions | None = None,
) -> TrainedOptions:
    """Train options that make planning to reach ``goals`` fast.

    The computation runs in JAX with 64-bit types, whatever the caller's setting.

    Args:
        mdp: the model, dense, with a discount and without a goal.
        goals: ``(G,)`` goal states. The reward for entering a goal is 1, and the task ends there.
        count: number of options ``K``.
        objective: the objective to maximise.
        steps: gradient steps of each run.
        restarts: number of runs from different random starts. Runs from ``initial`` differ only in
            the goals of their steps.
        seed: seed of all random numbers.
        learning_rate: learning rate of Adam, with cosine decay to 0.
        weight_decay: weight decay. Rewards that differ by a constant or a potential have the same
            policy; decay chooses among them, and helps on goals outside the training set.
        goals_per_step: number of goals drawn for each step; None for all.
        operator: the smooth maximum of the intrinsic planner.
        terminations: ``"learned"``, or ``"given"`` to keep those of ``initial``.
        intrinsic: ``"plain"`` or ``"termination_aware"``, see `IntrinsicOptions`.
        features: ``(S, D)`` features of rewards and logits, see `IntrinsicOptions`.
        initial: initial options in place of random ones. Their own ``count``, ``operator``,
            ``terminations``, ``intrinsic`` and ``features`` are used.

    Returns:
        `TrainedOptions`.

    Raises:
        ValueError: if an argument is not allowed, the model is sparse or traced, or a goal cannot
            be reached from every state.
    """
    mdp = _dense(mdp, goals, initial)
    for name, number in (("count", count), ("steps", steps), ("restarts", restarts)):
        checks.count(name, number, 1)
    checks.count("seed", seed, 0)
    settings = {
        "operator": operator,
        "terminations": terminations,
        "intrinsic": intrinsic,
        "features": features,
    }
    firsts = [
        _first_options(mdp, initial, count, [seed, restart], settings)
        for restart in range(restarts)
    ]
    problem = _Problem.of(mdp, goals)
    batch = _batch(goals_per_step, len(problem.goals))
    trainer = _Trainer(objective, learning_rate, weight_decay, steps, batch)
    runs = []
    with jax.enable_x64(True), ProgressBar(f"training {firsts[0].count} options") as progress:
        for restart, first in enumerate(firsts):
            key = jax.random.fold_in(jax.random.key(seed), restart)
            reports = _Reports(progress, restart, restarts)
            runs.append(trainer.train(problem.in_jax(), first, key, reports))
    options, scores, history = zip(*runs, strict=True)
    best = int(np.argmax(scores))
    return TrainedOptions(options[best], scores[best], np.array(scores), np.array(history))


def _dense(mdp: Any, goals: Any, initial: Any) -> TabularMDP:
    mdp = as_model(mdp)
    if is_traced(mdp, goals, initial):
        raise ValueError(
            "train_options must be called on concrete arrays, got a call under jit, grad or vmap"
        )
    if mdp.is_sparse:
        raise ValueError(
            "mdp must be dense for training options, got a sparse model: build the world with "
            "sparse=False"
        )
    return mdp


def _first_options(
    mdp: TabularMDP, initial: Any, count: int, seed: list[int], settings: dict[str, Any]
) -> IntrinsicOptions:
    """Return the initial options of a run."""
    if initial is None:
        options = random_options(mdp, count, seed, **settings)
    else:
        checks.instance("initial", initial, IntrinsicOptions)
        options = initial
    if isinstance(options.operator, HardMax):
        raise ValueError(
            "operator must be a smooth maximum such as LogSumExp, got HardMax(), whose policies "
            "have no gradient"
        )
    return options


class _Problem(NamedTuple):
    """A training problem: model, goals ``(G,)`` and their optimal values ``(G, S)``."""

    mdp: TabularMDP
    goals: Array
    optimum: Array

    @classmethod
    def of(cls, mdp: TabularMDP, goals: Any) -> "_Problem":
        family = condition_on_goals(mdp, None, goals, primitives=True)
        if mdp.states == 1:
            raise ValueError("mdp must have more than one state, got 1")
        optimum = solve_bellman(family, tolerance=TOLERANCE).value
        if not (optimum > LEAST_VALUE).all():
            raise ValueError(_too_far(family.goals, optimum))
        return cls(mdp, family.goals, optimum)

    def in_jax(self) -> "_Problem":
        """Return the problem with JAX arrays, as arguments of a compiled step."""
        return _Problem(*jax.tree.map(jnp.asarray, tuple(self)))


class _Reports(NamedTuple):
    """The progress report of one of several runs."""

    progress: ProgressBar
    restart: int
    restarts: int

    def report(self, part: float) -> None:
        self.progress.report((self.restart + part) / self.restarts)


class _Trained(NamedTuple):
    """The state of a run; ``start`` has the initial values of the intrinsic planners."""

    options: IntrinsicOptions
    optimiser: Any
    start: Array


class _Trainer(eqx.Module):
    """A trainer with the settings of a run."""

    objective: PlanningObjective
    learning_rate: float
    weight_decay: float
    steps: int = eqx.field(static=True)
    batch: int = eqx.field(static=True)

    def __init__(
        self,
        objective: PlanningObjective,
        learning_rate: float,
        weight_decay: float,
        steps: int,
        batch: int,
    ):
        checks.instance("objective", objective, PlanningObjective)
        self.objective = objective
        self.learning_rate = checks.positive("learning_rate", learning_rate)
        self.weight_decay = checks.not_negative("weight_decay", weight_decay)
        self.steps = steps
        self.batch = batch

    def train(
        self, problem: _Problem, options: IntrinsicOptions, key: Array, reports: _Reports
    ) -> tuple[IntrinsicOptions, float, np.ndarray]:
        """Return the options after all steps, their score, and the objective of each step."""
        options = jax.tree.map(jnp.asarray, options)
        state = _Trained(
            options,
            self._optimiser.init(_parameters(options)),
            jnp.zeros(options.termination.shape),
        )
        history = []
        length = _block(self.steps)
        for first in range(0, self.steps, length):
            state, values = self._advance(problem, state, key, jnp.arange(first, first + length))
            history.append(np.asarray(values))
            reports.report(first / self.steps)
        score = float(self._score(problem, state))
        return jax.tree.map(np.asarray, state.options), score, np.concatenate(history)

    @property
    def _optimiser(self) -> Any:
        rate = optax.cosine_decay_schedule(self.learning_rate, self.steps)
        return optax.adamw(rate, weight_decay=self.weight_decay)

    @eqx.filter_jit
    def _advance(
        self, problem: _Problem, state: _Trained, key: Array, steps: Array
    ) -> tuple[_Trained, Array]:
        def body(state: _Trained, step: Array) -> tuple[_Trained, Array]:
            return self._step(problem, state, jax.random.fold_in(key, step), step)

        return jax.lax.scan(body, state, steps)

    def _step(
        self, problem: _Problem, state: _Trained, key: Array, step: Array
    ) -> tuple[_Trained, Array]:
        first, last = TEMPERATURES
        temperature = first + (last - first) * step / self.steps
        drawn = jax.random.permutation(key, problem.goals.shape[0])[: self.batch]
        tasks = problem._replace(goals=problem.goals[drawn], optimum=problem.optimum[drawn])
        parameters = _parameters(state.options)
        (value, start), slope = jax.value_and_grad(self._value, has_aux=True)(
            parameters, tasks, state, temperature
        )
        ascent = jax.tree.map(jnp.negative, slope)
        change, optimiser = self._optimiser.update(ascent, state.optimiser, parameters)
        reward, logits = optax.apply_updates(parameters, change)
        if state.options.terminations == "given":  # no weight decay either
            logits = state.options.termination_logits
        options = _with_parameters(state.options, (reward, logits))
        return _Trained(options, optimiser, start), value

    def _value(
        self, parameters: Parameters, problem: _Problem, state: _Trained, temperature: Any
    ) -> tuple[Array, Array]:
        """Return the objective of parameters, and the values of their intrinsic planners."""
        options = _with_parameters(state.options, parameters)
        option, start = options.plan(problem.mdp, state.start)
        models = condition_on_goals(
            problem.mdp, option, problem.goals, primitives=self.objective.uses_primitives
        )
        return self.objective(models, problem.optimum, temperature), start

    @eqx.filter_jit
    def _score(self, problem: _Problem, state: _Trained) -> Array:
        return self._value(_parameters(state.options), problem, state, TEMPERATURES[1])[0]


def _parameters(options: IntrinsicOptions) -> Parameters:
    return options.reward, options.termination_logits


def _with_parameters(options: IntrinsicOptions, parameters: Any) -> IntrinsicOptions:
    return eqx.tree_at(_parameters, options, parameters)


def _block(steps: int) -> int:
    """Return the steps between two reports: blocks of one length, so that one is compiled."""
    return max(n for n in range(1, STEPS_BETWEEN_REPORTS + 1) if steps % n == 0)


def _batch(goals_per_step: int | None, goals: int) -> int:
    if goals_per_step is None:
        return goals
    checks.count("goals_per_step", goals_per_step, 1)
    return min(goals_per_step, goals)


def _too_far(goals: Array, optimum: Array) -> str:
    """Return the error for the first goal whose value is too small in some state."""
    goal, state = model_checks.first(~(optimum > LEAST_VALUE))
    value = optimum[goal, state]
    if value <= 0.0:
        return (
            f"goals must be reachable from every state, got {goals[goal]}, which cannot be reached "
            f"from state {state}"
        )
    return (
        f"goals must have a value of at least {LEAST_VALUE:g} in every state, got {value:.1e} for "
        f"goal {goals[goal]} in state {state}: raise the discount"
    )
