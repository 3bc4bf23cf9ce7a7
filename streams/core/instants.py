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
"""Texts, the character of one place in each row: of shape (places, n)."""

_SHORTEST = len("1970-01-01T00:00:00")
_POINT, _DIGITS = _SHORTEST, 9
_LONGEST = len("1970-01-01T00:00:00.000000000+00:00")
_MARKS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_WHOLE = [at for at in range(_SHORTEST) if at not in _MARKS]
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def parse(texts: Sequence[str]) -> tuple[Numbers, Flags]:
    """The instants of texts such as ``2026-01-22T15:59:59.812-05:00``, and which of them are one.

    A ``T`` in the middle, up to nine digits of a second, and ``Z`` or an offset at the end. A text
    that is no instant, or none from 1970 to 2199, has a number without meaning.

    Returns:
        int64 and bool, both of shape (len(texts),).
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    if lengths.max(initial=0) > _LONGEST:
        texts = [text if len(text) <= _LONGEST else "" for text in texts]
        lengths = np.where(lengths <= _LONGEST, lengths, 0)
    if lengths.min(initial=_LONGEST) < _LONGEST:
        texts = [text.ljust(_LONGEST) for text in texts]
    data = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8)
    text = np.ascontiguousarray(data.reshape(len(texts), _LONGEST).T)
    places = np.arange(len(texts))
    utc = text[lengths - 1, places] == ord("Z")
    seconds, good = _seconds(text)
    nanos, fine = _fraction(text, lengths - np.where(utc, 1, 6))
    good &= fine
    if not utc.all():
        ends = text[np.maximum(lengths - 6, 0) + np.arange(6)[:, None], places]
        offsets, there = _offset(ends)
        seconds -= np.where(utc, 0, offsets)
        good &= utc | there
    instants = seconds * SECOND + nanos
    return instants, good & (instants > 0) & (instants < END)


def to_text(instant: int) -> str:
    """The shortest text of an instant, in UTC."""
    second, rest = divmod(instant, SECOND)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{np.datetime64(second, 's')}{fraction}Z"


def _seconds(text: Text) -> tuple[Numbers, Flags]:
    digits = text[:_SHORTEST] - np.uint8(ord("0"))
    good = (digits[_WHOLE] <= 9).all(axis=0)
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


def _fraction(text: Text, ends: Numbers) -> tuple[Numbers, Flags]:
    """Nothing before ``ends``, or a point and one to nine digits, as nanoseconds."""
    nanos, good = np.zeros(text.shape[1], np.int64), ends == _POINT
    if good.all():
        return nanos, good
    count = ends - _POINT - 1
    good |= (text[_POINT] == ord(".")) & (count >= 1) & (count <= _DIGITS)
    for at, row in enumerate(text[_POINT + 1 :][:_DIGITS] - np.uint8(ord("0"))):
        given = at < count
        nanos = 10 * nanos + np.where(given, row, 0)
        good &= ~given | (row <= 9)
    return nanos, good


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
