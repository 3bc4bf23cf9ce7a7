"""A frame of closes in columns: what a worker looks at instead of at each record.

Reading a record in columns gives what :func:`streams.wire.decode_close` gives. What is not as
simple as that, or cannot be used, is left to be read by itself: it is odd.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from streams import arrow
from streams.arrow import MAX_ROWS, Table
from streams.batches import Batch, Records, Values, only
from streams.core import periods, prices
from streams.core.groups import in_order
from streams.fields import Reason, RejectedError, is_short
from streams.plain import Fields, Texts
from streams.plain_close import CLOSES, TABLES
from streams.records import Record
from streams.wire import (
    DIRECT,
    MOST_ORIGIN,
    MOST_REVISIONS,
    TICKS,
    Close,
    Routed,
    bad_symbol,
    is_symbol,
)

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Fewer records than this are read one by one: columns cost more.
FEW = 24

#: The columns of an Arrow stream in ``watch`` that say where its closes stood in ``closes``.
ORIGIN = ("partition", "offset", "line", "arrived")

INTERVALS = tuple(periods.INTERVALS)
_NUMBERS = {interval: number for number, interval in enumerate(INTERVALS)}
_NO_INTERVAL = {None: _NUMBERS["1d"], "": _NUMBERS["1d"]} | _NUMBERS
#: The number of the source of closes that are made of ticks.
OF_TICKS = 1

_MORE = ("provisional", "revision", "source", *ORIGIN)
_BLOCK = 2048
_MOST_TEXTS = 200_000
_MOST_SOURCES = 1000
_NEVER = -(2**62)
_ORIGIN = 3  # numbers at least
_MINUTE_NS = 60_000_000_000


class Columns(NamedTuple):
    """Closes in the order of the log, each array of shape (closes,).

    ``record`` is the record of the batch that a close is in, ``row`` its place in it. ``symbol``,
    ``watchlist`` and ``source`` are numbers of a :class:`Reader`'s names, ``interval`` of
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


