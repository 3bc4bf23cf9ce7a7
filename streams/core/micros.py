"""Prices, many at once, as micro-units; see :mod:`streams.core.prices`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streams.core import prices

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_PLAIN = re.compile(r"(?:-?[0-9]{1,10}(?:\.[0-9]{1,6})?\n)*+", re.ASCII)


def of_numbers(numbers: npt.NDArray[np.float64]) -> tuple[Numbers, Flags]:
    """The prices whose nearest float64 are these, and which of them there are.

    They have six decimals and lie within 1e9 either way: below 2**53 micro-units no two have the
    same nearest float64, and ``rint`` finds the one.

    Returns:
        int64 and bool, both of the shape of ``numbers``.
    """
    within = np.abs(numbers) <= prices.MAX_PRICE  # and so no NaN
    micros = np.rint(np.where(within, numbers, 0.0) * prices.SCALE)
    return micros.astype(np.int64), within & (micros / prices.SCALE == numbers)


def of_digits(texts: Sequence[str]) -> tuple[Numbers, Flags]:
    """The prices of strings of digits such as ``"2674.56"`` or ``"-0.25"``, and which are one.

    Returns:
        int64 and bool, both of shape (len(texts),).
    """
    if _PLAIN.fullmatch("\n".join([*texts, ""])):
        return of_numbers(np.array(list(map(float, texts)), np.float64))
    found = [_signed(text) for text in texts]
    good = np.array([price is not None for price in found], np.bool_)
    return np.array([price or 0 for price in found], np.int64), good


def _signed(text: str) -> int | None:
    try:
        return prices.signed_from_digits(text)
    except prices.PriceError:
        return None
