"""JSON objects in the plain form that feeds send, decoded alone or many at once.

A record is plain when it is one object without escapes that has each field once, and those that
we read of the right kind. Whether it is depends on its own bytes only, so that a record reads the
same alone and among others; what is not plain is read strictly (:mod:`streams.fields`), with its
reasons.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from streams.batches import Values
from streams.core import prices

S = TypeVar("S", bound=msgspec.Struct)
Bytes = npt.NDArray[np.uint8]
Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BLOCK = 128
_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NAME = re.compile(rb'"[ \t\r\n]*:')
_QUOTE, _COLON, _BLANKS = ord('"'), ord(":"), b" \t\r\n"
_OBJECTS = msgspec.json.Decoder(dict[str, Any])


Texts = tuple[Sequence[str | None], Any]
"""Texts, some perhaps twice, and which of them each record has: what numpy takes as an index."""


class Fields(Protocol):
    """Columns of the fields of plain records; None of a field that is given in no record."""

    def texts(self, name: str) -> Texts | None:
        """A field of texts, None where it is not given."""
        ...

    def prices(self, name: str) -> tuple[Column, Mask]:
        """A field of numbers and digits in micro-units; see :func:`streams.core.prices`."""
        ...

    def flags(self, name: str) -> Mask | None:
        """A field of true and false, false where it is not given."""
        ...

    def numbers(self, name: str) -> Sequence[int] | Column | None:
        """A field of whole numbers, 0 where it is not given."""
        ...

    def lists(self, name: str) -> Sequence[Sequence[int] | None] | Column | None:
        """A field of lists of whole numbers, an array of two dimensions where all are as long."""
        ...


class Plain(Generic[S]):
    """Plain records, one by one and as :class:`Fields`."""

    def __init__(self, records: Sequence[S], given: dict[str, list[Any]]) -> None:
        self.records = records
        self._given = given

    def column(self, name: str) -> list[Any] | None:
        """The values of a field, None where it is not given; None where it is in no record."""
        return self._given.get(name)

    def texts(self, name: str) -> Texts | None:
        """See :class:`Fields`."""
        column = self.column(name)
        return None if column is None else (column, slice(None))

    def prices(self, name: str) -> tuple[Column, Mask]:
        """See :class:`Fields`."""
        return prices.from_values(self.column(name) or [])

    def flags(self, name: str) -> Mask | None:
        """See :class:`Fields`."""
        column = self.column(name)
        return None if column is None else np.array([flag is True for flag in column], np.bool_)

    def numbers(self, name: str) -> Sequence[int] | None:
        """See :class:`Fields`."""
        column = self.column(name)
        return None if column is None else [number or 0 for number in column]

    def lists(self, name: str) -> Sequence[Sequence[int] | None] | None:
        """See :class:`Fields`."""
        return self.column(name)


@dataclass(frozen=True, slots=True)
class Lines:
    """Consecutive values that begin and end with braces, without escapes, a line feed between two.

    ``names`` counts their names, those of objects within objects too; -1 for unknown.
    """

    text: Bytes
    starts: Column
    ends: Column
    names: int

    @classmethod
    def of(cls, values: Values, most: int) -> Lines | None:
        """None where they are not of that kind, or one has more than ``most`` bytes."""
        first, end = int(values.starts[0]), int(values.ends[-1])
        text = np.frombuffer(values.buffer, np.uint8)[first:end]
        starts, ends = values.starts - first, values.ends - first
        sizes = ends - starts
        if sizes.min() < 2 or sizes.max() > most:
            return None
        if (text[starts] != ord("{")).any() or (text[ends - 1] != ord("}")).any():
            return None
        return None if (text == ord("\\")).any() else cls(text, starts, ends, _names(text))


class Form(Generic[S]):
    """How records of one kind are decoded."""

    def __init__(self, struct: type[S], most: int) -> None:
        """Args:
        struct: the fields that are read; those that may be missing, or null, are None then.
        most: the largest plain record, in bytes.
        """
        self._names = struct.__struct_fields__
        self._required = self._names[: len(self._names) - len(struct.__struct_defaults__)]
        self._decoder = msgspec.json.Decoder(struct)
        self._most = most

    def read(self, values: Values) -> tuple[Plain[S], Mask]:
        """The plain ones among some values, and which they are: shape (values,).

        Together, else by blocks, else one by one: what is not plain costs its block.
        """
        whole = self.read_all(values)
        if whole is not None:
            return whole, np.ones(len(values.starts), np.bool_)
        good = np.zeros(len(values.starts), np.bool_)
        records: list[S] = []
        for first in range(0, len(good), _BLOCK):
            block = Values(values.buffer, *(edges[first : first + _BLOCK]
                                            for edges in (values.starts, values.ends)))  # fmt: skip
            read = self.read_all(block)
            if read is not None:
                records += read.records
                good[first : first + _BLOCK] = True
                continue
            ends = zip(block.starts.tolist(), block.ends.tolist(), strict=True)
            for at, (start, end) in enumerate(ends, first):
                one = self.read_one(bytes(values.buffer[start:end]))
                if one is not None:
                    records.append(one)
                    good[at] = True
        return Plain(records, self._columns(records)[0]), good

    def read_all(self, values: Values) -> Plain[S] | None:
        """Decode consecutive values together; None unless every one is plain."""
        if not len(values.starts):
            return Plain([], {})
        lines = Lines.of(values, self._most)
        if lines is None:
            return None
        return self._decode(lines.text.tobytes(), len(lines.starts), lines.names)

    def read_one(self, value: bytes | None) -> S | None:
        """The same of a single value."""
        if not value or len(value) > self._most or value[:1] != b"{" or value[-1:] != b"}":
            return None
        if b"\\" in value:
            return None
        plain = self._decode(value, 1, _names_of_one(value))
        return None if plain is None else plain.records[0]

    def _decode(self, lines: bytes, count: int, names: int) -> Plain[S] | None:
        """Between objects that stand in lines of their own nothing can be joined or divided:

        a line that begins with a brace cannot go on with what an earlier line left open, and one
        that ends with a brace leaves nothing open but what such a line would have to go on with.
        """
        if names < 0:
            names = len(_NAME.findall(lines))
        try:
            records = self._decoder.decode_lines(lines)
            if len(records) != count:
                return None
            given, others = self._columns(records, names)
            if others and sum(map(len, _OBJECTS.decode_lines(lines))) != names:
                return None
        except _ERRORS:
            return None
        return Plain(records, given)

    def _columns(self, records: Sequence[S], names: int = -1) -> tuple[dict[str, list[Any]], int]:
        """The columns that are given, and how many of the ``names`` are not of theirs."""
        given: dict[str, list[Any]] = {}
        for name in self._names:
            if names == 0:
                break
            column = list(map(attrgetter(name), records))
            known = len(column) - (0 if name in self._required else column.count(None))
            if known:
                given[name] = column
                names -= known
        return given, names


def _names(text: Bytes) -> int:
    """How many names there are; -1 for unknown.

    It is what ends with a quote and a colon where there are no escapes. A text that begins with a
    colon counts too.
    """
    before = text[:-1][text[1:] == _COLON]
    return -1 if np.isin(before, list(_BLANKS)).any() else int(np.count_nonzero(before == _QUOTE))


def _names_of_one(value: bytes) -> int:
    """The same of a few bytes."""
    return -1 if any(b"%c:" % blank in value for blank in _BLANKS) else value.count(b'":')
