"""What travels in the topics, and how it is read: the one place for formats.

A close is read with its digits, never through a float, so that nothing is lost between the feed
and the sign of a return. Whatever cannot be read is refused with a reason for the dead letters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NoReturn

from alerts.model import Alert
from streams.core import periods, prices

MAX_CLOSE_BYTES = 64 * 1024
MAX_ALERT_BYTES = 1024 * 1024
_MAX_TEXT = 200


class Reason(StrEnum):
    """Why a record went to the dead letters (a label of the metrics)."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    TOO_DEEP = "too-deep"
    NOT_AN_OBJECT = "not-an-object"
    MISSING_FIELD = "missing-field"
    WRONG_TYPE = "wrong-type"
    BAD_SYMBOL = "bad-symbol"
    BAD_PERIOD = "bad-period"
    BAD_PRICE = "bad-price"
    BAD_INTERVAL = "bad-interval"
    BAD_TEXT = "bad-text"
    UNKNOWN_SYMBOL = "unknown-symbol"
    CLOSED_DAY = "closed-day"
    FUTURE_PERIOD = "future-period"
    NOT_AN_ALERT = "not-an-alert"
    INTERNAL = "internal-error"


class RejectedError(Exception):
    """A record that cannot be used: the reason as a label, the detail for people."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Close:
    """The last price of a period: ``period`` as in :mod:`streams.core.periods`, ``price`` in
    micro-units.

    While the period lasts its price is ``provisional``.
    """

    symbol: str
    period: int
    price: int
    interval: str = "1d"
    source: str = ""
    sent_at: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Routed:
    """A close on its way to a watchlist, with its place in the topic of closes."""

    watchlist: str
    close: Close
    partition: int
    offset: int
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class _Number:
    """A JSON number's own text: what the feed wrote, before any float."""

    text: str


_SYMBOL = re.compile(r"[A-Za-z0-9^.=_:/-]{1,32}", re.ASCII)


def decode_close(value: bytes | None, signed: Container[str] = frozenset()) -> Close:
    """A close as JSON: ``{"symbol", "period", "close", "interval"?, "provisional"?, "source"?,
    "sent_at"?}``.

    ``close`` is a number or a string of digits. Other fields are left unread.

    Args:
        signed: the symbols whose number may be zero or negative, such as a yield or a spread.

    Raises:
        RejectedError: with the reason and what was wrong.
    """
    return _close(_json_object(value), signed)


def _close(fields: dict[str, Any], signed: Container[str]) -> Close:
    symbol = _text(fields, "symbol", required=True)
    if not _SYMBOL.fullmatch(symbol):
        raise RejectedError(Reason.BAD_SYMBOL, f"symbol {_shown(symbol)} has other characters than "
                            "letters, digits and ^ . = _ : / -, or more than 32")  # fmt: skip
    interval = _text(fields, "interval") or "1d"
    if interval not in periods.INTERVALS:
        known = ", ".join(periods.INTERVALS)
        raise RejectedError(Reason.BAD_INTERVAL, f"interval {_shown(interval)} is none of {known}")
    try:
        period = periods.from_text(_text(fields, "period", required=True), interval)
    except periods.PeriodError as error:
        raise RejectedError(Reason.BAD_PERIOD, f"period {error}") from None
    return Close(
        symbol,
        period,
        _price(fields, symbol in signed),
        interval,
        _text(fields, "source"),
        _text(fields, "sent_at"),
        _flag(fields, "provisional"),
    )


def encode_close(close: Close) -> bytes:
    """The JSON of a close; its price as a string of digits."""
    return _dump(_close_fields(close))


def encode_routed(routed: Routed) -> bytes:
    """The JSON of a routed close."""
    origin = [routed.partition, routed.offset, routed.arrived_ms]
    fields = {"watchlist": routed.watchlist, "origin": origin}
    return _dump(_close_fields(routed.close) | fields)


