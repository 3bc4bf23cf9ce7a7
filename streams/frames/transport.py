"""The Faust transport of frames: all the records of one fetch as one event.

Registered as ``frames://`` (entry point group ``faust.transports``). It leans on internals of
faust-streaming 0.15.3 and aiokafka 0.14.0; tests/contracts fails loudly when they change.

Positions come from the folds, not from committed offsets: before the streams resume after a
rebalance, :attr:`FrameApp.positions` tells where each partition goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import faust
from aiokafka.errors import IllegalStateError
from faust.auth import Credentials
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams import clients
from streams.batches import Batch, batch
from streams.frames.heartbeats import Heartbeats
from streams.frames.source import Source
from streams.frames.threads import ConsumerThread, SourceThread

#: How often Faust's consumer looks whether there is something to fetch, in seconds.
_IDLE = 1.0

Positions = Callable[[frozenset[TP]], Awaitable[Mapping[TP, int]]]


@dataclass(frozen=True, slots=True)
class Frame:
    """Records of one partition in the order of their offsets; never empty."""

    topic: str
    partition: int
    records: Batch


class FrameApp(faust.App):
    """A Faust app whose consumer starts each partition where ``positions`` says."""

    positions: Positions
    open_source: Callable[[], Source] | None = None
    """What opens the source of the records; None to fetch with aiokafka."""

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


class Consumer(driver.Consumer):
    """Faust's aiokafka consumer, with a fetch handed on as one event for each partition."""

    app: FrameApp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heartbeats = Heartbeats()
        self._wanted_again = asyncio.Event()

    def _new_consumer_thread(self) -> ConsumerThread:
        if self.app.open_source is None:
            return ConsumerThread(self, loop=self.loop, beacon=self.beacon)
        return SourceThread(
            self, open_source=self.app.open_source, loop=self.loop, beacon=self.beacon
        )

    def on_buffer_full(self, tp: TP) -> None:
        """No more of the whole topic: its partitions wait in one queue."""
        for each in [one for one in self._get_active_partitions() if one.topic == tp.topic]:
            super().on_buffer_full(each)

    def on_buffer_drop(self, tp: TP) -> None:
        """The topic's partitions go on together."""
        for each in [one for one in self._buffered_partitions if one.topic == tp.topic]:
            super().on_buffer_drop(each)
            self._wanted_again.set()

    async def perform_seek(self) -> None:
        """Seek every assigned partition to its fold's cursor."""
        assigned = frozenset(ensure_TP(tp) for tp in self.assignment())
        self.heartbeats.watch(self._thread._ensure_consumer()._coordinator)
        cursors = dict(await self.app.positions(assigned))
        await self.seek_wait(cursors)
        for tp, cursor in cursors.items():
            # the last offset that was read: what lies below is dropped
            self._read_offset[tp] = cursor - 1 if cursor > 0 else None

    async def _wait_next_records(
        self,
        timeout: float,  # noqa: ASYNC109
    ) -> tuple[Any, set[TP] | None]:
        """As Faust does, which sleeps for a second when no partition is wanted."""
        if self.flow_active and not self._get_active_partitions():
            self._wanted_again.clear()
            await self.wait(self._wanted_again.wait(), timeout=_IDLE)
            if not self._get_active_partitions():
                return None, None
        return await super()._wait_next_records(timeout)

    async def getmany(  # the driver gives the signature
        self,
        timeout: float,  # noqa: ASYNC109
    ) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """One message for each partition that the fetch brought records of."""
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        for raw, fetched in (records or {}).items():
            if self.should_stop or not self.flow_active:
                return
            if generation != self.app.consumer_generation_id:
                return
            tp = ensure_TP(raw)
            if active is None or tp in active or tp in self._buffered_partitions:
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield tp, _message(tp, batch(fetched), generation)
            else:
                await self._return(tp, fetched[0].offset)

    async def _return(self, tp: TP, offset: int) -> None:
        """A partition was paused while records of it were fetched: they are fetched again."""
        with suppress(IllegalStateError):  # it was revoked
            await self.seek_wait({tp: offset})


def _message(tp: TP, records: Batch, generation: int) -> ConsumerMessage:
    last = records[-1]
    return ConsumerMessage(
        topic=tp.topic,
        partition=tp.partition,
        offset=last.offset,
        timestamp=last.timestamp / 1000.0,
        timestamp_type=0,
        headers={},
        key=None,
        value=Frame(tp.topic, tp.partition, records),  # type: ignore[arg-type]
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
