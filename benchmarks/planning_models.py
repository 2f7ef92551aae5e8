"""Decision models of the planning benchmark, as plain NumPy and SciPy arrays.

Every family is a function ``(size, discount) -> Model``. The format is neutral; each solver gets
the model in its own best format.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from hierax import worlds

SLIP = 0.1
SEED = 20190607
ACTIONS_OF_GARNET = 5
BRANCHING_OF_GARNET = 5


@dataclass(frozen=True)
class Model:
    """A discounted decision model with S states and A actions, all available in every state.

    Attributes:
        family: name of the family.
        transition: CSR matrix ``(S*A, S)``; row ``s*A + a`` is ``p(·|s, a)``.
        reward: expected reward ``(S, A)``.
        discount: number in (0, 1).
    """

    family: str
    transition: sp.csr_matrix
    reward: np.ndarray
    discount: float

    @property
    def states(self) -> int:
        return self.reward.shape[0]

    @property
    def actions(self) -> int:
        return self.reward.shape[1]

    def dense_transition(self) -> np.ndarray:
        """Return the dense transition ``(S, A, S)``."""
        return self.transition.toarray().reshape(self.states, self.actions, self.states)

    def transition_of(self, action: int) -> sp.csr_matrix:
        """Return the transition of one action ``(S, S)``."""
        return self.transition[action :: self.actions]

    def error_bound(self, value: np.ndarray) -> float:
        """Return ``‖T v - v‖∞ / (1 - γ) >= ‖v - v*‖∞``; infinite if it is not finite."""
        backup = (self.transition @ value).reshape(self.reward.shape)
        residual = (self.reward + self.discount * backup).max(axis=1) - value
        bound = np.abs(residual).max() / (1.0 - self.discount)
        return float(bound) if np.isfinite(bound) else float("inf")


def four_rooms(size: int, discount: float) -> Model:
    """Four rooms with slip, on the map whose number of states is nearest to `size`.

    There are four moves and a stay action. A move into a wall has no effect. With probability
    `SLIP` a move goes in one of the other three directions. The reward is 1 for staying at the
    goal, the corner opposite to the start. A map of side n has (n - 3)² + 4 states; n = 13 is the
    layout of Sutton, Precup and Singh (1999).
    """
    side = round(np.sqrt(max(size, 29) - 4)) + 3
    mdp = worlds.four_rooms(size=side, slip=SLIP, bump=True, discount=discount, sparse=True).mdp
    return Model("four rooms", mdp.transition, mdp.reward, discount)


def garnet(size: int, discount: float) -> Model:
    """Random Garnet model (Archibald, McKinnon and Thomas 1995).

    Each pair has 5 distinct successors, drawn uniformly. Probabilities are the gaps between 4
    uniform cut points. Rewards are uniform in [0, 1).
    """
    generator = np.random.default_rng([SEED, size])
    pairs, branching = size * ACTIONS_OF_GARNET, BRANCHING_OF_GARNET
    columns = generator.integers(size, size=(pairs, branching))
    while (repeated := _has_repetition(columns)).any():
        columns[repeated] = generator.integers(size, size=(int(repeated.sum()), branching))
    cuts = np.sort(generator.random((pairs, branching - 1)), axis=1)
    weights = np.diff(cuts, axis=1, prepend=0.0, append=1.0)
    rows = np.repeat(np.arange(pairs), branching)
    transition = _csr(rows, columns.ravel(), weights.ravel(), (pairs, size))
    return Model("garnet", transition, generator.random((size, ACTIONS_OF_GARNET)), discount)


def _has_repetition(columns: np.ndarray) -> np.ndarray:
    ordered = np.sort(columns, axis=1)
    return (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)


def tandem_queue(size: int, discount: float) -> Model:
    """Service rates of two queues in tandem, at the jumps of the chain, without self loops.

    State (n, m) with 0 <= n, m < side: customers at the first and second station. Events and their
    rates: an arrival, 1, if there is room; the end of a first service, u in {0.8, 1.6}, if the
    second station has room; the end of a second service, v in {0.6, 1.4}. After a first service the
    customer moves to the second station with probability 0.8 and leaves with probability 0.2, so
    the chain is aperiodic. The four actions are the pairs (u, v). The cost of a jump is
    (n + 2 m) / side for holding and (u² + v²) / 4 for service.
    """
    side = round(np.sqrt(size))
    first, second = (grid.ravel() for grid in np.indices((side, side)))
    rates = [(u, v) for u in (0.8, 1.6) for v in (0.6, 1.4)]
    rows, columns, weights = [], [], []
    for action, (u, v) in enumerate(rates):
        serves = (first > 0) & (second < side - 1)
        events = (
            ((first < side - 1) * 1.0, side),
            (serves * 0.8 * u, 1 - side),
            (serves * 0.2 * u, -side),
            ((second > 0) * v, -1),
        )
        total = sum(rate for rate, _ in events)
        for rate, jump in events:
            happens = np.flatnonzero(rate)
            rows.append(happens * len(rates) + action)
            columns.append(happens + jump)
            weights.append(rate[happens] / total[happens])
    entries = (np.concatenate(part) for part in (rows, columns, weights))
    transition = _csr(*entries, (side**2 * len(rates), side**2))
    holding = (first + 2 * second) / side
    reward = np.stack([-holding - 0.25 * (u**2 + v**2) for u, v in rates], axis=1)
    return Model("tandem queue", transition, reward, discount)


def taxi(size: int, discount: float) -> Model:
    """Deterministic taxi on an open square grid with depots in its corners (after Dietterich 2000).

    State: cell x passenger (at one of four depots, or on board) x destination, and one absorbing
    end state. The reward is -1 for a move, -10 for a wrong pick-up or delivery without effect, and
    20 for a delivery, which ends the episode.
    """
    side = max(2, round(np.sqrt((size - 1) / 20)))
    shape = (side, side, 5, 4)
    row, column, passenger, destination = (grid.ravel() for grid in np.indices(shape))
    last, end = side - 1, row.size
    in_corner = np.isin(row, (0, last)) & np.isin(column, (0, last))
    depot = np.where(in_corner, 2 * (row > 0) + (column > 0), -1)
    picks = depot == passenger
    delivers = (passenger == 4) & (depot == destination)

    def state(row: np.ndarray, column: np.ndarray, passenger: np.ndarray) -> np.ndarray:
        return np.ravel_multi_index((row, column, passenger, destination), shape)

    landing = (
        state(np.maximum(row - 1, 0), column, passenger),
        state(np.minimum(row + 1, last), column, passenger),
        state(row, np.maximum(column - 1, 0), passenger),
        state(row, np.minimum(column + 1, last), passenger),
        state(row, column, np.where(picks, 4, passenger)),
        np.where(delivers, end, np.arange(end)),
    )
    reward = np.full((end + 1, 6), -1.0)
    reward[:end, 4] = np.where(picks, -1.0, -10.0)
    reward[:end, 5] = np.where(delivers, 20.0, -10.0)
    reward[end] = 0.0
    columns = np.append(np.stack(landing, axis=1).ravel(), np.full(6, end))
    rows = np.arange(columns.size)
    transition = _csr(rows, columns, np.ones(columns.size), (columns.size, end + 1))
    return Model("taxi", transition, reward, discount)


def _csr(
    rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, shape: tuple[int, int]
) -> sp.csr_matrix:
    """Return a CSR matrix with 32-bit indices, which halves the memory traffic of solvers."""
    places = (rows.astype(np.int32), columns.astype(np.int32))
    matrix = sp.coo_matrix((weights, places), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix


FAMILIES: dict[str, Callable[[int, float], Model]] = {
    "four rooms": four_rooms,
    "garnet": garnet,
    "tandem queue": tandem_queue,
    "taxi": taxi,
}
