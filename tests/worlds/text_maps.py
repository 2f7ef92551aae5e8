"""Random maps for tests of grid worlds."""

from hypothesis import strategies as st


def _has_free_cell(lines: list[str]) -> bool:
    return any(letter in ". " for line in lines for letter in line)


# Lines of one length from 1 to 7, at least one free cell, neither start nor goal.
maps = st.integers(1, 7).flatmap(
    lambda width: st.lists(
        st.text("#.w ", min_size=width, max_size=width), min_size=1, max_size=7
    ).filter(_has_free_cell)
)
