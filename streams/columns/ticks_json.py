"""Ticks of one record each, as JSON: the plain ones together, all others strictly and alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import msgspec
import numpy as np

from streams.batches import Values
from streams.core import instants, prices
from streams.core.bars import DUE
from streams.core.grids import Numbers
from streams.core.groups import by_kind
from streams.core.instants import Flags
from streams.fields import Number, Reason, RejectedError, json_object, kind, shown, text
from streams.formats.plain import Form, Plain

MAX_TICK_BYTES = 64 * 1024
UNITS = {"time_ms": 10**6, "time_us": 10**3, "time_ns": 1}
"""The fields that give a time as a whole number since 1970, and how many nanoseconds each has."""


@dataclass(slots=True)
class Raw:
    """Ticks as they are written: for each the record, the symbol by number, time and price.

    A time is a text, or in nanoseconds; a price is a float64, or digits.
    """

    at: list[int] = field(default_factory=list)
    symbols: list[int] = field(default_factory=list)
    times: list[str | int] = field(default_factory=list)
    prices: list[float | str] = field(default_factory=list)
    errors: list[tuple[int, RejectedError]] = field(default_factory=list)
    """Of records that are no ticks."""
    unwatched: int = 0

    def add(self, at: int, symbol: int, time: str | int, price: float | str) -> None:
        """One more."""
        self.at.append(at)
        self.symbols.append(symbol)
        self.times.append(time)
        self.prices.append(price)


def read(values: Values, symbols: Mapping[str, int]) -> Raw:
    """Consecutive records, first those that are plain."""
    raw = Raw()
    ticks, good = _FORM.read(values)
    odd = [*np.flatnonzero(~good).tolist(), *_take(ticks, np.flatnonzero(good), symbols, raw)]
    for at in sorted(odd):
        value = bytes(values.buffer[int(values.starts[at]) : int(values.ends[at])])
        try:
            _read_one(at, value, symbols, raw)
        except RejectedError as error:
            raw.errors.append((at, error))
    return raw


# --- one by one -----------------------------------------------------------------------------


def _read_one(at: int, value: bytes, symbols: Mapping[str, int], into: Raw) -> None:
    """What nobody watches is passed over before its time and price are looked at."""
    fields = json_object(value, MAX_TICK_BYTES)
    if fields.get("due") is not None:
        into.add(at, DUE, text(fields, "due"), 0.0)
        return
    number = symbols.get(_text(fields, "symbol"))
    if number is None:
        into.unwatched += 1
    else:
        into.add(at, number, _time(fields), _price(fields))


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        raise RejectedError(Reason.MISSING_FIELD, f"the field {name!r} is missing")
    raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind(value)}, not a string")


def _time(fields: dict[str, Any]) -> str | int:
    names = [name for name in ("time", *UNITS) if fields.get(name) is not None]
    if len(names) > 1:
        raise RejectedError(Reason.BAD_TIME, f"{names[0]} and {names[1]} are given; one is enough")
    if not names or names == ["time"]:
        return _text(fields, "time")
    name, value = names[0], fields[names[0]]
    if not isinstance(value, Number):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind(value)}, not a whole number")
    if not re.fullmatch(r"-?[0-9]+", value.text, re.ASCII):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {shown(value.text)}, no whole number")
    return int(value.text[:32]) * UNITS[name]  # what is longer lies beyond all bounds anyway


def _price(fields: dict[str, Any]) -> float | str:
    value = fields.get("price")
    if isinstance(value, Number):
        return float(value.text)
    if isinstance(value, str):
        return value
    if value is None:
        raise RejectedError(Reason.MISSING_FIELD, "the field 'price' is missing")
    raise RejectedError(Reason.WRONG_TYPE, f"price is {kind(value)}, not a number or digits")


# --- many in one call -----------------------------------------------------------------------


class _Tick(msgspec.Struct, gc=False):
    """The fields of a tick that are read."""

    symbol: str
    price: float | str
    time: str | None = None
    time_ms: int | None = None
    time_us: int | None = None
    time_ns: int | None = None
    due: str | None = None


_FORM = Form(_Tick, MAX_TICK_BYTES)


def _take(ticks: Plain[_Tick], places: Numbers, symbols: Mapping[str, int], into: Raw) -> list[int]:
    """Take plain ticks; the places of those that say what is due, or have not one time, are left.

    Args:
        places: those of the ticks, shape (ticks,).
    """
    at, times = places.tolist(), _times_of(ticks)
    numbers = [symbols.get(symbol, -1) for symbol in ticks.column("symbol") or ()]
    given: list[Iterable[Any]] = [at, numbers, times, ticks.column("price") or ()]
    left = list(compress(at, (time is None for time in times))) if None in times else []
    if left or -1 in numbers:
        known = zip(numbers, times, strict=True)
        chosen = [number >= 0 and time is not None for number, time in known]
        into.unwatched += len(at) - len(left) - sum(chosen)
        given = [compress(column, chosen) for column in given]
    columns: tuple[list[Any], ...] = into.at, into.symbols, into.times, into.prices
    for column, more in zip(columns, given, strict=True):
        column.extend(more)
    return left


def _times_of(ticks: Plain[_Tick]) -> Sequence[str | int | None]:
    """The times, as texts or in nanoseconds; None of a tick that has not one alone."""
    names = [name for name in ("due", "time", *UNITS) if ticks.column(name)]
    column = ticks.column(names[0]) if len(names) == 1 else None
    if column is None or names == ["due"]:
        return [_time_of(tick) for tick in ticks.records]
    unit = UNITS.get(names[0])
    return column if unit is None else [None if one is None else one * unit for one in column]


def _time_of(tick: _Tick) -> str | int | None:
    times = (tick.time, tick.time_ms, tick.time_us, tick.time_ns)
    if tick.due is not None or times.count(None) != len(times) - 1:
        return None
    given = zip(times[1:], UNITS.values(), strict=True)
    return tick.time or next((one * unit for one, unit in given if one is not None), "")


# --- times and prices -----------------------------------------------------------------------


def columns(raw: Raw) -> tuple[Numbers, Flags, Numbers, Flags]:
    """The instants in nanoseconds, and which of them are one; the prices in micro-units likewise.

    All of shape (len(raw.at),).
    """
    times = by_kind(raw.times, {str: instants.parse, int: _whole})
    return *times, *prices.from_values(raw.prices)


def why_not(time: str | int, price: float | str, *, timely: bool) -> RejectedError:
    """What is wrong with a tick whose time, or else whose price, cannot be used."""
    if timely:
        return RejectedError(Reason.BAD_PRICE, _why_no_price(price))
    shown_time = shown(time) if isinstance(time, str) else f"{time} ns"
    form = "a time of the form YYYY-MM-DDTHH:MM:SS.sssZ, or with an offset such as -05:00"
    detail = f"{shown_time} is not {form}, in the years 1970 to 2199"
    return RejectedError(Reason.BAD_TIME, detail)


def _whole(times: Sequence[int]) -> tuple[Numbers, Flags]:
    found = np.array([time if 0 < time < instants.END else 0 for time in times], np.int64)
    return found, found > 0


def _why_no_price(price: float | str) -> str:
    if isinstance(price, float):
        return f"price {price!r} has more than six decimals, or is beyond {prices.MAX_PRICE}"
    try:
        prices.signed_from_digits(price)
    except prices.PriceError as error:
        return f"price {error}"
    raise AssertionError(price)
