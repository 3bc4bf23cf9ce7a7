"""Closes as JSON, all those of a batch at once in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from streams.batches import Batch, Values, only
from streams.columns.closes import Columns, Odd, same
from streams.columns.numbering import Numbering
from streams.core.periods import NEVER
from streams.fields import is_short
from streams.formats.arrow import MAX_ROWS
from streams.formats.plain import Fields, Texts
from streams.formats.plain_close import CLOSES, TABLES
from streams.wire import DIRECT, MOST_ORIGIN, MOST_REVISIONS

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BLOCK = 2048
_ORIGIN = 3  # numbers at least


def read(numbering: Numbering, records: Column, batch: Batch) -> tuple[list[Columns], list[Odd]]:
    """The closes of some records of a batch, and what is odd of them.

    All together where they are alike, else by blocks.
    """
    parts: list[Columns] = []
    odd: list[Odd] = []
    for fields, places, others in _plain(records, batch):
        odd += map(Odd, others.tolist())
        if len(places):
            columns, good = _columns(numbering, fields, places, batch)
            parts.append(columns if good.all() else columns.only(good))
            odd += map(Odd, places[~good].tolist())
    return parts, odd


def _plain(records: Column, batch: Batch) -> Iterator[tuple[Fields, Column, Column]]:
    """Fields of plain records, which records they are of, and which others are not plain."""
    values = only(batch.values, records)
    none = records[:0]
    whole = TABLES.read(values) if len(records) else None
    if whole is not None:
        yield whole, records, none
        return
    for first in range(0, len(records), _BLOCK):
        here = slice(first, first + _BLOCK)
        some = Values(values.buffer, values.starts[here], values.ends[here])
        table = TABLES.read(some)
        if table is not None:
            yield table, records[here], none
            continue
        fields, good = CLOSES.read(some)
        yield fields, records[here][good], records[here][~good]


def _columns(
    numbering: Numbering, given: Fields, records: Column, batch: Batch
) -> tuple[Columns, Mask]:
    """Plain records as columns, and which of them can be used."""
    count = len(records)
    symbol = _column(given, "symbol", numbering.symbol, count)
    interval = _column(given, "interval", numbering.interval, count)
    period = _period(numbering, given.texts("period"), interval)
    price, good = given.prices("close")
    good &= (price > 0) | numbering.signed[symbol]
    source = _column(given, "source", numbering.source, count)
    good &= (symbol >= 0) & (interval >= 0) & (period != NEVER) & (source >= 0)
    if (sent := given.texts("sent_at")) is not None:
        short = np.array([text is None or is_short(text) for text in sent[0]], np.bool_)
        good &= short[sent[1]]
    flags = given.flags("provisional")
    provisional = np.broadcast_to(np.False_, count) if flags is None else flags
    revision = _revisions(given.numbers("revision"), count)
    good &= revision >= 0
    watchlist = same(0, count)
    origin = None
    if numbering.watchlists is not None:
        watchlist = _column(given, "watchlist", numbering.watchlist, count)
        good &= watchlist >= 0
        origin = given.lists("origin")
        if (due := given.texts("due")) is not None:
            good &= np.array([text is None for text in due[0]], np.bool_)[due[1]]
    origins = _origins(origin, records, batch)
    good &= origins[-1] != NEVER
    columns = Columns(
        records, same(0, count), watchlist, symbol, period, price, interval,
        provisional, revision, source, *origins,
    )  # fmt: skip
    return columns, good


def _column(
    given: Fields, name: str, number: Callable[[Sequence[str | None]], Column], count: int
) -> Column:
    """What the texts of a field stand for; one that no record has is the same for all."""
    found = given.texts(name)
    if found is None:
        return same(int(number([None])[0]), count)
    texts, places = found
    return number(texts)[places]


def _period(numbering: Numbering, given: Texts | None, interval: Column) -> Column:
    texts, places = given or ([], slice(None))
    found = np.full(len(interval), NEVER, np.int64)
    for kind in np.unique(interval).tolist():
        chosen = interval == kind
        found[chosen] = numbering.period(kind, texts)[places][chosen]
    return found


def _origins(
    origins: Sequence[Sequence[int] | None] | Column | None, records: Column, batch: Batch
) -> tuple[Column, ...]:
    """Partition, offset, line and time of arrival in ``closes``; of what was written to ``watch``
    directly, where it stands there."""
    offset, arrived = batch.offsets[records], batch.timestamps[records]
    zeros = same(0, len(records))
    if origins is None:
        return same(DIRECT, len(records)), offset, zeros, arrived
    if isinstance(origins, np.ndarray) and origins.shape[1] == _ORIGIN:
        good = ((origins >= 0) & (origins < MOST_ORIGIN)).all(axis=1)
        partition, offset, arrived = np.where(good, origins.T, 0)
        return partition, offset, zeros, np.where(good, arrived, NEVER)
    rows = [
        (DIRECT, at, 0, time) if one is None else _origin_of(one)
        for one, at, time in zip(origins, offset.tolist(), arrived.tolist(), strict=True)
    ]
    return tuple(np.array(rows, np.int64).T)


def _origin_of(one: Sequence[int]) -> tuple[int, int, int, int]:
    """``[partition, offset, milliseconds]``, and the line where it is not the first."""
    if len(one) not in (_ORIGIN, _ORIGIN + 1) or not all(0 <= n < MOST_ORIGIN for n in one):
        return 0, 0, 0, NEVER
    line = int(one[3]) if len(one) > _ORIGIN else 0
    return (one[0], one[1], line, one[2]) if line < MAX_ROWS else (0, 0, 0, NEVER)


def _revisions(given: Sequence[int] | Column | None, count: int) -> Column:
    """How many closes came before; -1 for what is no such number."""
    if given is None:
        return same(0, count)
    if isinstance(given, np.ndarray):
        return np.where((given >= 0) & (given < MOST_REVISIONS), given, -1)
    return np.array([one if 0 <= one < MOST_REVISIONS else -1 for one in given], np.int64)
