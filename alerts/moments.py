"""Moments as people read them, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at_ms: int, beyond: str = "never") -> str:
    """Milliseconds since 1970 as ``2026-01-22 21:05:04Z``; ``beyond`` where no calendar has it."""
    try:
        return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return beyond
