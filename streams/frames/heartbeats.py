"""Whether the group counts this worker among its members."""

from __future__ import annotations

import time
from typing import Any


class Heartbeats:
    """Whether the group counts this worker among its members, as far as it can know by itself.

    A worker that was suspended, or cut off, for longer than the session timeout may have lost its
    partitions to another without knowing it yet.
    """

    def __init__(self) -> None:
        self._last = float("-inf")

    def watch(self, coordinator: Any) -> None:
        """Note from now on when the heartbeats that are answered were sent.

        Joining counts for nothing: the first heartbeat follows within a second. One that is
        refused, or fails, ends it at once. The coordinator is aiokafka's, in a thread of its own.
        """
        beat = coordinator._do_heartbeat
        if getattr(beat, "watched", False):
            return

        async def watched() -> Any:
            sent = _time()
            answered = False
            try:
                answered = await beat()
            finally:
                self._last = sent if answered else float("-inf")
            return answered

        watched.watched = True  # type: ignore[attr-defined]
        coordinator._do_heartbeat = watched

    def within(self, seconds: float) -> bool:
        """Whether a heartbeat that was answered was sent in the last so many seconds."""
        return _time() - self._last < seconds


def _time() -> float:
    """Seconds that go on while the machine sleeps, where the system can tell them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
