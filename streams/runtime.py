"""What the agents of one worker share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiokafka.errors import KafkaError
from faust.types import TP, TopicT

from config.errors import StreakwatchError
from config.settings import Settings
from streams.fold import Runner
from streams.frames import Consumer, FrameApp, FrameSchema
from streams.lane import Work
from streams.log import KafkaLog
from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.records import Place, Topic
from streams.snapshots import Snapshots
from streams.works import Fold, FoldWork

log = logging.getLogger(__name__)

_PAUSE = 1.0
#: How long partitions may take to be attached, in seconds; after 90 s Faust stops asking for them.
_LONGEST_WAIT = 60.0
_STALE = 5.0


@dataclass(slots=True)
class Runtime:
    """The app and the ports of one worker, and the runners of its agents by topic name."""

    settings: Settings
    app: FrameApp
    log: KafkaLog
    outbox: Outbox
    snapshots: Snapshots
    metrics: Metrics
    runners: dict[str, Runner] = field(default_factory=dict)
    assigned: bool = False
    failed: bool = False
    turn: int = 0
    """Counts assignments and releases: what was begun in an earlier one gives up."""
    _failing: list[asyncio.Task[None]] = field(default_factory=list)

    def channel(self, topic: Topic) -> TopicT:
        """The Faust topic of frames; never acknowledged, for the folds keep their own cursors."""
        return self.app.topic(self.topic_name(topic), schema=FrameSchema(), acks=False)

    def topic_name(self, topic: Topic) -> str:
        """The topic's name in Kafka."""
        return self.settings.kafka.topic_prefix + topic

    def runner(self, name: str, topic: Topic, make_work: Callable[[Place], Work]) -> Runner:
        """A runner for the records of a topic, and the agent of the same name that feeds it."""
        runner = Runner(
            name,
            topic,
            make_work=make_work,
            log=self.log,
            snapshots=self.snapshots,
            metrics=self.metrics,
            snapshot_every=self.settings.state.snapshot_every,
            fail=lambda error: self._failing.append(asyncio.create_task(self.fail(error))),
        )
        self.runners[self.topic_name(topic)] = runner

        @self.app.agent(self.channel(topic), name=name, concurrency=1)
        async def feed(frames):  # type: ignore[no-untyped-def]
            async for frame in frames:
                await runner.offer(frame.partition, frame.records)

        return runner

    def fold_runner(self, name: str, topic: Topic, make: Callable[[Place], Fold]) -> Runner:
        """A runner for a pure fold."""
        return self.runner(
            name, topic, lambda place: FoldWork(place, make, self.outbox, self.metrics)
        )

    def every(self, seconds: float, look: Callable[[], Awaitable[object]], what: str) -> None:
        """Look at something time and again; while the broker is away it comes to nothing.

        Args:
            what: cannot be done then, for the log; the sweep tells people.
        """

        @self.app.timer(interval=seconds)  # type: ignore[untyped-decorator]
        async def turn() -> None:
            try:
                await look()
            except (KafkaError, TimeoutError) as error:
                log.debug("%s: %r", what, error)

    async def positions(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        """Attach every runner to its assigned partitions; where each goes on."""
        self.turn += 1
        try:
            attached = await self._attach_all(assigned)
        except StreakwatchError as error:
            await self.fail(error)
            return {}
        self.assigned = bool(assigned)
        return {tp: offset for positions in attached for tp, offset in positions.items()}

    async def stand_by(self) -> None:
        """Own nothing, and be ready to take over."""
        self.turn += 1
        await self._attach_all(frozenset())
        self.assigned = True

    async def _attach_all(self, assigned: frozenset[TP]) -> list[Mapping[TP, int]]:
        """Until the broker answers, or another assignment has come.

        Raises:
            StreakwatchError: it does not, for so long that Faust would soon give up in silence.
        """
        turn, until = self.turn, asyncio.get_running_loop().time() + _LONGEST_WAIT
        while turn == self.turn:
            try:
                return await asyncio.gather(*(self._attach(t, assigned) for t in self.runners))
            except (KafkaError, TimeoutError) as error:
                log.warning("partitions cannot be restored yet (%r)", error)
                if asyncio.get_running_loop().time() > until:
                    what = f"partitions could not be restored for {_LONGEST_WAIT:.0f} s ({error!r})"
                    raise StreakwatchError(
                        what, "see to the broker, and start the worker again"
                    ) from error
                await asyncio.sleep(_PAUSE)
        return []

    async def _attach(self, topic: str, assigned: frozenset[TP]) -> Mapping[TP, int]:
        partitions = [tp.partition for tp in assigned if tp.topic == topic]
        cursors = await self.runners[topic].attach(partitions)
        return {TP(topic, partition): cursor for partition, cursor in cursors.items()}

    async def release(self, grace: float) -> None:
        """Let go of all partitions, with snapshots that the next owner can start from."""
        self.assigned = False
        self.turn += 1
        await asyncio.gather(*(runner.release(grace) for runner in self.runners.values()))

    async def fail(self, error: Exception) -> None:
        """End the worker with an error that no trying again mends."""
        if self.failed:
            return
        self.failed = True
        ours = isinstance(error, StreakwatchError)
        log.critical("%s" if ours else "%r", error, exc_info=None if ours else error)
        await self.app.crash(error)

    def is_member(self) -> bool:
        """Whether the group counts on this worker, so that no other has its partitions."""
        consumer = self.app.consumer
        assert isinstance(consumer, Consumer)
        return consumer.heartbeats.within(self.settings.kafka.session_timeout)

    @property
    def ready(self) -> bool:
        """Assigned and caught up with every log, whose ends were seen lately."""
        stale = 3 * self.settings.state.sweep_every + _STALE
        runners = self.runners.values()
        return self.assigned and all(r.caught_up and r.unseen() < stale for r in runners)
