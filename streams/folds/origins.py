"""How far each origin of closes has been taken: what comes twice is known by its position."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streams.columns.closes import Columns
from streams.core.groups import distinct, not_beyond
from streams.formats.arrow import MAX_ROWS
from streams.wire import Routed

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Origins:
    """The highest position of each symbol's closes taken from each partition of ``closes``.

    A router that starts again copies closes that were copied before; by these they are told apart.

    Args:
        symbols: how many there are; a close's ``place`` is that of its symbol.
    """

    def __init__(self, symbols: int) -> None:
        self._symbols = symbols
        self._taken: dict[int, Column] = {}

    def take(self, place: int, routed: Routed) -> bool:
        """Whether a close was not taken before; it is now."""
        position = routed.offset * MAX_ROWS + routed.line
        taken = self._of(routed.partition)
        if position <= taken[place]:
            return False
        taken[place] = position
        return True

    def new(self, closes: Columns, place: Column) -> Mask:
        """Which of some closes were not taken before, and do not come before among them."""
        new = np.ones(closes.size, np.bool_)
        position, partitions = closes.position, closes.partition
        for partition in distinct(partitions):
            new &= (partitions != partition) | (position > self._of(partition)[place])
        line = place * (int(partitions.max(initial=0)) + 2) + partitions + 1
        return new & ~not_beyond(line, position)

    def note(self, closes: Columns, place: Column) -> None:
        """Remember that closes were taken."""
        for partition in distinct(closes.partition):
            here = closes.partition == partition
            np.maximum.at(self._of(partition), place[here], closes.position[here])

    def _of(self, partition: int) -> Column:
        if partition not in self._taken:
            self._taken[partition] = np.full(self._symbols, -1, np.int64)
        return self._taken[partition]

    def dump(self) -> list[Any]:
        """Plain values for a snapshot."""
        return [[partition, taken.tobytes()] for partition, taken in self._taken.items()]

    def load(self, dumped: list[Any]) -> None:
        """The inverse of :meth:`dump`."""
        self._taken = {
            partition: np.frombuffer(taken, np.int64).copy() for partition, taken in dumped
        }
