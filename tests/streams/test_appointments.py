"""When summaries are due: around sessions, and by the clock of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.watchlists import Watchlist
from streams.appointments import last_appointment
from streams.core.periods import to_text


def watchlist(interval: str = "1d", **rule: Any) -> Watchlist:
    return Watchlist.model_validate(
        {
            "calendar": "XNYS",
            "interval": interval,
            "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
            "rules": [{"kind": "summary"} | rule],
            "targets": ["desk"],
        }
    )


def last(at: str, watched: Watchlist) -> tuple[str, str] | None:
    """The period and the moment of the last one by a time."""
    by_ms = datetime.fromisoformat(at).timestamp() * 1000
    found = last_appointment(watched.rules[0], watched, by_ms)  # type: ignore[arg-type]
    if found is None:
        return None
    moment = datetime.fromtimestamp(found.at_ms / 1000, UTC)
    return to_text(found.period, watched.interval), f"{moment:%Y-%m-%dT%H:%MZ}"


@pytest.mark.parametrize(
    ("at", "rule", "found"),
    [
        ("2026-01-23T21:29:59Z", {}, ("2026-01-22", "2026-01-22T21:30Z")),
        ("2026-01-23T21:30Z", {}, ("2026-01-23", "2026-01-23T21:30Z")),
        ("2026-01-26T12:00Z", {}, ("2026-01-23", "2026-01-23T21:30Z")),  # a weekend
        ("2025-11-28T18:30Z", {}, ("2025-11-28", "2025-11-28T18:30Z")),  # an early close
        ("2026-03-09T20:30Z", {}, ("2026-03-09", "2026-03-09T20:30Z")),  # summer time
        ("2026-01-23T14:00Z", {"at": "open - 30m"}, ("2026-01-23", "2026-01-23T14:00Z")),
        ("2026-01-25T12:00Z", {"at": "close + 40h"}, ("2026-01-22", "2026-01-24T13:00Z")),
        ("2026-01-22T22:00Z", {"every": "week"}, ("2026-01-16", "2026-01-16T21:30Z")),
        ("2026-01-23T22:00Z", {"every": "week"}, ("2026-01-23", "2026-01-23T21:30Z")),
        # Good Friday: the week ends on Thursday
        ("2026-04-02T20:30Z", {"every": "week"}, ("2026-04-02", "2026-04-02T20:30Z")),
        ("2026-01-31T00:00Z", {"every": "month"}, ("2026-01-30", "2026-01-30T21:30Z")),
        ("2026-01-30T21:00Z", {"every": "month"}, ("2025-12-31", "2025-12-31T21:30Z")),
        # by the clock: weekends count, unless said otherwise
        ("2026-01-25T18:00Z", {"at": "18:00"}, ("2026-01-25", "2026-01-25T18:00Z")),
        ("2026-01-25T17:59Z", {"at": "18:00"}, ("2026-01-24", "2026-01-24T18:00Z")),
        (
            "2026-01-26T12:00Z",
            {"at": "07:00", "zone": "America/New_York", "weekdays": "mon"},
            ("2026-01-26", "2026-01-26T12:00Z"),
        ),
        (
            "2026-01-26T11:59Z",
            {"at": "07:00", "zone": "America/New_York", "weekdays": "mon"},
            ("2026-01-19", "2026-01-19T12:00Z"),
        ),
        # the clock on the wall is past it while the day of UTC is another
        (
            "2026-01-22T23:30Z",
            {"at": "08:00", "zone": "Asia/Tokyo"},
            ("2026-01-23", "2026-01-22T23:00Z"),
        ),
        # clocks go forward over 02:30, and back over 01:30
        (
            "2026-03-08T07:30Z",
            {"at": "02:30", "zone": "America/New_York"},
            ("2026-03-08", "2026-03-08T07:30Z"),
        ),
        (
            "2026-11-01T05:30Z",
            {"at": "01:30", "zone": "America/New_York"},
            ("2026-11-01", "2026-11-01T05:30Z"),
        ),
        (
            "2026-11-01T06:30Z",
            {"at": "01:30", "zone": "America/New_York"},
            ("2026-11-01", "2026-11-01T05:30Z"),
        ),
    ],
)
def test_the_last_one(at: str, rule: dict[str, Any], found: tuple[str, str]) -> None:
    assert last(at, watchlist(**rule)) == found


def test_with_a_shorter_interval_its_period_is_a_minute() -> None:
    assert last("2026-01-23T22:00Z", watchlist("5m")) == ("2026-01-23T21:30Z", "2026-01-23T21:30Z")


def test_before_the_first_session_there_is_none() -> None:
    assert last("1950-01-23T22:00Z", watchlist()) is None


ZONES = ("UTC", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(ZONES),
    st.times(),
    st.sets(st.sampled_from(DAYS)),
)
def test_by_the_clock_it_is_the_last_of_all_days(
    by: datetime, zone: str, at: Any, weekdays: set[str]
) -> None:
    """Brute force: all local days of three weeks."""
    now = by.replace(tzinfo=UTC)
    rule = {"at": f"{at:%H:%M}", "zone": zone, "weekdays": sorted(weekdays)}
    clock = at.replace(second=0, microsecond=0)
    days = [now.date() + timedelta(days=n) for n in range(-20, 3)]
    moments = [
        datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
        for day in days
        if not weekdays or DAYS[day.weekday()] in weekdays
    ]
    wanted = max(moment for moment in moments if moment <= now)
    watched = watchlist(**rule)
    found = last_appointment(watched.rules[0], watched, now.timestamp() * 1000)  # type: ignore[arg-type]
    assert found is not None
    assert datetime.fromtimestamp(found.at_ms / 1000, UTC) == wanted
