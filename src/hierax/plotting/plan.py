"""The picture of a plan: value, greedy policy, occupancy, and in which order states are decided.

A grid world is drawn as its map, another world as its graph of states at the world's own places. A
model without a drawing is laid out by its moves where it is small, and along the state index where
it is not.
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
from hierax.plotting.canvas import INK, PANEL, Canvas, Marks, Scale
from hierax.plotting.graph_canvas import GraphCanvas
from hierax.plotting.grid_canvas import GridCanvas
from hierax.plotting.index_canvas import IndexCanvas
from hierax.worlds import GridWorld, TabularWorld

VALUE = Scale("expected discounted return", "viridis")
VISITS = Scale("expected discounted visits", "YlGnBu", logarithmic=True)
ORDER = Scale("rank, 1 is decided first", "plasma_r")
LARGEST_LAYOUT = 60
"""States up to which a model without a drawing is laid out as a graph."""
TIE = 1e-6
"""Times that differ by less than this fraction of the longest count as equal (symmetric states)."""


@dataclasses.dataclass(frozen=True, eq=False)
class PlanTables:
    """What there is to draw of a plan with S states.

    Attributes:
        value: ``(S,)`` value, in units of reward.
        choice: ``(S,)`` index of the greedy action.
        successor: ``(S,)`` the state to which it most likely leads.
        occupancy: ``(S,)`` expected discounted visits from the start.
        time_to_peak: ``(S,)`` time at which each state is decided, NaN for never; None for planners
            that have no such order.
    """

    value: Float[np.ndarray, "S"]
    choice: Int[np.ndarray, "S"]
    successor: Int[np.ndarray, "S"]
    occupancy: Float[np.ndarray, "S"]
    time_to_peak: Float[np.ndarray, "S"] | None = None


def draw_plan(plan: PlanTables, canvas: Canvas, title: str = "") -> Figure:
    """Draws a plan: three panels in a row, or two rows of two with the order of decision.

    Args:
        plan: the tables.
        canvas: where to draw, see `world_canvas` and `model_canvas`.
        title: written above the panels.

    Returns:
        The figure; ``figure.savefig(path)`` writes it.
    """
    rows, columns = (1, 3) if plan.time_to_peak is None else (2, 2)
    size = (columns * (PANEL + 0.8), rows * (canvas.height + 0.7) + 0.5)
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    panels = figure.subplots(rows, columns).ravel()
    figure.suptitle(title, weight="bold")
    figure.supxlabel(canvas.legend, size="small", color=INK)
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
    """Returns the state to which the chosen action of each state most likely leads."""
    states = np.arange(mdp.states)
    if mdp.is_sparse:
        rows = sp.csr_matrix(mdp.transition[states * mdp.actions + choice])
        return np.asarray(rows.argmax(axis=1)).ravel()
    return mdp.transition[states, choice].argmax(axis=1)


def decision_ranks(time_to_peak: Float[np.ndarray, "S"]) -> Float[np.ndarray, "S"]:
    """Returns the rank of each state, 1 for the first to be decided, NaN for those never decided.

    States that tie, mostly by symmetry, share the lowest rank of the tie.
    """
    longest = np.nanmax(time_to_peak, initial=0.0)
    steps = np.round(time_to_peak / (TIE * longest)) if longest > 0 else time_to_peak
    return rankdata(steps, method="min", nan_policy="omit").astype(float)


def world_canvas(world: TabularWorld, task: bool = True) -> Canvas:
    """Where the plan of a world is drawn: its map, or its graph of states.

    Args:
        world: the world.
        task: whether start and goal are marked beside the bottlenecks.
    """
    if isinstance(world, GridWorld):
        return GridCanvas(world, task)
    ends = (world.start, world.goal) if task else (None, None)
    marks = Marks(*ends, world.bottlenecks)
    moves = world.adjacency()
    return GraphCanvas(world.coordinates, moves, marks, world.state_names, world.action_names)


def model_canvas(mdp: TabularMDP) -> Canvas:
    """Where the plan of a bare model is drawn: a graph up to `LARGEST_LAYOUT` states, else bars."""
    actions = tuple(f"action {action}" for action in range(mdp.actions))
    if mdp.states > LARGEST_LAYOUT:
        return IndexCanvas(actions)
    certain = np.flatnonzero(mdp.initial == 1.0)
    marks = Marks(start=int(certain[0]) if len(certain) else None)
    moves = mdp.adjacency()
    names = tuple(map(str, range(mdp.states)))
    return GraphCanvas(_layout(moves), moves, marks, names, actions)


def _title(panel: Axes, text: str) -> None:
    panel.set_title(text, pad=12)  # leaves room for a letter at the top of a graph


def _rank_text(rank: float) -> str:
    return "" if np.isnan(rank) else f"{rank:.0f}"


def _layout(moves: sp.csr_matrix) -> Float[np.ndarray, "S 2"]:
    """Places at which neighbours lie near each other; the same at every call."""
    places = nx.spring_layout(nx.Graph(moves), seed=0)
    return np.array([places[state] for state in range(moves.shape[0])])
