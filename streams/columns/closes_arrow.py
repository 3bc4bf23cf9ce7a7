"""Closes as rows of an Arrow stream, in columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streams.columns.closes import INTERVALS, ORIGIN, Columns, Odd, same
from streams.columns.numbering import Numbering
from streams.core import periods, prices
from streams.fields import Reason, RejectedError
from streams.formats import arrow
from streams.formats.arrow import Table
from streams.records import Record
from streams.wire import DIRECT, MOST_REVISIONS, Close, bad_symbol, is_symbol

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_MORE = ("provisional", "revision", "source", *ORIGIN)
_MINUTE_NS = 60_000_000_000


def read(numbering: Numbering, record: Record, at: int) -> tuple[Columns, list[Odd]]:
    """The closes of record ``at`` of a batch, which is a stream, and what is odd of them.

    Raises:
        RejectedError: no row of it can be used.
    """
    table = arrow.read(record.value or b"", "period", _MORE)
    if table.interval not in INTERVALS:
        known = ", ".join(INTERVALS)
        detail = f"interval {table.interval[:40]!r} is none of {known}"
        raise RejectedError(Reason.BAD_INTERVAL, detail)
    rows, interval = len(table), INTERVALS.index(table.interval)
    symbol = numbering.symbol(table.symbols)[table.symbol]
    period, timed = _periods(table, interval)
    priced = (table.price > 0) | numbering.signed[symbol]
    source = _sources(numbering, table)
    given = table.numbers("revision")
    revision = same(0, rows) if given is None else given
    revised = (revision >= 0) & (revision < MOST_REVISIONS)
    good = timed & priced & revised & (symbol >= 0) & (source >= 0)
    good[list(table.refused)] = False
    watchlist = 0
    if numbering.watchlists is not None:
        watchlist = int(numbering.watchlist([(record.key or b"").decode("utf-8", "replace")])[0])
        good &= watchlist >= 0
    columns = Columns(
        same(at, rows), np.arange(rows), same(watchlist, rows), symbol, period,
        table.price, same(interval, rows), table.flags("provisional"), revision, source,
        *_origin(table, record),
    )  # fmt: skip
    odd = [
        _odd(numbering, table, columns, row, bool(timed[row]))
        for row in np.flatnonzero(~good).tolist()
    ]
    return columns.only(good), odd


def _odd(numbering: Numbering, table: Table, columns: Columns, row: int, timed: bool) -> Odd:
    """Why a row is odd: it was refused, or its symbol is none of ours."""
    at, value = int(columns.record[row]), table.row(row)
    error = table.refused.get(row)
    interval = table.interval
    symbol = table.symbols[table.symbol[row]] if error is None else ""
    if error is None and not is_symbol(symbol):
        error = bad_symbol(symbol)
    elif error is None and not timed:
        detail = f"period {table.value('period', row)} is no {interval} period"
        error = RejectedError(Reason.BAD_PERIOD, detail)
    elif error is None and columns.price[row] <= 0 and not numbering.signed[columns.symbol[row]]:
        detail = f"close a price must be above 0, not {prices.to_digits(int(columns.price[row]))}"
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


def _sources(numbering: Numbering, table: Table) -> Column:
    found = table.texts("source")
    if found is None:
        return same(0, len(table))
    texts, places = found
    return np.append(numbering.source(texts), 0)[places]


def _periods(table: Table, interval: int) -> tuple[Column, Mask]:
    """The periods of rows, and which are periods at all."""
    if table.unit == "day" or INTERVALS[interval] == "1d":
        is_fitting = (table.unit != "ns") == (INTERVALS[interval] == "1d")
        period, good = table.time, np.full(len(table), is_fitting)
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
    whole = (same(n, rows) for n in (DIRECT, record.offset, record.timestamp))
    partition, offset, arrived = whole
    return partition, offset, np.arange(rows), arrived
