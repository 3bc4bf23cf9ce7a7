"""A watchlist's closes and pairs: which pairs a close moves on, and which it rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.pairs import Terms, Tracker
from streams.core.series import Closes, common
from streams.core.streaks import Turn

#: How many returns lie between the states that are kept of a pair's past.
MARK_EVERY = 64


class PairKey(NamedTuple):
    """An asset and the benchmark that it is measured against."""

    asset: str
    benchmark: str


@dataclass(frozen=True, slots=True)
class History:
    """The closes of a pair's common periods, ascending: three int64 arrays of one shape (n,)."""

    periods: npt.NDArray[np.int64]
    asset: npt.NDArray[np.int64]
    benchmark: npt.NDArray[np.int64]

    def rows_after(self, period: int | None) -> Iterator[tuple[int, int, int]]:
        """(period, asset, benchmark) of the periods after one, of all without one."""
        first = 0 if period is None else int(np.searchsorted(self.periods, period, "right"))
        columns = (self.periods[first:], self.asset[first:], self.benchmark[first:])
        return zip(*(column.tolist() for column in columns), strict=True)

    def within(self, first: int, last: int) -> list[int]:
        """The periods from one to another, both included."""
        low, high = np.searchsorted(self.periods, first), np.searchsorted(self.periods, last)
        periods: list[int] = self.periods[low : high + 1].tolist()
        return periods

    def at(self, period: int) -> tuple[int, int]:
        """Both closes of a period that the history has."""
        index = int(np.searchsorted(self.periods, period))
        return int(self.asset[index]), int(self.benchmark[index])


@dataclass(frozen=True, slots=True)
class Moved:
    """A pair went on by one period."""

    pair: PairKey
    turn: Turn


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A correction or a late close changed a pair's past.

    Up to ``start`` and after the period ``until`` (None: the end) both histories tell the same.
    """

    pair: PairKey
    start: Tracker
    until: int | None
    before: History
    after: History


Change = Moved | Rewritten


def walk(
    start: Tracker, history: History, until: int | None = None
) -> Iterator[tuple[Tracker, Turn]]:
    """A pair's history from a state on, period by period, to the period ``until`` or its end.

    The same tracker comes each time, moved on; ``start`` is left as it is.
    """
    tracker = start.copy()
    for row in history.rows_after(tracker.last):
        if until is not None and row[0] > until:
            return
        turn = tracker.step(*row)
        if turn is not None:
            yield tracker, turn


class Watch:
    """The closes of a watchlist and the state of its pairs.

    ``min_history`` is the number of returns after which more of them change no claim.
    """

    def __init__(self, pairs: Mapping[PairKey, Terms], min_history: int = 0) -> None:
        self._min_history = min_history
        self.closes = {symbol: Closes() for pair in pairs for symbol in pair}
        self.trackers = {pair: Tracker(terms) for pair, terms in pairs.items()}
        self._marks: dict[PairKey, list[Tracker]] = {pair: [] for pair in pairs}
        self._pairs_of: dict[str, list[PairKey]] = {symbol: [] for symbol in self.closes}
        for pair in pairs:
            for symbol in pair:
                self._pairs_of[symbol].append(pair)

    def put(self, symbol: str, period: int, price: int) -> list[Change]:
        """Take a close; what it changed, pair by pair. The same close again changes nothing.

        Raises:
            KeyError: no pair has the symbol.
        """
        closes = self.closes[symbol]
        if closes.get(period) == price:
            return []
        complete = [
            pair
            for pair in self._pairs_of[symbol]
            if self.closes[_other(pair, symbol)].get(period) is not None
        ]
        past = {pair: self.history(pair) for pair in complete if self._reached(pair, period)}
        closes.put(period, price)
        changes = (
            self._rewrite(pair, period, past[pair]) if pair in past else self._move(pair, period)
            for pair in complete
        )
        return [change for change in changes if change is not None]

    def history(self, pair: PairKey) -> History:
        """The closes that both legs of a pair have."""
        return History(*common(self.closes[pair.asset], self.closes[pair.benchmark]))

    def at(self, pair: PairKey, period: int) -> tuple[int, int]:
        """Both closes of a common period."""
        return self.closes[pair.asset][period], self.closes[pair.benchmark][period]

    def _reached(self, pair: PairKey, period: int) -> bool:
        last = self.trackers[pair].last
        return last is not None and period <= last

    def _rewrite(self, pair: PairKey, period: int, before: History) -> Rewritten:
        """Derive a pair again from the last state kept, until nothing differs any more."""
        start, later = self._split(pair, period)
        after, old, new = self.history(pair), start.copy(), start.copy()
        past = [row for row in before.rows_after(start.last) if row[0] <= period]
        for row in past:
            old.step(*row)
        until = None
        for row in after.rows_after(start.last):
            new.step(*row)
            self._mark(pair, new)
            if row[0] > period:
                old.step(*row)
                if self._alike(old, new):
                    until = row[0]
                    break
        if until is not None:
            new = self._go_on(pair, later, until, new.returns - old.returns)
        self.trackers[pair] = new
        return Rewritten(pair, start, until, before, after)

    def _alike(self, one: Tracker, other: Tracker) -> bool:
        """Whether two states of one period will tell the same for ever."""
        return (
            one.running == other.running
            and min(one.returns, other.returns) >= self._min_history
            and one.first == other.first
            and all(one.books[way].entries == other.books[way].entries for way in one.books)
        )

    def _go_on(self, pair: PairKey, later: list[Tracker], until: int, more: int) -> Tracker:
        """The states after a period, which only count some returns more than they did."""
        for mark in later:
            if mark.last is not None and mark.last > until:
                mark.returns += more
                self._marks[pair].append(mark)
        return replace(self.trackers[pair], returns=self.trackers[pair].returns + more)

    def _move(self, pair: PairKey, period: int) -> Moved | None:
        tracker = self.trackers[pair]
        turn = tracker.step(period, *self.at(pair, period))
        self._mark(pair, tracker)
        return None if turn is None else Moved(pair, turn)

    def _mark(self, pair: PairKey, tracker: Tracker) -> None:
        """Keep a state now and then, so that a late close does not derive all history again."""
        marks = self._marks[pair]
        if tracker.returns - (marks[-1].returns if marks else 0) >= MARK_EVERY:
            marks.append(tracker.copy())

    def _split(self, pair: PairKey, period: int) -> tuple[Tracker, list[Tracker]]:
        """The last state kept from before a period, and those from after it, taken out."""
        marks = self._marks[pair]
        later = [mark for mark in marks if not _is_before(mark, period)]
        del marks[len(marks) - len(later) :]
        start = marks[-1] if marks else Tracker(self.trackers[pair].terms)
        return start, later


def _is_before(tracker: Tracker, period: int) -> bool:
    return tracker.last is not None and tracker.last < period


def _other(pair: PairKey, symbol: str) -> str:
    return pair.benchmark if symbol == pair.asset else pair.asset
