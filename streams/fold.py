"""The runner of folds: cursor, gaps, outputs before the cursor, snapshots, recovery.

A *work* is what one fold does with the records of one partition. The runner hands it each record
once and in order; a work that was interrupted is restored from its newest snapshot and taken
forward again, so its outputs may be repeated, never lost or different.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from aiokafka.errors import KafkaError

from config.errors import StreakwatchError
from streams.log import Log
from streams.metrics import Metrics
from streams.records import Place, Record, Topic
from streams.snapshots import Snapshot, Snapshots

log = logging.getLogger(__name__)

#: How long to wait for the bounds of a log, in seconds.
_LOOK = 10.0


class Work(Protocol):
    """What the runner drives; ``definition`` decides whether a snapshot may be used."""

    @property
    def definition(self) -> str: ...

    async def take(self, records: Sequence[Record]) -> None:
        """Take records; return when every output is acknowledged."""
        ...

    async def refuse(self, record: Record, error: Exception) -> None:
        """Send a record that cannot be taken to the dead letters."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """The state, as plain values that later records leave alone."""
        ...

    async def restore(self, state: dict[str, Any] | None) -> None:
        """Take over a snapshot's state, or begin anew with None."""
        ...

    def drop(self) -> None:
        """Another worker has the partition now: no metric speaks of it here any more."""
        ...


