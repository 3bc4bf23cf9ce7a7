"""Closes of one watchlist in columns, and each of them by itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alerts.model import Trigger
from streams.columns.closes import INTERVALS, OF_TICKS, Columns
from streams.records import Topic
from streams.wire import DIRECT, TICKS, Close, Due, Look, Routed

Column = npt.NDArray[np.int64]
_CLOSES = Topic.CLOSES.value
Single = tuple[int, Routed | Due | Look, Trigger]
"""What is taken by itself, with its number in the log, and where it stands."""


class Rows:
    """Closes of one watchlist, with the place of each one's symbol there."""

    def __init__(
        self, watchlist: tuple[str, list[str]], closes: Columns, place: Column, own: Trigger
    ) -> None:
        """Closes in the order of the log.

        Args:
            watchlist: its name and its symbols.
            place: of each close's symbol among these.
            own: where a close stands that a feed wrote to ``watch``, but for offset and time.
        """
        self.closes = closes
        self.place = place
        self._watchlist = watchlist
        self._own = own

    def only(self, chosen: npt.NDArray[np.generic] | slice) -> Rows:
        """Some of them, by mask, index or slice."""
        return Rows(self._watchlist, self.closes.only(chosen), self.place[chosen], self._own)

    def single(self, at: int) -> Single:
        """One of them, by itself."""
        closes, (name, symbols) = self.closes, self._watchlist
        close = Close(
            symbols[self.place[at]],
            int(closes.period[at]),
            int(closes.price[at]),
            INTERVALS[closes.interval[at]],
            source=TICKS if closes.source[at] == OF_TICKS else "",
            provisional=bool(closes.provisional[at]),
            revision=int(closes.revision[at]),
        )
        columns = (closes.partition, closes.offset, closes.arrived, closes.line)
        origin = (int(column[at]) for column in columns)
        routed = Routed(name, close, *origin)
        return int(closes.number[at]), routed, self.trigger(at)

    def trigger(self, at: int) -> Trigger:
        """Where one of them stands in the log, and when it arrived there."""
        closes = self.closes
        partition, offset, arrived = (
            column.item(at) for column in (closes.partition, closes.offset, closes.arrived)
        )
        if partition == DIRECT:
            return Trigger(self._own.topic, self._own.partition, offset, arrived)
        return Trigger(_CLOSES, partition, offset, arrived)
