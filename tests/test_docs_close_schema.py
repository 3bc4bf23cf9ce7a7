"""The JSON Schema of a close agrees with what the worker takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from streams.wire import MAX_CLOSE_BYTES, Close, Reason, RejectedError, decode_close

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs/schemas/close.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)


GOOD = {
    "the least": {},
    "a number": {"close": 2718.77},
    "a whole number": {"close": 2718},
    "an exponent": {"close": 2.5e3},
    "the largest": {"close": "1000000000"},
    "the largest with zeros": {"close": "001000000000.000"},
    "the largest number": {"close": 1000000000},
    "the smallest": {"close": "0.000001"},
    "six decimals and zeros": {"close": "1.12345600"},
    "every kind of character in a symbol": {"symbol": "^A.b=C_9:/-"},
    "32 characters": {"symbol": "S" * 32},
    "the first year": {"period": "1800-01-01"},
    "the last year": {"period": "2199-12-31"},
    "a leap day": {"period": "2024-02-29"},
    "an interval": {"interval": "1d"},
    "a minute": {"interval": "1m", "period": "2026-01-22T14:31Z"},
    "five minutes": {"interval": "5m", "period": "2026-01-22T14:35:00Z"},
    "a quarter": {"interval": "15m", "period": "2026-01-22T09:30:00-05:00"},
    "half an hour": {"interval": "30m", "period": "2026-01-22T20:00+05:30"},
    "an hour": {"interval": "1h", "period": "2199-12-31T23:59Z"},
    "a time before 1970": {"interval": "1h", "period": "1800-01-01T00:00Z"},
    "a provisional close": {"provisional": True},
    "a close that is not provisional": {"provisional": False},
    "provisional of null": {"provisional": None},
    "an empty interval": {"interval": ""},
    "an interval of null": {"interval": None},
    "texts": {"source": "vendor, close", "sent_at": "2026-01-22T21:05:00Z"},
    "texts of null": {"source": None, "sent_at": None},
    "a text in another script": {"source": "取引所"},
    "200 characters": {"source": "x" * 200},
    "a revision": {"revision": 2},
    "a revision of null": {"revision": None},
    "the last revision": {"revision": 2**31 - 1},
    "other fields": {"currency": "USD", "more": {"a": [1, 2, None]}},
}

BAD: dict[str, tuple[Any, Reason]] = {
    "a list": ([], Reason.NOT_AN_OBJECT),
    "a text": ("RUT", Reason.NOT_AN_OBJECT),
    "null": (None, Reason.NOT_AN_OBJECT),
    "no symbol": ({"symbol": ...}, Reason.MISSING_FIELD),
    "no period": ({"period": ...}, Reason.MISSING_FIELD),
    "no close": ({"close": ...}, Reason.MISSING_FIELD),
    "a symbol of null": ({"symbol": None}, Reason.MISSING_FIELD),
    "a close of null": ({"close": None}, Reason.MISSING_FIELD),
    "a symbol that is a number": ({"symbol": 700}, Reason.WRONG_TYPE),
    "a period that is a number": ({"period": 20260122}, Reason.WRONG_TYPE),
    "a close that is true": ({"close": True}, Reason.WRONG_TYPE),
    "a close that is a list": ({"close": [1]}, Reason.WRONG_TYPE),
    "a source that is a number": ({"source": 1}, Reason.WRONG_TYPE),
    "an interval that is a number": ({"interval": 1}, Reason.WRONG_TYPE),
    "a space in the symbol": ({"symbol": "R UT"}, Reason.BAD_SYMBOL),
    "an empty symbol": ({"symbol": ""}, Reason.BAD_SYMBOL),
    "33 characters": ({"symbol": "S" * 33}, Reason.BAD_SYMBOL),
    "another script": ({"symbol": "ＲＵＴ"}, Reason.BAD_SYMBOL),
    "a short date": ({"period": "2026-1-2"}, Reason.BAD_PERIOD),
    "a time": ({"period": "2026-01-22T00:00:00"}, Reason.BAD_PERIOD),
    "a day that does not exist": ({"period": "2026-02-30"}, Reason.BAD_PERIOD),
    "a month that does not exist": ({"period": "2026-13-01"}, Reason.BAD_PERIOD),
    "the year 1799": ({"period": "1799-12-31"}, Reason.BAD_PERIOD),
    "the year 2200": ({"period": "2200-01-01"}, Reason.BAD_PERIOD),
    "an empty price": ({"close": ""}, Reason.BAD_PRICE),
    "zero": ({"close": 0}, Reason.BAD_PRICE),
    "zero in digits": ({"close": "0.00"}, Reason.BAD_PRICE),
    "below zero": ({"close": -1}, Reason.BAD_PRICE),
    "a sign": ({"close": "+1"}, Reason.BAD_PRICE),
    "an exponent in a text": ({"close": "1e3"}, Reason.BAD_PRICE),
    "a comma": ({"close": "2,718.77"}, Reason.BAD_PRICE),
    "a space": ({"close": " 1"}, Reason.BAD_PRICE),
    "no digit before the point": ({"close": ".5"}, Reason.BAD_PRICE),
    "no digit after the point": ({"close": "5."}, Reason.BAD_PRICE),
    "other digits": ({"close": "１２"}, Reason.BAD_PRICE),
    "too large": ({"close": "1000000000.000001"}, Reason.BAD_PRICE),
    "too large a number": ({"close": 1000000001}, Reason.BAD_PRICE),
    "ten digits": ({"close": "2000000000"}, Reason.BAD_PRICE),
    "seven decimals": ({"close": "1.1234567"}, Reason.BAD_PRICE),
    "33 digits": ({"close": "0" * 32 + "1"}, Reason.BAD_PRICE),
    "another interval": ({"interval": "2h"}, Reason.BAD_INTERVAL),
    "a date with a short interval": ({"interval": "1h"}, Reason.BAD_PERIOD),
    "a time with an empty interval": (
        {"interval": "", "period": "2026-01-22T14:30Z"},
        Reason.BAD_PERIOD,
    ),
    **{
        f"{text} with a short interval": ({"interval": "5m", "period": text}, Reason.BAD_PERIOD)
        for text in (
            *("2026-01-22T14:30", "2026-01-22 14:30Z", "2026-01-22T14:30:30Z", "2026-01-22T24:00Z"),
            *("2026-01-22T14:60Z", "2026-01-22T14:30-0500", "2026-01-22T14:30:00.000Z"),
            *("2026-01-22T14:30-24:00", "2026-01-22T14:30+05:60", "2026-13-01T14:30Z"),
            *("1799-12-31T23:59Z", "2200-01-01T00:00Z"),
        )
    },
    "provisional in a text": ({"provisional": "true"}, Reason.WRONG_TYPE),
    "provisional as a number": ({"provisional": 1}, Reason.WRONG_TYPE),
    "a revision in a text": ({"revision": "1"}, Reason.WRONG_TYPE),
    "a negative revision": ({"revision": -1}, Reason.WRONG_TYPE),
    "half a revision": ({"revision": 0.5}, Reason.WRONG_TYPE),
    "too many revisions": ({"revision": 2**31}, Reason.WRONG_TYPE),
    "a line break": ({"source": "a\nb"}, Reason.BAD_TEXT),
    "201 characters": ({"sent_at": "x" * 201}, Reason.BAD_TEXT),
}


def close(change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    fields = {"symbol": "RUT", "period": "2026-01-22", "close": "2718.77"} | change
    return {name: value for name, value in fields.items() if value is not ...}


@pytest.mark.parametrize("change", GOOD.values(), ids=GOOD)
def test_the_schema_and_the_worker_take_a_good_close(change: dict[str, Any]) -> None:
    data = close(change)
    assert isinstance(decode_close(json.dumps(data).encode()), Close)
    assert not list(VALIDATOR.iter_errors(data))


@pytest.mark.parametrize(("change", "reason"), BAD.values(), ids=BAD)
def test_the_schema_and_the_worker_refuse_a_bad_close(change: Any, reason: Reason) -> None:
    data = close(change)
    with pytest.raises(RejectedError) as caught:
        decode_close(json.dumps(data).encode())
    assert caught.value.reason is reason
    assert list(VALIDATOR.iter_errors(data))


@pytest.mark.parametrize(
    "change",
    [
        {"close": 1.1234567},
        {"revision": 1.0},
        {"interval": "5m", "period": "2026-02-30T14:30Z"},
        {"interval": "5m", "period": "1800-01-01T00:00+05:00"},
        {"interval": "5m", "period": "2199-12-31T23:00-05:00"},
    ],
)
def test_only_the_worker_sees(change: dict[str, Any]) -> None:
    data = close(change)
    assert not list(VALIDATOR.iter_errors(data))
    with pytest.raises(RejectedError):
        decode_close(json.dumps(data).encode())


def test_the_schema_is_a_schema_of_what_is_read() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"].keys() == Close.__dataclass_fields__.keys() - {"price"} | {"close"}
    assert f"{MAX_CLOSE_BYTES:,} bytes" in SCHEMA["description"]


SIGNED = jsonschema.Draft202012Validator(SCHEMA["$defs"]["signed"])


@pytest.mark.parametrize(
    "number",
    [0, -0.25, 1000000000, -1000000000, "0", "-0", "0.00", "-0.250000000", "-1000000000", "4.02"],
)
def test_published_numbers_that_the_schema_and_the_worker_take(number: Any) -> None:
    assert SIGNED.is_valid(number)
    decode_close(json.dumps(close({"close": number})).encode(), signed={"RUT"})


@pytest.mark.parametrize(
    "number",
    [
        *(True, [], 1000000001, -1000000001, "", "-", "+1", "--1", "-.5", "5.", "-1e3", " 1"),
        *("-1.1234567", "-2000000000", "1000000000.000001", "-" + "0" * 32 + "1"),
    ],
)
def test_published_numbers_that_the_schema_and_the_worker_refuse(number: Any) -> None:
    assert not SIGNED.is_valid(number)
    with pytest.raises(RejectedError):
        decode_close(json.dumps(close({"close": number})).encode(), signed={"RUT"})
