"""Timings beside brute force by zoneinfo, minute by minute; and around sessions of exchanges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.timings import Timing
from config.timings import DAYS, Span
from streams.calendars import hours_of

MINUTE = timedelta(minutes=1)


def timing(*spans: dict[str, Any]) -> Timing:
    return Timing([Span.model_validate(span) for span in spans], hours_of)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = "America/New_York") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


HOLDS = {
    "a time of the day": ({"times": "09:00-17:00"}, utc("2026-01-22 09:00"), True),
    "before it": ({"times": "09:00-17:00"}, utc("2026-01-22 08:59:59"), False),
    "at its end": ({"times": "09:00-17:00"}, utc("2026-01-22 17:00"), False),
    "a whole day": ({"times": "00:00-24:00"}, utc("2026-01-22 23:59"), True),
    "a zone": (
        {"times": "09:00-17:00", "zone": "America/New_York"},
        utc("2026-01-22 14:00"),
        True,
    ),
    "the same in summer": (
        {"times": "09:00-17:00", "zone": "America/New_York"},
        utc("2026-07-22 13:00"),
        True,
    ),
    "over midnight, evening": (
        {"times": "22:00-07:00", "weekdays": "fri"},
        utc("2026-01-23 23:00"),
        True,
    ),
    "over midnight, morning": (
        {"times": "22:00-07:00", "weekdays": "fri"},
        utc("2026-01-24 06:59"),
        True,
    ),
    "the morning of its day": (
        {"times": "22:00-07:00", "weekdays": "fri"},
        utc("2026-01-23 06:00"),
        False,
    ),
    "weekdays": ({"weekdays": "sat-mon"}, utc("2026-01-26 12:00"), True),
    "not of them": ({"weekdays": ["sat", "sun"]}, utc("2026-01-26 12:00"), False),
    "a date": ({"dates": "2026-01-26"}, utc("2026-01-26 00:00"), True),
    "days": ({"dates": ["2026-01-01", "2026-12-24 to 2027-01-02"]}, utc("2027-01-02 23:59"), True),
    "after them": ({"dates": "2026-12-24 to 2027-01-02"}, utc("2027-01-03 00:00"), False),
    "in a session": (
        {"calendar": "XNYS", "session": "inside"},
        local("2026-01-22 09:30"),
        True,
    ),
    "at its close": ({"calendar": "XNYS", "session": "inside"}, local("2026-01-22 16:00"), False),
    "outside of one": (
        {"calendar": "XNYS", "session": "outside"},
        local("2026-01-22 16:00"),
        True,
    ),
    "on a holiday": ({"calendar": "XNYS", "session": "outside"}, local("2026-01-19 12:00"), True),
    "after an early close": (
        {"calendar": "XNYS", "from": "close", "to": "close + 2h"},
        local("2026-11-27 14:59"),
        True,
    ),
    "two hours after an early close": (
        {"calendar": "XNYS", "from": "close", "to": "close + 2h"},
        local("2026-11-27 15:00"),
        False,
    ),
    "before the open": (
        {"calendar": "XNYS", "from": "open - 30m", "to": "open"},
        local("2026-01-22 09:00"),
        True,
    ),
    "over the weekend": (
        {"calendar": "XNYS", "from": "close", "to": "open"},
        local("2026-01-24 12:00"),
        True,
    ),
    "from close to close": (
        {"calendar": "XNYS", "from": "close + 2h", "to": "close"},
        local("2026-01-22 17:00"),
        False,
    ),
    "the last hour of sessions on a Friday": (
        {"calendar": "XNYS", "from": "close - 1h", "to": "close", "weekdays": "fri"},
        local("2026-01-22 15:30"),
        False,
    ),
}


@pytest.mark.parametrize(("span", "at", "holds"), HOLDS.values(), ids=HOLDS)
def test_when_it_holds(span: dict[str, Any], at: datetime, holds: bool) -> None:
    assert timing(span).holds(at) is holds


def test_one_of_several_spans_is_enough() -> None:
    either = timing({"weekdays": "sat"}, {"times": "22:00-23:00"})
    assert [either.holds(utc(t)) for t in ("2026-01-24 12:00", "2026-01-22 22:30")] == [True, True]
    assert not either.holds(utc("2026-01-22 12:00"))


CHANGES = {
    "the end of a night": (
        {"times": "22:00-07:00", "zone": "America/New_York"},
        utc("2026-01-22 04:00"),
        utc("2026-01-22 12:00"),
    ),
    "a night in which clocks go forward": (
        {"times": "22:00-07:00", "zone": "America/New_York"},
        utc("2026-03-08 04:00"),
        utc("2026-03-08 11:00"),
    ),
    "a time that does not come": (
        {"times": "01:30-02:30", "zone": "America/New_York"},
        utc("2026-03-08 06:45"),
        utc("2026-03-08 07:00"),
    ),
    "a begin that does not come": (
        {"times": "02:30-04:00", "zone": "America/New_York"},
        utc("2026-03-08 06:45"),
        utc("2026-03-08 07:00"),
    ),
    "an hour that comes twice": (
        {"times": "01:30-02:00", "zone": "America/New_York"},
        utc("2026-11-01 05:45"),
        utc("2026-11-01 06:00"),
    ),
    "and again": (
        {"times": "01:30-02:00", "zone": "America/New_York"},
        utc("2026-11-01 06:00"),
        utc("2026-11-01 06:30"),
    ),
    "nights one after the other are one": (
        {"times": ["22:00-24:00", "00:00-07:00"]},
        utc("2026-01-22 23:00"),
        utc("2026-01-23 07:00"),
    ),
    "the open after a weekend": (
        {"calendar": "XNYS", "session": "outside"},
        local("2026-01-16 16:00"),
        local("2026-01-20 09:30"),
    ),
    "a day far away": ({"dates": "2026-12-24"}, utc("2026-01-22 12:00"), utc("2026-12-24 00:00")),
}


@pytest.mark.parametrize(("span", "at", "change"), CHANGES.values(), ids=CHANGES)
def test_when_it_changes(span: dict[str, Any], at: datetime, change: datetime) -> None:
    one = timing(span)
    assert one.next_change(at) == change
    assert one.next_change(change - MINUTE) == change


@pytest.mark.parametrize("span", [{"times": "00:00-24:00"}, {"dates": "2020-01-01"}])
def test_what_does_not_change_within_a_year(span: dict[str, Any]) -> None:
    assert timing(span).next_change(utc("2026-01-22 12:00")) is None


# --- brute force ----------------------------------------------------------------------------

ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
EDGES = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4),
         date(2026, 10, 25), date(2026, 11, 1)]  # fmt: skip
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
TIMES = st.tuples(CLOCK, CLOCK).filter(lambda pair: pair[0] != pair[1]).map("-".join)
SPANS = st.fixed_dictionaries(
    {"zone": st.sampled_from(ZONES), "times": st.lists(TIMES, min_size=1, max_size=2, unique=True)},
    optional={"weekdays": st.lists(st.sampled_from(DAYS), min_size=1, unique=True)},
)
MOMENTS = st.builds(
    lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + minutes * MINUTE,
    st.sampled_from(EDGES),
    st.integers(-1440, 2880),
)


def by_the_wall(span: dict[str, Any], at: datetime) -> bool:
    """Whether a clock on the wall shows a time of the span, word by word."""
    wall = at.astimezone(ZoneInfo(span["zone"]))
    shown, days = f"{wall:%H:%M}", span.get("weekdays", DAYS)
    today, before = DAYS[wall.weekday()], DAYS[(wall.weekday() - 1) % 7]
    found = False
    for times in span["times"]:
        begin, end = times.split("-")
        if begin < end:
            found |= begin <= shown < end and today in days
        else:
            found |= (shown >= begin and today in days) or (shown < end and before in days)
    return found


@given(SPANS, MOMENTS)
def test_it_holds_when_the_wall_says_so(span: dict[str, Any], at: datetime) -> None:
    assert timing(span).holds(at) == by_the_wall(span, at)


@settings(max_examples=60, deadline=None)
@given(SPANS, MOMENTS)
def test_the_next_change_is_the_first_minute_that_is_otherwise(
    span: dict[str, Any], at: datetime
) -> None:
    now = by_the_wall(span, at)
    minutes = (at + n * MINUTE for n in range(1, 8 * 1440 + 120))
    expected = next((one for one in minutes if by_the_wall(span, one) != now), None)
    change = timing(span).next_change(at)
    if expected is not None:
        assert change == expected
    else:
        assert change is None or change > at + timedelta(days=8)
