"""One partition of a fold: its cursor, and what keeps it whole.

A lane does one thing at a time, and what it does can be interrupted at any moment: it is then
stale, is restored from its newest snapshot, and taken forward again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from aiokafka.errors import KafkaError

from config.errors import StreakwatchError
from streams.batches import batch
from streams.log import Log
from streams.metrics import Metrics
from streams.records import Place, Record
from streams.snapshots import Snapshot, Snapshots

log = logging.getLogger(__name__)

#: How long to wait for the bounds of a log, in seconds.
_LOOK = 10.0
#: Snapshots may take one part in so many of a lane's time: large ones are written more rarely.
_SHARE = 20


class Work(Protocol):
    """What a lane drives; ``definition`` decides whether a snapshot may be used."""

    @property
    def definition(self) -> str: ...

    async def take(self, records: Sequence[Record]) -> None:
        """Take records; return when every output is acknowledged, or safe in the state."""
        ...

    async def settle(self) -> None:
        """Send what is not urgent and was held back, as much as does not take long."""
        ...

    async def refuse(self, record: Record, error: Exception) -> None:
        """Send a record that cannot be taken to the dead letters."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """The state, as plain values that later records leave alone."""
        ...

    def has_moved(self) -> bool:
        """Whether the state is another than that of the last snapshot, without any record."""
        ...

    async def restore(self, state: dict[str, Any] | None) -> None:
        """Take over a snapshot's state, or begin anew with None."""
        ...

    async def close(self, grace: float) -> None:
        """Begin nothing more of one's own accord; end what runs within ``grace`` seconds."""
        ...

    def drop(self) -> None:
        """Another worker has the partition now: no metric speaks of it here any more."""
        ...


