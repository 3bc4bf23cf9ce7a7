"""Periods: ISO dates as whole days, times as whole minutes, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.watchlists import Watchlist
from streams.core.periods import (
    INTERVALS,
    PeriodError,
    between,
    ended_by_ms,
    from_date,
    from_text,
    is_aligned,
    is_future,
    to_date,
    to_text,
)

DAYS = st.dates(date(1800, 1, 1), date(2199, 12, 31))
TIMES = st.datetimes(datetime(1800, 1, 1), datetime(2199, 12, 31, 23, 59)).map(
    lambda time: time.replace(second=0, microsecond=0, tzinfo=UTC)
)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INTRADAY = sorted(INTERVALS.keys() - {"1d"})
MINUTE_MS, DAY_MS = 60_000, 86_400_000


@given(DAYS)
@example(date(1969, 12, 31))
@example(date(2000, 2, 29))
def test_round_trips(day: date) -> None:
    period = from_date(day)
    assert to_date(period) == day
    assert from_text(to_text(period)) == period
    assert to_text(period) == day.isoformat()


@given(DAYS)
def test_counts_as_numpy_does(day: date) -> None:
    assert from_date(day) == np.datetime64(day, "D").astype(int)


@pytest.mark.parametrize("text", ["1800-01-01", "1970-01-01", "2024-02-29", "2199-12-31"])
def test_the_limits_are_read(text: str) -> None:
    assert to_text(from_text(text)) == text


def test_the_epoch_is_zero() -> None:
    assert from_text("1970-01-01") == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a date of the form YYYY-MM-DD"),
        ("2026-1-5", "'2026-1-5' is not a date of the form YYYY-MM-DD"),
        ("20260105", "'20260105' is not a date of the form YYYY-MM-DD"),
        ("2026-W02-1", "'2026-W02-1' is not a date of the form YYYY-MM-DD"),
        ("2026-01-05T00:00:00", "'2026-01-05T00:00:00' is not a date of the form YYYY-MM-DD"),
        ("2026-01-05\n", "'2026-01-05\\n' is not a date of the form YYYY-MM-DD"),
        (" 2026-01-05", "' 2026-01-05' is not a date of the form YYYY-MM-DD"),
        ("２０２６-01-05", "'２０２６-01-05' is not a date of the form YYYY-MM-DD"),
        ("+2026-01-05", "'+2026-01-05' is not a date of the form YYYY-MM-DD"),
        ("12026-01-05", "'12026-01-05' is not a date of the form YYYY-MM-DD"),
        ("2026-02-30", "'2026-02-30' is a date that does not exist"),
        ("2025-02-29", "'2025-02-29' is a date that does not exist"),
        ("2026-13-01", "'2026-13-01' is a date that does not exist"),
        ("2026-00-01", "'2026-00-01' is a date that does not exist"),
        ("0000-01-01", "'0000-01-01' is a date that does not exist"),
        ("1799-12-31", "'1799-12-31' lies outside the years 1800 to 2199"),
        ("2200-01-01", "'2200-01-01' lies outside the years 1800 to 2199"),
        ("9999-12-31", "'9999-12-31' lies outside the years 1800 to 2199"),
        ("2" * 41, f"'{'2' * 37}...' is not a date of the form YYYY-MM-DD"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(PeriodError) as caught:
        from_text(text)
    assert str(caught.value) == message


def test_the_intervals_are_those_of_the_configuration() -> None:
    assert get_args(Watchlist.model_fields["interval"].annotation) == tuple(INTERVALS)
    assert all(1440 % minutes == 0 for minutes in INTERVALS.values())


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@given(TIMES, st.sampled_from(INTRADAY))
@example(datetime(1969, 12, 31, 23, 59, tzinfo=UTC), "1m")
@example(datetime(1800, 1, 1, tzinfo=UTC), "1h")
def test_times_round_trip(time: datetime, interval: str) -> None:
    text = f"{time:%Y-%m-%dT%H:%MZ}"
    period = from_text(text, interval)
    assert period == np.datetime64(time.replace(tzinfo=None), "m").astype(int)
    assert to_text(period, interval) == text
    assert to_date(period, interval) == time.date()
    assert from_date(time.date(), interval) == period - 60 * time.hour - time.minute


@given(TIMES, OFFSETS, st.booleans())
@example(datetime(1800, 1, 1, tzinfo=UTC), timezone(timedelta(hours=-23, minutes=-59)), True)
@example(datetime(2199, 12, 31, 23, 59, tzinfo=UTC), timezone(timedelta(hours=14)), True)
def test_an_offset_is_another_name_of_a_time(time: datetime, zone: timezone, brief: bool) -> None:
    local = time.astimezone(zone).isoformat("T", "minutes" if brief else "seconds")
    assert to_text(from_text(local, "5m"), "5m") == f"{time:%Y-%m-%dT%H:%MZ}"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-22T14:30Z",
        "2026-01-22T14:30:00Z",
        "2026-01-22T09:30:00-05:00",
        "2026-01-22T09:30-05:00",
        "2026-01-22T14:30+00:00",
        "2026-01-22T14:30-00:00",
        "2026-01-23T00:15+09:45",
        "2026-01-21T14:31-23:59",
    ],
)
def test_forms_of_one_time(text: str) -> None:
    assert to_text(from_text(text, "1m"), "1m") == "2026-01-22T14:30Z"


FORM = "is not a time of the form YYYY-MM-DDTHH:MMZ, nor with an offset such as -05:00 for the Z"
NOT_THERE = "is a time that does not exist"
YEARS = "lies outside the years 1800 to 2199"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", FORM),
        ("2026-01-22", FORM),
        ("2026-01-22T14:30", FORM),
        ("2026-01-22T14Z", FORM),
        ("2026-01-22 14:30Z", FORM),
        ("2026-01-22t14:30z", FORM),
        ("2026-01-22T14:30Z ", FORM),
        ("2026-01-22T14:30Z\n", FORM),
        ("2026-01-22T1430Z", FORM),
        ("2026-1-22T14:30Z", FORM),
        ("2026-W04-4T14:30Z", FORM),
        ("2026-01-22T14:30:00.000Z", FORM),
        ("2026-01-22T14:30-0500", FORM),
        ("2026-01-22T14:30-05", FORM),
        ("2026-01-22T14:30-05:60", FORM),
        ("2026-01-22T14:30-05:00:00", FORM),
        ("2026-01-22T14:30Z-05:00", FORM),
        ("2026-01-22T14:30 America/New_York", FORM),
        ("２０２６-01-22T14:30Z", FORM),
        ("2026-01-22T24:00Z", FORM),
        ("2026-01-22T25:00Z", NOT_THERE),
        ("2026-01-22T14:60Z", NOT_THERE),
        ("2026-01-22T14:30:60Z", NOT_THERE),
        ("2026-02-30T14:30Z", NOT_THERE),
        ("2025-02-29T14:30Z", NOT_THERE),
        ("2026-13-01T14:30Z", NOT_THERE),
        ("0000-01-01T14:30Z", NOT_THERE),
        ("2026-01-22T14:30-24:00", NOT_THERE),
        ("2026-01-22T14:30:01Z", "is not a whole minute"),
        ("2026-01-22T14:30:59-05:00", "is not a whole minute"),
        ("1799-12-31T23:59Z", YEARS),
        ("1800-01-01T00:00+00:01", YEARS),
        ("2200-01-01T00:00Z", YEARS),
        ("2199-12-31T23:59-00:01", YEARS),
        ("0001-01-01T00:00+23:59", YEARS),
        ("9999-12-31T23:59-23:59", YEARS),
    ],
)
def test_refusals_of_times(text: str, message: str) -> None:
    with pytest.raises(PeriodError) as caught:
        from_text(text, "5m")
    assert str(caught.value) == f"{text!r} {message}"


@given(st.text(max_size=30) | st.text("0123456789-:TZ+", max_size=25))
def test_any_text_is_a_period_or_refused(text: str) -> None:
    for interval in INTERVALS:
        try:
            assert from_text(to_text(from_text(text, interval), interval), interval) is not None
        except PeriodError as error:
            assert str(error).isprintable()  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "interval", "begins"),
    [
        ("2026-01-22", "1d", "2026-01-21T10:00Z"),  # on the islands that are first
        ("2026-01-22T14:30Z", "5m", "2026-01-22T14:30Z"),
        ("2026-01-22T14:30Z", "1h", "2026-01-22T14:30Z"),
        ("1969-12-31T23:59Z", "1m", "1969-12-31T23:59Z"),
    ],
)
def test_a_period_is_future_until_it_begins(text: str, interval: str, begins: str) -> None:
    period = from_text(text, interval)
    assert is_future(period, ms(begins) - 1, interval)
    assert not is_future(period, ms(begins), interval)


@pytest.mark.parametrize(
    ("text", "interval", "ended"),
    [
        ("2026-01-22", "1d", "2026-01-23T12:00Z"),
        ("1969-12-30", "1d", "1969-12-31T12:00Z"),
        ("2026-01-22T14:30Z", "1m", "2026-01-22T14:31Z"),
        ("2026-01-22T14:30Z", "1h", "2026-01-22T15:30Z"),
        ("2026-01-22T23:45Z", "15m", "2026-01-23T00:00Z"),
    ],
)
def test_when_a_period_has_ended(text: str, interval: str, ended: str) -> None:
    assert ended_by_ms(from_text(text, interval), interval) == ms(ended)


@given(st.integers(-62_000, 84_000))
def test_without_an_interval_a_period_is_a_day(day: int) -> None:
    assert to_text(day) == to_text(day, "1d")
    assert from_text(to_text(day)) == from_text(to_text(day), "1d") == day
    assert from_date(to_date(day)) == from_date(to_date(day, "1d"), "1d") == day
    assert ended_by_ms(day) == ended_by_ms(day, "1d") == day * DAY_MS + 3 * DAY_MS // 2
    assert is_future(day, day * DAY_MS) == is_future(day, day * DAY_MS, "1d")


@given(DAYS, st.integers(0, 1439), st.sampled_from(INTRADAY))
def test_aligned_is_a_whole_number_of_intervals_after_midnight(
    day: date, minute: int, interval: str
) -> None:
    period = from_date(day, interval) + minute
    assert is_aligned(period, interval) == (minute in range(0, 1440, INTERVALS[interval]))
    assert is_aligned(from_date(day), "1d")


def test_an_interval_that_there_is_not() -> None:
    for ask in (ended_by_ms, is_aligned):
        with pytest.raises(KeyError):
            ask(0, "7w")


def test_between() -> None:
    sessions = [1, 2, 5, 6, 9]
    assert between(sessions, 2, 9) == [5, 6]
    assert between(sessions, 3, 4) == []
    assert between((), 3, 4) == ()
