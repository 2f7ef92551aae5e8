"""`himo-hierarchy`: which measures predict the time to peak of a state?

The paper reads a hierarchy of states off the order of their times to peak. We correlate that time
with the action gap of the optimal policy, the distance to the goal and betweenness centrality. We
do the same for the time to peak averaged over all goals, which does not depend on the goal.
"""

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import scipy.stats

from hierax.experiments.himo_claims import STEP_SIZES
from hierax.experiments.result import Result
from hierax.experiments.staged_flow import integrate
from hierax.planning import himo, solve_bellman
from hierax.planning.progress_bar import ProgressBar
from hierax.worlds import TabularWorld, four_rooms, tower_of_hanoi, wormhole_rooms

FORESIGHTS = {"smoke": (0.97,), "laptop": (0.9, 0.95, 0.97, 0.99), "paper": (0.9, 0.95, 0.97, 0.99)}
GOAL_AVERAGE_FORESIGHTS = (0.97, 0.99)
"""With shorter foresight, some goals are too far for the fixed time of a goal average."""
GOAL_AVERAGE_STEP, GOAL_AVERAGE_ITERATIONS = 0.02, 400
WORLDS = ("Hanoi3", "Hanoi4", "Hanoi5", "FourRooms", "WormholeRooms")
PREDICTORS = ("action_gap", "distance", "betweenness")
TARGETS = ("time_to_peak", "goal_averaged_time_to_peak")


def run(scale: str, _seeds: int) -> Result:
    """Measure every predictor in every world and correlate it with the time to peak."""
    maps: dict[str, Any] = {}
    tables: dict[str, list[dict[str, Any]]] = {target: [] for target in TARGETS}
    for name in _worlds(scale):
        for foresight in FORESIGHTS[scale]:
            world = _world(name, foresight)
            measures = _measures(world, foresight, scale)
            maps[f"{name} {foresight}"] = {"state": world.state_names, **measures}
            for target in filter(measures.__contains__, TARGETS):
                row = {"world": name, "foresight": foresight, **_correlations(measures, target)}
                tables[target].append(row)
    return Result(
        settings={
            "worlds": _worlds(scale),
            "foresights": FORESIGHTS[scale],
            "reward": "stay",
            "step_size": STEP_SIZES[scale],
            "goal_average": f"every state as the goal, {GOAL_AVERAGE_ITERATIONS} iterations of "
            f"{GOAL_AVERAGE_STEP}, with foresight {GOAL_AVERAGE_FORESIGHTS}",
            "correlation": "Spearman, over all states",
        },
        claims=[],
        tables=tables,
        curves=maps,
    )


def draw(result: Result, path: Path) -> None:
    """Draw maps of the measures in one world and a chart of the correlations."""
    from hierax.plotting.himo import hierarchy_figure

    hierarchy_figure(result.tables, result.curves, path, _world)


def _worlds(scale: str) -> tuple[str, ...]:
    return WORLDS[:1] if scale == "smoke" else WORLDS


def _world(name: str, foresight: float) -> TabularWorld:
    if name.startswith("Hanoi"):
        return tower_of_hanoi(int(name.removeprefix("Hanoi")), discount=foresight)
    build = four_rooms if name == "FourRooms" else wormhole_rooms
    return build(discount=foresight)


def _measures(world: TabularWorld, foresight: float, scale: str) -> dict[str, np.ndarray]:
    measures = {
        "time_to_peak": integrate(world.mdp, foresight, STEP_SIZES[scale]).time_to_peak,
        "action_gap": _action_gap(world),
        "distance": world.distances_to(world.goal),
        "betweenness": _betweenness(world),
    }
    if foresight in GOAL_AVERAGE_FORESIGHTS:
        measures["goal_averaged_time_to_peak"] = _goal_average(world)
    return measures


def _action_gap(world: TabularWorld) -> np.ndarray:
    """Return the ``(S,)`` mean loss ``V* - Q*`` of the actions that are not optimal."""
    solution = solve_bellman(world.mdp, tolerance=1e-10)
    loss = solution.value[:, None] - solution.action_value
    wrong = world.mdp.available & (loss > 1e-7 * np.abs(solution.value).max())
    return np.where(wrong, loss, 0.0).sum(axis=1) / np.maximum(wrong.sum(axis=1), 1)


def _betweenness(world: TabularWorld) -> np.ndarray:
    graph = nx.from_scipy_sparse_array(world.adjacency(), create_using=nx.DiGraph)
    centrality = nx.betweenness_centrality(graph)
    return np.array([centrality[state] for state in range(world.mdp.states)])


def _goal_average(world: TabularWorld) -> np.ndarray:
    """Return the ``(S,)`` time to peak averaged over every state as the goal."""
    total = np.zeros(world.mdp.states)
    with ProgressBar(f"goals of {world.name}") as progress:
        for goal in range(world.mdp.states):
            trajectory = himo(
                world.with_goal(goal).mdp,
                step_size=GOAL_AVERAGE_STEP,
                iterations=GOAL_AVERAGE_ITERATIONS,
                record="summary",
            )
            if trajectory.time_to_peak.max() > trajectory.time[-1] - GOAL_AVERAGE_STEP:
                raise RuntimeError(
                    f"goal {goal} of {world.name} has not converged after "
                    f"{GOAL_AVERAGE_ITERATIONS} iterations; raise GOAL_AVERAGE_ITERATIONS"
                )
            total += trajectory.time_to_peak
            progress.report((goal + 1) / world.mdp.states)
    return total / world.mdp.states


def _correlations(measures: dict[str, np.ndarray], target: str) -> dict[str, float]:
    return {
        predictor: scipy.stats.spearmanr(measures[target], measures[predictor]).statistic
        for predictor in PREDICTORS
    }
