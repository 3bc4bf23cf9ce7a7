"""The closes of many symbols: where each ends, and what comes, in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.periods import NEVER
from streams.core.series import Closes

Column = npt.NDArray[np.int64]


class Arrivals(NamedTuple):
    """Closes in the order of their arrival, in columns of one shape (n,).

    ``symbol`` is a place in :attr:`Tape.symbols`; ``price`` is in micro-units; ``number`` counts
    up. The closes of a symbol ascend, and lie behind all that it has.
    """

    symbol: Column
    period: Column
    price: Column
    number: Column

    def only(self, chosen: npt.NDArray[np.generic] | slice) -> Arrivals:
        """Some of them, by mask, index or slice."""
        return Arrivals(*(column[chosen] for column in self))


def ends(closes: Iterable[Closes]) -> Column:
    """The last period of each, ``NEVER`` without any."""
    return np.array([NEVER if one.last is None else one.last for one in closes], np.int64)


class Tape:
    """The closes of symbols, each behind all that its symbol has.

    Args:
        symbols: the names.
        closes: of each; they are extended.
    """

    def __init__(self, symbols: Sequence[str], closes: Sequence[Closes]) -> None:
        self.symbols = list(symbols)
        self.closes = list(closes)
        self.last = np.full(len(self.symbols), NEVER, np.int64)
        """The last period of each symbol, ``NEVER`` without any."""
        self._places = {symbol: at for at, symbol in enumerate(self.symbols)}

    def __len__(self) -> int:
        """How many symbols there are."""
        return len(self.symbols)

    def load(self) -> None:
        """Take note of the closes that are there."""
        self.last[:] = ends(self.closes)

    def came(self, symbol: str, period: int) -> None:
        """Take note of a close that came by itself."""
        at = self._places.get(symbol)
        if at is not None and period > self.last[at]:
            self.last[at] = period

    def table(
        self, arrivals: Arrivals, row: Column, periods: Column, symbols: Column
    ) -> tuple[Column, Column]:
        """Closes by period and symbol, 0 for none, and the numbers of those that have arrived.

        The number of a close that was there before is -1; of those only ``symbols`` are looked at.
        """
        table = np.zeros((len(periods), len(self)), np.int64)
        number = np.full(table.shape, -1, np.int64)
        first, last = int(periods[0]), int(periods[-1])
        for symbol in symbols[self.last[symbols] >= first].tolist():
            had, prices = self.closes[symbol].stretch(first, last)
            at = np.searchsorted(periods, had)
            same = periods[at] == had
            table[at[same], symbol] = prices[same]
        table[row, arrivals.symbol] = arrivals.price
        number[row, arrivals.symbol] = arrivals.number
        return table, number

    def append(self, arrivals: Arrivals) -> None:
        """Add closes to those of their symbols."""
        order = np.argsort(arrivals.symbol, kind="stable")
        symbol = arrivals.symbol[order]
        begins = np.flatnonzero(np.concatenate(([True], symbol[1:] != symbol[:-1])))
        symbols = symbol[begins]
        self.last[symbols] = arrivals.period[order[np.append(begins[1:], len(order)) - 1]]
        edges = [*(8 * begins).tolist(), 8 * len(order)]
        periods, prices = arrivals.period[order].tobytes(), arrivals.price[order].tobytes()
        for at, symbol in enumerate(symbols.tolist()):
            part = slice(edges[at], edges[at + 1])
            self.closes[symbol].extend(periods[part], prices[part])
