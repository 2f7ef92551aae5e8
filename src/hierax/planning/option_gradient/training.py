"""Training options by gradient through both planners.

    θ = (intrinsic rewards, termination logits)
    repeat
        plan each option's policy for its intrinsic reward        Newton, implicit derivative
        exact option models of a batch of goals                   one inverse an option
        plan over options and actions within the budget           `PlanningObjective`
        θ ← AdamW(θ, gradient)                                    τ of the planner anneals

from several random beginnings, of which the one with the best objective over all training goals is
kept. To find the best options is NP-hard already for deterministic worlds (Jinnai et al. 2019):
this is a heuristic, and what it finds depends on where it begins.
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
"""Accuracy of optimal values, and the least of them: what is learned is relative to them."""
STEPS_BETWEEN_REPORTS = 20


class TrainedOptions(NamedTuple):
    """The best of several trainings.

    Attributes:
        options: the learned options; ``options.option(mdp)`` and ``options.hardened(mdp)`` are what
            to plan with.
        score: their objective over all training goals, at the last temperature.
        scores: ``(restarts,)`` of every training.
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
    """Learn options with which the tasks of reaching ``goals`` are planned quickly.

    Computes in JAX with 64-bit types, whatever the caller's setting.

    Args:
        mdp: the model, dense, with a discount of its own and no goal.
        goals: ``(G,)`` states to reach; entering one pays 1 and ends the task.
        count: number of options ``K``.
        objective: what to maximise.
        steps: gradient steps of each training.
        restarts: trainings from different beginnings; from ``initial`` they differ in the goals of
            their steps alone.
        seed: of all random numbers.
        learning_rate: of Adam, falling to 0 by a cosine.
        weight_decay: rewards that differ by a constant or a potential mean the same policy; decay
            chooses among them, and helps goals that were not trained on.
        goals_per_step: goals drawn for each step; None for all.
        operator: the intrinsic planner's smooth maximum.
        terminations: ``"learned"``, or ``"given"`` to keep those of ``initial``.
        intrinsic: ``"plain"`` or ``"termination_aware"``, see `IntrinsicOptions`.
        features: ``(S, D)`` of which rewards and logits are made, see `IntrinsicOptions`.
        initial: options to begin with in place of random ones, as their parameters stand;
            ``count``, ``operator``, ``terminations``, ``intrinsic`` and ``features`` are theirs.

    Returns:
        `TrainedOptions`.

    Raises:
        ValueError: where an argument is not allowed, the model is sparse or traced, or a goal
            cannot be reached from everywhere.
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
        raise ValueError("train_options compiles itself, but was called under jit, grad or vmap")
    if mdp.is_sparse:
        raise ValueError(
            "mdp is sparse, but options are trained in a dense model: build the world with "
            "sparse=False"
        )
    return mdp


def _first_options(
    mdp: TabularMDP, initial: Any, count: int, seed: list[int], settings: dict[str, Any]
) -> IntrinsicOptions:
    """The options that a training begins with."""
    if initial is None:
        options = random_options(mdp, count, seed, **settings)
    else:
        checks.instance("initial", initial, IntrinsicOptions)
        options = initial
    if isinstance(options.operator, HardMax):
        raise ValueError(
            "operator is HardMax(), whose policies have no gradient, but must be a smooth maximum "
            "such as LogSumExp"
        )
    return options


class _Problem(NamedTuple):
    """What is trained on: model, goals ``(G,)`` and their optimal values ``(G, S)``."""

    mdp: TabularMDP
    goals: Array
    optimum: Array

    @classmethod
    def of(cls, mdp: TabularMDP, goals: Any) -> "_Problem":
        family = condition_on_goals(mdp, None, goals, primitives=True)
        if mdp.states == 1:
            raise ValueError("mdp has one state, but must have one from which to reach another")
        optimum = solve_bellman(family, tolerance=TOLERANCE).value
        if not (optimum > LEAST_VALUE).all():
            raise ValueError(_too_far(family.goals, optimum))
        return cls(mdp, family.goals, optimum)

    def in_jax(self) -> "_Problem":
        """With JAX arrays, so that a compiled step takes them as arguments."""
        return _Problem(*jax.tree.map(jnp.asarray, tuple(self)))


class _Reports(NamedTuple):
    """The progress of one of several trainings."""

    progress: ProgressBar
    restart: int
    restarts: int

    def report(self, part: float) -> None:
        self.progress.report((self.restart + part) / self.restarts)


class _Trained(NamedTuple):
    """What changes during a training; ``start`` is where the lower planners begin their search."""

    options: IntrinsicOptions
    optimiser: Any
    start: Array


class _Trainer(eqx.Module):
    """The settings of a training."""

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
        """The options after all steps, their score, and the objective of each step."""
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
        if state.options.terminations == "given":  # not even weight decay moves them
            logits = state.options.termination_logits
        options = _with_parameters(state.options, (reward, logits))
        return _Trained(options, optimiser, start), value

    def _value(
        self, parameters: Parameters, problem: _Problem, state: _Trained, temperature: Any
    ) -> tuple[Array, Array]:
        """The objective of parameters, and the values that their lower planners found."""
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
    """Steps between two reports: blocks of one length, so that one is compiled."""
    return max(n for n in range(1, STEPS_BETWEEN_REPORTS + 1) if steps % n == 0)


def _batch(goals_per_step: int | None, goals: int) -> int:
    if goals_per_step is None:
        return goals
    checks.count("goals_per_step", goals_per_step, 1)
    return min(goals_per_step, goals)


def _too_far(goals: Array, optimum: Array) -> str:
    """What is wrong with the first goal that is worth too little somewhere."""
    goal, state = model_checks.first(~(optimum > LEAST_VALUE))
    value = optimum[goal, state]
    if value <= 0.0:
        return (
            f"goals holds {goals[goal]}, which cannot be reached from state {state}, but every "
            "goal must be within reach of every state"
        )
    return (
        f"goals holds {goals[goal]}, which is worth {value:.1e} in state {state}, but every goal "
        f"must be worth {LEAST_VALUE:g} everywhere: raise the discount"
    )
