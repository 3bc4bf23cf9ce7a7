"""Arrow IPC streams: thousands of closes or ticks in one message.

What a message says is not trusted: every buffer is validated before it is looked at. Whatever
cannot be read is refused with a reason for the dead letters: a whole message, or a row of it.
Compressed bodies are not read: Kafka compresses, and a few bytes can claim any size.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from streams.batches import Batch
from streams.fields import Reason, RejectedError, shown
from streams.formats import arrow_columns
from streams.formats.arrow_columns import Column, Mask, Refused
from streams.records import Headers, Record

CONTENT_TYPE = "application/vnd.apache.arrow.stream"
HEADERS: Headers = (("content-type", CONTENT_TYPE.encode()),)
MARK = b"\xff\xff\xff\xff"
"""How a stream begins; no text in UTF-8 has these bytes."""
MAX_ROWS = 100_000
_JSON = b"{"

_MOST_BYTES = 64 << 20
_PRICES = ("close", "price", "micros")


def is_stream(record: Record) -> bool:
    """Whether a record is an Arrow IPC stream: by its header, or by its first bytes.

    What begins with a brace is JSON, whatever the header says.
    """
    value = record.value or b""
    return value.startswith(MARK) or (value[:1] != _JSON and HEADERS[0] in record.headers)


def streams_of(batch: Batch) -> list[int]:
    """The places of the records of a batch that are streams, ascending; see :func:`is_stream`."""
    values = batch.values
    perhaps = values.starts == values.ends
    full = np.flatnonzero(~perhaps)
    first = np.frombuffer(values.buffer, np.uint8)[values.starts[full]]
    perhaps[full] = first != _JSON[0]
    return [at for at in np.flatnonzero(perhaps).tolist() if is_stream(batch[at])]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a message.

    Columns have shape (rows,). ``symbols`` has the symbols, some perhaps twice, and ``symbol`` the
    place of each row's among them, -1 for none; ``time`` is in days (``unit`` "day"), in
    nanoseconds since 1970 ("ns"), or a whole number as it came (""); ``price`` is in micro-units. A
    row that cannot be used is in ``refused``, with why, and its values mean nothing. ``raw`` has
    the columns that are read, as they came.
    """

    symbols: Sequence[str]
    symbol: Column
    time: Column
    unit: str
    price: Column
    interval: str
    refused: Refused
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
        return arrow_columns.flags(column)

    def numbers(self, name: str) -> Column | None:
        """A column of whole numbers; None where it is missing, or something else."""
        if name not in self.raw.column_names or not pa.types.is_int64(
            self.raw.schema.field(name).type
        ):
            return None
        return arrow_columns.numbers(self.raw.column(name))

    def texts(self, name: str) -> tuple[list[str | None], Column] | None:
        """The texts of a column and their places (-1 for none); None where it is missing.

        Raises:
            RejectedError: it is something else.
        """
        if name not in self.raw.column_names:
            return None
        return arrow_columns.texts(self.raw.column(name), name)

    def row(self, row: int) -> bytes:
        """What is read of a row as JSON, as it came."""
        values = {name: self.value(name, row) for name in self.raw.column_names}
        return json.dumps(values, default=str, ensure_ascii=False).encode("utf-8", "replace")

    def value(self, name: str, row: int) -> Any:
        """One value as it came; a time that Python does not have is a number."""
        scalar = self.raw.column(name)[row]
        try:
            return scalar.as_py()
        except (ArithmeticError, LookupError, ValueError):
            return getattr(scalar, "value", None)


def read(value: bytes, time: str, more: Sequence[str] = ()) -> Table:
    """The rows of a message with the columns ``symbol``, ``time`` and a price.

    ``symbol`` holds strings, dictionary-encoded or not. The column named by ``time`` has dates
    (date32), times (timestamp, with a time zone), or whole numbers. The price is ``close`` or
    ``price``, of floats or decimal128, or ``micros``, of int64 in millionths. Other columns are
    not read.

    Args:
        value: an Arrow IPC stream.
        time: the name of the column of times.
        more: the names of further columns that there may be.

    Raises:
        RejectedError: it is no such message.
    """
    try:
        return _read(value, time, more)
    except (pa.ArrowException, OSError, ValueError, KeyError, struct.error) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        detail = f"not an Arrow IPC stream: {shown(first)}"
        raise RejectedError(Reason.NOT_ARROW, detail) from None


def write(columns: dict[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    """An Arrow IPC stream of one record batch; see :func:`read` for what it must have."""
    batch = pa.record_batch(columns, metadata=metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def dictionary(texts: Sequence[str], codes: Column) -> Any:
    """A column of strings by their places in ``texts``; its dictionary has those that it needs."""
    used, places = np.unique(codes, return_inverse=True)
    names = pa.array([texts[code] for code in used.tolist()], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), names)


def _read(value: bytes, time: str, more: Sequence[str]) -> Table:
    table, price = _table(value, time, more)
    refused: Refused = {}
    names, symbol = arrow_columns.symbols(table.column("symbol"), refused)
    when, unit = arrow_columns.times(table.column(time), time, refused)
    micros = arrow_columns.prices(table.column(price), price, refused)
    interval = (table.schema.metadata or {}).get(b"interval", b"1d").decode("utf-8", "replace")
    return Table(names, symbol, when, unit, micros, interval, refused, table)


def _table(value: bytes, time: str, more: Sequence[str]) -> tuple[Any, str]:
    """The columns that are read, validated, and the name of the one with the price."""
    if any(_is_compressed(message) for message in pa.ipc.MessageReader.open_stream(value)):
        raise ValueError("the body is compressed; let Kafka compress instead")
    schema = pa.ipc.open_stream(value).schema
    price = next((name for name in _PRICES if name in schema.names), _PRICES[0])
    given = [*("symbol", time, price), *(name for name in more if name in schema.names)]
    for name in given:
        if (count := schema.names.count(name)) != 1:
            detail = f"the column {name!r} is {'there twice' if count else 'missing'}"
            raise RejectedError(Reason.MISSING_FIELD, detail)
    fields = sorted(map(schema.get_field_index, given))
    options = pa.ipc.IpcReadOptions(included_fields=fields, use_threads=False)
    with pa.ipc.open_stream(value, options=options) as reader:
        _ = [str(kind) for kind in reader.schema.types]  # what they say is text, such as zones
        return pa.Table.from_batches(list(_validated(reader)), reader.schema), price


def _validated(batches: Iterable[Any]) -> Iterator[Any]:
    """Batches as they come, as long as all in all they are not too large.

    The whole dictionaries count with each batch that has them, for they are validated with each.
    """
    rows = size = 0
    for batch in batches:
        batch.validate()
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > MAX_ROWS:
            raise RejectedError(Reason.TOO_LARGE, f"more than {MAX_ROWS:,} rows in one message")
        if size > _MOST_BYTES:
            detail = f"more than {_MOST_BYTES:,} bytes in the batches of one message"
            raise RejectedError(Reason.TOO_LARGE, detail)
        batch.validate(full=True)
        if batch.num_rows:
            yield batch


def _is_compressed(message: Any) -> bool:
    """Whether the body of a message is, by its metadata, a flatbuffer (Arrow's Message.fbs)."""
    if message.type not in ("dictionary", "record batch"):
        return False
    data = bytes(message.metadata)
    header = _below(data, _below(data, 0, None), 2)
    if message.type == "dictionary":
        header = _below(data, header, 1)
    return _field(data, header, 3) != 0


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
