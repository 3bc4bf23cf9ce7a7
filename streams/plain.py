"""JSON objects in the plain form that feeds send, decoded alone or many at once.

A record is plain when it is one object without escapes that has each field once, and those that
we read of the right kind. Whether it is depends on its own bytes only, so that a record reads the
same alone and among others; what is not plain is read strictly (:mod:`streams.fields`), with its
reasons.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from streams.batches import Values

S = TypeVar("S", bound=msgspec.Struct)
Mask = npt.NDArray[np.bool_]

_BLOCK = 128
_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NAME = re.compile(rb'"[ \t\r\n]*:')
_QUOTE, _COLON, _BLANKS = ord('"'), ord(":"), b" \t\r\n"
_OBJECTS = msgspec.json.Decoder(dict[str, Any])


class Plain(Generic[S]):
    """Plain records, and columns of their fields."""

    def __init__(self, records: Sequence[S], given: dict[str, list[Any]]) -> None:
        self.records = records
        self._given = given

    def column(self, name: str) -> list[Any] | None:
        """The values of a field, None where it is not given; None where it is in no record."""
        return self._given.get(name)


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
        first, end = int(values.starts[0]), int(values.ends[-1])
        buffer, starts, ends = values.buffer[first:end], values.starts - first, values.ends - first
        sizes = ends - starts
        if sizes.min() < 2 or sizes.max() > self._most:
            return None
        text = np.frombuffer(buffer, np.uint8)
        if (text[starts] != ord("{")).any() or (text[ends - 1] != ord("}")).any():
            return None
        return self._decode(bytes(buffer), len(starts), _names(text))

    def read_one(self, value: bytes | None) -> S | None:
        """The same of a single value."""
        if not value or len(value) > self._most or value[:1] != b"{" or value[-1:] != b"}":
            return None
        plain = self._decode(value, 1, _names_of_one(value))
        return None if plain is None else plain.records[0]

    def _decode(self, lines: bytes, count: int, names: int) -> Plain[S] | None:
        """Between objects that stand in lines of their own nothing can be joined or divided:

        a line that begins with a brace cannot go on with what an earlier line left open, and one
        that ends with a brace leaves nothing open but what such a line would have to go on with.
        """
        if b"\\" in lines:
            return None
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


def _names(text: npt.NDArray[np.uint8]) -> int:
    """How many names there are, of objects within objects too; -1 for unknown.

    It is what ends with a quote and a colon where there are no escapes. A text that begins with a
    colon counts too.
    """
    before = text[:-1][text[1:] == _COLON]
    return -1 if np.isin(before, list(_BLANKS)).any() else int(np.count_nonzero(before == _QUOTE))


def _names_of_one(value: bytes) -> int:
    """The same of a few bytes."""
    return -1 if any(b"%c:" % blank in value for blank in _BLANKS) else value.count(b'":')
