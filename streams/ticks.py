"""Ticks as they lie in the topic ``ticks``, a whole batch at once in columns.

A record is a tick as JSON, or an Arrow message of many, or says up to which time all are waited
for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from streams import ticks_json
from streams.batches import Batch
from streams.core import instants, prices
from streams.core.bars import DUE
from streams.core.grids import Numbers
from streams.core.instants import Flags
from streams.fields import Reason, RejectedError
from streams.ticks_arrow import MARK, read_table
from streams.ticks_json import Raw, Values


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
        return replace(
            self,
            at=self.at[good],
            rows=self.rows[good],
            symbols=self.symbols[good],
            instants=self.instants[good],
            prices=self.prices[good],
        )


def decode_ticks(
    batch: Batch, symbols: Mapping[str, int], signed: Collection[int] = frozenset()
) -> Ticks:
    """The ticks of a batch, and what cannot be used.

    Args:
        symbols: the numbers of those that are watched.
        signed: the numbers of those whose price may be zero or negative.
    """
    values = Values(bytes(batch.values.buffer), batch.values.starts, batch.values.ends)
    parts = [
        _of_arrow(first, values[first], symbols)
        if arrow
        else _of_json(values, first, last, symbols)
        for first, last, arrow in _runs(values)
    ]
    return _above_zero(_joined(parts), signed)


def encode_tick(symbol: str, instant: int, price: int) -> bytes:
    """The JSON of a tick: nanoseconds since 1970, and micro-units."""
    fields = {
        "symbol": symbol,
        "time": instants.to_text(instant),
        "price": prices.to_digits(price),
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def encode_due(instant: int) -> bytes:
    """The record that says up to which instant, in nanoseconds, all ticks are waited for."""
    return json.dumps({"due": instants.to_text(instant)}, separators=(",", ":")).encode()


def _runs(values: Values) -> Iterator[tuple[int, int, bool]]:
    """Stretches of records of JSON, and each Arrow message by itself: [first, last)."""
    first, count = 0, len(values.starts)
    for at in range(count) if MARK in values.buffer else ():
        if values.buffer.startswith(MARK, int(values.starts[at])):
            if first < at:
                yield first, at, False
            yield at, at + 1, True
            first = at + 1
    if first < count:
        yield first, count, False


def _of_json(values: Values, first: int, last: int, symbols: Mapping[str, int]) -> Ticks:
    raw = Raw()
    ticks_json.read(values, first, last, symbols, raw)
    times, timely, micros, priced = ticks_json.columns(raw)
    rejects = [Reject(at, -1, error) for at, error in raw.errors]
    at, numbers = np.array(raw.at, np.int64), np.array(raw.symbols, np.int64)
    ticks = Ticks(at, np.full_like(at, -1), numbers, times, micros, rejects, raw.unwatched)

    def why(place: int) -> RejectedError:
        time, price = raw.times[place], raw.prices[place]
        return ticks_json.why_not(time, price, timely=bool(timely[place]))

    rejects += ticks.refused(~(timely & priced), why)
    return ticks.only(timely & priced)


def _of_arrow(at: int, value: bytes, symbols: Mapping[str, int]) -> Ticks:
    try:
        table = read_table(value)
    except RejectedError as error:
        return replace(_NOTHING, rejects=[Reject(at, -1, error)])
    numbers = np.array([*(symbols.get(name or "", -1) for name in table.names), -1], np.int64)
    found = numbers[table.symbols]
    watched, good = found >= 0, table.timely & table.priced
    rejects: list[Reject] = []
    rows = np.arange(len(found))
    unwatched = len(found) - int(np.count_nonzero(watched))
    ticks = Ticks(
        np.full_like(rows, at), rows, found, table.instants, table.prices, rejects, unwatched
    )
    rejects += ticks.refused(watched & ~table.timely, lambda _: _NO_TIME)
    rejects += ticks.refused(watched & table.timely & ~table.priced, lambda _: _NO_PRICE)
    return ticks.only(watched & good)


_NO_TIME = RejectedError(Reason.BAD_TIME, "no time, or none in the years 1970 to 2199")
_NO_PRICE = RejectedError(
    Reason.BAD_PRICE, f"no price, or one of more than six decimals or beyond {prices.MAX_PRICE}"
)
_NOTHING = Ticks(*(np.zeros((5, 0), np.int64)))


def _joined(parts: Sequence[Ticks]) -> Ticks:
    if len(parts) == 1:
        return parts[0]
    some = [_NOTHING, *parts]
    return Ticks(
        np.concatenate([part.at for part in some]),
        np.concatenate([part.rows for part in some]),
        np.concatenate([part.symbols for part in some]),
        np.concatenate([part.instants for part in some]),
        np.concatenate([part.prices for part in some]),
        [reject for part in parts for reject in part.rejects],
        sum(part.unwatched for part in parts),
    )


def _above_zero(ticks: Ticks, signed: Collection[int]) -> Ticks:
    """Without the prices that are not, but of the symbols whose need not be."""
    low = (ticks.prices <= 0) & ~np.isin(ticks.symbols, [DUE, *signed])

    def why(place: int) -> RejectedError:
        price = prices.to_digits(int(ticks.prices[place]))
        return RejectedError(Reason.BAD_PRICE, f"a price must be above 0, not {price}")

    rejects = [*ticks.rejects, *ticks.refused(low, why)]
    return replace(ticks.only(~low), rejects=rejects)
