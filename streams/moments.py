"""Moments as people write them, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_AGO = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_FOR_EVER = 2**62
_LAST_MS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)
_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?", re.ASCII)


def ahead(text: str, now_ms: int) -> int:
    """When something ends, in milliseconds since 1970.

    A moment as in :func:`since`, but one that is yet to come; a span lies after ``now_ms``.

    Raises:
        ValueError: another form, no such day, or one that is over or beyond the year 9999.
    """
    span = _AGO.fullmatch(text)
    if span is not None:
        end_ms = now_ms + int(span[1]) * _UNITS[span[2]] * 1000
        if end_ms > _LAST_MS:
            raise ValueError(f"{text!r} goes beyond the year 9999")
        return end_ms
    at_ms = since(text, _FOR_EVER)
    if at_ms <= now_ms:
        raise ValueError(f"{text!r} is over")
    return at_ms


def since(text: str, now_ms: int) -> int:
    """When something begins, in milliseconds since 1970.

    ``2026-01-22`` and ``2026-01-22T21:05Z`` are moments; ``90s``, ``30m``, ``2h``, ``3d`` and
    ``1w`` lie so long before ``now_ms``.

    Raises:
        ValueError: another form, no such day, or one that is yet to come.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return max(0, now_ms - int(ago[1]) * _UNITS[ago[2]] * 1000)
    if _FORM.fullmatch(text) is None:
        raise ValueError(f"{text!r} is neither a date such as 2026-01-22 nor a span such as 2h, 3d")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} does not exist") from None
    at_ms = int(found.replace(tzinfo=UTC).timestamp() * 1000)
    if at_ms > now_ms:
        raise ValueError(f"{text!r} is yet to come")
    return at_ms
