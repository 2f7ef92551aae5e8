"""TabularMDP: valid arguments, stored tables, errors, and JAX transformations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from hierax.planning import HardMax, TabularMDP, solve_bellman
from hierax.planning.mdp import as_model
from planning.models import EPSILON, random_tables, tables
from refusals import assert_names, refusal

TABLES = random_tables(3, ragged=False)
P, R = TABLES.transition, TABLES.reward
S, A = R.shape
RAGGED = np.ones((S, A), bool)
RAGGED[1, 2] = RAGGED[4, 0] = False
LAYOUTS = ("dense", "sparse")
EVERY_LAYOUT = pytest.mark.parametrize("layout", LAYOUTS)


def build(layout, transition=P, reward=R, discount=0.9, initial=None, available=None):
    if layout == "sparse":
        transition = [sp.csr_matrix(transition[:, a]) for a in range(transition.shape[1])]
    return TabularMDP(transition, reward, discount, initial, available)


def dense_of(mdp, table):
    table = table.toarray() if sp.issparse(table) else table
    return table.reshape(mdp.states, mdp.actions, mdp.states)


@given(tables())
def test_tables_are_kept_whatever_stands_in_unavailable_pairs(given):
    for mdp in (given.dense(), given.sparse()):
        transition = np.where(given.available[:, :, None], given.transition, 0.0)
        np.testing.assert_array_equal(dense_of(mdp, mdp.transition), transition)
        # Sums of up to five products in another order: 1e-14.
        np.testing.assert_allclose(mdp.reward, given.expected_reward(), atol=1e-14)
        kept = dense_of(mdp, mdp.discounted_transition)
        np.testing.assert_allclose(kept, given.discounted_transition(), rtol=2 * EPSILON)
        assert mdp.contraction == pytest.approx(kept.sum(axis=-1).max(), abs=4 * EPSILON)
        np.testing.assert_array_equal(mdp.initial, given.initial)
        np.testing.assert_array_equal(mdp.available, given.available)
        assert (mdp.states, mdp.actions) == given.available.shape


@given(tables())
def test_expected_value_is_the_product_with_the_discounted_transition(given):
    value = np.random.default_rng(0).normal(size=given.available.shape[0])
    expected = given.discounted_transition() @ value
    for mdp in (given.dense(), given.sparse()):
        np.testing.assert_allclose(mdp.expected_value(value), expected, atol=1e-14)


@EVERY_LAYOUT
@pytest.mark.parametrize("discount", [0, 0.9, np.float32(0.5), np.linspace(0, 0.9, S), P * 0.9])
def test_every_kind_of_discount(layout, discount):
    mdp = build(layout, discount=discount)
    expected = P * np.asarray(discount, np.float64)
    np.testing.assert_allclose(dense_of(mdp, mdp.discounted_transition), expected, rtol=1e-15)
    assert mdp.is_sparse == (layout == "sparse")


@EVERY_LAYOUT
@pytest.mark.parametrize("kind", [np.float32, jnp.float32, jnp.asarray])
def test_any_kind_of_array_is_kept_in_float64(layout, kind):
    even = np.full((4, 2, 4), 0.25)  # exact in float32
    mdp = build(
        layout, kind(even), kind(np.ones((4, 2))), kind(np.full(4, 0.5)), kind(even[0, 0]),
        kind(np.ones((4, 2))),
    )  # fmt: skip
    for table in (mdp.transition, mdp.reward, mdp.discount, mdp.initial):
        assert table.dtype == np.float64
    assert mdp.available.dtype == bool


def test_lists_are_arrays():
    mdp = TabularMDP([[[0.0, 1.0]], [[1.0, 0.0]]], [[1], [2]], 0.5, [1, 0], [[1], [True]])
    np.testing.assert_array_equal(mdp.transition, [[[0, 1]], [[1, 0]]])


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_array, sp.coo_array, sp.dok_array])
def test_every_sparse_kind_is_read_row_by_pair(kind):
    mdp = TabularMDP(tuple(kind(P[:, a]) for a in range(A)), R, 0.9)
    np.testing.assert_array_equal(mdp.transition.toarray(), P.reshape(S * A, S))


def test_repeated_and_explicit_zero_entries_of_a_sparse_matrix_are_summed():
    matrix = sp.coo_array(([0.5, 0.5, 0.0, 1.0], ([0, 0, 1, 1], [1, 1, 0, 1])), shape=(2, 2))
    mdp = TabularMDP([matrix], np.ones((2, 1)), 0.9)
    assert mdp.transition.nnz == 2
    np.testing.assert_array_equal(mdp.transition.toarray(), [[0, 1], [0, 1]])


@EVERY_LAYOUT
def test_a_model_neither_changes_what_it_was_given_nor_follows_its_changes(layout):
    given = [P.copy(), R.copy(), np.full(S, 0.9), np.full(S, 1 / S), RAGGED.copy()]
    given[0][1, 2] = np.nan
    before = [table.copy() for table in given]
    mdp = build(layout, *given)
    for table, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(table, copy)
    solved = solve_bellman(mdp).value
    for table in given:
        table[...] = 0
    np.testing.assert_array_equal(solve_bellman(mdp).value, solved)


def test_sparse_matrices_of_the_caller_stay_as_they_were():
    matrix = sp.csr_matrix(np.array([[0.5, 0.5], [np.nan, np.nan]]))
    TabularMDP([matrix, sp.identity(2)], np.ones((2, 2)), 0.9, None, [[1, 1], [0, 1]])
    assert np.isnan(matrix.data).sum() == 2


@EVERY_LAYOUT
def test_another_discount_reward_or_start_is_as_if_built_with_it(layout):
    mdp = build(layout, available=RAGGED)
    reward = np.random.default_rng(0).normal(size=(S, A, S))
    discount = np.linspace(0.1, 0.9, S)
    changed = mdp.with_reward(reward).with_discount(discount).with_initial(2)
    built = build(layout, P, reward, discount, 2, RAGGED)
    for field in ("reward", "discount", "initial"):
        np.testing.assert_array_equal(getattr(changed, field), getattr(built, field))
    assert mdp.discount == 0.9
    np.testing.assert_array_equal(mdp.initial, np.full(S, 1 / S))


@EVERY_LAYOUT
def test_changes_are_checked_like_constructions(layout):
    mdp = build(layout)
    assert_names(refusal(mdp.with_discount, 2), "discount must be in [0, 1] ... got 2.0")
    assert_names(refusal(mdp.with_reward, R[:2]), "(2, 3)")
    assert_names(refusal(mdp.with_initial, 5), "initial must be a state index ... got 5")


@EVERY_LAYOUT
def test_rows_may_miss_one_by_1e_8(layout):
    build(layout, P * (1 + 0.9e-8))
    build(layout, P * (1 - 0.9e-8))
    for factor in (1 + 1.1e-8, 1 - 1.1e-8):
        assert_names(
            refusal(build, layout, P * factor), "sum to 1 within 1e-8 ... at state 0, action 0"
        )


@pytest.mark.parametrize(
    ("layout", "kind", "most"),
    [("dense", np.float32, 1e-5), ("sparse", np.float32, 1e-5), ("dense", np.float16, 1e-2)],
)
def test_rows_may_miss_one_by_the_rounding_of_their_type_and_are_divided_by_their_sums(
    layout, kind, most
):
    given = random_tables(0, states=40, ragged=False)
    for factor in (1 + 0.3 * most, 1 - 0.3 * most):
        rounded = (given.transition * factor).astype(kind)
        mdp = build(layout, rounded, given.reward, initial=rounded[0, 0])
        table = dense_of(mdp, mdp.transition)
        assert abs(rounded.sum(-1, dtype=float) - 1).max() > 1e-8
        np.testing.assert_allclose(table.sum(axis=-1), 1.0, rtol=0, atol=4 * EPSILON)
        np.testing.assert_allclose(table, given.transition, rtol=2 * most, atol=most / 100)
        np.testing.assert_array_equal(mdp.initial, table[0, 0])
    wrong = (given.transition * (1 + 3 * most)).astype(kind)
    assert_names(refusal(build, layout, wrong, given.reward), "transition must sum to 1 within")
    initial = wrong[0, 0]
    words = "initial must sum to 1 within"
    assert_names(
        refusal(lambda: build(layout, given.transition, given.reward, 0.9, initial)), words
    )


@EVERY_LAYOUT
def test_rows_in_float64_stay_as_they_are_and_a_small_error_is_told_with_its_cure(layout):
    table = P * (1 + 0.9e-8)
    mdp = build(layout, table, initial=table[0, 0])
    np.testing.assert_array_equal(dense_of(mdp, mdp.transition), table)
    np.testing.assert_array_equal(mdp.initial, table[0, 0])
    sentence = refusal(build, layout, P.astype(np.float32).astype(float))
    assert_names(sentence, "sum to 1 within 1e-8", "divide each row by its sum")


@EVERY_LAYOUT
def test_a_negative_entry_of_rounding_size_is_0(layout):
    rounded = spoiled(P, (2, 1, 3), -1e-17)
    rounded[2, 1] /= rounded[2, 1].sum()
    initial = np.array([-1e-17, 1.0, 0, 0, 0])
    mdp = build(layout, rounded, initial=initial)
    expected = spoiled(rounded, (2, 1, 3), 0.0)
    np.testing.assert_array_equal(dense_of(mdp, mdp.transition), expected)
    np.testing.assert_array_equal(mdp.initial, [0, 1, 0, 0, 0])
    assert_names(refusal(build, layout, spoiled(P, (2, 1, 3), -1e-9)), "must not be negative")


def spoiled(table, index, entry):
    table = np.array(table, float)
    table[index] = entry
    return table


REWARDS = np.ones((S, A, S))
BAD = {
    "negative probability": ({"transition": spoiled(P, (2, 1, 3), -0.5)},
                             "must not be negative ... -0.5 at state 2, action 1, next state 3"),
    "nan probability": ({"transition": spoiled(P, (4, 2, 0), np.nan)},
                        "transition must be finite ... nan at state 4, action 2, next state 0"),
    "infinite probability": ({"transition": spoiled(P, (0, 0, 1), np.inf)},
                             "must be finite ... inf at state 0, action 0, next state 1"),
    "row sum": ({"transition": spoiled(P, (3, 1), 0.1)},
                "transition must sum to 1 ... 0.5 ... at state 3, action 1"),
    "empty row": ({"transition": spoiled(P, (3, 1), 0.0)}, "sum to 1 ... 0 at state 3, action 1"),
    "nan reward": ({"reward": spoiled(R, (3, 2), np.nan)},
                   "reward must be finite ... nan at state 3, action 2"),
    "reward of a move": ({"reward": spoiled(REWARDS, (1, 0, 4), -np.inf)},
                         "reward must be finite ... -inf at state 1, action 0, next state 4"),
    "reward shape": ({"reward": R.T}, "reward must have shape ... (3, 5)"),
    "reward of states": ({"reward": R[:, 0]}, "reward must have shape ... (5,)"),
    "no reward": ({"reward": None}, "reward must be an array ... got NoneType"),
    "word": ({"reward": "high"}, "reward must be an array ... got str 'high'"),
    "complex": ({"reward": R + 1j}, "reward must be ... got ndarray"),
    "discount 1.1": ({"discount": 1.1}, "discount must be in [0, 1] ... got 1.1"),
    "discount negative": ({"discount": -0.1}, "discount must be in [0, 1] ... got -0.1"),
    "discount nan": ({"discount": np.nan}, "discount must be in [0, 1] ... got nan"),
    "discount word": ({"discount": "0.9"}, "discount must be an array ... got str '0.9'"),
    "no discount": ({"discount": None}, "discount must be an array ... got NoneType"),
    "discount shape": ({"discount": np.full((S, A), 0.9)}, "discount must have shape ... (5, 3)"),
    "discount of a state": ({"discount": spoiled(np.full(S, 0.9), 3, 1.5)},
                            "discount must be in [0, 1] ... 1.5 at state 3"),
    "discount of a move": ({"discount": spoiled(P * 0.9, (1, 2, 3), np.nan)},
                           "discount must be in [0, 1] ... nan at state 1, action 2, next state 3"),
    "initial": ({"initial": -1}, "initial must be a state index ... got -1"),
    "initial shape": ({"initial": np.ones(3) / 3}, "initial must have shape ... (3,)"),
    "available shape": ({"available": RAGGED.T}, "available must have shape ... (3, 5)"),
    "available ragged": ({"available": [[True], [True, False]]},
                         "available must be an array ... got list"),
    "available number": ({"available": spoiled(RAGGED, (2, 1), 0.5)},
                         "available must be true or false ... 0.5 at state 2, action 1"),
    "available nan": ({"available": spoiled(RAGGED, (2, 1), np.nan)},
                      "true or false ... nan at state 2, action 1"),
    "no action": ({"available": spoiled(RAGGED, 2, 0)},
                  "available must offer an action ... none at state 2"),
}  # fmt: skip


@EVERY_LAYOUT
@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_named(layout, case):
    tables, words = BAD[case]
    assert_names(refusal(lambda: build(layout, **tables)), words)


@pytest.mark.parametrize(
    ("transition", "words"),
    [
        (P[0], "(3, 5)"), (P.swapaxes(0, 1), "(3, 5, 5)"), (np.zeros((0, 1, 0)), "(0, 1, 0)"),
        (np.zeros((2, 0, 2)), "(2, 0, 2)"), ([], "(0,)"), (None, "NoneType"), ("abc", "'abc'"),
        (sp.identity(5), "one sparse matrix of shape (5, 5)"),
        ([sp.identity(5), sp.identity(4)], "action 1 must be ... (5, 5) ... dia_matrix of shape"),
        ([sp.identity(5), P[:, 1]], "action 1 must be a sparse matrix ... ndarray of shape (5, 5)"),
        ([[[1.0]], sp.identity(5)], "action 0 must be a sparse matrix ... list"),
        ([sp.identity(0)], "at least one state"),
        ([sp.csr_matrix(P[:, 0])[:3]], "action 0 must be ... csr_matrix of shape (3, 5)"),
    ],
)  # fmt: skip
def test_transitions_of_another_form_are_refused(transition, words):
    assert_names(refusal(TabularMDP, transition, R, 0.9), words)


@EVERY_LAYOUT
def test_errors_for_missing_actions_name_the_cure(layout):
    assert_names(refusal(build, layout, P, spoiled(R, (1, 2), -np.inf)), "-inf ... use available")
    words = "got 0 at state 3, action 1: use available"
    assert_names(refusal(build, layout, spoiled(P, (3, 1), 0.0)), words)
    words = "got 0 at state 3, action 0: for a terminal state ... discount 0 on entering"
    assert_names(refusal(build, layout, spoiled(P, 3, 0.0)), words)
    nothing = {"available": spoiled(RAGGED, 2, 0)}
    words = "none at state 2: for a terminal state ... discount 0 on entering"
    assert_names(refusal(lambda: build(layout, **nothing)), words)


class World:
    def __init__(self, mdp):
        self.mdp = mdp


class Acting:
    def __init__(self, world):
        self.tabular = world


def test_a_world_given_for_its_model_is_told_where_the_model_is():
    world = World(build("dense"))
    for function in (as_model, solve_bellman):
        assert_names(refusal(function, world), "got World: use the model ... .mdp")
        assert_names(refusal(function, Acting(world)), "got Acting: use the model ... .tabular.mdp")


@pytest.mark.parametrize("given", [None, P, "world"])
def test_planners_refuse_what_is_no_model(given):
    assert_names(refusal(as_model, given), "must be a TabularMDP")


def test_one_state_and_one_action_suffice():
    mdp = TabularMDP(np.ones((1, 1, 1)), [[2.0]], 0.5)
    assert solve_bellman(mdp).value == pytest.approx([4.0], abs=1e-8)


@pytest.mark.parametrize("discount", [0.9, np.full(S, 0.9), P * 0.9], ids=["()", "(S,)", "(S,A,S)"])
@pytest.mark.usefixtures("x64")
def test_built_under_jit_from_tracers_it_is_the_same_model(discount):
    reward = np.random.default_rng(0).normal(size=(S, A, S))
    arguments = (
        spoiled(P, (1, 2), np.nan),
        spoiled(reward, (1, 2), np.inf),
        discount,
        TABLES.initial,
    )
    built, traced = TabularMDP(*arguments, RAGGED), jax.jit(TabularMDP)(*arguments, RAGGED)
    for expected, leaf in zip(jax.tree.leaves(built), jax.tree.leaves(traced), strict=True):
        np.testing.assert_allclose(leaf, expected, atol=1e-15)


@pytest.mark.usefixtures("x64")
def test_garbage_discounts_of_unavailable_pairs_are_ignored_under_jit():
    discount = np.where(RAGGED[:, :, None], 0.9 * P, np.nan)
    contraction = jax.jit(lambda d: build("dense", discount=d, available=RAGGED).contraction)
    assert contraction(discount) == build("dense", discount=discount, available=RAGGED).contraction


def test_shapes_are_checked_under_jit_and_values_are_not():
    construct = jax.jit(TabularMDP)
    construct(-P, R * np.nan, 3.0)
    assert_names(refusal(construct, P[:, 0], R, 0.9), "transition must have shape ... (5, 5)")
    assert_names(refusal(construct, P, R.T, 0.9), "reward must have shape ... (3, 5)")
    assert_names(refusal(construct, P, R, np.ones(2)), "discount must have shape ... (2,)")
    assert_names(refusal(construct, P, R, 0.9, np.ones(4)), "initial must have shape ... (4,)")
    assert_names(
        refusal(construct, P, R, 0.9, None, RAGGED.T), "available must have shape ... (3, 5)"
    )


@pytest.mark.usefixtures("x64")
def test_starts_may_be_mapped_over():
    starts = jax.vmap(lambda state: build("dense").with_initial(state).initial)(np.arange(S))
    np.testing.assert_array_equal(starts, np.eye(S))


@pytest.mark.parametrize(
    "change",
    [
        lambda mdp, x: mdp.with_reward(x * np.ones((S, A, S))),
        lambda mdp, x: solve_bellman(mdp.with_reward(x * R)),
        lambda mdp, x: solve_bellman(mdp.with_discount(0.9 * x)),
        lambda mdp, x: build("sparse", available=x * R < np.inf),
    ],
    ids=["reward of moves", "reward", "discount", "available"],
)
@pytest.mark.usefixtures("x64")
def test_a_sparse_model_refuses_tracers(change):
    assert_names(refusal(jax.jit(lambda x: change(build("sparse"), x).reward), 1.0), "sparse")


@pytest.mark.usefixtures("x64")
def test_a_sparse_model_is_no_argument_of_jit():
    assert_names(refusal(jax.jit(solve_bellman), build("sparse")), "sparse")


@pytest.mark.usefixtures("x64")
def test_a_model_passes_through_jit_and_back_to_the_host():
    mdp = build("dense", available=RAGGED, initial=1)
    returned = jax.jit(lambda model: model)(mdp)
    for model in (mdp, returned):
        solution = solve_bellman(model)
        assert type(solution.value) is np.ndarray
        np.testing.assert_array_equal(solution.value, solve_bellman(mdp).value)


def test_a_model_on_a_device_is_planned_in_float64_without_64_bit_types():
    even = build("dense", np.full((4, 2, 4), 0.25), np.arange(8).reshape(4, 2), 0.875)
    solution = solve_bellman(jax.tree.map(jnp.asarray, even), HardMax())
    assert solution.value.dtype == solution.action_value.dtype == solution.policy.dtype == float
    np.testing.assert_array_equal(solution.value, solve_bellman(even).value)


@pytest.mark.usefixtures("x64")
def test_a_stack_of_models_goes_through_vmap_alone():
    models = [build("dense").with_discount(discount) for discount in (0.0, 0.5, 0.9)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *models)
    values = jax.jit(jax.vmap(lambda mdp: solve_bellman(mdp).value))(stacked)
    # Both engines certify 1e-8.
    np.testing.assert_allclose(values, [solve_bellman(mdp).value for mdp in models], atol=2e-8)
    assert_names(refusal(solve_bellman, stacked), "vmap")
