"""The Faust transport of frames: all the records of one fetch as one event.

Registered as ``frames://`` (entry point group ``faust.transports``). It leans on internals of
faust-streaming 0.15.3 and aiokafka 0.14.0; tests/contracts fails loudly when they change.

Positions come from the folds, not from committed offsets: before the streams resume after a
rebalance, :attr:`FrameApp.positions` tells where each partition goes on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

Positions = Callable[[frozenset[TP]], Awaitable[Mapping[TP, int]]]


@dataclass(frozen=True, slots=True)
class Frame:
    """Records of one partition in the order of their offsets; never empty."""

    topic: str
    partition: int
    records: Sequence[ConsumerRecord]


class FrameApp(faust.App):
    """A Faust app whose consumer starts each partition where ``positions`` says."""

    positions: Positions

    def _create_directories(self) -> None:
        """None: no table is ever kept on disk."""


class FrameSchema(faust.Schema[Any, Any]):
    """The frame is the event's value, as it came; there is no key."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """No key: a frame holds many records."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Frame:
        """The frame itself; its records are decoded by the folds."""
        frame: Frame = message.value
        return frame


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, blind to the records of aborted transactions."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # the log that gaps are read again from, and replays, must be the same log
        consumer._isolation_level = "read_committed"
        return consumer


class Consumer(driver.Consumer):
    """Faust's aiokafka consumer, with a fetch handed on as one event for each partition."""

    app: FrameApp

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Seek every assigned partition to its fold's cursor."""
        assigned = frozenset(ensure_TP(tp) for tp in self.assignment())
        cursors = dict(await self.app.positions(assigned))
        await self.seek_wait(cursors)
        for tp, cursor in cursors.items():
            # the last offset that was read: what lies below is dropped
            self._read_offset[tp] = cursor - 1 if cursor > 0 else None

    async def getmany(  # the driver gives the signature
        self,
        timeout: float,  # noqa: ASYNC109
    ) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """One message for each partition that the fetch brought records of."""
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        for raw, batch in (records or {}).items():
            if self.should_stop or not self.flow_active:
                return
            if generation != self.app.consumer_generation_id:
                return
            tp = ensure_TP(raw)
            if active is None or tp in active or tp in self._buffered_partitions:
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield tp, _message(tp, batch, generation)


def _message(tp: TP, batch: Sequence[ConsumerRecord], generation: int) -> ConsumerMessage:
    last = batch[-1]
    return ConsumerMessage(
        topic=tp.topic,
        partition=tp.partition,
        offset=last.offset,
        timestamp=last.timestamp / 1000.0,
        timestamp_type=last.timestamp_type,
        headers={},
        key=None,
        value=Frame(tp.topic, tp.partition, batch),  # type: ignore[arg-type]
        checksum=None,
        tp=tp,
        generation_id=generation,  # without it the stream passes over the message silently
    )


class Producer(driver.Producer):
    """Faust's aiokafka producer, idempotent and acknowledged by all in-sync replicas."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):
    """The transport behind ``frames://``."""

    Consumer: ClassVar[type] = Consumer
    Producer: ClassVar[type] = Producer
