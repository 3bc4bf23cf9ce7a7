"""Moments as people write and read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts.moments import moment
from streams.moments import ahead, at, since

NOW = int(datetime(2026, 1, 22, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-20", "2026-01-20 00:00:00Z"),
        ("2026-01-20T21:05Z", "2026-01-20 21:05:00Z"),
        ("2026-01-20T21:05:04Z", "2026-01-20 21:05:04Z"),
        ("2026-01-20T16:05-05:00", "2026-01-20 21:05:00Z"),
        ("2026-01-21T02:35:04+05:30", "2026-01-20 21:05:04Z"),
        ("90s", "2026-01-22 11:58:30Z"),
        ("30m", "2026-01-22 11:30:00Z"),
        ("2h", "2026-01-22 10:00:00Z"),
        ("3d", "2026-01-19 12:00:00Z"),
        ("1w", "2026-01-15 12:00:00Z"),
        ("999999w", "1970-01-01 00:00:00Z"),
    ],
)
def test_when_something_begins(text: str, expected: str) -> None:
    assert moment(since(text, NOW)) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "3y", "-2h", "2026-1-2", "2026-02-30", "2026-01-20 21:05", "h"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|exist"):
        since(text, NOW)


@pytest.mark.parametrize("at_ms", [10**18, -(10**18)])
def test_what_lies_beyond_all_calendars(at_ms: int) -> None:
    assert moment(at_ms) == "never"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", "2026-01-22 14:00:00Z"),
        ("0s", "2026-01-22 12:00:00Z"),
        ("2026-01-23", "2026-01-23 00:00:00Z"),
        ("2026-01-22T12:01Z", "2026-01-22 12:01:00Z"),
    ],
)
def test_when_something_ends(text: str, expected: str) -> None:
    assert moment(ahead(text, NOW)) == expected


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-02-30", "2026-01-22", "2026-01-22T12:00Z", "999999w"]
)
def test_what_is_over_or_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|exist|over|beyond the year 9999"):
        ahead(text, NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2h", "no date such as 2026-01-22, 2026-01-22T21:05Z or 2026-01-22T16:05-05:00$"),
        ("2026-01-20 21:05", "no date"),  # of which clock?
        ("2026-02-30", "does not exist"),
        ("2026-01-20T21:05+25:00", "does not exist"),
        ("0001-01-01", "from 1970 to 9999"),
        ("9999-12-31T23:59-05:00", "from 1970 to 9999"),
    ],
)
def test_what_is_no_moment_by_itself(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        at(text)
