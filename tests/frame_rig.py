"""A Faust app on frames whose agents keep what they are handed, and records to hand them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.types import TP

from config.settings import Fetch, Kafka
from streams.app import _faust_app
from streams.batches import Batch
from streams.embedded import Broker
from streams.frames import FrameApp, FrameSchema, choose
from streams.frames.gather import compiled

NEEDS_GATHER = pytest.mark.skipif(compiled() is None, reason="gather.c is not compiled")
BESIDE = [pytest.param("gather", marks=NEEDS_GATHER), "librdkafka"]
"""The ways to fetch beside aiokafka."""


async def until(condition: Callable[[], Any], what: str, timeout: float = 30) -> None:  # noqa: ASYNC109
    """Return once the condition is true."""
    try:
        async with asyncio.timeout(timeout):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"not within {timeout} s: {what}")


@dataclass
class Shared:
    """What the apps of one group have taken: each partition's batches, and where it goes on."""

    batches: dict[TP, list[Batch]] = field(default_factory=dict)
    cursors: dict[TP, int] = field(default_factory=dict)
    gaps: list[tuple[TP, int, int]] = field(default_factory=list)
    order: list[TP] = field(default_factory=list)
    shut: set[str] = field(default_factory=set)
    """Topics whose agents stand still with the frame that they have."""

    def take(self, tp: TP, batch: Batch) -> None:
        first, cursor = batch[0].offset, self.cursors.get(tp, 0)
        if first > cursor:
            self.gaps.append((tp, cursor, first))
        self.order.append(tp)
        self.batches.setdefault(tp, []).append(batch)
        self.cursors[tp] = max(cursor, batch[-1].offset + 1)

    def values(self, tp: TP) -> list[bytes | None]:
        """The values that were taken, without repeats."""
        found = {r.offset: r.value for batch in self.batches.get(tp, []) for r in batch}
        return [value for _, value in sorted(found.items())]


@dataclass
class Rig:
    """A broker, and topics of one test on it."""

    broker: Broker
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}-")

    def kafka(self, fetch: Fetch) -> Kafka:
        return Kafka(bootstrap_servers=[self.broker.bootstrap_servers], fetch=fetch,
                     group=f"{self.prefix}group", session_timeout=6)  # fmt: skip

    async def create(
        self, name: str, partitions: int = 2, config: Mapping[str, str] | None = None
    ) -> str:
        """A topic; its name in Kafka."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker.bootstrap_servers)
        await admin.start()
        try:
            new = NewTopic(self.prefix + name, partitions, 1, topic_configs=config or {})
            await admin.create_topics([new])
        finally:
            await admin.close()
        return self.prefix + name

    @asynccontextmanager
    async def producer(self, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
        made = AIOKafkaProducer(bootstrap_servers=self.broker.bootstrap_servers,
                                max_request_size=40 << 20, **options)  # fmt: skip
        await made.start()
        try:
            yield made
        finally:
            await made.stop()

    async def send(self, topic: str, values: Sequence[bytes | None], partition: int = 0) -> None:
        async with self.producer(linger_ms=5) as producer:
            for at in range(0, len(values), 5000):
                sent = [await producer.send(topic, value, key=b"k", partition=partition)
                        for value in values[at : at + 5000]]  # fmt: skip
                await asyncio.gather(*sent)

    @asynccontextmanager
    async def app(self, fetch: Fetch, shared: Shared, *topics: str) -> AsyncIterator[FrameApp]:
        """An app with an agent for each topic, started, and stopped in the end."""
        app = _faust_app(self.kafka(fetch), None)
        app.open_source = choose(self.kafka(fetch))

        async def positions(assigned: frozenset[TP]) -> Mapping[TP, int]:
            return {tp: shared.cursors.get(tp, 0) for tp in assigned}

        app.positions = positions  # type: ignore[method-assign, assignment]
        for topic in topics:
            _attach(app, topic, shared)
        await app.start()
        try:
            yield app
        finally:
            await app.stop()


def _attach(app: FrameApp, topic: str, shared: Shared) -> None:
    channel = app.topic(topic, schema=FrameSchema(), acks=False)

    @app.agent(channel, name=topic, concurrency=1)
    async def take(frames):  # type: ignore[no-untyped-def]
        async for frame in frames:
            while topic in shared.shut:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            shared.take(TP(frame.topic, frame.partition), frame.records)
