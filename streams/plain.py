"""Closes in the plain form that feeds send, decoded alone or many at once.

A record is plain when it is one JSON object without escapes that has each field that we read once,
and of the right kind. Whether it is depends on its own bytes only, so that a record reads the same
alone and among others; what is not plain is read by :mod:`streams.wire`, with its reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from streams.batches import Values

#: The largest plain record, in bytes.
MAX_BYTES = 4096

_BRACES, _QUOTE, _COLON = (ord("{"), ord("}")), ord('"'), ord(":")
_BLANKS = tuple(b" \t\r\n")


class PlainClose(msgspec.Struct, gc=False):
    """The fields of a close, and of its copy for a watchlist, as JSON has them."""

    symbol: str
    period: str
    close: float | str
    watchlist: str | None = None
    origin: list[int] | None = None
    interval: str | None = None
    provisional: bool | None = None
    revision: int | None = None
    source: str | None = None
    sent_at: str | None = None
    due: str | None = None


_NAMES = PlainClose.__struct_fields__
_GETTERS = [attrgetter(name) for name in _NAMES]
_REQUIRED = 3
_DECODER = msgspec.json.Decoder(PlainClose)


class Plain:
    """Plain records in columns of Python objects; a column that no record has is None."""

    def __init__(self, records: Sequence[PlainClose], given: dict[str, list[Any]]) -> None:
        self.records = records
        self._given = given

    def column(self, name: str) -> list[Any] | None:
        """The values of a field in all records, None where it is not given."""
        return self._given.get(name)


def read_all(values: Values) -> Plain | None:
    """Decode records together; None unless every one is plain."""
    if not len(values.starts):
        return Plain([], {})
    first, end = int(values.starts[0]), int(values.ends[-1])
    buffer, starts, ends = values.buffer[first:end], values.starts - first, values.ends - first
    text = np.frombuffer(buffer, np.uint8)
    sizes = ends - starts
    if sizes.min() < 2 or sizes.max() > MAX_BYTES:
        return None
    if (text[starts] != _BRACES[0]).any() or (text[ends - 1] != _BRACES[1]).any():
        return None
    return _decode(bytes(buffer), len(starts), _names(text))


def read_one(value: bytes | None) -> PlainClose | None:
    """The same of a single record."""
    if not value or len(value) > MAX_BYTES or value[:1] != b"{" or value[-1:] != b"}":
        return None
    plain = _decode(value, 1, _names_of_one(value))
    return None if plain is None else plain.records[0]


def read_each(values: Sequence[bytes]) -> tuple[Plain, npt.NDArray[np.bool_]]:
    """The plain ones among some values, and which they are: shape (values,)."""
    read = [read_one(value) for value in values]
    good = np.array([one is not None for one in read])
    records = [one for one in read if one is not None]
    columns = {name: [getattr(one, name) for one in records] for name in _NAMES}
    return Plain(records, columns), good


def _decode(lines: bytes, count: int, names: int) -> Plain | None:
    """Between objects that stand in lines of their own nothing can be joined or divided:

    a line that begins with a brace cannot go on with what an earlier line left open, and one that
    ends with a brace leaves nothing open but what such a line would have to go on with.
    """
    if b"\\" in lines:
        return None
    try:
        records = _DECODER.decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(records) != count:
        return None
    given = _given(records, lines, names)
    return None if given is None else Plain(records, given)


def _given(records: list[PlainClose], lines: bytes, names: int) -> dict[str, list[Any]] | None:
    """The columns that are given; None where a field is given twice, or null.

    As many ``names`` as fields that are read: each is there once. With fields of others each of
    our names is looked for instead; as the text of another field it counts too.
    """
    given: dict[str, list[Any]] = {}
    for number, name in enumerate(_NAMES):
        if names == 0:
            return given
        column = list(map(_GETTERS[number], records))
        known = len(records) if number < _REQUIRED else len(records) - column.count(None)
        if known:
            given[name] = column
            names -= known
    if names == 0 or all(_is_once(name, lines, given.get(name)) for name in _NAMES):
        return given
    return None


def _names(text: npt.NDArray[np.uint8]) -> int:
    """How many names there are: what ends with '":' where there are no escapes; -1 for unknown."""
    before = text[:-1][text[1:] == _COLON]
    return -1 if np.isin(before, _BLANKS).any() else int(np.count_nonzero(before == _QUOTE))


def _names_of_one(value: bytes) -> int:
    if any(b"%c:" % blank in value for blank in _BLANKS):
        return -1
    return value.count(b'":')


def _is_once(name: str, lines: bytes, column: list[Any] | None) -> bool:
    known = 0 if column is None else len(column) - column.count(None)
    return lines.count(b'"%b"' % name.encode()) == known
