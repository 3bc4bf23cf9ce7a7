"""Ticks by the thousand in one record: an Arrow IPC stream, read as columns.

What it says is not trusted: every buffer is validated before it is looked at, and bodies that are
compressed are refused, for a few bytes can claim any size.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from streams.core import instants, prices
from streams.core.grids import Numbers
from streams.core.instants import Flags
from streams.core.micros import of_numbers
from streams.fields import Reason, RejectedError, shown

if TYPE_CHECKING:
    import pyarrow as pa

CONTENT_TYPE = "application/vnd.apache.arrow.stream"
MARK = b"\xff\xff\xff\xff"
"""How an Arrow stream begins; no text in UTF-8 has these bytes."""
MAX_ROWS = 65_536

_COLUMNS = ("symbol", "time", "price")
_NANOS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_MOST_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a message: each symbol as a place in ``names``, -1 for none; instants in
    nanoseconds, prices in micro-units, and which of both can be used.
    """

    names: Sequence[str | None]
    symbols: Numbers
    instants: Numbers
    timely: Flags
    prices: Numbers
    priced: Flags


def read_table(value: bytes) -> Table:
    """The rows of an Arrow IPC stream with the columns symbol, time and price.

    ``symbol`` is text, dictionary-encoded or plain; ``time`` a timestamp with a zone; ``price``
    float64, a decimal of at most nine decimals, or int64 in micro-units. Others are not read.

    Raises:
        RejectedError: no such stream; nothing of it is used.
    """
    import pyarrow as pa

    try:
        return _joined([_table(batch) for batch in _batches(value)])
    except (pa.ArrowException, OSError, ValueError, KeyError, struct.error) as error:
        detail = f"not an Arrow stream that can be read: {shown(str(error))}"
        raise RejectedError(Reason.NOT_ARROW, detail) from None


def write_table(symbols: Sequence[str], times: Numbers, micros: Numbers) -> bytes:
    """The inverse of :func:`read_table`: instants in nanoseconds, prices in micro-units."""
    import pyarrow as pa

    columns = [
        pa.array(symbols, pa.string()).dictionary_encode(),
        pa.array(times, pa.timestamp("ns", "UTC")),
        pa.array(micros, pa.int64()),
    ]
    batch = pa.record_batch(columns, list(_COLUMNS))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _batches(value: bytes) -> list[pa.RecordBatch]:
    import pyarrow as pa

    _refuse_compressed(value)
    schema = pa.ipc.open_stream(value).schema
    wanted = [schema.get_field_index(name) for name in _COLUMNS]
    if -1 in wanted:
        missing = _COLUMNS[wanted.index(-1)]
        raise RejectedError(Reason.MISSING_FIELD, f"there is not one column {missing!r}")
    options = pa.ipc.IpcReadOptions(included_fields=sorted(wanted), use_threads=False)
    batches, rows = [], 0
    for batch in pa.ipc.open_stream(value, options=options):
        batch.validate(full=True)
        rows += batch.num_rows
        if rows > MAX_ROWS:
            detail = f"more than {MAX_ROWS:,} ticks in one message"
            raise RejectedError(Reason.TOO_LARGE, detail)
        batches.append(batch)
    return batches


def _refuse_compressed(value: bytes) -> None:
    import pyarrow as pa

    for message in pa.ipc.MessageReader.open_stream(value):
        data = bytes(message.metadata)
        header = _below(data, _below(data, 0, None), 2)
        if message.type == "dictionary":
            header = _below(data, header, 1)
        if message.type != "schema" and _field(data, header, 3):
            detail = "a compressed body; leave the compression to Kafka"
            raise RejectedError(Reason.NOT_ARROW, detail)


def _below(data: bytes, at: int, field: int | None) -> int:
    """Where the table lies that a field of a table in a flatbuffer names; the root without."""
    if field is not None:
        at += _field(data, at, field)
    return at + int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, field: int) -> int:
    """Where a field lies within its table; 0 where it is left out."""
    entries = table - int(struct.unpack_from("<i", data, table)[0])
    at = 4 + 2 * field
    if at >= int(struct.unpack_from("<H", data, entries)[0]):
        return 0
    return int(struct.unpack_from("<H", data, entries + at)[0])


def _table(batch: pa.RecordBatch) -> Table:
    names, symbols = _symbols(batch.column("symbol"))
    times, timely = _times(batch.column("time"))
    micros, priced = _prices(batch.column("price"))
    return Table(names, symbols, times, timely, micros, priced)


def _symbols(column: Any) -> tuple[list[str | None], Numbers]:
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        _expect(column, pa.types.is_string(column.type) or pa.types.is_large_string(column.type))
        column = column.dictionary_encode()
    values = column.dictionary
    _expect(column, pa.types.is_string(values.type) or pa.types.is_large_string(values.type))
    numbers = column.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return values.to_pylist(), numbers


def _times(column: Any) -> tuple[Numbers, Flags]:
    import pyarrow as pa

    _expect(column, pa.types.is_timestamp(column.type))
    if column.type.tz is None:
        raise RejectedError(Reason.BAD_TIME, "the column 'time' has no zone, such as UTC")
    nanos = _NANOS[column.type.unit]
    given = column.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    good = (given > 0) & (given < instants.END // nanos)
    return np.where(good, given, 0) * nanos, good


def _prices(column: Any) -> tuple[Numbers, Flags]:
    import pyarrow as pa

    there = ~column.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_float64(column.type):
        micros, good = of_numbers(column.fill_null(0.0).to_numpy(zero_copy_only=False))
    elif pa.types.is_int64(column.type):
        given = column.fill_null(0).to_numpy(zero_copy_only=False)
        micros, good = given, _within(given, prices.SCALE)
    else:
        is_decimal = pa.types.is_decimal128(column.type)
        _expect(column, is_decimal and 0 <= column.type.scale <= _MOST_DECIMALS)
        micros, good = _decimals(column)
    return micros, good & there


def _decimals(column: Any) -> tuple[Numbers, Flags]:
    """Decimals of 128 bits; those in bounds fit into 64."""
    data = np.frombuffer(column.buffers()[1], np.int64)[2 * column.offset :][: 2 * len(column)]
    low, high = data[::2], data[1::2]
    scale = column.type.scale
    good = (high == low >> 63) & _within(low, 10**scale)
    given = np.where(good, low, 0)
    if scale <= 6:
        return given * 10 ** (6 - scale), good
    micros, rest = np.divmod(given, 10 ** (scale - 6))
    return micros, good & (rest == 0)


def _within(given: Numbers, scale: int) -> Flags:
    most = prices.MAX_PRICE * scale
    return (given >= -most) & (given <= most)


def _expect(column: Any, fits: bool) -> None:
    if not fits:
        detail = f"a column of the type {shown(str(column.type))}, which cannot be read"
        raise RejectedError(Reason.WRONG_TYPE, detail)


def _joined(tables: Sequence[Table]) -> Table:
    """All batches as one; a dictionary may differ from batch to batch."""
    names: list[str | None] = []
    symbols = []
    for table in tables:
        symbols.append(np.where(table.symbols < 0, -1, table.symbols + len(names)))
        names += table.names
    nothing = np.zeros(0, np.int64)
    columns = {
        name: np.concatenate([nothing, *(getattr(table, name) for table in tables)])
        for name in ("instants", "prices")
    }
    flags = {
        name: np.concatenate([nothing.astype(np.bool_), *(getattr(t, name) for t in tables)])
        for name in ("timely", "priced")
    }
    return Table(names, np.concatenate([nothing, *symbols]), **columns, **flags)
