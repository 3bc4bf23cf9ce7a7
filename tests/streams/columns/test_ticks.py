"""Ticks are read alike alone and among others, and what is none costs itself alone."""

from __future__ import annotations

import json
import struct
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.batches import Records, Single
from streams.columns.ticks import Ticks, decode_ticks, encode_due, encode_tick, encode_ticks
from streams.core.bars import DUE
from streams.core.prices import MAX_PRICE
from streams.core.rings import TickColumns
from streams.fields import Reason
from streams.formats import arrow

NUMBERS = {"RUT": 0, "SPX": 1, "US10Y": 2}
SIGNED = frozenset({2})
AT = 1_769_115_599_812_000_000
GOOD: dict[str, tuple[dict[str, Any], tuple[int, int, int]]] = {
    "text": ({}, (0, AT, 2_718_770_000)),
    "digits": ({"price": "2718.77"}, (0, AT, 2_718_770_000)),
    "an exponent": ({"price": 2.5e3}, (0, AT, 2_500_000_000)),
    "a whole number": ({"price": 1000000000}, (0, AT, 10**15)),
    "many digits": ({"price": "0002718.77000000"}, (0, AT, 2_718_770_000)),
    "offset": ({"time": "2026-01-22T15:59:59.812-05:00"}, (0, AT, 2_718_770_000)),
    "milliseconds": ({"time": ..., "time_ms": AT // 10**6}, (0, AT, 2_718_770_000)),
    "microseconds": ({"time": ..., "time_us": AT // 10**3}, (0, AT, 2_718_770_000)),
    "nanoseconds": ({"time": None, "time_ns": AT + 1}, (0, AT + 1, 2_718_770_000)),
    "source": ({"source": "a feed", "venue": {"x": [1]}}, (0, AT, 2_718_770_000)),
    "braces in a text": ({"source": '{"price": [1]}'}, (0, AT, 2_718_770_000)),
    "another script": ({"source": "取引所"}, (0, AT, 2_718_770_000)),
    "a number": ({"symbol": "US10Y", "price": -0.25}, (2, AT, -250_000)),
    "zero": ({"symbol": "US10Y", "price": "0"}, (2, AT, 0)),
}
BAD: dict[str, tuple[Any, Reason]] = {
    "nothing": (b"", Reason.EMPTY),
    "rubbish": (b"rubbish", Reason.NOT_JSON),
    "two": (b'{"symbol":"RUT"}{"symbol":"RUT"}', Reason.NOT_JSON),
    "no text": (b'{"symbol":"RUT","price":1,"time":"\xff"}', Reason.NOT_UTF8),
    "no text in what is not read": (
        b'{"symbol":"RUT","price":1,"time":"2026-01-22T20:59:59Z","x":"\xff"}', Reason.NOT_UTF8),
    "a field twice": (
        b'{"symbol":"RUT","price":1,"price":2,"time":"2026-01-22T20:59:59Z"}', Reason.NOT_JSON),
    "a field that is not read twice": (
        b'{"symbol":"RUT","price":1,"x":1,"time":"2026-01-22T20:59:59Z","x":2}', Reason.NOT_JSON),
    "a field twice, once in disguise": (
        b'{"symbol":"RUT","price":1,"\\u0070rice":2,"time":"2026-01-22T20:59:59Z"}',
        Reason.NOT_JSON),
    "a list": (b"[1]", Reason.NOT_AN_OBJECT),
    "deep": (b'{"a":' * 9000 + b"1" + b"}" * 9000, Reason.TOO_DEEP),
    "large": (b'{"symbol":"RUT","price":1,"x":"' + b"x" * 65_536 + b'"}', Reason.TOO_LARGE),
    "infinite": (b'{"symbol":"RUT","price":NaN}', Reason.NOT_JSON),
    "no symbol": ({"symbol": ...}, Reason.MISSING_FIELD),
    "a symbol that is a number": ({"symbol": 7}, Reason.WRONG_TYPE),
    "no time": ({"time": ...}, Reason.MISSING_FIELD),
    "a time of null": ({"time": None}, Reason.MISSING_FIELD),
    "no zone": ({"time": "2026-01-22T20:59:59.812"}, Reason.BAD_TIME),
    "a day that there is not": ({"time": "2026-02-30T20:59:59Z"}, Reason.BAD_TIME),
    "a time that is a number": ({"time": 5}, Reason.WRONG_TYPE),
    "two times": ({"time_ms": 5}, Reason.BAD_TIME),
    "a part of a millisecond": ({"time": ..., "time_ms": 5.5}, Reason.WRONG_TYPE),
    "milliseconds in a text": ({"time": ..., "time_ms": "5"}, Reason.WRONG_TYPE),
    "the year 2200": ({"time": ..., "time_ms": 7_258_118_400_000}, Reason.BAD_TIME),
    "below zero": ({"time": ..., "time_ns": -1}, Reason.BAD_TIME),
    "a huge time": ({"time": ..., "time_ns": 10**60}, Reason.BAD_TIME),
    "no price": ({"price": ...}, Reason.MISSING_FIELD),
    "a price of true": ({"price": True}, Reason.WRONG_TYPE),
    "a price of nothing": ({"price": ""}, Reason.BAD_PRICE),
    "zero for a price": ({"price": 0}, Reason.BAD_PRICE),
    "a negative price": ({"price": "-1"}, Reason.BAD_PRICE),
    "seven decimals": ({"price": 1.1234567}, Reason.BAD_PRICE),
    "seven decimals in a text": ({"price": "1.1234567"}, Reason.BAD_PRICE),
    "too high": ({"price": 1000000000.000001}, Reason.BAD_PRICE),
    "beyond all numbers": (
        b'{"symbol":"RUT","price":1e999,"time":"2026-01-22T20:59:59Z"}', Reason.BAD_PRICE),
    "a due time without a zone": (b'{"due":"2026-01-22T20:59:59"}', Reason.BAD_TIME),
    "a due time that is none": (b'{"due":7}', Reason.WRONG_TYPE),
}  # fmt: skip
PASSED_OVER = [{"symbol": "OTHER"}, {"symbol": "OTHER", "price": 0, "time": ...}, {"symbol": ""}]


def value(change: Any) -> bytes:
    if isinstance(change, bytes):
        return change
    fields = {"symbol": "RUT", "time": "2026-01-22T20:59:59.812Z", "price": 2718.77} | change
    kept = {name: one for name, one in fields.items() if one is not ...}
    return json.dumps(kept, ensure_ascii=False).encode()


def read(*values: bytes | None) -> Ticks:
    records = [Single(at, 0, None, one) for at, one in enumerate(values)]
    return decode_ticks(Records(records), NUMBERS, SIGNED)


def rows(ticks: Ticks) -> list[tuple[int, ...]]:
    columns = (ticks.at, ticks.symbols, ticks.instants, ticks.prices)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def refused(ticks: Ticks) -> list[tuple[int, Reason, str]]:
    return sorted((one.at, one.error.reason, one.error.detail) for one in ticks.rejects)


@pytest.mark.parametrize(("change", "expected"), GOOD.values(), ids=GOOD)
def test_a_good_tick(change: Any, expected: tuple[int, ...]) -> None:
    ticks = read(value(change))
    assert rows(ticks) == [(0, *expected)]
    assert not ticks.rejects


@pytest.mark.parametrize(("change", "reason"), BAD.values(), ids=BAD)
def test_a_bad_tick(change: Any, reason: Reason) -> None:
    ticks = read(value(change))
    assert not rows(ticks)
    assert [one.error.reason for one in ticks.rejects] == [reason]


@pytest.mark.parametrize("change", PASSED_OVER)
def test_what_nobody_watches_is_passed_over(change: Any) -> None:
    ticks = read(value(change))
    assert (rows(ticks), list(ticks.rejects), ticks.unwatched) == ([], [], 1)


def test_what_is_due() -> None:
    ticks = read(encode_due(AT), value({}), encode_due(AT + 1))
    assert [(row[1], row[2]) for row in rows(ticks)] == [(DUE, AT), (0, AT), (DUE, AT + 1)]


def test_what_is_written_is_read() -> None:
    assert rows(read(encode_tick("SPX", AT + 5, 1_234_567))) == [(0, 1, AT + 5, 1_234_567)]


VALUES = [value(change) for change, _ in [*GOOD.values(), *BAD.values()]]
VALUES += [value(change) for change in PASSED_OVER]
VALUES += [encode_due(AT), b'{"symbol":\n"RUT",\n"price":1,"time":"2026-01-22T20:59:59Z"}', b"{}"]
VALUES += [value({}) + b"\n" + value({}), b"\n", b" " + value({}), b'{"symbol":"RUT"', b"}"]
UNUSUAL = ("source", "braces in a text")
"""Good ticks that are read one by one."""


@given(st.lists(st.sampled_from([*VALUES, *[value({})] * 200]), min_size=1, max_size=150))
def test_each_record_is_read_among_others_as_it_is_alone(values: list[bytes]) -> None:
    together = read(*values)
    alone = [read(one) for one in values]
    assert rows(together) == [(at, *row[1:]) for at, one in enumerate(alone) for row in rows(one)]
    assert refused(together) == [
        (at, reason, detail)
        for at, one in enumerate(alone)
        for _, reason, detail in sorted(refused(one))
    ]
    assert together.unwatched == sum(one.unwatched for one in alone)


def test_many_are_read_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    from streams.columns import ticks_json

    monkeypatch.setattr(ticks_json, "_read_one", None)
    good = [value(c) for n, (c, _) in GOOD.items() if n not in UNUSUAL]
    good += [value({"symbol": "OTHER"})]
    many = good * 50
    ticks = read(*many)
    assert len(rows(ticks)) == len(many) - 50
    assert ticks.unwatched == 50


def test_one_bad_record_costs_few_others_their_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    from streams.columns import ticks_json

    calls = []
    slow = ticks_json._read_one
    monkeypatch.setattr(ticks_json, "_read_one", lambda *a: calls.append(a[0]) or slow(*a))
    ticks = read(*[value({})] * 1000, b"rubbish", *[value({})] * 1000)
    assert len(rows(ticks)) == 2000
    assert calls == [1000]


# --- Arrow --------------------------------------------------------------------------------------

ZONED = pa.timestamp("ms", "America/New_York")


def message(schema: Any = None, options: Any = None, **columns: Any) -> bytes:
    names = {
        "symbol": pa.array(["RUT", "SPX", "RUT"]).dictionary_encode(),
        "time": pa.array([AT // 10**6, AT // 10**6 + 1, AT // 10**6], ZONED),
        "price": pa.array([2718.77, 6913.35, 2718.78]),
    } | columns
    batch = pa.record_batch({n: c for n, c in names.items() if c is not None})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
        writer.write_batch(batch.slice(0, 0))
    return bytes(sink.getvalue())


ROWS = [(0, 0, AT, 2_718_770_000), (0, 1, AT + 10**6, 6_913_350_000), (0, 0, AT, 2_718_780_000)]


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"symbol": pa.array(["RUT", "SPX", "RUT"])},
        {"symbol": pa.array(["RUT", "SPX", "RUT"], pa.large_string())},
        {"price": None, "micros": pa.array([2_718_770_000, 6_913_350_000, 2_718_780_000])},
        {"price": pa.array([2718.77, 6913.35, 2718.78]).cast(pa.decimal128(12, 2))},
        {"price": pa.array([2718.77, 6913.35, 2718.78]).cast(pa.decimal128(20, 9))},
        {"time": pa.array([AT, AT + 10**6, AT], pa.timestamp("ns", "UTC"))},
        {"more": pa.array([[1], None, []])},
    ],
)
def test_an_arrow_message(columns: Any) -> None:
    ticks = read(message(**columns))
    assert rows(ticks) == ROWS
    assert ticks.rows.tolist() == [0, 1, 2]


def test_a_header_makes_a_message_of_arrow_too() -> None:
    values = [message(), b"x", b"", None]
    records = [Single(at, 0, None, one, arrow.HEADERS) for at, one in enumerate(values)]
    ticks = decode_ticks(Records(records), NUMBERS, SIGNED)
    assert rows(ticks) == ROWS
    assert [(one.at, one.error.reason) for one in ticks.rejects] == [
        (at, Reason.NOT_ARROW) for at in (1, 2, 3)
    ]


def test_a_batch_of_messages_alone() -> None:
    assert [row[0] for row in rows(read(message(), message()))] == [0, 0, 0, 1, 1, 1]


def test_arrow_and_json_in_one_batch() -> None:
    ticks = read(value({}), message(), b"rubbish", message(), value({}))
    assert [row[0] for row in rows(ticks)] == [0, 1, 1, 1, 3, 3, 3, 4]
    assert [one.at for one in ticks.rejects] == [2]


def test_a_bad_row_costs_itself() -> None:
    columns = {
        "symbol": pa.array(["RUT", "RUT", None, "OTHER", "US10Y", "RUT"]),
        "time": pa.array([AT, None, AT, None, AT, AT], pa.timestamp("ns", "UTC")),
        "price": pa.array([1.5, 1.5, 1.5, None, -1.5, -1.5]),
    }
    ticks = read(message(**columns))
    assert rows(ticks) == [(0, 0, AT, 1_500_000), (0, 2, AT, -1_500_000)]
    assert [(one.row, one.error.reason) for one in ticks.rejects] == [
        (1, Reason.MISSING_FIELD),
        (5, Reason.BAD_PRICE),
    ]
    assert ticks.unwatched == 2


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ("price", pa.array([1.1234567, float("nan"), float("inf")])),
        ("micros", pa.array([0, -1, 10**15 + 1])),
        ("micros", pa.array([-(2**63), 2**63 - 1, 0], pa.int64())),
        ("price", pa.array([Decimal("1.1234567"), Decimal(0), 10**24], pa.decimal128(38, 7))),
        ("price", pa.array([10**36, 2**100, -(2**100)], pa.decimal128(38, 0))),
        (
            "price",
            pa.array([Decimal("1e-38"), Decimal("-0.1"), Decimal("0")], pa.decimal128(38, 38)),
        ),
    ],
)
def test_prices_of_arrow_that_are_none(column: str, bad: Any) -> None:
    found = read(message(**{"price": None, column: bad}))
    assert rows(found) == []
    assert {reject.error.reason for reject in found.rejects} == {Reason.BAD_PRICE}
    assert sum(reject.count for reject in found.rejects) == 3


@given(st.lists(st.decimals(-(10**10), 10**10, places=9), min_size=1), st.integers(9, 19))
def test_decimals_of_any_scale_are_read_exactly(numbers: list[Decimal], scale: int) -> None:
    columns = {
        "symbol": pa.array(["US10Y"] * len(numbers)),
        "time": pa.array([AT] * len(numbers), pa.timestamp("ns", "UTC")),
        "price": pa.array(numbers, pa.decimal128(38, scale)),
    }
    table = arrow.read(message(**columns), "time")
    for row, number in enumerate(numbers):
        micros = number * 10**6
        fits = micros == int(micros) and abs(number) <= MAX_PRICE
        assert (row in table.refused) == (not fits)
        assert not fits or table.price[row] == micros


LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")
BROKEN = {
    "no zone": (message(time=pa.array([1, 2, 3], pa.timestamp("ms"))), Reason.WRONG_TYPE),
    "no column": (message(price=None), Reason.MISSING_FIELD),
    "texts for prices": (message(price=pa.array(["1", "2", "3"])), Reason.WRONG_TYPE),
    "numbers for symbols": (message(symbol=pa.array([1, 2, 3])), Reason.WRONG_TYPE),
    "days": (message(time=pa.array([1, 2, 3], pa.date32())), Reason.WRONG_TYPE),
    "whole prices": (message(price=pa.array([1, 2, 3])), Reason.WRONG_TYPE),
    "a negative scale": (
        message(price=pa.nulls(3, pa.decimal128(9, -2))), Reason.WRONG_TYPE),
    "compressed": (message(options=LZ4), Reason.NOT_ARROW),
    "cut short": (message()[:-200], Reason.NOT_ARROW),
    "only its beginning": (b"\xff\xff\xff\xff", Reason.NOT_ARROW),
    "no stream": (b"\xff\xff\xff\xff" + bytes(400), Reason.NOT_ARROW),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_message_that_cannot_be_read(data: bytes, reason: Reason) -> None:
    ticks = read(value({}), data)
    assert [row[0] for row in rows(ticks)] == [0]
    assert [(one.at, one.row, one.error.reason) for one in ticks.rejects] == [(1, -1, reason)]


def test_too_many_ticks_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "MAX_ROWS", 2)
    assert [one.error.reason for one in read(message()).rejects] == [Reason.TOO_LARGE]


@given(st.data())
def test_damage_of_any_kind_is_refused_or_read(data: st.DataObject) -> None:
    whole = bytearray(message())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    ticks = read(bytes(whole))
    assert all(row[2] > 0 and 0 < row[3] <= 10**15 for row in rows(ticks))


def test_an_index_beyond_the_dictionary_is_refused() -> None:
    symbols = pa.DictionaryArray.from_arrays(pa.array([0, 9, 0], pa.int32()), ["RUT"], safe=False)
    assert [one.error.reason for one in read(message(symbol=symbols)).rejects] == [Reason.NOT_ARROW]


def test_what_is_written_as_arrow_is_read() -> None:
    columns = (np.array([0, 1]), np.array([AT, AT + 1]), np.array([5, 6]))
    data = encode_ticks(["RUT", "SPX"], TickColumns(*columns))
    assert rows(read(data)) == [(0, 0, AT, 5), (0, 1, AT + 1, 6)]
    assert struct.unpack_from("<I", data) == (0xFFFFFFFF,)
