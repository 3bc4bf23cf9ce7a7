"""Moments as people write them: in UTC, or with the offset of their clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_AGO = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)
_NOR_A_SPAN = ", nor a span such as 2h, 3d"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_LAST_MS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)
_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2}))?",
    re.ASCII,
)


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
    at_ms = at(text, _NOR_A_SPAN)
    if at_ms <= now_ms:
        raise ValueError(f"{text!r} is over")
    return at_ms


def since(text: str, now_ms: int) -> int:
    """When something begins, in milliseconds since 1970.

    A moment as in :func:`at`; ``90s``, ``30m``, ``2h``, ``3d`` and ``1w`` lie so long before
    ``now_ms``.

    Raises:
        ValueError: another form, no such day, or one that is yet to come.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return max(0, now_ms - int(ago[1]) * _UNITS[ago[2]] * 1000)
    at_ms = at(text, _NOR_A_SPAN)
    if at_ms > now_ms:
        raise ValueError(f"{text!r} is yet to come")
    return at_ms


def at(text: str, otherwise: str = "") -> int:
    """A moment, in milliseconds since 1970.

    ``2026-01-22`` and ``2026-01-22T21:05Z`` are in UTC; ``2026-01-22T16:05-05:00`` says how far its
    clock is from it. ``otherwise`` is what else a person could have written.

    Raises:
        ValueError: another form, no such day, or one outside of the years from 1970 to 9999.
    """
    if _FORM.fullmatch(text) is None:
        forms = f"2026-01-22, 2026-01-22T21:05Z or 2026-01-22T16:05-05:00{otherwise}"
        raise ValueError(f"{text!r} is no date such as {forms}")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} does not exist") from None
    at_ms = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    if not 0 <= at_ms <= _LAST_MS:
        raise ValueError(f"{text!r} lies outside of the years from 1970 to 9999")
    return at_ms
