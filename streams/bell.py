"""The bell: tells the bars that a period is over when no tick does.

Folds read no clock. So the time comes to the bars as a record of ``ticks``, from the worker that
has the partition, and is told again by whoever folds that log once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from streams.clock import Clock
from streams.columns.ticks import encode_due
from streams.lane import Lane
from streams.outbox import Outbox
from streams.records import Output, Topic

#: How long a record is waited for before it is sent again, in milliseconds.
_AGAIN_MS = 10_000


class Bars(Protocol):
    """What the bell asks; :class:`streams.folds.bars.BarsFold` answers."""

    def due(self, now_ms: int) -> int | None:
        """The instant, in nanoseconds, up to which no tick is waited for any more, if any."""
        ...


class Bell:
    """Sends what is due into the log that has the ticks; for the partitions of one worker."""

    def __init__(self, clock: Clock, outbox: Outbox) -> None:
        self._clock = clock
        self._outbox = outbox
        self._sent: dict[int, tuple[int, int]] = {}

    async def look(self, lanes: Mapping[int, Lane], bars: Mapping[int, Bars]) -> None:
        """Send what is due in the partitions whose logs are folded to their ends.

        Raises:
            KafkaError, TimeoutError: the broker does not answer.
        """
        now_ms = int(self._clock.now() * 1000)
        for partition, lane in list(lanes.items()):
            if not lane.open or lane.stale or lane.busy:
                continue
            due = bars[partition].due(now_ms)
            if due is None or not self._is_news(partition, due, now_ms):
                continue
            await lane.look()
            if lane.lag == 0:
                await self._outbox.send([Output(Topic.TICKS, None, encode_due(due), partition)])
                self._sent[partition] = (due, now_ms)

    def _is_news(self, partition: int, due: int, now_ms: int) -> bool:
        """What was sent is on its way for a while."""
        last, at_ms = self._sent.get(partition, (0, 0))
        return due > last or now_ms - at_ms >= _AGAIN_MS
