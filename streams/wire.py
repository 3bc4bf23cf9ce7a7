"""What travels in the topics, and how it is read: the one place for formats.

A close is read with its digits, never through a float, so that nothing is lost between the feed
and the sign of a return. Whatever cannot be read is refused with a reason for the dead letters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import msgspec

from alerts.model import Alert
from streams.core import periods, prices
from streams.fields import Number, flag, is_short, json_object, kind, shown, text, whole
from streams.fields import Reason as Reason  # noqa: PLC0414  this is where others look for it
from streams.fields import RejectedError as RejectedError  # noqa: PLC0414  likewise
from streams.formats.plain_close import CLOSES, PlainClose

MAX_CLOSE_BYTES = 64 * 1024
MAX_ALERT_BYTES = 1024 * 1024
TICKS = "ticks"
"""The source of the closes that are made of ticks."""
MOST_REVISIONS = 2**31
#: The year 2200, in milliseconds since 1970.
_LATEST_MS = 7_258_118_400_000


@dataclass(frozen=True, slots=True)
class Close:
    """The last price of a period: ``period`` as in :mod:`streams.core.periods`, ``price`` in
    micro-units.

    While the period lasts its price is ``provisional``. ``revision`` counts the closes of the
    period that its source has sent before it, so that one that is sent again is known.
    """

    symbol: str
    period: int
    price: int
    interval: str = "1d"
    source: str = ""
    sent_at: str = ""
    provisional: bool = False
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Routed:
    """A close on its way to a watchlist, with its place in the topic of closes.

    ``line`` is its row where the record there is an Arrow stream. The ``partition`` is ``DIRECT``
    for a close that was written to ``watch`` by a feed; its place is where it stands in ``watch``.
    """

    watchlist: str
    close: Close
    partition: int
    offset: int
    arrived_ms: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """A period that a rule with a time of its own asks about, in the topic ``watch``: a rule on
    missing closes, or on summaries.

    ``rule`` is the rule's definition; ``ended_ms`` says when the period ended, or the summary was
    due, and ``at_ms`` when it was asked about, in milliseconds since 1970.
    """

    watchlist: str
    period: int
    interval: str
    rule: str
    ended_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Look:
    """Asks for a look at the prices before the close of a watchlist, in the topic ``watch``.

    ``at_ms`` is when, in milliseconds since 1970.
    """

    watchlist: str
    at_ms: int


#: The partition of a close that was written to ``watch`` directly, not copied from ``closes``.
DIRECT = -1
_NOWHERE = (DIRECT, -1, -1)
#: Beyond all numbers that an origin may have.
MOST_ORIGIN = 2**46

_SYMBOL = re.compile(r"[A-Za-z0-9^.=_:/-]{1,32}", re.ASCII)


def decode_close(value: bytes | None, signed: Container[str] = frozenset()) -> Close:
    """A close as JSON: ``{"symbol", "period", "close", "interval"?, "provisional"?, "source"?,
    "sent_at"?, "revision"?}``.

    ``close`` is a string of digits, or a number, which is read as its nearest float64 (as JSON's
    readers do: RFC 8259, section 6). Other fields are left unread.

    Args:
        signed: the symbols whose number may be zero or negative, such as a yield or a spread.

    Raises:
        RejectedError: with the reason and what was wrong.
    """
    one = CLOSES.read_one(value)
    close = None if one is None else _plain_close(one, signed)
    return _close(json_object(value, MAX_CLOSE_BYTES), signed) if close is None else close


def _plain_close(one: PlainClose, signed: Container[str]) -> Close | None:
    """A close in the plain form; None where it must be looked at closely."""
    interval, source, sent_at = one.interval or "1d", one.source or "", one.sent_at or ""
    revision, texts = one.revision or 0, is_short(source) and is_short(sent_at)
    if not (interval in periods.INTERVALS and is_symbol(one.symbol) and texts):
        return None
    if not 0 <= revision < MOST_REVISIONS:
        return None
    try:
        period = periods.from_text(one.period, interval)
        price = _plain_price(one, one.symbol in signed)
    except (periods.PeriodError, prices.PriceError):
        return None
    is_ahead = bool(one.provisional)
    return Close(one.symbol, period, price, interval, source, sent_at, is_ahead, revision)


def _plain_price(one: PlainClose, is_signed: bool) -> int:
    if isinstance(one.close, float):
        return prices.from_float(one.close, signed=is_signed)
    return (prices.signed_from_digits if is_signed else prices.from_digits)(one.close)


def _close(fields: dict[str, Any], signed: Container[str]) -> Close:
    symbol = text(fields, "symbol", required=True)
    if not is_symbol(symbol):
        raise bad_symbol(symbol)
    interval = _interval(fields)
    return Close(
        symbol,
        _period(fields, "period", interval),
        _price(fields, symbol in signed),
        interval,
        text(fields, "source"),
        text(fields, "sent_at"),
        flag(fields, "provisional"),
        whole(fields, "revision", MOST_REVISIONS) if fields.get("revision") is not None else 0,
    )


def is_symbol(text: str) -> bool:
    """Whether a text has the form of a symbol."""
    return _SYMBOL.fullmatch(text) is not None


def bad_symbol(text: str) -> RejectedError:
    """What is wrong with a text that has not."""
    return RejectedError(Reason.BAD_SYMBOL, f"symbol {shown(text)} has other characters than "
                         "letters, digits and ^ . = _ : / -, or more than 32")  # fmt: skip


def encode_close(close: Close) -> bytes:
    """The JSON of a close; its price as a string of digits."""
    return _dump(_close_fields(close))


def encode_routed(routed: Routed) -> bytes:
    """The JSON of a routed close."""
    origin = [routed.partition, routed.offset, routed.arrived_ms]
    origin += [routed.line] if routed.line else []
    fields = {"watchlist": routed.watchlist, "origin": origin}
    return _dump(_close_fields(routed.close) | fields)


def encode_due(due: Due) -> bytes:
    """The JSON of a period that is due; ``due`` is its text."""
    period = periods.to_text(due.period, due.interval)
    fields = asdict(due) | {"due": period}
    del fields["period"]
    return _dump(fields)


def encode_look(look: Look) -> bytes:
    """The JSON of a wish for a look; ``look`` is true."""
    return _dump({"watchlist": look.watchlist, "look": True, "at_ms": look.at_ms})


def decode_watch(value: bytes | None, signed: Container[str] = frozenset()) -> Routed | Due | Look:
    """What the topic ``watch`` holds: the inverse of :func:`encode_routed`, :func:`encode_due` and
    :func:`encode_look`; ``signed`` as for :func:`decode_close`.

    A close that was written there directly has no offset and no time of arrival yet: they are -1.

    Raises:
        RejectedError: with the reason and what was wrong.
    """
    one = CLOSES.read_one(value)
    if one is not None and one.due is None and one.watchlist and is_short(one.watchlist):
        close = _plain_close(one, signed)
        if close is not None:
            origin = _NOWHERE if one.origin is None else _origin(one.origin)
            return Routed(one.watchlist, close, *origin)
    fields = json_object(value, MAX_CLOSE_BYTES)
    if "due" in fields:
        return _due(fields)
    is_close = "symbol" in fields
    return _routed(fields, signed) if is_close or not flag(fields, "look") else _look(fields)


def _routed(fields: dict[str, Any], signed: Container[str]) -> Routed:
    close = _close(fields, signed)
    watchlist = text(fields, "watchlist", required=True)
    given = fields.get("origin")
    if given is None:
        return Routed(watchlist, close, *_NOWHERE)
    try:
        origin = tuple(int(number.text) for number in given)
    except (TypeError, ValueError, AttributeError):
        origin = ()
    return Routed(watchlist, close, *_origin(origin))


def _origin(numbers: Sequence[int]) -> tuple[int, int, int, int]:
    """Partition, offset, milliseconds and line."""
    if len(numbers) not in (3, 4) or not all(0 <= number < MOST_ORIGIN for number in numbers):
        detail = "origin must be [partition, offset, milliseconds], or these and a line"
        raise RejectedError(Reason.WRONG_TYPE, detail)
    partition, offset, arrived = numbers[:3]
    return partition, offset, arrived, numbers[3] if len(numbers) == 4 else 0


def _due(fields: dict[str, Any]) -> Due:
    interval = _interval(fields)
    return Due(
        text(fields, "watchlist", required=True),
        _period(fields, "due", interval),
        interval,
        text(fields, "rule", required=True),
        whole(fields, "ended_ms", _LATEST_MS),
        whole(fields, "at_ms", _LATEST_MS),
    )


def _look(fields: dict[str, Any]) -> Look:
    watchlist = text(fields, "watchlist", required=True)
    return Look(watchlist, whole(fields, "at_ms", _LATEST_MS))


def encode_alert(alert: Alert) -> bytes:
    """The JSON of an alert."""
    return _dump(msgspec.to_builtins(alert))


def decode_alert(value: bytes | None) -> Alert:
    """The inverse of :func:`encode_alert`.

    Raises:
        RejectedError: the record is not an alert.
    """
    json_object(value, MAX_ALERT_BYTES)
    try:
        return Alert.from_dict(json.loads(value or b"", parse_float=_finite))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"not an alert: {type(error).__name__}: {shown(str(error))}"
        raise RejectedError(Reason.NOT_AN_ALERT, detail) from None


def _finite(digits: str) -> float:
    """A number; ValueError for one like 1e999, which no JSON could say again."""
    number = float(digits)
    if not isfinite(number):
        raise ValueError("a number is too large")
    return number


@dataclass(frozen=True, slots=True)
class StreakNow:
    """A pair's streak after a period, for the compacted topic ``streaks``."""

    watchlist: str
    asset: str
    benchmark: str
    period: str
    direction: str
    length: int
    start: str


