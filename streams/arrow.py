"""Arrow IPC streams: thousands of closes in one message, told apart by a header.

Whatever cannot be read is refused with a reason for the dead letters: a whole message, or a row of
it. Compressed bodies are not read: Kafka compresses, and what a small message would grow to is not
known before it has.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streams.core.prices import MAX_PRICE, SCALE, from_floats
from streams.fields import Reason, RejectedError
from streams.records import Headers, Record

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CONTENT_TYPE = "application/vnd.apache.arrow.stream"
HEADERS: Headers = (("content-type", CONTENT_TYPE.encode()),)
MAX_ROWS = 100_000

_MARK = b"\xff\xff\xff\xff"
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def is_arrow(record: Record) -> bool:
    """Whether a record says that it is an Arrow IPC stream."""
    return any(header in HEADERS for header in record.headers)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a message.

    Columns have shape (rows,). ``symbols`` are the distinct ones, and ``symbol`` their places
    among them; ``time`` is in days (``unit`` "day"), in nanoseconds since 1970 ("ns"), or a whole
    number as it came (""); ``price`` is in micro-units. A row that cannot be used is in
    ``refused``, with why, and its values mean nothing. ``raw`` is the table as it came.
    """

    symbols: Sequence[str]
    symbol: Column
    time: Column
    unit: str
    price: Column
    interval: str
    refused: dict[int, RejectedError]
    raw: Any

    def __len__(self) -> int:
        return len(self.symbol)

    def flags(self, name: str) -> Mask:
        """A column of true and false; false where it is missing, or null.

        Raises:
            RejectedError: it is something else.
        """
        if name not in self.raw.column_names:
            return np.zeros(len(self), np.bool_)
        column = self.raw.column(name)
        if not pa.types.is_boolean(column.type):
            raise RejectedError(Reason.WRONG_TYPE, f"{name} is {column.type}, not true or false")
        found: Mask = column.fill_null(False).to_numpy(zero_copy_only=False)
        return found.astype(np.bool_)

    def numbers(self, name: str) -> Column | None:
        """A column of whole numbers; None where it is missing, or something else."""
        if name not in self.raw.column_names or not pa.types.is_int64(
            self.raw.schema.field(name).type
        ):
            return None
        return _numbers(self.raw.column(name))

    def texts(self, name: str) -> tuple[list[str | None], Column] | None:
        """The distinct texts of a column and their places (-1 for none); None where it is missing.

        Raises:
            RejectedError: it is something else.
        """
        if name not in self.raw.column_names:
            return None
        return _texts(self.raw.column(name), name)

    def row(self, row: int) -> bytes:
        """A row as JSON, as it came."""
        values = self.raw.slice(row, 1).to_pylist()[0]
        return json.dumps(values, default=str, ensure_ascii=False).encode("utf-8", "replace")


def read(value: bytes, time: str) -> Table:
    """The rows of a message with the columns ``symbol``, ``time`` and a price.

    ``symbol`` holds strings, dictionary-encoded or not. The column named by ``time`` has dates
    (date32), times (timestamp, with a time zone), or whole numbers. The price is ``close`` or
    ``price``, of float64 or decimal128, or ``micros``, of int64 in millionths.

    Args:
        value: an Arrow IPC stream.
        time: the name of the column of times.

    Raises:
        RejectedError: it is no such message.
    """
    table = _table(value)
    given = table.column_names
    wanted = next((name for name in ("close", "price", "micros") if name in given), None)
    missing = [name for name in ("symbol", time) if name not in given]
    if missing or wanted is None:
        what = missing[0] if missing else "close"
        raise RejectedError(Reason.MISSING_FIELD, f"the column {what!r} is missing")
    refused: dict[int, RejectedError] = {}
    names, symbol = _symbols(table.column("symbol"), refused)
    times, unit = _times(table.column(time), time, refused)
    price = _prices(table.column(wanted), wanted, refused)
    metadata = table.schema.metadata or {}
    interval = metadata.get(b"interval", b"1d").decode("utf-8", "replace")
    return Table(names, symbol, times, unit, price, interval, refused, table)


