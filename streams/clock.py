"""The port to time: whatever depends on the wall clock asks it, and tests set it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The port to time."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """See :class:`Clock`."""
        return time.time()
