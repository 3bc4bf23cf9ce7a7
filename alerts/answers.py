"""What the answers of services mean: whether another attempt could fare better, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

_PERMANENT = frozenset({301, 308, 400, 401, 403, 404, 405, 410, 413, 414, 415, 422})
_HTTP_ERROR, _SMTP_ERROR, _SMTP_PERMANENT = 300, 400, 500


@dataclass(frozen=True, slots=True)
class Refusal:
    """One answer that was no yes.

    ``detail`` holds no part of a URL. ``permanent`` says that the same answer would come again;
    ``retry_after`` in seconds, where the service says how long to wait.
    """

    detail: str
    permanent: bool = False
    retry_after: float | None = None


def of_http(status: int, retry_after: str | None, now: float) -> Refusal | None:
    """What a response says, None for a yes; ``now`` in seconds since 1970.

    A redirect is none: it is not followed, for a POST that is sent on becomes a GET, whose yes
    means nothing.
    """
    if status < _HTTP_ERROR:
        return None
    detail = f"HTTP {status}" + (", a redirect" if status in range(300, 400) else "")
    return Refusal(detail, status in _PERMANENT, wait_of(retry_after, now))


def of_smtp(code: int) -> Refusal | None:
    """What a reply says, None unless it refuses; 5xx is for good (RFC 5321, 4.2.1)."""
    if code < _SMTP_ERROR:
        return None
    return Refusal(f"SMTP {code}", code >= _SMTP_PERMANENT)


def wait_of(retry_after: str | None, now: float) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, 10.2.3): digits, or a date.

    >>> wait_of("120", 0), wait_of("Thu, 01 Jan 1970 00:01:00 GMT", 20), wait_of("soon", 0)
    (120.0, 40.0, None)
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        date = parsedate_to_datetime(text)
        until = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, until - now)


def sum_up(refusals: Sequence[Refusal]) -> Refusal:
    """What an attempt met on the whole: it is refused for good when every answer was."""
    if not refusals:
        return Refusal("refused without a reason")
    passing = [refusal for refusal in refusals if not refusal.permanent]
    waits = [refusal.retry_after for refusal in refusals if refusal.retry_after is not None]
    last = (passing or refusals)[-1]
    return Refusal(last.detail, not passing, max(waits, default=None))
