"""The latest prices of periods that still run: one for each symbol, taken by writing arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.kernel import Lengths
from streams.core.periods import NEVER
from streams.core.series import Closes
from streams.core.streaks import Mask

Column = npt.NDArray[np.int64]
Growths = npt.NDArray[np.float64]


class Latest(NamedTuple):
    """What each symbol has last, in columns of one shape (symbols,).

    Where ``live`` it is a price before the close, else the last close: its period (``NEVER`` for
    none) and price, in micro-units.
    """

    period: Column
    price: Column
    live: Mask

    def only(self, chosen: npt.NDArray[np.generic]) -> Latest:
        """Some of the symbols, by mask or index."""
        return Latest(*(column[chosen] for column in self))


class Preview(NamedTuple):
    """What some pairs would do with the latest prices, in columns of one shape (pairs,).

    ``pairs`` are numbers, ascending. ``lengths`` are signed, of the streaks that would grow, or
    begin, in ``period``; 0 where none would. ``asset`` and ``benchmark`` are the growths of the
    legs since the last common close (1.008 for a return of 0.8%), each rounded once.
    """

    pairs: npt.NDArray[np.intp]
    period: Column
    lengths: Lengths
    asset: Growths
    benchmark: Growths


class Live:
    """The price that has come last for each symbol before a close, whatever its period.

    It stands for the symbol until a close of its period, or of a later one, has come.
    """

    def __init__(self, closes: Mapping[str, Closes]) -> None:
        """``closes`` by symbol; symbols are known by their place there."""
        self._closes = list(closes.values())
        self._now = np.zeros((2, len(closes)), np.int64)
        self._now[0] = NEVER
        self._seen = self._now.copy()

    def is_open(self, place: int, period: int) -> bool:
        """Whether a symbol has no close of a period, nor of a later one."""
        last = self._closes[place].last
        return last is None or period > last

    def put(self, place: int | Column, period: int | Column, price: int | Column) -> None:
        """Take one price, or many in the order in which they have come."""
        self._now[0, place], self._now[1, place] = period, price

    def latest(self) -> Latest:
        """What each symbol has last."""
        closed = self._closed()
        live = self._now[0] > closed[0]
        period, price = np.where(live, self._now, closed)
        return Latest(period, price, live)

    def look(self) -> Latest:
        """The same, and nothing waits any more."""
        self._seen[:] = self._now
        return self.latest()

    @property
    def waiting(self) -> bool:
        """Whether a price that stands for its symbol has not been looked at."""
        new = (self._now != self._seen).any(axis=0)
        return bool(new.any() and (new & (self._now[0] > self._closed()[0])).any())

    def dump(self) -> list[bytes]:
        """The state as columns of bytes, for a snapshot."""
        return [self._now.tobytes(), self._seen.tobytes()]

    def load(self, state: list[bytes]) -> None:
        """The inverse of :meth:`dump`."""
        self._now, self._seen = (
            np.frombuffer(one, np.int64).copy().reshape(self._now.shape) for one in state
        )

    def _closed(self) -> Column:
        """The last period and the last close of each symbol: shape (2, symbols)."""
        ends = [closes.end for closes in self._closes]
        return np.array([(NEVER, 0) if end is None else end for end in ends], np.int64).T
