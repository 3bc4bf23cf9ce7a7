"""The runner of folds: the partitions that this worker has of one topic, each on a lane of its own.

The runner hands each record of a partition to its fold once and in order; a fold that was
interrupted is restored from its newest snapshot and taken forward again, so its outputs may be
repeated, never lost or different. No lane waits for another for longer than a moment: what comes
for one that is busy is passed over, and read from the log when it is free.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError

from streams.lane import Lane, Work
from streams.log import Log
from streams.metrics import Metrics
from streams.records import Place, Record, Topic
from streams.snapshots import Snapshots

log = logging.getLogger(__name__)

#: How long the other lanes wait for one that is busy with a frame, in seconds: a large frame of
#: many pairs may take that long.
_PATIENCE = 5.0
#: How long they wait for one that is attached, or swept, in seconds.
_MOMENT = 1.0
#: How long a sweep waits for its lanes, in seconds: until a broker that is away is known to be so.
_SWEEP_PATIENCE = 11.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


def _ignore(_: Exception) -> None:
    """For runners whose owner looks at each result."""


class Runner:
    """Runs one kind of fold over the partitions of one topic."""

    def __init__(
        self,
        name: str,
        topic: Topic,
        *,
        make_work: Callable[[Place], Work],
        log: Log,
        snapshots: Snapshots,
        metrics: Metrics,
        snapshot_every: float = 5.0,
        fail: Callable[[Exception], None] = _ignore,
    ) -> None:
        """``fail`` is told of an error that no trying again mends, of what nobody waits for."""
        self.name = name
        self.topic = topic
        self.lanes: dict[int, Lane] = {}
        self._make_work = make_work
        self._log = log
        self._snapshots = snapshots
        self._metrics = metrics
        self._every = snapshot_every
        self._fail = fail
        self._frames: dict[int, asyncio.Task[None]] = {}

    async def attach(
        self, partitions: Iterable[int], patience: float = _MOMENT
    ) -> Mapping[int, int]:
        """Own exactly these partitions; the offset from which each wants its frames.

        A lane that needs longer than ``patience`` seconds goes on by itself: it reads from the
        log what lies before the end as it is now, and wants its frames from there.
        """
        wanted = set(partitions)
        for gone in self.lanes.keys() - wanted:
            self._drop(gone)
        for partition in wanted - self.lanes.keys():
            self.lanes[partition] = self._lane(Place(self.topic, partition))
        attaching = {}
        for partition in wanted:
            lane = self.lanes[partition]
            lane.open = True
            attaching[partition] = self._start(lane.attach())
        await _settle(attaching.values(), patience)
        positions = {
            partition: await self._position(self.lanes[partition], task)
            for partition, task in attaching.items()
        }
        # what was taken away again meanwhile has no position
        return {p: at for p, at in positions.items() if p in self.lanes and self.lanes[p].open}

    async def take(self, partition: int, records: Sequence[Record]) -> None:
        """Take a frame, and return when it is taken; see :meth:`Lane.take`."""
        lane = self.lanes.get(partition)
        if lane is not None:
            await lane.take(records)

    async def offer(self, partition: int, records: Sequence[Record]) -> None:
        """Hand over a frame, and return when the next may come.

        Memory is bounded: a lane has one frame at a time, and another waits for it a moment at
        most. Of a lane that is busy for longer, frames are passed over.
        """
        lane = self.lanes.get(partition)
        if lane is None or lane.behind:
            return
        before = self._frames.get(partition)
        if before is not None and not before.done():
            await asyncio.wait([before], timeout=_PATIENCE)
        elif lane.busy:  # with a sweep, or on its own way to the end of the log
            await _settle([asyncio.create_task(lane.ended())], _MOMENT)
        if lane.busy or (before is not None and not before.done()):
            lane.behind = True
            return
        self._frames[partition] = self._start(self._persist(lane, records))
        await asyncio.sleep(0)  # it has the lane before the next frame is looked at

    async def release(self, grace: float) -> None:
        """Let go of all partitions: wait ``grace`` seconds for what runs, then interrupt it."""
        lanes = list(self.lanes.values())
        for lane in lanes:
            lane.close()
        await _settle([self._start(lane.ended()) for lane in lanes], grace)
        for task in self._frames.values():
            task.cancel()
        for lane in lanes:
            lane.interrupt()
        await _settle([self._start(lane.ended()) for lane in lanes], None)
        await _settle([self._start(lane.work.close(grace)) for lane in lanes], None)
        saving = [self._start(lane.save(wait=True)) for lane in lanes]
        await _settle(saving, grace)
        for task in saving:
            task.cancel()  # a snapshot is no loss, and the next owner must not wait for it
        for lane in lanes:
            lane.stale = True  # another worker may take it further before it comes back
            lane.behind = False

    async def sweep(self) -> None:
        """Compare idle partitions with the ends of their logs, and take what is missing.

        Faust can acknowledge a frame that no fold has seen; where no frame follows, only the
        log's end reveals it.
        """
        sweeps = [self._start(lane.sweep()) for lane in self.lanes.values() if not lane.busy]
        for task in await _settle(sweeps, _SWEEP_PATIENCE):
            task.result()

    async def save(self) -> None:
        """Write a snapshot of each partition that has moved since its last one."""
        for lane in list(self.lanes.values()):
            await lane.save()

    @property
    def caught_up(self) -> bool:
        """Whether every partition has reached the end of its log as last seen."""
        return all(not lane.stale and lane.lag == 0 for lane in self.lanes.values())

    def unseen(self) -> float:
        """Seconds since the log's end was last seen, of the partition that waits longest."""
        now = asyncio.get_running_loop().time()
        return max((now - lane.seen for lane in self.lanes.values()), default=0.0)

    def _lane(self, place: Place) -> Lane:
        return Lane(
            self.name,
            place,
            self._make_work(place),
            log=self._log,
            snapshots=self._snapshots,
            metrics=self._metrics,
            snapshot_every=self._every,
        )

    def _drop(self, partition: int) -> None:
        lane = self.lanes.pop(partition)
        lane.close()
        lane.stale = True
        lane.work.drop()
        with suppress(KeyError):  # it may have been lost before it was restored
            self._metrics.lag.remove(self.name, self.topic.value, str(partition))

    async def _position(self, lane: Lane, attaching: asyncio.Task[None]) -> int:
        if attaching.done():
            attaching.result()
        if not lane.stale:
            return lane.cursor
        lane.behind = True
        await lane.look()
        return lane.end

    async def _persist(self, lane: Lane, records: Sequence[Record]) -> None:
        """An error of the broker's is waited out: the cursor knows what was taken."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await lane.take(records)
            except (KafkaError, TimeoutError) as error:
                log.warning("%s on %s: the broker is in trouble (%r); again in %.1f s",
                            self.name, lane.place, error, pause)  # fmt: skip
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _start(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(job)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """What the broker refused is made good by the next sweep; all else is fatal."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception) and not isinstance(error, KafkaError | TimeoutError):
            self._fail(error)


async def _settle(
    tasks: Iterable[asyncio.Task[None]],
    timeout: float | None,  # noqa: ASYNC109
) -> set[asyncio.Task[None]]:
    """Wait for tasks, at most so many seconds; those that are done."""
    waiting = set(tasks)
    return (await asyncio.wait(waiting, timeout=timeout))[0] if waiting else waiting
