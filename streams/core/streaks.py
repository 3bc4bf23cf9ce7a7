"""Streaks: runs of active returns of one sign, in batch and one period at a time.

A streak's direction is +1 (outperforming) or -1 (underperforming). ``base`` is the period whose
closes the streak's first return starts from, so returns over the streak run from base to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from streams.core.returns import Signs

Periods = npt.NDArray[np.int64]

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


def find(
    periods: Periods, signs: Signs, ties: Ties, broken: npt.NDArray[np.bool_] | None = None
) -> tuple[list[Streak], bool]:
    """All streaks of a history, oldest first, and whether the last of them still runs.

    Args:
        periods: the periods with closes of both legs, ascending, shape (n,).
        signs: of the active returns, shape (n - 1,); signs[i] belongs to periods[i + 1].
        broken: shape (n - 1,), true where the gap before periods[i + 1] breaks a streak; the
            return over such a gap counts for nothing.
    """
    cuts = [] if broken is None else np.flatnonzero(broken).tolist()
    streaks: list[Streak] = []
    runs_on = False
    for first, last in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(signs)], strict=True):
        found, runs_on = _find(periods[first : last + 1], signs[first:last], ties)
        streaks += found
    return streaks, runs_on


def gaps(periods: Periods, sessions: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Whether sessions lie between consecutive periods: shape (n - 1,).

    Args:
        periods: ascending, shape (n,), all of them sessions.
        sessions: of the calendar, ascending.
    """
    return np.diff(np.searchsorted(np.asarray(sessions, np.int64), periods)) > 1


def _find(periods: Periods, signs: Signs, ties: Ties) -> tuple[list[Streak], bool]:
    at = np.arange(len(signs))
    if ties is Ties.SKIP:
        at = at[signs != 0]
    elif ties is Ties.EXTEND:
        signs, at = _carried(signs)
    kept = signs[at]
    if len(kept) == 0:
        return [], False
    first = np.flatnonzero(np.concatenate(([True], kept[1:] != kept[:-1])))
    last = np.concatenate((first[1:], [len(kept)])) - 1
    columns = (
        kept[first],
        last - first + 1,
        periods[at[first]],
        periods[at[first] + 1],
        periods[at[last] + 1],
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    found = [Streak(*row) for row in rows if row[0] != 0]
    return found, bool(kept[-1] != 0)


def _carried(signs: Signs) -> tuple[Signs, npt.NDArray[np.intp]]:
    """Ties take the sign before them; those before the first sign are left out."""
    source = np.where(signs != 0, np.arange(len(signs)), -1)
    source = np.maximum.accumulate(source)
    return signs[np.maximum(source, 0)], np.flatnonzero(source >= 0)
