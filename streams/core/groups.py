"""Rows by what they have in common."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]


def groups(keys: Column) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
    """Each distinct key, ascending, with the rows that have it, in their order.

    Args:
        keys: shape (n,).
    """
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
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
        order = np.argsort(keys, kind="stable")
        known, rank = np.unique(values[order], return_inverse=True)
        # keys ascend, so that the highest so far is one of the key's own where it has any
        peak = np.maximum.accumulate(keys[order] * len(keys) + rank)[:-1]
        same = peak // len(keys) == keys[order[1:]]
        found[order[1:][same]] = known[peak[same] % len(keys)]
    return found


def not_beyond(keys: Column, values: Column) -> npt.NDArray[np.bool_]:
    """Whether a value is not above all before it with the same key.

    Args:
        keys: none negative, shape (n,).
        values: same shape.
    """
    found = np.zeros(len(keys), np.bool_)
    if len(keys):
        order = np.argsort(keys, kind="stable")
        _, rank = np.unique(values[order], return_inverse=True)
        # keys ascend, so that the highest so far is never one of another key
        height = keys[order] * len(keys) + rank
        found[order[1:]] = height[1:] <= np.maximum.accumulate(height)[:-1]
    return found
