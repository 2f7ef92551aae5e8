"""Tabular Markov decision processes, the model that the exact planners take.

A model has ``S`` states and ``A`` actions; a state may offer only some of the actions. A solver
needs three tables: the expected reward of each (state, action) pair, its discounted transition
``Γ∘P``, and which pairs are available.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import equinox as eqx
import numpy as np
import scipy.sparse as sp

from hierax import checks
from hierax.planning import model_checks, model_tables
from hierax.planning.axis_order import LAYOUTS
from hierax.planning.backend import Array
from hierax.planning.decision_model import DecisionModel, shown, single
from hierax.planning.exploration import Step, explore
from hierax.planning.gymnasium_tables import read_environment
from hierax.planning.model_tables import Stated, coordinates, same_pattern
from hierax.planning.names import Names
from hierax.planning.pair_tables import read_pairs
from hierax.planning.undiscounted.pairs import require_discounted
from hierax.planning.vectorised import VectorStep, tabulate


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
        discount: a number in [0, 1], or discounts on entering a state ``(S,)``, or of each
            transition ``(S, A, S)``, all in [0, 1]. Where it is 1, episodes end at a discount below
            1 or in states that keep themselves without reward; not all planners take it.
        initial: distribution of the first state ``(S,)``, or the index of that state; uniform when
            omitted.
        available: which pairs exist, ``(S, A)`` bool; all when omitted. The entries of the other
            tables at unavailable pairs are ignored.
        names: names of states and actions.

    Attributes:
        transition: ``(S, A, S)`` float64, or one SciPy CSR matrix ``(S*A, S)`` whose row
            ``s*A + a`` is the pair (s, a). Rows of unavailable pairs are zero.
        reward: ``(S, A)`` expected reward ``r(s, a) = Σₜ P[s, a, t] R[s, a, t]``, zero at
            unavailable pairs.
        discount: a float, or an array ``(S,)`` or ``(S, A, S)``.
        initial: ``(S,)`` distribution of the first state.
        available: ``(S, A)`` bool.
        names: of states and actions; None where they have none.

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
    names: Names | None = eqx.field(static=True)

    def __init__(
        self,
        transition: Any,
        reward: Any,
        discount: Any,
        initial: Any = None,
        available: Any = None,
        names: Names | None = None,
    ):
        is_stated = isinstance(transition, Stated)
        given, layout = transition if is_stated else (transition, "sas")
        table, states, actions = model_tables.read_transition(given, layout)
        layout = "sas" if layout == model_tables.PAIRS else layout
        self.available = model_tables.read_available(available, states, actions)
        rounding = model_checks.rounding_of(given)
        self.transition = model_tables.stochastic(table, self.available, rounding)
        self.reward = model_tables.expected_reward(reward, self.transition, self.available, layout)
        self.discount = model_tables.read_discount(discount, self.available, layout)
        self.initial = model_checks.distribution("initial", initial, states)
        self.names = names
        if not is_stated:
            model_tables.warn_if_ambiguous(self.transition, reward, discount, self.available)

    @classmethod
    def from_function(
        cls,
        states: Iterable[Hashable],
        actions: Iterable[Hashable] | Callable[[Any], Iterable[Hashable]],
        step: Step,
        discount: Any,
        *,
        initial: Hashable = None,
        limit: int = 1_000_000,
    ) -> "TabularMDP":
        """Return the sparse model of a function of state and action.

        The model has the given states and all that they lead to, in the order of discovery.

        Args:
            states: where the exploration begins, one or all of them; hashable values.
            actions: of all states, or a function from a state to its actions; hashable values.
            step: a function of state and action. It yields ``(probability, next state, reward)`` or
                ``(probability, next state, reward, ends)``. A transition that ends the episode
                leads to an added state, which keeps itself without reward.
            discount: a number in [0, 1].
            initial: the first state of an episode; the first of ``states`` when omitted.
            limit: largest number of states.

        Returns:
            The model; its ``names`` hold states and actions.

        Raises:
            ValueError: if a state is not hashable, probabilities do not sum to 1 (naming state and
                action), a state has no action, or there are more than ``limit`` states.
        """
        checks.count("limit", limit, 1)
        tables = explore(states, actions, step, limit)
        first = 0 if initial is None else tables.names.state_index(initial)
        given = Stated(tables.transition, model_tables.PAIRS)
        return cls(given, tables.reward, discount, first, tables.available, tables.names)

    @classmethod
    def from_vectorised(
        cls,
        states: int,
        actions: int,
        step: VectorStep,
        discount: Any,
        *,
        initial: Any = None,
        available: Any = None,
    ) -> "TabularMDP":
        """Return the sparse model of a function of arrays of states, for millions of them.

        Args:
            states: S; states are 0 ... S - 1.
            actions: A; actions are 0 ... A - 1.
            step: a function of all states ``(S,)`` and of one action. It returns a tuple of
                probabilities ``(S, K)``, next states ``(S, K)``, rewards ``(S, K)`` or ``(S,)``,
                and optionally which of these outcomes end the episode ``(S, K)``. If one does, a
                state S is added, which keeps itself without reward.
            discount: a number in [0, 1].
            initial: as in `TabularMDP`, without the added state.
            available: ``(S, A)`` as in `TabularMDP`, without the added state.

        Raises:
            ValueError: if an array has the wrong shape, a next state is out of range, or a table is
                not allowed in a `TabularMDP`.
        """
        checks.count("states", states, 1)
        checks.count("actions", actions, 1)
        table, reward, has_end = tabulate(states, actions, step)
        first = model_checks.distribution("initial", initial, states)
        offered = model_tables.read_available(available, states, actions)
        if has_end:
            first, offered = np.append(first, 0.0), np.vstack([offered, np.arange(actions) == 0])
        return cls(Stated(table, model_tables.PAIRS), reward, discount, first, offered)

    @classmethod
    def from_gymnasium(cls, env: Any, discount: Any = 0.99) -> "TabularMDP":
        """Return the sparse model of a Gymnasium environment with a table of transitions.

        FrozenLake, Taxi and CliffWalking have one, ``env.unwrapped.P``. Transitions that are done
        lead to an added state, which keeps itself without reward. A limit of steps is no part of
        the model. ``initial`` is ``initial_state_distrib`` where the environment has it, otherwise
        the state after ``env.reset(seed=0)``.

        Args:
            env: an environment, or its name.
            discount: a number in [0, 1].

        Raises:
            ValueError: if the environment has no table, or the table is no model.
        """
        tables, first = read_environment(env)
        given = Stated(tables.transition, model_tables.PAIRS)
        return cls(given, tables.reward, discount, first, tables.available, tables.names)

    @classmethod
    def from_arrays(
        cls,
        transition: Any,
        reward: Any,
        discount: Any,
        layout: str,
        initial: Any = None,
        available: Any = None,
        pairs: Any = None,
    ) -> "TabularMDP":
        """Return the model of arrays whose layout is stated.

        Args:
            transition: probabilities, ``(S, A, S)`` for the layout ``"sas"``; ``(A, S, S)``, or a
                sequence of ``A`` matrices ``(S, S)``, dense or sparse, for ``"ass"``; ``(L, S)``,
                dense or sparse, one row for each pair, for ``"pairs"``.
            reward: ``(S, A)``, or reward of each transition in the layout; ``(L,)`` for
                ``"pairs"``.
            discount: a number, ``(S,)`` on entering a state, or of each transition in the layouts
                ``"sas"`` and ``"ass"``.
            layout: ``"sas"`` or ``"ass"``, the order of state, action and next state, or
                ``"pairs"``.
            initial: as in `TabularMDP`.
            available: as in `TabularMDP`, ``(S, A)``; not for ``"pairs"``, whose rows say it.
            pairs: for ``"pairs"``, states ``(L,)`` and actions ``(L,)`` of the rows; without them
                row ``s*A + a`` is the pair (s, a).

        Raises:
            ValueError: if ``layout`` is unknown, or a table is not allowed in a `TabularMDP`.
        """
        checks.one_of("layout", layout, (*LAYOUTS, model_tables.PAIRS))
        if layout == model_tables.PAIRS:
            if available is not None:
                raise ValueError("available must be left out for layout 'pairs': rows say it")
            tables = read_pairs(transition, reward, pairs)
            given = Stated(tables.transition, layout)
            return cls(given, tables.reward, discount, initial, tables.available)
        if pairs is not None:
            raise ValueError(f"pairs are for layout 'pairs', got {layout!r}")
        if layout == "sas" and model_tables.is_sequence_of_matrices(transition):
            raise ValueError("layout of sparse matrices must be 'ass', got 'sas'")
        return cls(Stated(transition, layout), reward, discount, initial, available)

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
            scale = scale.reshape(-1, self.states)[coordinates(self.transition)]
        return same_pattern(self.transition, self.transition.data * scale)

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
        return self._with("discount", model_tables.read_discount(discount, self.available))

    def with_reward(self, reward: Any) -> "TabularMDP":
        """Return the model with another reward (``(S, A)`` or ``(S, A, S)``)."""
        return self._with(
            "reward", model_tables.expected_reward(reward, self.transition, self.available)
        )

    def with_initial(self, initial: Any) -> "TabularMDP":
        """Return the model with another first state (an index or a distribution ``(S,)``)."""
        return self._with("initial", model_checks.distribution("initial", initial, self.states))

    def _with(self, field: str, value: Any) -> "TabularMDP":
        return eqx.tree_at(lambda mdp: getattr(mdp, field), self, value)


def as_model(model: Any, *, discounted: bool = True) -> TabularMDP:
    """Return ``model`` with its concrete arrays on the host, as planners need it.

    Args:
        model: the model.
        discounted: whether the planner needs a discount below 1.

    Raises:
        ValueError: if it is not a `TabularMDP`, is a stack of models outside ``jax.vmap``, or has
            discount 1 where the planner needs less.
    """
    if not isinstance(model, TabularMDP):
        raise ValueError(f"mdp must be a TabularMDP, got {shown(model)}")
    found = single("mdp", model)
    if discounted:
        require_discounted(found, "this planner")
    return found


def dense(table: Any, available: Array) -> Array:
    """Return ``(S, A, S)`` from a table of transitions, dense or CSR ``(S*A, S)``."""
    return table.toarray().reshape(*available.shape, -1) if sp.issparse(table) else table
