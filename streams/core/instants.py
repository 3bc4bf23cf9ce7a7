"""Instants of RFC 3339, many at once, as nanoseconds since 1970."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
END = 84_006 * DAY
"""Instants lie after 1970-01-01T00:00:00Z and before this one: the year 2200."""

Text = npt.NDArray[np.uint8]
"""Texts of one length, a character in each row: of shape (length, n)."""

_SHORTEST, _MOST_DIGITS = len("1970-01-01T00:00:00"), 9
_MARKS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_DIGITS = [at for at in range(_SHORTEST) if at not in _MARKS]
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def parse(texts: Sequence[str]) -> tuple[Numbers, Flags]:
    """The instants of texts such as ``2026-01-22T15:59:59.812-05:00``, and which of them are one.

    A ``T`` in the middle, up to nine digits of a second, and ``Z`` or an offset at the end. A text
    that is no instant, or none from 1970 to 2199, has a number without meaning.

    Returns:
        int64 and bool, both of shape (len(texts),).
    """
    instants, good = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for length in np.unique(lengths).tolist():
        if _SHORTEST < length <= _SHORTEST + 1 + _MOST_DIGITS + 6:
            at = np.flatnonzero(lengths == length)
            some = texts if len(at) == len(texts) else [texts[i] for i in at.tolist()]
            data = np.frombuffer("".join(some).encode("ascii", "replace"), np.uint8)
            text = np.ascontiguousarray(data.reshape(len(at), length).T)
            instants[at], good[at] = _of_length(text)
    good &= (instants > 0) & (instants < END)
    return instants, good


def to_text(instant: int) -> str:
    """The shortest text of an instant, in UTC."""
    second, rest = divmod(instant, SECOND)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{np.datetime64(second, 's')}{fraction}Z"


def _of_length(text: Text) -> tuple[Numbers, Flags]:
    """Those in UTC, and those with an offset."""
    utc = text[-1] == ord("Z")
    seconds, good = _seconds(text)
    nanos, fine = _fraction(text[_SHORTEST:-1])
    fine &= utc
    if len(text) >= _SHORTEST + len("+00:00") and not utc.all():
        offsets, there = _offset(text[-6:])
        some, exact = _fraction(text[_SHORTEST:-6])
        seconds = np.where(utc, seconds, seconds - offsets)
        nanos, fine = np.where(utc, nanos, some), np.where(utc, fine, exact & there)
    return seconds * SECOND + nanos, good & fine


def _seconds(text: Text) -> tuple[Numbers, Flags]:
    digits = text[:_SHORTEST] - np.uint8(ord("0"))
    good = (digits[_DIGITS] <= 9).all(axis=0)
    for at, mark in _MARKS.items():
        good &= text[at] == ord(mark)
    year = 100 * _two(digits, 0) + _two(digits, 2)
    month, day, hour, minute, second = (_two(digits, at) for at in (5, 8, 11, 14, 17))
    good &= (year >= 1969) & (year <= 2200) & (month >= 1) & (month <= 12) & (day >= 1)
    good &= (hour <= 23) & (minute <= 59) & (second <= 59)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= day <= _DAYS[np.where(good, month, 0)] + (leap & (month == 2))
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    seconds: Numbers = ((days * 24 + hour) * 60 + minute) * 60 + second
    return seconds, good


def _fraction(text: Text) -> tuple[Numbers, Flags]:
    """Nothing at all, or a point and one to nine digits, as nanoseconds."""
    length, count = text.shape
    nanos, good = np.zeros(count, np.int64), np.ones(count, np.bool_)
    if length == 0:
        return nanos, good
    if not 2 <= length <= 1 + _MOST_DIGITS:
        return nanos, ~good
    digits = text[1:] - np.uint8(ord("0"))
    for row in digits:
        nanos = 10 * nanos + row
    good = (text[0] == ord(".")) & (digits <= 9).all(axis=0)
    return nanos * 10 ** (_MOST_DIGITS + 1 - length), good


def _offset(text: Text) -> tuple[Numbers, Flags]:
    """``+HH:MM`` or ``-HH:MM``, as seconds."""
    digits = text - np.uint8(ord("0"))
    minus = text[0] == ord("-")
    good = (minus | (text[0] == ord("+"))) & (text[3] == ord(":"))
    good &= (digits[[1, 2, 4, 5]] <= 9).all(axis=0)
    hours, minutes = _two(digits, 1), _two(digits, 4)
    seconds = np.where(minus, -1, 1) * (hours * 3600 + minutes * 60)
    return seconds, good & (hours <= 23) & (minutes <= 59)


def _two(digits: Text, at: int) -> Numbers:
    number: Numbers = 10 * digits[at].astype(np.int64) + digits[at + 1]
    return number
