"""Rings: the bars of the last two sessions, for all symbols of one calendar and interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.grids import Grid, Numbers

Flags = npt.NDArray[np.bool_]


class TickColumns(NamedTuple):
    """Ticks in the order of their log, int64 of one shape (n,): symbols by number, instants in
    nanoseconds since 1970, prices in micro-units.
    """

    symbols: Numbers
    instants: Numbers
    prices: Numbers

    def at(self, places: Numbers) -> TickColumns:
        """Some of them."""
        return TickColumns(self.symbols[places], self.instants[places], self.prices[places])


class Told(NamedTuple):
    """A close of a ring: the symbol by number, the price in micro-units.

    ``revision`` counts the closes of the period that were told before it.
    """

    period: int
    symbol: int
    price: int
    revision: int


class Fate(IntEnum):
    """What became of a tick; with several intervals the least of them."""

    LATE = 0
    """Its period was closed."""
    TAKEN = 1
    STALE = 2
    """Its session lies before the last one."""
    OUTSIDE = 3
    """There is no trading at its instant."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a ring holds: the symbols by number, and which of them are told before the close."""

    grid: Grid
    symbols: Numbers
    ahead: Flags


class Ring:
    """The bars of one grid: of the last two sessions, by period and symbol.

    A bar is the latest instant of a tick, and its price; no instant is 0. Period ``n`` lies in row
    ``n % most``.
    """

    def __init__(self, plan: Plan, symbols: int) -> None:
        """``symbols``: how many there are in all."""
        self.plan = plan
        self.grid = plan.grid
        shape = (plan.grid.most, len(plan.symbols))
        self.instants, self.prices = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.held = np.full(shape[0], -1)
        """The period in each row, or -1."""
        self.closed = self.kept = 0
        """The periods before these are closed, and are not kept."""
        self.revisions: dict[tuple[int, int], int] = {}
        """By period and column, of bars that were corrected."""
        self._column = np.full(symbols, -1)
        self._column[plan.symbols] = np.arange(len(plan.symbols))
        self._ahead = np.flatnonzero(plan.ahead)
        self.told = np.zeros((3, len(self._ahead)), np.int64)
        """Of those that are told before the close: period, price and count of what was told."""
        self.told[0] = -1

    @property
    def looks_ahead(self) -> bool:
        """Whether anything is told before the close."""
        return len(self._ahead) > 0

    def next_turn(self, watermark: int) -> int:
        """The watermark at which a period ends, or a session begins."""
        return min(self.grid.end(self.closed), self.grid.next_open(watermark))

    def waits_for(self) -> Iterator[int]:
        """The ends of the periods that have ticks and are not closed."""
        return (self.grid.end(number) for number in self.held.tolist() if number >= self.closed)

    def advance(self, watermark: int) -> Iterator[Told]:
        """Close what has ended, by period and symbol, and drop what is kept no more."""
        before, self.closed = self.closed, max(self.closed, self.grid.ended(watermark))
        ending = self.held[(self.held >= before) & (self.held < self.closed)]
        for number in np.sort(ending).tolist():
            row = number % len(self.held)
            columns = np.flatnonzero(self.instants[row])
            symbols, prices = self.plan.symbols[columns], self.prices[row, columns]
            for symbol, price in zip(symbols.tolist(), prices.tolist(), strict=True):
                yield Told(self.grid.period(number), symbol, price, 0)
        kept = max(self.kept, self.grid.kept(watermark))
        if kept > self.kept:
            self._drop(kept)

    def ahead(self) -> Iterator[Told]:
        """What has changed in the open period since it was told last, by symbol."""
        number = self.closed
        row = number % len(self.held)
        if self.held[row] != number:
            return
        instants, prices = self.instants[row, self._ahead], self.prices[row, self._ahead]
        periods, before, counts = self.told
        changed = np.flatnonzero((instants > 0) & ((periods != number) | (before != prices)))
        counts[changed] = np.where(periods[changed] == number, counts[changed] + 1, 0)
        periods[changed], before[changed] = number, prices[changed]
        symbols, period = self.plan.symbols[self._ahead[changed]], self.grid.period(number)
        columns = (symbols, prices[changed], counts[changed])
        for symbol, price, count in zip(*(c.tolist() for c in columns), strict=True):
            yield Told(period, symbol, price, count)

    def place(self, ticks: TickColumns) -> tuple[Numbers, Flags, list[tuple[int, Told]]]:
        """Take ticks between two turns of the watermark.

        Returns:
            the fate of each, which of them the ring is about, and the corrections, each with the
            place of its tick.
        """
        columns = self._column[ticks.symbols]
        numbers = self.grid.locate(ticks.instants)
        fates = np.full(len(columns), Fate.TAKEN.value)
        fates[numbers < self.closed] = Fate.LATE
        fates[numbers < self.kept] = Fate.STALE
        fates[numbers < 0] = Fate.OUTSIDE
        mine = columns >= 0
        on_time = np.flatnonzero(mine & (fates == Fate.TAKEN))
        self._put(numbers[on_time], columns[on_time], ticks.at(on_time))
        late = np.flatnonzero(mine & (fates == Fate.LATE))
        corrections = self._correct(numbers[late], columns[late], ticks.at(late))
        return fates, mine, [(int(late[place]), told) for place, told in corrections]

    def _put(self, numbers: Numbers, columns: Numbers, ticks: TickColumns) -> None:
        """Of the ticks of a bar the latest counts, and of those the one that comes last."""
        rows = numbers % len(self.held)
        self.held[rows] = numbers
        at = rows * self.instants.shape[1] + columns
        latest, last = self.instants.reshape(-1), self.prices.reshape(-1)
        np.maximum.at(latest, at, ticks.instants)
        counts = ticks.instants == latest[at]
        last[at[counts]] = ticks.prices[counts]

    def _correct(
        self, numbers: Numbers, columns: Numbers, ticks: TickColumns
    ) -> Iterator[tuple[int, Told]]:
        """Those that are the last of their closed periods, one after the other."""
        rows = numbers % len(self.held)
        later = np.flatnonzero(ticks.instants >= self.instants[rows, columns])
        for place in later.tolist():
            number, column, row = int(numbers[place]), int(columns[place]), int(rows[place])
            symbol, instant, price = (int(values[place]) for values in ticks)
            before, was = self.instants[row, column], self.prices[row, column]
            if instant < before:
                continue
            self.held[row] = number
            self.instants[row, column], self.prices[row, column] = instant, price
            if before == 0:
                yield place, Told(self.grid.period(number), symbol, price, 0)
            elif price != was:
                revision = self.revisions[number, column] = self._revision(number, column) + 1
                yield place, Told(self.grid.period(number), symbol, price, revision)

    def _revision(self, number: int, column: int) -> int:
        return self.revisions.get((number, column), 0)

    def _drop(self, kept: int) -> None:
        self.kept = kept
        rows = np.flatnonzero((self.held >= 0) & (self.held < kept))
        self.instants[rows], self.prices[rows], self.held[rows] = 0, 0, -1
        self.revisions = {key: count for key, count in self.revisions.items() if key[0] >= kept}