class Lane:
    """A partition that this worker has; ``cursor`` is the next offset to take."""

    def __init__(
        self,
        fold: str,
        place: Place,
        work: Work,
        *,
        log: Log,
        snapshots: Snapshots,
        metrics: Metrics,
        snapshot_every: float,
    ) -> None:
        """``snapshot_every`` in seconds, for what is taken without a pause."""
        self.fold = fold
        self.place = place
        self.work = work
        self.cursor = -1
        self.end = 0
        self.stale = True
        self.open = False
        """Whether anything may begin; closed while the partition may be another worker's."""
        self.busy = False
        self.behind = False
        """Records were passed over while the lane was busy; they are read from the log."""
        self.seen = float("-inf")
        """When the end of the log was last seen, on the event loop's clock."""
        self._idle = False
        self._saved = -1
        self._saved_at = float("-inf")
        self._took = 0.0
        self._running: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._log = log
        self._snapshots = snapshots
        self._metrics = metrics
        self._every = snapshot_every

    @property
    def lag(self) -> int:
        """Records that are known to be in the log and not taken yet."""
        return max(0, self.end - self.cursor)

    # --- what may be asked of a lane ------------------------------------------------------------

    async def attach(self) -> None:
        """Go on from the newest snapshot, unless this worker is further already."""
        await self._do(self._attach)

    async def take(self, records: Sequence[Record]) -> None:
        """Take a frame; what lies below the cursor is passed over, a gap is read again first."""
        await self._do(partial(self._take, records))

    async def sweep(self) -> None:
        """Compare an idle lane with the end of its log, and take what is missing."""
        if not self._lock.locked():
            await self._do(self._sweep)

    async def look(self) -> int:
        """See where the log begins and ends; its first offset."""
        async with asyncio.timeout(_LOOK):
            first, self.end = await self._log.bounds(self.place)
        self.seen = _now()
        return first

    async def save(self, *, wait: bool = False) -> None:
        """Write a snapshot if the lane has moved since the last one.

        A lane that is at work is passed over unless told to ``wait``: what hangs must not keep
        the others from their snapshots, and what works writes its own.
        """
        if self._lock.locked() and not wait:
            return
        async with self._lock:
            if not self.stale and (self.cursor != self._saved or self.work.has_moved()):
                await self._save()

    def close(self) -> None:
        """Begin nothing any more."""
        self.open = False

    def interrupt(self) -> None:
        """End what runs, wherever it is."""
        if self._running is not None:
            self._running.cancel()

    async def ended(self) -> None:
        """Return when nothing runs."""
        if self._running is not None:
            await asyncio.wait([self._running])

    # --- one thing at a time --------------------------------------------------------------------

    async def _do(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with self._lock:
            if not self.open:
                return
            task = self._running = asyncio.create_task(self._whole(job))
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait([task])
                raise
            finally:
                self._running = None
            if not task.cancelled():
                task.result()

    async def _whole(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Something to do, and then what was passed over meanwhile."""
        self.busy = True
        try:
            await job()
            while self.behind:
                self.behind = False
                if self.stale:
                    await self._restore()
                await self.look()
                await self._read_again(self.end)
        finally:
            self.busy = False

    async def _attach(self) -> None:
        if self.stale:
            await self._restore()
        elif (newest := await self._newest()) is not None and newest.cursor > self.cursor:
            await self._restore(newest)
        self._report()

    async def _take(self, records: Sequence[Record]) -> None:
        self._idle = False
        if self.stale:
            await self._restore()
        first = 0
        if records and records[0].offset < self.cursor:
            first = int(np.searchsorted(batch(records).offsets, self.cursor))
        if first == len(records):
            return
        if records[first].offset > self.cursor:
            await self._read_again(records[first].offset)
        await self._advance(records[first:] if first else records)

    async def _sweep(self) -> None:
        """What was there at the last look, and has not come since, does not come by itself."""
        was_idle, self._idle = self._idle, True
        end = self.end
        await self.look()
        if was_idle and self.stale:
            await self._restore()
        if self.cursor > self.end and not self.stale:
            raise LogShrunkError(self.fold, self.place, self.cursor, self.end)
        if was_idle and self.cursor < end:
            await self._read_again(end)
        elif not self.stale:
            await self.work.settle()
        self._report()

    # --- forwards -------------------------------------------------------------------------------

    async def _read_again(self, end: int) -> None:
        async for records in self._log.read(self.place, self.cursor, end):
            await self._advance(records)
        self.cursor = max(self.cursor, end)  # the log may end in a hole

    async def _advance(self, records: Sequence[Record]) -> None:
        try:
            await self._take_or_recover(records)
        except BaseException:
            self.stale = True
            raise
        self._metrics.records.labels(self.fold).inc(len(records))
        self.cursor = records[-1].offset + 1
        self.end = max(self.end, self.cursor)
        self.seen = _now()
        self._report()
        if self.seen - self._saved_at >= max(self._every, _SHARE * self._took):
            await self._save()

    async def _take_or_recover(self, records: Sequence[Record]) -> None:
        try:
            await self.work.take(records)
        except (KafkaError, TimeoutError, StreakwatchError):
            raise
        except Exception:
            log.exception("%s on %s: an unexpected error; restoring", self.fold, self.place)
            await self._recover(records)

    async def _recover(self, records: Sequence[Record]) -> None:
        """Restore, and come back past the error, leaving out only the records that cause one."""
        self._metrics.recoveries.labels(self.fold).inc()
        await self._restore()
        async for again in self._log.read(self.place, self.cursor, records[0].offset):
            await self._take_carefully(again)
        await self._take_carefully(records)

    async def _take_carefully(self, records: Sequence[Record]) -> None:
        """Take records; where that fails, each half, down to the record that is to blame."""
        before = self.work.snapshot()
        try:
            await self.work.take(records)
        except (KafkaError, TimeoutError, StreakwatchError):
            raise
        except Exception as error:
            await self.work.restore(before)
            if len(records) > 1:
                middle = len(records) // 2
                await self._take_carefully(records[:middle])
                await self._take_carefully(records[middle:])
            else:
                log.exception("%s on %s: offset %d goes to the dead letters",
                              self.fold, self.place, records[0].offset)  # fmt: skip
                await self.work.refuse(records[0], error)

    # --- snapshots ------------------------------------------------------------------------------

    async def _newest(self) -> Snapshot | None:
        return await self._snapshots.newest(self.fold, self.place, self.work.definition)

    async def _restore(self, snapshot: Snapshot | None = None) -> None:
        snapshot = snapshot or await self._newest()
        first = await self.look()
        cursor = first if snapshot is None else snapshot.cursor
        if cursor > self.end:
            raise LogShrunkError(self.fold, self.place, cursor, self.end)
        self._say_what_is_missing(snapshot, first)
        cursor = max(cursor, first)
        self.stale = True  # until the work has taken all of it over
        await self.work.restore(None if snapshot is None else snapshot.state)
        self.cursor, self.stale = cursor, False
        self._saved, self._saved_at = cursor, _now()

    def _say_what_is_missing(self, snapshot: Snapshot | None, first: int) -> None:
        if snapshot is None and first > 0:
            log.warning("%s on %s: the log begins at offset %d; what lay before it was removed and "
                        "is not known, so nothing is claimed of it",
                        self.fold, self.place, first)  # fmt: skip
        elif snapshot is not None and snapshot.cursor < first:
            log.warning("%s on %s: offsets %d to %d were removed by retention before they were "
                        "folded; what they said is missing in all that is told from now on",
                        self.fold, self.place, snapshot.cursor, first - 1)  # fmt: skip

    async def _save(self) -> None:
        began, cursor = _now(), self.cursor
        state = self.work.snapshot()
        await self._snapshots.write(
            Snapshot(self.fold, self.place, cursor, self.work.definition, state)
        )
        self._metrics.snapshots.labels(self.fold).inc()
        self._saved, self._saved_at = cursor, _now()
        self._took = self._saved_at - began

    def _report(self) -> None:
        labels = (self.fold, self.place.topic.value, str(self.place.partition))
        self._metrics.lag.labels(*labels).set(self.lag)


def _now() -> float:
    return asyncio.get_running_loop().time()


class LogShrunkError(StreakwatchError):
    """A snapshot is ahead of its log: the topic was deleted and made again."""

    def __init__(self, fold: str, place: Place, cursor: int, end: int) -> None:
        super().__init__(
            f"{fold} has taken {place} up to offset {cursor}, but the log ends at {end}",
            "the topic was made anew; delete the topic of snapshots too, or use another group "
            "or topic prefix",
        )
