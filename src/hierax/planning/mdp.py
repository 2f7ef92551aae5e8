"""Tabular Markov decision processes, the model that the exact planners take.

A model has ``S`` states and ``A`` actions; a state may offer only some of the actions. A solver
needs three tables: the expected reward of each (state, action) pair, its discounted transition
``Γ∘P``, and which pairs are available.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np
import scipy.sparse as sp

from hierax import checks
from hierax.planning import model_checks
from hierax.planning.backend import Array, is_traced, namespace, require_dense
from hierax.planning.decision_model import DecisionModel, row_sums, single

PAIR = ("state", "action")
TRANSITION = ("state", "action", "next state")


class TabularMDP(DecisionModel):
    """A Markov decision process in dense or sparse tables.

    The return of a path is ``Σₜ (∏_{u<t} γ(sᵤ, aᵤ, sᵤ₊₁)) r(sₜ, aₜ)`` (Puterman 1994, section 6.1;
    transition-based discounts as in White 2017). A goal or terminal state is entered with
    discount 0; it needs no absorbing row.

    Args:
        transition: probabilities ``P[s, a, t]``, dense ``(S, A, S)``, or a sequence of ``A`` SciPy
            sparse ``(S, S)`` matrices. Rows of available pairs sum to 1 within 1e-8; in float32
            within 1e-5, in float16 within 1e-2. Rows of these two types are divided by their sums.
        reward: expected reward ``(S, A)``, or reward of each transition ``(S, A, S)``.
        discount: a number in [0, 1), or discounts on entering a state ``(S,)``, or of each
            transition ``(S, A, S)``, all in [0, 1).
        initial: distribution of the first state ``(S,)``, or the index of that state; uniform when
            omitted.
        available: which pairs exist, ``(S, A)`` bool; all when omitted. The entries of the other
            tables at unavailable pairs are ignored.

    Attributes:
        transition: ``(S, A, S)`` float64, or one SciPy CSR matrix ``(S*A, S)`` whose row
            ``s*A + a`` is the pair (s, a). Rows of unavailable pairs are zero.
        reward: ``(S, A)`` expected reward ``r(s, a) = Σₜ P[s, a, t] R[s, a, t]``, zero at
            unavailable pairs.
        discount: a float, or an array ``(S,)`` or ``(S, A, S)``.
        initial: ``(S,)`` distribution of the first state.
        available: ``(S, A)`` bool.

    Raises:
        ValueError: if a table has the wrong shape, a probability is negative or not finite, a row
            does not sum to 1, a reward is not finite, or a state has no action. Under a JAX
            transformation only shapes are checked.
    """

    transition: Any
    reward: Array
    discount: Any
    initial: Array
    available: Array

    def __init__(
        self,
        transition: Any,
        reward: Any,
        discount: Any,
        initial: Any = None,
        available: Any = None,
    ):
        table, states, actions = _read_transition(transition)
        self.available = _read_available(available, states, actions)
        table = _keep_available(table, self.available)
        rounding = model_checks.rounding_of(transition)
        self.transition = _stochastic(table, self.available, rounding)
        self.reward = _expected_reward(reward, self.transition, self.available)
        self.discount = _read_discount(discount, self.available)
        self.initial = model_checks.distribution("initial", initial, states)

    @property
    def actions(self) -> int:
        """Number of actions ``A``."""
        return self.available.shape[1]

    @property
    def is_sparse(self) -> bool:
        """Whether the transition is one SciPy CSR matrix ``(S*A, S)``."""
        return sp.issparse(self.transition)

    @property
    def expected_reward(self) -> Array:
        """``reward (S, A)``: the next decision is one step away."""
        return self.reward

    @property
    def discounted_transition(self) -> Any:
        """``Γ∘P`` in the layout of ``transition``."""
        if not self.is_sparse:
            return self.transition * self.discount
        scale = self.discount
        if np.ndim(scale) == 1:
            scale = scale[self.transition.indices]
        elif np.ndim(scale) == 3:
            scale = scale.reshape(-1, self.states)[_coordinates(self.transition)]
        return _same_pattern(self.transition, self.transition.data * scale)

    def expected_value(self, value: Array) -> Array:
        """Return ``Σₜ γ(s, a, t) P(t|s, a) v(t)``, ``(S, A)``, for values ``v (S,)``; unchecked."""
        if np.ndim(self.discount) == 3:
            return (self.discounted_transition @ value).reshape(self.available.shape)
        if np.ndim(self.discount) == 1:
            return (self.transition @ (self.discount * value)).reshape(self.available.shape)
        return self.discount * (self.transition @ value).reshape(self.available.shape)

    def adjacency(self) -> sp.csr_matrix:
        """Return the graph ``(S, S)``: 1 where an action may lead from the row to another state."""
        if self.is_sparse:
            pairs, ends = self.transition.nonzero()
            begins = pairs // self.actions
        else:
            begins, _, ends = np.nonzero(self.transition)
        other = begins != ends
        parts = (np.ones(np.count_nonzero(other)), (begins[other], ends[other]))
        graph = sp.csr_matrix(parts, shape=(self.states, self.states))
        graph.data[:] = 1.0  # where several actions lead the same way they were added up
        return graph

    def with_discount(self, discount: Any) -> "TabularMDP":
        """Return the model with another discount (a number, ``(S,)`` or ``(S, A, S)``)."""
        return self._with("discount", _read_discount(discount, self.available))

    def with_reward(self, reward: Any) -> "TabularMDP":
        """Return the model with another reward (``(S, A)`` or ``(S, A, S)``)."""
        return self._with("reward", _expected_reward(reward, self.transition, self.available))

    def with_initial(self, initial: Any) -> "TabularMDP":
        """Return the model with another first state (an index or a distribution ``(S,)``)."""
        return self._with("initial", model_checks.distribution("initial", initial, self.states))

    def _with(self, field: str, value: Any) -> "TabularMDP":
        return eqx.tree_at(lambda mdp: getattr(mdp, field), self, value)


def as_model(model: Any) -> TabularMDP:
    """Return ``model`` with its concrete arrays on the host, as planners need it.

    Raises:
        ValueError: if it is not a `TabularMDP`, or is a stack of models outside ``jax.vmap``.
    """
    if not isinstance(model, TabularMDP):
        raise ValueError(
            f"mdp must be a TabularMDP, got {type(model).__name__} {str(model)[:40]!r}"
        )
    return single("mdp", model)


def dense(table: Any, available: Array) -> Array:
    """Return ``(S, A, S)`` from a table of transitions, dense or CSR ``(S*A, S)``."""
    return table.toarray().reshape(*available.shape, -1) if sp.issparse(table) else table


def _read_transition(transition: Any) -> tuple[Any, int, int]:
    if sp.issparse(transition):
        raise ValueError(
            "transition must be a dense (S, A, S) array or a sequence of A sparse (S, S) matrices, "
            f"got one sparse matrix of shape {transition.shape}"
        )
    if isinstance(transition, Sequence) and any(sp.issparse(p) for p in transition):
        table = _stack(transition)
        return table, table.shape[1], len(transition)
    table = model_checks.numeric("transition", transition)
    if table.ndim != 3 or table.shape[0] != table.shape[2] or 0 in table.shape:
        raise ValueError(
            "transition must have shape (S, A, S) with at least one state and one action, or be a "
            f"sequence of A sparse (S, S) matrices, got shape {table.shape}"
        )
    return table, table.shape[0], table.shape[1]


def _stack(matrices: Sequence[Any]) -> sp.csr_matrix:
    """Return one CSR matrix ``(S*A, S)``, row ``s*A + a``, from ``A`` sparse matrices."""
    states, actions = next(m.shape[0] for m in matrices if sp.issparse(m)), len(matrices)
    for action, matrix in enumerate(matrices):
        if not sp.issparse(matrix) or matrix.shape != (states, states) or states == 0:
            shape = f" of shape {matrix.shape}" if hasattr(matrix, "shape") else ""
            raise ValueError(
                f"transition of action {action} must be a sparse matrix of shape "
                f"({states}, {states}) like the others, with at least one state, got "
                f"{type(matrix).__name__}{shape}"
            )
        if matrix.dtype.kind not in "biuf":
            raise ValueError(
                f"transition of action {action} must hold real numbers, got type {matrix.dtype}"
            )
    by_action = sp.vstack([sp.csr_matrix(m, dtype=np.float64) for m in matrices], format="csr")
    by_state = by_action[np.arange(states * actions).reshape(actions, states).T.ravel()]
    by_state.sum_duplicates()
    return by_state


def _read_available(available: Any, states: int, actions: int) -> Array:
    if available is None:
        return np.ones((states, actions), dtype=bool)
    given = model_checks.numeric("available", available)
    checks.require_shape("available", given, (states, actions))
    if is_traced(given):
        return given != 0
    wrong = ~np.isin(given, (0, 1))
    if wrong.any():
        index = model_checks.first(wrong)
        raise ValueError(
            f"available must be true or false, got {given[index]} at "
            f"{model_checks.place(PAIR, index)}"
        )
    table = given == 1
    if not table.any(axis=1).all():
        (state,) = model_checks.first(~table.any(axis=1))
        raise ValueError(
            f"available must offer an action in every state, got none at state {state}"
        )
    return table


def _keep_available(table: Any, available: Array) -> Any:
    """Return the transition with zero rows at unavailable pairs."""
    require_dense(table, available)
    if not sp.issparse(table):
        return namespace(table, available).where(available[:, :, None], table, 0.0)
    if not available.all():
        table.data[~np.repeat(available.ravel(), np.diff(table.indptr))] = 0.0
    table.eliminate_zeros()
    return table


def _stochastic(table: Any, available: Array, rounding: model_checks.Rounding) -> Any:
    """Return the transition, of a type with this ``rounding``, as probabilities in float64."""
    if is_traced(table, available):
        return table
    table = _without_rounding(table, rounding.entry)
    sums = row_sums(table).reshape(available.shape)
    wrong = (np.abs(sums - 1.0) > rounding.total) & available
    if wrong.any():
        index = model_checks.first(wrong)
        where = model_checks.place(PAIR, index)
        raise ValueError(model_checks.wrong_sum("transition", sums[index], rounding, where))
    if rounding is model_checks.DOUBLE:
        return table
    return _divide_rows(table, np.where(available, sums, 1.0))


def _without_rounding(table: Any, rounding: float) -> Any:
    """Return ``table`` without negative entries; raise for one that is no rounding error."""
    entries = table.data if sp.issparse(table) else table
    for wrong, rule in (
        (~np.isfinite(entries), "must be finite"),
        (entries < -rounding, "must not be negative"),
    ):
        if wrong.any():
            index = _entry(table, wrong)
            value = entries[wrong].flat[0]
            raise ValueError(
                f"transition {rule}, got {value} at {model_checks.place(TRANSITION, index)}"
            )
    return table if (entries >= 0).all() else _with_entries(table, np.maximum(entries, 0.0))


def _divide_rows(table: Any, sums: np.ndarray) -> Any:
    if not sp.issparse(table):
        return table / sums[:, :, None]
    return _with_entries(table, table.data / np.repeat(sums.ravel(), np.diff(table.indptr)))


def _with_entries(table: Any, entries: np.ndarray) -> Any:
    return _same_pattern(table, entries) if sp.issparse(table) else entries


def _entry(table: Any, wrong: np.ndarray) -> tuple[int, ...]:
    """Return state, action and next state of the first wrong entry of a dense or sparse table."""
    if not sp.issparse(table):
        return model_checks.first(wrong)
    position = int(np.argmax(wrong))
    row = int(np.searchsorted(table.indptr, position, side="right")) - 1
    return (*divmod(row, table.shape[0] // table.shape[1]), int(table.indices[position]))


def _expected_reward(reward: Any, table: Any, available: Array) -> Array:
    rewards = model_checks.numeric("reward", reward)
    states, actions = available.shape
    checks.require_shape("reward", rewards, (states, actions), (states, actions, states))
    xp = namespace(rewards, table, available)
    if rewards.ndim == 2:
        expected = xp.where(available, rewards, 0.0)
        model_checks.require_finite("reward", expected, PAIR)
        return expected
    require_dense(table, rewards)
    rewards = xp.where(available[:, :, None], rewards, 0.0)
    model_checks.require_finite("reward", rewards, TRANSITION)
    if not sp.issparse(table):
        return xp.sum(table * rewards, axis=-1)
    weighted = table.data * rewards.reshape(-1, states)[_coordinates(table)]
    return row_sums(_same_pattern(table, weighted)).reshape(states, actions)


def _read_discount(discount: Any, available: Array) -> Any:
    table = model_checks.numeric("discount", discount)
    states, actions = available.shape
    checks.require_shape("discount", table, (), (states,), (states, actions, states))
    if table.ndim == 3:
        table = namespace(table, available).where(available[:, :, None], table, 0.0)
    if is_traced(table, available):
        return table
    wrong = ~((table >= 0) & (table < 1))
    if wrong.any():
        index = model_checks.first(wrong)
        axes = {0: (), 1: ("state",), 3: TRANSITION}[table.ndim]
        where = f" at {model_checks.place(axes, index)}" if axes else ""
        raise ValueError(f"discount must be in [0, 1), got {table[index]}{where}")
    return float(table) if table.ndim == 0 else table.copy()


def _coordinates(table: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of every stored entry."""
    return np.repeat(np.arange(table.shape[0]), np.diff(table.indptr)), table.indices


def _same_pattern(table: sp.csr_matrix, data: np.ndarray) -> sp.csr_matrix:
    return sp.csr_matrix((data, table.indices, table.indptr), shape=table.shape, copy=False)
