"""Exchange calendars, by exchange_calendars: which days are sessions, and their intervals.

The calendar 'none' has no list. With the interval 1d it takes any day; with a shorter one it takes
what begins a whole number of intervals after midnight UTC, and a session is a day of UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from config.errors import StreakwatchError
from streams.core.grids import Grid, Hours
from streams.core.periods import FIRST_YEAR, INTERVALS, LAST_YEAR

Numbers = npt.NDArray[np.int64]

_MINUTE_NS = 60_000_000_000
_MINUTE_MS = 60_000
_CHUNK = 4096


class Sessions(tuple[int, ...]):
    """Sessions in days since 1970-01-01, ascending."""

    def __contains__(self, period: object) -> bool:
        if not isinstance(period, int):
            return False
        at = bisect_left(self, period)
        return at < len(self) and self[at] == period


class Stretches:
    """Stretches of uninterrupted trading, each cut into intervals from its own start.

    Tens of thousands of stretches stand for the tens of millions of minutes of a century, which
    are never listed.
    """

    def __init__(self, starts: Numbers, ends: Numbers, minutes: int) -> None:
        """At least one stretch, in minutes since 1970: [start, end), ascending and not empty."""
        self._minutes = minutes
        self._starts = starts
        self._ends = ends
        # the last one is cut short by the end
        self._counts: Numbers = -((starts - ends) // minutes)
        self._before: Numbers = np.concatenate(([0], np.cumsum(self._counts)))
        # one number is found in a list several times faster than in an array
        self._starts_list: list[int] = starts.tolist()
        self._before_list: list[int] = self._before.tolist()

    def __len__(self) -> int:
        """How many intervals there are."""
        return self._before_list[-1]

    def begin(self, number: int) -> int:
        """The minute at which the interval of a number, from 0, begins."""
        at = bisect_right(self._before_list, number) - 1
        return self._starts_list[at] + (number - self._before_list[at]) * self._minutes

    def begins(self, numbers: Numbers) -> Numbers:
        """The same for many, of any shape."""
        at = np.searchsorted(self._before, numbers, side="right") - 1
        begins: Numbers = self._starts[at] + (numbers - self._before[at]) * self._minutes
        return begins

    def end(self, period: int) -> int:
        """The minute at which the interval that begins with a period ends."""
        at = bisect_right(self._starts_list, period) - 1
        return min(period + self._minutes, int(self._ends[at]))

    def rank(self, period: int) -> int:
        """How many intervals begin before a minute."""
        at = bisect_left(self._starts_list, period) - 1
        if at < 0:
            return 0
        begun = -((self._starts_list[at] - period) // self._minutes)
        return min(self._before_list[at] + begun, self._before_list[at + 1])

    def ranks(self, periods: Numbers) -> Numbers:
        """The same for many, of any shape."""
        at = np.maximum(np.searchsorted(self._starts, periods) - 1, 0)
        begun = -((self._starts[at] - periods) // self._minutes)
        ranks: Numbers = self._before[at] + np.clip(begun, 0, self._counts[at])
        return ranks


class Intervals(Sequence[int]):
    """The minutes since 1970 at which the intervals of all sessions begin, ascending.

    A slice is a view. ``bisect_left``, ``bisect_right`` and ``numpy.searchsorted`` are quick;
    ``numpy.asarray`` lists every interval.
    """

    def __init__(self, stretches: Stretches, window: range | None = None) -> None:
        self._stretches = stretches
        self._window = range(len(stretches)) if window is None else window

    def __len__(self) -> int:
        return len(self._window)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if not isinstance(index, slice):
            return self._stretches.begin(self._window[index])
        window = self._window[index]
        if window.step == 1:
            return Intervals(self._stretches, window)
        return tuple(map(self._stretches.begin, window))

    def __iter__(self) -> Iterator[int]:
        for at in range(0, len(self), _CHUNK):
            yield from self._begins(self._window[at : at + _CHUNK]).tolist()

    def __contains__(self, period: object) -> bool:
        if not isinstance(period, int):
            return False
        at = self.bisect_left(period)
        return at < len(self) and self[at] == period

    def end(self, period: int) -> int:
        """The minute at which one of the intervals ends."""
        return self._stretches.end(period)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self._begins(self._window).astype(dtype or np.int64, copy=False)

    def bisect_left(self, period: int) -> int:
        """How many of the intervals begin before a minute."""
        return min(max(self._stretches.rank(period) - self._window.start, 0), len(self))

    def bisect_right(self, period: int) -> int:
        """How many of the intervals begin at a minute or before."""
        return self.bisect_left(period + 1)

    def searchsorted(
        self,
        periods: npt.ArrayLike,
        side: Literal["left", "right"] = "left",
        sorter: None = None,
    ) -> Numbers:
        """``bisect_left`` or ``bisect_right`` of many minutes; int64 of their shape.

        ``numpy.searchsorted`` calls it, with a ``sorter`` of None.
        """
        minutes = np.asarray(periods, np.int64) + (side == "right")
        return np.clip(self._stretches.ranks(minutes) - self._window.start, 0, len(self))

    def _begins(self, window: range) -> Numbers:
        return self._stretches.begins(np.arange(window.start, window.stop, dtype=np.int64))


class Ended(NamedTuple):
    """A period, and when it ended in milliseconds since 1970."""

    period: int
    at_ms: int


def sessions(calendar: str, interval: str = "1d") -> Sequence[int]:
    """All periods that a calendar knows, ascending: from 1960 to 2060, as far as it is known.

    With 1d they are its :class:`Sessions`, in days since 1970-01-01. With a shorter interval they
    are :class:`Intervals`: counted from each session's open, and anew after a break for lunch.
    The last one before a close or a break is shorter where the time does not suffice.

    Raises:
        exchange_calendars.errors.InvalidCalendarName: there is no such calendar.
        KeyError: there is no such interval.
    """
    return _sessions(calendar, interval)


def opens(calendar: str, interval: str = "1d") -> Sequence[int]:
    """The first period of each session, ascending; what follows a break for lunch is none.

    Raises:
        exchange_calendars.errors.InvalidCalendarName: there is no such calendar.
        KeyError: there is no such interval.
    """
    return _opens(calendar, interval)


def ended(calendar: str, interval: str, by_ms: float, most: int) -> list[Ended]:
    """The last ``most`` periods that had ended by a time, in milliseconds since 1970, ascending.

    A session ends with its close, early ones and summer time included; an interval where it is
    over, or with the session or the stretch before lunch.

    Raises:
        exchange_calendars.errors.InvalidCalendarName: there is no such calendar.
        KeyError: there is no such interval.
    """
    periods, minute = sessions(calendar, interval), by_ms // _MINUTE_MS
    if isinstance(periods, Intervals):
        number = periods.bisect_right(int(minute))  # one more, for the last may go on
        found = [
            (period, periods.end(period)) for period in periods[max(0, number - most - 1) : number]
        ]
    else:
        closes = hours_of(calendar).closes
        number = int(np.searchsorted(closes, minute, side="right"))
        first = max(0, number - most)
        found = list(zip(periods[first:number], closes[first:number].tolist(), strict=True))
    return [Ended(period, end * _MINUTE_MS) for period, end in found if end <= minute][-most:]


def end(calendar: str, interval: str, period: int) -> int | None:
    """When a period ends, in milliseconds since 1970, as in :func:`ended`.

    None with the calendar 'none', and where a calendar has no such period.

    Raises:
        exchange_calendars.errors.InvalidCalendarName: there is no such calendar.
        KeyError: there is no such interval.
    """
    periods = () if calendar == "none" else sessions(calendar, interval)
    if period not in periods:
        return None
    if isinstance(periods, Intervals):
        return periods.end(period) * _MINUTE_MS
    return int(hours_of(calendar).closes[bisect_left(periods, period)]) * _MINUTE_MS


def by_name(calendars: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Sequence[int]]:
    """The periods of each (calendar, interval); 'none' is left out, it has no list."""
    return {(name, interval): sessions(name, interval)
            for name, interval in set(calendars) if name != "none"}  # fmt: skip


@cache
def grid(calendar: str, interval: str) -> Grid:
    """The periods by number; with the calendar 'none' every day of UTC, from 1970 on, is a session.

    Raises:
        exchange_calendars.errors.InvalidCalendarName: there is no such calendar.
        KeyError: there is no such interval.
    """
    hours = _every_day() if calendar == "none" else hours_of(calendar)
    return Grid(hours, None if interval == "1d" else INTERVALS[interval])


def _every_day() -> Hours:
    days = np.arange((LAST_YEAR + 1 - 1970) * 366, dtype=np.int64)
    starts, ends = days * INTERVALS["1d"], (days + 1) * INTERVALS["1d"]
    return Hours(days, starts, ends, starts, ends)


# the same object however its arguments are given
@cache
def _sessions(calendar: str, interval: str) -> Sequence[int]:
    hours = hours_of(calendar)
    if interval == "1d":
        return Sessions(hours.sessions.tolist())
    return Intervals(Stretches(hours.starts, hours.ends, INTERVALS[interval]))


@cache
def _opens(calendar: str, interval: str) -> Sequence[int]:
    if interval == "1d":
        return _sessions(calendar, interval)
    starts = hours_of(calendar).opens
    return Intervals(Stretches(starts, starts + 1, INTERVALS[interval]))


@cache
def hours_of(calendar: str) -> Hours:
    """When the sessions of an exchange, and their stretches, begin and end."""
    import exchange_calendars
    import pandas as pd

    factory = type(exchange_calendars.get_calendar(calendar))
    first, last = factory.bound_min(), factory.bound_max()
    start = max(first or pd.Timestamp.min.ceil("D"), pd.Timestamp(max(FIRST_YEAR, 1960), 1, 1))
    end = min(last or pd.Timestamp.max.floor("D"), pd.Timestamp(min(LAST_YEAR, 2060), 12, 31))
    try:
        found = factory(start=start, end=end)
    except (NotImplementedError, ValueError) as error:  # of pandas, for some calendars
        what = f"exchange_calendars cannot build the calendar {calendar!r} here ({error})"
        raise StreakwatchError(what, "choose another calendar, or 'none'") from error
    days = found.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)
    has_break = found.break_starts_nanos != np.iinfo(np.int64).min  # how pandas says that none is
    starts = np.concatenate((found.opens_nanos, found.break_ends_nanos[has_break]))
    ends = np.concatenate((found.closes_nanos, found.break_starts_nanos[has_break]))
    # stretches do not overlap, so each one's start and end have the same place in order
    times = (found.opens_nanos, found.closes_nanos, np.sort(starts), np.sort(ends))
    return Hours(days, *(time // _MINUTE_NS for time in times))
