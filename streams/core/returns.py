"""The sign of the active return, exactly.

With prices a0 -> a1 of the asset and b0 -> b1 of the benchmark, the active return is
a1/a0 - b1/b0, and its sign is that of a1*b0 - b1*a0: whole numbers, no division. Over arrays a
float64 filter decides all but the closest cases; those are decided with Python integers (the
construction of exact geometric predicates: Shewchuk 1997).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

Prices = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]

# A product of two prices is rounded once: relative error at most u = 2**-53. The comparison of
# two products p and q is therefore certain when |p - q| > u (p + q); twice that covers the
# rounding of the bound itself.
_CERTAIN = 2.0**-52


def active_sign(a0: int, a1: int, b0: int, b1: int, steps: int | None = None) -> int:
    """The sign (-1, 0, 1) of one active return; prices in micro-units, all positive.

    ``steps`` rounds both returns to multiples of 1/steps first, halves away from zero, as
    published percentages are (steps = 10_000 rounds to 0.01%).
    """
    if steps is None:
        left, right = a1 * b0, b1 * a0
    else:
        left, right = rounded_return(a0, a1, steps), rounded_return(b0, b1, steps)
    return (left > right) - (left < right)


def rounded_return(p0: int, p1: int, steps: int) -> int:
    """The simple return from p0 to p1 in whole units of 1/steps, halves away from zero."""
    change = p1 - p0
    size = (2 * abs(change) * steps + p0) // (2 * p0)
    return size if change >= 0 else -size


def active_signs(a: Prices, b: Prices, steps: int | None = None) -> Signs:
    """The signs of the active returns between consecutive prices.

    Args:
        a: the asset's prices, micro-units, shape (periods,), all positive.
        b: the benchmark's, same shape.
        steps: as in :func:`active_sign`.

    Returns:
        int8 of shape (periods - 1,), or (0,) for fewer than two periods.
    """
    if len(a) < 2:
        return np.zeros(0, np.int8)
    if steps is not None:
        return _each(a, b, np.arange(len(a) - 1), partial(active_sign, steps=steps))
    left = a[1:].astype(np.float64) * b[:-1]
    right = b[1:].astype(np.float64) * a[:-1]
    difference = left - right
    signs = np.sign(difference).astype(np.int8)
    unsure = np.flatnonzero(np.abs(difference) <= _CERTAIN * (left + right))
    signs[unsure] = _each(a, b, unsure, active_sign)
    return signs


def simple_return(p0: int, p1: int) -> float:
    """The simple return p1/p0 - 1, as the nearest float64, for display."""
    return (p1 - p0) / p0


def _each(
    a: Prices, b: Prices, at: npt.NDArray[np.intp], sign: Callable[[int, int, int, int], int]
) -> Signs:
    columns = (a[at].tolist(), a[at + 1].tolist(), b[at].tolist(), b[at + 1].tolist())
    return np.fromiter((sign(*p) for p in zip(*columns, strict=True)), np.int8, len(at))
