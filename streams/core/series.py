"""The closes of one symbol, by period, in two plain arrays."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]


class Closes:
    """Closes in micro-units by period, kept in order of the periods."""

    __slots__ = ("_periods", "_prices")

    def __init__(self) -> None:
        self._periods = array("q")
        self._prices = array("q")

    def __len__(self) -> int:
        return len(self._periods)

    @property
    def periods(self) -> Sequence[int]:
        """The periods, ascending; not to be changed."""
        return self._periods

    def get(self, period: int) -> int | None:
        """The close of a period, or None."""
        periods = self._periods
        at = bisect_left(periods, period)
        return self._prices[at] if at < len(periods) and periods[at] == period else None

    def __getitem__(self, period: int) -> int:
        """The close of a period; KeyError where there is none."""
        price = self.get(period)
        if price is None:
            raise KeyError(period)
        return price

    def put(self, period: int, price: int) -> None:
        """Set the close of a period; appending is the cheap case."""
        at = bisect_left(self._periods, period)
        if at < len(self._periods) and self._periods[at] == period:
            self._prices[at] = price
        else:
            self._periods.insert(at, period)
            self._prices.insert(at, price)

    def extend(self, periods: bytes, prices: bytes) -> None:
        """Append closes of periods that ascend and lie behind all others: both int64."""
        self._periods.frombytes(periods)
        self._prices.frombytes(prices)

    @property
    def last(self) -> int | None:
        """The last period; None without any."""
        return self._periods[-1] if self._periods else None

    @property
    def end(self) -> tuple[int, int] | None:
        """The last period and its close; None without any."""
        return (self._periods[-1], self._prices[-1]) if self._periods else None

    def remove(self, period: int) -> None:
        """Take out the close of a period that there is."""
        at = bisect_left(self._periods, period)
        del self._periods[at], self._prices[at]

    def copy(self) -> Closes:
        """The same closes, which go on by themselves."""
        copy = Closes()
        copy._periods, copy._prices = self._periods[:], self._prices[:]
        return copy

    def columns(self) -> tuple[Column, Column]:
        """Copies of the periods and the prices, both int64 of shape (len(self),)."""
        return np.array(self._periods, np.int64), np.array(self._prices, np.int64)

    def stretch(self, first: int | None, last: int | None) -> tuple[Column, Column]:
        """Copies of the periods from ``first`` to ``last``, both included, and of their prices;
        None for all there are."""
        low = 0 if first is None else bisect_left(self._periods, first)
        high = len(self._periods) if last is None else bisect_right(self._periods, last)
        return np.array(self._periods[low:high]), np.array(self._prices[low:high])


def common(
    a: Closes, b: Closes, first: int | None, last: int | None
) -> tuple[Column, Column, Column]:
    """The periods that both symbols have, from ``first`` to ``last``, both included.

    Args:
        first, last: None for all there are.

    Returns:
        the periods, ascending, and the closes of both: three int64 arrays of one shape (n,).
    """
    a_periods, a_prices = a.stretch(first, last)
    b_periods, b_prices = b.stretch(first, last)
    if len(a_periods) == len(b_periods) and (a_periods == b_periods).all():
        return a_periods, a_prices, b_prices
    periods, at_a, at_b = np.intersect1d(
        a_periods, b_periods, assume_unique=True, return_indices=True
    )
    return periods, a_prices[at_a], b_prices[at_b]


def dump(closes: Iterable[Closes]) -> dict[str, Any]:
    """The closes of some symbols as columns of bytes, for a snapshot.

    Symbols that have the same periods share one column of them: ``which`` is its number, for each
    symbol. The prices stand behind one another.
    """
    numbers: dict[bytes, int] = {}
    each = list(closes)
    which = [numbers.setdefault(one._periods.tobytes(), len(numbers)) for one in each]
    return {
        "periods": list(numbers),
        "which": np.array(which, np.int32).tobytes(),
        "prices": b"".join(one._prices for one in each),
    }


def load(closes: Iterable[Closes], state: Mapping[str, Any]) -> None:
    """The inverse of :func:`dump`: let these, which are as many, hold what those held."""
    prices, begin = memoryview(state["prices"]), 0
    columns = [array("q", periods) for periods in state["periods"]]
    which = np.frombuffer(state["which"], np.int32).tolist()
    for one, number in zip(closes, which, strict=True):
        end = begin + 8 * len(columns[number])
        one._periods, one._prices = columns[number][:], array("q")
        one._prices.frombytes(prices[begin:end])
        begin = end