class Reader:
    """Reads batches of closes; it remembers what texts stand for, and nothing else."""

    def __init__(
        self,
        symbols: Iterable[str],
        signed: Container[str] = frozenset(),
        watchlists: Iterable[str] | None = None,
    ) -> None:
        """Args:
        symbols: all that may come; other ones are odd.
        signed: those whose number may be zero or negative.
        watchlists: for the copies of closes in ``watch``, which name one of them.
        """
        self.symbols = list(symbols)
        self.watchlists = None if watchlists is None else list(watchlists)
        self.sources = ["", TICKS]
        self._symbol = {symbol: at for at, symbol in enumerate(self.symbols)}
        self._watchlist = {name: at for at, name in enumerate(self.watchlists or ())}
        self._source = {None: 0, "": 0, TICKS: OF_TICKS}
        self._signed = np.array([symbol in signed for symbol in [*self.symbols, ""]])
        self._periods: list[dict[str | None, int]] = [{} for _ in INTERVALS]

    def close(self, columns: Columns, at: int) -> Close:
        """One close of columns that this reader has read."""
        return Close(
            self.symbols[columns.symbol[at]],
            int(columns.period[at]),
            int(columns.price[at]),
            INTERVALS[columns.interval[at]],
            self.sources[columns.source[at]],
            provisional=bool(columns.provisional[at]),
            revision=int(columns.revision[at]),
        )

    def routed(self, record: Record) -> list[Routed]:
        """The closes of an Arrow stream of ``watch``."""
        columns, _ = self.read(Records([record]))
        names = [(self.watchlists or [""])[at] for at in columns.watchlist.tolist()]
        origins = zip(*(column.tolist() for column in (columns.partition, columns.offset,
                                                       columns.arrived, columns.line)),
                      strict=True)  # fmt: skip
        return [
            Routed(name, self.close(columns, at), *origin)
            for at, (name, origin) in enumerate(zip(names, origins, strict=True))
        ]

    def read(self, batch: Batch) -> tuple[Columns, list[Odd]]:
        """All closes of a batch that are not odd, and what is."""
        streams = arrow.streams_of(batch)
        records = np.delete(np.arange(len(batch)), streams)
        parts, odd = self._lines(records, batch)
        for at in streams:
            self._stream(batch[at], at, parts, odd)
        if len(parts) == 1:
            return parts[0], odd
        if not parts:
            return _nothing(), odd
        whole = Columns(*map(np.concatenate, zip(*parts, strict=True)))
        return whole.only(np.lexsort((whole.row, whole.record))), odd

    # --- JSON -----------------------------------------------------------------------------------

    def _lines(self, records: Column, batch: Batch) -> tuple[list[Columns], list[Odd]]:
        """All together where they are alike, else by blocks."""
        parts: list[Columns] = []
        odd: list[Odd] = []
        if not len(records):
            return parts, odd
        values = only(batch.values, records)
        whole = TABLES.read(values)
        if whole is not None:
            self._take(whole, records, batch, parts, odd)
            return parts, odd
        for first in range(0, len(records), _BLOCK):
            here = slice(first, first + _BLOCK)
            block = records[here]
            some = Values(values.buffer, values.starts[here], values.ends[here])
            table = TABLES.read(some)
            if table is not None:
                self._take(table, block, batch, parts, odd)
                continue
            read, good = CLOSES.read(some)
            odd += [Odd(at) for at in block[~good].tolist()]
            if good.any():
                self._take(read, block[good], batch, parts, odd)
        return parts, odd

    def _take(
        self, read: Fields, records: Column, batch: Batch, parts: list[Columns], odd: list[Odd]
    ) -> None:
        """Plain records as columns; what our names do not have is odd."""
        count = len(records)
        symbol = _column(read, "symbol", self._symbol, count)
        interval = _column(read, "interval", _NO_INTERVAL, count)
        period = self._period(read.texts("period"), interval)
        price, good = read.prices("close")
        good &= (price > 0) | self._signed[symbol]
        source = _same(0, count)
        if (sources := read.texts("source")) is not None:
            source = self._sources(sources[0])[sources[1]]
        good &= (symbol >= 0) & (interval >= 0) & (period != _NEVER) & (source >= 0)
        if (sent := read.texts("sent_at")) is not None:
            short = np.array([text is None or is_short(text) for text in sent[0]], np.bool_)
            good &= short[sent[1]]
        flags = read.flags("provisional")
        provisional = np.broadcast_to(np.False_, count) if flags is None else flags
        revision = _revisions(read.numbers("revision"), count)
        good &= revision >= 0
        watchlist = _same(0, count)
        origin = None
        if self.watchlists is not None:
            watchlist = _column(read, "watchlist", self._watchlist, count)
            good &= watchlist >= 0
            origin = read.lists("origin")
            if (due := read.texts("due")) is not None:
                good &= np.array([text is None for text in due[0]], np.bool_)[due[1]]
        origins = _origins(origin, records, batch)
        good &= origins[-1] != _NEVER
        columns = Columns(
            records, _same(0, count), watchlist, symbol, period, price, interval,
            provisional, revision, source, *origins,
        )  # fmt: skip
        if good.all():
            parts.append(columns)
            return
        odd += [Odd(at) for at in records[~good].tolist()]
        parts.append(columns.only(good))

    def _period(self, given: Texts | None, interval: Column) -> Column:
        texts, places = given or ([], slice(None))
        found = np.full(len(interval), _NEVER, np.int64)
        for kind in np.unique(interval).tolist():
            chosen = interval == kind
            found[chosen] = self._known(kind, texts)[places][chosen]
        return found

    def _known(self, kind: int, texts: Sequence[str | None]) -> Column:
        if kind < 0:
            return np.full(len(texts), _NEVER)
        known = self._periods[kind]
        try:
            return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))
        except KeyError:
            if len(known) > _MOST_TEXTS:
                known.clear()
            for text in set(texts) - known.keys():
                try:
                    known[text] = periods.from_text(text or "", INTERVALS[kind])
                except periods.PeriodError:
                    known[text] = _NEVER
        return np.array([known[text] for text in texts], np.int64)

    def _sources(self, texts: Sequence[str | None]) -> Column:
        new = set(texts) - self._source.keys()
        for text in sorted(new):  # type: ignore[type-var]
            if text is not None and is_short(text) and len(self.sources) < _MOST_SOURCES:
                self._source[text] = len(self.sources)
                self.sources.append(text)
        return _places(self._source, texts)

    # --- Arrow ----------------------------------------------------------------------------------

    def _stream(self, record: Record, at: int, parts: list[Columns], odd: list[Odd]) -> None:
        try:
            table = arrow.read(record.value or b"", "period", _MORE)
            self._rows(table, record, at, parts, odd)
        except RejectedError as error:
            odd.append(Odd(at, error=error))

    def _rows(
        self, table: Table, record: Record, at: int, parts: list[Columns], odd: list[Odd]
    ) -> None:
        interval = _NUMBERS.get(table.interval, -1)
        if interval < 0:
            known = ", ".join(INTERVALS)
            detail = f"interval {table.interval[:40]!r} is none of {known}"
            raise RejectedError(Reason.BAD_INTERVAL, detail)
        rows = len(table)
        symbol = _places(self._symbol, table.symbols)[table.symbol]
        period, timed = _periods(table, interval)
        priced = (table.price > 0) | self._signed[symbol]
        source = self._sources_of(table)
        given = table.numbers("revision")
        revision = _same(0, rows) if given is None else given
        revised = (revision >= 0) & (revision < MOST_REVISIONS)
        good = timed & priced & revised & (symbol >= 0) & (source >= 0)
        good[list(table.refused)] = False
        watchlist = 0
        if self.watchlists is not None:
            watchlist = self._watchlist.get((record.key or b"").decode("utf-8", "replace"), -1)
            good &= watchlist >= 0
        columns = Columns(
            _same(at, rows), np.arange(rows), _same(watchlist, rows), symbol, period,
            table.price, _same(interval, rows), table.flags("provisional"), revision, source,
            *_origin(table, record),
        )  # fmt: skip
        parts.append(columns.only(good))
        odd += [
            self._odd(table, at, row, columns, bool(timed[row]))
            for row in np.flatnonzero(~good).tolist()
        ]

    def _odd(self, table: Table, at: int, row: int, columns: Columns, timed: bool) -> Odd:
        """Why a row is odd: it was refused, or its symbol is none of ours."""
        value = table.row(row)
        error = table.refused.get(row)
        interval = table.interval
        symbol = table.symbols[table.symbol[row]] if error is None else ""
        if error is None and not is_symbol(symbol):
            error = bad_symbol(symbol)
        elif error is None and not timed:
            detail = f"period {table.value('period', row)} is no {interval} period"
            error = RejectedError(Reason.BAD_PERIOD, detail)
        elif error is None and columns.price[row] <= 0 and not self._signed[columns.symbol[row]]:
            detail = (
                f"close a price must be above 0, not {prices.to_digits(int(columns.price[row]))}"
            )
            error = RejectedError(Reason.BAD_PRICE, detail)
        elif error is None and not 0 <= columns.revision[row] < MOST_REVISIONS:
            detail = f"revision is not a whole number from 0 to {MOST_REVISIONS - 1}"
            error = RejectedError(Reason.WRONG_TYPE, detail)
        elif error is None and columns.source[row] < 0:
            error = RejectedError(Reason.BAD_TEXT, "source cannot be shown, or is one of too many")
        if error is not None:
            return Odd(at, row, value, error=error)
        close = Close(symbol, int(columns.period[row]), int(columns.price[row]), interval,
                      provisional=bool(columns.provisional[row]))  # fmt: skip
        return Odd(at, row, value, close)

    def _sources_of(self, table: Table) -> Column:
        found = table.texts("source")
        if found is None:
            return _same(0, len(table))
        names, places = found
        return np.append(self._sources(names), 0)[places]


