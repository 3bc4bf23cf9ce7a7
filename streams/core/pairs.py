"""One pair, period by period: its running streak and its record books."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np

from streams.core.book import Book, Entry
from streams.core.periods import between
from streams.core.streaks import (
    OUTPERFORMING,
    UNDERPERFORMING,
    Mask,
    Missing,
    Periods,
    Streak,
    Ties,
    Turn,
    carried,
    gaps,
    interrupted,
    turn,
)

Seeds = tuple[tuple[int, Entry], ...]


@dataclass(frozen=True, slots=True)
class Nights:
    """What lies between trading days: ``opens`` are the first periods of all of them, ascending;
    without any, a trading day is ``day`` periods long and the first one begins at 0."""

    opens: Sequence[int] = ()
    day: int = 1440

    def between(self, previous: int, period: int) -> bool:
        """Whether two periods belong to different trading days."""
        if len(self.opens):
            return bisect_right(self.opens, previous) != bisect_right(self.opens, period)
        return previous // self.day != period // self.day

    def apart(self, previous: Periods, periods: Periods) -> Mask:
        """The same for many, all arrays of one shape."""
        if len(self.opens):
            opens = self.opens
            days, before = (np.searchsorted(opens, p, "right") for p in (periods, previous))
        else:
            days, before = periods // self.day, previous // self.day
        return np.asarray(days != before)

    def steps(self, periods: Periods) -> Mask:
        """The same for each step between consecutive periods: shape (n,) to (n - 1,)."""
        return self.apart(periods[:-1], periods[1:])


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides a pair's streaks, beside its closes.

    ``steps`` rounds returns to 1/steps; ``seeds`` are (direction, entry) of published records,
    whose list is complete for streaks of at least ``complete_from`` periods (None: for those as
    long as the shortest of the direction). ``sessions`` are all of the calendar's, ascending
    (empty: periods are taken as they come), and ``missing`` is what a gap in them does. With
    ``nights`` the return from one trading day to the next is not counted. ``min_history``
    returns must be known before anything is called a record.
    """

    ties: Ties = Ties.BREAK
    steps: int | None = None
    seeds: Seeds = ()
    complete_from: int | None = None
    sessions: Sequence[int] = ()
    missing: Missing = Missing.HOLD
    nights: Nights | None = None
    min_history: int = 0

    def breaks(self, previous: int, period: int) -> bool:
        """Whether the sessions that are missing between two common periods end a streak."""
        return self.missing is Missing.BREAK and bool(between(self.sessions, previous, period))

    def passes_over(self, previous: int, period: int) -> bool:
        """Whether the return between two common periods is not counted: a night lies between."""
        return self.nights is not None and self.nights.between(previous, period)

    def broken(self, previous: Periods, periods: Periods) -> Mask:
        """Whether sessions lie strictly between ``previous`` and ``periods``, of one shape."""
        if not len(periods):
            return np.zeros(periods.shape, np.bool_)
        first = bisect_left(self.sessions, int(previous.min()))
        sessions = self.sessions[first : bisect_right(self.sessions, int(periods.max()))]
        begins = np.searchsorted(sessions, previous, "right")
        return np.asarray(np.searchsorted(sessions, periods) > begins)

    def masks(self, periods: Periods) -> tuple[Mask | None, Mask | None]:
        """For each step of a history, whether it breaks, and whether it is passed over.

        Args:
            periods: ascending, shape (n,).

        Returns:
            two arrays of shape (n - 1,), None where no step does; as :func:`streaks.runs` takes
            them.
        """
        breaking = self.missing is Missing.BREAK and len(self.sessions) and len(periods)
        broken = gaps(periods, self._within(periods)) if breaking else None
        uncounted = None if self.nights is None else self.nights.steps(periods)
        return broken, uncounted

    def _within(self, periods: Periods) -> Sequence[int]:
        first = bisect_left(self.sessions, int(periods[0]))
        return self.sessions[first : bisect_right(self.sessions, int(periods[-1]))]

    def vouched_from(self, direction: int) -> int | None:
        """The shortest streak that the published records say something about; None without."""
        lengths = [entry.length for way, entry in self.seeds if way == direction]
        return self.complete_from if lengths and self.complete_from else min(lengths, default=None)


