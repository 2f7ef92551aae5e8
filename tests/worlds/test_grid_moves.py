"""How agents move: each rule of slips, bumps and wormholes on maps small enough to see."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierax.worlds import GridMap, GridMoves
from hierax.worlds.grid_moves import MOVES
from refusals import refuses
from worlds.text_maps import maps


def rows_of(text: str, cell: tuple[int, int], moves: GridMoves) -> dict[str, dict]:
    """For each action available in `cell`: the probability of each cell that it may lead to."""
    grid_map = GridMap.from_text(text)
    cells = [tuple(map(int, c)) for c in grid_map.cells()]
    rows = {
        name: matrix[grid_map.state_at("cell", cell)].toarray()[0]
        for name, matrix in moves.matrices(grid_map).items()
    }
    return {
        name: {cells[s]: round(float(row[s]), 12) for s in np.flatnonzero(row)}
        for name, row in rows.items()
        if row.any()
    }


def test_only_moves_into_free_cells_are_available():
    assert rows_of("..\n#.", (0, 0), GridMoves()) == {
        "right": {(0, 1): 1.0},
        "stay": {(0, 0): 1.0},
    }


def test_bumps_stay_put():
    assert rows_of("..\n#.", (0, 0), GridMoves(bump=True, stay=False)) == {
        "up": {(0, 0): 1.0},
        "down": {(0, 0): 1.0},
        "left": {(0, 0): 1.0},
        "right": {(0, 1): 1.0},
    }


def test_a_slip_is_shared_by_the_other_legal_moves():
    assert rows_of("...\n#.#", (0, 1), GridMoves(slip=0.3)) == {
        "down": {(1, 1): 0.7, (0, 0): 0.15, (0, 2): 0.15},
        "left": {(0, 0): 0.7, (1, 1): 0.15, (0, 2): 0.15},
        "right": {(0, 2): 0.7, (1, 1): 0.15, (0, 0): 0.15},
        "stay": {(0, 1): 1.0},
    }


def test_the_only_legal_move_never_slips():
    assert rows_of("..", (0, 0), GridMoves(slip=0.3))["right"] == {(0, 1): 1.0}


def test_with_bumps_a_slip_is_shared_by_the_other_three_moves():
    assert rows_of("..", (0, 0), GridMoves(slip=0.3, bump=True)) == {
        "up": {(0, 0): 0.9, (0, 1): 0.1},
        "down": {(0, 0): 0.9, (0, 1): 0.1},
        "left": {(0, 0): 0.9, (0, 1): 0.1},
        "right": {(0, 1): 0.7, (0, 0): 0.3},
        "stay": {(0, 0): 1.0},
    }


def test_a_wormhole_leads_both_ways_and_never_slips():
    moves = GridMoves(slip=0.3, wormholes=(((0, 0), (0, 3)),))
    assert rows_of("....", (0, 0), moves)["wormhole"] == {(0, 3): 1.0}
    assert rows_of("....", (0, 3), moves)["wormhole"] == {(0, 0): 1.0}
    assert rows_of("....", (0, 3), moves)["left"] == {(0, 2): 1.0}  # no slip leads through it
    assert "wormhole" not in rows_of("....", (0, 1), moves)


def test_several_wormholes_share_one_action():
    moves = GridMoves(wormholes=(((0, 0), (0, 3)), ((0, 1), (0, 2))), bump=True)
    assert [rows_of("....", (0, c), moves)["wormhole"] for c in range(4)] == [
        {(0, 3): 1.0},
        {(0, 2): 1.0},
        {(0, 1): 1.0},
        {(0, 0): 1.0},
    ]


def test_order_of_actions():
    grid_map = GridMap.from_text("..")
    names = [*MOVES, "stay", "wormhole"]
    assert list(GridMoves(wormholes=(((0, 0), (0, 1)),)).matrices(grid_map)) == names
    assert list(GridMoves(stay=False).matrices(grid_map)) == ["up", "down", "left", "right"]


@given(maps, st.sampled_from([0.0, 0.1, 0.5, 0.99]), st.booleans())
def test_matrices_are_those_of_the_rules_walked_cell_by_cell(lines, slip, bump):
    grid_map = GridMap.from_text("\n".join(lines))
    matrices = GridMoves(slip, bump=bump).matrices(grid_map)
    index = {tuple(cell): state for state, cell in enumerate(grid_map.cells().tolist())}
    for (cell, state), move in itertools.product(index.items(), MOVES):
        ahead = {
            name: index.get((cell[0] + down, cell[1] + right), state if bump else None)
            for name, (down, right) in MOVES.items()
        }
        ways = [name for name in ahead if ahead[name] is not None]
        expected = np.zeros(len(index))
        if move in ways:
            others = [name for name in ways if name != move]
            expected[ahead[move]] += 1 - slip if others else 1.0
            for other in others:
                expected[ahead[other]] += slip / len(others)
        row = matrices[move][state].toarray()[0]
        np.testing.assert_allclose(row, expected, atol=1e-15)
        np.testing.assert_allclose(row.sum(), float(move in ways), atol=1e-15)


@given(maps, st.sampled_from([0.0, 0.2]), st.booleans())
def test_entries_are_sorted_unique_and_positive(lines, slip, bump):
    for matrix in GridMoves(slip, bump=bump).matrices(GridMap.from_text("\n".join(lines))).values():
        assert matrix.has_canonical_format
        assert (matrix.data > 0).all()


@pytest.mark.parametrize("slip", [-0.1, 1.0, float("nan"), "often", None])
def test_slip_outside_its_range_is_refused(slip):
    refuses(lambda: GridMoves(slip), "slip", "[0, 1)", repr(slip))


@pytest.mark.parametrize(
    ("wormholes", "parts"),
    [
        ((((0, 0), (0, 1)), ((0, 1), (0, 2))), ("wormholes", "different cells")),
        ((((0, 0), (0, 0)),), ("wormholes", "different cells")),
        ((((0, 0), (0, 1), (0, 2)),), ("wormholes", "pairs of cells")),
        (((0, 0), (0, 1)), ("wormholes", "pairs of cells")),
        ((((0, 0), (0, 3)),), ("wormhole end", "free cell", "(0, 3)", "wall")),
        ((((0, 0), (1, 3)),), ("wormhole end", "1 rows", "(1, 3)")),
    ],
)
def test_wormholes_between_wrong_cells_are_refused(wormholes, parts):
    refuses(lambda: GridMoves(wormholes=wormholes).matrices(GridMap.from_text("...#")), *parts)


def test_a_cell_without_any_action_is_refused():
    grid_map = GridMap.from_text("..#.")
    refuses(lambda: GridMoves(stay=False).matrices(grid_map), "action", "cell (0, 3)")
    GridMoves(stay=False, bump=True).matrices(grid_map)
    GridMoves(stay=False, wormholes=(((0, 0), (0, 3)),)).matrices(grid_map)
