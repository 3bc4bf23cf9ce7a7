"""Prices, exactly as received: decimal digits held as whole micro-units.

A price is an ``int`` of millionths (``SCALE`` = 10**6), so that 2674.56 is 2_674_560_000. Prices
are positive, at most ``MAX_PRICE`` (10**9) and have at most six decimals; within these limits an
``int64`` holds a price and a float64 holds it without rounding (10**15 < 2**53).

Published numbers that are no prices, such as a yield or a spread, are held in the same way, and
may be zero or negative too, down to -``MAX_PRICE``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.core.groups import Mask, by_kind

SCALE = 10**6
MAX_PRICE = 10**9

_DIGITS = re.compile(r"[0-9]{1,32}(?:\.[0-9]{1,32})?", re.ASCII)
_SIGNED_DIGITS = re.compile(f"-?{_DIGITS.pattern}", re.ASCII)
_EACH_SHORT = re.compile(r"(?:-?[0-9]{1,10}(?:\.[0-9]{1,6}0{0,26})?\n)*+", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,32}(?:\.[0-9]{1,32})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)


class PriceError(ValueError):
    """The text is not a price; the message says why, for people."""


def from_digits(text: str) -> int:
    """The micro-units of a string of digits such as ``"2674.56"``.

    Raises:
        PriceError: signs, exponents, spaces, more than six decimals, zero, or above 10**9.
    """
    if not _DIGITS.fullmatch(text):
        raise PriceError(f"{_shown(text)} is not a price in plain digits such as 2674.56")
    return _price(Decimal(text), text)


def from_number(text: str) -> int:
    """The micro-units of a JSON number's own text, such as ``2674.56`` or ``2.67456e3``.

    Raises:
        PriceError: more than six decimals, zero or negative, or above 10**9.
    """
    if not _NUMBER.fullmatch(text):
        raise PriceError(f"{_shown(text)} is not a number that a price can have")
    return _price(Decimal(text), text)


def signed_from_digits(text: str) -> int:
    """The micro-units of a published number in digits, such as ``"-0.25"`` or ``"0"``.

    Raises:
        PriceError: a plus, exponents, spaces, more than six decimals, or beyond 10**9 either way.
    """
    if not _SIGNED_DIGITS.fullmatch(text):
        raise PriceError(f"{_shown(text)} is not a number in plain digits such as -0.25")
    return _signed(Decimal(text), text)


def signed_from_number(text: str) -> int:
    """The micro-units of a published number from a JSON number's own text, such as ``-2.5e-1``.

    Raises:
        PriceError: more than six decimals, or beyond 10**9 either way.
    """
    if not _NUMBER.fullmatch(text):
        raise PriceError(f"{_shown(text)} is not a number that can be read")
    return _signed(Decimal(text), text)


def from_float(value: float, *, signed: bool = False) -> int:
    """The micro-units of the decimal number that a float64 is the nearest to; see
    :func:`from_floats`.

    Raises:
        PriceError: it is the nearest to none, or out of bounds.
    """
    micros = round(value * SCALE) if abs(value) <= MAX_PRICE else 0
    if micros / SCALE != value or (micros <= 0 and not signed):
        raise PriceError(f"{value!r} is not a price of at most six decimals")
    return micros


def from_floats(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], Mask]:
    """The micro-units whose decimal number each float64 is the nearest to; where there are none.

    The quotient of two whole numbers below 2**53 is rounded once: m / 10**6 is the nearest float64
    to m millionths, and no other number of millionths has it.

    Returns:
        int64 micro-units, and whether they are right: both of the shape of ``values``.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        micros = np.rint(values * SCALE)
        good = (np.abs(micros) <= MAX_PRICE * SCALE) & (micros / SCALE == values)
    return np.where(good, micros, 0).astype(np.int64), good


def from_texts(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], Mask]:
    """The micro-units of many strings of digits, and where there are some; see
    :func:`signed_from_digits`.

    Returns:
        int64 and bool, both of shape (len(texts),).
    """
    if _EACH_SHORT.fullmatch("\n".join([*texts, ""])):
        return _from_list(list(map(float, texts)))
    found = [_signed_or_none(text) for text in texts]
    good = np.array([price is not None for price in found], np.bool_)
    return np.array([price or 0 for price in found], np.int64), good


def from_values(values: Sequence[Any]) -> tuple[npt.NDArray[np.int64], Mask]:
    """The micro-units of numbers and strings of digits among each other, and where there are some.

    Returns:
        int64 and bool, both of shape (len(values),).
    """
    return by_kind(values, {float: _from_list, str: from_texts})


def to_digits(price: int) -> str:
    """The shortest decimal digits of a price, or a signed number, in micro-units."""
    whole, fraction = divmod(abs(price), SCALE)
    digits = f"{whole}.{fraction:06d}".rstrip("0").rstrip(".")
    return f"-{digits}" if price < 0 else digits


def _price(value: Decimal, text: str) -> int:
    if value <= 0:
        raise PriceError(f"a price must be above 0, not {_shown(text)}")
    if value > MAX_PRICE:
        raise PriceError(f"a price may be at most {MAX_PRICE}, not {_shown(text)}")
    return _micros(value, text)


def _signed(value: Decimal, text: str) -> int:
    if not -MAX_PRICE <= value <= MAX_PRICE:
        raise PriceError(f"a number may be at most {MAX_PRICE} either way, not {_shown(text)}")
    return _micros(value, text)


def _from_list(numbers: Sequence[float]) -> tuple[npt.NDArray[np.int64], Mask]:
    return from_floats(np.array(numbers, np.float64))


def _signed_or_none(text: str) -> int | None:
    try:
        return signed_from_digits(text)
    except PriceError:
        return None


def _micros(value: Decimal, text: str) -> int:
    numerator, denominator = value.as_integer_ratio()  # exact: Decimal's own * rounds to 28 digits
    micros, rest = divmod(numerator * SCALE, denominator)
    if rest:
        raise PriceError(f"{_shown(text)} has more than six decimals")
    return micros


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
