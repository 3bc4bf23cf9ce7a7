"""Rows by what they have in common: sorted input or not, the same is found."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.core.groups import distinct, groups, not_beyond, ranks

NUMBERS = st.integers(0, 4)
rows = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12)


@given(st.lists(NUMBERS, max_size=12))
def test_rows_stand_together_by_their_keys(keys: list[int]) -> None:
    found = {key: at.tolist() for key, at in groups(np.array(keys, np.int64))}
    assert found == {key: [i for i, k in enumerate(keys) if k == key] for key in sorted(set(keys))}
    assert list(found) == sorted(found)


@given(rows | st.lists(st.tuples(NUMBERS, NUMBERS), unique=True).map(sorted))
def test_what_is_not_above_all_before_it(pairs: list[tuple[int, int]]) -> None:
    keys, values = (np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1))
    expected = [
        any(k == key and v >= value for k, v in pairs[:at]) for at, (key, value) in enumerate(pairs)
    ]
    assert not_beyond(keys, values).tolist() == expected


@given(st.lists(NUMBERS, max_size=12) | st.lists(NUMBERS, max_size=12).map(sorted))
def test_ranks_are_places_among_the_distinct_values(numbers: list[int]) -> None:
    values = np.array(numbers, np.int64)
    known, places = ranks(values)
    assert known.tolist() == sorted(set(numbers)) == distinct(values)
    assert known[places].tolist() == numbers