def encode_streak(streak: StreakNow) -> bytes:
    """The JSON of a pair's current streak."""
    return msgspec.json.encode(streak)


def _interval(fields: dict[str, Any]) -> str:
    interval = text(fields, "interval") or "1d"
    if interval not in periods.INTERVALS:
        known = ", ".join(periods.INTERVALS)
        raise RejectedError(Reason.BAD_INTERVAL, f"interval {shown(interval)} is none of {known}")
    return interval


def _period(fields: dict[str, Any], name: str, interval: str) -> int:
    try:
        return periods.from_text(text(fields, name, required=True), interval)
    except periods.PeriodError as error:
        raise RejectedError(Reason.BAD_PERIOD, f"{name} {error}") from None


def _close_fields(close: Close) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "symbol": close.symbol,
        "period": periods.to_text(close.period, close.interval),
        "close": prices.to_digits(close.price),
        "interval": close.interval,
    }
    extra = {
        "provisional": close.provisional,
        "source": close.source,
        "sent_at": close.sent_at,
        "revision": close.revision,
    }
    return fields | {name: value for name, value in extra.items() if value}


def _dump(fields: dict[str, Any]) -> bytes:
    return _JSON.encode(fields).encode()


_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def _price(fields: dict[str, Any], is_signed: bool) -> int:
    value = fields.get("close")
    try:
        if isinstance(value, Number):
            read = prices.signed_from_number if is_signed else prices.from_number
            return read(value.text)
        if isinstance(value, str):
            read = prices.signed_from_digits if is_signed else prices.from_digits
            return read(value)
    except prices.PriceError as error:
        raise RejectedError(Reason.BAD_PRICE, f"close {error}") from None
    if value is None:
        raise RejectedError(Reason.MISSING_FIELD, "the field 'close' is missing")
    raise RejectedError(Reason.WRONG_TYPE, f"close is {kind(value)}, not a number or digits")
