"""Kafka, as the benchmarks use it: a broker, topics, closes written at once, what comes out."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.job import Message, Partitions
from streams.embedded import Broker

_BATCH = 128 * 1024  # bytes; a feed's producer makes smaller ones, and an engine reads them slower
_LOOK_MS = 100


class WrongError(Exception):
    """What an engine gives is not what it should; the message says how."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record that came out; ``at`` in seconds on this process's clock (time.monotonic)."""

    at: float
    value: bytes
    timestamp: int
    """When Kafka got it, or its sender made it, in milliseconds since 1970."""


@contextmanager
def embedded() -> Iterator[tuple[str, Path]]:
    """A broker of its own, which stamps records as they arrive, and a folder; gone afterwards."""
    # that a topic which was just made has no leader yet is nothing to tell
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="streakwatch-bench-") as text:
        folder = Path(text)
        stamps = {"log.message.timestamp.type": "LogAppendTime"}
        with Broker(folder / "kafka", port=0, say=print, overrides=stamps) as broker:
            yield broker.bootstrap_servers, folder


async def create_topics(servers: str, *names: str, partitions: int) -> None:
    """Create topics with Kafka's own settings."""
    async with _admin(servers) as admin:
        await admin.create_topics([NewTopic(name, partitions, 1) for name in names])


async def delete_topics(servers: str, part: str) -> None:
    """Delete every topic whose name has this part: changelogs of the engines' making, too."""
    async with _admin(servers) as admin:
        await admin.delete_topics([name for name in await admin.list_topics() if part in name])


@asynccontextmanager
async def _admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def write(servers: str, topic: str, partitions: Partitions) -> None:
    """Write records, each partition's in order; return when all are acknowledged."""
    async with producing(servers, max_batch_size=_BATCH) as producer:
        for number, records in enumerate(partitions):
            await _write(producer, topic, number, records)
        await producer.flush()


async def _write(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Message]
) -> None:
    batch = producer.create_batch()
    for key, value in records:
        if batch.append(key=key, value=value, timestamp=None) is None:
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    if batch.record_count():
        await producer.send_batch(batch, topic, partition=partition)


@asynccontextmanager
async def producing(servers: str, **options: int) -> AsyncIterator[AIOKafkaProducer]:
    """A started producer."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


class Arrivals:
    """What comes out of a topic, from its beginning; of transactions, what is committed."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.all: list[Arrival] = []

    async def until(
        self, enough: Callable[[list[Arrival]], bool], *, within: float, ended: Callable[[], str]
    ) -> None:
        """Read until what has come is enough.

        Raises:
            WrongError: it is not ``within`` so many seconds, or the engine has ``ended``.
        """
        deadline = time.monotonic() + within
        while not enough(self.all):
            if why := ended():
                raise WrongError(why)
            if time.monotonic() > deadline:
                raise WrongError(f"not done within {within:.0f} s ({len(self.all)} came out)")
            await self._read()

    async def rest(self) -> None:
        """Read what is there already."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while any([await self._consumer.position(tp) < end for tp, end in ends.items()]):
            await self._read()

    async def _read(self) -> None:
        batches = await self._consumer.getmany(timeout_ms=_LOOK_MS)
        now = time.monotonic()
        self.all += (Arrival(now, record.value or b"", record.timestamp)
                     for batch in batches.values() for record in batch)  # fmt: skip


@asynccontextmanager
async def arrivals(servers: str, topic: str, partitions: int) -> AsyncIterator[Arrivals]:
    """Follow a topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=_LOOK_MS,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        yield Arrivals(consumer)
    finally:
        await asyncio.shield(consumer.stop())
