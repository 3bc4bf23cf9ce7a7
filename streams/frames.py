"""The Faust transport of frames: all the records of one fetch as one event.

Registered as ``frames://`` (entry point group ``faust.transports``). It leans on internals of
faust-streaming 0.15.3 and aiokafka 0.14.0; tests/contracts fails loudly when they change.

Positions come from the folds, not from committed offsets: before the streams resume after a
rebalance, :attr:`FrameApp.positions` tells where each partition goes on.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faust.auth import Credentials
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams import clients

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


def credentials(options: Mapping[str, Any]) -> Credentials | None:
    """What :func:`streams.connection.client_options` gives, as Faust takes it."""
    context = options.get("ssl_context")
    if "sasl_mechanism" in options:
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heartbeats = Heartbeats()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Seek every assigned partition to its fold's cursor."""
        assigned = frozenset(ensure_TP(tp) for tp in self.assignment())
        self.heartbeats.watch(self._thread._ensure_consumer()._coordinator)
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

    @property
    def _producer_type(self) -> type[clients.Producer]:
        return clients.Producer

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):
    """The transport behind ``frames://``."""

    Consumer: ClassVar[type] = Consumer
    Producer: ClassVar[type] = Producer
