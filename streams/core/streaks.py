"""Streaks: runs of active returns of one sign, in batch and one period at a time.

A streak's direction is +1 (outperforming) or -1 (underperforming). ``base`` is the period whose
closes the streak's first return starts from, so returns over the streak run from base to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.returns import Signs

Periods = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

OUTPERFORMING, UNDERPERFORMING = 1, -1
DIRECTION_NAMES = {OUTPERFORMING: "outperforming", UNDERPERFORMING: "underperforming"}


class Ties(StrEnum):
    """What an active return of exactly zero does to a streak."""

    BREAK = "break"
    EXTEND = "extend"
    SKIP = "skip"


class Missing(StrEnum):
    """What a session without closes of both legs does to a streak."""

    HOLD = "hold"
    BREAK = "break"


class EndedBy(StrEnum):
    """What ended a streak."""

    RETURN = "return"
    TIE = "tie"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Streak:
    """Consecutive periods with one sign; periods in days since 1970-01-01."""

    direction: int
    length: int
    base: int
    start: int
    end: int

    @property
    def direction_name(self) -> str:
        """``outperforming`` or ``underperforming``."""
        return DIRECTION_NAMES[self.direction]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one period did: the streak that runs after it, and the one that it ended."""

    running: Streak | None
    ended: Streak | None
    counted: bool
    """Whether the running streak grew (or began) in this period."""
    ended_by: EndedBy = EndedBy.RETURN
    """What ended the streak, if one ended."""


def turn(running: Streak | None, sign: int, previous: int, period: int, ties: Ties) -> Turn:
    """Carry a streak over one period.

    Args:
        running: the streak before the period, or None.
        sign: of the active return from ``previous`` to ``period``.
    """
    if sign == 0:
        return _tied(running, period, ties)
    if running is not None and running.direction == sign:
        return Turn(replace(running, length=running.length + 1, end=period), None, True)
    return Turn(Streak(sign, 1, previous, period, period), running, True)


def _tied(running: Streak | None, period: int, ties: Ties) -> Turn:
    if running is None or ties is Ties.SKIP:
        return Turn(running, None, False)
    if ties is Ties.EXTEND:
        return Turn(replace(running, length=running.length + 1, end=period), None, True)
    return Turn(None, running, False, EndedBy.TIE)


def interrupted(running: Streak | None) -> Turn:
    """A gap that breaks: what ran has ended, and the period is only a new base."""
    return Turn(None, running, False, EndedBy.MISSING)


def carried(running: Streak | None) -> Turn:
    """A step that is not counted, such as a night: what ran goes on, and nothing is added."""
    return Turn(running, None, False)


class Runs(NamedTuple):
    """All streaks of a history as columns of one shape (streaks,), oldest first.

    ``base``, ``start`` and ``end`` are indexes of periods, and ``broken`` that of the one that
    ended the streak; ``runs_on`` says that the last one still runs, and is broken by none.
    """

    direction: Signs
    length: Indices
    base: Indices
    start: Indices
    end: Indices
    broken: Indices
    runs_on: bool

    def only(self, chosen: Mask | Indices | slice) -> Runs:
        """Some of the streaks, all of which have ended."""
        return Runs(
            self.direction[chosen],
            self.length[chosen],
            self.base[chosen],
            self.start[chosen],
            self.end[chosen],
            self.broken[chosen],
            runs_on=False,
        )

    def streak(self, at: int, periods: Periods) -> Streak:
        """One of the streaks with its periods."""
        columns = (self.base, self.start, self.end)
        base, start, end = (periods.item(column.item(at)) for column in columns)
        return Streak(self.direction.item(at), self.length.item(at), base, start, end)

    def streaks(self, periods: Periods) -> list[Streak]:
        """The streaks with their periods."""
        columns = (
            self.direction,
            self.length,
            periods[self.base],
            periods[self.start],
            periods[self.end],
        )
        return [Streak(*row) for row in np.column_stack(columns).tolist()]


def find(
    periods: Periods,
    signs: Signs,
    ties: Ties,
    broken: Mask | None = None,
    uncounted: Mask | None = None,
) -> tuple[list[Streak], bool]:
    """All streaks of a history, oldest first, and whether the last of them still runs.

    Args:
        periods: the periods with closes of both legs, ascending, shape (n,).
        signs, broken, uncounted: as in :func:`runs`.
    """
    found = runs(signs, ties, broken, uncounted)
    return found.streaks(periods), found.runs_on


def runs(
    signs: Signs, ties: Ties, broken: Mask | None = None, uncounted: Mask | None = None
) -> Runs:
    """All streaks of a history, in columns.

    Args:
        signs: of the active returns, shape (n - 1,); signs[i] belongs to the period i + 1.
        broken: shape (n - 1,), true where the gap before the period i + 1 breaks a streak; the
            return over such a gap counts for nothing.
        uncounted: shape (n - 1,), true where a return counts for nothing and breaks nothing.
    """
    ways, at = _ways(signs, ties, broken, uncounted)
    if len(ways) == 0:
        none = np.zeros(0, np.intp)
        return Runs(np.zeros(0, np.int8), none, none, none, none, none, runs_on=False)
    turns = (ways[1:] != ways[:-1]).nonzero()[0]  # the last of each but one
    edges = np.empty(len(turns) + 2, np.intp)
    edges[0], edges[1:-1], edges[-1] = -1, turns, len(ways) - 1
    before, last = edges[:-1], edges[1:]
    direction = ways[last]
    if not direction.all():
        directed = np.flatnonzero(direction)
        before, last, direction = before[directed], last[directed], direction[directed]
    if at is None:
        base, end, after = before + 1, last + 1, last + 2
    else:
        base, end, after = at[before + 1], at[last] + 1, at[last + 1] + 1
    return Runs(direction, last - before, base, base + 1, end, after, bool(ways[-1]))


def gaps(periods: Periods, sessions: Sequence[int]) -> Mask:
    """Whether sessions lie between consecutive periods: shape (n - 1,).

    Args:
        periods: ascending, shape (n,), all of them sessions.
        sessions: of the calendar, ascending.
    """
    return np.diff(np.searchsorted(sessions, periods)) > 1


def _ways(
    signs: Signs, ties: Ties, broken: Mask | None, uncounted: Mask | None
) -> tuple[Signs, Indices | None]:
    """What runs after each return that changes or ends something, and the returns' indexes.

    The way is 0 where a return ends what ran. One index more is that of the return after all of
    them; without indexes they are all returns.
    """
    acting = None if uncounted is None else ~uncounted
    if ties is Ties.SKIP:
        acting = signs != 0 if acting is None else acting & (signs != 0)
    if broken is not None:
        signs = np.where(broken, np.int8(0), signs)
        acting = None if acting is None else acting | broken
    at = None
    if acting is not None and not acting.all():
        at = np.flatnonzero(acting)
        signs, broken = signs[at], None if broken is None else broken[at]
        at = np.append(at, len(acting))
    return _carried(signs, broken) if ties is Ties.EXTEND else signs, at


def _carried(signs: Signs, broken: Mask | None) -> Signs:
    """Ties take the sign before them; those before the first sign, or a break, stay."""
    stays = signs != 0 if broken is None else (signs != 0) | broken
    source = np.where(stays, np.arange(len(signs)), 0)
    return signs[np.maximum.accumulate(source)]
