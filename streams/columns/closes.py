"""A frame of closes in columns: what a worker looks at instead of at each record.

Reading a record in columns gives what :func:`streams.wire.decode_close` gives. What is not as
simple as that, or cannot be used, is left to be read by itself: it is odd. Who reads them is
:class:`streams.columns.reader.Reader`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core import periods
from streams.core.groups import in_order
from streams.fields import RejectedError
from streams.formats.arrow import MAX_ROWS
from streams.wire import Close

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Fewer records than this are read one by one: columns cost more.
FEW = 24

#: The columns of an Arrow stream in ``watch`` that say where its closes stood in ``closes``.
ORIGIN = ("partition", "offset", "line", "arrived")

INTERVALS = tuple(periods.INTERVALS)
#: The number of the source of closes that are made of ticks.
OF_TICKS = 1


class Columns(NamedTuple):
    """Closes in the order of the log, each array of shape (closes,).

    ``record`` is the record of the batch that a close is in, ``row`` its place in it. ``symbol``,
    ``watchlist`` and ``source`` are numbers of :mod:`streams.columns.numbering`, ``interval`` of
    ``INTERVALS``. ``period`` and ``price`` are as in :class:`streams.wire.Close`; ``partition``,
    ``offset``, ``line`` and ``arrived`` as in :class:`streams.wire.Routed`.
    """

    record: Column
    row: Column
    watchlist: Column
    symbol: Column
    period: Column
    price: Column
    interval: Column
    provisional: Mask
    revision: Column
    source: Column
    partition: Column
    offset: Column
    line: Column
    arrived: Column

    @property
    def size(self) -> int:
        """How many closes there are."""
        return len(self.record)

    def only(self, chosen: npt.NDArray[np.generic] | slice) -> Columns:
        """Some of them, by mask, index or slice; what is the same for all is not copied."""
        size = len(self.record[chosen])
        return Columns._make(
            column[chosen] if column.strides[0] else _same_again(column, size) for column in self
        )

    def by_watchlist(self) -> Iterator[tuple[int, Columns]]:
        """The closes of each watchlist that has any, in their order, with its number."""
        order = in_order(self.watchlist)
        ordered = self.only(order)
        begins = np.flatnonzero(np.diff(ordered.watchlist, prepend=-1)).tolist()
        for begin, end in pairwise([*begins, self.size]):
            yield int(ordered.watchlist[begin]), ordered.only(slice(begin, end))

    @property
    def number(self) -> Column:
        """Counts up with the order in the log."""
        return self.record * MAX_ROWS + self.row

    @property
    def position(self) -> Column:
        """Counts up with the order in ``closes``, within a partition."""
        return self.offset * MAX_ROWS + self.line


@dataclass(frozen=True, slots=True)
class Odd:
    """What is to be read by itself: a record, or a row of one that is an Arrow stream.

    A row has its ``value`` as JSON, and is a ``close`` or was refused with an ``error``; so may a
    whole Arrow stream be. A JSON record has none of these.
    """

    record: int
    row: int = -1
    value: bytes | None = None
    close: Close | None = None
    error: RejectedError | None = None


def same(value: int, count: int) -> Column:
    """A column of the same number, which takes no room."""
    return np.broadcast_to(np.int64(value), count)


def _same_again(column: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Such a column of another length."""
    return column[:count] if count <= len(column) else np.broadcast_to(column[:1], count)


def nothing() -> Columns:
    """No closes."""
    zeros = [np.zeros(0, np.int64) for _ in Columns._fields]
    return Columns._make(zeros)._replace(provisional=np.zeros(0, np.bool_))
