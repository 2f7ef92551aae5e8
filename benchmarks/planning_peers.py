"""The libraries compared in the planning benchmark, each with every setting that could be its best.

A contestant is prepared outside the clock: the model is rebuilt in the format that the library documents for
it, and what remains is a function of no arguments that solves and returns the value vector. Tolerances are
set so that each library's own stopping rule implies the common certificate
max |T V - V| / (1 - discount) <= tolerance (what each rule means was read in its source).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from planning_models import Model

Solve = Callable[[], np.ndarray]

# A stopping rule that holds with equality could miss the certificate by rounding errors, which 1 / (1 - discount) magnifies.
MARGIN = 0.95
UNLIMITED = 10_000_000
DENSE_BYTES = 2**30


@dataclass(frozen=True)
class Contestant:
    """One setting of one library.

    Attributes:
        library: name of the library as pip knows it.
        setting: what was chosen, in words.
        prepare: `(model, tolerance) -> solve`; everything in it is outside the clock.
        largest: number of states beyond which it is not tried, with the reason in `reason`.
        reason: why it is not tried on larger models.
        key: models that share (`key`, model) may share what `prepare` built.
    """

    library: str
    setting: str
    prepare: Callable[[Model, float], Solve]
    largest: float = float("inf")
    reason: str = ""

    @property
    def name(self) -> str:
        return f"{self.library} {self.setting}"


def _quantecon(method: str, form: str, evaluation_steps: int = 20) -> Callable[[Model, float], Solve]:
    """QuantEcon's DiscreteDP.

    Value iteration stops at max |T v - v| < epsilon (1 - discount) / (2 discount) and returns T v, whose
    residual is smaller by the discount: epsilon = 2 tolerance certifies. Modified policy iteration stops on
    the span of T v - v and adds the midrange correction, which halves the bound: epsilon = 2 tolerance again.
    """

    def prepare(model: Model, tolerance: float) -> Solve:
        from quantecon.markov import DiscreteDP

        if form == "dense":
            transition = model.transition.toarray().reshape(model.states, model.actions, model.states)
            problem = DiscreteDP(model.reward, transition, model.discount)
        else:
            states, actions = (grid.ravel() for grid in np.indices(model.reward.shape))
            problem = DiscreteDP(model.reward.ravel(), model.transition, model.discount, states, actions)
        options: dict[str, object] = {"method": method, "max_iter": UNLIMITED}
        if method != "policy_iteration":
            options |= {"epsilon": 2 * MARGIN * tolerance, "k": evaluation_steps}
        return lambda: lambda: problem.solve(**options).v

    return prepare


def _mdpsolver(algorithm: str, update: str = "standard", parallel: bool = True, sweeps: int = 100):
    """mdpsolver, compiled C++, sparse rows.

    Standard updates stop at span(T v - v) < tolerance (1 - discount) / discount and add the lower end of the
    interval, so the error may be the whole span: tolerance as it is. Gauss-Seidel and over-relaxed updates
    stop at half of that in the sup norm. `parallel=True` is a different loop (OpenMP) even on one thread.
    """

    def prepare(model: Model, tolerance: float) -> Solve:
        import mdpsolver

        probabilities, columns = _nested_rows(model)
        reward = model.reward.tolist()

        def arm() -> Solve:
            problem = mdpsolver.model()
            problem.mdp(
                discount=model.discount,
                rewards=reward,
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
    """Probabilities and columns as lists by state, action, entry: the format mdpsolver wants."""
    matrix = model.transition
    data, indices, start = matrix.data.tolist(), matrix.indices.tolist(), matrix.indptr.tolist()
    spans = [[slice(start[s * model.actions + a], start[s * model.actions + a + 1]) for a in range(model.actions)] for s in range(model.states)]
    return [[data[part] for part in row] for row in spans], [[indices[part] for part in row] for row in spans]


def _pymdptoolbox(algorithm: str, **options: object) -> Callable[[Model, float], Solve]:
    """pymdptoolbox; sparse matrices per action, except where its own code makes them dense.

    A solver object may be run once (it keeps its value), and building it already sweeps over all states
    in Python; so building is left out and each run starts from a shallow copy of the unsolved object.
    """

    def prepare(model: Model, tolerance: float) -> Solve:
        import copy

        from mdptoolbox import mdp

        # The policy evaluation of the library assigns rows of the transition into a dense array.
        transitions = [model.transition[action :: model.actions].toarray() for action in range(model.actions)]
        if algorithm != "PolicyIteration":
            options["epsilon"] = MARGIN * tolerance
        fresh = getattr(mdp, algorithm)(transitions, model.reward, model.discount, **options)

        def arm() -> Solve:
            solver = copy.deepcopy(fresh)

            def solve() -> tuple[float, ...]:
                solver.run()
                return solver.V

            return solve

        return arm

    return prepare


TOO_DENSE = "dense transition beyond 1 GiB"
PEERS = [
    Contestant("quantecon", "modified policy iteration, sparse, k=20", _quantecon("modified_policy_iteration", "sparse")),
    Contestant("quantecon", "modified policy iteration, sparse, k=100", _quantecon("modified_policy_iteration", "sparse", 100)),
    Contestant("quantecon", "modified policy iteration, sparse, k=500", _quantecon("modified_policy_iteration", "sparse", 500)),
    Contestant("quantecon", "value iteration, sparse", _quantecon("value_iteration", "sparse")),
    Contestant("quantecon", "policy iteration, sparse", _quantecon("policy_iteration", "sparse")),
    Contestant("quantecon", "modified policy iteration, dense, k=20", _quantecon("modified_policy_iteration", "dense"), 3000, TOO_DENSE),
    Contestant("quantecon", "modified policy iteration, dense, k=100", _quantecon("modified_policy_iteration", "dense", 100), 3000, TOO_DENSE),
    Contestant("quantecon", "value iteration, dense", _quantecon("value_iteration", "dense"), 3000, TOO_DENSE),
    Contestant("quantecon", "policy iteration, dense", _quantecon("policy_iteration", "dense"), 3000, TOO_DENSE),
    Contestant("mdpsolver", "value iteration", _mdpsolver("vi")),
    Contestant("mdpsolver", "value iteration, serial loop", _mdpsolver("vi", parallel=False)),
    Contestant("mdpsolver", "modified policy iteration, 20 sweeps", _mdpsolver("mpi", sweeps=20)),
    Contestant("mdpsolver", "modified policy iteration, 100 sweeps", _mdpsolver("mpi")),
    Contestant("mdpsolver", "modified policy iteration, 1000 sweeps", _mdpsolver("mpi", sweeps=1000)),
    Contestant("mdpsolver", "policy iteration", _mdpsolver("pi")),
    Contestant("mdpsolver", "value iteration, gs", _mdpsolver("vi", "gs")),
    Contestant("mdpsolver", "modified policy iteration, gs", _mdpsolver("mpi", "gs")),
    Contestant("mdpsolver", "policy iteration, gs", _mdpsolver("pi", "gs")),
    Contestant("mdpsolver", "value iteration, sor", _mdpsolver("vi", "sor")),
    Contestant("mdpsolver", "modified policy iteration, sor", _mdpsolver("mpi", "sor")),
    Contestant("pymdptoolbox", "value iteration", _pymdptoolbox("ValueIteration"), 200, "n"),
    Contestant("pymdptoolbox", "policy iteration", _pymdptoolbox("PolicyIteration"), 3000, "n"),
    Contestant("pymdptoolbox", "modified policy iteration", _pymdptoolbox("PolicyIterationModified"), 3000, "n"),
    Contestant("pymdptoolbox", "modified policy iteration, 1000 sweeps", _pymdptoolbox("PolicyIterationModified", max_iter=1000), 3000, "n"),
    Contestant("pymdptoolbox", "Gauss-Seidel value iteration", _pymdptoolbox("ValueIterationGS"), 200, "n"),
]
