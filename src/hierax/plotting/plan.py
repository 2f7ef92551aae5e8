"""Figures of a plan: value, greedy policy, occupancy, and the order of decisions.

A grid world is drawn as its map, another world as its graph of states at the places that the world
gives. A model without places is drawn as a graph if it is small, with a heat map of its transitions
if the graph has too many lines, and along the state index otherwise.
"""

import dataclasses

import networkx as nx
import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import rankdata

from hierax.planning import TabularMDP
from hierax.plotting.canvas import PANEL, Canvas, Marks, Scale, marks_legend
from hierax.plotting.graph_canvas import GraphCanvas
from hierax.plotting.grid_canvas import GridCanvas
from hierax.plotting.index_canvas import IndexCanvas
from hierax.plotting.matrix_canvas import MatrixCanvas, chosen_rows
from hierax.worlds import GridWorld, TabularWorld

VALUE = Scale("expected discounted return", "viridis")
VISITS = Scale("expected discounted visits", "YlGnBu", logarithmic=True)
ORDER = Scale("rank, 1 is decided first", "plasma_r")
LARGEST_LAYOUT = 60
"""Largest number of states of a model without places that is drawn as a graph."""
MOST_NEIGHBOURS = 8
"""Largest mean number of next states in a drawn graph; more lines would hide each other."""
TIE = 1e-6
"""Times that differ by less than this fraction of the longest are equal (symmetric states)."""


@dataclasses.dataclass(frozen=True, eq=False)
class PlanTables:
    """The tables of a plan with S states for a drawing.

    Attributes:
        value: ``(S,)`` value, in units of reward.
        choice: ``(S,)`` index of the greedy action.
        successor: ``(S,)`` most likely next state of this action.
        occupancy: ``(S,)`` expected discounted visits from the start.
        time_to_peak: ``(S,)`` time at which each state is decided, NaN for never; None for planners
            without such an order.
    """

    value: Float[np.ndarray, "S"]
    choice: Int[np.ndarray, "S"]
    successor: Int[np.ndarray, "S"]
    occupancy: Float[np.ndarray, "S"]
    time_to_peak: Float[np.ndarray, "S"] | None = None


def draw_plan(plan: PlanTables, canvas: Canvas, title: str = "") -> Figure:
    """Draw a plan: three panels in a row, or two rows of two with the order of decisions.

    Args:
        plan: the tables.
        canvas: the canvas, from `world_canvas` or `model_canvas`.
        title: title above the panels.

    Returns:
        The figure; ``figure.savefig(path)`` writes it.
    """
    rows, columns = (1, 3) if plan.time_to_peak is None else (2, 2)
    size = (columns * (PANEL + 0.8), rows * (canvas.height + 0.7) + 0.5)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    panels = figure.subplots(rows, columns).ravel()
    figure.suptitle(title, weight="bold")
    marks_legend(figure, canvas)
    _title(panels[0], "Value")
    canvas.colour(panels[0], plan.value, VALUE, canvas.names)
    _title(panels[1], "Greedy policy")
    canvas.policy(panels[1], plan.choice, plan.successor)
    _title(panels[2], "Occupancy")
    canvas.colour(panels[2], plan.occupancy, VISITS)
    if plan.time_to_peak is not None:
        ranks = decision_ranks(plan.time_to_peak)
        _title(panels[3], "Order in which states are decided")
        canvas.colour(panels[3], ranks, ORDER, [_rank_text(rank) for rank in ranks])
    return figure


def likely_successor(mdp: TabularMDP, choice: Int[np.ndarray, "S"]) -> Int[np.ndarray, "S"]:
    """Return the most likely next state of the chosen action of each state."""
    return np.asarray(chosen_rows(mdp, choice).argmax(axis=1)).ravel()


def decision_ranks(time_to_peak: Float[np.ndarray, "S"]) -> Float[np.ndarray, "S"]:
    """Return the rank of each state by decision time, 1 for the first; NaN for never.

    Equal states, mostly by symmetry, have the lowest rank among them.
    """
    longest = np.nanmax(time_to_peak, initial=0.0)
    steps = np.round(time_to_peak / (TIE * longest)) if longest > 0 else time_to_peak
    return rankdata(steps, method="min", nan_policy="omit").astype(float)


def world_canvas(world: TabularWorld, task: bool = True) -> Canvas:
    """Return the canvas of a world: its map, or its graph of states.

    Args:
        world: the world.
        task: whether to mark start and goal in addition to the bottlenecks.
    """
    if isinstance(world, GridWorld):
        return GridCanvas(world, task)
    ends = (world.start, world.goal) if task else (None, None)
    marks = Marks(*ends, world.bottlenecks)
    moves = world.adjacency()
    return GraphCanvas(world.coordinates, moves, marks, world.state_names, world.action_names)


def model_canvas(mdp: TabularMDP) -> Canvas:
    """Return the canvas of a model without places.

    It is a graph up to `LARGEST_LAYOUT` states if they have at most `MOST_NEIGHBOURS` neighbours in
    the mean, a heat map of the transitions for denser models, and bars for larger models.
    """
    actions = tuple(f"action {action}" for action in range(mdp.actions))
    if mdp.states > LARGEST_LAYOUT:
        return IndexCanvas(actions)
    moves = mdp.adjacency()
    if moves.nnz > MOST_NEIGHBOURS * mdp.states:
        return MatrixCanvas(mdp, actions)
    certain = np.flatnonzero(mdp.initial == 1.0)
    marks = Marks(start=int(certain[0]) if len(certain) else None)
    names = tuple(map(str, range(mdp.states)))
    return GraphCanvas(_layout(moves), moves, marks, names, actions)


def _title(panel: Axes, text: str) -> None:
    panel.set_title(text, pad=12)  # room for a letter at the top of a graph


def _rank_text(rank: float) -> str:
    return "" if np.isnan(rank) else f"{rank:.0f}"


def _layout(moves: sp.csr_matrix) -> Float[np.ndarray, "S 2"]:
    """Return places with neighbours near each other; the same at every call."""
    places = nx.spring_layout(nx.Graph(moves), seed=0)
    return np.array([places[state] for state in range(moves.shape[0])])
