"""Ticks as they lie in the topic ``ticks``, a whole batch at once in columns.

A record is a tick as JSON, or an Arrow message of many, or says up to which time all are waited
for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from streams.batches import Batch, Values, only
from streams.columns import ticks_json
from streams.core import instants, prices
from streams.core.bars import DUE
from streams.core.grids import Numbers
from streams.core.instants import Flags
from streams.core.rings import TickColumns
from streams.fields import Reason, RejectedError
from streams.formats import arrow


@dataclass(frozen=True, slots=True)
class Reject:
    """What cannot be used: record ``at`` of the batch; of an Arrow message that is one, ``row`` and
    others for the same reason, ``count`` in all. Else the row is -1.
    """

    at: int
    row: int
    error: RejectedError
    count: int = 1


@dataclass(frozen=True, slots=True)
class Ticks:
    """Ticks of a batch in its order, in columns: int64 of one shape (n,)."""

    at: Numbers
    """The record in the batch."""
    rows: Numbers
    """The row of an Arrow message; -1 for JSON."""
    symbols: Numbers
    """By number; ``DUE`` where no more than a time is told."""
    instants: Numbers
    """Nanoseconds since 1970."""
    prices: Numbers
    """Micro-units."""
    rejects: Sequence[Reject] = ()
    unwatched: int = 0
    """How many ticks were left out, for nobody watches their symbols."""

    def refused(self, bad: Flags, why: Callable[[int], RejectedError]) -> Iterator[Reject]:
        """One for each record that has such ticks; ``why`` says it of the place of the first."""
        places = np.flatnonzero(bad)
        _, first, counts = np.unique(self.at[places], return_index=True, return_counts=True)
        for place, count in zip(places[first].tolist(), counts.tolist(), strict=True):
            yield Reject(int(self.at[place]), int(self.rows[place]), why(place), count)

    def only(self, good: Flags) -> Ticks:
        """Some of the ticks, and all else."""
        if good.all():
            return self
        return replace(self, **{name: getattr(self, name)[good] for name in _COLUMNS})


def decode_ticks(
    batch: Batch, symbols: Mapping[str, int], signed: Collection[int] = frozenset()
) -> Ticks:
    """The ticks of a batch, and what cannot be used.

    Args:
        symbols: the numbers of those that are watched.
        signed: the numbers of those whose price may be zero or negative.
    """
    streams = arrow.streams_of(batch)
    records = np.delete(np.arange(len(batch)), streams)
    parts = [_of_arrow(at, batch[at].value or b"", symbols) for at in streams]
    if len(records):
        parts.append(_of_json(only(batch.values, records), records, symbols))
    return _above_zero(_joined(parts), signed)


def encode_tick(symbol: str, instant: int, price: int) -> bytes:
    """The JSON of a tick: nanoseconds since 1970, and micro-units."""
    fields = {
        "symbol": symbol,
        "time": instants.to_text(instant),
        "price": prices.to_digits(price),
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def encode_ticks(symbols: Sequence[str], ticks: TickColumns) -> bytes:
    """The Arrow stream of ticks; ``symbols`` is what their numbers stand for."""
    columns = {
        "symbol": arrow.dictionary(symbols, ticks.symbols),
        "time": pa.array(ticks.instants, pa.timestamp("ns", "UTC")),
        "micros": ticks.prices,
    }
    return arrow.write(columns)


def encode_due(instant: int) -> bytes:
    """The record that says up to which instant, in nanoseconds, all ticks are waited for."""
    return json.dumps({"due": instants.to_text(instant)}, separators=(",", ":")).encode()


def _of_json(values: Values, records: Numbers, symbols: Mapping[str, int]) -> Ticks:
    """The ticks of some records; those that are not plain come last."""
    raw = ticks_json.read(values, symbols)
    times, timely, micros, priced = ticks_json.columns(raw)
    rejects = [Reject(int(records[at]), -1, error) for at, error in raw.errors]
    at, numbers = records[np.array(raw.at, np.int64)], np.array(raw.symbols, np.int64)
    ticks = Ticks(at, np.full_like(at, -1), numbers, times, micros, rejects, raw.unwatched)

    def why(place: int) -> RejectedError:
        time, price = raw.times[place], raw.prices[place]
        return ticks_json.why_not(time, price, timely=bool(timely[place]))

    rejects += ticks.refused(~(timely & priced), why)
    return ticks.only(timely & priced)


def _of_arrow(at: int, value: bytes, symbols: Mapping[str, int]) -> Ticks:
    try:
        table = arrow.read(value, "time")
        if table.unit != "ns":
            raise RejectedError(Reason.WRONG_TYPE, "time is not a timestamp")
    except RejectedError as error:
        return replace(_NOTHING, rejects=[Reject(at, -1, error)])
    numbers = np.array([*(symbols.get(name, -1) for name in table.symbols), -1], np.int64)
    found = numbers[table.symbol]
    watched = found >= 0
    good = (table.time > 0) & (table.time < instants.END)
    good[list(table.refused)] = False
    rejects: list[Reject] = []
    rows = np.arange(len(found))
    unwatched = len(found) - int(np.count_nonzero(watched))
    columns = (np.full_like(rows, at), rows, found, table.time, table.price)
    ticks = Ticks(*columns, rejects, unwatched)
    rejects += ticks.refused(watched & ~good, lambda row: table.refused.get(row, _NO_TIME))
    return ticks.only(watched & good)


_NO_TIME = RejectedError(Reason.BAD_TIME, "time is not in the years 1970 to 2199")
_COLUMNS = ("at", "rows", "symbols", "instants", "prices")
_NOTHING = Ticks(*np.zeros((len(_COLUMNS), 0), np.int64))


def _joined(parts: Sequence[Ticks]) -> Ticks:
    """All in the order of their records."""
    columns: list[Numbers] = [
        np.concatenate([getattr(part, name) for part in [_NOTHING, *parts]]) for name in _COLUMNS
    ]
    if (np.diff(columns[0]) < 0).any():
        order = np.argsort(columns[0], kind="stable")
        columns = [column[order] for column in columns]
    rejects = [reject for part in parts for reject in part.rejects]
    at, rows, symbols, times, micros = columns
    unwatched = sum(part.unwatched for part in parts)
    return Ticks(at, rows, symbols, times, micros, rejects, unwatched)


def _above_zero(ticks: Ticks, signed: Collection[int]) -> Ticks:
    """Without the prices that are not, but of the symbols whose need not be."""
    low = (ticks.prices <= 0) & ~np.isin(ticks.symbols, [DUE, *signed])

    def why(place: int) -> RejectedError:
        price = prices.to_digits(int(ticks.prices[place]))
        return RejectedError(Reason.BAD_PRICE, f"a price must be above 0, not {price}")

    rejects = [*ticks.rejects, *ticks.refused(low, why)]
    return replace(ticks.only(~low), rejects=rejects)
