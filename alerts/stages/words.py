"""Moments and texts as decisions have them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at_ms: int) -> str:
    """Milliseconds since 1970 as ``2026-01-22 21:05:04Z``; ``for ever`` beyond all calendars."""
    try:
        return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return "for ever"


def inert(text: str, most: int = 60) -> str:
    """What a person or a feed wrote, on one line, printable and shortened."""
    line = "".join(c if c.isprintable() else " " for c in text[: most + 1])
    return line if len(line) <= most else f"{line[: most - 1]}…"
