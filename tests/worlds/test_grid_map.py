"""Maps: reading, writing, doors."""

import numpy as np
import pytest
from hypothesis import given

from hierax.worlds import GridMap
from refusals import refuses
from worlds.text_maps import maps


@pytest.mark.parametrize("text", ["#w.\n.SG", "#w#w#\n#  SG\n#####"])
def test_reads_every_character(text):
    read = GridMap.from_text(text)
    lines = text.splitlines()
    assert read.free.tolist() == [[letter in ". SG" for letter in line] for line in lines]
    assert read.start == (1, lines[1].index("S"))
    assert read.goal == (1, lines[1].index("G"))


def test_start_and_goal_may_be_missing():
    read = GridMap.from_text("..")
    assert (read.start, read.goal) == (None, None)


def test_short_lines_are_filled_up_with_walls():
    assert GridMap.from_text("...\n.\n..").text() == "...\n.##\n..#"


WALLED = "####\n#SG#\n####"
CORRIDOR = "######\n#S  G#\n######"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("\n\n..\n..\n\n", "..\n.."),
        ("    ...\n    .#.\n", "...\n.#."),  # indented
        ("\t...\n\t.#.\n", "...\n.#."),
        ("\n    ...\n    .#.\n    ", "...\n.#."),  # as between triple quotes
        ("...   \n.#. \n", "...\n.#."),  # blanks after the lines
        ("  ..\n  .\n", "..\n.#"),
        ("S . .\n# . G", "S..\n#.G"),  # a blank between all cells
        ("  S . . \n  # . G \n", "S..\n#.G"),
        ("S . .\n# .", "S..\n#.#"),
        ("  ####\n  #SG#  \n  ####\n", WALLED),  # also where free cells are blanks
        ("   \n ######\n #S  G#  \n ######\n  ", CORRIDOR.replace("  ", "..")),
        ("S   G", "S...G"),
        ("#####\n#   #\n#S G#", "#####\n#...#\n#S.G#"),
    ],
)
def test_blanks_that_cannot_be_cells_are_removed(text, same):
    assert GridMap.from_text(text).text() == same


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("..\n\n..", ("no empty line", "line 2", "'#'", "'.'")),
        ("\n..\n   \n..", ("no empty line", "line 3")),
        ("..#\n .G", ("begin all rows at the same column", "line 2, column 1")),
        ("####\n    #SG#\n    ####", ("same column", "line 2, column 1")),
        ("  #.\n  .G\n   .", ("same column", "line 3, column 3")),
        ("S.#\n# G", ("'.' or blanks", "not both", "line 2, column 2")),
        ("  S.#\n  # G", ("'.' or blanks", "not both", "line 2, column 4")),
        ("S  .\n#  G", ("'.' or blanks", "line 1, column 2")),
        ("# # #\n# G #\n# # #", ("blank between all its cells", "'.'")),
        ("S G", ("blank between all its cells",)),
        ("#   #\n##  \n", ("open to blanks", "line 2, column 3", "'.'")),
        ("   S   G", ("open to blanks", "line 1, column 3")),
        ("S   G ", ("open to blanks", "line 1, column 6")),
        (" \nG\n", ("open to blanks", "line 1, column 1")),
        ("S . x", ("'x'", "line 1, column 5")),
    ],
)
def test_blanks_that_may_be_cells_are_refused(text, parts):
    refuses(lambda: GridMap.from_text(text), "map must", *parts)


def test_lines_may_end_as_on_any_system():
    assert GridMap.from_text("S.\r\n.G\r\n").text() == "S.\n.G"


