"""Periods as whole days since 1970-01-01 (what ``datetime64[D]`` counts), and back."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, timedelta

_EPOCH = date(1970, 1, 1)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
FIRST_YEAR, LAST_YEAR = 1800, 2199


class PeriodError(ValueError):
    """The text is not a period; the message says why, for people."""


def between(sessions: Sequence[int], first: int, last: int) -> Sequence[int]:
    """The sessions (ascending) strictly between two periods."""
    return sessions[bisect_right(sessions, first) : bisect_left(sessions, last)]


def is_future(period: int, now_ms: int) -> bool:
    """Whether a period has not begun anywhere on earth; ``now_ms`` in milliseconds since 1970.

    A day begins 14 hours before it does in UTC, on the islands that are first.
    """
    return period * _DAY_MS - 14 * _HOUR_MS > now_ms


def from_date(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def to_date(period: int) -> date:
    """The calendar date of a period."""
    return _EPOCH + timedelta(days=period)


def to_text(period: int) -> str:
    """ISO 8601, ``YYYY-MM-DD``."""
    return to_date(period).isoformat()


def from_text(text: str) -> int:
    """The period of an ISO date, exactly ``YYYY-MM-DD``.

    Raises:
        PeriodError: another form, a date that does not exist, or a year outside 1800-2199.
    """
    shown = repr(text if len(text) <= 40 else text[:37] + "...")
    if not _ISO.fullmatch(text):
        raise PeriodError(f"{shown} is not a date of the form YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{shown} is a date that does not exist") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise PeriodError(f"{shown} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return from_date(day)
