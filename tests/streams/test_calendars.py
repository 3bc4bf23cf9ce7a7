"""Sessions and their intervals: counted from each open, anew after lunch, cut short by a close."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from exchange_calendars.errors import InvalidCalendarName
from hypothesis import given
from hypothesis import strategies as st

from streams.calendars import Intervals, Sessions, Stretches, by_name, end, ended, opens, sessions
from streams.core.periods import INTERVALS, between, from_date, from_text, to_text

ZONES = {"XNYS": "America/New_York", "XHKG": "Asia/Hong_Kong", "XTKS": "Asia/Tokyo", "24/7": "UTC"}


def of_day(calendar: str, day: str, interval: str) -> list[str]:
    """The intervals that begin on a day of the exchange, as its own clock shows them."""
    zone = ZoneInfo(ZONES[calendar])
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
    edges = [midnight, midnight + timedelta(days=1)]
    first, end = (int(edge.timestamp()) // 60 for edge in edges)
    found = between(sessions(calendar, interval), first - 1, end)
    return [f"{datetime.fromtimestamp(60 * period, zone):%H:%M}" for period in found]


def every(minutes: int, *stretches: tuple[str, str]) -> list[str]:
    """Clock times from each start, before each end."""
    found: list[int] = []
    for stretch in stretches:
        start, end = (60 * int(text[:2]) + int(text[3:]) for text in stretch)
        found.extend(range(start, end, minutes))
    return [f"{minute // 60:02}:{minute % 60:02}" for minute in found]


@pytest.mark.parametrize("interval", sorted(INTERVALS.keys() - {"1d"}))
@pytest.mark.parametrize(
    ("calendar", "day", "stretches"),
    [
        ("XNYS", "2026-01-22", [("09:30", "16:00")]),
        ("XNYS", "2026-01-19", []),  # Martin Luther King Day
        ("XNYS", "2026-01-17", []),  # a Saturday
        ("XNYS", "2025-11-27", []),  # Thanksgiving
        ("XNYS", "2025-11-28", [("09:30", "13:00")]),  # an early close
        ("XNYS", "2025-12-24", [("09:30", "13:00")]),
        ("XNYS", "2026-03-06", [("09:30", "16:00")]),  # before and after summer time begins
        ("XNYS", "2026-03-09", [("09:30", "16:00")]),
        ("XNYS", "2025-10-31", [("09:30", "16:00")]),  # before and after it ends
        ("XNYS", "2025-11-03", [("09:30", "16:00")]),
        ("XHKG", "2026-01-22", [("09:30", "12:00"), ("13:00", "16:00")]),
        ("XHKG", "2025-12-24", [("09:30", "12:00")]),  # closed from lunch on
        ("XTKS", "2025-01-22", [("09:00", "11:30"), ("12:30", "15:30")]),
        ("24/7", "2026-01-17", [("00:00", "24:00")]),
    ],
)
def test_intervals_of_a_day(
    calendar: str, day: str, interval: str, stretches: list[tuple[str, str]]
) -> None:
    assert of_day(calendar, day, interval) == every(INTERVALS[interval], *stretches)


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        ("2026-03-06", "2026-03-06T14:30Z"),
        ("2026-03-09", "2026-03-09T13:30Z"),
        ("2025-10-31", "2025-10-31T13:30Z"),
        ("2025-11-03", "2025-11-03T14:30Z"),
    ],
)
def test_the_open_moves_with_summer_time(day: str, begins: str) -> None:
    period = from_text(begins, "5m")
    assert period in sessions("XNYS", "5m")
    assert period in opens("XNYS", "5m")
    before = from_date(date.fromisoformat(day), "5m")
    assert sessions("XNYS", "5m")[bisect_left(sessions("XNYS", "5m"), before)] == period


@pytest.mark.parametrize(
    ("calendar", "interval", "text", "is_one"),
    [
        ("XNYS", "1h", "2026-01-22T20:30Z", True),  # the last half hour
        ("XNYS", "1h", "2026-01-22T21:30Z", False),
        ("XNYS", "1h", "2026-01-22T15:00Z", False),
        ("XNYS", "30m", "2026-01-22T15:00Z", True),
        ("XNYS", "15m", "2026-01-22T15:05Z", False),
        ("XNYS", "5m", "2026-01-22T14:25Z", False),
        ("XNYS", "5m", "2026-01-22T20:55Z", True),
        ("XNYS", "5m", "2026-01-22T21:00Z", False),
        ("XNYS", "1m", "2026-01-22T20:59Z", True),
        ("XNYS", "1m", "2026-01-22T21:00Z", False),
        ("XNYS", "1h", "2025-11-28T17:30Z", True),
        ("XNYS", "1h", "2025-11-28T18:30Z", False),
        ("XHKG", "1h", "2026-01-22T03:30Z", True),  # half an hour before lunch
        ("XHKG", "1h", "2026-01-22T04:30Z", False),
        ("XHKG", "1h", "2026-01-22T05:00Z", True),
        ("XHKG", "1h", "2026-01-22T05:30Z", False),
        ("24/7", "1h", "2026-01-18T23:00Z", True),
        ("24/7", "1h", "2026-01-18T23:30Z", False),
    ],
)
def test_what_is_an_interval(calendar: str, interval: str, text: str, is_one: bool) -> None:
    assert (from_text(text, interval) in sessions(calendar, interval)) == is_one


@pytest.mark.parametrize("calendar", ["XNYS", "XHKG", "XTKS", "24/7"])
@pytest.mark.parametrize("interval", ["5m", "1h"])
def test_each_session_opens_once(calendar: str, interval: str) -> None:
    """What follows a break for lunch opens no session."""
    first = opens(calendar, interval)
    assert len(first) == len(sessions(calendar))
    assert np.isin(np.asarray(first), np.asarray(sessions(calendar, interval))).all()
    assert (np.diff(np.asarray(first)) > 0).all()


def test_days_open_themselves() -> None:
    assert opens("XNYS") is sessions("XNYS") is sessions("XNYS", interval="1d")
    assert isinstance(sessions("XNYS"), Sessions)
    assert from_text("2026-01-20") in sessions("XNYS")
    assert from_text("2026-01-19") not in sessions("XNYS")
    assert "2026-01-20" not in sessions("XNYS")


def test_by_name() -> None:
    wanted = [("XNYS", "1d"), ("XNYS", "5m"), ("none", "1d"), ("none", "5m"), ("XNYS", "5m")]
    assert by_name(wanted) == {
        ("XNYS", "1d"): sessions("XNYS"),
        ("XNYS", "5m"): sessions("XNYS", "5m"),
    }


def test_what_there_is_not() -> None:
    with pytest.raises(InvalidCalendarName):
        sessions("XXXX", "5m")
    for ask in (sessions, opens):
        with pytest.raises(KeyError):
            ask("XNYS", "7w")


def test_a_century_of_minutes_is_not_listed() -> None:
    minutes = sessions("24/7", "1m")
    assert len(minutes) == 1440 * len(sessions("24/7")) > 50_000_000
    assert to_text(minutes[0], "1m") == "1960-01-01T00:00Z"
    assert to_text(minutes[-1], "1m") == "2060-12-31T23:59Z"
    assert len(between(minutes, minutes[0], minutes[-1])) == len(minutes) - 2


@st.composite
def stretches(draw: st.DrawFn) -> tuple[list[tuple[int, int]], int]:
    lengths = st.tuples(st.integers(0, 90), st.integers(1, 200))
    gaps = draw(st.lists(lengths, min_size=1, max_size=6))
    at, found = draw(st.integers(-5000, 5000)), []
    for gap, length in gaps:
        found.append((at + gap, at + gap + length))
        at += gap + length
    return found, draw(st.sampled_from([1, 5, 15, 30, 60]))


def both(given_stretches: tuple[list[tuple[int, int]], int]) -> tuple[Intervals, list[int]]:
    """The intervals, and the plain list of the same."""
    found, minutes = given_stretches
    starts, ends = (np.array([s[i] for s in found], np.int64) for i in (0, 1))
    listed = [begin for start, end in found for begin in range(start, end, minutes)]
    return Intervals(Stretches(starts, ends, minutes)), listed


@given(stretches())
def test_intervals_are_the_list_of_them(example: tuple[list[tuple[int, int]], int]) -> None:
    intervals, listed = both(example)
    assert list(intervals) == listed
    assert [intervals[i] for i in range(-len(listed), len(listed))] == listed * 2
    assert len(intervals) == len(listed)
    assert np.asarray(intervals).tolist() == listed
    assert np.asarray(intervals, np.float64).dtype == np.float64
    assert list(reversed(intervals)) == listed[::-1]
    for index in (len(listed), -len(listed) - 1):
        with pytest.raises(IndexError):
            intervals[index]


SLICE = st.integers(-50, 50) | st.none()


@given(stretches(), SLICE, SLICE, SLICE.filter(lambda step: step != 0))
def test_a_slice_is_that_of_the_list(
    example: tuple[list[tuple[int, int]], int], start: int | None, stop: int | None, step: int
) -> None:
    intervals, listed = both(example)
    part, expected = intervals[start:stop:step], listed[start:stop:step]
    assert list(part) == expected
    assert list(part[1:]) == expected[1:]
    assert len(part) == len(expected)
    assert bool(part) == bool(expected)


@given(stretches(), SLICE, SLICE, st.lists(st.integers(-6000, 7000), max_size=20))
def test_places_are_those_of_the_list(
    example: tuple[list[tuple[int, int]], int],
    start: int | None,
    stop: int | None,
    numbers: list[int],
) -> None:
    whole, listed_whole = both(example)
    intervals, listed = whole[start:stop], listed_whole[start:stop]
    assert isinstance(intervals, Intervals)
    numbers += [begin + by for begin in listed for by in (-1, 0, 1)]
    left, right = ([f(listed, n) for n in numbers] for f in (bisect_left, bisect_right))
    assert [intervals.bisect_left(n) for n in numbers] == left
    assert [intervals.bisect_right(n) for n in numbers] == right
    assert [bisect_left(intervals, n) for n in numbers] == left
    assert np.searchsorted(intervals, numbers).tolist() == left
    assert np.searchsorted(intervals, numbers, side="right").tolist() == right
    assert [n in intervals for n in numbers] == [n in listed for n in numbers]
    assert "5" not in intervals


@pytest.mark.parametrize("calendar", ["XNYS", "XHKG"])
def test_intervals_of_all_sessions_are_listed_in_order(calendar: str) -> None:
    hours: Sequence[int] = sessions(calendar, "1h")
    listed = np.asarray(hours)
    assert listed.tolist() == list(hours)
    assert (np.diff(listed) > 0).all()


def at(text: str) -> float:
    """Milliseconds since 1970."""
    return datetime.fromisoformat(text).timestamp() * 1000


def last_ended(calendar: str, interval: str, when: str) -> tuple[str, str]:
    """The last period that had ended, and its end on the exchange's clock."""
    ((period, end_ms),) = ended(calendar, interval, at(when), 1)
    end = datetime.fromtimestamp(end_ms / 1000, ZoneInfo(ZONES[calendar]))
    return to_text(period, interval), f"{end:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("calendar", "interval", "when", "period", "end"),
    [
        ("XNYS", "1d", "2026-01-22T20:59:59Z", "2026-01-21", "01-21 16:00"),
        ("XNYS", "1d", "2026-01-22T21:00Z", "2026-01-22", "01-22 16:00"),
        ("XNYS", "1d", "2025-11-28T17:59Z", "2025-11-26", "11-26 16:00"),  # after Thanksgiving
        ("XNYS", "1d", "2025-11-28T18:00Z", "2025-11-28", "11-28 13:00"),  # an early close
        ("XNYS", "1d", "2026-01-19T23:00Z", "2026-01-16", "01-16 16:00"),  # a holiday, a Monday
        ("XNYS", "1d", "2026-01-18T12:00Z", "2026-01-16", "01-16 16:00"),  # a Sunday
        ("XNYS", "1d", "2026-03-09T19:59Z", "2026-03-06", "03-06 16:00"),  # summer time
        ("XNYS", "1d", "2026-03-09T20:00Z", "2026-03-09", "03-09 16:00"),
        ("XNYS", "1h", "2025-11-28T18:00Z", "2025-11-28T17:30Z", "11-28 13:00"),  # cut short
        ("XNYS", "5m", "2026-01-22T14:34:59Z", "2026-01-21T20:55Z", "01-21 16:00"),
        ("XNYS", "5m", "2026-01-22T14:35Z", "2026-01-22T14:30Z", "01-22 09:35"),
        ("XHKG", "1h", "2026-01-22T04:00Z", "2026-01-22T03:30Z", "01-22 12:00"),  # lunch
        ("XHKG", "1h", "2026-01-22T05:59Z", "2026-01-22T03:30Z", "01-22 12:00"),
        ("24/7", "1m", "2026-01-17T10:07:59Z", "2026-01-17T10:06Z", "01-17 10:07"),
        ("24/7", "1d", "2026-01-17T10:07:59Z", "2026-01-16", "01-17 00:00"),
    ],
)
def test_the_last_period_that_has_ended(
    calendar: str, interval: str, when: str, period: str, end: str
) -> None:
    assert last_ended(calendar, interval, when) == (period, end)


@pytest.mark.parametrize("interval", ["1d", "1h"])
def test_the_last_few_periods_that_have_ended(interval: str) -> None:
    """As many as are wanted, and as there are; what still goes on is none of them."""
    when = at("2026-01-22T16:00Z")
    few = ended("XNYS", interval, when, 3)
    assert len(few) == 3
    assert [one.period for one in few] == sorted({one.period for one in few})
    assert ended("XNYS", interval, when, 2) == few[1:]
    assert ended("XNYS", interval, few[-1].at_ms, 3) == few
    assert ended("XNYS", interval, few[-1].at_ms - 1, 2) == few[:-1]
    assert ended("XNYS", interval, at("1900-01-01T00:00Z"), 3) == []


@pytest.mark.parametrize("interval", ["1d", "1h"])
def test_each_period_ends_when_it_has_ended(interval: str) -> None:
    for period, at_ms in ended("XNYS", interval, at("2025-12-01T00:00Z"), 20):
        assert end("XNYS", interval, period) == at_ms


def test_what_no_calendar_has_never_ends() -> None:
    sunday = from_text("2025-11-30")
    assert end("XNYS", "1d", sunday) is None
    assert end("none", "1d", sunday) is None
