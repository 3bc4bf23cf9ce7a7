"""Exchange calendars, by exchange_calendars: which days are sessions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import cache

from streams.core.periods import FIRST_YEAR, LAST_YEAR


class Sessions(tuple[int, ...]):
    """Sessions in days since 1970-01-01, ascending."""

    def __contains__(self, period: object) -> bool:
        if not isinstance(period, int):
            return False
        at = bisect_left(self, period)
        return at < len(self) and self[at] == period


@cache
def sessions(calendar: str) -> Sessions:
    """All sessions that a calendar knows, in days since 1970-01-01.

    Raises:
        exchange_calendars.errors.InvalidCalendarName: there is no such calendar.
    """
    import exchange_calendars
    import pandas as pd

    factory = type(exchange_calendars.get_calendar(calendar))
    first, last = factory.bound_min(), factory.bound_max()
    start = max(first or pd.Timestamp.min.ceil("D"), pd.Timestamp(max(FIRST_YEAR, 1960), 1, 1))
    end = min(last or pd.Timestamp.max.floor("D"), pd.Timestamp(min(LAST_YEAR, 2060), 12, 31))
    days = factory(start=start, end=end).sessions.to_numpy().astype("datetime64[D]")
    return Sessions(days.astype("int64").tolist())


def by_name(calendars: Iterable[str]) -> dict[str, Sessions]:
    """The sessions of each calendar named; 'none' is left out, it takes any day."""
    return {name: sessions(name) for name in set(calendars) if name != "none"}
