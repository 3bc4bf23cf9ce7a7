"""Streaks: runs of active returns of one sign, in batch and one period at a time.

A streak's direction is +1 (outperforming) or -1 (underperforming). ``base`` is the period whose
closes the streak's first return starts from, so returns over the streak run from base to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from streams.core.returns import Signs

Periods = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

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


@dataclass(frozen=True, slots=True)
class Runs:
    """All streaks of a history as columns of one shape (streaks,), oldest first.

    ``base``, ``start`` and ``end`` are indexes of periods; ``runs_on`` says that the last one
    still runs.
    """

    direction: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    base: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    runs_on: bool

    def only(self, chosen: Mask | slice) -> Runs:
        """Some of the streaks, all of which have ended."""
        columns = (self.direction, self.length, self.base, self.start, self.end)
        direction, length, base, start, end = (column[chosen] for column in columns)
        return Runs(direction, length, base, start, end, runs_on=False)

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
    counts = None if uncounted is None else ~uncounted
    if broken is None or not broken.any():
        (direction, length, base, start, end), runs_on = _runs(signs, counts, ties)
        return Runs(direction, length, base, start, end, runs_on)
    cuts, parts = np.flatnonzero(broken).tolist(), []
    for before, cut in pairwise((-1, *cuts, len(signs))):
        first = before + 1
        counted = None if counts is None else counts[first:cut]
        part, runs_on = _runs(signs[first:cut], counted, ties)
        parts.append(part + np.array([[0], [0], [first], [first], [first]]))
    direction, length, base, start, end = np.concatenate(parts, axis=1)
    return Runs(direction, length, base, start, end, runs_on)


def gaps(periods: Periods, sessions: Sequence[int]) -> Mask:
    """Whether sessions lie between consecutive periods: shape (n - 1,).

    Args:
        periods: ascending, shape (n,), all of them sessions.
        sessions: of the calendar, ascending.
    """
    return np.diff(np.searchsorted(sessions, periods)) > 1


_ZERO = np.zeros(1, np.intp)


def _runs(signs: Signs, counts: Mask | None, ties: Ties) -> tuple[npt.NDArray[np.int64], bool]:
    """Direction, length, base, start and end of each streak, shape (5, streaks)."""
    at = np.arange(len(signs)) if counts is None else np.flatnonzero(counts)
    kept = signs if counts is None else signs[at]
    if ties is Ties.SKIP:
        at, kept = at[kept != 0], kept[kept != 0]
    elif ties is Ties.EXTEND:
        kept = _carried(kept)
    if len(kept) == 0:
        return np.zeros((5, 0), np.int64), False
    turns = np.flatnonzero(kept[1:] != kept[:-1])  # the last of each but one
    last = np.append(turns, len(kept) - 1)
    first = np.concatenate((_ZERO, turns + 1))
    directed = kept[first] != 0
    first, last = first[directed], last[directed]
    base = at[first]
    found = np.array([kept[first], last - first + 1, base, base + 1, at[last] + 1])
    return found, bool(kept[-1] != 0)


def _carried(signs: Signs) -> Signs:
    """Ties take the sign before them; those before the first sign stay."""
    source = np.where(signs != 0, np.arange(len(signs)), 0)
    return signs[np.maximum.accumulate(source)]
