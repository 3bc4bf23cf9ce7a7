"""Grids: the periods of a calendar as numbers without gaps, found by instants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_MINUTE = 60_000_000_000


class Hours(NamedTuple):
    """The sessions of a calendar in days since 1970, and in minutes when they and their stretches
    of uninterrupted trading begin and end; each int64 and ascending.
    """

    sessions: Numbers
    opens: Numbers
    closes: Numbers
    starts: Numbers
    ends: Numbers


class Grid:
    """The periods of one calendar and interval, numbered from 0; instants in nanoseconds.

    A period has its instants from its begin to before its end. The last one before trading pauses
    has its end too, where the closing prices come: 16:00:00.000 belongs to the period that ends at
    16:00, unless another begins there.
    """

    def __init__(self, hours: Hours, minutes: int | None) -> None:
        """``minutes`` from each start on, or None for whole sessions."""
        self._minutes = minutes
        self._starts, self._ends = hours.starts * _MINUTE, _closing(hours.starts, hours.ends)
        self._opens = hours.opens * _MINUTE
        if minutes is None:
            self._first = np.searchsorted(hours.opens, hours.starts, side="right") - 1
            self._session_ends = _closing(hours.opens, hours.closes)
            self._sessions = hours.sessions
            self._of_session = np.arange(len(hours.opens) + 1)
            return
        self._length = minutes * _MINUTE
        self._counts = -((hours.starts - hours.ends) // minutes)
        self._first = np.concatenate(([0], np.cumsum(self._counts)))
        at = np.searchsorted(hours.starts, hours.opens)
        self._of_session = np.append(self._first[at], self._first[-1])

    @property
    def most(self) -> int:
        """The most periods that two sessions have, one after the other, and two of the next."""
        first = self._of_session
        return int(np.max(first[2:] - first[:-2], initial=first[1])) + 2

    def locate(self, instants: Numbers) -> Numbers:
        """The number of the period that each instant belongs to; -1 where there is no trading."""
        at = np.searchsorted(self._starts, instants, side="right") - 1
        inside = (at >= 0) & (instants < self._ends[at])
        numbers = self._first[at]
        if self._minutes is not None:
            within = (instants - self._starts[at]) // self._length
            numbers = numbers + np.minimum(within, self._counts[at] - 1)
        found: Numbers = np.where(inside, numbers, -1)
        return found

    def end(self, number: int) -> int:
        """The first instant after a period; of a number beyond the last, the end of time."""
        if number >= self._of_session[-1]:
            return int(np.iinfo(np.int64).max)
        if self._minutes is None:
            return int(self._session_ends[number])
        at = int(np.searchsorted(self._first, number, side="right")) - 1
        within = number - int(self._first[at]) + 1
        if within == self._counts[at]:
            return int(self._ends[at])
        return int(self._starts[at]) + within * self._length

    def ended(self, instant: int) -> int:
        """How many periods have ended by an instant."""
        if self._minutes is None:
            return int(np.searchsorted(self._session_ends, instant, side="right"))
        at = int(np.searchsorted(self._starts, instant, side="right")) - 1
        if at < 0:
            return 0
        within, count = (instant - int(self._starts[at])) // self._length, int(self._counts[at])
        over = instant >= self._ends[at]
        return int(self._first[at]) + (count if over else min(within, count - 1))

    def kept(self, instant: int) -> int:
        """The first period of the session before the one that is on, or was last."""
        session = int(np.searchsorted(self._opens, instant, side="right")) - 1
        return int(self._of_session[max(0, session - 1)])

    def next_open(self, instant: int) -> int:
        """When the first session after an instant begins; without one, the end of time."""
        at = int(np.searchsorted(self._opens, instant, side="right"))
        return int(self._opens[at]) if at < len(self._opens) else int(np.iinfo(np.int64).max)

    def period(self, number: int) -> int:
        """The period of a number, as in :mod:`streams.core.periods`."""
        if self._minutes is None:
            return int(self._sessions[number])
        at = int(np.searchsorted(self._first, number, side="right")) - 1
        return int(self._starts[at]) // _MINUTE + (number - int(self._first[at])) * self._minutes


def _closing(starts: Numbers, ends: Numbers) -> Numbers:
    """The first instant after each end that belongs to it no more."""
    adjoining = np.append(starts[1:] == ends[:-1], [False])
    closing: Numbers = ends * _MINUTE + ~adjoining
    return closing
