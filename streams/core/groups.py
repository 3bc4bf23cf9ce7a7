"""Rows by what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


#: Keys of 16 bits are sorted by radix, in a fraction of the time.
_SHORT = np.iinfo(np.int16)


def in_order(keys: Column) -> npt.NDArray[np.intp]:
    """The places of keys by their size, of the same in their order: shape (n,)."""
    if len(keys) and _SHORT.min <= keys.min() and keys.max() <= _SHORT.max:
        return np.argsort(keys.astype(np.int16), kind="stable")
    return np.argsort(keys, kind="stable")


def groups(keys: Column) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
    """Each distinct key, ascending, with the rows that have it, in their order.

    Args:
        keys: shape (n,).
    """
    if not len(keys):
        return
    order = in_order(keys)
    ordered = keys[order]
    begins = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    parts = np.split(order, begins)
    yield from zip(ordered[[0, *begins.tolist()]].tolist(), parts, strict=True)


def highest_before(keys: Column, values: Column, none: int) -> Column:
    """The highest of all values before each one that have its key; ``none`` for the first.

    Args:
        keys: none negative, shape (n,).
        values: same shape.
    """
    found = np.full(len(keys), none, np.int64)
    if len(keys):
        order = in_order(keys)
        known, rank = np.unique(values[order], return_inverse=True)
        # keys ascend, so that the highest so far is one of the key's own where it has any
        peak = np.maximum.accumulate(keys[order] * len(keys) + rank)[:-1]
        same = peak // len(keys) == keys[order[1:]]
        found[order[1:][same]] = known[peak[same] % len(keys)]
    return found


def ranks(values: Column) -> tuple[Column, npt.NDArray[np.intp]]:
    """The distinct values, ascending, and the place of each value among them.

    Args:
        values: shape (n,); those that ascend already are not sorted.
    """
    if not len(values) or (values[1:] < values[:-1]).any():
        return np.unique(values, return_inverse=True)
    new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return values[new], np.cumsum(new) - 1


def distinct(values: Column) -> list[int]:
    """The distinct values, ascending; usually one.

    Args:
        values: shape (n,).
    """
    if len(values) and (values == values[0]).all():
        return [int(values[0])]
    found: list[int] = np.unique(values).tolist()
    return found


def by_kind(
    values: Sequence[Any], readers: Mapping[type, Callable[[Any], tuple[Column, Mask]]]
) -> tuple[Column, Mask]:
    """What each reader makes of the values of its type: numbers, and which of them are right.

    Returns:
        int64 and bool, both of shape (len(values),).
    """
    kinds = set(map(type, values))
    if len(kinds) == 1:
        return readers[kinds.pop()](values)
    found, good = np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    for one in kinds:
        at = [place for place, value in enumerate(values) if type(value) is one]
        found[at], good[at] = readers[one]([values[place] for place in at])
    return found, good


def not_beyond(keys: Column, values: Column) -> npt.NDArray[np.bool_]:
    """Whether a value is not above all before it with the same key.

    Args:
        keys: none negative, shape (n,).
        values: same shape.
    """
    found = np.zeros(len(keys), np.bool_)
    if len(keys):
        order = in_order(keys)
        ordered, rising = keys[order], values[order]
        if ((rising[1:] > rising[:-1]) | (ordered[1:] != ordered[:-1])).all():
            return found
        _, rank = ranks(rising)
        # keys ascend, so that the highest so far is never one of another key
        height = ordered * len(keys) + rank
        found[order[1:]] = height[1:] <= np.maximum.accumulate(height)[:-1]
    return found
