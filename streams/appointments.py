"""Appointments: when a summary is due, around the sessions of an exchange or by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from config.summaries import Every, SummaryRule
from config.timings import Edge, weekdays_of
from config.watchlists import Watchlist
from streams.calendars import Ended, Numbers, hours_of
from streams.core import periods

_MINUTE_MS = 60_000
_WEEK = 7


def last_appointment(rule: SummaryRule, watchlist: Watchlist, by_ms: float) -> Ended | None:
    """The last time by a moment, in milliseconds since 1970, at which a summary was due.

    Its period is the session or the day that it is of; with an interval shorter than a day the
    minute. At a time that the clocks of a zone pass over it is due when they have; of one that
    comes twice the first counts.
    """
    if rule.clock is None:
        found = _around_a_session(rule, watchlist.calendar, by_ms)
    else:
        found = _by_the_clock(rule, by_ms)
    if found is None or watchlist.interval == "1d":
        return found
    return Ended(found.at_ms // _MINUTE_MS, found.at_ms)


def _around_a_session(rule: SummaryRule, calendar: str, by_ms: float) -> Ended | None:
    assert rule.edge is not None
    days, minutes = _all_of(calendar, rule.edge, rule.every)
    at = int(np.searchsorted(minutes, by_ms // _MINUTE_MS, side="right")) - 1
    return None if at < 0 else Ended(int(days[at]), int(minutes[at]) * _MINUTE_MS)


@lru_cache(256)
def _all_of(calendar: str, edge: Edge, every: Every) -> tuple[Numbers, Numbers]:
    """The sessions of a calendar that have a summary, and the minutes since 1970 of it, ascending.

    They are asked for every few seconds, for each rule.
    """
    hours = hours_of(calendar)
    chosen = _last_of_each(every, hours.sessions)
    minutes = hours.opens if edge.anchor == "open" else hours.closes
    return hours.sessions[chosen], minutes[chosen] + edge.minutes


def _last_of_each(every: Every, days: Numbers) -> npt.NDArray[np.bool_]:
    """Which sessions, in days since 1970, are the last ones of their week or month."""
    groups: npt.NDArray[Any] = days
    if every == "week":
        groups = (days + 3) // _WEEK  # 1970-01-01 was a Thursday, and a week begins on Monday
    elif every == "month":
        groups = days.astype("datetime64[D]").astype("datetime64[M]")
    return np.append(groups[1:] != groups[:-1], np.ones(min(1, len(days)), np.bool_))


def _by_the_clock(rule: SummaryRule, by_ms: float) -> Ended | None:
    clock, zone = rule.clock, ZoneInfo(rule.zone)
    assert clock is not None
    weekdays = weekdays_of(*rule.weekdays)
    now = datetime.fromtimestamp(by_ms / 1000, UTC)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=back) for back in range(_WEEK + 1)):
        at = datetime.combine(day, clock, zone)
        if at <= now and (not weekdays or day.weekday() in weekdays):
            return Ended(periods.from_date(day), round(at.timestamp() * 1000))
    return None
