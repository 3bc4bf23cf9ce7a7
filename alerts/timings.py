"""Timings: whether one holds at a moment, and when that changes.

Times of the day are those that a clock on the wall of the zone shows. So a span from 01:30 to 02:30
has no minute between 02:00 and 03:00 of the night in which clocks go forward over them, and where
an hour comes twice it holds in both. Around sessions the exchange's own opens and closes count,
early ones included.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from config.timings import Edge, Span, dates_of, edge_of, times_of, weekdays_of
from streams.core.grids import Hours

HoursOf = Callable[[str], Hours]
"""The sessions of a calendar by its name."""

_DAY = timedelta(days=1)
_MINUTE_MS = 60_000
_HORIZON = 400
"""How many days ahead a change is looked for."""

_OPEN, _CLOSE = Edge("open", 0), Edge("close", 0)


class WallClock:
    """The part of a span that is about weekdays, times of the day and days."""

    def __init__(self, span: Span) -> None:
        self._zone = ZoneInfo(span.zone)
        self._weekdays = weekdays_of(*span.weekdays)
        self._times = tuple(map(times_of, span.times)) or ((0, 24 * 60),)
        self._dates = tuple(map(dates_of, span.dates))

    def holds(self, at: datetime) -> bool:
        """Whether it holds at a moment with a time zone."""
        local = at.astimezone(self._zone)
        minute, today = local.hour * 60 + local.minute, local.date()
        return any(
            (begin <= minute < end and self._is_on(today))
            or (minute < end - 24 * 60 and self._is_on(today - _DAY))
            for begin, end in self._times
        )

    def changes(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """The moments within, in no order, at which it may change."""
        first = begin.astimezone(self._zone).date() - _DAY
        days = [first + n * _DAY for n in range((end - begin).days + 4)]
        for day in days:
            for minute in {0, *(m % (24 * 60) for span in self._times for m in span)}:
                wall = datetime.combine(day, time(minute // 60, minute % 60), self._zone)
                yield from (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        noons = [datetime.combine(day, time(12), self._zone).astimezone(UTC) for day in days]
        for noon, following in pairwise(noons):
            if self._offset(noon) != self._offset(following):
                yield self._shift(noon, following)

    def _is_on(self, day: date) -> bool:
        return (not self._weekdays or day.weekday() in self._weekdays) and (
            not self._dates or any(first <= day <= last for first, last in self._dates)
        )

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self._zone).utcoffset()

    def _shift(self, before: datetime, after: datetime) -> datetime:
        """The first second at which the clocks of the zone have been moved."""
        old = self._offset(before)
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) // 2
            middle = middle.replace(microsecond=0)
            before, after = (middle, after) if self._offset(middle) == old else (before, middle)
        return after


class Sessions:
    """The part of a span that is around the sessions of an exchange."""

    def __init__(self, span: Span, hours: Hours) -> None:
        self._outside = span.session == "outside"
        begin = _OPEN if span.begins is None else edge_of(span.begins)
        end = _CLOSE if span.ends is None else edge_of(span.ends)
        begins, ends = (getattr(hours, f"{edge.anchor}s") + edge.minutes for edge in (begin, end))
        if _is_of_the_next(begin, end):
            begins, ends = begins[:-1], ends[1:]
        self._begins: list[int] = begins.tolist()
        self._ends: list[int] = ends.tolist()

    def holds(self, at: datetime) -> bool:
        """Whether it holds at a moment with a time zone."""
        minute = at.timestamp() / 60
        last = bisect_right(self._begins, minute) - 1
        return (last >= 0 and minute < self._ends[last]) != self._outside

    def changes(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """The moments within, in no order, at which it may change."""
        first, last = begin.timestamp() / 60, end.timestamp() / 60
        for minutes in (self._begins, self._ends):
            for minute in minutes[bisect_right(minutes, first) : bisect_right(minutes, last)]:
                yield datetime.fromtimestamp(minute * 60, UTC)


def _is_of_the_next(begin: Edge, end: Edge) -> bool:
    """Whether a span ends around the session after the one that it begins around."""
    if begin.anchor == end.anchor:
        return end.minutes <= begin.minutes
    return begin.anchor == "close"


class Timing:
    """Spans, of which one must hold; all parts of a span must."""

    def __init__(self, spans: Sequence[Span], hours_of: HoursOf) -> None:
        self._spans = [tuple(_parts(span, hours_of)) for span in spans]

    def holds(self, at: datetime) -> bool:
        """Whether it holds at a moment with a time zone."""
        return any(all(part.holds(at) for part in parts) for parts in self._spans)

    def next_change(self, at: datetime) -> datetime | None:
        """The first moment after ``at`` from which it is otherwise; None: not within a year."""
        now = self.holds(at)
        begin = at
        for days in (1, 8, _HORIZON):
            end = at + days * _DAY
            for moment in self._changes(begin, end):
                if self.holds(moment) != now:
                    return moment
            begin = end
        return None

    def _changes(self, begin: datetime, end: datetime) -> list[datetime]:
        parts = (part for parts in self._spans for part in parts)
        found = {moment for part in parts for moment in part.changes(begin, end)}
        return sorted(moment for moment in found if begin < moment <= end)


def _parts(span: Span, hours_of: HoursOf) -> Iterator[WallClock | Sessions]:
    if span.calendar is not None:
        yield Sessions(span, hours_of(span.calendar))
    if span.weekdays or span.times or span.dates:
        yield WallClock(span)


def timings_of(timings: Mapping[str, Sequence[Span]], hours_of: HoursOf) -> dict[str, Timing]:
    """The timings of a configuration, by name."""
    return {name: Timing(spans, hours_of) for name, spans in timings.items()}