def _periods(table: Table, interval: int) -> tuple[Column, Mask]:
    """The periods of rows, and which are periods at all."""
    if table.unit == "day" or INTERVALS[interval] == "1d":
        same = (table.unit != "ns") == (INTERVALS[interval] == "1d")
        period, good = table.time, np.full(len(table), same)
    elif table.unit == "ns":
        period, rest = np.divmod(table.time, _MINUTE_NS)
        good = rest == 0
    else:
        period, good = table.time, np.ones(len(table), np.bool_)
    first, end = periods.bounds(INTERVALS[interval])
    return period, good & (period >= first) & (period < end)


def _origin(table: Table, record: Record) -> tuple[Column, ...]:
    """The same of the rows of a stream."""
    given = [table.numbers(name) for name in ORIGIN]
    known = [column for column in given if column is not None]
    if len(known) == len(given):
        return tuple(known)
    rows = len(table)
    whole = (_same(n, rows) for n in (DIRECT, record.offset, record.timestamp))
    partition, offset, arrived = whole
    return partition, offset, np.arange(rows), arrived


def _origins(
    origins: Sequence[Sequence[int] | None] | Column | None, records: Column, batch: Batch
) -> tuple[Column, ...]:
    """Partition, offset, line and time of arrival in ``closes``; of what was written to ``watch``
    directly, where it stands there."""
    offset, arrived = batch.offsets[records], batch.timestamps[records]
    zeros = _same(0, len(records))
    if origins is None:
        return _same(DIRECT, len(records)), offset, zeros, arrived
    if isinstance(origins, np.ndarray) and origins.shape[1] == _ORIGIN:
        good = ((origins >= 0) & (origins < MOST_ORIGIN)).all(axis=1)
        partition, offset, arrived = np.where(good, origins.T, 0)
        return partition, offset, zeros, np.where(good, arrived, _NEVER)
    rows = [
        (DIRECT, at, 0, time) if one is None else _origin_of(one)
        for one, at, time in zip(origins, offset.tolist(), arrived.tolist(), strict=True)
    ]
    return tuple(np.array(rows, np.int64).T)


