"""What is read is read exactly; everything else is refused with its reason, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts import samples
from alerts.evidence import Evidence, Holder
from alerts.model import Alert, Kind, Milestone, Trigger
from streams.core.periods import INTERVALS, from_date, from_text
from streams.core.prices import MAX_PRICE, SCALE
from streams.wire import (
    MAX_CLOSE_BYTES,
    Close,
    Due,
    Look,
    Reason,
    RejectedError,
    Routed,
    StreakNow,
    decode_alert,
    decode_close,
    decode_watch,
    encode_alert,
    encode_close,
    encode_due,
    encode_look,
    encode_routed,
    encode_streak,
)


def a_close(text: str = "2674.56", **fields: str) -> bytes:
    """JSON with raw JSON text for each field."""
    whole = {"symbol": '"RUT"', "period": '"2026-01-15"', "close": text} | fields
    return ("{" + ",".join(f'"{k}":{v}' for k, v in whole.items() if v) + "}").encode()


RUT = Close("RUT", from_text("2026-01-15"), 2_674_560_000)


@pytest.mark.parametrize(
    "value",
    [
        a_close(),
        a_close('"2674.56"'),
        a_close("2674.560000000"),
        a_close("2.67456e3"),
        a_close(interval='"1d"'),
        a_close(interval="null", source="null", sent_at='""'),
        a_close(provisional="false"),
        a_close(provisional="null"),
        a_close(other="[[[1e999]]]", volume="12345678901234567890"),
        b"\n  " + a_close() + b"\t\r\n",
    ],
)
def test_forms_of_one_close(value: bytes) -> None:
    assert decode_close(value) == RUT


def test_all_fields() -> None:
    value = a_close(source='"exchange £"', sent_at='"2026-01-15T21:00:05Z"')
    assert decode_close(value) == Close(
        "RUT", RUT.period, RUT.price, "1d", "exchange £", "2026-01-15T21:00:05Z"
    )


@pytest.mark.parametrize("interval", sorted(INTERVALS.keys() - {"1d"}))
@pytest.mark.parametrize(
    "text", ["2026-01-15T14:31Z", "2026-01-15T14:31:00Z", "2026-01-15T09:31:00-05:00"]
)
def test_intervals_within_a_day(interval: str, text: str) -> None:
    """Whether an interval begins then is for a calendar to say."""
    close = decode_close(a_close(interval=f'"{interval}"', period=f'"{text}"'))
    period = from_date(date(2026, 1, 15), interval) + 14 * 60 + 31
    assert close == Close("RUT", period, RUT.price, interval)
    assert json.loads(encode_close(close))["period"] == "2026-01-15T14:31Z"


def test_a_price_of_a_period_that_has_not_closed() -> None:
    close = decode_close(a_close(provisional="true"))
    assert close == replace(RUT, provisional=True)
    assert json.loads(encode_close(close))["provisional"] is True
    assert "provisional" not in json.loads(encode_close(RUT))


@pytest.mark.parametrize(
    ("number", "micros"),
    [
        ("-0.25", -250_000),
        ('"-0.25"', -250_000),
        ("0", 0),
        ('"-0.00"', 0),
        ("-2.5e-1", -250_000),
        ("-1000000000", -(10**15)),
        ('"1000000000"', 10**15),
        ("4.02", 4_020_000),
    ],
)
def test_published_numbers_may_be_negative(number: str, micros: int) -> None:
    close = decode_close(a_close(number, symbol='"US10Y"'), signed={"US10Y"})
    assert close == Close("US10Y", RUT.period, micros)
    assert decode_close(encode_close(close), {"US10Y"}) == close


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        ("-1000000000.5", "a number may be at most 1000000000 either way, not '-1000000000.5'"),
        ('"-0.0000001"', "'-0.0000001' has more than six decimals"),
        ('"+1"', "'+1' is not a number in plain digits such as -0.25"),
        ("1e1000", "'1e1000' is not a number that can be read"),
    ],
)
def test_published_numbers_that_are_refused(number: str, detail: str) -> None:
    with pytest.raises(RejectedError) as caught:
        decode_close(a_close(number), signed=["RUT"])
    assert (caught.value.reason, caught.value.detail) == (Reason.BAD_PRICE, f"close {detail}")


@pytest.mark.parametrize("decode", [decode_close, decode_watch])
def test_the_prices_of_others_are_above_0(decode: Callable[..., object]) -> None:
    with pytest.raises(RejectedError) as caught:
        decode(a_close("-1", watchlist='"us"', origin="[0,0,0]"), signed={"US10Y"})
    assert caught.value.detail == "close a price must be above 0, not '-1'"


def deep(left: bytes, right: bytes, depth: int) -> bytes:
    return left * depth + b"1" + right * depth


MALFORMED: dict[str, tuple[bytes | None, Reason]] = {
    "null value": (None, Reason.EMPTY),
    "empty": (b"", Reason.EMPTY),
    "blank": (b"  \n", Reason.NOT_JSON),
    "not JSON": (b"RUT,2026-01-15,2674.56", Reason.NOT_JSON),
    "cut short": (a_close()[:-1], Reason.NOT_JSON),
    "two objects": (a_close() * 2, Reason.NOT_JSON),
    "single quotes": (b"{'symbol': 'RUT'}", Reason.NOT_JSON),
    "trailing comma": (b'{"symbol":"RUT",}', Reason.NOT_JSON),
    "NUL bytes": (b"\x00" * 16, Reason.NOT_JSON),
    "BOM": (b"\xef\xbb\xbf" + a_close(), Reason.NOT_JSON),
    "UTF-16": (a_close().decode().encode("utf-16"), Reason.NOT_UTF8),
    "invalid UTF-8": (b'{"symbol":"\xff\xfe"}', Reason.NOT_UTF8),
    "surrogate in UTF-8": (b'{"symbol":"\xed\xa0\x80"}', Reason.NOT_UTF8),
    "gzip": (b"\x1f\x8b\x08\x00", Reason.NOT_UTF8),
    "array": (b"[1,2]", Reason.NOT_AN_OBJECT),
    "number": (b"1", Reason.NOT_AN_OBJECT),
    "string": (b'"RUT"', Reason.NOT_AN_OBJECT),
    "null": (b"null", Reason.NOT_AN_OBJECT),
    "array 10,000 deep": (deep(b"[", b"]", 10_000), Reason.TOO_DEEP),
    "object 10,000 deep": (deep(b'{"":', b"}", 10_000), Reason.TOO_DEEP),
    "array 10,000 deep, open": (b"[" * 10_000, Reason.TOO_DEEP),
    "array 100,000 deep": (deep(b"[", b"]", 100_000), Reason.TOO_LARGE),
    "object 100,000 deep": (deep(b'{"":', b"}", 100_000), Reason.TOO_LARGE),
    "deep in a field": (a_close(x="[" * 20_000 + "]" * 20_000), Reason.TOO_DEEP),
    "10 MB": (a_close(x='"' + "x" * 10_000_000 + '"'), Reason.TOO_LARGE),
    "one byte too many": (a_close().ljust(MAX_CLOSE_BYTES + 1), Reason.TOO_LARGE),
    "close twice": (b'{"symbol":"RUT","close":1,"close":2}', Reason.NOT_JSON),
    "no symbol": (a_close(symbol=""), Reason.MISSING_FIELD),
    "no period": (a_close(period=""), Reason.MISSING_FIELD),
    "no close": (a_close(""), Reason.MISSING_FIELD),
    "nothing": (b"{}", Reason.MISSING_FIELD),
    "null symbol": (a_close(symbol="null"), Reason.MISSING_FIELD),
    "null close": (a_close("null"), Reason.MISSING_FIELD),
    "symbol a number": (a_close(symbol="5"), Reason.WRONG_TYPE),
    "symbol a list": (a_close(symbol='["RUT"]'), Reason.WRONG_TYPE),
    "period a number": (a_close(period="20260115"), Reason.WRONG_TYPE),
    "period false": (a_close(period="false"), Reason.WRONG_TYPE),
    "close true": (a_close("true"), Reason.WRONG_TYPE),
    "close false": (a_close("false"), Reason.WRONG_TYPE),
    "close a list": (a_close("[1]"), Reason.WRONG_TYPE),
    "close an object": (a_close('{"$numberDecimal":"1"}'), Reason.WRONG_TYPE),
    "interval a number": (a_close(interval="1"), Reason.WRONG_TYPE),
    "source an object": (a_close(source="{}"), Reason.WRONG_TYPE),
    "sent_at a number": (a_close(sent_at="1737000000"), Reason.WRONG_TYPE),
    "provisional a string": (a_close(provisional='"true"'), Reason.WRONG_TYPE),
    "provisional a number": (a_close(provisional="1"), Reason.WRONG_TYPE),
    "provisional a list": (a_close(provisional="[]"), Reason.WRONG_TYPE),
    "NaN": (a_close("NaN"), Reason.NOT_JSON),
    "Infinity": (a_close("Infinity"), Reason.NOT_JSON),
    "-Infinity": (a_close("-Infinity"), Reason.NOT_JSON),
    "NaN in another field": (a_close(x="NaN"), Reason.NOT_JSON),
    "negative": (a_close("-1"), Reason.BAD_PRICE),
    "zero": (a_close("0"), Reason.BAD_PRICE),
    "minus zero": (a_close("-0.0"), Reason.BAD_PRICE),
    "huge": (a_close("1e300"), Reason.BAD_PRICE),
    "above 1e9": (a_close("1000000000.000001"), Reason.BAD_PRICE),
    "7 decimals": (a_close("2674.1234567"), Reason.BAD_PRICE),
    "7 decimals in a string": (a_close('"2674.1234567"'), Reason.BAD_PRICE),
    "17 digits": (a_close('"2674.5600000000001"'), Reason.BAD_PRICE),
    "a sum of floats": (a_close("0.30000000000000004"), Reason.BAD_PRICE),
    "tiny": (a_close("1e-300"), Reason.BAD_PRICE),
    "5,000 digits": (a_close("1" * 5000), Reason.BAD_PRICE),
    "exponent of 4 digits": (a_close("1e1000"), Reason.BAD_PRICE),
    "leading zero": (a_close("01"), Reason.NOT_JSON),
    "plus": (a_close("+1"), Reason.NOT_JSON),
    "hexadecimal": (a_close("0x10"), Reason.NOT_JSON),
    "exponent in a string": (a_close('"1e3"'), Reason.BAD_PRICE),
    "sign in a string": (a_close('"+2674.56"'), Reason.BAD_PRICE),
    "minus in a string": (a_close('"-2674.56"'), Reason.BAD_PRICE),
    "space in a string": (a_close('" 2674.56"'), Reason.BAD_PRICE),
    "underscore": (a_close('"2_674.56"'), Reason.BAD_PRICE),
    "thousands": (a_close('"2,674.56"'), Reason.BAD_PRICE),
    "fullwidth digits": (a_close('"２６７４"'), Reason.BAD_PRICE),
    "no digits": (a_close('""'), Reason.BAD_PRICE),
    "NaN in a string": (a_close('"NaN"'), Reason.BAD_PRICE),
    "5,000 digits in a string": (a_close('"' + "1" * 5000 + '"'), Reason.BAD_PRICE),
    "unknown interval": (a_close(interval='"7w"'), Reason.BAD_INTERVAL),
    "interval in other words": (a_close(interval='"60m"'), Reason.BAD_INTERVAL),
    "interval of another case": (a_close(interval='"1D"'), Reason.BAD_INTERVAL),
    "date with a short interval": (a_close(interval='"5m"'), Reason.BAD_PERIOD),
    "time without an offset": (
        a_close(interval='"5m"', period='"2026-01-15T14:30"'),
        Reason.BAD_PERIOD,
    ),
    "part of a minute": (
        a_close(interval='"1m"', period='"2026-01-15T14:30:30Z"'),
        Reason.BAD_PERIOD,
    ),
    "impossible time": (a_close(interval='"1h"', period='"2026-01-15T25:00Z"'), Reason.BAD_PERIOD),
    "impossible date": (a_close(period='"2026-02-30"'), Reason.BAD_PERIOD),
    "date with time": (a_close(period='"2026-01-15T00:00:00Z"'), Reason.BAD_PERIOD),
    "other form of date": (a_close(period='"15/01/2026"'), Reason.BAD_PERIOD),
    "far future": (a_close(period='"9999-01-01"'), Reason.BAD_PERIOD),
    "empty period": (a_close(period='""'), Reason.BAD_PERIOD),
    "fullwidth period": (a_close(period='"２０２６-01-15"'), Reason.BAD_PERIOD),
    "empty symbol": (a_close(symbol='""'), Reason.BAD_SYMBOL),
    "HTML": (a_close(symbol='"<b>RUT</b>"'), Reason.BAD_SYMBOL),
    "symbol of 33": (a_close(symbol='"' + "R" * 33 + '"'), Reason.BAD_SYMBOL),
    "symbol with a space": (a_close(symbol='"R T"'), Reason.BAD_SYMBOL),
    "Cyrillic symbol": (a_close(symbol='"RUТ"'), Reason.BAD_SYMBOL),
    "symbol with a newline": (a_close(symbol='"RUT\\n"'), Reason.BAD_TEXT),
    "symbol with a NUL": (a_close(symbol='"RUT\\u0000"'), Reason.BAD_TEXT),
    "lone surrogate in symbol": (a_close(symbol='"\\ud800"'), Reason.BAD_TEXT),
    "lone surrogate in source": (a_close(source='"\\udfff"'), Reason.BAD_TEXT),
    "newline in source": (a_close(source='"a\\nb"'), Reason.BAD_TEXT),
    "escape sequence in source": (a_close(source='"\\u001b[31m"'), Reason.BAD_TEXT),
    "direction override": (a_close(source='"\\u202e"'), Reason.BAD_TEXT),
    "long source": (a_close(source='"' + "x" * 201 + '"'), Reason.BAD_TEXT),
    "control character, raw": (a_close(source='"a\tb"'), Reason.NOT_JSON),
}


@pytest.mark.parametrize(("value", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_closes(value: bytes | None, reason: Reason) -> None:
    with pytest.raises(RejectedError) as caught:
        decode_close(value)
    assert caught.value.reason is reason
    assert caught.value.detail == str(caught.value)
    assert len(caught.value.detail) < 300
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (None, "the record has no value"),
        (a_close("-1"), "close a price must be above 0, not '-1'"),
        (a_close("2674.1234567"), "close '2674.1234567' has more than six decimals"),
        (a_close(period='"2026-02-30"'), "period '2026-02-30' is a date that does not exist"),
        (a_close("true"), "close is true or false, not a number or digits"),
        (a_close(symbol="[]"), "symbol is a list, not a string"),
        (a_close(""), "the field 'close' is missing"),
        (a_close(interval='"7w"'), "interval '7w' is none of 1m, 5m, 15m, 30m, 1h, 1d"),
        (
            a_close(interval='"5m"', period='"2026-01-15T14:30:30Z"'),
            "period '2026-01-15T14:30:30Z' is not a whole minute",
        ),
        (a_close(provisional='"yes"'), "provisional is a string, not true or false"),
        (a_close(x="NaN"), "not JSON: 'NaN is not a JSON value'"),
        (b" " * 70_000, "70,000 bytes; at most 65,536 are read"),
        (b'{"a":1,"a":1}', "not JSON: \"the field 'a' is given twice\""),
        (b"\xff", "byte 0 is not UTF-8"),
    ],
)
def test_details_for_people(value: bytes | None, detail: str) -> None:
    with pytest.raises(RejectedError) as caught:
        decode_close(value)
    assert caught.value.detail == detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=6), v, max_size=4),
    max_leaves=12,
)
TIMES = st.datetimes().map(lambda time: time.isoformat() + "Z")
NEAR = st.fixed_dictionaries(
    {},
    optional={
        "symbol": JSON | st.just("RUT"),
        "period": JSON | st.just("2026-01-15") | st.dates().map(str) | TIMES,
        "close": JSON | st.just("1.5"),
        "interval": JSON | st.sampled_from(list(INTERVALS)),
        "provisional": JSON | st.booleans(),
        "source": JSON,
        "sent_at": JSON,
        "watchlist": JSON | st.just("us"),
        "due": JSON | st.just("2026-01-15"),
        "rule": JSON,
        "ended_ms": JSON | st.integers(),
        "at_ms": JSON | st.integers(),
        "origin": JSON | st.lists(st.integers() | JSON, min_size=3, max_size=3),
    },
)


def only_rejects(value: bytes) -> None:
    decoders: list[Callable[[bytes], object]] = [decode_close, decode_watch, decode_alert]
    decoders.append(partial(decode_close, signed={"RUT"}))
    for decode in decoders:
        try:
            decode(value)
        except RejectedError as error:
            assert error.detail.isprintable()  # noqa: PT017


@given(st.binary(max_size=300))
@example(b"[" * 60_000)
@example(b'{"a":' * 10_000)
@example(b'{"\\ud800":1,"\\ud800":2}')
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    only_rejects(value)


@given(JSON | NEAR)
@example({"origin": {"a": 1}, "symbol": "RUT", "period": "2026-01-15", "close": "1"})
def test_any_json_is_read_or_refused(data: Any) -> None:
    only_rejects(json.dumps(data).encode())


PRINTABLE = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
TEXTS = st.text(PRINTABLE, max_size=20) | st.text("x", max_size=200)
SYMBOLS = st.text(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789^.=_:/-", min_size=1, max_size=32
)
PERIODS = st.tuples(
    st.sampled_from(list(INTERVALS)),
    st.dates(date(1800, 1, 1), date(2199, 12, 31)),
    st.integers(0, 1439),
)
CLOSES = st.builds(
    lambda when, **more: Close(
        period=from_date(when[1], when[0]) + (when[2] if when[0] != "1d" else 0),
        interval=when[0],
        **more,
    ),
    PERIODS,
    symbol=SYMBOLS,
    price=st.integers(1, MAX_PRICE * SCALE),
    source=TEXTS,
    sent_at=TEXTS,
    provisional=st.booleans(),
)


@given(CLOSES)
def test_closes_round_trip(close: Close) -> None:
    assert decode_close(encode_close(close)) == close


@given(CLOSES, st.integers(-MAX_PRICE * SCALE, MAX_PRICE * SCALE))
def test_published_numbers_round_trip(close: Close, number: int) -> None:
    close = replace(close, price=number)
    assert decode_close(encode_close(close), signed={close.symbol}) == close
    routed = Routed("us", close, 0, 0, 0)
    assert decode_watch(encode_routed(routed), signed={close.symbol}) == routed


@given(CLOSES, SYMBOLS, st.integers(0, 2**31), st.integers(0, 2**46 - 1), st.integers(0, 2**46 - 1))
def test_routed_closes_round_trip(
    close: Close, name: str, partition: int, offset: int, arrived: int
) -> None:
    routed = Routed(name, close, partition, offset, arrived)
    assert decode_watch(encode_routed(routed)) == routed
    routed = replace(routed, line=7)
    assert decode_watch(encode_routed(routed)) == routed


def test_a_feed_may_write_to_watch_itself() -> None:
    read = decode_watch(a_close(watchlist='"us"'))
    assert isinstance(read, Routed)
    assert (read.watchlist, read.partition, read.offset, read.arrived_ms) == ("us", -1, -1, -1)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("2674.5600000000001", 2_674_560_000),
        ("999999999.99999999999999999999", 10**15),
        ("1e-6", 1),
        ("2674560000e-6", 2_674_560_000),
    ],
)
def test_a_json_number_is_its_nearest_float64(text: str, price: int) -> None:
    assert decode_close(a_close(text)).price == price


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"watchlist": '"us"', "origin": "[1,2]"}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": "[1,2,3,4,5]"}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": "[1,-2,3]"}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": f"[1,{2**46},3]"}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": "[1,2,3.5]"}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": "[1,2,null]"}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": '["1","2","3"]'}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": '"123"'}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": "5"}, Reason.WRONG_TYPE),
        ({"watchlist": '"us"', "origin": f"[1,2,{'9' * 5000}]"}, Reason.WRONG_TYPE),
        ({"origin": "[1,2,3]"}, Reason.MISSING_FIELD),
        ({"watchlist": "5", "origin": "[1,2,3]"}, Reason.WRONG_TYPE),
    ],
)
def test_malformed_routed_closes(extra: dict[str, str], reason: Reason) -> None:
    with pytest.raises(RejectedError) as caught:
        decode_watch(a_close(**extra))
    assert caught.value.reason is reason


DATES = st.dates(date(1800, 1, 1), date(2199, 12, 31)).map(str)
HOLDERS = st.builds(Holder, st.integers(1, 99), DATES, DATES, TEXTS)
MILESTONES = st.builds(
    Milestone, st.sampled_from(Kind), st.integers(1, 99), TEXTS, st.none() | HOLDERS
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
EVIDENCE = st.builds(
    Evidence,
    asset_return=FLOATS,
    benchmark_return=FLOATS,
    longest_since=st.none() | HOLDERS,
    known_from=DATES,
    known_returns=st.integers(0, 10**6),
    begins_known=st.booleans(),
    ties=st.sampled_from(["break", "extend", "skip"]),
    round_returns_to=st.sampled_from(["", "1/10000"]),
    seeds=st.lists(TEXTS, max_size=3).map(tuple),
)
ALERTS = st.builds(
    Alert,
    id=st.from_regex(r"[0-9a-f]{20}", fullmatch=True),
    watchlist=TEXTS,
    asset=SYMBOLS,
    benchmark=SYMBOLS,
    direction=st.sampled_from(["outperforming", "underperforming"]),
    start=DATES,
    end=DATES,
    length=st.integers(1, 99),
    period=DATES,
    milestone=MILESTONES,
    also=st.lists(MILESTONES, max_size=3).map(tuple),
    evidence=EVIDENCE,
    definition=TEXTS,
    trigger=st.builds(Trigger, st.just("closes"), *([st.integers(0, 2**63 - 1)] * 3)),
    late=st.booleans(),
    follows=TEXTS,
)


@given(ALERTS)
def test_alerts_round_trip(alert: Alert) -> None:
    assert decode_alert(encode_alert(alert)) == alert


AN_ALERT = samples.of("threshold")


@pytest.mark.parametrize(
    "change",
    [
        {"milestone": None},
        {"milestone": {"kind": "surprise", "level": 1, "scope": "", "holder": None}},
        {"milestone": {"kind": "threshold", "levels": 1}},
        {"also": [1]},
        {"evidence": "x"},
        {"evidence": {}},
        {"start": "2026-02-30"},
        {"start": 5},
        {"trigger": []},
        {"trigger": {"topic": "closes"}},
        {"surprise": 1},
    ],
)
def test_what_is_no_alert(change: dict[str, Any]) -> None:
    data = AN_ALERT.to_dict() | change
    with pytest.raises(RejectedError) as caught:
        decode_alert(json.dumps(data).encode())
    assert caught.value.reason is Reason.NOT_AN_ALERT


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
def test_the_numbers_of_an_alert_are_finite(number: str) -> None:
    value = re.sub(
        rb'"asset_return":[0-9.]+', f'"asset_return":{number}'.encode(), encode_alert(AN_ALERT)
    )
    with pytest.raises(RejectedError):
        decode_alert(value)


@pytest.mark.parametrize("length", ["16", 16.5, None, []])
def test_the_length_of_a_record_is_a_whole_number(length: object) -> None:
    """Messages and pictures reckon with it."""
    data = samples.of("record.tied").to_dict()
    data["milestone"]["holder"]["length"] = length
    with pytest.raises(RejectedError) as caught:
        decode_alert(json.dumps(data).encode())
    assert caught.value.reason is Reason.NOT_AN_ALERT


@pytest.mark.parametrize("due", ["", "tomorrow", "2026-01-23", "2026-02-30T21:30Z", 5, None, []])
def test_a_summary_says_when_it_was_due(due: object) -> None:
    data = samples.of("summary").to_dict()
    data["evidence"]["due"] = due
    with pytest.raises(RejectedError) as caught:
        decode_alert(json.dumps(data).encode())
    assert caught.value.reason is Reason.NOT_AN_ALERT


@pytest.mark.parametrize("field", [f.name for f in fields(Alert) if f.default is MISSING])
def test_an_alert_without_a_field(field: str) -> None:
    data = {k: v for k, v in AN_ALERT.to_dict().items() if k != field}
    with pytest.raises(RejectedError) as caught:
        decode_alert(json.dumps(data).encode())
    assert caught.value.reason is Reason.NOT_AN_ALERT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("id", 5), ("id", {}), ("id", None), ("watchlist", []), ("asset", 1), ("length", "10")),
        *(("length", 1.5), ("length", True), ("late", "yes"), ("definition", 0), ("follows", 0)),
    ],
)
def test_fields_of_an_alert_have_types(field: str, value: object) -> None:
    """What is not an alert must not reach a template, or the key of a dict."""
    data = AN_ALERT.to_dict() | {field: value}
    with pytest.raises(RejectedError) as caught:
        decode_alert(json.dumps(data).encode())
    assert caught.value.reason is Reason.NOT_AN_ALERT


def test_a_streak_as_json() -> None:
    streak = StreakNow("us", "RUT", "SPX", "2026-01-15", "outperforming", 10, "2026-01-02")
    assert json.loads(encode_streak(streak)) == {
        "watchlist": "us",
        "asset": "RUT",
        "benchmark": "SPX",
        "period": "2026-01-15",
        "direction": "outperforming",
        "length": 10,
        "start": "2026-01-02",
    }


def test_a_period_that_is_due_round_trips() -> None:
    for period, interval in ((20_475, "1d"), (29_484_870, "5m")):
        due = Due("us", period, interval, "9341a5d2e0f8405a", 1_769_115_600_000, 1_769_117_400_000)
        assert decode_watch(encode_due(due)) == due
    assert json.loads(encode_due(due)) == {
        "watchlist": "us",
        "due": "2026-01-22T14:30Z",
        "interval": "5m",
        "rule": "9341a5d2e0f8405a",
        "ended_ms": 1_769_115_600_000,
        "at_ms": 1_769_117_400_000,
    }


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("watchlist", "null", Reason.MISSING_FIELD),
        ("due", '"2026-02-30"', Reason.BAD_PERIOD),
        ("due", "5", Reason.WRONG_TYPE),
        ("interval", '"2m"', Reason.BAD_INTERVAL),
        ("rule", "null", Reason.MISSING_FIELD),
        ("rule", '"a\\n"', Reason.BAD_TEXT),
        ("ended_ms", "null", Reason.MISSING_FIELD),
        ("at_ms", "-1", Reason.WRONG_TYPE),
        ("at_ms", "1.5", Reason.WRONG_TYPE),
        ("at_ms", '"5"', Reason.WRONG_TYPE),
        ("at_ms", "10000000000000", Reason.WRONG_TYPE),
        ("at_ms", "9" * 5000, Reason.WRONG_TYPE),
    ],
)
def test_a_malformed_due_is_refused(field: str, text: str, reason: Reason) -> None:
    whole = json.loads(encode_due(Due("us", 20_475, "1d", "9341", 0, 1))) | {field: "HERE"}
    with pytest.raises(RejectedError) as caught:
        decode_watch(json.dumps(whole).replace('"HERE"', text).encode())
    assert caught.value.reason is reason


def test_a_wish_for_a_look_round_trips() -> None:
    look = Look("us", 1_769_117_400_000)
    assert decode_watch(encode_look(look)) == look
    fields = json.loads(encode_look(look))
    assert fields == {"watchlist": "us", "look": True, "at_ms": 1_769_117_400_000}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"watchlist": None}, Reason.MISSING_FIELD),
        ({"watchlist": 1}, Reason.WRONG_TYPE),
        ({"look": "yes"}, Reason.WRONG_TYPE),
        ({"look": False}, Reason.MISSING_FIELD),  # of a close
        ({"at_ms": None}, Reason.MISSING_FIELD),
        ({"at_ms": 1.5}, Reason.WRONG_TYPE),
        ({"at_ms": 10**15}, Reason.WRONG_TYPE),
        ({"at_ms": -1}, Reason.WRONG_TYPE),
    ],
)
def test_a_malformed_look_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    fields = json.loads(encode_look(Look("us", 1))) | changes
    with pytest.raises(RejectedError) as caught:
        decode_watch(json.dumps({k: v for k, v in fields.items() if v is not None}).encode())
    assert caught.value.reason is reason


def test_a_close_may_have_a_field_of_that_name() -> None:
    close = json.loads(encode_routed(Routed("us", RUT, 0, 1, 2))) | {"look": True}
    for indent in (None, 1):
        assert isinstance(decode_watch(json.dumps(close, indent=indent).encode()), Routed)
