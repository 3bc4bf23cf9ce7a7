"""One pair, period by period: its running streak and its record books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from streams.core.book import Book, Entry
from streams.core.periods import between
from streams.core.returns import active_sign
from streams.core.streaks import (
    OUTPERFORMING,
    UNDERPERFORMING,
    Missing,
    Streak,
    Ties,
    Turn,
    interrupted,
    turn,
)

Seeds = tuple[tuple[int, Entry], ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides a pair's streaks, beside its closes.

    ``steps`` rounds returns to 1/steps; ``seeds`` are (direction, entry) of published records,
    whose list is complete for streaks of at least ``complete_from`` periods (None: for those as
    long as the shortest of the direction). ``sessions`` are all of the calendar's, ascending
    (empty: periods are taken as they come), and ``missing`` is what a gap in them does.
    """

    ties: Ties = Ties.BREAK
    steps: int | None = None
    seeds: Seeds = ()
    complete_from: int | None = None
    sessions: Sequence[int] = ()
    missing: Missing = Missing.HOLD

    def breaks(self, previous: int, period: int) -> bool:
        """Whether the sessions that are missing between two common periods end a streak."""
        return self.missing is Missing.BREAK and bool(between(self.sessions, previous, period))

    def vouched_from(self, direction: int) -> int | None:
        """The shortest streak that the published records say something about; None without."""
        lengths = [entry.length for way, entry in self.seeds if way == direction]
        return self.complete_from if lengths and self.complete_from else min(lengths, default=None)


@dataclass(slots=True)
class Tracker:
    """The state of one pair after the last period that both legs have.

    ``asset`` and ``benchmark`` are the closes of ``last``, in micro-units; periods are days since
    1970-01-01; ``returns`` counts the active returns so far. ``matched`` is the last streak at
    least as long as the one that the last step ended.
    """

    terms: Terms
    first: int | None = None
    last: int | None = None
    asset: int = 0
    benchmark: int = 0
    returns: int = 0
    running: Streak | None = None
    matched: Entry | None = None
    books: dict[int, Book] = field(
        default_factory=lambda: {OUTPERFORMING: Book(), UNDERPERFORMING: Book()}
    )

    def step(self, period: int, asset: int, benchmark: int) -> Turn | None:
        """Go on to the next common period; None for the first, which has no return.

        A streak that ends is entered into its book.
        """
        if self.last is None:
            self._begin(period)
            step = None
        else:
            step = self._carry(self.last, period, asset, benchmark)
        self.last, self.asset, self.benchmark = period, asset, benchmark
        return step

    def _begin(self, period: int) -> None:
        self.first = period
        for direction in self.books:
            seeds = (e for d, e in self.terms.seeds if d == direction and e.end < period)
            self.books[direction] = Book(seeds)

    def _carry(self, previous: int, period: int, asset: int, benchmark: int) -> Turn:
        if self.terms.breaks(previous, period):
            step = interrupted(self.running)
        else:
            sign = active_sign(self.asset, asset, self.benchmark, benchmark, self.terms.steps)
            step = turn(self.running, sign, previous, period, self.terms.ties)
            self.returns += 1
        if step.ended is not None:
            ended = step.ended
            self.matched = self.books[ended.direction].longest_since(ended.length)
            self.books[ended.direction].add(self._entry(ended))
        self.running = step.running
        return step

    def _entry(self, ended: Streak) -> Entry:
        """What the book keeps of a streak; one cut off by the log's edge, as it was published."""
        if ended.base != self.first:
            return Entry(ended.length, ended.start, ended.end)
        for direction, seed in self.terms.seeds:
            if direction == ended.direction and seed.start <= ended.base <= seed.end:
                return seed
        return Entry(ended.length, ended.start, ended.end, begins_known=True)

    def copy(self) -> Tracker:
        """A tracker in the same state that goes on by itself."""
        return replace(self, books={way: book.copy() for way, book in self.books.items()})

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        run = self.running
        return {
            "at": [self.first, self.last, self.asset, self.benchmark, self.returns],
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
        tracker.first, tracker.last, tracker.asset, tracker.benchmark, tracker.returns = state["at"]
        tracker.running = Streak(*state["run"]) if state["run"] else None
        tracker.books = {
            int(direction): Book(Entry(*entry) for entry in entries)
            for direction, entries in state["books"].items()
        }
        return tracker