@dataclass(slots=True)
class Tracker:
    """The state of one pair after the last period that both legs have.

    ``returns`` counts the active returns so far. ``matched`` is the last streak at least as long
    as the one that the last step ended.
    """

    terms: Terms
    first: int | None = None
    last: int | None = None
    returns: int = 0
    running: Streak | None = None
    matched: Entry | None = None
    books: dict[int, Book] = field(
        default_factory=lambda: {OUTPERFORMING: Book(), UNDERPERFORMING: Book()}
    )

    def step(self, period: int, sign: int) -> Turn | None:
        """Go on to the next common period; None for the first, which has no return.

        ``sign`` is that of the active return from the last common period. A streak that ends is
        entered into its book.
        """
        if self.last is None:
            self.begin(period)
            step = None
        else:
            step = self._carry(self.last, period, sign)
        self.last = period
        return step

    def begin(self, period: int) -> None:
        """Begin with the first common period: with the published records that precede it."""
        self.first = period
        for direction in self.books:
            seeds = (e for d, e in self.terms.seeds if d == direction and e.end < period)
            self.books[direction] = Book(seeds)

    def _carry(self, previous: int, period: int, sign: int) -> Turn:
        step = self._turned(previous, period, sign)
        if step.ended is not None:
            ended = step.ended
            self.matched = self.books[ended.direction].longest_since(ended.length)
            self.books[ended.direction].add(self.entry(ended))
        self.running = step.running
        return step

    def _turned(self, previous: int, period: int, sign: int) -> Turn:
        if self.terms.breaks(previous, period):
            return interrupted(self.running)
        if self.terms.passes_over(previous, period):
            return carried(self.running)
        self.returns += 1
        return turn(self.running, sign, previous, period, self.terms.ties)

    def entry(self, ended: Streak) -> Entry:
        """What the book keeps of a streak; one cut off by the log's edge, as it was published."""
        if ended.base != self.first:
            return Entry(ended.length, ended.start, ended.end)
        for direction, seed in self.terms.seeds:
            if direction == ended.direction and seed.start <= ended.base <= seed.end:
                return seed
        return Entry(ended.length, ended.start, ended.end, begins_known=True)

    def alike(self, other: Tracker) -> bool:
        """Whether two states of one period will tell the same for ever."""
        return (
            self.running == other.running
            and min(self.returns, other.returns) >= self.terms.min_history
            and self.first == other.first
            and all(self.books[way].entries == other.books[way].entries for way in self.books)
        )

    def counts_from(self, period: int) -> bool:
        """Whether nothing that is still told of rests on the closes of a period."""
        return self.running is None or self.running.base > period

    def counted(self, more: int) -> None:
        """Count some returns more, or fewer."""
        self.returns += more

    def copy(self) -> Tracker:
        """A tracker in the same state that goes on by itself."""
        books = {way: book.copy() for way, book in self.books.items()}
        return Tracker(
            self.terms, self.first, self.last, self.returns, self.running, self.matched, books
        )

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        run = self.running
        return {
            "at": [self.first, self.last, self.returns],
            "run": run and [run.direction, run.length, run.base, run.start, run.end],
            "books": {
                str(direction): [list(astuple(entry)) for entry in book.entries]
                for direction, book in self.books.items()
            },
        }

    @classmethod
    def load(cls, terms: Terms, state: dict[str, Any]) -> Tracker:
        """The inverse of :meth:`dump`."""
        tracker = cls(terms)
        tracker.first, tracker.last, tracker.returns = state["at"]
        tracker.running = Streak(*state["run"]) if state["run"] else None
        tracker.books = {
            int(direction): Book(Entry(*entry) for entry in entries)
            for direction, entries in state["books"].items()
        }
        return tracker
