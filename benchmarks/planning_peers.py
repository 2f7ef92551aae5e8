"""Contestants of the planning benchmark: libraries with all settings that may be their best.

``prepare(model, tolerance)`` builds the model in the documented format of the library and returns
``arm``. ``arm()`` returns a new ``solve``. Only ``solve()`` is timed; it returns the values. Each
run uses a new ``solve``, because some libraries start a second solve of an object from its
solution.

Tolerances are such that the stopping rule of each library implies the common error bound
``‖T v - v‖∞ / (1 - γ) <= tolerance``. The stopping rules come from the source of each library.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from hierax.planning import TabularMDP, solve_bellman
from planning_models import Model

Solve = Callable[[], Any]
Arm = Callable[[], Solve]
Prepare = Callable[[Model, float], Arm]

MARGIN = 0.95
"""Factor on the tolerance of peers, because rounding times 1 / (1 - γ) may exceed the bound."""
UNLIMITED = 10_000_000
LARGEST_DENSE = 600
TOO_DENSE = "a dense transition is much slower than a sparse one"


@dataclass(frozen=True)
class Contestant:
    """A setting of a library.

    Attributes:
        library: name of the package.
        setting: description of the setting.
        prepare: see the module.
        largest: largest number of states for this setting.
        reason: reason for this limit.
    """

    library: str
    setting: str
    prepare: Prepare
    largest: float = float("inf")
    reason: str = ""

    @property
    def compiles(self) -> bool:
        """Whether the first solve compiles; compilation is not timed."""
        return self.library in ("hierax", "quantecon")

    @property
    def name(self) -> str:
        return f"{self.library}: {self.setting}"


def _hierax(method: str, dense: bool) -> Prepare:
    def prepare(model: Model, tolerance: float) -> Arm:
        if dense:
            transition = model.dense_transition()
        else:
            transition = [model.transition_of(action) for action in range(model.actions)]
        mdp = TabularMDP(transition, model.reward, model.discount)
        return lambda: lambda: solve_bellman(mdp, method=method, tolerance=tolerance).value

    return prepare


def _quantecon(method: str, dense: bool = False, sweeps: int = 20) -> Prepare:
    """QuantEcon's ``DiscreteDP``.

    Value iteration stops at ``‖T v - v‖∞ < ε (1 - γ) / 2γ`` and returns ``T v``, whose residual is
    smaller by γ. Modified policy iteration stops at ``span(T v - v) < ε (1 - γ) / γ`` and adds the
    midrange correction, which halves the bound. For both, ε = 2 tolerance is enough.
    """

    def prepare(model: Model, tolerance: float) -> Arm:
        from quantecon.markov import DiscreteDP

        if dense:
            problem = DiscreteDP(model.reward, model.dense_transition(), model.discount)
        else:
            pairs = (grid.ravel() for grid in np.indices(model.reward.shape))
            problem = DiscreteDP(model.reward.ravel(), model.transition, model.discount, *pairs)
        options: dict[str, Any] = {"method": method, "max_iter": UNLIMITED}
        if method != "policy_iteration":
            options |= {"epsilon": 2 * MARGIN * tolerance, "k": sweeps}
        return lambda: lambda: problem.solve(**options).v

    return prepare


def _mdpsolver(
    algorithm: str, update: str = "standard", sweeps: int = 100, parallel: bool = True
) -> Prepare:
    """The compiled mdpsolver, with sparse rows.

    Standard updates stop at ``span(T v - v) < tolerance (1 - γ) / γ`` and add the lower end of that
    interval, so the error may be the whole interval. Gauss-Seidel and over-relaxed updates stop at
    half of that in the sup norm. `parallel` is a different loop, also on one thread.
    """

    def prepare(model: Model, tolerance: float) -> Arm:
        import mdpsolver

        probabilities, columns = _nested_rows(model)
        rewards = model.reward.tolist()

        def arm() -> Solve:
            problem = mdpsolver.model()
            problem.mdp(
                discount=model.discount,
                rewards=rewards,
                tranMatProbs=probabilities,
                tranMatColumns=columns,
            )

            def solve() -> list[float]:
                problem.solve(
                    algorithm=algorithm,
                    tolerance=MARGIN * tolerance,
                    update=update,
                    parIterLim=sweeps,
                    makeFinalCheck=False,
                    parallel=parallel,
                )
                return problem.getValueVector()

            return solve

        return arm

    return prepare


def _nested_rows(model: Model) -> tuple[list, list]:
    """Return probabilities and next states as lists by state, action and entry, for mdpsolver."""
    starts = model.transition.indptr.tolist()
    tables = []
    for entries in (model.transition.data.tolist(), model.transition.indices.tolist()):
        rows = [entries[first:end] for first, end in pairwise(starts)]
        tables.append([rows[i : i + model.actions] for i in range(0, len(rows), model.actions)])
    return tables[0], tables[1]


def _pymdptoolbox(algorithm: str, **options: Any) -> Prepare:
    """pymdptoolbox with dense matrices, because its policy evaluation converts to dense.

    Building a solver includes checks and a bound on iterations, which are not timed.
    """

    def prepare(model: Model, tolerance: float) -> Arm:
        from mdptoolbox import mdp

        transition = [model.transition_of(action).toarray() for action in range(model.actions)]
        stop = {} if algorithm == "PolicyIteration" else {"epsilon": MARGIN * tolerance}
        fresh = getattr(mdp, algorithm)(transition, model.reward, model.discount, **stop, **options)

        def arm() -> Solve:
            solver = copy.copy(fresh)  # the transition is shared and read-only
            solver.V = np.copy(fresh.V)

            def solve() -> tuple[float, ...]:
                solver.run()
                return solver.V

            return solve

        return arm

    return prepare


METHODS = (
    "auto",
    "value_iteration",
    "policy_iteration",
    "modified_policy_iteration",
    "gauss_seidel",
)
AUTO = {"hierax: auto", "hierax: auto, dense"}


def _ours() -> list[Contestant]:
    sparse = [Contestant("hierax", method, _hierax(method, dense=False)) for method in METHODS]
    dense = _hierax("auto", dense=True)
    return [*sparse, Contestant("hierax", "auto, dense", dense, LARGEST_DENSE, TOO_DENSE)]


def _of_quantecon() -> list[Contestant]:
    found = []
    for dense in (False, True):
        form = ("dense", LARGEST_DENSE, TOO_DENSE) if dense else ("sparse", float("inf"), "")
        settings = {
            f"modified policy iteration, {sweeps} sweeps": (
                "modified_policy_iteration",
                dense,
                sweeps,
            )
            for sweeps in (5, 10, 20, 50, 100, 200)
        }
        settings["value iteration"] = ("value_iteration", dense)
        settings["policy iteration"] = ("policy_iteration", dense)
        for setting, arguments in settings.items():
            contestant = Contestant(
                "quantecon", f"{setting}, {form[0]}", _quantecon(*arguments), *form[1:]
            )
            found.append(contestant)
    return found


def _of_mdpsolver() -> list[Contestant]:
    settings: dict[str, tuple] = {
        f"modified policy iteration, {sweeps} sweeps, serial": ("mpi", "standard", sweeps, False)
        for sweeps in (5, 10, 20, 50)
    }
    settings |= {
        "modified policy iteration, 20 sweeps": ("mpi", "standard", 20),
        "modified policy iteration, 100 sweeps": ("mpi",),
        "modified policy iteration, gs": ("mpi", "gs"),
        "modified policy iteration, sor": ("mpi", "sor"),
        "value iteration": ("vi",),
        "value iteration, serial": ("vi", "standard", 100, False),
        "value iteration, gs": ("vi", "gs"),
        "value iteration, sor": ("vi", "sor"),
        "policy iteration": ("pi",),
        "policy iteration, gs": ("pi", "gs"),
    }
    return [
        Contestant("mdpsolver", setting, _mdpsolver(*arguments))
        for setting, arguments in settings.items()
    ]


def _of_pymdptoolbox() -> list[Contestant]:
    policy_iteration = "PolicyIterationModified"
    settings: dict[str, tuple[str, dict[str, Any], float, str]] = {
        "policy iteration": ("PolicyIteration", {}, LARGEST_DENSE, TOO_DENSE),
        "modified policy iteration": (policy_iteration, {}, LARGEST_DENSE, TOO_DENSE),
        "modified policy iteration, 1000 sweeps": (
            policy_iteration,
            {"max_iter": 1000},
            LARGEST_DENSE,
            TOO_DENSE,
        ),
        "value iteration": ("ValueIteration", {}, 600, "minutes, and wrong on smaller models"),
        "Gauss-Seidel value iteration": ("ValueIterationGS", {}, 600, "Python loop over states"),
    }
    return [
        Contestant("pymdptoolbox", setting, _pymdptoolbox(algorithm, **options), largest, reason)
        for setting, (algorithm, options, largest, reason) in settings.items()
    ]


CONTESTANTS = [*_ours(), *_of_quantecon(), *_of_mdpsolver(), *_of_pymdptoolbox()]
