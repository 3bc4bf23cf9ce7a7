"""Sessions without a close of both legs: held over, or breaking a streak."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.pairs import Nights, Terms, Tracker
from streams.core.periods import between
from streams.core.returns import active_sign, active_signs
from streams.core.streaks import EndedBy, Missing, Ties, find, gaps

SESSIONS = tuple(range(100, 160))

Row = tuple[int, int, int]
rows = st.lists(
    st.tuples(st.sampled_from(SESSIONS), st.integers(1, 4), st.integers(1, 4)),
    max_size=40,
    unique_by=lambda row: row[0],
).map(sorted)
ties = st.sampled_from(Ties)
missing = st.sampled_from(Missing)


def brute_force(rows: list[Row], ties: Ties, missing: Missing) -> list[tuple[int, int, int, int]]:
    """(direction, length, start, end) of every streak, by fractions and one loop."""
    found: list[list[int]] = []
    going = False
    for (p0, a0, b0), (p1, a1, b1) in pairwise(rows):
        if missing is Missing.BREAK and p1 != p0 + 1:
            going = False
            continue
        active = Fraction(a1, a0) - Fraction(b1, b0)
        sign = (active > 0) - (active < 0)
        if sign == 0 and ties is Ties.BREAK:
            going = False
        elif (sign == 0 and ties is Ties.EXTEND and going) or (
            sign != 0 and going and found[-1][0] == sign
        ):
            found[-1][1:] = [found[-1][1] + 1, found[-1][2], p1]
        elif sign != 0:
            found.append([sign, 1, p1, p1])
            going = True
    return [tuple(one) for one in found]


@given(rows, ties, missing)
def test_batch_and_brute_force_agree(rows: list[Row], ties: Ties, missing: Missing) -> None:
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)] or [
        np.zeros(0, np.int64)
    ] * 3
    broken = np.diff(columns[0]) > 1 if missing is Missing.BREAK else None
    assert gaps(columns[0], SESSIONS).tolist() == (np.diff(columns[0]) > 1).tolist()
    streaks, _ = find(columns[0], active_signs(columns[1], columns[2]), ties, broken)
    found = [(s.direction, s.length, s.start, s.end) for s in streaks]
    assert found == brute_force(rows, ties, missing)


@given(rows, ties, missing)
def test_streaming_and_brute_force_agree(rows: list[Row], ties: Ties, missing: Missing) -> None:
    tracker = Tracker(Terms(ties=ties, sessions=SESSIONS, missing=missing))
    found = []
    previous: Row | None = None
    for row in rows:
        sign = 0 if previous is None else active_sign(previous[1], row[1], previous[2], row[2])
        step, previous = tracker.step(row[0], sign), row
        if step is not None and step.ended is not None:
            found.append(step.ended)
    if tracker.running is not None:
        found.append(tracker.running)
    assert [(s.direction, s.length, s.start, s.end) for s in found] == brute_force(
        rows, ties, missing
    )


def test_a_gap_ends_a_streak_and_its_return_counts_for_nothing() -> None:
    tracker = Tracker(Terms(sessions=SESSIONS, missing=Missing.BREAK))
    for period, sign in ((100, 0), (101, 1), (102, 1)):
        tracker.step(period, sign)
    step = tracker.step(105, 1)
    assert step is not None
    assert (step.running, step.counted, step.ended_by) == (None, False, EndedBy.MISSING)
    assert step.ended is not None
    assert (step.ended.length, step.ended.end, tracker.returns) == (2, 102, 2)
    after = tracker.step(106, 1)
    assert after is not None
    assert after.running is not None
    assert (after.running.base, after.running.start) == (105, 106)


def test_without_a_calendar_nothing_is_missing() -> None:
    tracker = Tracker(Terms(missing=Missing.BREAK))
    tracker.step(100, 0)
    step = tracker.step(900, 1)
    assert step is not None
    assert step.running is not None


@pytest.mark.parametrize(
    ("first", "last", "inner"),
    [(1, 2, ()), (1, 5, (3, 4)), (3, 4, ()), (0, 9, (3, 4, 7)), (4, 3, ())],
)
def test_the_sessions_between_two_periods(first: int, last: int, inner: tuple[int, ...]) -> None:
    assert between((3, 4, 7), first, last) == inner


@given(
    st.lists(st.integers(0, 5000), unique=True).map(sorted),
    st.sampled_from([Nights(), Nights((0, 700, 2000, 2001, 4000)), Nights(day=100)]),
)
def test_nights_lie_between_trading_days(periods: list[int], nights: Nights) -> None:
    steps = nights.steps(np.array(periods, np.int64)).tolist()
    assert steps == [nights.between(p0, p1) for p0, p1 in pairwise(periods)]
    opens = nights.opens or range(0, 6000, nights.day)
    for (p0, p1), apart in zip(pairwise(periods), steps, strict=True):
        assert apart == any(p0 < begin <= p1 for begin in opens)
