"""Columns of Arrow as numpy's: symbols, times and prices; rows without one are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streams.core.prices import MAX_PRICE, SCALE, from_floats
from streams.fields import Reason, RejectedError

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Refused = dict[int, RejectedError]
"""Rows that cannot be used, with why."""

_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_MOST_SCALE = 38


def symbols(column: Any, refused: Refused) -> tuple[list[str], Column]:
    """The same as :func:`texts`; rows without a symbol are refused."""
    names, codes = texts(column, "symbol")
    if None in names:  # a dictionary may have it too
        nothing = [at for at, name in enumerate(names) if name is None]
        codes = np.where(np.isin(codes, nothing), -1, codes)
        names = [name or "" for name in names]
    _refuse(codes < 0, RejectedError(Reason.MISSING_FIELD, "symbol is null"), refused)
    return names, codes  # type: ignore[return-value]


def texts(column: Any, name: str) -> tuple[list[str | None], Column]:
    """The strings of a column, batch after batch, and which of them each row has (-1 for none).

    Raises:
        RejectedError: the column ``name`` is of another type.
    """
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {column.type}, not strings")
    names: list[str | None] = []
    places = [np.zeros(0, np.int64)]
    for chunk in column.chunks:
        part = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        codes = part.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
        known = part.dictionary
        if len(known) > len(codes):  # only those that are there: one may claim any number
            used, codes = np.unique(codes, return_inverse=True)
            nulls = int(used[0] < 0)
            known, codes = known.take(pa.array(used[nulls:])), codes - nulls
        places.append(np.where(codes < 0, -1, codes + len(names)))
        names += known.to_pylist()
    return names, np.concatenate(places)


def times(column: Any, name: str, refused: Refused) -> tuple[Column, str]:
    """Times and their unit, as in :class:`streams.formats.arrow.Table`.

    Rows without one are refused. What no int64 has in nanoseconds is the farthest that it has.

    Raises:
        RejectedError: the column ``name`` is of another type.
    """
    kind = column.type
    _refuse_nulls(column, name, refused)
    if pa.types.is_date32(kind):
        return numbers(column.cast(pa.int32())), "day"
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            raise RejectedError(Reason.WRONG_TYPE, f"{name} has no time zone")
        scale = _UNITS[kind.unit]
        most = (2**63 - 1) // scale
        return np.clip(numbers(column.cast(pa.int64())), -most, most) * scale, "ns"
    if pa.types.is_int64(kind):
        return numbers(column), ""
    raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind}, not dates or timestamps")


def prices(column: Any, name: str, refused: Refused) -> Column:
    """Micro-units; rows without any are refused.

    A price of zero or below is for others to refuse, who know the symbol.

    Raises:
        RejectedError: the column ``name`` is of another type.
    """
    kind = column.type
    _refuse_nulls(column, name, refused)
    if name == "micros":
        if not pa.types.is_int64(kind):
            raise RejectedError(Reason.WRONG_TYPE, f"micros is {kind}, not int64")
        micros = numbers(column)
        good = _within(micros)
    elif pa.types.is_floating(kind):
        micros, good = from_floats(column.cast(pa.float64()).to_numpy())
    elif pa.types.is_decimal128(kind) and 0 <= kind.scale <= _MOST_SCALE:
        micros, good = _decimals(column)
    else:
        raise RejectedError(Reason.WRONG_TYPE, f"{name} is {kind}, not a float or decimal128")
    detail = f"{name} is not a number of at most six decimals and at most {MAX_PRICE}"
    _refuse(~good, RejectedError(Reason.BAD_PRICE, detail), refused)
    return np.where(good, micros, 0)


def _decimals(column: Any) -> tuple[Column, Mask]:
    """The micro-units of decimals, and which have such: those that a rescaling leaves the same.

    Rescaled beyond 128 bits, what is left of one cannot come back to it. Those in bounds fit into
    the lower 64.
    """
    scaled = column.cast(pa.decimal128(38, 6), safe=False)
    same = pc.equal(scaled.cast(column.type, safe=False), column)
    words = np.concatenate([np.zeros((0, 2), np.int64), *map(_words, scaled.chunks)])
    low, high = np.ascontiguousarray(words[:, 0]), words[:, 1]
    return low, flags(same) & (high == low >> 63) & _within(low)


def _words(chunk: Any) -> Column:
    """The lower and upper halves of decimals of 128 bits: shape (rows, 2)."""
    words: Column = np.frombuffer(chunk.buffers()[1], np.int64).reshape(-1, 2)
    return words[chunk.offset : chunk.offset + len(chunk)]


def _within(micros: Column) -> Mask:
    most = MAX_PRICE * SCALE
    return (micros >= -most) & (micros <= most)


def flags(column: Any) -> Mask:
    """True and false, which nulls are."""
    found: Mask = column.fill_null(False).to_numpy(zero_copy_only=False)
    return found.astype(np.bool_)


def numbers(column: Any) -> Column:
    """Whole numbers; 0 for nulls."""
    found: Column = column.fill_null(0).to_numpy().astype(np.int64)
    return found


def _refuse(where: Mask, error: RejectedError, refused: Refused) -> None:
    for row in np.flatnonzero(where).tolist():
        refused.setdefault(row, error)


def _refuse_nulls(column: Any, name: str, refused: Refused) -> None:
    if column.null_count:
        error = RejectedError(Reason.MISSING_FIELD, f"{name} is null")
        _refuse(flags(column.is_null()), error, refused)