def _origin_of(one: Sequence[int]) -> tuple[int, int, int, int]:
    """``[partition, offset, milliseconds]``, and the line where it is not the first."""
    if len(one) not in (_ORIGIN, _ORIGIN + 1) or not all(0 <= n < MOST_ORIGIN for n in one):
        return 0, 0, 0, _NEVER
    line = int(one[3]) if len(one) > _ORIGIN else 0
    return (one[0], one[1], line, one[2]) if line < MAX_ROWS else (0, 0, 0, _NEVER)


def _revisions(given: Sequence[int] | Column | None, count: int) -> Column:
    """How many closes came before; -1 for what is no such number."""
    if given is None:
        return _same(0, count)
    if isinstance(given, np.ndarray):
        return np.where((given >= 0) & (given < MOST_REVISIONS), given, -1)
    return np.array([one if 0 <= one < MOST_REVISIONS else -1 for one in given], np.int64)


def _column(read: Fields, name: str, known: dict[Any, int], count: int) -> Column:
    """What the texts of a field stand for; one that no record has is the same for all."""
    found = read.texts(name)
    if found is None:
        return _same(known.get(None, -1), count)
    texts, places = found
    return _places(known, texts)[places]


def _places(known: dict[Any, int], texts: Sequence[Any]) -> Column:
    try:
        return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))
    except KeyError:
        return np.array([known.get(text, -1) for text in texts], np.int64)


def _same(value: int, count: int) -> Column:
    """A column of the same number, which takes no room."""
    return np.broadcast_to(np.int64(value), count)


def _same_again(column: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Such a column of another length."""
    return column[:count] if count <= len(column) else np.broadcast_to(column[:1], count)


def _nothing() -> Columns:
    zeros = [np.zeros(0, np.int64) for _ in Columns._fields]
    return Columns._make(zeros)._replace(provisional=np.zeros(0, np.bool_))
