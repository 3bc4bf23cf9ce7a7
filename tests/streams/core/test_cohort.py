"""Closes that pairs take together do what they do one by one, in whatever stretches they come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from streams.core import cohort, periods, shelf
from streams.core.board import LONG, NEVER, Floors
from streams.core.book import Entry
from streams.core.pairs import Terms
from streams.core.streaks import OUTPERFORMING, Ties
from streams.core.subjects import Moved, PairKey
from streams.core.tape import Arrivals
from streams.core.watch import Watch

SEED = (OUTPERFORMING, Entry(3, -9, -7, "the archive"))
PAIRS = {
    PairKey("A", "B"): Terms(ties=Ties.SKIP),
    PairKey("C", "B"): Terms(ties=Ties.SKIP, seeds=(SEED,)),
    PairKey("D", "A"): Terms(ties=Ties.SKIP),
}
SYMBOLS = "ABCD"
Row = tuple[str, int, int]
Told = list[tuple[int, PairKey, Any, Any]]


def floors_of(grown: set[int] | range = range(0), ended: int = NEVER) -> Floors:
    """Of pairs of one kind: the lengths of streaks that grow, and the least of those that end."""
    lengths = np.isin(np.abs(np.arange(-LONG, LONG + 1)), list(grown))
    never, zero, least = np.array([NEVER]), np.array([0]), np.array([ended])
    return Floors(np.zeros(len(PAIRS), np.intp), lengths[None], never, zero, least)


NOTHING = floors_of()
EVERYTHING = np.ones(len(PAIRS), np.bool_)

steps = st.tuples(st.sampled_from(SYMBOLS), st.sampled_from([1, 1, 1, 2]), st.integers(9, 11))
hows = st.sampled_from(["together", "together", "alone", "looked at", "handed over"])


def rows_of(drawn: list[tuple[str, int, int]]) -> list[Row]:
    """Closes whose periods ascend for each symbol, which may be behind the others."""
    clock, rows = dict.fromkeys(SYMBOLS, 0), []
    for symbol, on, price in drawn:
        clock[symbol] += on
        rows.append((symbol, clock[symbol], price))
    return rows


def one_by_one(watch: Watch, rows: list[Row], first: int) -> Told:
    told: Told = []
    for number, row in enumerate(rows, first):
        for change in watch.put(*row):
            assert isinstance(change, Moved)
            told.append((number, change.key, change.tracker.dump(), change.turn))  # type: ignore[arg-type]
    return told


def arrivals_of(watch: Watch, rows: list[Row], first: int) -> Arrivals:
    assert watch.cohort is not None
    places = [watch.cohort.tape.symbols.index(symbol) for symbol, _, _ in rows]
    columns = (places, [r[1] for r in rows], [r[2] for r in rows], range(first, first + len(rows)))
    return Arrivals(*(np.array(column, np.int64) for column in columns))


def together(
    watch: Watch, rows: list[Row], first: int, floors: Floors = NOTHING, whole: Any = EVERYTHING
) -> Told:
    assert watch.cohort is not None
    told: Told = [
        (number, change.key, change.tracker.dump(), change.turn)  # type: ignore[misc]
        for number, change in watch.cohort.extend(arrivals_of(watch, rows, first), floors, whole)
    ]
    return sorted(told, key=lambda one: one[0])  # they come by blocks of periods


@given(
    st.lists(steps, min_size=1, max_size=60).map(rows_of),
    st.lists(st.tuples(st.integers(1, 20), hows), min_size=1, max_size=8),
    st.sampled_from([1, 9, 1 << 20]),
)
@settings(deadline=None)
def test_together_is_one_by_one(rows: list[Row], cuts: list[tuple[int, str]], cells: int) -> None:
    expected, found = Watch(PAIRS), Watch(PAIRS)
    at = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cohort, "_CELLS", cells)
        patch.setattr(shelf, "_FEW", 1)
        for size, how in [*cuts, (len(rows), "together")]:
            part = rows[at : at + size]
            if not part:
                break
            take = one_by_one if how == "alone" else together
            assert take(found, part, at) == one_by_one(expected, part, at)
            at += len(part)
            if how == "looked at":
                assert_same(found, expected)
            if how == "handed over":
                state = msgpack.decode(msgpack.encode(found.dump()))
                found = Watch(PAIRS)
                found.load(state)
            assert [found.standing(p) for p in PAIRS] == [expected.standing(p) for p in PAIRS]
    assert_same(found, expected)


def assert_same(found: Watch, expected: Watch) -> None:
    for pair in PAIRS:
        assert found.tracker(pair).dump() == expected.tracker(pair).dump()


def test_a_pair_that_told_nothing_has_no_tracker() -> None:
    watch = Watch(PAIRS)
    assert watch.cohort is not None
    arrivals = Arrivals(*np.array([[0, 1, 0, 1], [1, 1, 2, 2], [9, 9, 10, 9], [0, 1, 2, 3]]))
    assert list(watch.cohort.extend(arrivals, NOTHING)) == []
    assert watch.cohort._subjects == {}
    assert watch.cohort.those_moved() == [PairKey("A", "B")]
    assert watch.standing(PairKey("A", "B"))[0] == 2
    assert watch.standing(PairKey("D", "A")) == (None, None)
    assert watch.cohort._subjects == {}


@given(
    st.lists(steps, min_size=1, max_size=90).map(rows_of),
    st.integers(1, 3),
    st.integers(1, 90),
)
@settings(deadline=None)
def test_floors_leave_out_what_is_not_asked_for(rows: list[Row], least: int, size: int) -> None:
    """Those that end from a length on, or grow in certain lengths: all of them, and none besides.

    What is told of has all that ended before in its books, and nothing that ended later.
    """
    told = [change for change in one_by_one(Watch(PAIRS), rows, 0) if change[-1] is not None]
    ended = [c for c in told if c[-1].ended is not None and c[-1].ended.length >= least]
    grown = [c for c in told if c[-1].counted and c[-1].running.length >= least]
    for floors, expected in (
        (floors_of(ended=least), ended),
        (floors_of(range(least, LONG + 1)), grown),
        (
            floors_of(range(least, LONG + 1), least),
            [c for c in told if c in ended or c in grown],
        ),
        (floors_of({least}), [c for c in grown if c[-1].running.length == least]),
    ):
        found = Watch(PAIRS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shelf, "_FEW", 1)
            parts = [
                together(found, rows[at : at + size], at, floors, None)
                for at in range(0, len(rows), size)
            ]
        assert [change for part in parts for change in part] == expected


def test_a_late_close_after_others_that_were_taken_together() -> None:
    rows = [(symbol, at, 9 + at % 2 * (symbol == "A")) for at in (1, 2, 4, 5) for symbol in "AB"]
    late = [("A", 3, 10), ("B", 3, 9), ("A", 2, 11), ("A", 6, 9), ("B", 6, 9)]
    expected, found = Watch(PAIRS), Watch(PAIRS)
    for row in [*rows, *late]:
        expected.put(*row)
    together(found, rows, 0)
    for row in late:
        found.put(*row)
    assert_same(found, expected)
    assert found.cohort is not None
    assert found.cohort.tape.last.tolist() == [6, 6, periods.NEVER, periods.NEVER]
    assert [found.cohort.number(pair) for pair in PAIRS] == [0, 1, 2]


def test_a_longer_streak_that_ends_later_hides_none_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one stretch of periods: the books of its middle know what had ended by then."""
    monkeypatch.setattr(shelf, "_FEW", 1)
    rows, price = [("A", 0, 100), ("B", 0, 100)], 100
    for period, way in enumerate("+-+-++---+++++-", 1):
        price += 1 if way == "+" else -1
        rows += [("A", period, price), ("B", period, 100)]
    found, told = Watch(PAIRS), []
    for part in (rows[:6], rows[6:10], rows[10:]):
        told += together(found, part, 0, floors_of(range(3, LONG + 1)), None)
    third_below = told[0]
    assert third_below[-1].running.length == 3
    assert [entry[0] for entry in third_below[2]["books"]["1"]] == [2]


def test_what_ended_before_a_snapshot_is_in_the_books_after_it() -> None:
    """A pair that told nothing for long has its streaks on the shelf, and in the snapshot."""
    watch, plain = Watch(PAIRS), Watch(PAIRS)
    assert watch.cohort is not None
    closes = np.random.default_rng(1).integers(50, 100, (200, 2))
    for period, (a, b) in enumerate(closes.tolist(), 1):
        plain.put("A", period, a)
        plain.put("B", period, b)
    symbols, periods = np.tile([0, 1], 200), np.repeat(np.arange(1, 201), 2)
    arrivals = Arrivals(symbols, periods, closes.ravel(), np.arange(400))
    assert list(watch.cohort.extend(arrivals, NOTHING)) == []
    again = Watch(PAIRS)
    again.load(watch.dump())
    key = PairKey("A", "B")
    expected = {way: book.entries for way, book in plain.tracker(key).books.items()}
    assert sum(map(len, expected.values())) > 3
    assert {way: book.entries for way, book in again.tracker(key).books.items()} == expected
