"""Decision models of the planning benchmark, as plain NumPy and SciPy arrays.

Every family is a function ``(size, discount) -> Model``. They share one neutral format, from which each
solver under test gets the format it likes best; nothing here imports a solver.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hierax import worlds
from scipy import sparse

SLIP = 0.1
SEED = 20190607
ACTIONS_OF_GARNET = 5
BRANCHING_OF_GARNET = 5


@dataclass(frozen=True)
class Model:
    """A discounted decision model with S states and A actions, all of them available everywhere.

    Attributes:
        family: name of the family.
        transition: CSR matrix `(S * A, S)`, row `s * A + a` holds p(. | s, a).
        reward: expected reward `(S, A)`.
        discount: number in (0, 1).
    """

    family: str
    transition: sparse.csr_matrix
    reward: np.ndarray
    discount: float

    @property
    def states(self) -> int:
        return self.reward.shape[0]

    @property
    def actions(self) -> int:
        return self.reward.shape[1]

    def bellman(self, value: np.ndarray) -> np.ndarray:
        """(T V)(s) = max_a r(s, a) + discount * sum_s' p(s' | s, a) V(s'), shape `(S,)`."""
        backup = self.discount * (self.transition @ value)
        return (self.reward + backup.reshape(self.reward.shape)).max(axis=1)

    def error_bound(self, value: np.ndarray) -> float:
        """Certificate: max |T V - V| / (1 - discount) bounds max |V - V*|; infinite for a value with NaN."""
        bound = np.abs(self.bellman(value) - value).max() / (1 - self.discount)
        return float(bound) if np.isfinite(bound) else float("inf")


def four_rooms(size: int, discount: float) -> Model:
    """Four rooms with slip, the map whose number of states is nearest to `size`.

    Four moves and a stay action; a move into a wall stays; with probability `SLIP` a move goes in one of
    the other three directions. Reward 1 for choosing to stay at the goal, the corner opposite to the start.
    A map of side n has (n - 3)^2 + 4 states; n = 13 is the layout of Sutton, Precup and Singh (1999).
    """
    side = round(np.sqrt(max(size, 29) - 4)) + 3
    mdp = worlds.four_rooms(size=side, slip=SLIP, bump=True, discount=discount, sparse=True).mdp
    return Model("four rooms", mdp.transition, mdp.reward, discount)


def garnet(size: int, discount: float) -> Model:
    """Random Garnet model: each pair reaches 5 distinct random states; rewards uniform on [0, 1).

    Probabilities are the gaps between 4 uniform cut points (Archibald, McKinnon and Thomas, 1995).
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
    """Service rates of two queues in tandem, seen at the jumps of the chain: no self loops at all.

    State (n, m), 0 <= n, m < side: customers at the first and second station. Events and rates:
    arrival 1 (if there is room); end of a first service, rate u in {0.8, 1.6} (if the second station has
    room): the customer moves on with probability 0.8 and leaves with probability 0.2, which also makes the
    chain aperiodic; end of a second service, rate v in {0.6, 1.4}. The four actions are the pairs
    (u, v). Each jump costs (n + 2 m) / side for holding and 0.25 u^2 + 0.25 v^2 for serving.
    """
    side = round(np.sqrt(size))
    first, second = (grid.ravel() for grid in np.indices((side, side)))
    rates = [(u, v) for u in (0.8, 1.6) for v in (0.6, 1.4)]
    actions = len(rates)
    rows, columns, weights = [], [], []
    for action, (u, v) in enumerate(rates):
        can_serve = (first > 0) & (second < side - 1)
        events = (
            ((first < side - 1) * 1.0, side),
            (can_serve * 0.8 * u, 1 - side),
            (can_serve * 0.2 * u, -side),
            ((second > 0) * v, -1),
        )
        total = sum(rate for rate, _ in events)
        for rate, jump in events:
            happens = np.flatnonzero(rate)
            rows.append(happens * actions + action)
            columns.append(happens + jump)
            weights.append(rate[happens] / total[happens])
    transition = _csr(*(np.concatenate(part) for part in (rows, columns, weights)), (side**2 * actions, side**2))
    holding = (first + 2 * second) / side
    reward = np.stack([-holding - 0.25 * (u**2 + v**2) for u, v in rates], axis=1)
    return Model("tandem queue", transition, reward, discount)


def taxi(size: int, discount: float) -> Model:
    """Deterministic taxi on an open square grid with depots in the corners (after Dietterich, 2000).

    State: cell x passenger (four depots or on board) x destination; one absorbing state at the end. Moves
    cost 1, a wrong pick-up or delivery costs 10 and changes nothing, a delivery pays 20 and ends.
    """
    side = max(2, round(np.sqrt((size - 1) / 20)))
    shape = (side, side, 5, 4)
    row, column, passenger, destination = (grid.ravel() for grid in np.indices(shape))
    last = side - 1
    at_depot = np.where(row == 0, 0, 2) + np.where(column == 0, 0, 1)
    at_depot = np.where(np.isin(row, (0, last)) & np.isin(column, (0, last)), at_depot, -1)
    end = len(row)

    def encode(*parts: np.ndarray) -> np.ndarray:
        return np.ravel_multi_index(np.broadcast_arrays(*parts), shape)

    rest = (passenger, destination)
    picks = (passenger < 4) & (at_depot == passenger)
    delivers = (passenger == 4) & (at_depot == destination)
    landing = np.stack(
        [
            encode(np.maximum(row - 1, 0), column, *rest),
            encode(np.minimum(row + 1, last), column, *rest),
            encode(row, np.maximum(column - 1, 0), *rest),
            encode(row, np.minimum(column + 1, last), *rest),
            encode(row, column, np.where(picks, 4, passenger), destination),
            np.where(delivers, end, np.arange(end)),
        ],
        axis=1,
    )
    reward = np.full((end, 6), -1.0)
    reward[:, 4] = np.where(picks, -1.0, -10.0)
    reward[:, 5] = np.where(delivers, 20.0, -10.0)
    columns = np.concatenate([landing.ravel(), np.full(6, end)])
    transition = _csr(np.arange(len(columns)), columns, np.ones(len(columns)), (6 * (end + 1), end + 1))
    return Model("taxi", transition, np.vstack([reward, np.zeros((1, 6))]), discount)


def _csr(
    rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, shape: tuple[int, int]
) -> sparse.csr_matrix:
    """CSR matrix with 32-bit indices (half the memory traffic for every solver), duplicates summed."""
    matrix = sparse.coo_matrix((weights, (rows.astype(np.int32), columns.astype(np.int32))), shape=shape)
    matrix = matrix.tocsr()
    matrix.sum_duplicates()
    return matrix


FAMILIES: dict[str, Callable[[int, float], Model]] = {
    "four rooms": four_rooms,
    "garnet": garnet,
    "tandem queue": tandem_queue,
    "taxi": taxi,
}
