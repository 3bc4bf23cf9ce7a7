"""Subjects: what is followed period by period, its state, and what a close does to it.

A subject is a pair, whose observations are the signs of its active returns, or the level of one
series, whose observations are values.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from streams.core.levels import LevelTracker, LevelTurn
from streams.core.pairs import Tracker
from streams.core.streaks import Turn
from streams.core.views import LevelView, PairView

#: How many returns lie between the states that are kept of a subject's past.
MARK_EVERY = 64
#: How many of these states are kept: few, however long the history.
MOST_MARKS = 16


class PairKey(NamedTuple):
    """An asset and the benchmark that it is measured against."""

    asset: str
    benchmark: str


Key = PairKey | str
"""A pair, or the name of a series."""


View = PairView | LevelView
AnyTracker = Tracker | LevelTracker
AnyTurn = Turn | LevelTurn


@dataclass(frozen=True, slots=True)
class Moved:
    """A subject went on by one period; ``tracker`` is its state then."""

    key: Key
    tracker: AnyTracker
    turn: AnyTurn | None
    view: View


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A correction or a late close changed a subject's past.

    Up to ``start`` and after the period ``until`` (None: the end) both views tell the same.
    """

    key: Key
    start: AnyTracker
    until: int | None
    before: View
    after: View


Change = Moved | Rewritten


def walk(
    start: AnyTracker, view: View, until: int | None = None
) -> Iterator[tuple[AnyTracker, AnyTurn]]:
    """A subject's history from a state on, period by period, to the period ``until`` or its end.

    The same tracker comes each time, moved on; ``start`` is left as it is.
    """
    tracker: Any = start.copy()
    for period, observed in view.rows_after(tracker.last):
        if until is not None and period > until:
            return
        turn = tracker.step(period, observed)
        if turn is not None:
            yield tracker, turn


class Subject:
    """A pair or a series on its way: its view, its state, and states of its past."""

    def __init__(self, key: Key, view: View, tracker: AnyTracker, number: int = -1) -> None:
        """``number`` is its place in a cohort, -1 outside one."""
        self.key = key
        self.view = view
        self.begin = tracker.copy()
        self.tracker: Any = tracker
        self.marks: list[Any] = []
        self.number = number

    def move(self) -> Iterator[Moved]:
        """Go on through all periods that are new at the end; usually one."""
        rows = list(self.view.rows_after(self.tracker.last))
        for number, (period, observed) in enumerate(rows, 1):
            turn = self.tracker.step(period, observed)
            self.mark(self.tracker)
            tracker = self.tracker if number == len(rows) else self.tracker.copy()
            yield Moved(self.key, tracker, turn, self.view)

    def rewrite(self, period: int, before: View, least: int | None) -> Rewritten:
        """Derive it again from the last state kept, until nothing differs any more.

        Args:
            period: whose closes have changed.
            least: the first period from which a difference may be over; None for never.
        """
        start, later = self._split(period)
        old, new = start.copy(), start.copy()
        past = before.rows_after(start.last)
        row = next(past, None)
        until = None
        for at, observed in self.view.rows_after(start.last):
            new.step(at, observed)
            self.mark(new)
            while row is not None and row[0] <= at:
                old.step(*row)
                row = next(past, None)
            if least is not None and at > period and at >= least and _joined(old, new, period):
                until = at
                break
        if until is not None:
            more = new.returns - old.returns
            new = self._go_on(later, until, more)
        self.tracker = new
        return Rewritten(self.key, start, until, before, self.view)

    def _go_on(self, later: list[Any], until: int, more: int) -> Any:
        """The states after a period, which only count some returns more than they did."""
        for mark in later:
            if mark.last > until:
                mark.counted(more)
                self.marks.append(mark)
        new = self.tracker.copy()
        new.counted(more)
        return new

    def mark(self, tracker: Any) -> None:
        """Keep a state now and then, so that a late close does not derive all history again."""
        marks = self.marks
        if tracker.returns - (marks[-1].returns if marks else 0) >= MARK_EVERY:
            marks.append(tracker.copy())
            if len(marks) > MOST_MARKS:
                del marks[1 : MOST_MARKS // 2 : 2]  # the older, the farther apart

    def _split(self, period: int) -> tuple[Any, list[Any]]:
        """The last state kept from before a period, and those from after it, taken out."""
        at = bisect_left(self.marks, period, key=lambda mark: mark.last)
        later = self.marks[at:]
        del self.marks[at:]
        return (self.marks[-1] if self.marks else self.begin), later


def _joined(old: Any, new: Any, period: int) -> bool:
    """Whether two states tell the same for ever, and nothing of a changed period any more."""
    return bool(old.last == new.last and old.alike(new) and new.counts_from(period))
