"""A watchlist's closes and pairs: which pairs a close moves on, and which it rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.pairs import Terms, Tracker
from streams.core.series import Closes, common
from streams.core.streaks import Turn


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
    """A correction or a late close changed a pair's past."""

    pair: PairKey
    before: History
    after: History


Change = Moved | Rewritten


def walk(terms: Terms, history: History) -> Iterator[tuple[Tracker, Turn]]:
    """A pair's whole history, period by period; the same tracker each time, moved on."""
    tracker = Tracker(terms)
    rows = (history.periods.tolist(), history.asset.tolist(), history.benchmark.tolist())
    for period, asset, benchmark in zip(*rows, strict=True):
        turn = tracker.step(period, asset, benchmark)
        if turn is not None:
            yield tracker, turn


def replayed(terms: Terms, history: History) -> Tracker:
    """The state of a pair after its whole history."""
    tracker = Tracker(terms)
    rows = (history.periods.tolist(), history.asset.tolist(), history.benchmark.tolist())
    for row in zip(*rows, strict=True):
        tracker.step(*row)
    return tracker


class Watch:
    """The closes of a watchlist and the state of its pairs."""

    def __init__(self, pairs: Mapping[PairKey, Terms]) -> None:
        self.closes = {symbol: Closes() for pair in pairs for symbol in pair}
        self.trackers = {pair: Tracker(terms) for pair, terms in pairs.items()}
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
            self._rewrite(pair, past[pair]) if pair in past else self._move(pair, period)
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

    def _rewrite(self, pair: PairKey, before: History) -> Rewritten:
        after = self.history(pair)
        self.trackers[pair] = replayed(self.trackers[pair].terms, after)
        return Rewritten(pair, before, after)

    def _move(self, pair: PairKey, period: int) -> Moved | None:
        turn = self.trackers[pair].step(period, *self.at(pair, period))
        return None if turn is None else Moved(pair, turn)


def _other(pair: PairKey, symbol: str) -> str:
    return pair.benchmark if symbol == pair.asset else pair.asset
