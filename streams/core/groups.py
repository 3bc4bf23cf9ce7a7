"""Rows by what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


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
        order = np.argsort(keys, kind="stable")
        _, rank = np.unique(values[order], return_inverse=True)
        # keys ascend, so that the highest so far is never one of another key
        height = keys[order] * len(keys) + rank
        found[order[1:]] = height[1:] <= np.maximum.accumulate(height)[:-1]
    return found