def write(columns: dict[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    """An Arrow IPC stream of one record batch; see :func:`read` for what it must have."""
    batch = pa.record_batch(columns, metadata=metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def dictionary(values: Sequence[str], codes: npt.NDArray[Any]) -> Any:
    """A dictionary-encoded column of strings; a negative code is null."""
    mask = codes < 0
    indices = pa.array(np.where(mask, 0, codes).astype(np.int32), mask=mask if mask.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(values), pa.string()))


def _texts(column: Any, name: str) -> tuple[list[str | None], Column]:
    """The distinct strings of a column, and which of them each row has (-1 for none)."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {column.type}, not strings")
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.num_chunks == 0:
        return [], np.zeros(0, np.int64)
    column = column.unify_dictionaries().combine_chunks()
    whole = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    codes = whole.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return whole.dictionary.to_pylist(), codes


def _table(value: bytes) -> Any:
    try:
        if any(_is_compressed(message) for message in _messages(value)):
            raise RejectedError(
                Reason.NOT_ARROW, "the Arrow body is compressed; let Kafka compress instead"
            )
        with pa.ipc.open_stream(pa.py_buffer(value)) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, struct.error, IndexError, UnicodeDecodeError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RejectedError(Reason.NOT_ARROW, f"not an Arrow IPC stream: {detail[:120]}") from None
    if table.num_rows > MAX_ROWS:
        detail = f"{table.num_rows:,} rows; at most {MAX_ROWS:,} are read"
        raise RejectedError(Reason.TOO_LARGE, detail)
    return table


def _messages(value: bytes) -> Iterator[bytes]:
    """The metadata of each message of a stream: its flatbuffer."""
    at = 0
    while at < len(value):
        size = struct.unpack_from("<i", value, at + 4)[0]
        if value[at : at + 4] != _MARK or size < 0:
            raise IndexError("a message does not begin where it should")
        if size == 0:
            return
        metadata = value[at + 8 : at + 8 + size]
        yield metadata
        at += 8 + size + _Flat.root(metadata).number(3, "<q")


@dataclass(frozen=True, slots=True)
class _Flat:
    """A table of a flatbuffer (format: flatbuffers.dev; schemas: Arrow's Message.fbs)."""

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> _Flat:
        return cls(data, struct.unpack_from("<I", data)[0])

    def _field(self, field: int) -> int:
        """Where a field stands; 0 where it is not there."""
        vtable = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        if vtable < 0:
            raise IndexError("an offset lies outside the message")
        size = struct.unpack_from("<H", self.data, vtable)[0]
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, vtable + slot)[0] if slot < size else 0
        return self.at + offset if offset else 0

    def number(self, field: int, form: str) -> int:
        at = self._field(field)
        return int(struct.unpack_from(form, self.data, at)[0]) if at else 0

    def table(self, field: int) -> _Flat | None:
        at = self._field(field)
        return _Flat(self.data, at + struct.unpack_from("<I", self.data, at)[0]) if at else None


_DICTIONARY, _BATCH = 2, 3


def _is_compressed(metadata: bytes) -> bool:
    message = _Flat.root(metadata)
    kind, body = message.number(1, "<B"), message.table(2)
    if kind == _DICTIONARY and body is not None:
        body = body.table(1)
    return kind in (_DICTIONARY, _BATCH) and body is not None and body.table(3) is not None


def _symbols(column: Any, refused: dict[int, RejectedError]) -> tuple[list[str], Column]:
    names, codes = _texts(column, "symbol")
    _refuse(codes < 0, RejectedError(Reason.MISSING_FIELD, "symbol is null"), refused)
    nothing = [at for at, name in enumerate(names) if name is None]
    if nothing:
        error = RejectedError(Reason.MISSING_FIELD, "symbol is null")
        _refuse(np.isin(codes, nothing), error, refused)
    return [name or "" for name in names], codes


def _times(column: Any, name: str, refused: dict[int, RejectedError]) -> tuple[Column, str]:
    kind = column.type
    _refuse(_nulls(column), RejectedError(Reason.MISSING_FIELD, f"{name} is null"), refused)
    if pa.types.is_date32(kind):
        return _numbers(column.cast(pa.int32())), "day"
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            raise RejectedError(Reason.WRONG_TYPE, f"{name} has no time zone")
        scale = 1_000_000_000 // _UNITS[kind.unit]
        whole = _numbers(column.cast(pa.int64()))
        most = (2**63 - 1) // scale
        far = np.abs(whole) > most
        error = RejectedError(Reason.BAD_PERIOD, f"{name} lies too far from 1970")
        _refuse(far, error, refused)
        return np.where(far, 0, whole) * scale, "ns"
    if pa.types.is_int64(kind):
        return _numbers(column), ""
    raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind}, not dates or timestamps")


def _prices(column: Any, name: str, refused: dict[int, RejectedError]) -> Column:
    """Micro-units; a price of zero or below is for others to refuse, who know the symbol."""
    kind = column.type
    _refuse(_nulls(column), RejectedError(Reason.MISSING_FIELD, f"{name} is null"), refused)
    if name == "micros":
        if not pa.types.is_int64(kind):
            raise RejectedError(Reason.WRONG_TYPE, f"micros is {kind}, not int64")
        micros = _numbers(column)
        good = np.abs(micros) <= MAX_PRICE * SCALE
    elif pa.types.is_floating(kind):
        micros, good = from_floats(column.cast(pa.float64()).to_numpy().copy())
    elif pa.types.is_decimal128(kind):
        try:
            exact = column.cast(pa.decimal128(38, 6))
        except pa.ArrowInvalid:
            raise RejectedError(Reason.BAD_PRICE, f"{name} has more than six decimals") from None
        low = [chunk.buffers()[1] for chunk in exact.chunks]
        words = [np.frombuffer(b, np.int64)[2 * c.offset : 2 * (c.offset + len(c))].reshape(-1, 2)
                 for b, c in zip(low, exact.chunks, strict=True)]  # fmt: skip
        both = np.concatenate(words) if words else np.zeros((0, 2), np.int64)
        micros = np.ascontiguousarray(both[:, 0])
        good = (both[:, 1] == micros >> 63) & (np.abs(micros) <= MAX_PRICE * SCALE)
    else:
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind}, not float64 or decimal128")
    detail = f"{name} is not a number of at most six decimals and at most {MAX_PRICE}"
    _refuse(~good, RejectedError(Reason.BAD_PRICE, detail), refused)
    return np.where(good, micros, 0)


def _nulls(column: Any) -> Mask:
    nulls: Mask = column.is_null().to_numpy(zero_copy_only=False)
    return nulls


def _numbers(column: Any) -> Column:
    numbers: Column = column.fill_null(0).to_numpy().astype(np.int64)
    return numbers


def _refuse(where: Mask, error: RejectedError, refused: dict[int, RejectedError]) -> None:
    for row in np.flatnonzero(where).tolist():
        refused.setdefault(row, error)