def decode_routed(value: bytes | None, signed: Container[str] = frozenset()) -> Routed:
    """The inverse of :func:`encode_routed`; ``signed`` as for :func:`decode_close`.

    Raises:
        RejectedError: with the reason and what was wrong.
    """
    fields = _json_object(value)
    close = _close(fields, signed)
    watchlist = _text(fields, "watchlist", required=True)
    try:
        partition, offset, arrived = (int(number.text) for number in fields["origin"])
    except (KeyError, TypeError, ValueError, AttributeError):
        detail = "origin must be [partition, offset, milliseconds]"
        raise RejectedError(Reason.WRONG_TYPE, detail) from None
    return Routed(watchlist, close, partition, offset, arrived)


def encode_alert(alert: Alert) -> bytes:
    """The JSON of an alert."""
    return _dump(alert.to_dict())


def decode_alert(value: bytes | None) -> Alert:
    """The inverse of :func:`encode_alert`.

    Raises:
        RejectedError: the record is not an alert.
    """
    _json_object(value, MAX_ALERT_BYTES)
    try:
        return Alert.from_dict(json.loads(value or b""))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"not an alert: {type(error).__name__}: {_shown(str(error))}"
        raise RejectedError(Reason.NOT_AN_ALERT, detail) from None


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
    return _dump(asdict(streak))


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
    }
    return fields | {name: value for name, value in extra.items() if value}


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def _json_object(value: bytes | None, limit: int = MAX_CLOSE_BYTES) -> dict[str, Any]:
    if not value:
        raise RejectedError(Reason.EMPTY, "the record has no value")
    if len(value) > limit:
        detail = f"{len(value):,} bytes; at most {limit:,} are read"
        raise RejectedError(Reason.TOO_LARGE, detail)
    fields = _parse(value)
    if not isinstance(fields, dict):
        raise RejectedError(Reason.NOT_AN_OBJECT, "the JSON is not an object")
    return fields


def _parse(value: bytes) -> Any:
    try:
        return json.loads(
            value.decode("utf-8"),
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_constant,
            object_pairs_hook=_each_once,
        )
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} is not UTF-8"
        raise RejectedError(Reason.NOT_UTF8, detail) from None
    except RecursionError:
        raise RejectedError(Reason.TOO_DEEP, "the JSON is nested too deep") from None
    except ValueError as error:
        raise RejectedError(Reason.NOT_JSON, f"not JSON: {_shown(str(error))}") from None


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {_shown(twice)} is given twice")
    return fields


def _text(fields: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = fields.get(name)
    if value is None:
        if required:
            raise RejectedError(Reason.MISSING_FIELD, f"the field {name!r} is missing")
        return ""
    if not isinstance(value, str):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {_kind(value)}, not a string")
    if len(value) > _MAX_TEXT or not value.isprintable():
        detail = f"{name} has control characters, or more than {_MAX_TEXT} characters"
        raise RejectedError(Reason.BAD_TEXT, detail)
    return value


def _flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {_kind(value)}, not true or false")
    return bool(value)


def _price(fields: dict[str, Any], is_signed: bool) -> int:
    value = fields.get("close")
    try:
        if isinstance(value, _Number):
            read = prices.signed_from_number if is_signed else prices.from_number
            return read(value.text)
        if isinstance(value, str):
            read = prices.signed_from_digits if is_signed else prices.from_digits
            return read(value)
    except prices.PriceError as error:
        raise RejectedError(Reason.BAD_PRICE, f"close {error}") from None
    if value is None:
        raise RejectedError(Reason.MISSING_FIELD, "the field 'close' is missing")
    raise RejectedError(Reason.WRONG_TYPE, f"close is {_kind(value)}, not a number or digits")


def _kind(value: Any) -> str:
    names = {bool: "true or false", _Number: "a number", list: "a list", dict: "an object",
             str: "a string"}  # fmt: skip
    return names.get(type(value), type(value).__name__)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
