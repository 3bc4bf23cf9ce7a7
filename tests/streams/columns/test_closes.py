"""Closes in columns: a record reads the same alone and among others; rows of Arrow streams."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.batches import Records, Single, joined
from streams.columns.closes import INTERVALS
from streams.columns.reader import Reader
from streams.core import periods
from streams.fields import Reason, RejectedError
from streams.formats import arrow, plain_close
from streams.producing import stream
from streams.wire import Close, decode_close, encode_close

DOCS = Path(__file__).parents[3] / "docs"
SYMBOLS = ("A", "B", "US10Y")
SIGNED = frozenset({"US10Y"})


def lines(*values: bytes | None) -> Records:
    return Records([Single(at, 1000 + at, None, value) for at, value in enumerate(values)])


def read(*values: bytes | None) -> tuple[list[tuple[int, Close]], list[int]]:
    """Closes with their records, and the records that are odd."""
    reader = Reader(SYMBOLS, SIGNED)
    columns, odd = reader.read(lines(*values))
    closes = [reader.close(columns, at) for at in range(columns.size)]
    return list(zip(columns.record.tolist(), closes, strict=True)), [one.record for one in odd]


# --- JSON ---------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(b'{"symbol":"A","period":"2026-01-02","close":5}', b'{"symbol":"B"', b'"close":"7.5"'),
        *(b'"period":"2026-01-05"', b'"symbol":"A"', b'"interval":"1d"', b'"interval":"1h"'),
        *(b'"source":"close"', b'"sent_at":null', b'"provisional":true', b'"x":[{"a":1}', b"{}]"),
        *(b"{", b"}", b"[", b"]", b",", b":", b"\n", b" ", b'"', b"\\", b"\\u0041", b"\xff", b"1"),
        *(b'"x":"\xff"', b'"x":1,"x":2', b'"x" :1', b'"x":{"y":1,"y":2}', b'"x":": "'),
        *(b'"close" :2', b'"close":1', b'"close":-0.25', b'"symbol":"US10Y"', b"}{", b"}\n{"),
        *(b'"period":"2026-02-30"', b'"close":0.30000000000000004', b'"close":1e400', b"null"),
    ]
)
RUBBISH = st.lists(PIECES, max_size=7).map(b",".join) | st.lists(PIECES, max_size=7).map(b"".join)


def whole(close: Any) -> bytes:
    return json.dumps(close).encode()


OBJECTS = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from([*SYMBOLS, "Z", ""]),
        "period": st.sampled_from(["2026-01-02", "2026-01-05T14:30Z", "2026-02-30", "x"]),
        "close": st.sampled_from([5, 5.25, "5.25", "5.", ".5", "1.2.3", "5,5", "", "0.1234567", -1,
                                  "-1", 0, "1e3", "007", 10**9, 10**9 + 1, True, None, "٣"]),
    },
    optional={
        "interval": st.sampled_from(["1d", "1h", "2h", "", None, 5]),
        "provisional": st.sampled_from([True, False, None, "true"]),
        "source": st.sampled_from(["", "vendor", "symbol", None, "\n", "x" * 201]),
        "sent_at": st.sampled_from(["", "now", None, "\x00"]),
        "due": st.sampled_from(["2026-01-02", None]),
        "venue": st.sampled_from(["close", ["a"], {"symbol": "B"}]),
    },
).map(whole)  # fmt: skip
ENCODED = st.sampled_from([encode_close(Close("A", 20_000, 7_500_000, source="s")), None, b""])


@given(st.lists(OBJECTS | ENCODED | RUBBISH, max_size=12))
@example([b'{"symbol":"A","period":"2026-01-02","close":5,"x":[{"a":1}', b'{"b":2}]}',
          b'{"symbol":"B","period":"2026-01-02","close":6}\n'
          b'{"symbol":"B","period":"2026-01-02","close":7}'])  # fmt: skip
def test_a_record_reads_the_same_alone_and_among_others(values: list[bytes | None]) -> None:
    together, odd = read(*values)
    assert [at for at, _ in together] == sorted(at for at, _ in together)
    alone = [(at, *read(value)) for at, value in enumerate(values)]
    assert together == [(at, closes[0][1]) for at, closes, _ in alone if closes]
    assert sorted(odd) == [at for at, _, left in alone if left]


@given(OBJECTS | ENCODED | RUBBISH)
def test_columns_have_what_a_close_decodes_to(value: bytes | None) -> None:
    closes, _ = read(value)
    for _, close in closes:
        one = decode_close(value, SIGNED)
        assert close == Close(one.symbol, one.period, one.price, one.interval, one.source,
                              provisional=one.provisional)  # fmt: skip


UNREAD = {
    "a field twice": (b'"x":1,"x":2', Reason.NOT_JSON),
    "a field within another twice": (b'"x":{"y":1,"y":2}', Reason.NOT_JSON),
    "no text": (b'"x":"\xff"', Reason.NOT_UTF8),
}


@pytest.mark.parametrize(("more", "reason"), UNREAD.values(), ids=UNREAD)
def test_what_is_not_read_is_looked_at_too(more: bytes, reason: Reason) -> None:
    good = b'{"symbol":"A","period":"2026-01-02","close":5}'
    bad = good.replace(b"{", b"{" + more + b",")
    closes, odd = read(*[good] * 50, bad, *[good] * 50)
    assert (len(closes), odd) == (100, [50])
    with pytest.raises(RejectedError) as caught:
        decode_close(bad)
    assert caught.value.reason == reason


def test_one_bad_record_costs_its_block_only() -> None:
    good = [b'{"symbol":"A","period":"2026-01-02","close":%d}' % at for at in range(1, 1001)]
    closes, odd = read(*good[:500], b'{"symbol":', *good[500:])
    assert len(closes) == 1000
    assert odd == [500]


def test_a_part_of_a_buffer() -> None:
    values = joined([b"x", *[b'{"symbol":"A","period":"2026-01-02","close":5}'] * 2, b"y"])
    part = type(values)(values.buffer, values.starts[1:3], values.ends[1:3])
    found = plain_close.CLOSES.read_all(part)
    assert found is not None
    assert found.column("symbol") == ["A", "A"]
    assert found.column("source") is None


def test_nothing_is_nothing() -> None:
    columns, odd = Reader(SYMBOLS).read(Records([]))
    assert (columns.size, odd) == (0, [])


# --- Arrow --------------------------------------------------------------------------------------


def rows(value: bytes) -> tuple[list[Close], list[tuple[int, Reason | None]]]:
    reader = Reader(SYMBOLS, SIGNED)
    record = Single(0, 1000, None, value, arrow.HEADERS)
    columns, odd = reader.read(Records([record]))
    closes = [reader.close(columns, at) for at in range(columns.size)]
    return closes, [(one.row, one.error and one.error.reason) for one in odd]


def table(**columns: Any) -> bytes:
    good = {
        "symbol": pa.array(["A", "B"]),
        "period": pa.array([date(2026, 1, 2), date(2026, 1, 5)]),
        "close": pa.array([5.25, 6.0]),
    }
    metadata = columns.pop("metadata", None)
    return arrow.write({n: c for n, c in (good | columns).items() if c is not None}, metadata)


CLOSES = [Close("A", periods.from_text("2026-01-02"), 5_250_000),
          Close("B", periods.from_text("2026-01-05"), 6_000_000)]  # fmt: skip


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"symbol": pa.array(["A", "B"]).dictionary_encode()},
        {"symbol": pa.array(["A", "B"], pa.large_string())},
        {"close": pa.array(["5.25", "6"]).cast(pa.decimal128(20, 2))},
        {"close": None, "price": pa.array([5.25, 6.0], pa.float32())},
        {"close": None, "micros": pa.array([5_250_000, 6_000_000])},
        {"venue": pa.array([1, 2]), "source": pa.array([None, ""])},
    ],
)
def test_the_forms_of_a_stream(columns: dict[str, Any]) -> None:
    assert rows(table(**columns)) == (CLOSES, [])


def test_intervals_are_in_the_metadata() -> None:
    times = [datetime(2026, 1, 2, 14, 30, tzinfo=UTC), datetime(2026, 1, 2, 14, 30, 1, tzinfo=UTC)]
    for unit in ("s", "ms", "us", "ns"):
        value = table(
            period=pa.array(times, pa.timestamp(unit, "UTC")), metadata={"interval": "5m"}
        )
        closes, odd = rows(value)
        assert [(c.symbol, periods.to_text(c.period, "5m"), c.interval) for c in closes] == [
            ("A", "2026-01-02T14:30Z", "5m")
        ]
        assert odd == [(1, Reason.BAD_PERIOD)]


def test_rows_are_refused_one_by_one() -> None:
    value = table(
        symbol=pa.array(["A", None, "Z", "A", "US10Y", "A\n", "A", "A"]),
        period=pa.array([date(2026, 1, 2)] * 6 + [None, date(1700, 1, 1)]),
        close=pa.array([0.1234567, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0]),
    )
    closes, odd = rows(value)
    assert [(c.symbol, c.price) for c in closes] == [("US10Y", -1_000_000)]
    assert odd == [
        (0, Reason.BAD_PRICE),
        (1, Reason.MISSING_FIELD),
        (2, None),  # a close of a symbol that is not ours
        (3, Reason.BAD_PRICE),
        (5, Reason.BAD_SYMBOL),
        (6, Reason.MISSING_FIELD),
        (7, Reason.BAD_PERIOD),
    ]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"symbol": None}, Reason.MISSING_FIELD),
        ({"period": None}, Reason.MISSING_FIELD),
        ({"close": None}, Reason.MISSING_FIELD),
        ({"symbol": pa.array([1, 2])}, Reason.WRONG_TYPE),
        ({"period": pa.array(["2026-01-02"] * 2)}, Reason.WRONG_TYPE),
        ({"period": pa.array([1, 2], pa.timestamp("s"))}, Reason.WRONG_TYPE),
        ({"close": pa.array(["1", "2"])}, Reason.WRONG_TYPE),
        ({"close": None, "micros": pa.array([1.0, 2.0])}, Reason.WRONG_TYPE),
        ({"provisional": pa.array([1, 0])}, Reason.WRONG_TYPE),
        ({"source": pa.array([1, 0])}, Reason.WRONG_TYPE),
        ({"metadata": {"interval": "2h"}}, Reason.BAD_INTERVAL),
    ],
)
def test_streams_that_are_refused(columns: dict[str, Any], reason: Reason) -> None:
    assert rows(table(**columns)) == ([], [(-1, reason)])


def test_a_compressed_stream_is_refused() -> None:
    batch = pa.record_batch({"symbol": pa.array(["A"] * 1000).dictionary_encode()})
    for compression in ("lz4", "zstd"):
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
            writer.write_batch(batch)
        with pytest.raises(RejectedError, match="compressed"):
            arrow.read(sink.getvalue().to_pybytes(), "period")


def test_a_stream_of_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "MAX_ROWS", 1)
    with pytest.raises(RejectedError, match="more than 1 rows"):
        arrow.read(table(), "period")


def test_several_batches_with_dictionaries_of_their_own() -> None:
    sink = pa.BufferOutputStream()
    parts = [
        pa.record_batch(
            {
                "symbol": pa.array([symbol]).dictionary_encode(),
                "period": pa.array([date(2026, 1, 2)]),
                "close": pa.array([5.25]),
            }
        )
        for symbol in ("A", "B")
    ]
    with pa.ipc.new_stream(sink, parts[0].schema) as writer:
        for part in parts:
            writer.write_batch(part)
    closes, odd = rows(sink.getvalue().to_pybytes())
    assert ([close.symbol for close in closes], odd) == (["A", "B"], [])


@given(st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), min_size=1, max_size=4),
       st.integers(0, 10**4))  # fmt: skip
def test_damaged_streams_are_refused_or_read(damage: list[tuple[int, int]], cut: int) -> None:
    value = bytearray(table(symbol=pa.array(["A", "B"]).dictionary_encode()))
    for at, byte in damage:
        value[at % len(value)] = byte
    rows(bytes(value[: len(value) - cut % len(value) if cut % 3 == 0 else None]))


def test_a_stream_is_told_by_its_first_bytes_too() -> None:
    plain = b'{"symbol":"A","period":"2026-01-02","close":5}'
    columns, odd = Reader(SYMBOLS).read(lines(plain, table(), b"\xff\xff\xff\xff", plain))
    assert columns.record.tolist() == [0, 1, 1, 3]
    assert [(one.record, one.error and one.error.reason) for one in odd] == [(2, Reason.NOT_ARROW)]


def test_what_says_that_it_is_a_stream_is_read_as_one() -> None:
    records = [Single(0, 0, None, value, arrow.HEADERS) for value in (b"x", b"", None, table())]
    columns, odd = Reader(SYMBOLS).read(Records(records))
    assert columns.record.tolist() == [3, 3]
    assert [one.error and one.error.reason for one in odd] == [Reason.NOT_ARROW] * 3


def test_decimals_are_refused_row_by_row() -> None:
    value = table(close=pa.array(["1.1234567", "2"]).cast(pa.decimal128(20, 7)))
    closes, odd = rows(value)
    assert ([close.symbol for close in closes], odd) == (["B"], [(0, Reason.BAD_PRICE)])


@pytest.mark.parametrize(
    "period",
    [
        pa.array([2**31 - 1, -(2**31)], pa.date32()),
        pa.array([2**62, -(2**62)], pa.timestamp("s", "UTC")),
        pa.array([1, 2], pa.timestamp("s", "Nowhere/X")),
    ],
)
def test_times_that_nobody_can_show_are_refused(period: Any) -> None:
    closes, odd = rows(table(period=period))
    assert (closes, odd) == ([], [(0, Reason.BAD_PERIOD), (1, Reason.BAD_PERIOD)])


def test_a_column_given_twice_is_refused() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(["A"])] * 2, ["symbol", "symbol"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(RejectedError, match="'symbol' is there twice"):
        arrow.read(sink.getvalue().to_pybytes(), "period")


def test_a_dictionary_that_comes_with_each_of_many_batches_is_refused() -> None:
    symbols = pa.array([str(at) for at in range(100_000)])
    batch = pa.record_batch({
        "symbol": pa.DictionaryArray.from_arrays(pa.array([7], pa.int32()), symbols),
        "period": pa.array([date(2026, 1, 2)]), "close": pa.array([5.25]),
    })  # fmt: skip
    for count, fits in ((3, True), (300, False)):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            for _ in range(count):
                writer.write_batch(batch)
        value = sink.getvalue().to_pybytes()
        if fits:
            assert arrow.read(value, "period").symbols == ["7"] * count
        else:
            with pytest.raises(RejectedError, match="bytes in the batches"):
                arrow.read(value, "period")


def test_a_stream_of_nothing_has_no_rows() -> None:
    for form in ({}, {"close": pa.array([], pa.decimal128(9, 2))}):
        nothing = {"symbol": pa.array([], pa.string()), "period": pa.array([], pa.date32()),
                   "close": pa.array([], pa.float64())}  # fmt: skip
        assert rows(arrow.write(nothing | form)) == ([], [])


MANY = st.lists(
    st.builds(
        Close,
        st.sampled_from(SYMBOLS[:2]),
        st.integers(*(n + d for n, d in zip(periods.bounds("1d"), (0, -1), strict=True))),
        st.integers(1, 10**15),
        source=st.sampled_from(["", "vendor"]),
        provisional=st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


@given(MANY)
def test_closes_round_trip_through_a_stream(closes: list[Close]) -> None:
    assert rows(stream(closes)) == (closes, [])


def test_a_stream_has_one_interval() -> None:
    with pytest.raises(ValueError, match="one interval"):
        stream([Close("A", 1, 1), Close("A", 1, 1, "1h")])
    assert len(INTERVALS) == len(set(INTERVALS))


def test_the_stream_of_the_documents() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "closes.md").read_text(), re.S)
    (code,) = [block for block in blocks if "pyarrow" in block]
    names: dict[str, Any] = {}
    exec(code, names)
    reader = Reader(["RUT", "SPX"])
    record = Single(0, 0, None, names["value"], names["HEADERS"])
    columns, odd = reader.read(Records([record]))
    found = [reader.close(columns, at) for at in range(2)]
    assert [(one.symbol, one.price) for one in found] == [
        ("RUT", 2_718_770_000),
        ("SPX", 6_913_350_000),
    ]
    assert odd == []
    assert np.array_equal(columns.offset, [0, 0])
