"""Wilder's relative strength index, over a history and one value at a time.

From J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978). With the gains and
losses between consecutive values, the first averages are the means of the first ``length`` gains
and losses; each later one is (previous * (length - 1) + new) / length. With the relative strength
RS = average gain / average loss, RSI = 100 - 100 / (1 + RS), which is the same as
100 * gain / (gain + loss): 100 where there are no losses. Where there are neither gains nor
losses Wilder gives no value; here it is 50, between the two.

A change of exactly zero makes both averages smaller by one factor and so leaves RSI as it is.
Both forms below put such changes off until another follows: however long a value stays as it is,
the averages do not underflow to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

LENGTH = 14
"""Wilder's own."""

Values = npt.NDArray[np.float64]


class WilderRsi:
    """The index after each value, one at a time.

    >>> rsi = WilderRsi(length=2)
    >>> for value in (10.0, 13.0, 12.0, 12.0, 13.0):
    ...     rsi.update(value)
    ...     print(rsi.get())
    None
    None
    75.0
    75.0
    87.5

    Args:
        length: changes that the first averages are taken over, at least 2.

    Raises:
        ValueError: the length is less than 2.
    """

    def __init__(self, length: int = LENGTH) -> None:
        self._length = _checked(length)
        self._changes = 0
        self._last: float | None = None
        self._gain = self._loss = 0.0  # length times the averages: only their ratio matters
        self._put_off = 0  # changes of zero that have not yet made them smaller

    def update(self, value: float) -> None:
        """Take in the next value, finite, in any unit."""
        if self._last is not None:
            self._changed(value - self._last)
        self._last = value

    def get(self) -> float | None:
        """The index, 0 to 100; None before length + 1 values."""
        return None if self._changes < self._length else _index(self._gain, self._loss)

    def _changed(self, change: float) -> None:
        smoothed = self._changes >= self._length
        self._changes += 1
        if smoothed and change == 0:
            self._put_off += 1
            return
        kept = (1 - 1 / self._length) ** (self._put_off + 1) if smoothed else 1.0
        self._gain = self._gain * kept + max(change, 0.0)
        self._loss = self._loss * kept + max(-change, 0.0)
        self._put_off = 0


def wilder_rsi(values: Sequence[float] | Values, length: int = LENGTH) -> float | None:
    """The index after the last of the values, 0 to 100; None for fewer than length + 1 values.

    The smoothing unrolled: a change that k others follow has the weight (1 - 1 / length)**k, and
    the first ``length`` changes have that of the last of them.

    Args:
        values: finite, in any unit, oldest first, shape (n,).
        length: changes that the first averages are taken over, at least 2.

    Raises:
        ValueError: the length is less than 2.
    """
    kept = 1 - 1 / _checked(length)
    values = np.asarray(values, np.float64)
    changes = values[1:] - values[:-1]
    if len(changes) < length:
        return None
    end = len(changes)
    if end > length and changes[-1] == 0:
        end = length + len(np.trim_zeros(changes[length:], "b"))
    weights = _weights(kept, end - length)
    gains = np.maximum(changes[:end], 0)
    losses = gains - changes[:end]
    return _index(*(_weighed(one, length, weights) for one in (gains, losses)))


@lru_cache(maxsize=64)
def _weights(kept: float, changes: int) -> Values:
    """Of the first changes together, and of each one after them; pairs share their periods."""
    return np.power(kept, np.arange(changes, -1, -1), dtype=np.float64)


def _weighed(changes: Values, length: int, weights: Values) -> float:
    """Length times the average of what is gained, or lost."""
    return float(np.add.reduce(changes[:length]) * weights[0] + changes[length:] @ weights[1:])


def _index(gain: float, loss: float) -> float:
    return 50.0 if gain == loss else 100 * (gain / (gain + loss))


def _checked(length: int) -> int:
    if length < 2:
        raise ValueError(f"a length of {length}: smoothing needs at least 2")
    return length
