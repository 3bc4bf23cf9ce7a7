"""Periods as whole numbers, and back.

With the interval ``1d`` a period is a day: the number of days since 1970-01-01 (what
``datetime64[D]`` counts). With a shorter interval it is the minute at which the interval begins:
the number of minutes since 1970-01-01T00:00Z (``datetime64[m]``). An interval is always a key of
``INTERVALS``; another one is a KeyError.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "1d": 1440}
"""The intervals, and how many minutes each has."""

FIRST_YEAR, LAST_YEAR = 1800, 2199

NEVER = -(2**62)
"""Before all periods: what stands in a column where there is none."""

N = TypeVar("N", int, npt.NDArray[np.int64])

_EPOCH = date(1970, 1, 1)
_EPOCH_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# 24:00 is the next midnight to some versions of Python, and an error to others
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T(?!24)\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:[0-5]\d)", re.ASCII)
_DAY_MINUTES = 1440
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


class PeriodError(ValueError):
    """The text is not a period; the message says why, for people."""


def between(sessions: Sequence[int], first: int, last: int) -> Sequence[int]:
    """The sessions (ascending) strictly between two periods."""
    return sessions[bisect_right(sessions, first) : bisect_left(sessions, last)]


def begins_ms(period: N, interval: str = "1d") -> N:
    """When a period, or each of an array, begins at the earliest: milliseconds since 1970.

    A day begins 14 hours before it does in UTC, on the islands that are first; a shorter
    interval begins everywhere at once.
    """
    if interval == "1d":
        return period * _DAY_MS - 14 * _HOUR_MS
    return period * _MINUTE_MS


def is_future(period: int, now_ms: int, interval: str = "1d") -> bool:
    """Whether a period has not begun; ``now_ms`` in milliseconds since 1970."""
    return begins_ms(period, interval) > now_ms


def ended_by_ms(period: int, interval: str = "1d") -> int:
    """When a period has ended at the latest, in milliseconds since 1970.

    A day has ended when it has everywhere on earth, 12 hours after it did in UTC. The last
    interval of a session may end before, with the session.
    """
    if interval == "1d":
        return (2 * period + 3) * _DAY_MS // 2
    return (period + INTERVALS[interval]) * _MINUTE_MS


def is_aligned(period: int, interval: str) -> bool:
    """Whether a period begins a whole number of intervals after midnight UTC."""
    return interval == "1d" or period % INTERVALS[interval] == 0


def from_date(day: date, interval: str = "1d") -> int:
    """The first period of a day (UTC): days, or minutes, since 1970-01-01."""
    days = (day - _EPOCH).days
    return days if interval == "1d" else days * _DAY_MINUTES


def to_date(period: int, interval: str = "1d") -> date:
    """The calendar date on which a period begins (UTC)."""
    return _EPOCH + timedelta(days=period if interval == "1d" else period // _DAY_MINUTES)


@lru_cache(maxsize=4096)
def to_text(period: int, interval: str = "1d") -> str:
    """ISO 8601: ``YYYY-MM-DD``, or ``YYYY-MM-DDTHH:MMZ`` for an interval shorter than a day."""
    if interval == "1d":
        return to_date(period).isoformat()
    begin = _EPOCH_TIME + timedelta(minutes=period)
    return f"{begin:%Y-%m-%dT%H:%M}Z"


def from_text(text: str, interval: str = "1d") -> int:
    """The period of an ISO date, exactly ``YYYY-MM-DD``; or of the time that an interval begins at.

    A time is ``YYYY-MM-DDTHH:MM``, with seconds of ``:00`` or without, and ``Z`` or an offset
    from UTC such as ``-05:00``. Whether an interval begins there is for a calendar to say.

    Raises:
        PeriodError: another form, a date or time that does not exist, a time within a minute, or
            a year (of UTC) outside 1800-2199.
    """
    shown = repr(text if len(text) <= 40 else text[:37] + "...")
    return _from_day(text, shown) if interval == "1d" else _from_time(text, shown)


def _from_day(text: str, shown: str) -> int:
    if not _ISO.fullmatch(text):
        raise PeriodError(f"{shown} is not a date of the form YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{shown} is a date that does not exist") from None
    return _within(from_date(day), "1d", shown)


def _from_time(text: str, shown: str) -> int:
    if not _TIME.fullmatch(text):
        form = "a time of the form YYYY-MM-DDTHH:MMZ, nor with an offset such as -05:00 for the Z"
        raise PeriodError(f"{shown} is not {form}")
    try:
        begin = datetime.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{shown} is a time that does not exist") from None
    if begin.second:
        raise PeriodError(f"{shown} is not a whole minute")
    return _within((begin - _EPOCH_TIME) // timedelta(minutes=1), "1m", shown)


def bounds(interval: str) -> tuple[int, int]:
    """The first period of the years that are known, and the one after their last."""
    first, end = (date(year, 1, 1) for year in (FIRST_YEAR, LAST_YEAR + 1))
    return from_date(first, interval), from_date(end, interval)


def _within(period: int, interval: str, shown: str) -> int:
    first, end = bounds(interval)
    if not first <= period < end:
        raise PeriodError(f"{shown} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return period
