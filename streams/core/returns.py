"""The sign of the active return, exactly.

With prices a0 -> a1 of the asset and b0 -> b1 of the benchmark, the active return is
a1/a0 - b1/b0, and its sign is that of a1*b0 - b1*a0: whole numbers, no division. Over arrays
float64 decides what it can prove (a filter, as in exact geometric predicates: Shewchuk 1997), and
the rest is decided by the low 64 bits of whole numbers that are proven to be small.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Exact = int | Fraction
Prices = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
_Where = tuple[npt.NDArray[np.intp], ...]

# Up to this a whole number of steps is a float64; from _FAR on, an estimated number of units may be
# more than 1/2 off (see _units). With more steps, or both legs that far, Python integers decide.
_MOST_STEPS = 2**53
_FAR = 2.0**50


def active_sign(a0: Exact, a1: Exact, b0: Exact, b1: Exact, steps: int | None = None) -> int:
    """The sign (-1, 0, 1) of one active return; prices in micro-units of any size, all positive.

    ``steps`` rounds both returns to multiples of 1/steps first, halves away from zero, as
    published percentages are (steps = 10_000 rounds to 0.01%).
    """
    left: Exact
    right: Exact
    if steps is None:
        left, right = a1 * b0, b1 * a0
    else:
        left, right = rounded_return(a0, a1, steps), rounded_return(b0, b1, steps)
    return (left > right) - (left < right)


def rounded_return(p0: Exact, p1: Exact, steps: int) -> int:
    """The simple return from p0 to p1 in whole units of 1/steps, halves away from zero."""
    way = 1 if p1 >= p0 else -1
    return way * ((2 * way * (p1 - p0) * steps + p0) // (2 * p0))


def active_signs(a: Prices, b: Prices, steps: int | None = None) -> Signs:
    """The signs of the active returns between consecutive prices.

    Args:
        a: the asset's prices, micro-units, shape (periods,) or (periods, pairs), all positive and
            at most 2**53 (prices end at 10**15).
        b: the benchmark's, same shape.
        steps: as in :func:`active_sign`.

    Returns:
        int8 of shape (periods - 1,) or (periods - 1, pairs); no rows for fewer than two periods.
    """
    if len(a) < 2:
        return np.zeros((0, *a.shape[1:]), np.int8)
    return _unrounded_signs(a, b) if steps is None else _rounded_signs(a, b, steps)


def simple_return(p0: int, p1: int) -> float:
    """The simple return p1/p0 - 1, as the nearest float64, for display."""
    return (p1 - p0) / p0


def _unrounded_signs(a: Prices, b: Prices) -> Signs:
    """The filter compares a1/b1 with a0/b0.

    Prices are float64 exactly, so that each ratio is rounded once, and rounding is monotone: where
    the rounded ratios differ, they differ as the true ones do. No error bound is needed.
    """
    ratio = np.true_divide(a, b)
    signs = _compared(ratio[1:], ratio[:-1])
    if np.count_nonzero(signs) < signs.size:
        unsure = np.nonzero(signs == 0)
        signs[unsure] = _close_signs(a, b, unsure)
    return signs


def _close_signs(a: Prices, b: Prices, at: _Where) -> npt.NDArray[np.int64]:
    """The signs where both ratios are rounded to one float64 r.

    With u = 2**-53, both true ratios lie within r (1 -+ u), so that they differ by at most 2ur, and
    |a1*b0 - b1*a0| <= 2ur b0 b1 <= 2u/(1 - u) a0 b1 < 2**55 as prices are at most 2**53. int64
    arithmetic is modulo 2**64: the products wrap around, their difference is exact.
    """
    a0, a1, b0, b1 = a[:-1][at], a[1:][at], b[:-1][at], b[1:][at]
    return np.sign(a1 * b0 - b1 * a0)


def _rounded_signs(a: Prices, b: Prices, steps: int) -> Signs:
    if steps > _MOST_STEPS:
        everywhere = np.nonzero(np.full(a[1:].shape, True))
        return _each(a, b, steps, everywhere).reshape(a[1:].shape)
    (left, far_left), (right, far_right) = _units(a, steps), _units(b, steps)
    signs = _compared(left, right)
    if far_left or far_right:
        unsure = np.nonzero(np.minimum(np.abs(left), np.abs(right)) >= _FAR)
        signs[unsure] = _each(a, b, steps, unsure)
    return signs


def _units(p: Prices, steps: int) -> tuple[npt.NDArray[np.int64], bool]:
    """The rounded returns in units of 1/steps, and whether there are far ones, which are not exact.

    Let X = (p1 - p0) steps / p0, and x its estimate: the change is exact, the quotient and the
    product are rounded once each, so that |x - X| < 1/2 while |x| < 2**50. Take a rise (a fall is
    its mirror image): with h = trunc(x), X lies in (h - 1/2, h + 3/2), and is rounded to h + 1 if
    2 (p1 - p0) steps >= (2h + 1) p0, else to h. The two sides differ by less than 2 p0 <= 2**54:
    int64 arithmetic, which is modulo 2**64, has their difference exactly. Far ones stay far: they
    are cut to 2**50 or one more.
    """
    p0 = p[:-1]
    change = p[1:] - p0
    estimate = np.true_divide(change, p0)
    estimate *= steps
    far = bool(estimate.max(initial=0) >= _FAR or estimate.min(initial=0) <= -_FAR)
    if far:
        np.clip(estimate, -_FAR, _FAR, out=estimate)
    units = estimate.astype(np.int64)
    side = np.sign(change)
    half = 2 * units
    half += side
    half *= p0
    change *= 2 * steps
    change -= half
    change *= side
    side *= change >= 0
    units += side
    return units, far


def _compared(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Signs:
    ahead, behind = left > right, left < right
    return np.subtract(ahead.view(np.int8), behind.view(np.int8))


def _each(a: Prices, b: Prices, steps: int, at: _Where) -> Signs:
    rows = np.column_stack([p[at] for p in (a[:-1], a[1:], b[:-1], b[1:])]).tolist()
    return np.array([active_sign(a0, a1, b0, b1, steps) for a0, a1, b0, b1 in rows], np.int8)
