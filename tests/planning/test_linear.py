"""Linear systems of a chain: all solvers agree with dense algebra."""

import numpy as np
import pytest
import scipy.sparse as sp

from hierax.planning import krylov, linear
from hierax.planning.sweeps import chain_of_policy, compress


def random_chain(seed: int, states: int, discount: float) -> sp.csr_matrix:
    """A discounted chain with about four successors a state, some of them the state itself."""
    generator = np.random.default_rng(seed)
    table = generator.random((states, states)) * (generator.random((states, states)) < 4 / states)
    table += np.diag(generator.random(states) * (generator.random(states) < 0.3) + 1e-3)
    return sp.csr_matrix(discount * table / table.sum(axis=1, keepdims=True))


SYSTEMS = [
    lambda table: linear.DenseSystem(table.toarray()),
    linear.SparseSystem,
    linear.KrylovSystem,
]


@pytest.mark.parametrize("kind", SYSTEMS)
@pytest.mark.parametrize("discount", [0.0, 0.9, 0.999999])
@pytest.mark.parametrize("columns", [(), (3,)])
def test_every_system_solves_from_both_sides(kind, discount, columns):
    table = random_chain(3, 60, discount)
    right = np.random.default_rng(4).normal(size=(60, *columns))
    matrix = np.eye(60) - table.toarray()
    system = kind(table)
    for got, a in ((system.solve(right), matrix), (system.solve_transposed(right), matrix.T)):
        assert got.shape == right.shape
        # A backward stable solve is off by the condition number, about 2 / (1 - discount).
        scale = np.abs(got).max() / (1.0 - discount)
        np.testing.assert_allclose(got, np.linalg.solve(a, right), atol=1e-12 * scale, rtol=0)
        assert np.abs(a @ got - right).max() < 1e-12 * (1 + np.abs(got).max())
    if system.residual is not None:
        assert system.residual < 1e-12


def test_the_system_is_chosen_by_kind_and_size(monkeypatch):
    table = random_chain(0, 40, 0.9)
    assert isinstance(linear.factorise(table.toarray()), linear.DenseSystem)
    assert isinstance(linear.factorise(table), linear.SparseSystem)
    monkeypatch.setattr(linear.SparseSystem, "largest", 39)
    assert isinstance(linear.factorise(table), linear.KrylovSystem)


def test_the_zero_system_has_the_zero_solution():
    system = linear.KrylovSystem(random_chain(1, 30, 0.99))
    np.testing.assert_array_equal(system.solve(np.zeros(30)), np.zeros(30))
    assert system.residual == 0.0


def test_a_solve_that_fails_says_so(monkeypatch):
    monkeypatch.setattr(linear, "solve", lambda *_: 1e-3)
    with pytest.warns(RuntimeWarning, match=r"30 states stopped at relative residual 1\.0e-03"):
        linear.KrylovSystem(random_chain(1, 30, 0.99)).solve(np.ones(30))


def test_krylov_improves_a_guess_up_to_the_target():
    table = random_chain(5, 200, 0.99)
    chain, scale = linear.chain_of_transition(table)
    matrix = np.eye(200) - linear.transition_of_chain(chain).toarray()
    np.testing.assert_allclose(matrix, scale[:, None] * (np.eye(200) - table.toarray()), atol=1e-13)
    exact, right = np.linalg.solve(matrix, scale), scale
    near = exact + 1e-3
    few = krylov.bicgstab(chain, right, near, 1e-8, 100)
    assert np.abs(matrix @ near - right).max() < 4e-8
    far = np.zeros(200)
    assert few < krylov.bicgstab(chain, right, far, 1e-12, 100)
    solved = exact.copy()
    assert krylov.bicgstab(chain, right, solved, 1e-3, 100) <= 1


def test_krylov_survives_what_breaks_it_down():
    """A diagonal system is solved by its preconditioner: the first residual is zero already."""
    rows = compress(np.zeros((4, 1, 4)), np.ones((4, 1)), np.ones((4, 1), bool))
    chain = chain_of_policy(rows, np.ones((4, 1)), np.zeros(4))
    x = np.zeros(4)
    krylov.bicgstab(chain, chain.reward, x, 0.0, 10)
    np.testing.assert_array_equal(x, np.ones(4))
    krylov.bicgstab(chain, chain.reward, x, 0.0, 10)
    np.testing.assert_array_equal(x, np.ones(4))


@pytest.mark.parametrize("states", [5, 1_200])
@pytest.mark.filterwarnings("ignore:Krylov solve")
def test_a_right_side_that_is_not_a_number_shows_in_the_residual(states):
    ring = sp.csr_matrix(0.5 * np.roll(np.eye(states), 1, axis=1))
    system = linear.factorise(ring)
    with np.errstate(invalid="ignore"):
        system.solve(np.full(states, np.nan))
    system.solve(np.ones(states))
    assert np.isnan(system.residual)


def test_a_sparse_matrix_that_is_nearly_full_is_solved_by_dense_factors():
    rng = np.random.default_rng(6)
    full = rng.random((40, 40))
    full *= 0.9 / full.sum(axis=1, keepdims=True)
    right = rng.normal(size=40)
    for kept, kind in ((1.0, linear.DenseSystem), (0.1, linear.SparseSystem)):
        table = sp.csr_matrix(full * (rng.random((40, 40)) < kept))
        system = linear.factorise(table)
        assert isinstance(system, kind)
        matrix = np.eye(40) - table.toarray()
        # Well conditioned: entries of the inverse sum to at most 10 in a row.
        np.testing.assert_allclose(system.solve(right), np.linalg.solve(matrix, right), atol=1e-12)
        np.testing.assert_allclose(
            system.solve_transposed(right), np.linalg.solve(matrix.T, right), atol=1e-12
        )


@pytest.mark.parametrize(("filled", "kind"), [(0, linear.SparseSystem), (1, linear.DenseSystem)])
def test_dense_factors_begin_beyond_a_fifth_of_the_entries(filled, kind):
    table = np.zeros((10, 10))
    table.ravel()[: 20 + filled] = 0.01
    assert linear.DENSE == 0.2
    assert isinstance(linear.factorise(sp.csr_matrix(table)), kind)


def test_dense_factors_serve_a_full_matrix_of_any_size(monkeypatch):
    monkeypatch.setattr(linear.SparseSystem, "largest", 5)
    table = np.full((10, 10), 0.05)
    assert isinstance(linear.factorise(sp.csr_matrix(table)), linear.DenseSystem)
    np.testing.assert_allclose(linear.factorise(table).solve(np.ones(10)), 2.0, rtol=1e-14)