def test_states_are_numbered_in_reading_order():
    read = GridMap.from_text("#.#.\n..##")
    cells = read.cells()
    assert cells.tolist() == [[0, 1], [0, 3], [1, 0], [1, 1]]
    assert [read.state_at("cell", (row, column)) for row, column in cells] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("map", "a free cell", "empty")),
        ("\n\n", ("map", "a free cell", "empty")),
        ("##\nww", ("map", "booleans with a free cell")),
        ("..\n.x", ("map", "'#' and 'w' (wall)", "'x'", "line 2, column 2")),
        ("\n..\n\t.", ("map", "'#'", r"'\t'", "line 3, column 1")),
        ("W.", ("map", "'#'", "'W'", "line 1, column 1")),
        ("S.\n.S", ("map", "at most one 'S'", "line 2, column 2")),
        ("\nGG", ("map", "at most one 'G'", "line 2, column 2")),
        (7, ("map", "str", "int")),
    ],
)
def test_bad_texts_are_refused_with_their_place(text, parts):
    refuses(lambda: GridMap.from_text(text), *parts)


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ((0, 0), ("free cell", "(0, 0)", "wall")),
        ((-1, 1), ("1 rows and 3 columns", "(-1, 1)")),
        ((0, 3), ("1 rows and 3 columns", "(0, 3)")),
        ((0, 1, 2), ("cell (row, column)", "(0, 1, 2)")),
        ((0, 1.0), ("cell (row, column)", "(0, 1.0)")),
        (1, ("cell (row, column)", "1")),
        ("01", ("cell (row, column)", "'01'")),
    ],
)
def test_bad_cells_are_refused(cell, parts):
    free = np.array([[False, True, True]])
    for name in ("start", "goal"):
        refuses(lambda name=name: GridMap(free, **{name: cell}), name, *parts)
    refuses(lambda: GridMap(free).state_at("door", cell), "door", *parts)


def test_cells_may_be_of_any_kind_of_integer():
    read = GridMap(np.ones((1, 2), bool), start=(np.int32(0), np.int64(1)))
    assert read.start == (0, 1)
    assert read.text() == ".S"


@pytest.mark.parametrize("free", [np.ones(3, bool), np.ones((2, 2)), np.zeros((2, 2), bool), None])
def test_bad_tables_are_refused(free):
    refuses(lambda: GridMap(free), "map", "table")


@pytest.mark.parametrize(
    ("text", "doors"),
    [
        (".#.\n...\n.#.", [(1, 1)]),  # a gap in a wall between two rooms
        ("...\n#.#\n...", [(1, 1)]),
        ("...", [(0, 1)]),  # by the rule, each inner cell of a straight corridor
        (".....", [(0, 1), (0, 2), (0, 3)]),
        ("..\n..", []),
        ("...\n...\n...", []),
        (".#\n..", []),  # a corner
        ("#.#\n...\n#.#", []),  # a crossing
        ("##\n.#", []),  # a dead end, and one alone
    ],
)
def test_doors(text, doors):
    assert [tuple(cell) for cell in np.argwhere(GridMap.from_text(text).doors())] == doors


def joined_nearby(free: np.ndarray, cell: tuple[int, int]) -> bool:
    """Whether the free neighbours of `cell` are joined within the eight cells around it."""
    ring = np.pad(free, 1)[cell[0] : cell[0] + 3, cell[1] : cell[1] + 3].copy()
    ring[1, 1] = False
    sides = [(r, c) for r, c in ((0, 1), (1, 0), (1, 2), (2, 1)) if ring[r, c]]
    seen = set(sides[:1])
    while True:
        near = {(r + i, c + j) for r, c in seen for i, j in ((0, 1), (1, 0), (0, -1), (-1, 0))}
        grown = seen | {(r, c) for r, c in near if 0 <= r < 3 and 0 <= c < 3 and ring[r, c]}
        if grown == seen:
            return set(sides) <= seen
        seen = grown


@given(maps)
def test_text_goes_around(lines):
    read = GridMap.from_text("\n".join(lines))
    again = GridMap.from_text(read.text())
    np.testing.assert_array_equal(again.free, read.free)
    assert read.free.tolist() == [[letter in ". " for letter in line] for line in lines]


@given(maps)
def test_a_door_has_two_free_neighbours_that_need_it(lines):
    read = GridMap.from_text("\n".join(lines))
    padded = np.pad(read.free, 1).astype(int)
    neighbours = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    for cell in np.argwhere(read.doors()):
        assert neighbours[tuple(cell)] == 2
        assert not joined_nearby(read.free, tuple(cell))
