"""Ticks of one record each, as JSON; many are read in one call.

A record is read alike alone and among others: the call is for records that the strict reading of
each (:mod:`streams.fields`) would read in the same way, and all others are read so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import msgspec
import numpy as np

from streams.core import instants, micros, prices
from streams.core.bars import DUE
from streams.core.grids import Numbers
from streams.core.instants import Flags
from streams.fields import Number, Reason, RejectedError, json_object, kind, shown, text

MAX_TICK_BYTES = 64 * 1024
UNITS = {"time_ms": 10**6, "time_us": 10**3, "time_ns": 1}
"""The fields that give a time as a whole number since 1970, and how many nanoseconds each has."""

_FEW = 32


@dataclass(frozen=True, slots=True)
class Values:
    """Values of records: the one at ``i`` is ``buffer[starts[i]:ends[i]]``."""

    buffer: bytes
    starts: Numbers
    ends: Numbers

    def __getitem__(self, at: int) -> bytes:
        return self.buffer[int(self.starts[at]) : int(self.ends[at])]


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


def read(values: Values, first: int, last: int, symbols: Mapping[str, int], into: Raw) -> None:
    """Records [first, last): all in one call, or each half so, or the last few one by one."""
    if last - first > _FEW:
        if not _read_at_once(values, first, last, symbols, into):
            middle = (first + last) // 2
            read(values, first, middle, symbols, into)
            read(values, middle, last, symbols, into)
        return
    for at in range(first, last):
        try:
            _read_one(at, values[at], symbols, into)
        except RejectedError as error:
            into.errors.append((at, error))


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


_DECODER = msgspec.json.Decoder(_Tick)


def _read_at_once(
    values: Values, first: int, last: int, symbols: Mapping[str, int], into: Raw
) -> bool:
    """Whether all records are plain ticks, which are then read."""
    begin = int(values.starts[first])
    buffer = values.buffer[begin : int(values.ends[last - 1])]
    if not _is_plain(buffer, values.starts[first:last] - begin, values.ends[first:last] - begin):
        return False
    try:
        ticks = _DECODER.decode_lines(buffer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    times = [_time_of(tick) if tick.time is None else tick.time for tick in ticks]
    if len(ticks) != last - first or None in times:
        return False
    numbers = [symbols.get(tick.symbol, -1) for tick in ticks]
    given: list[Iterable[Any]] = [range(first, last), numbers, times]
    given.append(tick.price for tick in ticks)
    if -1 in numbers:
        into.unwatched += numbers.count(-1)
        watched = [number >= 0 for number in numbers]
        given = [compress(column, watched) for column in given]
    columns: tuple[list[Any], ...] = into.at, into.symbols, into.times, into.prices
    for column, more in zip(columns, given, strict=True):
        column.extend(more)
    return True


def _is_plain(buffer: bytes, starts: Numbers, ends: Numbers) -> bool:
    """Whether each value is one object, without escapes and objects within, and each field of a
    tick is there once.
    """
    count, data, lengths = len(starts), np.frombuffer(buffer, np.uint8), ends - starts
    return (
        0 < int(lengths.min()) <= int(lengths.max()) <= MAX_TICK_BYTES
        and bool(np.all(data[starts] == ord("{")) and np.all(data[ends - 1] == ord("}")))
        and buffer.count(b"{") == count == buffer.count(b"}")
        and b"[" not in buffer
        and b"\\" not in buffer
        and buffer.count(b'"symbol"') == count == buffer.count(b'"price"')
        and buffer.count(b'"time') == count
        and b'"due"' not in buffer
        and _is_text(buffer)
    )


def _is_text(buffer: bytes) -> bool:
    try:
        return buffer.isascii() or bool(buffer.decode())
    except UnicodeDecodeError:
        return False


def _time_of(tick: _Tick) -> int | None:
    """The time in nanoseconds, of a tick that has no text of it."""
    if tick.time_ms is not None:
        return tick.time_ms * UNITS["time_ms"]
    if tick.time_us is not None:
        return tick.time_us * UNITS["time_us"]
    return tick.time_ns


# --- times and prices -----------------------------------------------------------------------


def columns(raw: Raw) -> tuple[Numbers, Flags, Numbers, Flags]:
    """The instants in nanoseconds, and which of them are one; the prices in micro-units likewise.

    All of shape (len(raw.at),).
    """
    return *_of_kinds(raw.times, _TIMES), *_of_kinds(raw.prices, _PRICES)


def why_not(time: str | int, price: float | str, *, timely: bool) -> RejectedError:
    """What is wrong with a tick whose time, or else whose price, cannot be used."""
    if timely:
        return RejectedError(Reason.BAD_PRICE, _why_no_price(price))
    shown_time = shown(time) if isinstance(time, str) else f"{time} ns"
    form = "a time of the form YYYY-MM-DDTHH:MM:SS.sssZ, or with an offset such as -05:00"
    detail = f"{shown_time} is not {form}, in the years 1970 to 2199"
    return RejectedError(Reason.BAD_TIME, detail)


def _of_kinds(given: Sequence[Any], readers: Mapping[type, Any]) -> tuple[Numbers, Flags]:
    """What each reader makes of the values of its type."""
    kinds = set(map(type, given))
    if len(kinds) == 1:
        found, good = readers[kinds.pop()](given)
        return found, good
    found, good = np.zeros(len(given), np.int64), np.zeros(len(given), np.bool_)
    for one in kinds:
        at = [place for place, value in enumerate(given) if type(value) is one]
        found[at], good[at] = readers[one]([given[place] for place in at])
    return found, good


def _whole(times: Sequence[int]) -> tuple[Numbers, Flags]:
    found = np.array([time if 0 < time < instants.END else 0 for time in times], np.int64)
    return found, found > 0


def _numbers(given: Sequence[float]) -> tuple[Numbers, Flags]:
    return micros.of_numbers(np.array(given, np.float64))


_TIMES = {str: instants.parse, int: _whole}
_PRICES = {str: micros.of_digits, float: _numbers}


def _why_no_price(price: float | str) -> str:
    if isinstance(price, float):
        return f"price {price!r} has more than six decimals, or is beyond {prices.MAX_PRICE}"
    try:
        prices.signed_from_digits(price)
    except prices.PriceError as error:
        return f"price {error}"
    raise AssertionError(price)
