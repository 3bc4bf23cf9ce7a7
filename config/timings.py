"""Timings: spans of the week, of days, and around the sessions of exchanges, by name.

The texts that a span is written with are read here, once, for the checks and for the stages alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from config.models import Model
from config.validators import OneOrMore, day, known_calendar, refusal
from config.words import found, suggestion

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week, from 0 to 6 as ``date.weekday`` has them."""

_ONE_DAY = f"({'|'.join(DAYS)})"
_ONE_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
WEEKDAYS_PATTERN = rf"^{_ONE_DAY}(-{_ONE_DAY})?$"
TIMES_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
DATES_PATTERN = rf"^{_ONE_DATE}( to {_ONE_DATE})?$"
EDGE_PATTERN = r"^(open|close)( [+-] [1-9][0-9]{0,4}[mh])?$"

_LONGEST = 7 * 24 * 60
_ANCHORED = re.compile(r"(open|close)(?: ([+-]) ([0-9]+)([mh]))?")


class Edge(NamedTuple):
    """A side of a span around sessions: minutes after the open or the close; before it: below 0."""

    anchor: Literal["open", "close"]
    minutes: int


def weekdays_of(*texts: str) -> frozenset[int]:
    """The days that ``mon`` or ``fri-mon`` means; of several all.

    >>> sorted(weekdays_of("fri-mon"))
    [0, 4, 5, 6]
    """
    return frozenset(day for text in texts for day in _days_of(text))


def _days_of(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    begin = DAYS.index(first)
    count = (DAYS.index(last or first) - begin) % 7 + 1
    return ((begin + n) % 7 for n in range(count))


def times_of(text: str) -> tuple[int, int]:
    """The minutes of the day at which a span begins and ends; beyond midnight above 1440.

    >>> times_of("22:00-07:00")
    (1320, 1860)
    """
    begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return begin, end if end > begin else end + 24 * 60


def dates_of(text: str) -> tuple[date, date]:
    """The first day and the last one; ValueError where there is no such day."""
    first, _, last = text.partition(" to ")
    return date.fromisoformat(first), date.fromisoformat(last or first)


def edge_of(text: str) -> Edge:
    """The side that ``close + 2h`` means.

    >>> edge_of("open - 30m")
    Edge(anchor='open', minutes=-30)
    """
    parts = _ANCHORED.fullmatch(text)
    if parts is None:
        raise ValueError(f"no side of a session: {text!r}")
    minutes = int(parts[3] or 0) * (60 if parts[4] == "h" else 1)
    return Edge("open" if parts[1] == "open" else "close", -minutes if parts[2] == "-" else minutes)


def _days_there_are(text: str) -> str:
    first, _, last = text.partition(" to ")
    if day(last or first) < day(first):
        raise refusal(f"{last} lies before {first}", "write the earlier day first")
    return text


def _whole_span(text: str) -> str:
    begin, end = text.split("-")
    if begin == end:
        raise refusal(f"{found(text)} is empty", "write 00:00-24:00 for a whole day")
    return text


def near(text: str) -> str:
    """A side of a session as it is; refused where it is more than a week away."""
    if abs(edge_of(text).minutes) > _LONGEST:
        raise refusal(f"{found(text)} is more than a week away", "write at most 168h")
    return text


@cache
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _known_zone(text: str) -> str:
    if text not in _zones():
        cure = f"{suggestion(text, _zones())} write a zone such as America/New_York, or UTC"
        raise refusal(f"unknown time zone {found(text)}", cure.strip())
    return text


def _real_calendar(text: str) -> str:
    if text == "none":
        raise refusal("the calendar none has no sessions", "write an exchange's MIC, such as XNYS")
    return known_calendar(text)


Weekday = Annotated[str, Field(pattern=WEEKDAYS_PATTERN)]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_known_zone)]
_Time = Annotated[str, Field(pattern=TIMES_PATTERN), AfterValidator(_whole_span)]
_Date = Annotated[str, Field(pattern=DATES_PATTERN), AfterValidator(_days_there_are)]
_Edge = Annotated[str, Field(pattern=EDGE_PATTERN), AfterValidator(near)]


class Span(Model):
    """When a timing holds: while all that is written holds."""

    zone: Zone = "UTC"
    """The time zone of weekdays, times and dates, such as America/New_York."""
    weekdays: OneOrMore[Weekday] = Field(default=[])
    """Days of the week: mon, or mon-fri; one or more."""
    times: OneOrMore[_Time] = Field(default=[])
    """Times of the day: 09:00-17:30; 22:00-07:00 goes on to the next day, and belongs to the day
    that it begins on. One or more."""
    dates: OneOrMore[_Date] = Field(default=[])
    """Days: 2026-12-24, or 2026-12-24 to 2027-01-02; one or more."""
    calendar: Annotated[str, AfterValidator(_real_calendar)] | None = None
    """The exchange (its MIC) whose sessions are meant."""
    session: Literal["inside", "outside"] | None = None
    """From the open of a session to its close (inside), or any other time (outside)."""
    begins: _Edge | None = Field(default=None, alias="from")
    """Around a session, instead of `session`: open, close, open - 30m, close + 2h."""
    ends: _Edge | None = Field(default=None, alias="to")
    """Until when, likewise; from the close to the open means that of the next session."""

    @model_validator(mode="after")
    def _holds_together(self) -> Span:
        around = (self.begins is not None) + (self.ends is not None)
        if around == 1:
            raise refusal("one side of a span alone", "write both from and to")
        if self.session is not None and around:
            raise refusal("session, and from and to", "keep one of the two", "session")
        needs = self.session is not None or around > 0
        if needs and self.calendar is None:
            raise refusal("a session of no exchange", "add calendar: its MIC, such as XNYS")
        if self.calendar is not None and not needs:
            cure = "add session: inside or outside, or from and to"
            raise refusal("a calendar alone says no time", cure, "calendar")
        if not (needs or self.weekdays or self.times or self.dates):
            cure = "write weekdays, times, dates, or a calendar with a session"
            raise refusal("a timing that always holds", cure)
        return self
