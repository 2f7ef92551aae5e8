"""Random maps for tests of grid worlds."""

from hypothesis import strategies as st


def _has_free_cell(lines: list[str]) -> bool:
    return any(letter in ". " for line in lines for letter in line)


def _drawings(letters: str) -> st.SearchStrategy[list[str]]:
    """Lines of one length from 1 to 7, at least one free cell, neither start nor goal."""
    return st.integers(1, 7).flatmap(
        lambda width: st.lists(
            st.text(letters, min_size=width, max_size=width), min_size=1, max_size=7
        ).filter(_has_free_cell)
    )


def _walled(lines: list[str]) -> list[str]:
    wall = "#" * (len(lines[0]) + 2)
    return [wall, *(f"#{line}w" for line in lines), wall]


# Free cells are dots, or blanks inside of a wall.
maps = _drawings("#.w") | _drawings("# w").map(_walled)
