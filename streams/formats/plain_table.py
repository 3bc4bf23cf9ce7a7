"""Plain records that look like the first of them, parsed into columns without an object for each.

What is parsed here reads the same one by one: whatever Arrow's parser takes is plain JSON, each
record is an object of its own (see :mod:`streams.formats.plain`), and a name that is not in the
first record, or is null, leaves the records to be read otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from streams.batches import Values
from streams.core import prices
from streams.formats import arrow_columns
from streams.formats.plain import Column, Lines, Mask, Texts

_BLOCK_BYTES = 1 << 20
_MOST_NAMES = 32
_ASCII = 128
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_PRICES = {str: pa.string(), int: pa.float64(), float: pa.float64()}
_SCALARS = _PRICES | {bool: pa.bool_()}
_ERRORS = (pa.ArrowException, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class PlainTable:
    """See :class:`streams.formats.plain.Fields`."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def texts(self, name: str) -> Texts | None:
        """See :class:`streams.formats.plain.Fields`."""
        column = self._column(name)
        if column is None:
            return None
        names, codes = arrow_columns.texts(column, name)
        return [*names, None], codes

    def prices(self, name: str) -> tuple[Column, Mask]:
        """See :class:`streams.formats.plain.Fields`."""
        column = self._table.column(name)
        if pa.types.is_floating(column.type):
            return prices.from_floats(column.to_numpy())
        texts, codes = arrow_columns.texts(column, name)
        micros, good = prices.from_texts(texts)  # type: ignore[arg-type]  # all are given
        return micros[codes], good[codes]

    def flags(self, name: str) -> Mask | None:
        """See :class:`streams.formats.plain.Fields`."""
        column = self._column(name)
        return None if column is None else arrow_columns.flags(column)

    def numbers(self, name: str) -> Column | None:
        """See :class:`streams.formats.plain.Fields`."""
        column = self._column(name)
        return None if column is None else arrow_columns.numbers(column)

    def lists(self, name: str) -> list[list[int] | None] | Column | None:
        """See :class:`streams.formats.plain.Fields`."""
        column = self._column(name)
        if column is None:
            return None
        column = column.combine_chunks()
        items = column.flatten()
        width, rest = divmod(len(items), max(len(column), 1))
        if column.null_count or items.null_count or rest:
            return column.to_pylist()  # type: ignore[no-any-return]
        offsets = column.offsets.to_numpy()
        if (np.diff(offsets) != width).any():
            return column.to_pylist()  # type: ignore[no-any-return]
        return items.to_numpy().reshape(-1, width)  # type: ignore[no-any-return]

    def _column(self, name: str) -> Any:
        if name not in self._table.column_names:
            return None
        column = self._table.column(name)
        return None if column.null_count == len(column) else column


@dataclass(frozen=True, slots=True)
class TableForm:
    """How records of one kind are parsed.

    ``kinds`` has the Arrow type of each field that is read, None for a number or digits;
    ``required`` are those that each record must have, and ``most`` is the largest plain record, in
    bytes.
    """

    kinds: Mapping[str, Any]
    required: Sequence[str]
    most: int

    def read(self, values: Values) -> PlainTable | None:
        """Parse consecutive values, one at least; None unless all are plain and like the first."""
        lines = Lines.of(values, self.most)
        if lines is None or lines.names < 0:
            return None
        text = lines.text.data
        try:
            if lines.text.max() >= _ASCII:
                str(text, "utf-8")
            schema = self._schema(_OBJECT.decode(text[: int(lines.ends[0])]))
            if schema is None:
                return None
            table = pj.read_json(
                pa.py_buffer(text),
                pj.ReadOptions(
                    use_threads=False, block_size=_BLOCK_BYTES
                ),  # each lane has a thread
                pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
            )
        except _ERRORS:
            return None
        count = len(lines.starts)
        if table.num_rows != count or _given(table) != lines.names:
            return None
        if any(table.column(name).null_count for name in self.required):
            return None
        return PlainTable(table)

    def _schema(self, first: Mapping[str, Any]) -> Any:
        """The types of a record's fields; None for one that is not so simple."""
        if len(first) > _MOST_NAMES or not first.keys() >= set(self.required):
            return None
        types = [(name, self._type(name, value)) for name, value in first.items()]
        return None if any(kind is None for _, kind in types) else pa.schema(types)

    def _type(self, name: str, value: Any) -> Any:
        if name not in self.kinds:
            return _SCALARS.get(type(value))
        return self.kinds[name] or _PRICES.get(type(value))


def _given(table: Any) -> int:
    """How many values there are; none where a list has nulls in it."""
    found = 0
    for column in table.columns:
        if pa.types.is_list(column.type) and any(one.flatten().null_count for one in column.chunks):
            return -1
        found += len(column) - column.null_count
    return found