@dataclass(slots=True)
class Lane:
    """One partition of a runner. ``cursor`` is the next offset to take."""

    place: Place
    work: Work
    cursor: int = -1
    end: int = 0
    saved: int = -1
    stale: bool = True
    idle: bool = False
    running: asyncio.Task[None] | None = None
    behind: bool = False
    """Records were passed over while the lane was busy; they are read from the log."""
    seen: float = float("-inf")
    """When the end of the log was last seen, on the event loop's clock."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def lag(self) -> int:
        """Records that are known to be in the log and not taken yet."""
        return max(0, self.end - self.cursor)


class Runner:
    """Runs one kind of fold over the partitions of one topic that this worker has."""

    def __init__(
        self,
        name: str,
        topic: Topic,
        *,
        make_work: Callable[[Place], Work],
        log: Log,
        snapshots: Snapshots,
        metrics: Metrics,
    ) -> None:
        self.name = name
        self.topic = topic
        self.lanes: dict[int, Lane] = {}
        self._make_work = make_work
        self._log = log
        self._snapshots = snapshots
        self._metrics = metrics
        self._owner = False

    async def attach(self, partitions: Iterable[int]) -> Mapping[int, int]:
        """Own exactly these partitions; the offset at which each goes on."""
        wanted, self._owner = set(partitions), True
        for gone in self.lanes.keys() - wanted:
            self._drop(gone)
        for partition in wanted - self.lanes.keys():
            place = Place(self.topic, partition)
            self.lanes[partition] = Lane(place, self._make_work(place))
        await asyncio.gather(*(self._attach(self.lanes[p]) for p in wanted))
        return {p: self.lanes[p].cursor for p in wanted}

    async def take(self, partition: int, records: Sequence[Record]) -> None:
        """Take a frame; what lies below the cursor is passed over, a gap is read again first."""
        lane = self.lanes.get(partition)
        if self._owner and lane is not None:
            await self._run(lane, partial(self._take, lane, records))

    def is_busy(self, partition: int) -> bool:
        """Whether something runs on a partition; its lane is then marked as behind."""
        lane = self.lanes.get(partition)
        if lane is None or lane.running is None:
            return False
        lane.behind = True
        return True

    async def release(self, grace: float) -> None:
        """Let go of all partitions: wait ``grace`` seconds for what runs, then interrupt it."""
        self._owner = False
        running = {lane.running for lane in self.lanes.values() if lane.running is not None}
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.wait(running)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.save(), grace)
        for lane in self.lanes.values():
            lane.stale = True  # another worker may take it further before it comes back

    async def sweep(self) -> None:
        """Compare idle partitions with the ends of their logs, and take what is missing.

        Faust can acknowledge a frame that no fold has seen; where no frame follows, only the
        log's end reveals it.
        """
        for lane in list(self.lanes.values()):
            if self._owner and not lane.lock.locked():
                await self._run(lane, partial(self._sweep, lane))

    async def save(self) -> None:
        """Write a snapshot of each partition that has moved since its last one."""
        for lane in list(self.lanes.values()):
            if lane.lock.locked():
                continue  # a target that hangs must not keep the others from their snapshots
            async with lane.lock:
                if not lane.stale and lane.cursor != lane.saved:
                    await self._save(lane)

    @property
    def caught_up(self) -> bool:
        """Whether every partition has reached the end of its log as last seen."""
        return all(not lane.stale and lane.lag == 0 for lane in self.lanes.values())

    def unseen(self) -> float:
        """Seconds since the log's end was last seen, of the partition that waits longest."""
        now = asyncio.get_running_loop().time()
        return max((now - lane.seen for lane in self.lanes.values()), default=0.0)

    async def _run(self, lane: Lane, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run one thing at a time on a lane, so that :meth:`release` can interrupt it."""
        async with lane.lock:
            if not self._owner:
                return
            task = lane.running = asyncio.create_task(self._whole(lane, work))
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait([task])
                raise
            finally:
                lane.running = None
            if not task.cancelled():
                task.result()

    async def _whole(self, lane: Lane, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Something to do on a lane, and what was passed over meanwhile."""
        await work()
        while lane.behind:
            lane.behind = False
            if lane.stale:
                await self._restore(lane)
            await self._look(lane)
            await self._read_again(lane, lane.end)

    async def _take(self, lane: Lane, records: Sequence[Record]) -> None:
        lane.idle = False
        if lane.stale:
            await self._restore(lane)
        first = next((i for i, r in enumerate(records) if r.offset >= lane.cursor), None)
        if first is None:
            return
        if records[first].offset > lane.cursor:
            await self._read_again(lane, records[first].offset)
        await self._advance(lane, records[first:] if first else records)

    async def _look(self, lane: Lane) -> int:
        """See where the log begins and ends; its first offset."""
        async with asyncio.timeout(_LOOK):
            first, lane.end = await self._log.bounds(lane.place)
        lane.seen = asyncio.get_running_loop().time()
        return first

    async def _sweep(self, lane: Lane) -> None:
        was_idle, lane.idle = lane.idle, True
        await self._look(lane)
        if was_idle and lane.stale:
            await self._restore(lane)
        if lane.cursor > lane.end and not lane.stale:
            raise LogShrunkError(self.name, lane.place, lane.cursor, lane.end)
        if was_idle and lane.cursor < lane.end:
            await self._read_again(lane, lane.end)
        self._report(lane)

    def _drop(self, partition: int) -> None:
        lane = self.lanes.pop(partition)
        lane.work.drop()
        self._metrics.lag.remove(self.name, self.topic.value, str(lane.place.partition))

    async def _attach(self, lane: Lane) -> None:
        async with lane.lock:
            newest = await self._newest(lane)
            if lane.stale or (newest is not None and newest.cursor > lane.cursor):
                await self._restore(lane, newest)
            self._report(lane)

    async def _newest(self, lane: Lane) -> Snapshot | None:
        return await self._snapshots.newest(self.name, lane.place, lane.work.definition)

    async def _restore(self, lane: Lane, snapshot: Snapshot | None = None) -> None:
        snapshot = snapshot or await self._newest(lane)
        first = await self._look(lane)
        cursor = first if snapshot is None else snapshot.cursor
        if cursor > lane.end:
            raise LogShrunkError(self.name, lane.place, cursor, lane.end)
        if cursor < first:
            log.warning("%s on %s: offsets %d to %d were removed by retention before they were "
                        "folded", self.name, lane.place, cursor, first - 1)  # fmt: skip
            cursor = first
        await lane.work.restore(None if snapshot is None else snapshot.state)
        lane.cursor, lane.saved, lane.stale = cursor, cursor, False

    async def _read_again(self, lane: Lane, end: int) -> None:
        async for records in self._log.read(lane.place, lane.cursor, end):
            await self._advance(lane, records)
        lane.cursor = max(lane.cursor, end)  # the log may end in a hole

    async def _advance(self, lane: Lane, records: Sequence[Record]) -> None:
        try:
            await self._take_or_recover(lane, records)
        except BaseException:
            lane.stale = True
            raise
        self._metrics.records.labels(self.name).inc(len(records))
        lane.cursor = records[-1].offset + 1
        lane.end = max(lane.end, lane.cursor)
        lane.seen = asyncio.get_running_loop().time()
        self._report(lane)

    async def _take_or_recover(self, lane: Lane, records: Sequence[Record]) -> None:
        try:
            await lane.work.take(records)
        except (KafkaError, TimeoutError):
            raise
        except Exception:
            log.exception("%s on %s: an unexpected error; restoring", self.name, lane.place)
            await self._recover(lane, records)

    async def _recover(self, lane: Lane, records: Sequence[Record]) -> None:
        """Restore, and come back past the error, leaving out only the records that cause one."""
        self._metrics.recoveries.labels(self.name).inc()
        await self._restore(lane)
        async for again in self._log.read(lane.place, lane.cursor, records[0].offset):
            await self._take_carefully(lane, again)
        await self._take_carefully(lane, records)

    async def _take_carefully(self, lane: Lane, records: Sequence[Record]) -> None:
        """Take records; where that fails, each half, down to the record that is to blame."""
        before = lane.work.snapshot()
        try:
            await lane.work.take(records)
        except (KafkaError, TimeoutError):
            raise
        except Exception as error:
            await lane.work.restore(before)
            if len(records) > 1:
                middle = len(records) // 2
                await self._take_carefully(lane, records[:middle])
                await self._take_carefully(lane, records[middle:])
            else:
                log.exception("%s on %s: offset %d goes to the dead letters",
                              self.name, lane.place, records[0].offset)  # fmt: skip
                await lane.work.refuse(records[0], error)

    async def _save(self, lane: Lane) -> None:
        snapshot = Snapshot(
            self.name, lane.place, lane.cursor, lane.work.definition, lane.work.snapshot()
        )
        if await self._snapshots.write(snapshot):
            self._metrics.snapshots.labels(self.name).inc()
        lane.saved = lane.cursor

    def _report(self, lane: Lane) -> None:
        labels = (self.name, self.topic.value, str(lane.place.partition))
        self._metrics.lag.labels(*labels).set(lane.lag)


class LogShrunkError(StreakwatchError):
    """A snapshot is ahead of its log: the topic was deleted and made again."""

    def __init__(self, fold: str, place: Place, cursor: int, end: int) -> None:
        super().__init__(
            f"{fold} has taken {place} up to offset {cursor}, but the log ends at {end}",
            "the topic was made anew; delete the topic of snapshots too, or use another group "
            "or topic prefix",
        )
