"""JSON objects and their fields, read strictly; what cannot be used is refused with a reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

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
    BAD_TIME = "bad-time"
    FUTURE_TICK = "future-tick"
    STALE_TICK = "stale-tick"
    OUT_OF_SESSION = "out-of-session"
    NOT_ARROW = "not-arrow"
    NOT_AN_ALERT = "not-an-alert"
    UNKNOWN_TARGET = "unknown-target"
    INTERNAL = "internal-error"


class RejectedError(Exception):
    """A record that cannot be used: the reason as a label, the detail for people."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number's own text: what the feed wrote, before any float."""

    text: str


def json_object(value: bytes | None, limit: int) -> dict[str, Any]:
    """The fields of a record's value, of at most ``limit`` bytes; each number as a :class:`Number`.

    Raises:
        RejectedError: it is empty, too large, or no JSON object with each field once.
    """
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
            parse_float=Number,
            parse_int=Number,
            parse_constant=_constant,
            object_pairs_hook=_each_once,
        )
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} is not UTF-8"
        raise RejectedError(Reason.NOT_UTF8, detail) from None
    except RecursionError:
        raise RejectedError(Reason.TOO_DEEP, "the JSON is nested too deep") from None
    except ValueError as error:
        raise RejectedError(Reason.NOT_JSON, f"not JSON: {shown(str(error))}") from None


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {shown(twice)} is given twice")
    return fields


def text(fields: dict[str, Any], name: str, *, required: bool = False) -> str:
    """A short text that can be printed; empty where the field may be missing, and is."""
    value = fields.get(name)
    if value is None:
        if required:
            raise RejectedError(Reason.MISSING_FIELD, f"the field {name!r} is missing")
        return ""
    if not isinstance(value, str):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind(value)}, not a string")
    if not is_short(value):
        detail = f"{name} has control characters, or more than {_MAX_TEXT} characters"
        raise RejectedError(Reason.BAD_TEXT, detail)
    return value


def is_short(value: str) -> bool:
    """Whether a text can be shown in a message: printable, and of at most 200 characters."""
    return len(value) <= _MAX_TEXT and value.isprintable()


def flag(fields: dict[str, Any], name: str) -> bool:
    """True or false; false where the field is missing."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind(value)}, not true or false")
    return bool(value)


def whole(fields: dict[str, Any], name: str, end: int) -> int:
    """A whole number from 0 to below ``end``."""
    value = fields.get(name)
    if value is None:
        raise RejectedError(Reason.MISSING_FIELD, f"the field {name!r} is missing")
    digits = value.text if isinstance(value, Number) else ""
    if not (digits.isdecimal() and len(digits) < 20 and int(digits) < end):
        detail = f"{name} is not a whole number from 0 to {end - 1}"
        raise RejectedError(Reason.WRONG_TYPE, detail)
    return int(digits)


def kind(value: Any) -> str:
    """What a value is, in words."""
    names = {bool: "true or false", Number: "a number", list: "a list", dict: "an object",
             str: "a string"}  # fmt: skip
    return names.get(type(value), type(value).__name__)


def shown(text: str) -> str:
    """A text as details show it: quoted and shortened."""
    return repr(text if len(text) <= 80 else text[:77] + "...")
